"""`/permissions` of a record says what the verbs then do: the same rules, asked beforehand."""

from typing import Any

import httpx

from app import preparing
from app.access.keys import new_key
from app.access.permissions import Role
from tests import make
from tests.cast import Cast
from tests.conftest import Register

CALLERS = (
    "anonymous",
    "reader",
    "japan_editor",
    "thailand_editor",
    "thailand_approver",
    "secretariat",
    "auditor",
)


async def really(client: httpx.AsyncClient, verb: dict[str, Any], other: str) -> httpx.Response:
    """The verb itself, without keeping what it does."""
    bodies = {
        "update": {"keys": ["test:1"]},
        "merge": {"into": {"id": other}},
        "return": {"reason": "Once more."},
    }
    body = bodies.get(verb["verb"])
    dry = {} if verb["method"] == "GET" else {"dry_run": "true"}
    return await client.request(verb["method"], verb["href"], params=dry, **({"json": body} if body else {}))


async def records(cast: Cast) -> list[tuple[str, dict[str, Any], str]]:
    """Collection, record, and another one into which it could be merged."""
    event = await make.record(cast.japan_editor, "events")
    draft = await make.record(cast.japan_editor, "events", visibility="own")
    goal, goal_of_others = [await make.record(cast.secretariat, "goals") for _ in range(2)]
    await make.record(cast.secretariat, "activities", goal={"id": goal["id"]})
    report, handed_in = [await make.record(cast.secretariat, "progress-reports") for _ in range(2)]
    line, another = [
        await make.record(cast.secretariat, "report-lines", report={"id": handed_in["id"]}) for _ in range(2)
    ]
    await cast.thailand_approver.post(f"/v1/progress-reports/{handed_in['id']}/submit")
    return [
        ("events", event, draft["id"]),
        ("events", draft, event["id"]),
        ("goals", goal, goal_of_others["id"]),
        ("progress-reports", report, handed_in["id"]),
        ("progress-reports", handed_in, report["id"]),
        ("report-lines", line, another["id"]),
    ]


async def test_what_it_says_is_what_the_verbs_answer(cast: Cast) -> None:
    made = await records(cast)
    refused = set()
    for name in CALLERS:
        client: httpx.AsyncClient = getattr(cast, name)
        for path, record, other in made:
            said = await client.get(f"/v1/{path}/{record['id']}/permissions")
            if said.status_code == 404:
                assert (await client.get(f"/v1/{path}/{record['id']}")).status_code == 404, (name, path)
                continue
            for verb in said.json()["permissions"]:
                if verb["verb"] == "merge" and verb["allowed"]:
                    continue  # the other record has a say as well
                answer = await really(client, verb, other)
                about = (name, path, verb, answer.text)
                assert verb["allowed"] == (answer.status_code < 300), about
                if not verb["allowed"]:
                    problem = answer.json()
                    assert (verb["status"], verb["type"]) == (problem["status"], problem["type"]), about
                    assert {
                        key: verb.get(key) for key in ("missing", "owner", "state", "moves", "referred_by")
                    } == {
                        key: problem.get(key) for key in ("missing", "owner", "state", "moves", "referred_by")
                    }, about
                    refused.add(verb["type"].removeprefix("/problems/"))
    assert refused == {
        "key-missing",
        "forbidden",
        "not-yours",
        "still-referred",
        "conflict",
        "move-not-allowed",
    }


async def test_scopes_are_among_the_reasons(cast: Cast, empty: Register) -> None:
    event = await make.record(cast.secretariat, "events")
    key = new_key()
    await preparing.add_key(empty.superuser, key, "narrow", Role.SECRETARIAT, scopes=["goals:write"])
    answer = await cast.anonymous.get(f"/v1/events/{event['id']}/permissions", headers={"X-API-Key": key})
    verbs = {each["verb"]: each for each in answer.json()["permissions"]}
    assert verbs["read"]["allowed"]
    assert verbs["update"]["missing"] == {"scope": "events:write"}
    assert answer.json()["caller"]["scopes"] == ["goals:write"]


async def test_who_sees_a_draft_is_told_why(cast: Cast) -> None:
    draft = await make.record(cast.japan_editor, "events", visibility="own")
    address = f"/v1/events/{draft['id']}/permissions"
    why = [
        (await client.get(address)).json()["permissions"][0]["why"]
        for client in (cast.japan_editor, cast.secretariat)
    ]
    assert why == ["It is a draft of JP, for which you speak.", "The role `secretariat` sees everything."]
