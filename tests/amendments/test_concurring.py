"""An amendment comes into force when both sides have concurred to the same words, and in no other way."""

from typing import Any

import httpx
import pytest

from app import operating
from tests import make
from tests.cast import Cast
from tests.conftest import Register

WORDS = {"text": "Hold the Consultation every year", "sub_items": ["In turn"]}
NO_HASH = "sha256:" + "0" * 64


async def in_the_plan(cast: Cast) -> dict[str, Any]:
    """An activity of the plan."""
    goal = await make.record(cast.secretariat, "goals", number=1)
    return await make.record(
        cast.secretariat, "activities", goal={"id": goal["id"]}, origin="plan", code="1.1", title="Hold it"
    )


def modified(**more: Any) -> dict[str, Any]:
    return {"action": "modify", "kind": "activity", "name": "1.1", "new": WORDS, **more}


async def tabled(cast: Cast, **more: Any) -> dict[str, Any]:
    """A tabled amendment to the activity 1.1."""
    made = await make.record(cast.secretariat, "amendments", **{"changes": [modified()], **more})
    answer = await cast.secretariat.post(f"/v1/amendments/{made['number']}/table")
    assert answer.status_code == 200, answer.text
    after: dict[str, Any] = answer.json()
    return after


async def concur(client: httpx.AsyncClient, amendment: dict[str, Any], **more: Any) -> httpx.Response:
    body = {"text_hash": more.pop("text_hash", amendment["text_hash"])}
    return await client.post(f"/v1/amendments/{amendment['number']}/concur", json=body, **more)


async def test_the_second_concurrence_brings_it_into_force_and_changes_the_plan(cast: Cast) -> None:
    activity = await in_the_plan(cast)
    made = await tabled(cast)
    assert made["changes"][0]["old"] == {"text": "Hold it", "sub_items": []}
    first = (await concur(cast.asean_authority, made)).json()
    assert [given["side"] for given in first["concurrences"]] == ["asean"]
    assert (await cast.anonymous.get(f"/v1/activities/{activity['id']}")).json()["title"] == "Hold it"
    again = await concur(cast.asean_authority, made)
    assert (again.status_code, again.json()) == (200, first)
    second = (await concur(cast.japan_authority, made)).json()
    assert (second["state"], second["took_effect_on"] is None) == ("in_force", False)
    assert [(given["side"], given["by"]) for given in second["concurrences"]] == [
        ("asean", "asean_authority"), ("japan", "japan_authority"),
    ]  # fmt: skip
    after = (await cast.anonymous.get("/v1/activities/1.1")).json()
    assert (after["title"], after["sub_items"]) == (WORDS["text"], WORDS["sub_items"])
    told = (await cast.reader.get("/v1/activities/1.1/history")).json()["items"][0]
    assert told["by"]["key"]["name"] == "japan_authority"


async def test_any_edit_of_the_text_voids_what_was_concurred_to(cast: Cast) -> None:
    await in_the_plan(cast)
    made = await tabled(cast)
    before = made
    for edit in (
        {"title": "Other"}, {"rationale": "Why"}, {"effective_on": "2020-01-01"},
        {"changes": [modified(new={"text": "Other"})]},
    ):  # fmt: skip
        assert len((await concur(cast.asean_authority, before)).json()["concurrences"]) == 1
        after = (await cast.secretariat.patch(f"/v1/amendments/{made['number']}", json=edit)).json()
        assert before["text_hash"] != after["text_hash"]
        assert after["concurrences"] == []
        refused = await concur(cast.japan_authority, before)
        assert refused.status_code == 409
        assert refused.json()["text_hash"] == after["text_hash"]
        before = after
    kept = await cast.secretariat.patch(f"/v1/amendments/{made['number']}", json={"proposed_by": "asean"})
    assert kept.json()["text_hash"] == after["text_hash"]


async def test_the_hash_is_that_of_the_text_that_one_reads(cast: Cast) -> None:
    await in_the_plan(cast)
    made = await tabled(cast, rationale="One\nTwo", effective_on="2027-01-01")
    answer = await cast.asean_authority.get(f"/v1/amendments/{made['number']}/text")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["etag"] == f'"{made["text_hash"].removeprefix("sha256:")}"'
    assert answer.text.splitlines()[2:] == [
        "Takes effect: 2027-01-01", "> One", "> Two", "", "Modify activity 1.1",
        "- Hold it", "+ Hold the Consultation every year", "  + In turn",
    ]  # fmt: skip
    again = await cast.asean_authority.get(
        f"/v1/amendments/{made['number']}/text", headers={"If-None-Match": answer.headers["etag"]}
    )
    assert again.status_code == 304


async def test_what_is_concurred_to_waits_for_its_day(cast: Cast) -> None:
    await in_the_plan(cast)
    made = await tabled(cast, effective_on="2399-01-01")
    await concur(cast.japan_authority, made)
    after = (await concur(cast.asean_authority, made)).json()
    assert (after["state"], after["visibility"], after["took_effect_on"]) == ("concurred", "public", None)
    assert (await cast.anonymous.get("/v1/activities/1.1")).json()["title"] == "Hold it"
    settled = await cast.secretariat.patch(f"/v1/amendments/{made['number']}", json={"title": "Other"})
    assert settled.status_code == 409


async def test_goals_and_activities_are_added_and_retired(cast: Cast) -> None:
    activity = await in_the_plan(cast)
    changes = [
        {"action": "retire", "kind": "activity", "name": "1.1"},
        {"action": "add", "kind": "goal", "name": "2", "new": {"text": "New goal"}},
        {"action": "add", "kind": "activity", "name": "2.1", "under": 2, "new": WORDS},
    ]
    made = await tabled(cast, changes=changes)
    await concur(cast.asean_authority, made)
    after = (await concur(cast.japan_authority, made)).json()
    retired = (await cast.anonymous.get(f"/v1/activities/{activity['id']}")).json()
    assert retired["retired_on"] == after["took_effect_on"]
    gaps = (await cast.anonymous.get("/v1/gaps?check=goal_without_activity")).json()["items"]
    assert [gap["subject"]["id"] for gap in gaps] == [activity["goal"]["id"]]  # retired ones do not count
    added = (await cast.anonymous.get("/v1/activities/2.1")).json()
    assert (added["origin"], added["goal"]["number"], added["title"]) == ("plan", 2, WORDS["text"])


@pytest.mark.parametrize("change", [
    {"action": "modify", "kind": "activity", "name": "9.9", "new": WORDS},
    {"action": "add", "kind": "activity", "name": "1.1", "under": 1, "new": WORDS},
    {"action": "add", "kind": "activity", "name": "1.2", "under": 7, "new": WORDS},
    {"action": "retire", "kind": "goal", "name": "1", "new": WORDS},
    {"action": "add", "kind": "goal", "name": "x", "new": WORDS},
    {"action": "add", "kind": "goal", "name": "2", "under": 77, "new": WORDS},
    {"action": "add", "kind": "activity", "name": "stats", "under": 1, "new": WORDS},
    {"action": "modify", "kind": "preamble", "name": "1", "new": WORDS},
])  # fmt: skip
async def test_a_change_that_has_no_place_in_the_plan_is_refused(cast: Cast, change: dict[str, Any]) -> None:
    await in_the_plan(cast)
    answer = await cast.secretariat.post(
        "/v1/amendments", json={"number": 1, "title": "T", "changes": [change]}
    )
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["pointer"].startswith("/changes")


async def test_an_amendment_to_words_that_have_changed_is_refused_by_both(cast: Cast) -> None:
    await in_the_plan(cast)
    made = await tabled(cast)
    other = await tabled(cast)
    for client in (cast.asean_authority, cast.japan_authority):
        assert (await concur(client, made)).status_code == 200
    refused = await concur(cast.japan_authority, other)
    assert refused.status_code == 409
    assert "activity 1.1" in refused.json()["detail"]


@pytest.mark.parametrize("caller", [
    "anonymous", "reader", "partner", "japan_editor", "thailand_approver", "secretariat", "auditor", "administrator",
])  # fmt: skip
async def test_only_the_authorities_of_the_sides_concur(cast: Cast, caller: str) -> None:
    await in_the_plan(cast)
    made = await tabled(cast)
    answer = await concur(getattr(cast, caller), made)
    assert answer.status_code == (401 if caller == "anonymous" else 403)
    assert (await cast.secretariat.get(f"/v1/amendments/{made['number']}")).json()["concurrences"] == []


async def test_who_sees_an_amendment_when(cast: Cast) -> None:
    await in_the_plan(cast)
    made = await make.record(cast.secretariat, "amendments", changes=[modified()])
    address = f"/v1/amendments/{made['number']}"

    async def seen() -> list[int]:
        callers = (cast.secretariat, cast.japan_authority, cast.anonymous)
        return [(await client.get(address)).status_code for client in callers]

    assert await seen() == [200, 404, 404]
    await cast.secretariat.post(f"{address}/table")
    assert await seen() == [200, 200, 404]
    for client in (cast.japan_authority, cast.asean_authority):
        await concur(client, made)
    assert await seen() == [200, 200, 200]


async def test_what_was_laid_before_the_sides_stays_in_the_record(cast: Cast) -> None:
    await in_the_plan(cast)
    made = await tabled(cast)
    address = f"/v1/amendments/{made['number']}"
    refused = await cast.secretariat.delete(address)
    assert (refused.status_code, "Withdraw it" in refused.json()["detail"]) == (409, True)
    closed = await cast.secretariat.post(f"{address}/withdraw", json={"reason": "Not needed."})
    assert (closed.json()["state"], closed.json()["closed_reason"]) == ("withdrawn", "Not needed.")
    refused = await cast.secretariat.delete(address)
    assert (refused.status_code, "Withdraw it" in refused.json()["detail"]) == (409, False)
    assert (await concur(cast.asean_authority, made)).json()["moves"] == []
    assert (await cast.secretariat.patch(address, json={"title": "Other"})).status_code == 409
    assert (await cast.secretariat.patch(address, json={"keys": ["a:1"]})).status_code == 200


async def test_a_dry_run_concurs_to_nothing(cast: Cast) -> None:
    await in_the_plan(cast)
    made = await tabled(cast)
    answer = await concur(cast.asean_authority, made, params={"dry_run": "true"})
    assert len(answer.json()["concurrences"]) == 1
    assert (await cast.secretariat.get(f"/v1/amendments/{made['number']}")).json() == made


async def may_concur(client: httpx.AsyncClient, amendment: dict[str, Any]) -> bool:
    """What is said of it beforehand."""
    answer = await client.get(f"/v1/amendments/{amendment['number']}/permissions")
    return next(each["allowed"] for each in answer.json()["permissions"] if each["verb"] == "concur")


async def test_a_day_before_that_of_the_last_amendment_is_refused_to_whoever_tables_or_concurs(
    cast: Cast,
) -> None:
    await in_the_plan(cast)
    goal = {"action": "add", "kind": "goal", "name": "7", "new": {"text": "Goal"}}
    draft = await make.record(cast.secretariat, "amendments", effective_on="2024-01-01", changes=[goal])
    early = await tabled(cast, effective_on="2024-01-01", changes=[{**goal, "name": "8"}])
    same = await tabled(cast, effective_on="2026-01-02", changes=[{**goal, "name": "9"}])
    late = await tabled(cast, effective_on="2026-01-02")
    assert await may_concur(cast.japan_authority, early)
    for client in (cast.asean_authority, cast.japan_authority):
        assert (await concur(client, late)).status_code == 200
    refused = [
        await cast.secretariat.post(f"/v1/amendments/{draft['number']}/table"),
        await concur(cast.asean_authority, early),
    ]
    for answer in refused:
        assert (answer.status_code, "after 2024-01-01" in answer.json()["detail"]) == (409, True)
    assert not await may_concur(cast.japan_authority, early)
    for client in (cast.asean_authority, cast.japan_authority):
        assert await may_concur(client, same)
        assert (await concur(client, same)).status_code == 200


async def retire(cast: Cast, *changes: tuple[str, str]) -> None:
    """Goals and activities are retired by an amendment that both sides concur to."""
    made = await tabled(
        cast, changes=[{"action": "retire", "kind": kind, "name": name} for kind, name in changes]
    )
    answers = [await concur(side, made) for side in (cast.asean_authority, cast.japan_authority)]
    assert answers[1].json().get("state") == "in_force", answers[1].text


async def test_the_plan_proposes_nothing_under_a_retired_goal(cast: Cast) -> None:
    by, activity = cast.secretariat, await in_the_plan(cast)
    other = await make.record(by, "goals", number=2)
    of_another = {"goal": {"id": other["id"]}, "origin": "plan", "code": "2.1"}
    elsewhere = await make.record(by, "activities", **of_another)
    address = f"/v1/activities/{activity['id']}"
    await by.delete(address)
    body = {"goal": activity["goal"], "origin": "plan", "code": "1.2", "title": "Late"}
    verbs = []
    for retired in (False, True):
        answers = [
            await by.post("/v1/activities?dry_run=true", json=body),
            await by.post("/v1/activities/bulk?dry_run=true", json=[body]),
            await by.patch(f"/v1/activities/{elsewhere['id']}?dry_run=true", json={"goal": activity["goal"]}),
            await by.post(f"/v1/goals/{other['id']}/merge?dry_run=true", json={"into": {"number": 1}}),
            await by.post(f"{address}/restore?dry_run=true"),
        ]
        assert [each.status_code == 422 for each in answers] == [retired] * 5, [each.text for each in answers]
        verbs += (await by.get(f"{address}/permissions")).json()["permissions"]
        if not retired:
            await retire(cast, ("goal", "1"))
    codes = {error["code"] for each in answers for error in each.json()["errors"]}
    assert codes == {"goal_retired", "goal_with_activities"}
    assert [(each["verb"], each["allowed"]) for each in verbs] == [("restore", True), ("restore", False)]
    assert (verbs[1]["status"], verbs[1]["why"]) == (422, answers[-1].json()["detail"])
    ours = await by.post("/v1/activities", json={**body, "origin": "member"})
    assert (ours.status_code, ours.json()["goal"]["number"]) == (201, 1)


async def test_what_stands_under_a_retired_goal_stands_against_no_other_amendment(
    cast: Cast, empty: Register
) -> None:
    """There may be some from before that was refused; it can be changed, too."""
    activity = await in_the_plan(cast)
    await retire(cast, ("activity", "1.1"), ("goal", "1"))
    await empty.superuser.execute("update activities set retired_on = null")
    mended = await cast.secretariat.patch(f"/v1/activities/{activity['id']}", json={"description": "Mended"})
    assert mended.status_code == 200, mended.text
    added = {"action": "add", "kind": "goal", "name": "9", "new": WORDS}
    made = await tabled(cast, changes=[added])
    for side in (cast.asean_authority, cast.japan_authority):
        assert (await concur(side, made)).status_code == 200
    assert (await cast.anonymous.get("/v1/goals/9")).json()["title"] == WORDS["text"]


@pytest.mark.parametrize("visibility", ["public", "own"])
async def test_a_goal_is_not_retired_without_the_activities_that_the_plan_proposes_for_it(
    cast: Cast, visibility: str
) -> None:
    activity = await in_the_plan(cast)
    of_a_country = {"goal": activity["goal"], "code": "1.2", "title": "Ours"}
    await make.record(cast.thailand_editor, "activities", **of_a_country)
    goal, first = (
        {"action": "retire", "kind": kind, "name": name}
        for kind, name in (("goal", "1"), ("activity", "1.1"))
    )
    body = await make.body(cast.secretariat, "amendments", changes=[goal])
    refused = await cast.secretariat.post("/v1/amendments", json=body)
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "goal_with_activities")
    made = await tabled(cast, changes=[goal, first])
    assert await may_concur(cast.japan_authority, made)
    of_the_plan = {"goal": activity["goal"], "origin": "plan", "code": "1.3", "visibility": visibility}
    another = await make.record(cast.secretariat, "activities", **of_the_plan)
    assert not await may_concur(cast.japan_authority, made)
    late = await concur(cast.asean_authority, made)
    assert (late.status_code, "retired together" in late.json()["detail"]) == (409, True)
    await cast.secretariat.delete(f"/v1/activities/{another['id']}")
    for client in (cast.asean_authority, cast.japan_authority):
        assert (await concur(client, made)).status_code == 200


async def test_a_ministry_adds_nothing_to_the_text_of_the_plan(cast: Cast) -> None:
    goal = await make.record(cast.secretariat, "goals")
    body = {"goal": {"id": goal["id"]}, "code": "1.9", "title": "Ours", "origin": "plan"}
    refused = await cast.japan_editor.post("/v1/activities", json=body)
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "plan_of_a_country")
    assert (
        await cast.japan_editor.post("/v1/activities", json={**body, "origin": "member"})
    ).status_code == 201


_THE_DAY_COMES = """set session_replication_role = replica;
update amendments a set effective_on = current_date, text_hash = hash,
  concurrences = replace(concurrences::text, text_hash, hash)::jsonb
from (select id, 'sha256:' || encode(sha256(convert_to(
  amendment_text(number, title, rationale, current_date, changes), 'UTF8')), 'hex') from amendments) today(id, hash)
where a.id = today.id;
set session_replication_role = origin"""


async def the_day_comes(register: Register) -> None:
    """As if both sides had long since concurred to today: nobody else could do that."""
    await register.superuser.execute(_THE_DAY_COMES)


async def test_on_its_day_it_comes_into_force_or_lapses_and_says_why(cast: Cast, empty: Register) -> None:
    await in_the_plan(cast)
    for text in ("A", "B"):
        made = await tabled(cast, effective_on="2399-01-01", changes=[modified(new={"text": text})])
        await concur(cast.japan_authority, made)
        await concur(cast.asean_authority, made)
    assert await operating.enact_due(empty.app.state.service.database) == 0
    await the_day_comes(empty)
    assert await operating.enact_due(empty.app.state.service.database) == 2
    first, second = (await cast.anonymous.get("/v1/amendments?sort=number")).json()["items"]
    assert (first["state"], second["state"]) == ("in_force", "lapsed")
    assert "activity 1.1" in second["closed_reason"]
    assert (await cast.anonymous.get("/v1/activities/1.1")).json()["title"] == "A"
