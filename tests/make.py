"""Records for tests: valid by default; say only what matters."""

from itertools import count
from typing import Any

import httpx

_numbers = count(100)  # small numbers are for tests that name them

DEFAULTS: dict[str, Any] = {
    "areas": lambda n: {"number": n, "title": f"Area {n}"},
    "goals": lambda n: {"number": n, "title": f"Goal {n}"},
    "countries": lambda n: {"code": _code(n), "alpha3": f"{_code(n)}G", "name": f"Country {n}"},
    "organisations": lambda n: {"code": f"ORG-{n}", "name": f"Organisation {n}", "kind": "ministry"},
    "events": lambda n: {"title": f"Event {n}", "kind": "seminar", "start_date": "2025-06-24"},
    "focal-points": lambda n: {"country": "TH", "purposes": ["general"], "office": {"name": f"Office {n}"}},
    "persons": lambda n: {"country": "TH", "display": f"Test person {n}"},
    "gap-dismissals": lambda n: {
        "gap": f"event_without_outcome:019aa5d0-6b7c-7c3e-9c39-{n:012d}",
        "reason": "Due in spring.",
        "until": "2399-01-01",
    },
    "overlap-verdicts": lambda n: {
        "overlap": f"019aa5d0-6b7c-7c3e-9c39-{n:012d}:019aa5d0-6b7c-7c3e-9c40-{n:012d}",
        "verdict": "distinct",
        "reason": "Two audiences.",
    },
    "framework-items": lambda n: {"framework": "SEAJust", "title": f"Item {n}"},
    "amendments": lambda n: {
        "number": n,
        "title": f"Amendment {n}",
        "changes": [{"action": "add", "kind": "goal", "name": str(n), "new": {"text": f"Goal {n}"}}],
    },
    "consultations": lambda n: {"number": n, "title": f"Consultation {n}", "start_date": "2025-01-01"},
}


def _code(number: int) -> str:
    """Two letters; none that a country of the plan begins with, nor X, for tests that name one."""
    first, second = divmod(number, 26)
    return "ACDEFGHNOQRUWYZ"[first % 15] + chr(65 + second)


async def body(client: httpx.AsyncClient, path: str, **given: Any) -> dict[str, Any]:
    """A body that can be posted. An activity gets a goal of its own if none is named."""
    number = next(_numbers)
    if path == "activities":
        goal = given.pop("goal", None) or {"id": (await record(client, "goals"))["id"]}
        return {"title": f"Activity {number}", "goal": goal, **given}
    if path == "decisions":
        of = given.pop("consultation", None) or {"id": (await record(client, "consultations"))["id"]}
        return {"consultation": of, "title": f"Decision {number}", "kind": "follow_up", **given}
    if path == "progress-reports":
        to = given.pop("consultation", None) or {"id": (await record(client, "consultations"))["id"]}
        return {"consultation": to, "country": "TH", **given}
    if path == "report-lines":
        report = given.pop("report", None) or {"id": (await record(client, "progress-reports"))["id"]}
        about = given.pop("activity", None) or {"id": (await record(client, "activities"))["id"]}
        return {"report": report, "activity": about, "response": "nothing_to_report", **given}
    return {**DEFAULTS[path](number), **given}


async def record(client: httpx.AsyncClient, path: str, **given: Any) -> dict[str, Any]:
    """A record, made over HTTP."""
    answer = await client.post(f"/v1/{path}", json=await body(client, path, **given))
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def more_records(client: httpx.AsyncClient) -> None:
    """What the published record does not have: focal points, member activities, links of every sort."""
    lead = {"code": "JP-MOJ"}
    first = await record(
        client, "focal-points", organisation=lead, bounced=True, verified_at="2026-01-02T03:04:05Z"
    )
    await record(client, "focal-points", country="JP", successor={"id": first["id"]}, valid_from="2025-01-01")
    for country in ("TH", "LA"):
        await record(client, "focal-points", country=country)
        await record(client, "persons", country=country)
    for goal, more in ((6, {"parent": {"code": "6.1"}}), (7, {})):
        made = await record(
            client, "activities", goal={"number": goal}, lead=lead, partners=[{"code": "TH-MOJ"}], code=f"X-{goal}",
            consulted_bodies=[lead], status_reported_by=lead, start_date="2024-04-01", countries=["TH",
            "JP"], **more,
        )  # fmt: skip
        event = await record(
            client, "events", title="Comma, in it", registered=12, aliases=["Other, name"], city="Hà Nội",
            activities=[{"id": made["id"], "link": "stated"}], mode="online", countries=["TH", "LA"][: goal - 5],
        )  # fmt: skip
    for title in ("Meeting of the network", "Model request"):
        await record(
            client, "framework-items", title=title, goals=[{"number": 6}], body={"code": "SEAJUST"},
            countries=["LA", "TH"], start_date="2024-08-27",
        )  # fmt: skip
    for verdict in ("same", "distinct"):
        await record(client, "overlap-verdicts", verdict=verdict)
    for until in ("2399-01-01", "2027-03-31"):
        await record(client, "gap-dismissals", until=until)
    for country in ("TH", "LA"):
        report = await record(client, "progress-reports", consultation={"number": 1}, country=country)
        for code, more in (
            ("6.1", {"response": "reported", "status": "ongoing"}),
            ("7.1", {"narrative": "No request came"}),
        ):
            await record(client, "report-lines", report={"id": report["id"]}, activity={"code": code}, **more)
    for day in ("2027-01-01", "2399-01-01"):
        amendment = await record(client, "amendments", consultation={"number": 2}, effective_on=day)
        about = {
            "amendment": {"id": amendment["id"]},
            "activity": {"code": "6.1"},
            "responsible": lead,
            "due_on": day,
        }
        await record(
            client, "decisions", consultation={"number": 1}, countries=["TH"], code=f"D-{day}", **about
        )
    closed = {"closed_at": {"number": 2}, "outcome": "It was done"}
    await record(client, "decisions", consultation={"number": 1}, agenda_item="5", **closed)
    await client.patch(
        "/v1/consultations/1", json={"event": {"id": event["id"]}, "period_start": "2022-01-01"}
    )


PATHS = (*DEFAULTS, "activities", "decisions", "progress-reports", "report-lines")
