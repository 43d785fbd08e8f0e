"""ETags: 304 while nothing changed, another tag as soon as something shown did, the same tag for every caller."""

from datetime import UTC, datetime

import httpx
import pytest
import time_machine

from tests import make
from tests.cast import Cast

ADDRESSES = [*(f"/v1/{path}" for path in make.PATHS), "/v1/events.csv", "/v1/events.ndjson", "/v1/events.json",
             "/v1/events?limit=1&sort=title&expand=goals", "/v1/events/stats?group_by=kind", "/v1/goals/1",
             "/v1/goals/1?expand=events", "/v1/goals/1?fields=title"]  # fmt: skip


async def _some(client: httpx.AsyncClient) -> dict[str, str]:
    goal = await make.record(client, "goals", number=1)
    await make.record(client, "activities", goal={"number": 1})
    event = await make.record(client, "events", goals=[{"number": 1}])
    return {"goals": goal["id"], "events": event["id"]}


@pytest.mark.parametrize("address", ADDRESSES)
async def test_what_is_known_already_is_304_with_one_tag_for_all_who_see_the_same(
    cast: Cast, address: str
) -> None:
    await _some(cast.secretariat)
    people = "persons" in address or "focal-points" in address
    same = (cast.asean_authority, cast.japan_authority) if people else (cast.reader, cast.auditor)
    answers = [await each.get(address) for each in (cast.partner, *same)]
    (tag,) = {answer.headers["etag"] for answer in answers}
    assert not tag.startswith("W/")
    for known in (tag, f'"other", W/{tag}', "*"):
        again = await cast.partner.get(address, headers={"If-None-Match": known})
        assert again.status_code == 304, again.text
        assert again.content == b""
        assert again.headers["etag"] == tag
        assert again.headers["vary"] == answers[0].headers["vary"]
        assert again.headers["cache-control"] == answers[0].headers["cache-control"]
    assert (await cast.partner.get(address, headers={"If-None-Match": '"other"'})).status_code == 200


@pytest.mark.parametrize("address", ["/v1/events", "/v1/events.csv", "/v1/events/stats?group_by=kind"])
async def test_those_who_see_more_have_another_tag(cast: Cast, address: str) -> None:
    await make.record(cast.japan_editor, "events", visibility="own")
    clients = (cast.anonymous, cast.reader, cast.japan_editor, cast.thailand_editor, cast.secretariat)
    tags = [(await each.get(address)).headers["etag"] for each in clients]
    assert len(set(tags)) == len(tags)
    for client, tag in zip(clients, [tags[-1], *tags], strict=False):
        known = await client.get(address, headers={"If-None-Match": tag})
        assert known.status_code == 200


@pytest.mark.parametrize("address", ADDRESSES)
async def test_head_is_get_without_the_body(client: httpx.AsyncClient, address: str) -> None:
    await _some(client)
    got, head = await client.get(address), await client.head(address)
    assert head.status_code == got.status_code == 200
    assert head.content == b""
    own = {"x-request-id", "ratelimit"}
    assert {n: v for n, v in head.headers.items() if n not in own} == {
        n: v for n, v in got.headers.items() if n not in own
    }


@pytest.mark.parametrize(
    "address", [each for each in ADDRESSES if "/goals/1" not in each or "expand" in each]
)
async def test_a_write_that_changes_what_is_shown_changes_the_tag(
    client: httpx.AsyncClient, address: str
) -> None:
    made = await _some(client)
    tag = (await client.get(address)).headers["etag"]
    await client.patch(f"/v1/events/{made['events']}", json={"title": "Another"})
    after = await client.get(address, headers={"If-None-Match": tag})
    assert after.status_code == 200
    assert after.headers["etag"] != tag


async def test_an_item_keeps_its_tag_while_other_records_change(client: httpx.AsyncClient) -> None:
    made = await _some(client)
    tag = (await client.get("/v1/goals/1")).headers["etag"]
    await client.patch(f"/v1/events/{made['events']}", json={"title": "Another"})
    assert (await client.get("/v1/goals/1", headers={"If-None-Match": tag})).status_code == 304
    await client.patch("/v1/goals/1", json={"title": "Another"})
    assert (await client.get("/v1/goals/1", headers={"If-None-Match": tag})).status_code == 200


async def test_an_event_changes_the_tag_of_an_activity_whose_derived_status_it_moves(
    client: httpx.AsyncClient,
) -> None:
    activity = await make.record(client, "activities", code="X.1")
    tag = (await client.get("/v1/activities/X.1")).headers["etag"]
    await make.record(client, "events", activities=[{"code": "X.1"}], start_date="2024-06-24")
    after = await client.get("/v1/activities/X.1", headers={"If-None-Match": tag})
    assert after.status_code == 200
    assert after.json()["derived_status"] != activity["derived_status"]
    assert after.headers["etag"] != tag


@pytest.mark.parametrize("change", [{"code": "X.1"}, {"visibility": "own"}], ids=["code", "hidden"])
async def test_a_record_changes_its_tag_with_what_it_shows_of_another(
    cast: Cast, change: dict[str, str]
) -> None:
    activity = await make.record(cast.secretariat, "activities")
    decision = await make.record(cast.secretariat, "decisions", activity={"id": activity["id"]})
    address = f"/v1/decisions/{decision['id']}"
    tag = (await cast.anonymous.get(address)).headers["etag"]
    await cast.secretariat.patch(f"/v1/activities/{activity['id']}", json=change)
    after = await cast.anonymous.get(address, headers={"If-None-Match": tag})
    assert after.status_code == 200
    assert after.json()["activity"] != decision["activity"]
    assert after.headers["etag"] != tag


async def test_a_tag_read_before_a_change_by_an_event_still_allows_a_write(client: httpx.AsyncClient) -> None:
    await make.record(client, "activities", code="X.1")
    tag = (await client.get("/v1/activities/X.1?expand=events")).headers["etag"]
    await make.record(client, "events", activities=[{"code": "X.1"}])
    answer = await client.patch("/v1/activities/X.1", json={"title": "Other"}, headers={"If-Match": tag})
    assert answer.status_code == 200, answer.text


async def test_a_new_day_makes_a_new_tag_for_relative_dates(client: httpx.AsyncClient) -> None:
    address = "/v1/events?start_date__gte=-30d"
    with time_machine.travel(datetime(2026, 11, 23, 23, 0, tzinfo=UTC), tick=False):
        tag = (await client.get(address)).headers["etag"]
        assert (await client.get(address, headers={"If-None-Match": tag})).status_code == 304
    with time_machine.travel(datetime(2026, 11, 24, 1, 0, tzinfo=UTC), tick=False):
        assert (await client.get(address, headers={"If-None-Match": tag})).status_code == 200


async def test_what_is_told_as_a_day_begins_holds_no_longer(client: httpx.AsyncClient) -> None:
    address = "/v1/events/stats?group_by=kind&start_date__gte=-30d"
    with time_machine.travel(datetime(2026, 11, 24, 0, 0, 1, tzinfo=UTC), tick=False) as clock:
        tag = (await client.get(address)).headers["etag"]
        clock.shift(1)
        assert (await client.get(address, headers={"If-None-Match": tag})).status_code == 200


async def test_a_dry_run_changes_no_tag(client: httpx.AsyncClient) -> None:
    tag = (await client.get("/v1/events")).headers["etag"]
    await client.post("/v1/events?dry_run=true", json=await make.body(client, "events"))
    assert (await client.get("/v1/events", headers={"If-None-Match": tag})).status_code == 304
