"""Bulk in CSV: the columns of the export, charsets, separators, strict reading, and rows that come back."""

import csv
import io
import unicodedata

import httpx
import pytest

from tests import make

BULK = "/v1/events/bulk"
HEADER = "title,kind,start_date"


async def send(
    client: httpx.AsyncClient, text: str | bytes, query: str = "", path: str = "events", **headers: str
) -> httpx.Response:
    content = text.encode() if isinstance(text, str) else text
    place = f"/v1/{path}/bulk?{query}"
    return await client.post(place, content=content, headers={"Content-Type": "text/csv", **headers})


async def test_a_file_is_read_by_its_header(client: httpx.AsyncClient) -> None:
    await make.record(client, "goals", number=6)
    await make.record(client, "organisations", code="JP-MOJ")
    header = "kind,title,start_date,goals,organisations,countries,registered"
    text = f'{header}\nforum,"A ""forum"", in one",2025-06-24,6:assigned,JP-MOJ:host,TH;JP,12\n'
    answer = await send(client, text)
    assert answer.status_code == 200, answer.text
    [made] = (await client.get("/v1/events")).json()["items"]
    assert (made["title"], made["registered"], made["countries"]) == ('A "forum", in one', 12, ["TH", "JP"])
    assert (made["goals"][0]["number"], made["organisations"][0]["role"]) == (6, "host")


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
async def test_separators_and_byte_order_marks(
    client: httpx.AsyncClient, separator: str, mark: bytes
) -> None:
    text = f"{HEADER}\nสัมมนา 髙﨑①,seminar,2025-06-24\n".replace(",", separator)
    answer = await send(client, mark + text.encode())
    assert answer.status_code == 200, answer.text
    assert (await client.get("/v1/events")).json()["items"][0]["title"] == "สัมมนา 髙﨑①"


@pytest.mark.parametrize(
    ("charset", "title"),
    [
        ("cp932", "髙﨑①㈱ 研修"), ("shift_jis", "髙﨑"), ("cp874", "สัมมนา"), ("cp1258", "Việt Nam"),
        ("utf-16", "ສັນຍາ"),
    ],
)  # fmt: skip
async def test_declared_charsets(client: httpx.AsyncClient, charset: str, title: str) -> None:
    codec = {"shift_jis": "cp932"}.get(charset, charset)
    written = title
    if charset == "cp1258":  # it writes the tone marks apart
        written = "Viê\u0323t Nam"
    body = f"{HEADER}\n{written},seminar,2025-06-24\n".encode(codec)
    by_query = await send(client, body, f"charset={charset}&dry_run=true")
    assert by_query.status_code == 200, by_query.text
    answer = await send(client, body, **{"Content-Type": f"text/csv; charset={charset}"})
    assert answer.status_code == 200, answer.text
    assert (await client.get("/v1/events")).json()["items"][0]["title"] == unicodedata.normalize("NFC", title)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (f"{HEADER}\n研修会合,seminar,2025-06-24\n".encode("cp932"), "undecodable"),
        (f"{HEADER}\nสัมมนา,seminar,2025-06-24\n".encode("cp874"), "undecodable"),
        (b"title,titel,kind\n", "unknown_column"),
        (b"title,kind,title\n", "repeated_column"),
        (b"title,,kind\n", "unnamed_column"),
        (b"", "header_missing"),
        (f'{HEADER}\n"A,seminar,2025-06-24\n'.encode(), "quote_open"),
        (f'{HEADER}\n"A"b,seminar,2025-06-24\n'.encode(), "quote_inside"),
        (f"{HEADER}\nA\0,seminar,2025-06-24\n".encode(), "nul"),
        (f"{HEADER}\n{'x' * 2_000_000},seminar,2025-06-24\n".encode(), "row_too_large"),
        (b"PK\x03\x04rest", "workbook"),
    ],
    ids=lambda each: each if isinstance(each, str) else str(sum(each)),
)
async def test_files_that_are_not_what_they_are_said_to_be(
    client: httpx.AsyncClient, body: bytes, code: str
) -> None:
    answer = await send(client, body)
    assert answer.status_code == 422, answer.text
    [error] = answer.json()["errors"]
    assert error["code"] == code
    assert (await client.get("/v1/events")).json()["items"] == []


async def test_undecodable_bytes_name_offset_line_and_charset(client: httpx.AsyncClient) -> None:
    text = f"{HEADER}\nA,seminar,2025-06-24\n研修会合,seminar,2025-06-24\n"
    error = (await send(client, text.encode("cp932"))).json()["errors"][0]
    assert error["line"] == 3
    assert error["offset"] == len(f"{HEADER}\nA,seminar,2025-06-24\n")
    assert error["likely_charset"] == "cp932"
    for content in (
        text.encode(),
        f"{HEADER}\n﨑①,seminar,2025-06-24\n".encode("cp932"),
    ):  # the latter is both
        [wrong] = (await send(client, content, "charset=cp932")).json()["errors"]
        assert (wrong["code"], "If it is cp932 all the same" in wrong["hint"]) == (
            "charset_contradicted",
            True,
        )


async def test_a_misspelt_column_is_named_with_the_near_one(client: httpx.AsyncClient) -> None:
    answer = await send(client, "titel,kind\nA,seminar\n")
    assert answer.json()["errors"][0]["did_you_mean"] == ["title"]


async def test_lines_are_counted_through_quoted_line_breaks(client: httpx.AsyncClient) -> None:
    first = 'A,seminar,2025-06-24,"one\ntwo\r\nthree"\n\n'
    text = f"{HEADER},summary\n{first}B,semniar,2025-06-24,\nC,seminar,2568-01-01,\nD\n"
    answer = await send(client, text, "mode=partial")
    found = [(e["row"], e["line"], e.get("column"), e["code"]) for e in answer.json()["errors"]]
    assert found == [
        (2, 6, "kind", "literal_error"), (3, 7, "start_date", "date_buddhist_era"), (4, 8, None, "ragged_row"),
    ], answer.text  # fmt: skip
    assert answer.status_code == 207


async def test_what_may_stand_in_the_header_is_named_once(client: httpx.AsyncClient) -> None:
    [error] = (await send(client, "title,Kind\nA,seminar\n")).json()["errors"]
    assert error["did_you_mean"] == ["kind", "id"]
    [error] = (await send(client, "title,nothing_like_it\nA,1\n")).json()["errors"]
    assert len(set(error["allowed"])) == len(error["allowed"])


async def test_rows_without_a_value_are_none(client: httpx.AsyncClient) -> None:
    """So a spreadsheet writes the empty rows between and below others, which a workbook does not hold."""
    text = f"{HEADER}\n,,\nA,seminar,2025-06-24\n,,\n\nB,semniar,2025-06-24\n,,,,\n"
    answer = (await send(client, text, "empty=null")).json()
    assert answer["summary"]["rows"] == 2
    assert [(each["row"], each["line"], each["column"]) for each in answer["errors"]] == [(2, 6, "kind")]


async def test_of_a_row_with_too_many_cells_those_beyond_the_header_stand_with_its_error(
    client: httpx.AsyncClient,
) -> None:
    text = f'{HEADER}\nA,seminar,2025-06-24,Seminar,"of ""law"""\nB\n'
    answer = await send(client, text, Accept="text/csv")
    _, long, short = csv.reader(io.StringIO(answer.text, newline=""))
    assert long[:3] == ["A", "seminar", "2025-06-24"]
    assert long[3].endswith('; beyond the header: Seminar,of "law"')
    assert (short[:3], "beyond" in short[3]) == (["B", "", ""], False)


async def test_empty_cells_keep_unless_they_are_null(client: httpx.AsyncClient) -> None:
    made = await make.record(client, "events", city="Akishima")
    text = f"id,city\n{made['id']},\n"
    assert (await send(client, text)).json()["summary"]["unchanged"] == 1
    assert (await send(client, text, "empty=null")).json()["summary"]["update"] == 1
    assert (await client.get(f"/v1/events/{made['id']}")).json()["city"] is None


async def test_refused_rows_are_mended_and_sent_back(client: httpx.AsyncClient) -> None:
    text = 'title;kind;start_date\nA;seminar;2025-06-24\n\'=B;semniar;2025-06-24\n"C\nc";forum;2568-06-24\n'
    answer = await send(client, text, "mode=partial", Accept="text/csv")
    assert answer.status_code == 207
    assert answer.headers["bulk-summary"].endswith("error=2")
    rows = list(csv.reader(io.StringIO(answer.text, newline=""), delimiter=";"))
    assert rows[0] == ["title", "kind", "start_date", "error"]
    assert rows[1][:3] == ["'=B", "semniar", "2025-06-24"]
    assert "kind" in rows[1][3]
    again = await send(client, answer.text, "mode=partial", Accept="text/csv")
    assert again.status_code == 422
    assert again.text == answer.text
    mended = answer.text.replace("semniar", "seminar").replace("2568", "2025").replace("C\nc", "C c")
    done = await send(client, mended)
    assert done.status_code == 200, done.text
    assert done.json()["ignored_columns"] == ["error"]
    assert [each["title"] for each in (await client.get("/v1/events?sort=title")).json()["items"]] == [
        "=B",
        "A",
        "C c",
    ]


async def test_operations_versions_and_own_keys_in_columns(client: httpx.AsyncClient) -> None:
    rows = "op,key,title,kind,start_date,version\n"
    place = "match=by-key:moj-th"
    assert (
        await send(client, rows + "create,A,A,seminar,2025-01-01,\n,B,B,seminar,2025-01-01,\n", place)
    ).status_code == 200
    answer = await send(client, rows + "delete,A,,,,\nupdate,B,B2,,,1\n", place)
    assert answer.json()["summary"]["delete"] == 1, answer.text
    stale = await send(client, rows + "update,B,B3,,,1\n", place)
    [error] = stale.json()["errors"]
    assert (error["column"], error["code"], error["key"]) == ("version", "version_conflict", "moj-th:B")
    assert (await client.get("/v1/events/by-key/moj-th/B")).json()["title"] == "B2"


async def test_no_statement_is_sent_per_row(client: httpx.AsyncClient, sent: list[str]) -> None:
    rows = "".join(f"Event {n},seminar,2025-06-24,moj-th:{n}\n" for n in range(3_000))
    answer = await send(client, f"{HEADER},keys\n{rows}", "match=by-key:moj-th")
    assert answer.json()["summary"]["create"] == 3_000, answer.text[:500]
    assert len(sent) < 60, sent


@pytest.mark.parametrize(
    ("written", "code", "meant"),
    [
        ("45832", "date_serial", "2025-06-24"), ("R8.11.23", "date_japanese_era", "2026-11-23"),
        ("令和8年", "date_japanese_era", "2026"), ("R元", "date_japanese_era", "2019"),
        ("23/11/2569", "date_buddhist_era", "2026"), ("๒๕๖๙-๑๑-๒๓", "date_buddhist_era", "2026-11-23"),
        ("2569-11-23", "date_buddhist_era", "2026-11-23"),
    ],
)  # fmt: skip
async def test_dates_of_other_calendars_and_of_spreadsheets_are_refused_with_what_they_mean(
    client: httpx.AsyncClient, written: str, code: str, meant: str
) -> None:
    [error] = (await send(client, f"{HEADER}\nA,forum,{written}\n")).json()["errors"]
    assert (error["column"], error["code"]) == ("start_date", code)
    assert meant in error["hint"]
