"""Counts: every cell leads to exactly the rows that it counts, and the cells of a plain field make up the list."""

import asyncio
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from app.api import COLLECTIONS
from app.collection.collection import Collection
from tests import make
from tests.cast import Cast
from tests.collection.test_filters import SORTS

LISTS = [each for each in COLLECTIONS if each.path in make.PATHS]


def groupable(collection: Collection) -> list[str]:
    return [path for path, known in collection.filters.items() if known.group and not known.hidden]


async def counted(client: httpx.AsyncClient, address: str) -> int:
    answer = await client.get(f"{address}{'&' if '?' in address else '?'}count=exact&limit=1")
    assert answer.status_code == 200, (address, answer.text)
    assert answer.json()["total"] == int(answer.headers["total-count"])
    total: int = answer.json()["total"]
    return total


async def cells(client: httpx.AsyncClient, address: str) -> list[dict[str, Any]]:
    answer = await client.get(address)
    assert answer.status_code == 200, (address, answer.text)
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


@pytest.mark.parametrize(
    "collection", [each for each in LISTS if each.path in SORTS], ids=lambda each: each.path
)
async def test_every_cell_leads_to_the_rows_that_it_counts(
    varied: httpx.AsyncClient, collection: Collection
) -> None:
    total = await counted(varied, f"/v1/{collection.path}")
    grouped = set(groupable(collection))
    for path in (path for path, _ in SORTS[collection.path] if path in grouped):
        found = await cells(varied, f"/v1/{collection.path}/stats?group_by={path}")
        for cell in [*found[:1], *found[-1:]]:  # values missing stand last
            assert await counted(varied, cell["href"]) == cell["count"], cell
        if collection.filters[path].groups_singly and path in collection.outputs:
            assert sum(cell["count"] for cell in found) == total, path


async def test_the_cells_of_several_fields_lead_to_their_rows(varied: httpx.AsyncClient) -> None:
    found = await cells(
        varied, "/v1/events/stats?group_by=kind,goal.number,country&start_date__gte=2015-01-01&q=law"
    )
    assert len(found) > 5
    for cell in found:
        assert await counted(varied, cell["href"]) == cell["count"], cell


@pytest.mark.parametrize("query", [
    "group_by=countries&countries__has=TH,JP", "group_by=goal.number&goal.number=6,7",
    "group_by=kind&kind=seminar,training",
    "group_by=organisation.country&organisation.country__isnull=true", "group_by=countries&countries__isnull=false",
    "group_by=goal.number&goal.number__ne=6",
    "group_by=organisations.country,organisation.kind&organisation.country=JP",
])  # fmt: skip
async def test_a_group_that_is_filtered_shows_what_the_filter_names(
    varied: httpx.AsyncClient, query: str
) -> None:
    found = await cells(varied, f"/v1/events/stats?{query}")
    assert found
    for cell in found:
        assert await counted(varied, cell["href"]) == cell["count"], cell


async def test_a_record_is_counted_once_in_a_group(client: httpx.AsyncClient) -> None:
    """Two Japanese bodies in one event are one event with a Japanese body."""
    bodies = [await make.record(client, "organisations", country=country) for country in ("JP", "JP", None)]
    links = [{"code": body["code"], "role": role} for body in bodies for role in ("host", "funder")]
    await make.record(client, "events", organisations=links)
    await make.record(client, "events", organisations=[{"code": bodies[2]["code"]}])
    found = await cells(client, "/v1/events/stats?group_by=organisation.country")
    assert [(cell["organisation.country"], cell["count"]) for cell in found] == [("JP", 1), (None, 1)]


async def test_awkward_values_are_counted_and_found(client: httpx.AsyncClient) -> None:
    for city in ("Hà Nội, Việt Nam", "A&B=C", "50%", "a+b", "北京#1", 'it\'s "quoted"', "\\"):
        await make.record(client, "events", city=city)
    for cell in await cells(client, "/v1/events/stats?group_by=city"):
        assert await counted(client, cell["href"]) == cell["count"] == 1, cell


async def test_nothing_is_grouped_by_long_text_or_by_an_instant(client: httpx.AsyncClient) -> None:
    for path in ("summary", "created_at"):
        answer = await client.get(f"/v1/events/stats?group_by={path}")
        assert answer.status_code == 400
        assert path not in answer.json()["errors"][0]["allowed"]


@pytest.mark.parametrize(
    "query", ["", "group_by=", "group_by=kind,kind", "group_by=kind,status,country,mode", "group_by=knid"]
)
async def test_a_grouping_that_cannot_be_is_refused(client: httpx.AsyncClient, query: str) -> None:
    answer = await client.get(f"/v1/events/stats?{query}")
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["parameter"] == "group_by"


async def test_of_many_who_ask_for_the_same_counts_at_once_one_reads_them(
    cast: Cast, statements: SimpleNamespace
) -> None:
    await make.record(cast.secretariat, "events", kind="forum")
    await cast.anonymous.get("/v1/events")
    statements.sql.clear()
    asked = [cast.anonymous.get("/v1/events/stats?group_by=kind") for _ in range(5)]
    answers = await asyncio.gather(*asked)
    assert {answer.json()["items"][0]["count"] for answer in answers} == {1}
    assert len({answer.headers["etag"] for answer in answers}) == 1
    assert sum("count(*)" in sql for sql in statements.sql) == 1
