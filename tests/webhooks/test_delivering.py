"""What is promised of deliveries: each change once, signed, in order of its record, whatever receivers do."""

import asyncio
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import httpx
import pytest
from standardwebhooks import Webhook as Verifier

from app.webhooks import outbox
from tests import make
from tests.cast import Cast
from tests.conftest import on
from tests.webhooks.conftest import log, subscribe
from tests.webhooks.receiver import (
    CUT,
    ENDLESS,
    GARBAGE,
    HEADERS,
    SILENT,
    Receiver,
    always,
    status,
    then_well,
)


async def until(told: Callable[[], Any], seconds: float = 30) -> Any:
    """What is told, once it is true."""
    async with asyncio.timeout(seconds):
        while not (found := await told()):  # noqa: ASYNC110  (what another process knows)
            await asyncio.sleep(0.02)
    return found


async def finished(client: httpx.AsyncClient, webhook: dict[str, Any]) -> list[dict[str, Any]]:
    """The log, once nothing waits."""

    async def nothing_waits() -> list[dict[str, Any]] | None:
        entries = await log(client, webhook)
        return entries if entries and all(each["state"] != "pending" for each in entries) else None

    return await until(nothing_waits)


@pytest.fixture
async def goal(client: httpx.AsyncClient) -> dict[str, Any]:
    return await make.record(client, "goals")


async def test_every_change_is_posted_thin_and_signed_in_order(
    client: httpx.AsyncClient, receiver: Receiver
) -> None:
    webhook = await subscribe(client, receiver, "/all")
    made = await make.record(client, "goals", title="Secret until read")
    address = f"/v1/goals/{made['id']}"
    await client.patch(address, json={"title": "Changed"})
    await client.patch(address, json={"title": "Changed"})  # nothing new: nothing to tell
    await client.delete(address)
    calls = await receiver.until("/all", 3)
    events = [call.event for call in calls]
    assert [each["action"] for each in events] == ["create", "update", "delete"]
    assert [each["version"] for each in events] == [1, 2, 2]
    assert events[0] == {
        "type": "goals.create", "position": events[0]["position"], "kind": "goals", "id": made["id"], "version": 1,
        "action": "create", "at": events[0]["at"], "href": f"http://register.test{address}",
    }  # fmt: skip
    for call in calls:
        Verifier(webhook["secret"]).verify(call.body, call.headers)
        assert call.headers["content-type"] == "application/json"
    entries = await finished(client, webhook)
    assert [each["webhook_id"] for each in entries] == [call.headers["webhook-id"] for call in calls]
    assert {(each["state"], each["status"], each["attempts"]) for each in entries} == {("delivered", 204, 1)}
    assert [each["event"] for each in entries] == events


async def test_an_import_sends_one_event_for_each_changed_row(
    client: httpx.AsyncClient, receiver: Receiver
) -> None:
    rows = [{"number": number, "title": f"Goal {number}"} for number in range(1, 21)]
    await client.post("/v1/goals/bulk", json=rows)
    await subscribe(client, receiver, "/rows")
    rows[3]["title"] = rows[7]["title"] = "Changed"
    await client.post("/v1/goals/bulk?match=number", json=[*rows, {"number": 21, "title": "New"}])
    calls = await receiver.until("/rows", 3)
    await asyncio.sleep(0.1)
    assert sorted(call.event["action"] for call in calls) == ["create", "update", "update"]


async def test_only_what_was_asked_for_is_sent(client: httpx.AsyncClient, receiver: Receiver) -> None:
    await subscribe(
        client, receiver, "/some", kinds=["events", "countries"], country="TH", actions=["create"]
    )
    await make.record(client, "countries", code="JP", alpha3="JPN")
    await make.record(client, "countries", code="TH", alpha3="THA")
    await make.record(client, "goals")
    await make.record(client, "events", country="JP")
    event = await make.record(client, "events", country="TH")
    await client.patch(f"/v1/events/{event['id']}", json={"title": "Changed"})
    calls = await receiver.until("/some", 2)
    await asyncio.sleep(0.1)
    assert {call.event["type"] for call in calls} == {"countries.create", "events.create"}
    assert event["id"] in {call.event["id"] for call in calls}


async def test_a_record_that_leaves_the_country_asked_for_is_told_once_more(
    client: httpx.AsyncClient, receiver: Receiver
) -> None:
    """Or who follows a country keeps what has long become another's."""
    await subscribe(client, receiver, "/th", country="TH")
    shared = await make.record(client, "events", countries=["TH", "LA"])
    moved = await make.record(client, "focal-points", country="TH")
    for changed in ({"countries": ["LA"]}, {"title": "Not of Thailand"}, {"countries": ["TH"]}):
        await client.patch(f"/v1/events/{shared['id']}", json=changed)
    await client.patch(f"/v1/focal-points/{moved['id']}", json={"country": "LA"})
    calls = await receiver.until("/th", 5)
    await asyncio.sleep(0.1)
    told = sorted((call.event["position"], call.event["id"], call.event["version"]) for call in calls)
    assert [each[1:] for each in told] == [
        (shared["id"], 1), (moved["id"], 1), (shared["id"], 2), (shared["id"], 4), (moved["id"], 2),
    ]  # fmt: skip


async def test_an_event_is_tried_until_it_is_taken(client: httpx.AsyncClient, receiver: Receiver) -> None:
    """500, cut off, garbage, silence, 503 and 429 with a time to wait, a redirect: one id, fresh timestamps."""
    receiver.answers["/hard"] = then_well(
        always(500), CUT, GARBAGE, SILENT, always(302, f"location: {receiver.url('/canary')}"),
        always(503, "retry-after: 0"), always(429, "retry-after: 1"),
    )  # fmt: skip
    webhook = await subscribe(client, receiver, "/hard")
    await make.record(client, "goals")
    calls = await receiver.until("/hard", 8)
    assert len({call.headers["webhook-id"] for call in calls}) == 1
    assert calls[7].at - calls[6].at >= 1
    assert int(calls[7].headers["webhook-timestamp"]) > int(calls[0].headers["webhook-timestamp"])
    for call in calls:
        Verifier(webhook["secret"]).verify(call.body, call.headers)
    (entry,) = await finished(client, webhook)
    assert (entry["state"], entry["attempts"], entry["result"]) == ("delivered", 8, "delivered")
    assert receiver.calls["/canary"] == []
    assert (await client.get(f"/v1/webhooks/{webhook['id']}")).json()["failing_since"] is None


@pytest.mark.parametrize("service", [{"webhook_timeout": 15}], indirect=True)
async def test_bad_receivers_hold_nobody_back(client: httpx.AsyncClient, receiver: Receiver) -> None:
    bad = {
        "/silent": SILENT,
        "/500": always(500),
        "/410": always(410),
        "/302": always(302),
        "/endless": ENDLESS,
    }
    receiver.answers |= bad | {"/headers": HEADERS}
    hooks = {path: await subscribe(client, receiver, path) for path in [*bad, "/headers", "/good"]}
    await asyncio.gather(*(make.record(client, "goals") for _ in range(6)))
    calls = await receiver.until("/good", 6, seconds=12)
    assert len({call.headers["webhook-id"] for call in calls}) == 6
    assert len(receiver.calls["/silent"]) <= outbox.TOGETHER

    async def results() -> dict[str, Any] | None:
        found = {path: await log(client, hooks[path]) for path in [*bad, "/headers"][1:]}
        # The first that came to an end: who says 410 is not asked again, and the others never end.
        told = {
            path: [each["result"] for each in entries if each["result"]] for path, entries in found.items()
        }
        return {path: results[0] for path, results in told.items()} if all(told.values()) else None

    assert await until(results) == {
        "/500": "failed", "/410": "gone", "/302": "redirected", "/endless": "delivered", "/headers": "cut_off",
    }  # fmt: skip
    assert receiver.written < 6 * 8 << 20  # what stands in the buffers of the kernel, and no more
    receiver.over.set()


async def test_a_stuck_record_waits_alone_and_keeps_its_order(
    client: httpx.AsyncClient, receiver: Receiver
) -> None:
    stuck = (await make.record(client, "goals"))["id"]
    open_ = asyncio.Event()
    receiver.answers["/order"] = lambda call, _: status(
        500 if call.event["id"] == stuck and not open_.is_set() else 200
    )
    await subscribe(client, receiver, "/order", actions=["update"])
    other = (await make.record(client, "goals"))["id"]
    for title in ("one", "two", "three"):
        await client.patch(f"/v1/goals/{stuck}", json={"title": title})
        await client.patch(f"/v1/goals/{other}", json={"title": title})

    async def other_is_through() -> bool:
        return [c.event["version"] for c in receiver.calls["/order"] if c.event["id"] == other] == [2, 3, 4]

    await until(other_is_through)
    assert {call.event["version"] for call in receiver.calls["/order"] if call.event["id"] == stuck} == {2}
    open_.set()
    await receiver.until("/order", len(receiver.calls["/order"]) + 3)
    versions = [call.event["version"] for call in receiver.calls["/order"] if call.event["id"] == stuck]
    assert sorted(versions) == versions
    assert set(versions) == {2, 3, 4}


async def test_gone_means_gone(cast: Cast, receiver: Receiver) -> None:
    receiver.answers["/gone"] = then_well(always(410))
    webhook = await subscribe(cast.reader, receiver, "/gone")
    goal = await make.record(cast.secretariat, "goals")
    await cast.secretariat.patch(f"/v1/goals/{goal['id']}", json={"title": "Changed"})
    await receiver.until("/gone", 1)

    async def disabled() -> Any:
        told = (await cast.reader.get(f"/v1/webhooks/{webhook['id']}")).json()
        return told if told["state"] == "disabled" else None

    told = await until(disabled)
    assert told["disabled_reason"] == "The receiver answered 410 Gone."
    assert told["pending"] == 0
    resumed = await cast.reader.patch(f"/v1/webhooks/{webhook['id']}", json={"state": "active"})
    assert resumed.json()["disabled_reason"] is None
    await cast.secretariat.patch(f"/v1/goals/{goal['id']}", json={"title": "Again"})
    calls = await receiver.until("/gone", 2)
    assert calls[-1].event["version"] >= 2


@pytest.mark.parametrize("service", [{"webhook_failing_days": 1e-6}], indirect=True)
async def test_who_fails_for_days_is_disabled_with_the_reason(
    client: httpx.AsyncClient, receiver: Receiver
) -> None:
    receiver.answers["/down"] = always(500)
    webhook = await subscribe(client, receiver, "/down")
    await make.record(client, "goals")

    async def disabled() -> Any:
        told = (await client.get(f"/v1/webhooks/{webhook['id']}")).json()
        return told if told["state"] == "disabled" else None

    assert (await until(disabled))[
        "disabled_reason"
    ] == "No attempt has succeeded for days; the last one: failed."
    receiver.answers["/down"] = always(200)
    await client.patch(f"/v1/webhooks/{webhook['id']}", json={"state": "active"})
    assert [each["state"] for each in await finished(client, webhook)] == ["delivered"]


@pytest.mark.parametrize("service", [{"webhook_retries": (0, 0.01)}], indirect=True)
async def test_an_event_that_is_given_up_lets_the_next_go_and_can_be_replayed(
    client: httpx.AsyncClient, receiver: Receiver, goal: dict[str, Any]
) -> None:
    receiver.answers["/lost"] = then_well(always(400), always(400))
    webhook = await subscribe(client, receiver, "/lost")
    for title in ("one", "two"):
        await client.patch(f"/v1/goals/{goal['id']}", json={"title": title})
    entries = await finished(client, webhook)
    assert [(each["state"], each["attempts"], each["status"]) for each in entries] == [
        ("given_up", 2, 400), ("delivered", 1, 204),
    ]  # fmt: skip
    assert await log(client, webhook, state="given_up") == entries[:1]
    position = entries[0]["event"]["position"]
    again = await client.post(f"/v1/webhooks/{webhook['id']}/replay", json={"from_position": position})
    assert again.json() == {"from_position": position, "to_position": position + 1, "replayed": 2}
    wrong = await client.post(
        f"/v1/webhooks/{webhook['id']}/replay", json={"from_position": position, "to_position": position - 1}
    )
    assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (422, "/to_position")
    calls = await receiver.until("/lost", 5)
    assert [call.event["version"] for call in calls] == [2, 2, 3, 2, 3]
    assert calls[3].headers["webhook-id"] == calls[0].headers["webhook-id"]


async def test_a_pause_loses_nothing_and_the_past_can_be_asked_for(
    client: httpx.AsyncClient, receiver: Receiver, goal: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What waits for a receiver that is away stays in the journal; only so much of it is put into the outbox."""
    monkeypatch.setattr(outbox, "STEP", 5)
    webhook = await subscribe(client, receiver, "/paused", from_position=0)
    await receiver.until("/paused", 1)
    address = f"/v1/webhooks/{webhook['id']}"
    assert (await client.patch(address, json={"state": "paused"})).json()["state"] == "paused"
    await client.post("/v1/goals/bulk", json=[{"number": number, "title": "x"} for number in range(1, 31)])
    await asyncio.sleep(0.1)
    assert len(receiver.calls["/paused"]) == 1
    await client.patch(address, json={"state": "active"})
    calls = await receiver.until("/paused", 31)
    assert {call.event["id"] for call in calls} >= {goal["id"]}
    assert len({call.event["position"] for call in calls}) == 31


async def test_after_a_rotation_both_secrets_sign_for_a_day(
    client: httpx.AsyncClient, receiver: Receiver, database_address: str
) -> None:
    webhook = await subscribe(client, receiver, "/rotated")
    rotated = (await client.post(f"/v1/webhooks/{webhook['id']}/rotate-secret")).json()
    assert rotated["secret"] != webhook["secret"]
    await make.record(client, "goals")
    (call,) = await receiver.until("/rotated", 1)
    for secret in (webhook["secret"], rotated["secret"]):
        Verifier(secret).verify(call.body, call.headers)
    await _day_later(database_address)
    await make.record(client, "goals")
    call = (await receiver.until("/rotated", 2))[1]
    assert len(call.headers["webhook-signature"].split(" ")) == 1
    Verifier(rotated["secret"]).verify(call.body, call.headers)


async def test_who_rotates_again_before_the_day_is_over_still_reads_what_comes(
    client: httpx.AsyncClient, receiver: Receiver, database_address: str
) -> None:
    """As who has lost the answer that held the secret, and has only the first one."""
    webhook = await subscribe(client, receiver, "/twice")
    address = f"/v1/webhooks/{webhook['id']}/rotate-secret"
    rotated = [(await client.post(address)).json()["secret"] for _ in range(2)]
    await make.record(client, "goals")
    (call,) = await receiver.until("/twice", 1)
    for secret in (webhook["secret"], *rotated):
        Verifier(secret).verify(call.body, call.headers)
    await _day_later(database_address)
    await client.post(address)
    await make.record(client, "goals")
    call = (await receiver.until("/twice", 2))[1]
    assert len(call.headers["webhook-signature"].split(" ")) == 2  # the last one of before, and no older one
    for _ in range(12):
        await client.post(address)
    await make.record(client, "goals")
    call = (await receiver.until("/twice", 3))[2]
    assert len(call.headers["webhook-signature"].split(" ")) == 10


_SET_BACK = """with gone as (delete from commits where position = $1 returning number)
delete from changes using gone where commit_number = number"""
_HEAD_BACK = """update journal_head h set (position, at, hash) = (select c.position, c.at, c.hash from commits c
order by c.position desc nulls last limit 1)"""


async def test_what_takes_the_place_of_a_change_that_a_restore_has_lost_is_another(
    client: httpx.AsyncClient, receiver: Receiver, database_address: str
) -> None:
    await make.record(client, "goals")
    webhook = await subscribe(client, receiver, "/restored")
    await make.record(client, "goals")
    (lost,) = await receiver.until("/restored", 1)
    await finished(client, webhook)
    operator = await asyncpg.connect(on(urlsplit(database_address).path.removeprefix("/"), superuser=True))
    await operator.execute("set session_replication_role = replica")
    await operator.execute(_SET_BACK, lost.event["position"])
    await operator.execute(_HEAD_BACK)
    await operator.execute("delete from webhook_deliveries")
    await operator.execute("update webhook_lanes set position = $1", lost.event["position"] - 1)
    await operator.close()
    await make.record(client, "goals")
    _, new = await receiver.until("/restored", 2)
    assert new.event["position"] == lost.event["position"]
    assert new.headers["webhook-id"] != lost.headers["webhook-id"]


async def _day_later(address: str) -> None:
    connection = await asyncpg.connect(address)
    await connection.execute(
        "update webhooks set former_secret_until = former_secret_until - interval '24 hours'"
    )
    await connection.close()


async def test_a_test_pings_and_says_what_came_of_it(client: httpx.AsyncClient, receiver: Receiver) -> None:
    receiver.answers["/ping"] = then_well(always(302, "location: http://169.254.169.254/"), SILENT)
    webhook = await subscribe(client, receiver, "/ping")
    told = [(await client.post(f"/v1/webhooks/{webhook['id']}/test")).json() for _ in range(3)]
    assert [(each["delivered"], each["result"], each["status"]) for each in told] == [
        (False, "redirected", 302), (False, "timed_out", None), (True, "delivered", 204),
    ]  # fmt: skip
    call = receiver.calls["/ping"][2]
    Verifier(webhook["secret"]).verify(call.body, call.headers)
    assert call.event["type"] == "ping"
    assert call.headers["webhook-id"] == told[2]["webhook_id"]
    assert await log(client, webhook) == []
