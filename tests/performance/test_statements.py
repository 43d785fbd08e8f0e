"""How often an operation goes to the database: its trips, never its time. More of them is a regression.

A trip is one call of the driver on a connection of the service: a statement, or the `begin` (which tells the database
who is asking) and the `commit` around it.
"""

import asyncio
import time
from typing import Any

import httpx
import pytest

from app.db import Database
from app.operations.kept import VERSION
from app.search import rarity
from app.search.queries import found
from tests import make, rows
from tests.cast import Cast
from tests.conftest import Register

PAGES = {
    "one": "/v1/goals/6",
    "a page": "/v1/events?limit=50",
    "a page of other order": "/v1/events?limit=50&sort=title&kind=seminar",
    "expanded": "/v1/events?limit=50&expand=goals,activities.lead,organisations",
    "sparse": "/v1/events?limit=50&fields=title,start_date",
    "stats": "/v1/events/stats?group_by=status,country",
    "search": "/v1/search?q=mediation&limit=1",
    "the plan": "/v1/plan",
}


@pytest.mark.parametrize("address", PAGES.values(), ids=PAGES)
async def test_a_read_is_one_statement(varied: httpx.AsyncClient, sent: list[str], address: str) -> None:
    first = await varied.get(address)
    sent.clear()
    again = await varied.get(address)
    assert again.content == first.content
    assert len(sent) <= 3, [each[:60] for each in sent]
    sent.clear()
    same = await varied.get(address, headers={"If-None-Match": first.headers.get("etag", '"none"')})
    assert same.status_code == (304 if "etag" in first.headers else 200)
    assert len(sent) <= 3, [each[:60] for each in sent]


async def test_a_search_looks_again_only_if_whole_words_do_not_fill_the_page(
    client: httpx.AsyncClient, sent: list[str]
) -> None:
    """And not by whole words alone, if it is known that there are too few of them."""
    for title in ("Quoll", "Quoll forum", "Xquolls"):
        await make.record(client, "events", title=title)
    looks = []
    for query in ("quoll&limit=3", "Quoll&limit=3", "quoll&limit=2"):
        sent.clear()
        hits = (await client.get(f"/v1/search?q={query}")).json()["items"]
        looks.append((len(hits), sum("scored" in each for each in sent)))
    assert looks == [(3, 2), (3, 1), (2, 1)]


async def test_words_that_were_rare_long_ago_are_counted_by_a_plan_that_is_kept(
    client: httpx.AsyncClient, sent: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    planned = found(1, "by stem", some_kinds=False).sql
    counts = []
    for seconds in (0, 61, 122):
        monkeypatch.setattr(rarity, "monotonic", lambda later=seconds: time.monotonic() + later)
        await make.record(client, "events", title="Numbat")  # so that no answer is known
        sent.clear()
        await client.get("/v1/search?q=numbat&limit=1")
        counts.append((sent.count(planned), sum("scored" in each for each in sent)))
    assert counts == [(1, 1), (0, 1), (0, 1)]


@pytest.mark.parametrize("path", ["/v1/search?q=mediation&limit=1", "/v1/events/stats?group_by=status"])
async def test_what_was_answered_is_not_looked_up_again_until_the_data_change(
    cast: Cast, sent: list[str], path: str
) -> None:
    """Then only their version is asked for. At first it is not, and once they have changed, both are."""
    draft = await make.record(cast.secretariat, "events", title="Mediation", visibility="own")
    await make.record(cast.secretariat, "events", title="Mediation")

    async def told(client: httpx.AsyncClient) -> tuple[bytes, str]:
        sent.clear()
        answer = await client.get(path)
        assert answer.status_code == 200, answer.text
        versions = sum(each == VERSION.sql for each in sent)
        return answer.content, "version " * versions + "data" * (len(sent) > versions)

    seen_by_all, looked = await told(cast.anonymous)
    assert looked == "data"
    assert await told(cast.anonymous) == (seen_by_all, "version ")
    more, looked = await told(cast.secretariat)
    assert more != seen_by_all
    assert looked == "data"  # what others were told is no answer to those who see more
    await cast.secretariat.delete(f"/v1/events/{draft['id']}")
    assert await told(cast.secretariat) == (seen_by_all, "version data")
    assert await told(cast.anonymous) == (seen_by_all, "data")


@pytest.mark.parametrize("path", ["/v1/search?q=mediation&limit=1", "/v1/events/stats?group_by=status"])
async def test_who_waits_for_an_answer_is_told_what_was_written_before_they_asked(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    await make.record(client, "events", title="A forum, also on mediation", status="planned")
    later: list[asyncio.Task[httpx.Response]] = []
    fetch = Database.fetch

    async def and_meanwhile(*args: Any, **how: Any) -> Any:
        rows = await fetch(*args, **how)
        if not later and args[1] is not VERSION:
            await make.record(client, "events", title="Mediation", status="implemented")
            later.append(asyncio.create_task(client.get(path)))
            await asyncio.sleep(0.05)
        return rows

    monkeypatch.setattr(Database, "fetch", and_meanwhile)
    before = await client.get(path)
    after = await later[0]
    assert before.content != after.content == (await client.get(path)).content
    assert before.headers["ETag"] != after.headers["ETag"]


async def test_a_deep_page_is_one_statement_like_the_first(
    client: httpx.AsyncClient, database_address: str, sent: list[str]
) -> None:
    await rows.events(database_address, 300)
    following: str | None = "/v1/events?limit=100"
    while following:
        sent.clear()
        following = (await client.get(following)).json()["next"]
        assert len(sent) <= 3, [each[:60] for each in sent]


@pytest.mark.parametrize("ending", ["csv", "ndjson"])
async def test_an_export_is_six_trips_whatever_its_length(
    client: httpx.AsyncClient, database_address: str, sent: list[str], ending: str
) -> None:
    for more in (10, 1000):
        await rows.events(database_address, more)
        sent.clear()
        assert (await client.get(f"/v1/events.{ending}")).status_code == 200
        assert len(sent) <= 6, sent  # two of them for the values, once for each number of them


async def test_single_writes_take_few_trips(client: httpx.AsyncClient, sent: list[str]) -> None:
    goal = await make.record(client, "goals", number=6)
    event = {"title": "T", "kind": "seminar", "start_date": "2025-06-24", "goals": [{"number": 6}]}
    taken: dict[str, int] = {}

    async def took(name: str, method: str, path: str, status: int, **more: object) -> httpx.Response:
        sent.clear()
        answer = await client.request(method, path, **more)  # type: ignore[arg-type]
        assert answer.status_code == status, answer.text
        taken[name] = len(sent)
        return answer

    made = await took("create", "POST", "/v1/events", 201, json=event)
    path = f"/v1/events/{made.json()['id']}"
    await took("patch", "PATCH", path, 200, json={"title": "U"})
    await took("patch, unchanged", "PATCH", path, 200, json={"title": "U"})
    await took("patch, if match", "PATCH", path, 200, json={"note": "N"}, headers={"If-Match": '"2"'})
    await took("create, once", "POST", "/v1/events", 201, json=event, headers={"Idempotency-Key": "one"})
    await took("create, replayed", "POST", "/v1/events", 201, json=event, headers={"Idempotency-Key": "one"})
    await took("put, new", "PUT", "/v1/events/by-key/moj/1", 201, json=event)
    await took("put, unchanged", "PUT", "/v1/events/by-key/moj/1", 200, json=event)
    await took("delete", "DELETE", path, 204)
    await took("restore", "POST", f"{path}/restore", 200)
    assert goal["version"] == 1
    assert taken == TRIPS


TRIPS = {
    "create": 4, "patch": 4, "patch, unchanged": 3, "patch, if match": 4, "create, once": 5, "create, replayed": 3,
    "put, new": 9, "put, unchanged": 4, "delete": 5, "restore": 7,
}  # fmt: skip
"""Trips, with the beginning and `commit` among them."""


@pytest.mark.parametrize("match", ["", "?match=by-key:moj"])
async def test_a_bulk_takes_trips_by_the_chunk_and_not_by_the_row(
    empty: Register, client: httpx.AsyncClient, sent: list[str], match: str
) -> None:
    trips = []
    for number in (10, 1000):
        await empty.begin_anew()
        body = [
            {"title": f"E{n}", "kind": "seminar", "start_date": "2025-06-24", "keys": [f"moj:{n}"]}
            for n in range(number)
        ]
        for _ in ("new", "unchanged") if match else ("new",):
            sent.clear()
            answer = await client.post(f"/v1/events/bulk{match}", json=body)
            assert answer.status_code == 200, answer.text
            trips.append(len(sent))
    ten, thousand = trips[: len(trips) // 2], trips[len(trips) // 2 :]
    # A thousand are three chunks.
    assert all(more <= less + 2 * 6 for less, more in zip(ten, thousand, strict=True)), trips
    assert max(ten) <= 22, sent
