"""Templates: what can be filled in, explained, and accepted as it is."""

import csv
import io
from zipfile import ZipFile

import httpx
import pytest
from python_calamine import load_workbook

from app.api import WRITTEN
from tests.imports.sheets import XLSX, send
from tests.openapi.test_document import OPERATIONS
from tests.openapi.test_examples import example

PATHS = [each.path for each in WRITTEN]


@pytest.mark.parametrize("path", PATHS)
async def test_the_csv_template_is_accepted_as_it_is(seeded: httpx.AsyncClient, path: str) -> None:
    if path == "report-lines":  # the example belongs to the example of a report
        await seeded.post("/v1/progress-reports", json=example(OPERATIONS["POST /v1/progress-reports"][2]))
    template = await seeded.get(f"/v1/{path}/template.csv")
    answer = await seeded.post(
        f"/v1/{path}/bulk?dry_run=true", content=template.content, headers={"Content-Type": "text/csv"}
    )
    assert answer.status_code == 200, answer.text
    assert answer.json()["summary"]["create"] == 1
    assert answer.json()["ignored_columns"] == []


@pytest.mark.parametrize("path", PATHS)
async def test_the_workbook_has_the_same_columns_and_explains_each(
    client: httpx.AsyncClient, path: str
) -> None:
    book = await client.get(f"/v1/{path}/template.xlsx")
    assert book.headers["content-type"] == XLSX
    columns, *rows = load_workbook(io.BytesIO(book.content)).get_sheet_by_name(path).to_python()
    header = (await client.get(f"/v1/{path}/template.csv")).text
    assert columns == next(csv.reader(io.StringIO(header)))
    assert rows == []
    explained = load_workbook(io.BytesIO(book.content)).get_sheet_by_index(1).to_python()
    assert [row[0] for row in explained[1:]] == columns
    assert all(row[2] for row in explained[1:]), explained
    empty = await send(client, book.content, path=path)
    assert (empty.status_code, empty.json()["summary"]["rows"]) == (200, 0)


async def test_enumerations_are_drop_down_lists_and_ids_are_hidden(client: httpx.AsyncClient) -> None:
    book = await client.get("/v1/events/template.xlsx")
    with ZipFile(io.BytesIO(book.content)) as parts:
        sheet = parts.read("xl/worksheets/sheet1.xml").decode()
    for words in ("create,update,upsert,delete", "day,month,year,unknown", "in_person,online,hybrid"):
        assert f'<formula1>"{words}"</formula1>' in sheet
    assert 'state="frozen"' in sheet
    assert sheet.count('hidden="1"') == 2


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
async def test_a_template_that_one_has_is_not_sent_again(client: httpx.AsyncClient, ending: str) -> None:
    first = await client.get(f"/v1/goals/template.{ending}")
    again = await client.get(f"/v1/goals/template.{ending}", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    head = await client.head(f"/v1/goals/template.{ending}")
    assert (head.status_code, head.headers["etag"]) == (200, first.headers["etag"])
    assert (await client.get(f"/v1/goals/template.{ending}?limit=1")).status_code == 400


async def test_no_record_can_be_called_like_a_template(client: httpx.AsyncClient) -> None:
    answer = await client.post(
        "/v1/organisations", json={"code": "template.csv", "name": "N", "kind": "ministry"}
    )
    assert [each["code"] for each in answer.json()["errors"]] == ["reserved"]
