"""Writes of one caller that come at the same time share transactions; each is recorded and answered as if alone."""

import asyncio
import json
from collections.abc import Awaitable, Iterable
from typing import Any

import asyncpg
import httpx
import pytest

from app.audit.verifying import verify
from app.collection import grouped, storing
from app.db import APP_ROLE
from app.operations import group_commit
from app.wakeups import CHANNEL
from tests import make
from tests.cast import Cast
from tests.rules.test_the_journal import rows_of

MANY = 24
_ENTRIES = """select h.record_id::text, h.action, h.version, c.request_id, c.reason, c.key_id, c.changes, c.position
from changes h join commits c on c.number = h.commit_number where c.request_id like 'g-%' order by c.position"""


async def at_once(requests: Iterable[Awaitable[httpx.Response]]) -> list[httpx.Response]:
    return await asyncio.gather(*requests)


def event(number: int, **more: Any) -> dict[str, Any]:
    return {"title": f"Event {number}", "kind": "seminar", "start_date": "2025-06-24", **more}


def told(number: int, **more: str) -> dict[str, str]:
    return {"X-Request-ID": f"g-{number}", "X-Reason": f"Reason {number}", **more}


async def count(client: httpx.AsyncClient, more: str = "") -> int:
    total: int = (await client.get(f"/v1/events?limit=1&count=exact{more}")).json()["total"]
    return total


def shared(sent: list[str]) -> bool:
    """Whether there were fewer transactions than requests."""
    return 0 < sum(trip.endswith("commit") for trip in sent) < MANY / 2


async def test_each_create_has_an_entry_of_its_own_in_the_journal(
    client: httpx.AsyncClient, database_address: str, sent: list[str]
) -> None:
    sent.clear()
    made = await at_once(
        client.post("/v1/events", json=event(number), headers=told(number)) for number in range(MANY)
    )
    assert shared(sent)
    assert [(each.status_code, each.json()["title"]) for each in made] == [
        (201, f"Event {number}") for number in range(MANY)
    ]
    for each in made:
        again = await client.get(each.headers["Location"])
        assert (again.json(), again.headers["ETag"]) == (each.json(), each.headers["ETag"])
    entries = await rows_of(database_address, _ENTRIES)
    assert {(row["request_id"], row["reason"], row["record_id"]) for row in entries} == {
        (f"g-{number}", f"Reason {number}", each.json()["id"]) for number, each in enumerate(made)
    }
    assert {(row["action"], row["version"], row["changes"]) for row in entries} == {("create", 1, 1)}
    first = entries[0]["position"]
    assert [row["position"] for row in entries] == list(range(first, first + MANY))
    assert len({row["key_id"] for row in entries}) == 1
    connection = await asyncpg.connect(database_address)
    assert (await verify(connection)).broken_at is None
    await connection.close()


@pytest.mark.parametrize("patch", [{"registered": 7}, {"title": "Other"}, {"goals": [{"number": 6}]}])
async def test_records_that_change_at_the_same_time_change_as_alone(
    client: httpx.AsyncClient, database_address: str, sent: list[str], patch: dict[str, Any]
) -> None:
    await make.record(client, "goals", number=6)
    events = [await make.record(client, "events") for _ in range(MANY)]
    sent.clear()
    changed = await at_once(
        client.patch(f"/v1/events/{each['id']}", json=patch, headers=told(number, **{"If-Match": '"1"'}))
        for number, each in enumerate(events)
    )
    assert shared(sent)
    alone = await make.record(client, "events")
    like = (await client.patch(f"/v1/events/{alone['id']}", json=patch)).json()
    for before, each in zip(events, changed, strict=True):
        assert each.status_code == 200, each.text
        assert (each.status_code, each.headers["ETag"]) == (200, '"2"')
        own = {name: each.json()[name] for name in ("id", "created_at", "updated_at")}
        own |= {} if "title" in patch else {"title": before["title"]}
        assert each.json() == {**like, **own}
        assert (await client.get(f"/v1/events/{before['id']}")).json() == each.json()
    entries = await rows_of(database_address, _ENTRIES)
    assert {(row["request_id"], row["record_id"]) for row in entries} == {
        (f"g-{number}", each["id"]) for number, each in enumerate(events)
    }
    found = (await client.get("/v1/search", params={"q": "Other"})).json()["items"]
    assert len(found) == (20 if "title" in patch else 0)
    assert await count(client, "&goals.number=6") == (MANY + 1 if "goals" in patch else 0)


async def test_what_is_the_same_already_is_not_written(
    client: httpx.AsyncClient, database_address: str, sent: list[str]
) -> None:
    events = [await make.record(client, "events", city="Hanoi") for _ in range(MANY)]
    sent.clear()
    same = await at_once(
        client.patch(
            f"/v1/events/{each['id']}", json={"city": ("Hanoi", "Bali")[number % 2]}, headers=told(number)
        )
        for number, each in enumerate(events)
    )
    assert shared(sent)
    assert [each.headers["ETag"] for each in same] == ['"1"', '"2"'] * (MANY // 2)
    assert len(await rows_of(database_address, _ENTRIES)) == MANY / 2


async def test_who_is_refused_is_told_so_and_harms_nobody(
    client: httpx.AsyncClient, database_address: str
) -> None:
    await make.record(client, "goals", number=6)
    bad = {
        0: (event(0, kind="nonsense"), 422, "unprocessable"),
        1: (event(1, goals=[{"number": 7}]), 422, "unprocessable"),
        2: (event(2, surprise=1), 422, "unprocessable"),
    }
    bodies = [bad[number % 8][0] if number % 8 in bad else event(number) for number in range(MANY)]
    answers = await at_once(
        client.post("/v1/events", json=body, headers=told(number)) for number, body in enumerate(bodies)
    )
    for number, answer in enumerate(answers):
        assert answer.status_code == (422 if number % 8 in bad else 201)
        if number % 8 == 1:
            assert answer.json()["errors"][0] == {
                "pointer": "/goals/0", "code": "reference_not_found",
                "message": "There is no goal with this number.", "candidates": ["6"],
            }  # fmt: skip
    entries = await rows_of(database_address, _ENTRIES)
    assert len(entries) == sum(answer.status_code == 201 for answer in answers)


async def test_a_fault_that_one_uncovers_is_nobody_elses(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stored(collection: Any, said: Any, names: Any, found: Any) -> dict[str, Any]:
        if said["title"] == f"Event {MANY // 2}":
            raise RuntimeError("nobody thought of it")
        return storing.stored(collection, said, names, found)

    monkeypatch.setattr(grouped, "stored", stored)
    made = await at_once(client.post("/v1/events", json=event(number)) for number in range(MANY))
    assert {each.status_code for each in made} == {201}


async def test_of_those_who_claim_the_same_one_has_it(client: httpx.AsyncClient) -> None:
    numbers = [number % 8 + 1 for number in range(MANY)]
    made = await at_once(
        client.post("/v1/goals", json={"number": number, "title": f"Goal {number}"}) for number in numbers
    )
    assert sorted(each.status_code for each in made) == [201] * 8 + [409] * (MANY - 8)
    assert {each.json()["number"] for each in made if each.status_code == 201} == set(range(1, 9))


async def test_who_changes_a_version_that_is_gone_is_told_so(client: httpx.AsyncClient) -> None:
    events = [await make.record(client, "events") for _ in range(MANY)]
    changed = await at_once(
        client.patch(
            f"/v1/events/{each['id']}", json={"city": "Hanoi"}, headers={"If-Match": f'"{1 + number % 2}"'}
        )
        for number, each in enumerate(events)
    )
    assert [each.status_code for each in changed] == [200, 412] * (MANY // 2)
    assert changed[1].json()["current"]["id"] == events[1]["id"]


async def test_changes_of_one_record_follow_each_other(
    client: httpx.AsyncClient, database_address: str
) -> None:
    """Also if it is named in two ways."""
    goal = await make.record(client, "goals", number=6)
    names = [("6", goal["id"])[number % 2] for number in range(MANY)]
    changed = await at_once(
        client.patch(f"/v1/goals/{name}", json={"title": f"Title {number}"}, headers=told(number))
        for number, name in enumerate(names)
    )
    assert {each.status_code for each in changed} == {200}
    assert sorted(each.json()["version"] for each in changed) == list(range(2, MANY + 2))
    entries = await rows_of(database_address, _ENTRIES)
    assert [row["version"] for row in entries] == list(range(2, MANY + 2))


async def test_a_record_that_another_holds_delays_only_its_own_change(
    client: httpx.AsyncClient, database_address: str
) -> None:
    events = [await make.record(client, "events") for _ in range(MANY)]
    holder = await asyncpg.connect(database_address)
    await holder.execute("begin")
    await holder.execute("select from events where id = $1 for update", events[MANY // 2]["id"])
    changes = [
        asyncio.create_task(client.patch(f"/v1/events/{each['id']}", json={"city": "Hanoi"}))
        for each in events
    ]
    waits = changes[MANY // 2]
    done, _ = await asyncio.wait(set(changes) - {waits}, timeout=1.5)
    assert len(done) == MANY - 1
    assert not waits.done()
    await holder.execute("rollback")
    assert {each.status_code for each in await asyncio.gather(*changes)} == {200}
    await holder.close()


@pytest.mark.parametrize(
    ("held", "waits"),
    [
        (
            "insert into organisations (code, name, kind) values ('HELD', 'Held', 'ministry')",
            {"code": "HELD"},
        ),
        ("select from organisations where code = 'ORG' for update", {"parent": {"code": "ORG"}}),
    ],
    ids=["a code", "a record that is referred to"],
)
async def test_who_waits_for_what_another_holds_delays_nobody_else(
    client: httpx.AsyncClient, database_address: str, held: str, waits: dict[str, Any]
) -> None:
    await make.record(client, "organisations", code="ORG")
    bodies = [await make.body(client, "organisations") for _ in range(MANY)]
    bodies[MANY // 2] |= waits
    holder = await asyncpg.connect(database_address)
    await holder.execute("begin")
    await holder.execute(held)
    creates = [asyncio.create_task(client.post("/v1/organisations", json=body)) for body in bodies]
    done, left = await asyncio.wait(creates, timeout=1.5)
    assert left == {creates[MANY // 2]}
    assert {each.result().status_code for each in done} == {201}
    await holder.execute("rollback")
    assert (await creates[MANY // 2]).status_code == 201
    await holder.close()


@pytest.mark.parametrize(("much", "most"), [(8_000, 4), (1_000, 1)])
async def test_what_is_much_does_not_go_together(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, sent: list[str], much: int, most: int
) -> None:
    """A statement has the same time for one record and for many."""
    monkeypatch.setattr(group_commit, "_MUCH", much)
    large = {number: event(number, summary="x" * 1_900) for number in range(MANY)}
    sent.clear()
    made = await at_once(client.post("/v1/events", json=body) for body in large.values())
    assert {each.status_code for each in made} == {201}
    assert all(trip.count("::bytea") <= most for trip in sent)
    sent.clear()
    changed = await at_once(
        client.patch(each.headers["Location"], json={"city": "Hanoi"}, headers=told(number))
        for number, each in enumerate(made)
    )
    assert {each.status_code for each in changed} == {200}
    assert not shared(sent)


async def test_an_idempotency_key_answers_for_its_own_request(
    client: httpx.AsyncClient, sent: list[str]
) -> None:
    def asked() -> Iterable[Awaitable[httpx.Response]]:
        return (
            client.post("/v1/events", json=event(number), headers={"Idempotency-Key": f"K{number}"})
            for number in range(MANY)
        )

    made = await at_once(asked())
    assert shared(sent)
    again = await at_once(asked())
    assert [each.json() for each in again] == [each.json() for each in made]
    assert [each.headers["Location"] for each in again] == [each.headers["Location"] for each in made]
    assert {each.headers.get("Idempotency-Replayed") for each in again} == {"true"}
    assert await count(client) == MANY


async def test_one_idempotency_key_makes_one_record(client: httpx.AsyncClient) -> None:
    made = await at_once(
        client.post("/v1/events", json=event(number // 3), headers={"Idempotency-Key": f"K{number // 3}"})
        for number in range(MANY)
    )
    assert {each.status_code for each in made} <= {201, 409}
    assert await count(client) == MANY / 3


async def test_callers_do_not_share_a_transaction(cast: Cast, database_address: str) -> None:
    who = (cast.thailand_editor, cast.japan_editor)
    made = await at_once(
        who[number % 2].post("/v1/events", json=event(number), headers=told(number)) for number in range(MANY)
    )
    assert [each.json()["owner"] for each in made] == ["TH", "JP"] * (MANY // 2)
    keys: dict[int, set[object]] = {0: set(), 1: set()}
    for row in await rows_of(database_address, _ENTRIES):
        keys[int(row["request_id"].removeprefix("g-")) % 2].add(row["key_id"])
    assert [len(each) for each in keys.values()] == [1, 1]
    assert keys[0] != keys[1]


async def test_what_belongs_to_others_is_refused_to_its_request_alone(cast: Cast) -> None:
    events = [
        await make.record((cast.thailand_editor, cast.japan_editor)[number % 4 == 3], "events")
        for number in range(MANY)
    ]
    changed = await at_once(
        cast.thailand_editor.patch(f"/v1/events/{each['id']}", json={"city": "Hanoi"}) for each in events
    )
    assert [each.status_code for each in changed] == [200, 200, 200, 403] * (MANY // 4)


async def test_a_change_that_changes_more_than_its_record_has_both_in_its_entry(
    client: httpx.AsyncClient, database_address: str
) -> None:
    """A code that an activity is given late appears in the events that name it."""
    activities = [await make.record(client, "activities") for _ in range(MANY)]
    for each in activities[::6]:
        await make.record(client, "events", activities=[{"id": each["id"], "link": "stated"}])
    changed = await at_once(
        client.patch(f"/v1/activities/{each['id']}", json={"code": f"X.{number}"}, headers=told(number))
        for number, each in enumerate(activities)
    )
    assert {each.status_code for each in changed} == {200}
    entries = await rows_of(database_address, _ENTRIES)
    changes = {row["request_id"]: row["changes"] for row in entries}
    assert changes == {f"g-{number}": 1 if number % 6 else 2 for number in range(MANY)}


async def test_what_nobody_waits_for_any_more_is_not_written(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, goes_on = asyncio.Event(), asyncio.Event()
    create = grouped.create

    async def slowly(*given: Any) -> Any:
        begun.set()
        await goes_on.wait()
        return await create(*given)

    monkeypatch.setattr(grouped, "create", slowly)
    creates = [asyncio.create_task(client.post("/v1/events", json=event(number))) for number in range(MANY)]
    await begun.wait()
    leaves = creates.pop()
    leaves.cancel()
    await asyncio.gather(leaves, return_exceptions=True)
    goes_on.set()
    assert {each.status_code for each in await asyncio.gather(*creates)} == {201}
    titles = [each["title"] for each in (await client.get("/v1/events?limit=100")).json()["items"]]
    assert sorted(titles) == sorted(event(number)["title"] for number in range(MANY - 1))


async def test_a_dry_run_writes_nothing_beside_those_that_write(client: httpx.AsyncClient) -> None:
    made = await at_once(
        client.post("/v1/events", json=event(number), params={"dry_run": str(number % 2 == 0).lower()})
        for number in range(MANY)
    )
    assert [each.headers.get("Dry-Run") for each in made] == ["true", None] * (MANY // 2)
    assert await count(client) == MANY / 2


@pytest.mark.parametrize(
    "beside",
    [
        "update events set city = 'Bali'",
        "delete from events",
        "insert into areas (number, title) values (901, 'A')",
    ],
)
async def test_a_group_changes_only_the_records_that_its_requests_name(
    client: httpx.AsyncClient, database_address: str, beside: str
) -> None:
    events = [await make.record(client, "events") for _ in range(2)]
    requests = f'{{"{events[0]["id"]}": ["g-1", null]}}'
    with pytest.raises(asyncpg.ObjectNotInPrerequisiteStateError):
        await rows_of(
            database_address,
            f"""do $$ begin
              perform set_config('register.requests', '{requests}', true);
              {beside};
            end $$""",
        )


async def test_records_that_are_put_at_the_same_time_are_put_as_alone(
    client: httpx.AsyncClient, database_address: str, sent: list[str]
) -> None:
    async def put(city: str, one: str = "moj") -> list[httpx.Response]:
        return await at_once(
            client.put(
                f"/v1/events/by-key/{one}/{number}", json=event(number, city=city), headers=told(number)
            )
            for number in range(MANY)
        )

    made = await put("Hanoi")
    sent.clear()
    updated, unchanged = await put("Bali"), await put("Bali")
    assert 0 < sum(trip.endswith("commit") for trip in sent) < MANY
    for result, status, answers in (
        ("created", 201, made),
        ("updated", 200, updated),
        ("unchanged", 200, unchanged),
    ):
        assert {(each.status_code, each.headers["Write-Result"]) for each in answers} == {(status, result)}
    assert [each.json()["id"] for each in unchanged] == [each.json()["id"] for each in made]
    assert {each.json()["city"] for each in unchanged} == {"Bali"}
    systems = await rows_of(
        database_address,
        "select h.system, h.action, count(*) from changes h join commits c on c.number = h.commit_number "
        "where c.request_id like 'g-%' group by 1, 2 order by 2",
    )
    assert [tuple(row) for row in systems] == [("moj", "create", MANY), ("moj", "update", MANY)]


async def test_a_record_of_several_own_keys_is_put_under_each(
    client: httpx.AsyncClient, database_address: str
) -> None:
    keys = [f"moj:{number}" for number in range(MANY)]
    made = await make.record(client, "events", keys=keys)
    put = await at_once(
        client.put(f"/v1/events/by-key/moj/{number}", json={"city": f"City {number}"}, headers=told(number))
        for number in range(MANY)
    )
    assert {each.status_code for each in put} == {200}
    assert sorted(each.json()["version"] for each in put) == list(range(2, MANY + 2))
    versions = {row["request_id"]: row["version"] for row in await rows_of(database_address, _ENTRIES)}
    assert versions == {f"g-{number}": each.json()["version"] for number, each in enumerate(put)}
    last = (await client.get(f"/v1/events/{made['id']}")).json()
    assert last["city"] == next(each.json()["city"] for each in put if each.json()["version"] == MANY + 1)


async def test_each_change_of_a_group_has_a_commit_whose_number_nobody_chooses(
    client: httpx.AsyncClient, database_address: str
) -> None:
    """Settings are not believed: or the one who comes to that number next could not write."""
    events = [await make.record(client, "events") for _ in range(2)]
    requests = json.dumps({each["id"]: [f"g-{number}", None] for number, each in enumerate(events)})
    connection = await asyncpg.connect(database_address, server_settings={"role": APP_ROLE})
    last = await connection.fetchval("select max(number) from commits")
    async with connection.transaction():
        await connection.execute(
            """select set_config('register.role', 'secretariat', true),
            set_config('register.commit', $1, true), set_config('register.requests', $2, true)""",
            str(last + 4),
            requests,
        )
        await connection.execute("update events set city = 'Hanoi'")
    await connection.close()
    entries = await rows_of(database_address, _ENTRIES)
    assert sorted((row["request_id"], row["changes"]) for row in entries) == [("g-0", 1), ("g-1", 1)]
    for _ in range(4):
        await make.record(client, "events")


async def test_those_of_a_group_are_announced_once(
    client: httpx.AsyncClient, database_address: str, sent: list[str]
) -> None:
    """The end of the journal is moved once for all of them."""
    heard: list[int] = []
    told_all = asyncio.Event()
    connection = await asyncpg.connect(database_address)
    before = await connection.fetchval("select position from journal_head")

    def hear(*announced: Any) -> None:
        heard.append(int(announced[-1]))
        if heard[-1] == before + MANY:
            told_all.set()

    await connection.add_listener(CHANNEL, hear)
    sent.clear()
    await at_once(client.post("/v1/events", json=event(number)) for number in range(MANY))
    async with asyncio.timeout(5):
        await told_all.wait()
    await connection.close()
    assert len(heard) == sum(trip.endswith("commit") for trip in sent) < MANY / 2
    assert heard == sorted(set(heard))


async def test_each_of_a_group_is_placed_also_if_a_savepoint_holds_it(
    client: httpx.AsyncClient, database_address: str
) -> None:
    events = [await make.record(client, "events") for _ in range(4)]
    requests = json.dumps({each["id"]: [f"g-{number}", None] for number, each in enumerate(events)})
    change = "update events set city = 'Hanoi' where id = $1"
    connection = await asyncpg.connect(database_address)
    async with connection.transaction():
        await connection.execute("select set_config('register.requests', $1, true)", requests)
        await connection.execute(change, events[0]["id"])
        async with connection.transaction():
            await connection.execute(change, events[1]["id"])
            await connection.execute(change, events[2]["id"])
        await connection.execute(change, events[3]["id"])
    assert (await verify(connection)).broken_at is None
    await connection.close()
    entries = await rows_of(database_address, _ENTRIES)
    assert sorted(row["request_id"] for row in entries) == ["g-0", "g-1", "g-2", "g-3"]
    assert [row["position"] for row in entries] == sorted({row["position"] for row in entries})


async def test_a_commit_that_a_savepoint_continues_is_placed_whole(
    client: httpx.AsyncClient, database_address: str
) -> None:
    """Also beside those of a group, which only somebody with psql can do."""
    events = [await make.record(client, "events") for _ in range(3)]
    change = "update events set city = 'Hanoi' where id = $1"
    connection = await asyncpg.connect(database_address)
    async with connection.transaction():
        await connection.execute(
            "select set_config('register.requests', $1, true)", json.dumps({events[0]["id"]: ["g-0", None]})
        )
        await connection.execute(change, events[0]["id"])
        await connection.execute("select set_config('register.requests', '', true)")
        await connection.execute(change, events[1]["id"])
        async with connection.transaction():
            await connection.execute(change, events[2]["id"])
        await connection.execute("select set_config('register.requests', '{}', true)")
    assert (await verify(connection)).broken_at is None
    await connection.close()
    last = await rows_of(database_address, "select changes from commits order by position desc limit 2")
    assert [row["changes"] for row in last] == [2, 1]
