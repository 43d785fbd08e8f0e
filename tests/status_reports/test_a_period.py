"""A whole period over HTTP: reports late, returned and missing, one country that joins; the numbers counted again."""

import hashlib
from collections import Counter
from typing import Any

import httpx
import pytest

from tests import make

MEMBERS = ["BN", "ID", "KH", "LA", "MM", "MY", "PH", "SG", "TH", "VN"]


async def countries(client: httpx.AsyncClient) -> None:
    for number, code in enumerate([*MEMBERS, "TL", "JP"]):
        since = {"JP": None, "TL": "2025-10-26"}.get(code, "1967-08-08")
        await make.record(
            client, "countries", code=code, alpha3=f"{code}{chr(65 + number)}", name=code,
            side="japan" if code == "JP" else "asean", asean_member_since=since,
        )  # fmt: skip


async def consultation(client: httpx.AsyncClient, number: int, day: str, **more: Any) -> dict[str, Any]:
    return await make.record(client, "consultations", number=number, start_date=day, end_date=day, **more)


async def reported(
    client: httpx.AsyncClient, number: int, country: str, *lines: dict[str, Any]
) -> dict[str, Any]:
    """The report of a country with its lines, submitted and accepted."""
    made = await make.record(client, "progress-reports", consultation={"number": number}, country=country)
    for line in lines:
        await make.record(client, "report-lines", report={"id": made["id"]}, **line)
    for verb in ("submit", "accept"):
        answer = await client.post(f"/v1/progress-reports/{made['id']}/{verb}")
        assert answer.status_code == 200, answer.text
    return dict(answer.json())


def said(activity: dict[str, Any], response: str = "reported", **more: Any) -> dict[str, Any]:
    status = {"status": more.pop("status", "ongoing")} if response == "reported" else {}
    why = {"narrative": "Not ours."} if response == "not_applicable" else {}
    return {"activity": {"id": activity["id"]}, "response": response, **status, **why, **more}


@pytest.mark.parametrize(("day", "members"), [("2025-10-25", 11), ("2025-10-26", 12)])
async def test_who_is_to_report_are_the_members_of_the_day(
    client: httpx.AsyncClient, day: str, members: int
) -> None:
    await countries(client)
    await consultation(client, 3, day)
    for _ in range(2):
        answer = await client.post("/v1/consultations/3/open-reporting")
        assert answer.status_code == 200, answer.text
        assert answer.json()["expected"] == members
        assert Counter(each["state"] for each in answer.json()["items"]) == {"open": members}


async def test_the_numbers_of_a_report_are_those_of_its_rows(client: httpx.AsyncClient) -> None:
    await countries(client)
    await consultation(client, 3, "2026-11-01", period_start="2025-11-01", period_end="2026-10-31")
    goal = await make.record(client, "goals", number=6)
    lead = await make.record(client, "organisations", country="TH")
    plan = [
        await make.record(client, "activities", origin="plan", code=f"6.{n}", goal={"number": 6})
        for n in (1, 2)
    ]
    own = await make.record(
        client, "activities", goal={"number": 6}, lead={"id": lead["id"]}, countries=["TH", "VN"],
        funding=[{"source": "JAIF", "amount": "100.50", "currency": "USD"}, {"source": "JAIF"}],
    )  # fmt: skip
    await make.record(client, "events", start_date="2026-01-15", goals=[{"number": 6}], status="implemented")
    await make.record(client, "events", start_date="2024-01-15", goals=[{"number": 6}])
    await reported(
        client, 3, "TH", said(plan[0]), said(plan[1], "not_applicable"), said(own, status="implemented")
    )
    await reported(client, 3, "VN", said(plan[0], "nothing_to_report"))
    await make.record(client, "progress-reports", consultation={"number": 3}, country="JP")

    answer = await client.get("/v1/consultations/3/report")
    assert answer.status_code == 200, answer.text
    report = answer.json()
    assert {each["country"]: each["state"] for each in report["reports"]} == dict.fromkeys(
        [*MEMBERS, "TL"], "missing"
    ) | {"TH": "accepted", "VN": "accepted", "JP": "open"}
    (six,) = report["goals"]
    assert six["title"] == goal["title"]
    assert six["rate"] == {"counted": 2, "reached": 1, "percent": 50.0}
    assert [each["id"] for each in report["not_applicable"]] == [plan[1]["id"]]
    cells = {each["country"]: each for each in report["matrix"]}
    names = ("activities", "reported", "nothing_to_report", "not_applicable", "not_reported")
    assert [cells["TH"][name] for name in names] == [3, 2, 0, 1, 0]
    assert [cells["VN"][name] for name in names] == [3, 0, 1, 0, 2]
    assert [cells["JP"][name] for name in names] == [2, 0, 0, 0, 2]
    assert cells["TH"]["statuses"]["implemented"] == 1
    assert len(report["events"]) == 1
    assert {each["currency"]: each["amount"] for each in report["funding"]} == {"USD": "100.50", None: None}
    (money,) = [each for each in report["funding_by_currency"] if each["currency"]]
    assert len((await client.get(money["href"])).json()["items"]) == money["entries"] == 1
    for cell in report["by_status"] + six["by_status"]:
        rows = (await client.get(cell["href"] + "&count=exact")).json()
        assert rows["total"] == cell["count"], cell
    for cell in cells.values():
        lines = (await client.get(cell["href"] + "&count=exact")).json()["total"]
        assert lines == cell["reported"] + cell["nothing_to_report"] + cell["not_applicable"]


async def test_a_frozen_report_is_the_same_bytes_for_ever(client: httpx.AsyncClient) -> None:
    await countries(client)
    await consultation(client, 3, "2026-11-01")
    activity = await make.record(client, "activities")
    made = await reported(client, 3, "TH", said(activity))
    assert (await client.get("/v1/consultations/3/report/frozen")).status_code == 404
    done = (await client.post("/v1/consultations/3/freeze?force=true")).json()
    before = await client.get("/v1/consultations/3/report/frozen")
    assert done["report_hash"] == hashlib.sha256(before.content).hexdigest()
    assert before.headers["etag"] == f'"{done["report_hash"]}"'
    assert (await client.get(f"/v1/progress-reports/{made['id']}")).json()["state"] == "frozen"

    await client.patch(f"/v1/activities/{activity['id']}", json={"status": "cancelled", "title": "Other"})
    assert (await client.get("/v1/consultations/3/report/frozen")).content == before.content
    assert (await client.get("/v1/consultations/3/report")).json()["overall"]["rate"]["percent"] is None
    assert (await client.post("/v1/consultations/3/freeze?force=true")).json() == done
    as_of = before.json()["as_of"]
    again = await client.get("/v1/consultations/3/report", params={"as_of": as_of})
    assert again.json() == {**before.json(), "kind": "live", "forced": False}


async def test_nothing_is_reported_to_a_frozen_consultation(client: httpx.AsyncClient) -> None:
    await consultation(client, 3, "2026-11-01")
    late = await make.record(client, "progress-reports", consultation={"number": 3}, country="TH")
    await client.post("/v1/consultations/3/freeze?force=true")
    refused = [
        await client.post(f"/v1/progress-reports/{late['id']}/submit"),
        await client.post("/v1/progress-reports", json={"consultation": {"number": 3}, "country": "JP"}),
        await client.post("/v1/consultations/3/open-reporting"),
        await client.delete("/v1/consultations/3", params={"cascade": "true"}),
    ]
    assert [each.status_code for each in refused] == [409] * 4


async def test_nor_are_lines_of_a_report_that_has_stayed_open(client: httpx.AsyncClient) -> None:
    await consultation(client, 3, "2026-11-01")
    late = await make.record(client, "progress-reports", consultation={"number": 3}, country="TH")
    line = await make.record(client, "report-lines", report={"id": late["id"]}, keys=["moj:1"])
    new = await make.body(client, "report-lines", report={"id": late["id"]})
    place = f"/v1/report-lines/{line['id']}"
    asked: list[tuple[str, str, Any]] = [
        ("POST", "/v1/report-lines", new),
        ("PATCH", place, {"narrative": "Late"}),
        ("PUT", "/v1/report-lines/by-key/moj/1", {**new, "narrative": "Late"}),
        ("PUT", "/v1/report-lines/by-key/moj/2", new),
        ("POST", "/v1/report-lines/bulk", [new]),
        ("POST", "/v1/report-lines/bulk", [{"id": line["id"], "narrative": "Late"}]),
        ("DELETE", place, None),
    ]

    async def answers(**how: str) -> list[int]:
        return [
            (await client.request(method, path, json=body, params=how or None)).status_code
            for method, path, body in asked
        ]

    assert max(await answers(dry_run="true")) < 300
    await client.post("/v1/consultations/3/freeze?force=true")
    asked.append(("DELETE", f"/v1/progress-reports/{late['id']}?cascade=true", None))
    assert await answers() == [422 if path.endswith("/bulk") else 409 for _, path, _ in asked]
    assert (await client.get("/v1/report-lines")).json()["items"] == [line]


async def test_the_difference_of_two_reports_names_every_activity(client: httpx.AsyncClient) -> None:
    await consultation(client, 3, "2025-06-01")
    kept, moved, late, gone = [await make.record(client, "activities", title=name) for name in "KMLG"]
    for each in (kept, moved, late):
        await client.patch(f"/v1/activities/{each['id']}", json={"status": "ongoing"})
    await client.post("/v1/consultations/3/freeze?force=true")
    await consultation(client, 4, "2026-06-01")
    await client.patch(f"/v1/activities/{moved['id']}", json={"status": "implemented"})
    await client.patch(f"/v1/activities/{late['id']}", json={"end_date": "2026-01-31"})
    await client.delete(f"/v1/activities/{gone['id']}")
    new = await make.record(client, "activities")
    await reported(client, 4, "TH", said(new))
    answer = await client.get("/v1/consultations/4/report/diff?from=3")
    assert answer.status_code == 200, answer.text
    found = {name: [each["id"] for each in answer.json()[name]] for name in (
        "moved", "stalled", "slipped", "newly_added", "dropped", "redated")}  # fmt: skip
    assert found == {
        "moved": [moved["id"]], "stalled": [kept["id"], late["id"]], "slipped": [late["id"]],
        "newly_added": [new["id"]], "dropped": [gone["id"]], "redated": [late["id"]],
    }  # fmt: skip
    assert answer.json()["newly_reporting"] == [{"country": "TH", "organisation": None}]


@pytest.mark.parametrize("query", ["", "?from=", "?from=x", "?from=3&to=4", "?form=3"])
async def test_a_difference_needs_to_know_from_when(client: httpx.AsyncClient, query: str) -> None:
    await consultation(client, 3, "2025-06-01")
    assert (await client.get(f"/v1/consultations/3/report/diff{query}")).status_code == 400


@pytest.mark.parametrize(("given", "event", "because", "derived", "conflicts"), [
    ({}, None, "nothing_dated", "proposed", []),
    ({"end_date": "2020-01-01", "status": "implemented"}, None, "end_date_passed", "implemented", []),
    ({"start_date": "2020-01-01"}, None, "start_date_reached", "ongoing", ["reported_proposed_dates_say_ongoing"]),
    ({}, "2020-01-01", "event_held", "ongoing", ["reported_proposed_dates_say_ongoing"]),
    ({"start_date": "2399-01-01", "status": "planned"}, None, "start_date_ahead", "planned", []),
    ({}, "2399-01-01", "event_ahead", "planned", ["reported_proposed_dates_say_planned"]),
])  # fmt: skip
async def test_a_status_explains_itself(
    client: httpx.AsyncClient, given: dict[str, str], event: str | None, because: str, derived: str,
    conflicts: list[str],
) -> None:  # fmt: skip
    made = await make.record(client, "activities", code="7.1-TH-1", **given)
    if event:
        await make.record(client, "events", start_date=event, activities=[{"code": "7.1-TH-1"}])
    answer = await client.get("/v1/activities/7.1-TH-1/why-status")
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert (found["because"], found["derived_status"], found["conflicts"]) == (because, derived, conflicts)
    assert len(found["events"]) == bool(event)
    now = (await client.get(f"/v1/activities/{made['id']}")).json()
    assert (now["derived_status"], now["status_conflicts"]) == (derived, conflicts)


async def test_critical_gaps_stop_a_freeze_until_they_are_explained(client: httpx.AsyncClient) -> None:
    await consultation(client, 3, "2026-11-01")
    await make.record(client, "activities", status="planned", start_date="2020-01-01")
    stopped = await client.post("/v1/consultations/3/freeze")
    assert stopped.status_code == 409
    (gap,) = stopped.json()["gaps"]
    said = {"reason": "It began late.", "until": "2399-01-01"}
    await client.post(f"/v1/gaps/{gap['id']}/dismiss", json=said)
    assert (await client.post("/v1/consultations/3/freeze")).status_code == 200
    report = (await client.get("/v1/consultations/3/report/frozen")).json()
    assert report["forced"] is False
    assert [each["dismissed"] for each in report["gaps"]["dismissed"]] == [said]


async def test_nobody_reports_to_a_cancelled_consultation_and_nothing_is_frozen_for_it(
    client: httpx.AsyncClient,
) -> None:
    made = await make.record(client, "consultations", status="cancelled")
    at = f"/v1/consultations/{made['number']}"
    told = {each["verb"]: each for each in (await client.get(f"{at}/permissions")).json()["permissions"]}
    for asked in ("open-reporting", "freeze", "freeze?force=true"):
        refused = await client.post(f"{at}/{asked}")
        assert (refused.status_code, refused.json()["type"]) == (409, "/problems/consultation-cancelled")
        assert told[asked.partition("?")[0]]["why"] == refused.json()["detail"]
    await client.patch(at, json={"status": "held"})
    assert (await client.post(f"{at}/freeze?force=true")).status_code == 200


async def test_what_was_forced_is_printed(client: httpx.AsyncClient) -> None:
    await consultation(client, 3, "2026-11-01")
    made = await make.record(client, "activities", status="planned", start_date="2020-01-01")
    assert (await client.post("/v1/consultations/3/freeze?force=true")).status_code == 200
    report = (await client.get("/v1/consultations/3/report/frozen")).json()
    assert report["forced"] is True
    assert [each["subject"]["id"] for each in report["gaps"]["critical"]] == [made["id"]]
