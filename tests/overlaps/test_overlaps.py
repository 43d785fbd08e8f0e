"""Overlaps: what may be the same is found with its reasons; verdicts are kept while they are about the same words."""

from typing import Any

import httpx
import pytest

from tests import make
from tests.cast import Cast

Client = httpx.AsyncClient
SAME = {"title": "Training on mutual legal assistance requests", "start_date": "2027-03-01"}


async def found(client: Client, **asked: Any) -> list[dict[str, Any]]:
    answer = await client.get("/v1/overlaps", params=asked)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


async def decide(client: Client, overlap: str, verdict: str = "distinct") -> httpx.Response:
    said = {"verdict": verdict, "reason": "Two audiences."}
    return await client.post(f"/v1/overlaps/{overlap}/decide", json=said)


def pair(*records: dict[str, Any]) -> str:
    return ":".join(sorted(each["id"] for each in records))


async def two(client: Client, kind: str = "events", **more: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    return await make.record(client, kind, **SAME), await make.record(client, kind, **SAME | more)


async def test_the_two_wordings_of_goal_7_come_first(seeded: Client) -> None:
    top, *others = await found(seeded)
    assert [each["code"] for each in top["records"]] == ["7.2", "7.3"]
    assert [each["about"] for each in top["reasons"]] == ["title", "goals"]
    assert top["score"] == 0.77
    assert others
    assert max(each["score"] for each in others) < 0.7
    assert await found(seeded, activity="7.2") == [top]
    assert [each["id"] for each in await found(seeded, goal="7", kind="activities")] == [top["id"]]
    assert await found(seeded, activity="6.1") == []


@pytest.mark.parametrize(("given", "reasons"), [
    ({}, ["title", "dates"]),
    ({"city": "Bali", "country": "ID"}, ["title", "dates", "countries", "place"]),
    ({"countries": ["TH", "VN"]}, ["title", "dates", "countries"]),
    ({"start_date": "2027-03-20"}, ["title", "dates"]),
    ({"start_date": "2027-05-01"}, None),
    ({"title": "Symposium of arbitrators"}, None),
    ({"title": "2nd training on mutual legal assistance requests"}, ["title", "dates"]),
    ({"status": "cancelled"}, None),
])  # fmt: skip
async def test_what_speaks_for_it(client: Client, given: dict[str, Any], reasons: list[str] | None) -> None:
    both = {name: given[name] for name in given if name in {"city", "country", "countries"}}
    made = [
        await make.record(client, "events", **SAME, **both),
        await make.record(client, "events", **SAME | given),
    ]
    overlaps = await found(client)
    assert [each["id"] for each in overlaps] == ([pair(*made)] if reasons else [])
    for each in overlaps:
        assert [reason["about"] for reason in each["reasons"]] == reasons
    assert await found(client, event=made[1]["id"]) == overlaps


async def test_what_a_record_says_twice_speaks_for_it_once(client: Client) -> None:
    """A lead is often a partner as well, and its country among those of the activity."""
    await make.record(client, "organisations", code="TH-MOJ", country="TH")
    body = {"code": "TH-MOJ"}
    said = {"lead": body, "partners": [body], "consulted_bodies": [body], "countries": ["TH"]}
    await make.record(client, "activities", **SAME, **said)
    await make.record(client, "events", **SAME, country="TH", organisations=[{**body, "role": "host"}])
    [overlap] = await found(client)
    assert overlap["score"] == 1
    shared = {each["about"]: each["why"] for each in overlap["reasons"] if each["score"] == 1}
    assert shared["countries"] == "In both: TH."
    assert shared["organisations"] == "In both: TH-MOJ."


async def test_every_kind_is_compared_with_every_other(client: Client) -> None:
    goal = await make.record(client, "goals", number=6)
    near = {"title": SAME["title"], "start_date": "2027-03-01"}
    activity = await make.record(client, "activities", goal={"number": 6}, **near)
    event = await make.record(client, "events", goals=[{"id": goal["id"]}], **near)
    item = await make.record(client, "framework-items", goals=[{"number": 6}], **near)
    expected = {pair(activity, event), pair(activity, item), pair(event, item)}
    assert {each["id"] for each in await found(client)} == expected
    assert {each["id"] for each in await found(client, framework_item=item["id"])} == {
        each for each in expected if item["id"] in each
    }
    await client.patch(f"/v1/events/{event['id']}", json={"activities": [{"id": activity["id"]}]})
    assert {each["id"] for each in await found(client)} == expected - {pair(activity, event)}


async def test_what_is_distinct_leaves_the_list_until_a_title_changes(client: Client) -> None:
    one, _ = await two(client)
    (overlap,) = await found(client)
    answer = await decide(client, overlap["id"])
    assert answer.status_code == 200, answer.text
    assert answer.json()["titles"] == [SAME["title"]] * 2
    assert answer.json()["decided_by"] == "secretariat"
    assert await found(client) == []
    (kept,) = await found(client, verdict="distinct")
    assert kept["verdict"]["holds"] is True
    await client.patch(f"/v1/events/{one['id']}", json={"title": SAME["title"] + "."})
    assert await found(client) == []
    await client.patch(f"/v1/events/{one['id']}", json={"title": "Training on legal assistance"})
    (again,) = await found(client, verdict="none")
    assert again["verdict"]["holds"] is False
    assert (await decide(client, overlap["id"])).json()["titles"] != [SAME["title"]] * 2
    assert await found(client) == []
    (told,) = [
        each["action"]
        for each in (await client.get("/v1/changes")).json()["items"]
        if each["kind"] == "overlap-verdicts" and each["action"] == "create"
    ]
    assert told == "create"


@pytest.mark.parametrize("overlap", [
    "x", "019aa5d0-6b7c-7c3e-9c39-000000000001:019aa5d0-6b7c-7c3e-9c39-000000000002",
])  # fmt: skip
async def test_only_two_records_are_decided_about(client: Client, overlap: str) -> None:
    assert (await decide(client, overlap)).status_code == 404


async def test_an_overlap_tells_nobody_of_a_record_that_he_may_not_see(cast: Cast) -> None:
    one = await make.record(cast.thailand_editor, "events", **SAME, visibility="own")
    other = await make.record(cast.secretariat, "events", **SAME)
    overlap = pair(one, other)
    assert (await decide(cast.secretariat, overlap, "related")).status_code == 200
    for caller in (cast.anonymous, cast.japan_editor, cast.partner):
        assert await found(caller) == []
        assert (await found(caller, event=other["id"])) == []
        assert (await caller.get("/v1/overlap-verdicts")).json()["items"] == []
        assert "overlap-verdicts" not in (await caller.get("/v1/changes")).text
    (seen,) = await found(cast.secretariat)
    assert seen["verdict"]["verdict"] == "related"
    assert [each["id"] for each in await found(cast.thailand_editor)] == [overlap]
    await cast.thailand_editor.patch(f"/v1/events/{one['id']}", json={"visibility": "public"})
    assert [each["verdict"]["verdict"] for each in await found(cast.anonymous)] == ["related"]


async def test_a_country_decides_about_its_own_records_only(cast: Cast) -> None:
    own = await two(cast.thailand_editor)
    other = await make.record(cast.japan_editor, "events", **SAME)
    assert (await decide(cast.thailand_editor, pair(own[0], other))).status_code == 403
    assert (await decide(cast.japan_editor, pair(*own))).status_code == 403
    answer = await decide(cast.thailand_editor, pair(*own))
    assert answer.status_code == 200, answer.text
    assert (answer.json()["owner"], answer.json()["decided_by"]) == ("TH", "TH")


async def test_a_create_tells_of_possible_duplicates_or_is_refused(client: Client) -> None:
    there = await make.record(client, "events", **SAME)
    new = {**SAME, "kind": "seminar"}
    asked = await client.post("/v1/events?on_duplicate=report&dry_run=true", json=new)
    assert asked.status_code == 201, asked.text
    (duplicate,) = asked.json()["possible_duplicates"]
    assert there["id"] in [each["id"] for each in duplicate["records"]]
    assert [each["about"] for each in duplicate["reasons"]] == ["title", "dates"]
    refused = await client.post("/v1/events?on_duplicate=refuse", json=new)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/possible-duplicates")
    assert len(refused.json()["possible_duplicates"]) == 1
    assert len((await client.get("/v1/events")).json()["items"]) == 1
    other = await client.post(
        "/v1/events?on_duplicate=refuse", json={**new, "title": "Symposium of arbitrators"}
    )
    assert (other.status_code, other.json()["possible_duplicates"]) == (201, [])
    assert "possible_duplicates" not in (await client.post("/v1/events", json=new)).json()
    assert (await client.post("/v1/events?on_duplicate=maybe", json=new)).status_code == 400
    assert (await client.post("/v1/goals?on_duplicate=report", json={})).status_code == 400


async def test_a_verdict_goes_with_its_records_to_another_country(cast: Cast) -> None:
    made = [await make.record(cast.thailand_editor, "events", title="Symposium of judges") for _ in range(2)]
    address = f"/v1/overlaps/{':'.join(sorted(each['id'] for each in made))}/decide"
    decided = {"verdict": "related", "reason": "Two days of one series."}
    verdict = (await cast.thailand_editor.post(address, json=decided)).json()
    for each, owner in zip(made, (None, "JP"), strict=True):
        await cast.secretariat.patch(f"/v1/events/{each['id']}", json={"owner": "JP"})
        now = (await cast.secretariat.get(f"/v1/overlap-verdicts/{verdict['id']}")).json()
        assert now["owner"] == owner
        assert (await cast.thailand_editor.post(address, json=decided)).status_code == 403
    decided["verdict"] = "distinct"
    assert (await cast.japan_editor.post(address, json=decided)).json()["owner"] == "JP"


async def test_overlaps_come_in_pages(client: Client) -> None:
    for day in range(1, 4):
        await make.record(client, "events", title=SAME["title"], start_date=f"2027-03-{day:02}")
    seen: list[str] = []
    address: str | None = "/v1/overlaps?limit=2"
    while address:
        page = (await client.get(address)).json()
        seen += [each["id"] for each in page["items"]]
        address = page["next"]
    assert len(seen) == len(set(seen)) == 3


@pytest.mark.parametrize("query", [
    "kind=goals", "goal=x", "min_score=2", "verdict=maybe", "country=thailand", "cursor=x", "limit=0", "q=a",
    "event=6.1",
])  # fmt: skip
async def test_what_cannot_be_asked_is_refused(client: Client, query: str) -> None:
    answer = await client.get(f"/v1/overlaps?{query}")
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["parameter"] == query.partition("=")[0]


async def test_a_load_says_what_its_rows_may_be_duplicates_of(client: Client) -> None:
    known = await make.record(
        client, "events", title="Symposium of arbitrators in Vientiane", start_date="2025-03-01"
    )
    rows = [
        {"title": "Symposium of arbitrators, Vientiane", "kind": "seminar", "start_date": "2025-03-02"},
        {"title": "Training on mediation for prosecutors", "kind": "training", "start_date": "2025-06-01"},
        {"title": "Training on mediation for prosecutors", "kind": "training", "start_date": "2025-06-01"},
        {"title": "Nothing like it", "kind": "seminar", "start_date": "2025-09-01"},
    ]
    for dry_run in ("true", "false"):
        answer = await client.post(f"/v1/events/bulk?on_duplicate=report&dry_run={dry_run}", json=rows)
        assert answer.status_code == 200, answer.text
        found = answer.json()["possible_duplicates"]
        assert sorted(each["rows"] for each in found) == [[1], [2, 3]]
        (one,) = [each["overlap"]["records"] for each in found if each["rows"] == [1]]
        assert known["id"] in {each["id"] for each in one}
    assert "possible_duplicates" not in (await client.post("/v1/events/bulk?dry_run=true", json=rows)).json()
    assert (await client.post("/v1/events/bulk?on_duplicate=refuse", json=rows)).status_code == 400
    assert (await client.post("/v1/goals/bulk?on_duplicate=report", json=[])).status_code == 400
    broken = await client.post("/v1/events/bulk?on_duplicate=report", json=[*rows, {"title": "No kind"}])
    assert broken.status_code == 422
    assert "possible_duplicates" not in broken.json()
