"""Bundles: local references, order, atomicity, and what is said of every entry."""

import asyncio
from typing import Any

import asyncpg
import httpx

from app.bundles.documented import EXAMPLE
from tests import make
from tests.conftest import Register
from tests.meanwhile import until_they_wait

PLACE = "/v1/bundle"


def entry(
    op: str, collection: str, *, local: str | None = None, record: Any = None, **body: Any
) -> dict[str, Any]:
    made = {"op": op, "collection": collection, "body": body}
    return made | ({"local": local} if local else {}) | ({"record": record} if record else {})


def event(title: str = "Seminar", **more: Any) -> dict[str, Any]:
    return {"title": title, "kind": "seminar", "start_date": "2026-12-01", **more}


async def send(client: httpx.AsyncClient, *entries: dict[str, Any], **more: Any) -> httpx.Response:
    return await client.post(PLACE, json={"entries": entries}, **more)


async def mistakes(client: httpx.AsyncClient, *entries: dict[str, Any]) -> list[tuple[str, str]]:
    answer = await send(client, *entries)
    assert answer.status_code == 422, answer.text
    return [(each["pointer"], each["code"]) for each in answer.json()["errors"]]


async def total(client: httpx.AsyncClient, path: str) -> int:
    return int((await client.get(f"/v1/{path}?count=exact&limit=1")).headers["total-count"])


async def test_records_that_refer_to_each_other_are_written_in_any_order(seeded: httpx.AsyncClient) -> None:
    answer = await seeded.post(PLACE, json=EXAMPLE)
    report = answer.json()
    assert [each["outcome"] for each in report["entries"]] == ["create"] * 3, answer.text
    opening, activity, division = [(await seeded.get(each["href"])).json() for each in report["entries"]]
    assert [each["id"] for each in opening["activities"]] == [activity["id"]]
    assert opening["organisations"][0]["id"] == activity["lead"]["id"] == division["id"]
    assert division["code"] == "TH-MOJ-INT"
    assert (await seeded.get(report["entries"][2]["href"])).headers["etag"] == report["entries"][2]["etag"]


async def test_a_code_or_key_that_an_entry_brings_orders_it_too(client: httpx.AsyncClient) -> None:
    answer = await send(
        client,
        entry("create", "events", **event(organisations=[{"key": "moj-th:7", "role": "host"}])),
        entry(
            "create",
            "organisations",
            code="B",
            name="B",
            kind="ministry",
            parent={"code": "A"},
            keys=["moj-th:7"],
        ),
        entry("upsert", "organisations", record={"code": "A"}, name="A", kind="ministry"),
    )
    assert answer.status_code == 200, answer.text


async def test_one_bad_entry_leaves_everything_as_it_was_and_every_mistake_is_named(
    client: httpx.AsyncClient,
) -> None:
    goal = await make.record(client, "goals", number=1)
    found = await mistakes(
        client,
        entry("create", "goals", number=2, title="Good"),
        entry("create", "activities", local="a1", title="", goal={"number": 1}),
        entry(
            "create", "events", **event(kind="semina", activities=[{"local": "a1"}], goals=[{"number": 9}])
        ),
        entry("create", "events", **event(activities=[{"local": "a1"}], goals=[{"number": 9}])),
        entry("update", "goals", record={"number": 1}, titel="x"),
        entry("delete", "goals", record={"number": 77}),
        entry("create", "goals", number=1, title="Again"),
        entry("create", "events", **event(activities=[{"local": "a2"}])),
        entry("create", "activities", title="x", goal={"local": "a1"}),
    )
    assert found == [
        ("/entries/1/body/title", "text_blank"),
        ("/entries/2/body/kind", "literal_error"),
        ("/entries/3/body/goals/0", "reference_not_found"),
        ("/entries/4/body/titel", "unknown_field"),
        ("/entries/5/record", "not_found"),
        ("/entries/6/body/number", "already_exists"),
        ("/entries/7/body/activities/0/local", "local_unknown"),
        ("/entries/8/body/goal/local", "local_elsewhere"),
    ]
    assert await total(client, "goals") == 1
    assert (await client.get("/v1/goals/1")).json() == goal


async def test_the_form_of_every_entry_is_looked_at(client: httpx.AsyncClient) -> None:
    found = await mistakes(
        client,
        {"op": "creat", "collection": "goals", "body": {}},
        entry("create", "golas"),
        entry("update", "goals", title="Which?"),
        entry("create", "goals", record={"number": 1}),
        entry("delete", "goals", record={"number": 1}, title="x"),
        entry("update", "goals", record={"number": 1, "key": "a:b"}),
        entry("upsert", "goals", record={"local": "a"}),
    )
    assert sorted(found) == [
        ("/entries/0/op", "literal_error"),
        ("/entries/1/collection", "unknown"),
        ("/entries/2/record", "missing"),
        ("/entries/3/record", "record_not_there"),
        ("/entries/4/body", "body_not_here"),
        ("/entries/5/record", "name_one"),
        ("/entries/6/record", "upsert_by"),
    ]


async def test_a_circle_is_refused_and_can_be_written_in_two_steps(client: httpx.AsyncClient) -> None:
    a = entry(
        "create", "organisations", local="a", code="A", name="A", kind="ministry", parent={"local": "b"}
    )
    b = entry(
        "create", "organisations", local="b", code="B", name="B", kind="ministry", parent={"local": "a"}
    )
    alone = entry(
        "create", "organisations", local="c", code="C", name="C", kind="ministry", parent={"local": "c"}
    )
    assert await mistakes(client, a, b, alone) == [(f"/entries/{n}/body", "local_cycle") for n in range(3)]
    del b["body"]["parent"]
    later = entry("update", "organisations", record={"local": "b"}, note="Above A")
    answer = await send(client, later, a, b)
    assert [each["outcome"] for each in answer.json()["entries"]] == ["update", "create", "create"], (
        answer.text
    )
    assert (await client.get("/v1/organisations/B")).json()["note"] == "Above A"


async def test_all_operations_at_once_and_the_same_again_is_unchanged(client: httpx.AsyncClient) -> None:
    for number in (1, 2, 3):
        await make.record(client, "goals", number=number, title=f"Goal {number}")
    sent = [
        entry("update", "goals", record={"number": 1}, title="Changed"),
        entry("upsert", "goals", record={"number": 2}, title="Goal 2"),
        entry("upsert", "events", record={"key": "moj-th:9"}, **event(goals=[{"number": 1}])),
    ]
    gone = {"op": "delete", "collection": "goals", "record": {"number": 3}}
    answer = await send(client, gone, *sent)
    assert answer.json()["summary"] == {"entries": 4, "create": 1, "update": 1, "unchanged": 1, "delete": 1}
    assert (await client.get("/v1/goals/3")).status_code == 404
    made = (await client.get("/v1/events/by-key/moj-th/9")).json()
    again = await send(client, *sent)
    assert again.json()["summary"]["unchanged"] == 3
    assert (await client.get("/v1/events/by-key/moj-th/9")).json() == made


async def test_deletes_come_last_and_in_an_order_that_works(client: httpx.AsyncClient) -> None:
    goal = await make.record(client, "goals", number=1)
    activity = await make.record(client, "activities", goal={"id": goal["id"]})
    deletes = [
        {"op": "delete", "collection": "goals", "record": {"number": 1}},
        {"op": "delete", "collection": "activities", "record": {"id": activity["id"]}},
    ]
    assert await mistakes(client, deletes[0]) == [("/entries/0", "still_referred")]
    assert (await send(client, *deletes)).json()["summary"]["delete"] == 2


async def test_a_stale_version_and_a_record_named_twice_are_refused(client: httpx.AsyncClient) -> None:
    await make.record(client, "goals", number=1)
    stale = entry("update", "goals", record={"number": 1}, title="x") | {"version": 7}
    again = entry("upsert", "goals", record={"number": 1}, title="y")
    assert await mistakes(client, stale, again) == [
        ("/entries/0/version", "version_conflict"), ("/entries/1/record", "repeated"),
    ]  # fmt: skip


async def test_a_dry_run_says_the_same_and_changes_nothing(client: httpx.AsyncClient) -> None:
    answer = await client.post(
        f"{PLACE}?dry_run=true", json={"entries": [entry("create", "goals", number=1, title="x")]}
    )
    assert answer.json()["summary"]["create"] == 1
    assert answer.json()["dry_run"] is True
    assert answer.headers["dry-run"] == "true"
    assert await total(client, "goals") == 0


async def test_a_retry_under_one_key_acts_once(client: httpx.AsyncClient) -> None:
    sent = entry("create", "events", **event())
    first, second = [await send(client, sent, headers={"Idempotency-Key": "once"}) for _ in range(2)]
    assert second.json() == first.json()
    assert second.headers["idempotency-replayed"] == "true"
    assert await total(client, "events") == 1


async def test_records_are_held_in_one_order_whatever_that_of_the_entries_is(
    empty: Register, client: httpx.AsyncClient
) -> None:
    first, second = [await make.record(client, "organisations", code=code) for code in ("A", "B")]
    assert first["id"] < second["id"]
    other = await asyncpg.connect(empty.address)
    await other.execute("begin; select from organisations where code = 'A' for update")
    entries = [entry("update", "organisations", record={"code": code}, name="Other") for code in ("B", "A")]
    sent = asyncio.create_task(send(client, *entries))
    async with asyncio.timeout(10):
        await until_they_wait(other, 1)
        await other.execute(
            "set lock_timeout = '500ms'; select from organisations where code = 'B' for update; commit"
        )
        assert (await sent).status_code == 200
    await other.close()
