"""Bulk as a workbook: what Excel makes of values comes back as the register means it, or is refused by its cell."""

import csv
import io
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import httpx

from tests import make
from tests.imports.sheets import SHEET, changed, day, formula, send, workbook

HEADER = ("title", "kind", "start_date", "registered", "city", "countries")
DAY = 45832  # 2025-06-24


def errors(answer: httpx.Response) -> list[tuple[Any, ...]]:
    return [(each.get("cell"), each["line"], each["code"]) for each in answer.json()["errors"]]


async def test_values_that_excel_made_are_what_they_mean(client: httpx.AsyncClient) -> None:
    book = workbook(HEADER, (2024, "forum", day(DAY), 6.0, "007", "TH;JP"), ("=1+1", "forum", "2025-06-24"))
    answer = await send(client, book)
    assert answer.status_code == 200, answer.text
    first, second = (await client.get("/v1/events?sort=title")).json()["items"]
    assert (first["title"], first["start_date"], first["registered"]) == ("2024", "2025-06-24", 6)
    assert (first["city"], first["countries"]) == ("007", ["TH", "JP"])
    assert (second["title"], second["start_date"], second["city"]) == ("=1+1", "2025-06-24", None)


async def test_days_are_counted_from_1904_where_the_workbook_says_so(client: httpx.AsyncClient) -> None:
    book = workbook(HEADER, ("A", "forum", day(DAY - 1462)), date_1904=True)
    assert (await send(client, book)).status_code == 200
    assert (await client.get("/v1/events")).json()["items"][0]["start_date"] == "2025-06-24"


WRONG: list[tuple[int, Any, str]] = [
    (0, 6.5, "cell_is_a_number"), (0, 10**15, "cell_is_a_number"), (0, day(DAY), "cell_is_a_date"),
    (0, True, "cell_is_a_flag"), (0, formula("=1+1", 2), "formula"), (0, formula('="A"', "A"), "formula"),
    (2, DAY, "date_serial"), (2, day(DAY + 0.5), "cell_is_a_time"), (2, day(0.5), "cell_is_a_time"),
    (2, day(60), "cell_is_a_time"), (2, "R7.6.24", "date_japanese_era"), (2, 5.5e9, "date_parsing"),
    (3, 6.5, "int_type"), (3, "six", "int_type"), (5, day(DAY), "cell_is_a_date"), (6, "beyond", "ragged_row"),
]  # fmt: skip


async def test_what_a_column_does_not_hold_is_refused_by_its_cell(client: httpx.AsyncClient) -> None:
    rows, expected = [], []
    for line, (place, value, code) in enumerate(WRONG, 3):
        row = ["A", "forum", "2025-06-24", 6, "Akishima", "TH", None]
        row[place] = value
        rows.append(tuple(row))
        expected.append((f"{'ABCDEFG'[place]}{line}", line, code))
    answer = await send(client, workbook(HEADER, (), *rows))
    assert answer.status_code == 422, answer.text
    assert errors(answer) == expected


async def test_a_number_in_a_date_column_is_told_which_day_it_would_be(client: httpx.AsyncClient) -> None:
    answer = await send(client, workbook(HEADER, ("A", "forum", DAY)))
    assert "2025-06-24" in answer.json()["errors"][0]["message"]


async def test_an_error_cell_is_named_and_never_taken_for_an_empty_one(client: httpx.AsyncClient) -> None:
    made = await make.record(client, "events", city="Akishima")
    book = changed(
        workbook(("id", "city"), (made["id"], 1)), SHEET, '<c r="B2"><v>1', '<c r="B2" t="e"><v>#N/A'
    )
    answer = await send(client, book, "empty=null")
    assert errors(answer) == [("B2", 2, "error_cell")]
    assert "#N/A" in answer.json()["errors"][0]["message"]


async def test_a_table_may_stand_anywhere_in_the_first_visible_sheet(client: httpx.AsyncClient) -> None:
    book = workbook((), (), (None, *HEADER), (), (None, "A", "semniar", "2025-06-24"))
    assert errors(await send(client, book)) == [("C5", 5, "literal_error")]


async def test_hidden_sheets_are_not_read(client: httpx.AsyncClient) -> None:
    hidden = changed(workbook(HEADER), "xl/workbook.xml", '(?<=sheetId="1")', ' state="veryHidden"')
    assert errors_of_file(await send(client, hidden)) == ["sheet_missing"]


async def test_the_pronunciation_of_japanese_words_is_no_part_of_them(client: httpx.AsyncClient) -> None:
    book = workbook(HEADER, ("研修", "forum", "2025-06-24"))
    runs = '<r><t>研</t></r><r><t>修</t></r><rPh sb="0" eb="2"><t>ケンシュウ</t></rPh>'
    answer = await send(client, changed(book, "xl/sharedStrings.xml", "<t>研修</t>", runs))
    assert answer.status_code == 200, answer.text
    assert (await client.get("/v1/events")).json()["items"][0]["title"] == "研修"


async def test_a_stale_version_in_its_hidden_column_is_a_conflict(client: httpx.AsyncClient) -> None:
    made = await make.record(client, "events", title="One")
    exported = (await client.get("/v1/events.xlsx")).content
    await client.patch(f"/v1/events/{made['id']}", json={"title": "Two"})
    answer = await send(client, exported.replace(b"One", b"Not"), "mode=partial")
    assert [each["code"] for each in answer.json()["errors"]] == ["version_conflict"]


async def test_refused_rows_come_back_as_csv_to_be_mended(client: httpx.AsyncClient) -> None:
    rows = ("=B", "semniar", day(DAY), 6), ("A", "forum", day(DAY), 6), ("C", formula("=1", 1), "2025-06-24")
    answer = await send(client, workbook(HEADER, *rows), "mode=partial", Accept="text/csv")
    assert answer.status_code == 207, answer.text
    first, second = list(csv.reader(io.StringIO(answer.text, newline="")))[1:]
    assert first[:4] == ["'=B", "semniar", "2025-06-24", "6"]
    assert second[:2] == ["C", "1"]
    mended = answer.text.replace("semniar", "seminar").replace("C,1,", "C,forum,")
    again = await client.post("/v1/events/bulk", content=mended, headers={"Content-Type": "text/csv"})
    assert again.json()["summary"]["create"] == 2, again.text


async def test_a_header_that_is_not_understood_names_its_row(client: httpx.AsyncClient) -> None:
    answer = await send(client, workbook((), ("titel", "kind", "kind"), ("A",)))
    assert [(each["line"], each["code"]) for each in answer.json()["errors"]] == [
        (2, "unknown_column"), (2, "repeated_column"),
    ]  # fmt: skip


def errors_of_file(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 422, answer.text
    return [each["code"] for each in answer.json()["errors"]]


def archive(**parts: bytes) -> bytes:
    whole = io.BytesIO()
    with ZipFile(whole, "w", ZIP_DEFLATED) as made:
        for name, content in parts.items():
            made.writestr(name, content)
    return whole.getvalue()


GOOD = workbook(HEADER, ("A", "forum", "2025-06-24"))
ENCRYPTED = bytearray(GOOD)
ENCRYPTED[GOOD.index(b"PK\x01\x02") + 8] |= 1
LAUGHS = '<!DOCTYPE t [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><worksheet'


HARMFUL = [
    (b"title,kind\n", "no_workbook"), (b"", "no_workbook"), (b"\xd0\xcf\x11\xe0\xa1\xb1", "workbook_closed"),
    (GOOD[:-40], "workbook_broken"), (bytes(ENCRYPTED), "workbook_closed"), (workbook(), "header_missing"),
    (archive(mimetype=b"application/vnd.oasis.opendocument.spreadsheet"), "no_workbook"),
    (archive(**{"[Content_Types].xml": b"", "xl/vbaProject.bin": b""}), "workbook_macros"),
    (archive(**{str(n): b"" for n in range(1001)}), "workbook_too_large"),
    (archive(**{"[Content_Types].xml": bytes(20 << 20)}), "workbook_too_large"),
    (changed(GOOD, SHEET, "<worksheet", LAUGHS), "workbook_doctype"),
    (changed(GOOD, SHEET, "</sheetData>", ""), "workbook_broken"),
    (changed(GOOD, SHEET, 't="s"><v>0', 't="s"><v>9999'), "workbook_broken"),
    (changed(GOOD, "xl/workbook.xml", "<sheet [^>]*>", ""), "sheet_missing"),
    (changed(GOOD, "xl/sharedStrings.xml", "<t>A</t>", f"<t>{'A ' * 600_000}</t>"), "cell_too_large"),
    *(
        (changed(GOOD, part, 'encoding="UTF-8"', f'encoding="{charset}"'), "workbook_broken")
        for part in (SHEET, "xl/workbook.xml", "xl/sharedStrings.xml", "xl/styles.xml", "xl/_rels/workbook.xml.rels")
        for charset in ("x", "shift_jis", "hex")
    ),
]  # fmt: skip


async def test_workbooks_that_would_harm_or_cannot_be_read(client: httpx.AsyncClient) -> None:
    found = [errors_of_file(await send(client, content)) for content, _ in HARMFUL]
    assert found == [[code] for _, code in HARMFUL]


async def test_a_cell_at_the_far_end_costs_nothing(client: httpx.AsyncClient) -> None:
    far = '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
    answer = await send(client, changed(GOOD, SHEET, "</sheetData>", far), "mode=partial")
    assert errors(answer) == [("XFD1048576", 1048576, "ragged_row")]
    assert answer.json()["summary"]["create"] == 1
