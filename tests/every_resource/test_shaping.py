"""`fields` and `expand`: less or more of a record, always in one statement."""

from itertools import islice, product
from types import SimpleNamespace

import httpx
import pytest

from app.api import COLLECTIONS
from app.collection.collection import Collection
from tests import make

LISTS = [each for each in COLLECTIONS if each.path in make.PATHS]


@pytest.mark.parametrize("collection", LISTS, ids=lambda each: each.path)
async def test_every_relation_expands_to_depth_two(varied: httpx.AsyncClient, collection: Collection) -> None:
    plain = (await varied.get(f"/v1/{collection.path}?limit=1000")).json()["items"]
    for first, to in collection.expandable.items():
        paths = ",".join([first, *(f"{first}.{second}" for second in to.expandable)])
        answer = await varied.get(f"/v1/{collection.path}?limit=1000&expand={paths}")
        assert answer.status_code == 200, (paths, answer.text)
        for before, after in zip(plain, answer.json()["items"], strict=True):
            assert after["id"] == before["id"]
            shown, bare = after[first], before.get(first)
            if isinstance(shown, list):
                assert [
                    {name: each[name] for name in link} for each, link in zip(shown, bare, strict=True)
                ] == bare
            elif first in collection.reverse:
                assert len(shown["items"]) == min(shown["total"], 100)
            else:
                assert (shown or {}).get("id") == (bare or {}).get("id")
            inside = (
                shown if isinstance(shown, list) else (shown or {}).get("items", [shown] if shown else [])
            )
            for each in inside:
                assert {"version", *to.expandable} <= each.keys()


async def test_expansion_is_one_statement(client: httpx.AsyncClient, statements: SimpleNamespace) -> None:
    goal = await make.record(client, "goals", number=1)
    for _ in range(3):
        await make.record(client, "events", goals=[{"id": goal["id"]}])
    await client.get("/v1/goals")
    for address in (
        "/v1/goals?expand=events.organisations,activities.lead,area",
        "/v1/goals/1?expand=events.goals",
    ):
        statements.count = 0
        assert (await client.get(address)).status_code == 200
        assert statements.count == 1


async def test_expanded_lists_lead_to_all_of_them(varied: httpx.AsyncClient) -> None:
    for path, relation in (("goals", "events"), ("goals", "activities"), ("activities", "events"),
                           ("organisations", "leads"),
                           ("organisations", "events"), ("activities", "activities"), ("areas",
                           "goals")):  # fmt: skip
        records = (await varied.get(f"/v1/{path}?limit=1000&expand={relation}")).json()["items"]
        for shown in islice((each[relation] for each in records if each[relation]["total"]), 3):
            listed = (await varied.get(f"{shown['href']}&count=exact&limit=1000")).json()
            assert listed["total"] == shown["total"]
            assert {each["id"] for each in listed["items"]} == {each["id"] for each in shown["items"]}


async def test_a_member_activity_without_a_code_leads_to_its_events_by_its_id(
    client: httpx.AsyncClient,
) -> None:
    made = await make.record(client, "activities")
    await make.record(client, "events", activities=[{"id": made["id"]}])
    shown = (await client.get(f"/v1/activities/{made['id']}?expand=events")).json()["events"]
    assert (await client.get(f"{shown['href']}&count=exact")).json()["total"] == shown["total"] == 1


async def test_a_code_that_is_given_late_appears_in_the_links_to_it(client: httpx.AsyncClient) -> None:
    made, other = await make.record(client, "activities"), await make.record(client, "activities")
    links = [{"id": each["id"], "link": "stated"} for each in (other, made)]
    event = await make.record(client, "events", activities=links)
    answer = await client.patch(f"/v1/activities/{made['id']}", json={"code": "X.9"})
    assert answer.status_code == 200, answer.text
    after = (await client.get(f"/v1/events/{event['id']}")).json()
    assert [each["code"] for each in after["activities"]] == [None, "X.9"]
    assert after["version"] == 2


async def test_what_a_link_says_of_itself_stays_when_it_is_expanded(client: httpx.AsyncClient) -> None:
    await make.record(client, "goals", number=6, title="Six")
    await make.record(client, "events", goals=[{"number": 6, "link": "stated"}])
    (event,) = (await client.get("/v1/events?expand=goals")).json()["items"]
    assert event["goals"][0]["title"] == "Six"
    assert event["goals"][0]["link"] == "stated"


@pytest.mark.parametrize("collection", LISTS, ids=lambda each: each.path)
async def test_fields_are_what_travels_in_the_order_asked_for(
    client: httpx.AsyncClient, collection: Collection
) -> None:
    made = await make.record(client, collection.path)
    names = [*collection.outputs][::-1]
    for address, some in product(
        (f"/v1/{collection.path}", f"/v1/{collection.path}/{made['id']}"), (names[:3], names)
    ):
        shown = (await client.get(f"{address}?fields={','.join(some)}")).json()
        (record,) = shown.get("items", [shown])
        assert [*record] == some
        assert record == {name: made[name] for name in some}


async def test_a_relation_to_expand_travels_with_the_fields(client: httpx.AsyncClient) -> None:
    await make.record(client, "goals", number=1)
    await make.record(client, "events", goals=[{"number": 1}])
    (event,) = (await client.get("/v1/events?fields=title&expand=goals")).json()["items"]
    assert [*event] == ["title", "goals"]
    (goal,) = (await client.get("/v1/goals?fields=number&expand=events.goals,area")).json()["items"]
    assert [*goal] == ["number", "area", "events"]
