"""Gaps: each check finds what it looks for, and no longer when that is filled; a dismissal ends."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from app.gaps.checks import checks
from tests import make

Client = httpx.AsyncClient


async def found(client: Client, **asked: Any) -> list[dict[str, Any]]:
    answer = await client.get("/v1/gaps", params=asked)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


async def _country(client: Client) -> tuple[dict[str, Any], dict[str, Any]]:
    await make.record(client, "focal-points", country="TH", purposes=["arbitration_and_mediation"])
    made = await make.record(client, "countries", code="TH", side="asean", asean_member_since="1967-08-08")
    office = {"country": "TH", "purposes": ["mutual_legal_assistance"], "office": {"name": "Office"}}
    return made, {"post": "/v1/focal-points", "json": office}


def _record(path: str, change: dict[str, Any], **given: Any) -> Callable[[Client], Awaitable[Any]]:
    async def made(client: Client) -> Any:
        record = await make.record(client, path, **given)
        return record, {"patch": f"/v1/{path}/{record['id']}", "json": change}

    return made


async def _goal(client: Client) -> Any:
    made = await make.record(client, "goals")
    return made, {"post": "/v1/activities", "json": {"title": "A", "goal": {"id": made["id"]}}}


async def _eventless(client: Client) -> Any:
    made = await make.record(client, "activities", status="ongoing", start_date="2020-01-01")
    event = {"title": "E", "kind": "seminar", "start_date": "2399-01-01", "activities": [{"id": made["id"]}]}
    return made, {"post": "/v1/events", "json": event}


async def _leaderless(client: Client) -> Any:
    lead = await make.record(client, "organisations")
    return await _record("activities", {"lead": {"id": lead["id"]}})(client)


async def _unreported(client: Client) -> Any:
    made = await make.record(client, "activities", status="ongoing", start_date="2020-01-01")
    await make.record(client, "consultations", number=3, start_date=made["created_at"][:10])
    report = await make.record(client, "progress-reports", consultation={"number": 3})
    line = {"report": {"id": report["id"]}, "activity": {"id": made["id"]}, "response": "nothing_to_report"}
    return made, {"post": "/v1/report-lines", "json": line}


CASES: dict[str, Callable[[Client], Awaitable[Any]]] = {
    "goal_without_activity": _goal,
    "status_contradicts_dates": _record(
        "activities", {"status": "ongoing"}, status="planned", start_date="2020-01-01"
    ),
    "activity_not_reported": _unreported,
    "country_without_focal_point": _country,
    "focal_point_not_fresh": _record("focal-points", {"valid_until": "2020-01-01"}),
    "event_without_outcome": _record("events", {"outcome": "A report"}, start_date="2025-01-01"),
    "activity_without_lead": _leaderless,
    "activity_without_funding": _record("activities", {"funding": [{"source": "JAIF"}]}, status="planned"),
    "activity_without_event": _eventless,
    "event_without_goal": _record("events", {"goals": []}, start_date="2025-01-01"),
}


def test_every_check_is_tried() -> None:
    assert CASES.keys() == {check.name for check in checks()}


@pytest.mark.parametrize("check", CASES)
async def test_a_gap_is_found_until_it_is_filled(client: Client, check: str) -> None:
    record, fix = await CASES[check](client)
    (gap,) = await found(client, check=check)
    assert gap["subject"]["id"] == record["id"]
    assert (await client.get(gap["subject"]["href"])).json()["id"] == record["id"]
    if check == "event_without_goal":
        goal = await make.record(client, "goals")
        fix["json"] = {"goals": [{"id": goal["id"]}]}
    method = "post" if "post" in fix else "patch"
    answer = await client.request(method.upper(), fix[method], json=fix["json"])
    assert answer.status_code < 300, answer.text
    assert await found(client, check=check) == []


async def test_a_dismissed_gap_is_left_out_until_its_end(client: Client) -> None:
    await make.record(client, "events", start_date="2025-01-01")
    (gap,) = await found(client, check="event_without_outcome")
    path = f"/v1/gaps/{gap['id']}/dismiss"
    said = {"reason": "The host reports in spring.", "until": "2399-01-01"}
    assert (await client.post(path, json=said)).status_code == 200
    assert await found(client, check="event_without_outcome") == []
    (kept,) = await found(client, check="event_without_outcome", dismissed="true")
    assert kept["dismissed"] == said
    (about,) = [
        each
        for each in (await client.get("/v1/checks")).json()["items"]
        if each["name"] == "event_without_outcome"
    ]
    assert (about["open"], about["dismissed"]) == (0, 1)
    assert (await client.post(path, json={**said, "until": "2020-01-01"})).status_code == 200
    assert await found(client, check="event_without_outcome") == [gap]


async def test_what_is_no_gap_is_not_dismissed(client: Client) -> None:
    path = "/v1/gaps/event_without_outcome:019aa5d0-6b7c-7c3e-9c39-0d1f5b3a7e11/dismiss"
    answer = await client.post(path, json={"reason": "None.", "until": "2399-01-01"})
    assert answer.status_code == 404


async def test_gaps_come_in_pages(client: Client) -> None:
    for _ in range(3):
        await make.record(client, "events", start_date="2025-01-01")
    seen: list[str] = []
    address: str | None = "/v1/gaps?severity=warning&limit=2"
    while address:
        page = (await client.get(address)).json()
        seen += [each["id"] for each in page["items"]]
        address = page["next"]
    assert len(seen) == 3
    assert seen == sorted(set(seen))


@pytest.mark.parametrize(
    "query",
    ["check=nothing", "severity=grave", "country=thailand", "min_age=-1", "limit=0", "dismissed=yes", "q=a"],
)
async def test_what_cannot_be_asked_is_refused(client: Client, query: str) -> None:
    answer = await client.get(f"/v1/gaps?{query}")
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["parameter"] == query.partition("=")[0]


async def test_a_gap_without_the_id_of_a_record_is_named_as_what_is_wrong(client: Client) -> None:
    body = {"gap": "_:" + 36 * "0", "reason": "Why not.", "until": "2399-01-01"}
    refused = await client.post("/v1/gap-dismissals", json=body)
    assert refused.status_code == 422
    assert [each["pointer"] for each in refused.json()["errors"]] == ["/gap"]


async def test_a_gap_is_not_dismissed_until_a_day_that_has_passed(client: Client) -> None:
    made = await make.record(client, "activities")
    gap = (await client.get("/v1/gaps?check=activity_without_lead")).json()["items"][0]["id"]
    assert made["id"] in gap
    past = await client.post(f"/v1/gaps/{gap}/dismiss", json={"reason": "Later.", "until": "2020-01-01"})
    assert past.status_code == 422
    assert [each["pointer"] for each in past.json()["errors"]] == ["/until"]
    assert (await client.get("/v1/gap-dismissals")).json()["items"] == []
    said = [{"reason": f"Later {n}.", "until": "2399-01-01"} for n in range(4)]
    done = await asyncio.gather(*(client.post(f"/v1/gaps/{gap}/dismiss", json=each) for each in said))
    assert [each.status_code for each in done] == [200] * 4
