"""What comes into force at once with something else does so one after the other, and the second is told."""

from app import operating
from tests import make
from tests.amendments.test_adding import added
from tests.amendments.test_concurring import concur, in_the_plan, modified, tabled, the_day_comes
from tests.cast import Cast
from tests.conftest import Register
from tests.meanwhile import asked_meanwhile

_MENDED = "update activities set title = 'Mended' where code = '1.1'"
_RETIRED = [
    {"action": "retire", "kind": kind, "name": name} for kind, name in (("activity", "1.1"), ("goal", "1"))
]


async def test_of_two_amendments_of_the_same_words_one_comes_into_force(cast: Cast, empty: Register) -> None:
    await in_the_plan(cast)
    two = [await tabled(cast, changes=[modified(new={"text": text})]) for text in "AB"]
    for each in two:
        await concur(cast.japan_authority, each)
    at_once = (concur(cast.asean_authority, each) for each in two)
    held = "select from activities where code = '1.1' for update"
    answers = await asked_meanwhile(empty.address, held, *at_once)
    assert sorted(each.status_code for each in answers) == [200, 409]
    states = [each["state"] for each in (await cast.anonymous.get("/v1/amendments")).json()["items"]]
    assert states == ["in_force"]


async def test_a_concurrence_does_not_write_over_a_slip_that_is_mended_meanwhile(
    cast: Cast, empty: Register
) -> None:
    await in_the_plan(cast)
    made = await tabled(cast)
    await concur(cast.japan_authority, made)
    [refused] = await asked_meanwhile(empty.address, _MENDED, concur(cast.asean_authority, made))
    assert (refused.status_code, "activity 1.1" in refused.json()["detail"]) == (409, True)
    assert (await cast.anonymous.get("/v1/activities/1.1")).json()["title"] == "Mended"


async def test_nor_does_an_amendment_whose_day_has_come(cast: Cast, empty: Register) -> None:
    await in_the_plan(cast)
    made = await tabled(cast, effective_on="2399-01-01")
    for client in (cast.japan_authority, cast.asean_authority):
        await concur(client, made)
    await the_day_comes(empty)
    enacting = operating.enact_due(empty.app.state.service.database)
    assert await asked_meanwhile(empty.address, _MENDED, enacting) == [1]
    lapsed = (await cast.anonymous.get(f"/v1/amendments/{made['number']}")).json()
    assert (lapsed["state"], "activity 1.1" in lapsed["closed_reason"]) == ("lapsed", True)
    assert (await cast.anonymous.get("/v1/activities/1.1")).json()["title"] == "Mended"


async def test_a_code_that_is_given_in_that_moment_is_no_reason_to_quote_the_database(
    cast: Cast, empty: Register
) -> None:
    await in_the_plan(cast)
    made = await tabled(cast, effective_on="2399-01-01", changes=[added()])
    for client in (cast.japan_authority, cast.asean_authority):
        await concur(client, made)
    await the_day_comes(empty)
    draft = "insert into activities (title, goal_id, code) select 'Draft', id, '1.2' from goals"
    enacting = operating.enact_due(empty.app.state.service.database)
    assert await asked_meanwhile(empty.address, draft, enacting) == [1]
    lapsed = (await cast.anonymous.get(f"/v1/amendments/{made['number']}")).json()
    assert (lapsed["state"], lapsed["closed_reason"].partition(":")[0]) == (
        "lapsed", "The record does not take what the amendment changes",
    )  # fmt: skip


async def test_a_side_that_says_which_version_it_concurs_to_is_held_to_it(
    cast: Cast, empty: Register
) -> None:
    await in_the_plan(cast)
    made = await tabled(cast)
    tag = (await cast.asean_authority.get(f"/v1/amendments/{made['number']}")).headers["etag"]
    asked = concur(cast.asean_authority, made, headers={"If-Match": tag})
    [refused] = await asked_meanwhile(empty.address, "update amendments set proposed_by = 'japan'", asked)
    now = (await cast.anonymous.get("/v1/amendments")).json()["items"]
    assert (refused.status_code, now) == (412, [])


async def test_a_goal_is_not_retired_while_an_activity_is_entered_under_it(
    cast: Cast, empty: Register
) -> None:
    await in_the_plan(cast)
    made = await tabled(cast, changes=_RETIRED)
    await concur(cast.japan_authority, made)
    entered = """insert into activities (title, origin, code, goal_id) select 'Late', 'plan', '1.2', id from goals"""
    [refused] = await asked_meanwhile(empty.address, entered, concur(cast.asean_authority, made))
    assert (refused.status_code, "retired together" in refused.json()["detail"]) == (409, True)


async def test_nor_while_one_that_stands_under_it_becomes_one_of_the_plan(
    cast: Cast, empty: Register
) -> None:
    await in_the_plan(cast)
    await make.record(cast.secretariat, "activities", goal={"number": 1}, origin="member", code="1.2")
    made = await tabled(cast, changes=_RETIRED)
    await concur(cast.japan_authority, made)
    becomes = "update activities set origin = 'plan' where code = '1.2'"
    [refused] = await asked_meanwhile(empty.address, becomes, concur(cast.asean_authority, made))
    assert (refused.status_code, "retired together" in refused.json()["detail"]) == (409, True)
