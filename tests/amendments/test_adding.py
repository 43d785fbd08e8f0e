"""What an amendment adds has a place in the plan and a code or number that is free: else it could never take effect."""

from typing import Any

import pytest

from app import operating
from tests import make
from tests.amendments.test_concurring import WORDS, concur, in_the_plan, tabled, the_day_comes
from tests.cast import Cast
from tests.conftest import Register


def added(**more: Any) -> dict[str, Any]:
    return {"action": "add", "kind": "activity", "name": "1.2", "under": 1, "new": WORDS, **more}


GOAL = {"action": "add", "kind": "goal", "name": "2", "new": {"text": "New goal"}}


async def test_a_goal_is_added_before_what_stands_under_it_in_whatever_order_they_are_named(
    cast: Cast,
) -> None:
    await in_the_plan(cast)
    made = await tabled(cast, changes=[added(name="2.1", under=2), GOAL])
    await concur(cast.asean_authority, made)
    assert (await concur(cast.japan_authority, made)).json()["state"] == "in_force"
    assert (await cast.anonymous.get("/v1/activities/2.1")).json()["goal"]["number"] == 2


async def test_nothing_is_added_under_a_goal_that_the_same_amendment_retires(cast: Cast) -> None:
    await in_the_plan(cast)
    retired = [
        {"action": "retire", "kind": kind, "name": name}
        for kind, name in (("goal", "1"), ("activity", "1.1"))
    ]
    for changes, status in (([*retired, added()], 422), (retired, 201)):
        body = await make.body(cast.secretariat, "amendments", changes=changes)
        assert (await cast.secretariat.post("/v1/amendments", json=body)).status_code == status


@pytest.mark.parametrize("visibility", ["public", "own"])
async def test_a_code_that_an_activity_of_a_country_has_is_not_given_to_another(
    cast: Cast, visibility: str
) -> None:
    await in_the_plan(cast)
    before = await make.record(cast.secretariat, "amendments", changes=[added()])
    await make.record(
        cast.thailand_editor,
        "activities",
        title="Draft",
        goal={"number": 1},
        code="1.2",
        visibility=visibility,
    )
    body = await make.body(cast.secretariat, "amendments", changes=[added()])
    refused = await cast.secretariat.post("/v1/amendments", json=body)
    assert refused.status_code == 422
    assert [(each["code"], each["pointer"]) for each in refused.json()["errors"]] == [
        ("place_taken", "/changes")
    ]
    late = await cast.secretariat.post(f"/v1/amendments/{before['number']}/table")
    assert (late.status_code, "has 1.2 already" in late.json()["detail"]) == (409, True)
    assert "Draft" not in refused.text + late.text


@pytest.mark.parametrize(
    ("kind", "name", "again"), [("activity", "1.1", added(name="1.1")), ("goal", "2", GOAL)]
)
async def test_what_was_retired_keeps_its_code_or_number(
    cast: Cast, kind: str, name: str, again: dict[str, Any]
) -> None:
    await in_the_plan(cast)
    await make.record(cast.secretariat, "goals", number=2)
    made = await tabled(cast, changes=[{"action": "retire", "kind": kind, "name": name}])
    for client in (cast.asean_authority, cast.japan_authority):
        await concur(client, made)
    body = await make.body(cast.secretariat, "amendments", changes=[again])
    refused = await cast.secretariat.post("/v1/amendments", json=body)
    assert [each["code"] for each in refused.json()["errors"]] == ["place_taken"]


async def test_a_code_that_was_given_since_is_told_to_the_side_that_concurs(cast: Cast) -> None:
    await in_the_plan(cast)
    made = await tabled(cast, changes=[added()])
    await concur(cast.asean_authority, made)
    await make.record(cast.thailand_editor, "activities", goal={"number": 1}, code="1.2", visibility="own")
    refused = await concur(cast.japan_authority, made)
    assert (refused.status_code, "has 1.2 already" in refused.json()["detail"]) == (409, True)


@pytest.mark.parametrize(("taken", "why"), [
    (True, "Another record has 1.2 already"), (False, "What the amendment adds has no place in the plan"),
])  # fmt: skip
async def test_what_can_take_effect_no_more_on_its_day_lapses_and_says_why_in_words(
    cast: Cast, empty: Register, taken: bool, why: str
) -> None:
    await in_the_plan(cast)
    goal = await make.record(cast.secretariat, "goals", number=2)
    made = await tabled(cast, effective_on="2399-01-01", changes=[added(under=2)])
    for client in (cast.asean_authority, cast.japan_authority):
        assert (await concur(client, made)).status_code == 200
    if taken:
        await make.record(
            cast.thailand_editor, "activities", goal={"number": 2}, code="1.2", visibility="own"
        )
    else:
        await cast.secretariat.delete(f"/v1/goals/{goal['id']}")
    await the_day_comes(empty)
    assert await operating.enact_due(empty.app.state.service.database) == 1
    lapsed = (await cast.anonymous.get(f"/v1/amendments/{made['number']}")).json()
    assert (lapsed["state"], lapsed["closed_reason"].partition(":")[0]) == ("lapsed", why)
