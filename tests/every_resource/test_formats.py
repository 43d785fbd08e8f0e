"""One list in several formats, by `Accept` and by a plain ending, and every cell as it was written."""

import csv
import io
import json

import httpx
import pytest

from tests import make, rows
from tests.collection.test_walks import walk
from tests.imports.sheets import XLSX

_JSON, _NDJSON, _CSV = "application/json", "application/x-ndjson", "text/csv; charset=utf-8"
SCRIPTS = ["Hà Nội", "กรุงเทพมหานคร", "ວຽງຈັນ", "ភ្នំពេញ", "နေပြည်တော်", "東京都千代田区"]
HOSTILE = [
    "=1+1",
    "+66 2",
    "-5",
    "@x",
    "'quoted",
    "＝1",
    "007",
    'say "so"',
    "a;b,c",
    "1e5",
    "\\N",
    "{}",
    "NULL",
]


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


@pytest.mark.parametrize(("accept", "content_type"), [
    (None, _JSON), ("", _JSON), ("*/*", _JSON), ("application/*", _JSON), ("text/*", _CSV), ("text/csv", _CSV),
    ("TEXT/CSV", _CSV),
    ("application/x-ndjson", _NDJSON), ("text/csv;q=0.5, application/json;q=0.9", _JSON), ("text/csv, */*;q=0.1", _CSV),
    ("application/json;q=0, */*", _NDJSON), ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", _JSON),
    ("text/csv; charset=utf-8", _CSV), ("text/csv ; q=1.0 , application/x-ndjson;q=0.999", _CSV),
    ("image/png, text/csv;q=0.001", _CSV),
])  # fmt: skip
async def test_the_format_is_the_one_that_accept_likes_best(
    client: httpx.AsyncClient, accept: str | None, content_type: str
) -> None:
    client.headers.pop("accept")
    answer = await client.get("/v1/events", headers={} if accept is None else {"Accept": accept})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == content_type
    assert "Accept" in answer.headers["vary"]


@pytest.mark.parametrize(
    "accept", ["image/png", "text/html", "text/csv;q=0", "application/json;q=0, text/*;q=0, */*;q=0"]
)
async def test_what_cannot_be_had_is_406_with_what_can(client: httpx.AsyncClient, accept: str) -> None:
    answer = await client.get("/v1/events", headers={"Accept": accept})
    assert answer.status_code == 406
    assert set(answer.json()["available"]) == {
        "application/json",
        "application/x-ndjson",
        "text/csv",
        "text/calendar",
        XLSX,
    }


async def test_one_record_is_json_only(client: httpx.AsyncClient) -> None:
    made = await make.record(client, "goals")
    answer = await client.get(f"/v1/goals/{made['id']}", headers={"Accept": "text/csv"})
    assert answer.status_code == 406


@pytest.mark.parametrize("path", make.PATHS)
async def test_an_ending_says_the_format_whatever_is_accepted(client: httpx.AsyncClient, path: str) -> None:
    made = await make.record(client, path)
    headers = {"Accept": "image/png"}
    as_json, as_lines, as_csv = [
        await client.get(f"/v1/{path}.{end}", headers=headers) for end in ("json", "ndjson", "csv")
    ]
    assert [each.headers["content-type"] for each in (as_json, as_lines, as_csv)] == [_JSON, _NDJSON, _CSV]
    assert as_json.json()["items"] == [json.loads(line) for line in as_lines.text.splitlines()]
    assert made in as_json.json()["items"]
    assert made["id"] in {row["id"] for row in table(as_csv.text)}
    assert f'filename="{path}.csv"' in as_csv.headers["content-disposition"]


async def test_an_unknown_ending_is_nowhere(client: httpx.AsyncClient) -> None:
    assert (await client.get("/v1/events.pdf")).status_code == 404


@pytest.mark.parametrize("ending", ["csv", "ndjson"])
async def test_an_export_of_thousands_is_complete_and_in_order(
    client: httpx.AsyncClient, database_address: str, ending: str
) -> None:
    await rows.events(database_address, 4000)
    text = (await client.get(f"/v1/events.{ending}?sort=kind,-start_date")).text
    ids = [row["id"] for row in (table(text) if ending == "csv" else map(json.loads, text.splitlines()))]
    assert ids == [
        record["id"] for record in await walk(client, "/v1/events?sort=kind,-start_date&limit=1000&fields=id")
    ]
    assert len(ids) == 4000


@pytest.mark.parametrize("query", [
    "country=TH", "country=TH,JP", "updated_at__gte=-30d", "start_date__between=2020-01-01,2021-01-01", "q=event",
    "end_date__isnull=true", "countries__has=TH", "registered__ne=5", "goal.number=1", "limit=7",
    "title__contains=%27%24%31", "id=019aa5d0-6b7c-7c3e-9c39-0d1f5b3a7e11", "fields=title,id",
])  # fmt: skip
async def test_an_export_obeys_the_same_questions(
    client: httpx.AsyncClient, database_address: str, query: str
) -> None:
    await rows.events(database_address, 40)
    query = query if "limit" in query else f"{query}&limit=1000"
    listed = (await client.get(f"/v1/events?{query}")).json()["items"]
    lines = (await client.get(f"/v1/events.ndjson?{query}")).text.splitlines()
    assert [json.loads(line) for line in lines] == listed
    assert [row["id"] for row in table((await client.get(f"/v1/events.csv?{query}")).text)] == [
        e["id"] for e in listed
    ]


@pytest.mark.parametrize("title", [*SCRIPTS, *HOSTILE])
async def test_a_cell_holds_the_text_and_a_spreadsheet_computes_nothing(
    client: httpx.AsyncClient, title: str
) -> None:
    await make.record(client, "events", title=title, summary=f"{title}\n{title}", aliases=[title])
    (row,) = table((await client.get("/v1/events.csv")).text)
    guarded = title[0] in "=+-@'＝"
    assert row["title"] == "'" * guarded + title
    assert row["summary"] == "'" * guarded + f"{title}\n{title}"
    assert json.loads(row["aliases"]) == [title]
    assert (json.loads((await client.get("/v1/events.ndjson")).text))["summary"] == f"{title}\n{title}"


async def test_links_and_references_are_cells_that_name_keys(client: httpx.AsyncClient) -> None:
    for number in (6, 7):
        await make.record(client, "goals", number=number)
    body = await make.record(client, "organisations", code="JP-MOJ")
    activity = await make.record(
        client, "activities", goal={"number": 6}, lead={"code": "JP-MOJ"}, countries=["TH", "JP"]
    )
    await make.record(
        client, "events", goals=[{"number": 6}, {"number": 7, "link": "stated"}], keys=["moj:1", "un:2"],
        organisations=[{"id": body["id"], "role": "host"}], activities=[{"id": activity["id"]}],
    )  # fmt: skip
    (event,) = table((await client.get("/v1/events.csv")).text)
    assert event["goals"] == "6:assigned;7:stated"
    assert event["organisations"] == "JP-MOJ:host"
    assert event["activities"] == f"{activity['id']}:assigned"
    assert event["keys"] == "moj:1;un:2"
    (row,) = table((await client.get("/v1/activities.csv")).text)
    assert (row["goal.number"], row["lead.code"], row["parent.code"], row["countries"]) == (
        "6",
        "JP-MOJ",
        "",
        "TH;JP",
    )


async def test_an_office_is_a_column_each(client: httpx.AsyncClient) -> None:
    office = {"name": "International Affairs Division", "phone": "+81 3 0000 0000", "languages": ["en", "ja"]}
    await make.record(client, "focal-points", office=office)
    (row,) = table((await client.get("/v1/focal-points.csv")).text)
    assert row["office.name"] == office["name"]
    assert row["office.phone"] == "'+81 3 0000 0000"
    assert row["office.languages"] == "en;ja"


@pytest.mark.parametrize("path", make.PATHS)
async def test_an_empty_list_has_its_header_and_no_line(client: httpx.AsyncClient, path: str) -> None:
    header = (await client.get(f"/v1/{path}.csv")).text
    assert header.count("\n") == 1
    assert header.startswith("id,")
    assert (await client.get(f"/v1/{path}.ndjson")).text == ""
