"""`/permissions` of a record says what the verbs then do: the same rules, asked beforehand."""

from typing import Any
from uuid import UUID

import httpx
import pytest

from app import preparing
from app.access.keys import new_key
from app.access.permissions import Role
from app.api import COLLECTIONS
from app.plan.queries import PLANS
from tests import make
from tests.cast import Cast
from tests.conftest import Register
from tests.openapi.conforming import DOCUMENT

CALLERS = (
    "anonymous",
    "reader",
    "partner",
    "japan_editor",
    "thailand_editor",
    "thailand_approver",
    "japan_authority",
    "secretariat",
    "auditor",
)


async def really(
    client: httpx.AsyncClient, verb: dict[str, Any], record: dict[str, Any], other: str
) -> httpx.Response:
    """The verb itself, without keeping what it does."""
    why = {"reason": "Once more."}
    bodies = {
        "update": {"keys": ["test:1"]},
        "merge": {"into": {"id": other}},
        "return": why,
        "withdraw": why,
        "lapse": why,
        "concur": {"text_hash": record.get("text_hash")},
        "hand-over": {"valid_from": "2399-01-01"},
        "bounce": {"channel": "email"},
    }
    more: dict[str, Any] = {"json": bodies[verb["verb"]]} if verb["verb"] in bodies else {}
    if verb["method"] != "GET":
        more |= {"params": {"dry_run": "true"}, "headers": {"X-Reason": "A call"}}
    return await client.request(verb["method"], verb["href"], **more)


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
        *await records_with_deeds(cast, goal),
    ]


async def records_with_deeds(cast: Cast, goal: dict[str, Any]) -> list[tuple[str, dict[str, Any], str]]:
    """The same of those with which more is done than with all."""
    undated, held, frozen, cancelled = [
        await make.record(cast.secretariat, "consultations", **when)
        for when in ({"start_date": None, "date_precision": "unknown"}, {}, {}, {"status": "cancelled"})
    ]
    too_late, another = [
        await make.record(
            cast.secretariat,
            "report-lines",
            report={"id": (await make.record(cast.secretariat, "progress-reports", **to))["id"]},
        )
        for to in ({"consultation": {"id": frozen["id"]}}, {})
    ]
    not_accepted = await make.record(
        cast.secretariat, "progress-reports", consultation={"id": frozen["id"]}, country="LA"
    )
    await cast.secretariat.post(f"/v1/progress-reports/{not_accepted['id']}/submit")
    await cast.secretariat.post(f"/v1/consultations/{frozen['id']}/freeze?force=true")
    office = {"name": "Office", "email": "office@example.org"}
    follows = await make.record(cast.secretariat, "focal-points", office=office)
    followed = await make.record(
        cast.secretariat,
        "focal-points",
        office=office,
        successor={"id": follows["id"]},
        visibility="partners",
    )
    mail = "person@example.org"
    person, named = [
        await make.record(cast.secretariat, "persons", display=name, email=mail)
        for name in ("Aoi B", "Cao D")
    ]
    changes = [{"action": "modify", "kind": "goal", "name": str(goal["number"]), "new": {"text": "Goal"}}]
    proposed, tabled, outdated = [
        await make.record(cast.secretariat, "amendments", **more) for more in ({}, {}, {"changes": changes})
    ]
    for each in (tabled, outdated):
        await cast.secretariat.post(f"/v1/amendments/{each['id']}/table")
    await cast.secretariat.patch(f"/v1/goals/{goal['id']}", json={"title": "What Cao D was asked"})
    return [
        ("consultations", undated, held["id"]),
        ("consultations", held, undated["id"]),
        ("consultations", frozen, undated["id"]),
        ("consultations", cancelled, undated["id"]),
        ("report-lines", too_late, another["id"]),
        ("progress-reports", too_late["report"], another["report"]["id"]),
        ("progress-reports", not_accepted, another["report"]["id"]),
        ("focal-points", followed, follows["id"]),
        ("focal-points", follows, followed["id"]),
        ("persons", person, named["id"]),
        ("persons", named, person["id"]),
        ("amendments", proposed, tabled["id"]),
        ("amendments", tabled, proposed["id"]),
        ("amendments", outdated, proposed["id"]),
    ]


async def test_what_it_says_is_what_the_verbs_answer(cast: Cast) -> None:
    made = await records(cast)
    refused = set()
    met = set()
    for path, record, other in made:
        # What stands against a record itself does so for all: each role is asked once for each collection.
        for name in CALLERS if path not in met else ("thailand_editor", "secretariat"):
            met.add(path)
            client: httpx.AsyncClient = getattr(cast, name)
            said = await client.get(f"/v1/{path}/{record['id']}/permissions")
            if said.status_code != 200:
                read = await client.get(f"/v1/{path}/{record['id']}")
                assert read.status_code == said.status_code, (name, path)
                continue
            for verb in said.json()["permissions"]:
                if verb["verb"] == "merge" and verb["allowed"]:
                    continue  # the other record has a say as well
                answer = await really(client, verb, record, other)
                about = (name, path, verb, answer.text)
                assert verb["allowed"] == (answer.status_code < 300), about
                if not verb["allowed"]:
                    problem = answer.json()
                    assert (verb["status"], verb["type"]) == (problem["status"], problem["type"]), about
                    told = (
                        "missing",
                        "owner",
                        "state",
                        "moves",
                        "referred_by",
                        "successor",
                        "gaps",
                        "mentions",
                    )
                    assert {key: verb.get(key) for key in told} == {key: problem.get(key) for key in told}, (
                        about
                    )
                    refused.add(verb["type"].removeprefix("/problems/"))
    assert refused == {
        "key-missing",
        "forbidden",
        "not-yours",
        "still-referred",
        "conflict",
        "move-not-allowed",
        "not-deleted",
        "already-frozen",
        "not-held-yet",
        "consultation-cancelled",
        "handed-over",
        "not-public",
        "gaps-stop-the-freeze",
        "still-mentioned",
        "cannot-be-merged",
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


async def test_it_tells_everything_that_can_be_done_with_a_record(varied: httpx.AsyncClient) -> None:
    """As the API document has it: what is added there cannot be left out here."""
    for collection in COLLECTIONS:
        place = f"/v1/{collection.path}"
        listed = (await varied.get(place, params={} if collection is PLANS else {"limit": 1})).json()
        record = listed["id"] if collection is PLANS else listed["items"][0]["id"]
        said = (await varied.get(f"{place}/{record}/permissions")).json()["permissions"]
        changes = {
            (method.upper(), path.replace("{name}", record))
            for path, methods in DOCUMENT["paths"].items()
            for method in methods
            if method != "get"
            and (path.startswith(f"{place}/{{name}}") or (path, method) == (place, "patch"))
        }
        assert {(each["method"], each["href"]) for each in said[1:]} == changes, collection
        assert len({each["verb"] for each in said}) == len(changes) + 1, collection
        assert (await varied.get(said[0]["href"])).status_code == 200, collection
        assert (await varied.get(f"{place}/{UUID(int=7)}/permissions")).status_code == 404, collection


async def test_of_a_deleted_record_it_tells_what_can_still_be_done(cast: Cast) -> None:
    event = await make.record(cast.japan_editor, "events", visibility="own")
    person = await make.record(cast.japan_editor, "persons", country="JP")
    for path, record, verbs in (("events", event, ["restore"]), ("persons", person, ["restore", "erase"])):
        at = f"/v1/{path}/{record['id']}"
        assert (await cast.japan_editor.delete(at)).status_code == 204
        for name in ("japan_editor", "secretariat", "thailand_editor", "partner"):
            client: httpx.AsyncClient = getattr(cast, name)
            said = await client.get(f"{at}/permissions")
            if said.status_code == 404:
                assert path == "events", "what was a draft is hidden"
                assert (await client.post(f"{at}/restore")).status_code in {403, 404}
                continue
            assert [each["verb"] for each in said.json()["permissions"]] == verbs
            for verb in said.json()["permissions"]:
                answer = await really(client, verb, record, "")
                assert verb["allowed"] == (answer.status_code == 200), (name, verb, answer.text)
                assert verb.get("status", 200) == answer.status_code, (name, verb, answer.text)
    await cast.japan_editor.post(f"/v1/persons/{person['id']}/erase")
    assert (await cast.secretariat.get(f"/v1/persons/{person['id']}/permissions")).status_code == 404


async def test_of_a_deleted_record_it_tells_what_has_to_come_back_first(client: httpx.AsyncClient) -> None:
    activity = await make.record(client, "activities")
    line = await make.record(client, "report-lines", activity={"id": activity["id"]})
    event = await make.record(client, "events", activities=[{"id": activity["id"], "link": "stated"}])
    named = {"report-lines": (line, "`activity`"), "events": (event, "`activities`")}
    for path, (record, _) in named.items():
        await client.delete(f"/v1/{path}/{record['id']}")
    await client.delete(f"/v1/activities/{activity['id']}")
    for there in (False, True):
        for path, (record, field) in named.items():
            [verb] = (await client.get(f"/v1/{path}/{record['id']}/permissions")).json()["permissions"]
            answer = await client.post(f"/v1/{path}/{record['id']}/restore?dry_run=true")
            assert (verb["allowed"], answer.status_code) == (there, 200 if there else 409), answer.text
            if not there:
                assert f"names in {field} is deleted" in answer.json()["detail"]
                assert verb["why"] == answer.json()["detail"]
        await client.post(f"/v1/activities/{activity['id']}/restore")


@pytest.mark.parametrize(("path", "same"), [
    ("organisations", ("code",)), ("goals", ("number",)), ("events", ("keys",)),
    ("progress-reports", ("consultation", "country")),
])  # fmt: skip
async def test_of_a_deleted_record_it_tells_that_another_has_its_place(
    client: httpx.AsyncClient, path: str, same: tuple[str, ...]
) -> None:
    made = await make.record(client, path, keys=["moj:1"])
    at = f"/v1/{path}/{made['id']}"
    await client.delete(at)
    await make.record(client, path, **{field: made[field] for field in same})
    [verb] = (await client.get(f"{at}/permissions")).json()["permissions"]
    answer = await client.post(f"{at}/restore?dry_run=true")
    assert (answer.status_code, verb["allowed"], verb["why"]) == (409, False, answer.json()["detail"])


async def test_of_a_deleted_record_it_tells_which_rule_it_would_break(client: httpx.AsyncClient) -> None:
    goals = [{"id": (await make.record(client, "goals"))["id"]} for _ in range(2)]
    parent = await make.record(client, "activities", goal=goals[0], origin="plan", code="1.1")
    child = await make.record(client, "activities", goal=goals[0], parent={"id": parent["id"]})
    person = await make.record(client, "persons", country="TH")
    office = await make.record(client, "focal-points", country="TH", person={"id": person["id"]})
    moved = [
        (f"activities/{parent['id']}", {"goal": goals[1]}),
        (f"persons/{person['id']}", {"country": "VN"}),
    ]
    gone = [(f"/v1/activities/{child['id']}", "parent"), (f"/v1/focal-points/{office['id']}", "person")]
    for at, _ in gone:
        assert await restored(client, at) == (None, 409)  # it is there
        assert (await client.delete(at)).status_code == 204
        assert await restored(client, at) == (True, 200)
    for at, change in moved:
        assert (await client.patch(f"/v1/{at}", json=change)).status_code == 200
    for at, field in gone:
        assert await restored(client, at) == (False, 422), field


async def test_every_rule_is_asked_of_what_is_deleted(client: httpx.AsyncClient) -> None:
    for collection in (each for each in COLLECTIONS if each.rules):
        at = f"/v1/{collection.path}/{(await make.record(client, collection.path))['id']}"
        await client.delete(at)
        assert await restored(client, at) == (True, 200), collection


async def restored(client: httpx.AsyncClient, at: str) -> tuple[bool | None, int]:
    """What is said of a restore beforehand, if the record is deleted, and how it is answered."""
    verbs = (await client.get(f"{at}/permissions")).json()["permissions"]
    answer = await client.post(f"{at}/restore?dry_run=true")
    if verbs[0]["verb"] == "read":
        return None, answer.status_code
    verb = verbs[0]
    if answer.status_code >= 300:
        assert (verb["status"], verb["type"]) == (answer.status_code, answer.json()["type"])
    return verb["allowed"], answer.status_code


@pytest.mark.parametrize("frozen", [False, True])
async def test_of_a_deleted_record_it_tells_what_the_survivor_of_what_it_names_stands_against(
    client: httpx.AsyncClient, frozen: bool
) -> None:
    before, after, free = [{"id": (await make.record(client, "organisations"))["id"]} for _ in range(3)]
    meeting = {"id": (await make.record(client, "consultations"))["id"]}
    report = {"country": None, "consultation": meeting}
    gone, other = [
        await make.record(client, "progress-reports", **report, organisation=body) for body in (before, free)
    ]
    at = f"/v1/progress-reports/{gone['id']}"
    await client.delete(at)
    await client.post(f"/v1/organisations/{before['id']}/merge", json={"into": after})
    assert await restored(client, at) == (True, 200)
    if frozen:
        held = {"id": (await make.record(client, "consultations"))["id"]}
        await client.post(f"/v1/consultations/{held['id']}/freeze?force=true")
        await client.delete(f"/v1/progress-reports/{other['id']}")
        await client.post(f"/v1/consultations/{meeting['id']}/merge", json={"into": held})
    else:
        await make.record(client, "progress-reports", **report, organisation=after)
    assert await restored(client, at) == (False, 409)


async def test_what_was_deleted_from_a_report_before_the_freeze_stays_away(cast: Cast) -> None:
    by = cast.secretariat
    meeting = await make.record(by, "consultations", number=3, start_date="2026-11-01")
    one, other = [
        await make.record(by, "progress-reports", consultation={"id": meeting["id"]}, country=country)
        for country in ("LA", "VN")
    ]
    line = await make.record(by, "report-lines", report={"id": one["id"]})
    places = [f"/v1/report-lines/{line['id']}", f"/v1/progress-reports/{other['id']}"]
    for place in places:
        assert (await by.delete(place)).status_code == 204
    for frozen in (False, True):
        for place in places:
            (verb,) = (await by.get(f"{place}/permissions")).json()["permissions"]
            answer = await by.post(f"{place}/restore?dry_run=true")
            assert (verb["verb"], verb["allowed"]) == ("restore", not frozen)
            assert verb.get("status", 200) == answer.status_code, answer.text
        await by.post("/v1/consultations/3/freeze?force=true")


async def test_what_one_does_not_see_stands_against_a_deletion_and_is_not_told(cast: Cast) -> None:
    """That there is something can be noticed by trying (docs/threat-model.md); nothing more than that is said."""
    goal = await make.record(cast.secretariat, "goals")
    activity = await make.record(cast.thailand_editor, "activities", goal={"id": goal["id"]})
    linked = [{"id": activity["id"]}]
    draft = await make.record(cast.japan_editor, "events", activities=linked, visibility="own")
    at = f"/v1/activities/{activity['id']}"
    told = {}
    for name in ("thailand_editor", "secretariat", "indonesia_editor"):
        client: httpx.AsyncClient = getattr(cast, name)
        verbs = {each["verb"]: each for each in (await client.get(f"{at}/permissions")).json()["permissions"]}
        problem = (await client.delete(f"{at}?dry_run=true")).json()
        said = told[name] = {
            key: verbs["delete"].get(key) for key in ("why", "status", "type", "referred_by")
        }
        assert said == {"why": problem["detail"], **{key: problem.get(key) for key in list(said)[1:]}}
    assert told["secretariat"]["referred_by"] == {"events": 1}
    assert (told["thailand_editor"]["status"], told["thailand_editor"]["referred_by"]) == (409, None)
    assert "event" not in told["thailand_editor"]["why"]
    assert told["indonesia_editor"]["status"] == 403
    await cast.japan_editor.delete(f"/v1/events/{draft['id']}")
    assert (await cast.thailand_editor.delete(at)).status_code == 204
