"""The feed tells every change once, in the order of the commits, and lets a follower see that it has them all."""

import asyncio
from typing import Any

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from app.api import COLLECTIONS
from app.changes.reading import Feed, Page
from tests import make
from tests.cast import Cast


async def page(client: httpx.AsyncClient, after: int = 0, **asked: Any) -> dict[str, Any]:
    answer = await client.get("/v1/changes", params={"after": after, **asked})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    told = len(found["items"]) + found["withheld"] + found["other_kinds"]
    assert told == found["next_after"] - after, "positions have no holes"
    return found


async def head(client: httpx.AsyncClient) -> int:
    return int((await page(client))["head"])


async def test_every_write_is_told_in_order_with_what_it_did(cast: Cast) -> None:
    client = cast.secretariat
    begin = await head(client)
    made = await make.record(client, "organisations", code="A")
    await client.patch("/v1/organisations/A", json={"name": "Another"})
    await client.patch("/v1/organisations/A", json={"name": "Another"})  # the same again: nothing is written
    await client.post("/v1/organisations?dry_run=true", json=await make.body(client, "organisations"))
    await client.delete("/v1/organisations/A")
    await client.post(f"/v1/organisations/{made['id']}/restore")
    found = await page(client, begin)
    assert [(each["action"], each["version"]) for each in found["items"]] == [
        ("create", 1), ("update", 2), ("delete", 2), ("restore", 3),
    ]  # fmt: skip
    assert [each["position"] for each in found["items"]] == [begin + 1, begin + 2, begin + 3, begin + 4]
    assert {each["id"] for each in found["items"]} == {made["id"]}
    assert found["next_after"] == found["head"] == begin + 4
    assert found["next"] is None
    assert all(each["by_me"] and each["request_id"] for each in found["items"])
    others = await page(cast.reader, begin)
    assert not any(each["by_me"] or each["request_id"] for each in others["items"])
    empty = await page(client, begin + 4)
    assert (empty["items"], empty["next_after"]) == ([], begin + 4)


async def test_an_import_of_n_changed_rows_leaves_n_changes(client: httpx.AsyncClient) -> None:
    rows = [{"code": f"B-{number}", "name": "Body", "kind": "ministry"} for number in range(5)]
    await client.post("/v1/organisations/bulk", json=rows)
    begin = await head(client)
    rows[1]["name"] = rows[4]["name"] = "Renamed"
    await client.post("/v1/organisations/bulk?match=code", json=rows)
    found = await page(client, begin)
    assert [each["action"] for each in found["items"]] == ["update", "update"]


async def test_pages_follow_each_other_through_a_commit_of_many(client: httpx.AsyncClient) -> None:
    begin = await head(client)
    rows = [{"code": f"B-{number}", "name": "Body", "kind": "ministry"} for number in range(7)]
    await client.post("/v1/organisations/bulk", json=rows)
    await make.record(client, "areas")
    found = await page(client, begin, limit=3)
    told = [each["position"] for each in found["items"]]
    while found["next"]:
        found = (await client.get(found["next"])).json()
        told += [each["position"] for each in found["items"]]
    assert told == list(range(begin + 1, begin + 9))


async def test_include_record_is_the_record_as_the_register_answered_it(seeded: httpx.AsyncClient) -> None:
    found = await page(seeded, limit=1000, include="record")
    lists: dict[str, Any] = {}
    for kind in {each["kind"] for each in found["items"]} - {"plan"}:
        answer = await seeded.get(f"/v1/{kind}", params={"limit": 1000})
        lists[kind] = {each["id"]: each for each in answer.json()["items"]}
    assert len(found["items"]) > 150
    for each in found["items"]:
        if each["kind"] != "plan":
            assert each["record"] == lists[each["kind"]][each["id"]]


async def test_a_record_is_told_as_it_was_then(client: httpx.AsyncClient) -> None:
    begin = await head(client)
    lead = await make.record(client, "organisations", code="LEAD")
    made = await make.record(client, "activities", lead={"code": "LEAD"}, title="At first")
    await client.patch(f"/v1/activities/{made['id']}", json={"lead": None, "title": "Later"})
    await client.delete("/v1/organisations/LEAD")
    found = await page(client, begin, include="record", kinds="activities,organisations")
    first, then = (each["record"] for each in found["items"] if each["kind"] == "activities")
    assert first == made
    assert first["lead"] == {"id": lead["id"], "code": "LEAD"}, "what is gone keeps its key"
    assert (then["lead"], then["title"], then["version"]) == (None, "Later", 2)
    assert found["items"][-1]["action"] == "delete"
    assert found["items"][-1]["record"] is None


async def test_a_page_is_one_statement(client: httpx.AsyncClient, statements: Any) -> None:
    await make.record(client, "activities")
    await page(client, include="record")
    assert len([each for each in statements.sql if "changes" in each]) == 1


async def test_some_kinds_are_told_and_the_others_counted(client: httpx.AsyncClient) -> None:
    begin = await head(client)
    for path in ("areas", "goals", "areas", "countries"):
        await make.record(client, path)
    found = await page(client, begin, kinds="areas,countries")
    assert [each["kind"] for each in found["items"]] == ["areas", "areas", "countries"]
    assert found["other_kinds"] == 1
    assert (await page(client, begin, kinds="areas", limit=1))["next_after"] == begin + 1
    assert (await page(client, begin, kinds="events"))["next_after"] == begin + 4


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"kinds": "activites"}, "unknown"),
        ({"after": "-1"}, "unreadable"),
        ({"limit": "0"}, "unreadable"),
        ({"wait": "31"}, "unreadable"),
        ({"include": "all"}, "unknown"),
        ({"since": "1"}, "unknown_parameter"),
        ({"after": "900000"}, "beyond_head"),
    ],
)
async def test_what_is_not_known_is_refused(
    client: httpx.AsyncClient, asked: dict[str, str], code: str
) -> None:
    answer = await client.get("/v1/changes", params=asked)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["code"] == code


async def test_a_misspelt_kind_is_met_with_a_suggestion(client: httpx.AsyncClient) -> None:
    answer = await client.get("/v1/changes?kinds=activites")
    assert answer.json()["errors"][0]["did_you_mean"][0] == "activities"


async def test_a_position_older_than_the_feed_reaches_back_is_gone_with_a_way_to_restart(
    client: httpx.AsyncClient, database_address: str
) -> None:
    for _ in range(2):
        await make.record(client, "areas")
    connection = await asyncpg.connect(database_address)
    await connection.execute("alter table commits disable trigger keep_commits")
    await connection.execute("update commits set at = at - interval '401 days'")
    await connection.execute("alter table commits enable trigger keep_commits")
    await connection.close()
    await make.record(client, "areas")
    answer = await client.get("/v1/changes?after=1")
    assert answer.status_code == 410
    gone = answer.json()
    assert len((await page(client, gone["resume_after"]))["items"]) == 1
    again = await client.get(gone["restart"])
    assert int(again.headers["Position"]) == await head_of(client, gone["resume_after"])
    assert (await client.get("/v1/changes/stream?after=1")).status_code == 410


async def head_of(client: httpx.AsyncClient, after: int) -> int:
    return int((await page(client, after))["head"])


async def test_what_is_the_same_is_not_sent_again(client: httpx.AsyncClient) -> None:
    await make.record(client, "areas")
    first = await client.get("/v1/changes")
    again = await client.get("/v1/changes", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    await make.record(client, "areas")
    more = await client.get("/v1/changes", headers={"If-None-Match": first.headers["ETag"]})
    assert more.status_code == 200


async def test_what_may_not_be_seen_is_withheld_hidden_or_new_and_always_counted(cast: Cast) -> None:
    begin = await head(cast.anonymous)
    made = await make.record(cast.japan_editor, "events", visibility="own")
    followed, told = begin, []
    for visibility in ("public", "partners", "own", "public", "own"):
        change = {"visibility": visibility, "note": visibility}
        assert (await cast.japan_editor.patch(f"/v1/events/{made['id']}", json=change)).status_code == 200
        found = await page(cast.anonymous, followed, include="record")
        assert found["next_after"] - followed == len(found["items"]) + found["withheld"]
        told += [(each["action"], (each["record"] or {}).get("note")) for each in found["items"]]
        followed = found["next_after"]
    assert told == [("create", "public"), ("hide", None), ("create", "public"), ("hide", None)]
    await cast.japan_editor.delete(f"/v1/events/{made['id']}")
    afterwards = await page(cast.anonymous, begin, include="record")
    assert [each["action"] for each in afterwards["items"]] == ["hide", "hide"]
    assert afterwards["withheld"] == 5
    assert len((await page(cast.japan_editor, begin))["items"]) == 7


async def test_every_collection_is_in_the_feed_and_no_key_is(database_address: str) -> None:
    connection = await asyncpg.connect(database_address)
    seen = "select visible($1, '{}')"
    assert [each.name for each in COLLECTIONS if not await connection.fetchval(seen, each.name)] == []
    assert not await connection.fetchval(seen, "api_keys")
    await connection.close()


async def test_waiting_ends_with_the_first_change_that_fits(
    service: FastAPI, client: httpx.AsyncClient
) -> None:
    begin = await head(client)
    asked = {"after": begin, "kinds": "goals", "wait": 20}
    waiting = asyncio.create_task(client.get("/v1/changes", params=asked))
    await service.state.service.wakeups._wanted.wait()
    await make.record(client, "areas")
    await asyncio.sleep(0.05)
    assert not waiting.done()
    made = await make.record(client, "goals")
    async with asyncio.timeout(10):
        found = (await waiting).json()
    assert [each["id"] for each in found["items"]] == [made["id"]]
    assert (found["next_after"] - begin, found["other_kinds"]) == (2, 1)


async def test_waiting_ends_when_the_service_stops(service: FastAPI, client: httpx.AsyncClient) -> None:
    begin = await head(client)
    waiting = asyncio.create_task(client.get("/v1/changes", params={"after": begin, "wait": 20}))
    await asyncio.sleep(0.05)
    service.state.service.wakeups.end()
    try:
        async with asyncio.timeout(10):
            answer = await waiting
    finally:
        service.state.service.wakeups.ended = False  # for the tests after this one
    assert answer.json() == {
        "items": [], "next_after": begin, "head": begin, "withheld": 0, "other_kinds": 0, "next": None,
    }  # fmt: skip


async def test_a_crowd_that_waits_for_the_same_is_answered_by_one_read(
    client: httpx.AsyncClient, statements: Any
) -> None:
    begin = await head(client)
    asked = {"after": begin, "wait": 20}
    waiting = [asyncio.create_task(client.get("/v1/changes", params=asked)) for _ in range(50)]
    await asyncio.sleep(0.2)
    made = await make.record(client, "areas")
    answers = await asyncio.gather(*waiting)
    assert {each.json()["items"][0]["id"] for each in answers} == {made["id"]}
    assert len([each for each in statements.sql if "changes" in each]) < 10


async def test_who_asks_as_a_read_ends_is_told_what_is_there_now(
    service: FastAPI, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else one who waits for more would be answered the same at once, for ever, and nobody else at all."""
    ended, reads, read = asyncio.Event(), 0, Feed._read

    async def counted(self: Feed, *asked: Any) -> Page:
        nonlocal reads
        page = await read(self, *asked)
        reads += 1
        ended.set()  # wakes the other before anybody learns that this read is done
        return page

    async def at_the_end() -> httpx.Response:
        await ended.wait()
        return await client.get("/v1/changes?after=0")

    monkeypatch.setattr(Feed, "_read", counted)
    second = asyncio.create_task(at_the_end())
    await client.get("/v1/changes?after=0")
    await second
    assert reads == 2


@pytest.mark.parametrize("asked", ["/v1/changes?wait=20&after={}", "/v1/changes/stream?after={}"])
async def test_who_waits_is_told_nothing_after_their_key_was_revoked(
    cast: Cast, client: httpx.AsyncClient, asked: str
) -> None:
    begin = await head(client)
    waiting = asyncio.create_task(cast.reader.get(asked.format(begin)))
    await asyncio.sleep(0.2)
    reader = next(
        each
        for each in (await cast.administrator.get("/v1/keys")).json()["items"]
        if each["name"] == "reader"
    )
    assert (await cast.administrator.delete(f"/v1/keys/{reader['id']}")).status_code == 204
    made = await make.record(client, "areas")
    async with asyncio.timeout(10):
        answer = await waiting
    assert "key-revoked" in answer.text
    assert made["id"] not in answer.text
