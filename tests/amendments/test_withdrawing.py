"""What both sides have concurred to can be withdrawn until its day comes."""

from typing import Any

import asyncpg
import httpx
import pytest

from app import operating
from app.db import APP_ROLE
from tests.amendments.test_concurring import concur, in_the_plan, modified, tabled, the_day_comes
from tests.cast import Cast
from tests.conftest import Register

SAID = {"reason": "The day is a slip: 2027 was meant."}


async def concurred(cast: Cast) -> dict[str, Any]:
    """An amendment with a day far ahead, to which both sides have concurred."""
    await in_the_plan(cast)
    made = await tabled(cast, effective_on="2399-01-01")
    await concur(cast.japan_authority, made)
    after: dict[str, Any] = (await concur(cast.asean_authority, made)).json()
    assert after["state"] == "concurred"
    return after


async def withdrawal(client: httpx.AsyncClient, amendment: dict[str, Any]) -> dict[str, Any]:
    """What is said of it beforehand."""
    answer = await client.get(f"/v1/amendments/{amendment['number']}/permissions")
    return next(each for each in answer.json()["permissions"] if each["verb"] == "withdraw")


async def test_it_is_withdrawn_and_stays_in_the_record_as_it_was_concurred_to(cast: Cast) -> None:
    made = await concurred(cast)
    address = f"/v1/amendments/{made['number']}"
    assert (await cast.japan_authority.post(f"{address}/withdraw", json=SAID)).status_code == 403
    assert "Withdraw it" in (await cast.secretariat.delete(address)).json()["detail"]
    assert (await withdrawal(cast.secretariat, made))["allowed"]
    after = (await cast.secretariat.post(f"{address}/withdraw", json=SAID)).json()
    assert (after["state"], after["closed_reason"]) == ("withdrawn", SAID["reason"])
    assert (await cast.anonymous.get(address)).json() == after
    same = ("text_hash", "concurrences", "changes", "effective_on", "visibility", "took_effect_on")
    assert [after[name] for name in same] == [made[name] for name in same]
    last = (await cast.secretariat.get(f"{address}/history")).json()["items"][0]
    assert (last["version"], last["by"]["key"]["name"]) == (made["version"] + 1, "secretariat")
    assert (await cast.secretariat.patch(address, json={"effective_on": "2027-01-01"})).status_code == 409


async def test_another_with_the_right_day_takes_its_place(cast: Cast) -> None:
    made = await concurred(cast)
    await cast.secretariat.post(f"/v1/amendments/{made['number']}/withdraw", json=SAID)
    again = await tabled(cast)
    for side in (cast.asean_authority, cast.japan_authority):
        assert (await concur(side, again)).status_code == 200
    assert (await cast.anonymous.get("/v1/activities/1.1")).json()["title"] == modified()["new"]["text"]


async def test_once_its_day_has_come_it_is_not_withdrawn(cast: Cast, empty: Register) -> None:
    made = await concurred(cast)
    await the_day_comes(empty)
    address = f"/v1/amendments/{made['number']}"
    refused = await cast.secretariat.post(f"{address}/withdraw", json=SAID)
    assert (refused.status_code, "has come" in refused.json()["detail"]) == (409, True)
    told = await withdrawal(cast.secretariat, made)
    assert (told["allowed"], told["why"]) == (False, refused.json()["detail"])
    assert "Withdraw it" not in (await cast.secretariat.delete(address)).json()["detail"]
    assert await operating.enact_due(empty.app.state.service.database) == 1
    assert (await cast.anonymous.get(address)).json()["state"] == "in_force"


@pytest.mark.parametrize(
    ("day", "set_to", "refused"),
    [
        ("2399-01-01", "state = 'withdrawn', closed_reason = 'No'", ""),
        ("2399-01-01", "state = 'withdrawn', closed_reason = 'No', title = 'Other'", "stays as it is"),
        ("2399-01-01", "state = 'lapsed', closed_reason = 'No'", "stays as it is"),
        ("today", "state = 'withdrawn', closed_reason = 'No'", "has come"),
    ],
)
async def test_the_database_itself_lets_nothing_else_of_it_change(
    cast: Cast, empty: Register, day: str, set_to: str, refused: str
) -> None:
    await concurred(cast)
    if day == "today":
        await the_day_comes(empty)
    connection = await asyncpg.connect(empty.address)
    try:
        await connection.execute(f"set role {APP_ROLE}")
        await connection.execute("select set_config('register.role', 'secretariat', false)")
        done = ""
        try:
            await connection.execute(f"update amendments set {set_to}")
        except asyncpg.PostgresError as error:
            done = str(error)
        assert (refused in done) if refused else not done, done
    finally:
        await connection.close()
