"""A list as a workbook: the rows of the CSV in typed cells, read here by a library of other people."""

import csv
import io
import re
from datetime import date
from typing import Any
from zipfile import ZipFile

import httpx
import pytest
from python_calamine import load_workbook

from app.http.workbooks import LEFT_OUT
from tests import make, rows
from tests.imports.sheets import XLSX, send

TEXTS = [
    "=1+1",
    "+66 2",
    "007",
    "1e5",
    "2025-06-24",
    " x ",
    "_x000D_",
    "<b>&",
    "髙﨑 𠮟",
    "สัมมนา น้ำ",
    "one\ntwo\r\n",
]


def table(content: bytes) -> list[list[Any]]:
    found: list[list[Any]] = load_workbook(io.BytesIO(content)).get_sheet_by_index(0).to_python()
    return found


async def test_accept_and_ending_give_the_same_workbook(client: httpx.AsyncClient) -> None:
    await make.record(client, "events")
    by_accept = await client.get("/v1/events?sort=title", headers={"Accept": XLSX})
    by_ending = await client.get("/v1/events.xlsx?sort=title")
    assert by_accept.headers["content-type"] == by_ending.headers["content-type"] == XLSX
    assert by_accept.content == by_ending.content
    assert 'filename="events.xlsx"' in by_ending.headers["content-disposition"]
    again = await client.get(
        "/v1/events.xlsx?sort=title", headers={"If-None-Match": by_ending.headers["etag"]}
    )
    assert (again.status_code, again.content) == (304, b"")
    head = await client.head("/v1/events.xlsx?sort=title")
    assert (head.status_code, head.content, head.headers["etag"]) == (200, b"", by_ending.headers["etag"])


async def test_cells_are_typed_and_texts_are_texts(client: httpx.AsyncClient) -> None:
    for number, text in enumerate(TEXTS):
        await make.record(client, "events", title=f"{number:02}", summary=text, registered=number)
    names, *found = table(
        (await client.get("/v1/events.xlsx?sort=title&fields=title,start_date,registered,summary")).content
    )
    assert names == ["title", "start_date", "registered", "summary"]
    assert found == [
        [f"{number:02}", date(2025, 6, 24), float(number), text] for number, text in enumerate(TEXTS)
    ]


@pytest.mark.parametrize("path", make.PATHS)
async def test_columns_and_rows_are_those_of_the_csv(client: httpx.AsyncClient, path: str) -> None:
    empty = table((await client.get(f"/v1/{path}.xlsx")).content)
    await make.record(client, path)
    names, row = table((await client.get(f"/v1/{path}.xlsx")).content)
    expected, cells = csv.reader(io.StringIO((await client.get(f"/v1/{path}.csv")).text))
    assert empty == [names] == [expected]
    truths = {True: "t", False: "f"}
    as_text = [
        truths[each] if isinstance(each, bool) else f"{each:.0f}" if isinstance(each, float) else str(each)
        for each in row
    ]
    assert as_text == cells


async def test_a_workbook_of_thousands_is_complete_and_in_order(
    client: httpx.AsyncClient, database_address: str
) -> None:
    await rows.events(database_address, 4000)
    query = "sort=kind,-start_date&country__ne=TH"
    found = table((await client.get(f"/v1/events.xlsx?{query}")).content)
    text = (await client.get(f"/v1/events.csv?{query}")).text
    assert [row[0] for row in found] == [row[0] for row in csv.reader(io.StringIO(text, newline=""))]
    assert len(found) > 2000  # several pieces of what COPY gives


async def test_people_see_a_table_with_lists_to_choose_from(client: httpx.AsyncClient) -> None:
    await make.record(client, "events")
    with ZipFile(io.BytesIO((await client.get("/v1/events.xlsx")).content)) as parts:
        assert parts.testzip() is None
        sheet = parts.read("xl/worksheets/sheet1.xml").decode()
    assert '<formula1>"day,month,year,unknown"</formula1>' in sheet
    assert 'state="frozen"' in sheet
    assert re.search('<autoFilter ref="A1:[A-Z]+2"/>', sheet)
    assert re.search('<dimension ref="A1:[A-Z]+2"/>', sheet)
    assert sheet.count('hidden="1"') == 2
    assert "<f>" not in sheet


async def test_more_rows_than_a_sheet_has_are_refused_in_time(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.operations.sheets.ROWS_MOST", 1)
    for _ in range(2):
        await make.record(client, "goals")
    answer = await client.get("/v1/goals.xlsx")
    assert (answer.status_code, answer.json()["rows"]) == (406, 2)
    assert "CSV" in answer.json()["detail"]
    assert (await client.get("/v1/goals.xlsx?limit=1")).status_code == 200
    assert (await client.get("/v1/goals.xlsx?expand=area")).status_code == 400


async def test_a_text_too_long_for_a_cell_is_left_out_and_left_alone(client: httpx.AsyncClient) -> None:
    aliases = ["𠮟" * 1900 for _ in range(10)]
    made = await make.record(client, "events", aliases=[f"{each}{n}" for n, each in enumerate(aliases)])
    exported = (await client.get("/v1/events.xlsx?fields=id,title,kind,start_date,aliases")).content
    assert table(exported)[1][4] == LEFT_OUT
    same = await send(client, exported, "empty=null")
    assert same.json()["summary"]["unchanged"] == 1, same.text
    assert (await client.get(f"/v1/events/{made['id']}")).json()["aliases"] == made["aliases"]
    new = await send(
        client, (await client.get("/v1/events.xlsx?fields=title,kind,start_date,aliases")).content
    )
    assert [each["code"] for each in new.json()["errors"]] == ["cell_left_out"]
