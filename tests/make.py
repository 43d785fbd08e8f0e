"""Records for tests: valid by default; say only what matters."""

from itertools import count
from typing import Any

import httpx

_numbers = count(100)  # small numbers are for tests that name them

DEFAULTS: dict[str, Any] = {
    "areas": lambda n: {"number": n, "title": f"Area {n}"},
    "goals": lambda n: {"number": n, "title": f"Goal {n}"},
    "countries": lambda n: {"code": _letters(n, 2), "alpha3": _letters(n, 3), "name": f"Country {n}"},
    "organisations": lambda n: {"code": f"ORG-{n}", "name": f"Organisation {n}", "kind": "ministry"},
    "events": lambda n: {"title": f"Event {n}", "kind": "seminar", "start_date": "2025-06-24"},
    "focal-points": lambda n: {"country": "TH", "purposes": ["general"], "office": {"name": f"Office {n}"}},
    "consultations": lambda n: {"number": n, "title": f"Consultation {n}", "start_date": "2025-01-01"},
}


def _letters(number: int, length: int) -> str:
    text = ""
    for _ in range(length):
        number, digit = divmod(number, 26)
        text = chr(65 + digit) + text
    return text


async def body(client: httpx.AsyncClient, path: str, **given: Any) -> dict[str, Any]:
    """A body that can be posted. An activity gets a goal of its own if none is named."""
    number = next(_numbers)
    if path == "activities":
        goal = given.pop("goal", None) or {"id": (await record(client, "goals"))["id"]}
        return {"title": f"Activity {number}", "goal": goal, **given}
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


PATHS = (*DEFAULTS, "activities", "progress-reports", "report-lines")
