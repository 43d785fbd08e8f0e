"""A walk through pages: the whole list, in order, whatever is written meanwhile."""

import asyncio
import random
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from tests import make, rows
from tests.cast import Cast


async def walk(client: httpx.AsyncClient, address: str) -> list[dict[str, Any]]:
    """Every record of a list, page by page."""
    found: list[dict[str, Any]] = []
    following: str | None = address
    while following:
        answer = await client.get(following)
        assert answer.status_code == 200, answer.text
        found += answer.json()["items"]
        following = answer.json()["next"]
    return found


async def _disturb(client: httpx.AsyncClient, ids: list[str], touched: set[str], stop: asyncio.Event) -> int:
    """Delete, insert and re-date events until told to stop; how many writes that were."""
    chance, written = random.Random(7), 0
    while not stop.is_set():
        some = chance.choice(ids)
        moved = f"20{chance.randrange(10, 40)}-06-24"
        answer = await client.patch(
            f"/v1/events/{some}", json={"start_date": moved, "end_date": None, "date_precision": "day"}
        )
        assert answer.status_code in {200, 404}, answer.text
        new = {"title": "New", "kind": "forum", "start_date": moved}
        assert (await client.post("/v1/events", json=new)).status_code == 201
        touched.add(gone := chance.choice(ids))
        assert (await client.delete(f"/v1/events/{gone}")).status_code in {204, 404}
        written += 3
    return written


@pytest.mark.parametrize("sort", ["-start_date", "start_date,-title", "updated_at"])
async def test_every_row_that_existed_throughout_is_seen_exactly_once(
    client: httpx.AsyncClient, database_address: str, sort: str
) -> None:
    """Also the rows that are re-dated on the way: the walk ends in the order in which it began."""
    await rows.events(database_address, 5000)
    lines = (await client.get("/v1/events.ndjson?fields=id")).text.splitlines()
    before = [line.split('"')[3] for line in lines]
    stop, touched = asyncio.Event(), set[str]()
    writer = asyncio.create_task(_disturb(client, before, touched, stop))
    seen = [record["id"] for record in await walk(client, f"/v1/events?fields=id&limit=50&sort={sort}")]
    stop.set()
    assert await writer >= 3
    assert len(seen) == len(set(seen))
    assert set(before) - touched <= set(seen)


async def test_a_page_is_one_statement_whatever_the_page(
    cast: Cast, database_address: str, statements: SimpleNamespace
) -> None:
    await rows.events(database_address, 500)
    await walk(cast.anonymous, "/v1/events?limit=50&expand=goals.area,organisations")
    assert statements.count == 10


async def test_a_walk_is_the_whole_list_in_order(client: httpx.AsyncClient, database_address: str) -> None:
    await rows.events(database_address, 300)
    whole = (await client.get("/v1/events?limit=1000&sort=kind,-end_date,title")).json()["items"]
    assert len(whole) == 300
    assert await walk(client, "/v1/events?limit=7&sort=kind,-end_date,title") == whole


async def test_a_re_dated_row_keeps_its_place_in_a_walk_that_began_before(
    client: httpx.AsyncClient, database_address: str
) -> None:
    await rows.events(database_address, 60)
    order = [record["id"] for record in await walk(client, "/v1/events?sort=start_date")]
    first = (await client.get("/v1/events?sort=start_date&limit=20")).json()
    for each, day in ((order[5], "2039-01-01"), (order[30], "2001-01-01")):
        await client.patch(f"/v1/events/{each}", json={"start_date": day, "end_date": None})
    rest = await walk(client, first["next"])
    assert [record["id"] for record in first["items"] + rest] == order


_ELSEWHERE = {"start_date": "2030-01-01", "end_date": None}


@pytest.mark.parametrize(
    ("change", "statements_of_pages"),
    [
        (None, [1, 1]),
        ({"note": "Postponed."}, [2, 1]),
        (_ELSEWHERE, [2, 2]),
    ],
    ids=["a new record", "another note", "another place"],
)
async def test_what_is_written_beside_a_walk_is_looked_at_by_one_page_unless_it_moves_a_record(
    cast: Cast, statements: SimpleNamespace, change: dict[str, Any] | None, statements_of_pages: list[int]
) -> None:
    made = [await _of_year(cast, 2001 + number) for number in range(5)]
    page = (await cast.anonymous.get("/v1/events?sort=start_date&limit=2")).json()
    if change:
        await cast.secretariat.patch(f"/v1/events/{made[0]['id']}", json=change)
    else:
        await _of_year(cast, 2010)
    sent = []
    for _ in statements_of_pages:
        statements.count = 0
        page = (await cast.anonymous.get(page["next"].replace("limit=2", "limit=1"))).json()
        sent.append(statements.count)
    assert sent == statements_of_pages


async def test_a_row_that_was_hidden_while_it_moved_is_not_seen_twice(cast: Cast) -> None:
    made = [await _of_year(cast, 2001 + number) for number in range(4)]
    page = (await cast.anonymous.get("/v1/events?sort=start_date&limit=1")).json()
    for change in ({"visibility": "own", **_ELSEWHERE}, {"visibility": "public"}):
        await cast.secretariat.patch(f"/v1/events/{made[0]['id']}", json=change)
        page = (await cast.anonymous.get(page["next"])).json()
    rest = await walk(cast.anonymous, page["next"])
    assert [record["id"] for record in rest] == [made[3]["id"]]


async def _of_year(cast: Cast, year: int) -> dict[str, Any]:
    return await make.record(cast.secretariat, "events", start_date=f"{year}-01-01")


async def test_an_export_goes_on_behind_a_cursor(client: httpx.AsyncClient, database_address: str) -> None:
    await rows.events(database_address, 60)
    first = (await client.get("/v1/events?limit=20")).json()
    rest = (
        await client.get(first["next"].replace("limit=20&", ""), headers={"Accept": "application/x-ndjson"})
    ).text
    whole = (await client.get("/v1/events.ndjson")).text
    assert whole.splitlines()[20:] == rest.splitlines()


async def test_a_page_ends_between_two_records_whatever_lines_their_texts_have(
    client: httpx.AsyncClient,
) -> None:
    summary = "One,\nand two,\n\n and three."
    made = [await make.record(client, "events", title=title, summary=summary) for title in "ABC"]
    assert await walk(client, "/v1/events?sort=title&limit=1") == made
