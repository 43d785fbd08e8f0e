"""References in a body: by id, number, code or own key; missing or contradictory ones are named with candidates."""

from typing import Any

import httpx
import pytest

from tests import make


async def refused(client: httpx.AsyncClient, **given: Any) -> dict[str, Any]:
    body = await make.body(client, "events", **given)
    answer = await client.post("/v1/events", json=body)
    assert answer.status_code == 422, answer.text
    error: dict[str, Any] = answer.json()["errors"][0]
    return error


async def test_a_record_is_named_by_id_number_code_or_own_key(client: httpx.AsyncClient) -> None:
    goal = await make.record(client, "goals", keys=["test:goal-a"])
    body = await make.record(client, "organisations", keys=["test:org-a"])
    for by in (
        {"id": goal["id"]},
        {"number": goal["number"]},
        {"key": "test:goal-a"},
        {"id": goal["id"], "number": goal["number"]},
    ):
        event = await make.record(client, "events", goals=[by])
        assert event["goals"] == [{"id": goal["id"], "number": goal["number"], "link": "assigned"}]
    for by in ({"id": body["id"]}, {"code": body["code"]}, {"key": "test:org-a"}, {"id": body["id"].upper()}):
        event = await make.record(client, "events", organisations=[by])
        assert event["organisations"] == [{"id": body["id"], "code": body["code"], "role": "organiser"}]


async def test_a_missing_number_is_named_with_the_nearest(client: httpx.AsyncClient) -> None:
    for number in (20_001, 20_002, 20_006, 20_007, 20_008):
        await make.record(client, "goals", number=number)
    error = await refused(client, goals=[{"number": 20_009}])
    assert (error["pointer"], error["code"]) == ("/goals/0", "reference_not_found")
    assert error["candidates"] == ["20008", "20007", "20006"]


async def test_a_missing_code_is_named_with_the_likeliest(client: httpx.AsyncClient) -> None:
    for code in ("QQ-MOJ", "WW-MOJ", "QQUNODC"):
        await make.record(client, "organisations", code=code)
    error = await refused(client, organisations=[{"code": "QQUNODC"}, {"code": "QQ-MOJX"}])
    assert (error["pointer"], error["code"], error["candidates"][0]) == (
        "/organisations/1",
        "reference_not_found",
        "QQ-MOJ",
    )


@pytest.mark.parametrize("by", [{"id": "019ab0f0-0000-7000-8000-000000000000"}, {"key": "test:nobody"}])
async def test_a_missing_id_or_key_is_named(client: httpx.AsyncClient, by: dict[str, str]) -> None:
    error = await refused(client, goals=[by])
    assert (error["code"], error["candidates"]) == ("reference_not_found", [])


async def test_parts_that_contradict_are_named_with_both(client: httpx.AsyncClient) -> None:
    first, second = await make.record(client, "goals"), await make.record(client, "goals")
    error = await refused(client, goals=[{"id": first["id"], "number": second["number"]}])
    assert error["code"] == "reference_contradicts"
    assert error["candidates"] == [str(first["number"]), str(second["number"])]


async def test_an_own_key_of_another_kind_names_nothing(client: httpx.AsyncClient) -> None:
    await make.record(client, "organisations", keys=["test:same"])
    assert (await refused(client, goals=[{"key": "test:same"}]))["code"] == "reference_not_found"


async def test_the_same_twice_is_refused(client: httpx.AsyncClient) -> None:
    goal = await make.record(client, "goals")
    error = await refused(client, goals=[{"id": goal["id"]}, {"number": goal["number"]}])
    assert (error["pointer"], error["code"]) == ("/goals/1", "repeated")


async def test_every_bad_reference_is_named(client: httpx.AsyncClient) -> None:
    body = await make.body(
        client, "events", goals=[{"number": 99}, {"number": 98}], organisations=[{"code": "NOBODY"}]
    )
    errors = (await client.post("/v1/events", json=body)).json()["errors"]
    assert {error["pointer"] for error in errors} == {"/goals/0", "/goals/1", "/organisations/0"}


async def test_a_parent_of_another_goal_is_refused(client: httpx.AsyncClient) -> None:
    first, second = await make.record(client, "goals"), await make.record(client, "goals")
    await make.record(client, "activities", goal={"id": first["id"]}, origin="plan", code="71.1")
    body = await make.body(client, "activities", goal={"id": second["id"]}, parent={"code": "71.1"})
    error = (await client.post("/v1/activities", json=body)).json()["errors"][0]
    assert (error["pointer"], error["code"]) == ("/parent", "parent_elsewhere")


async def test_a_body_cannot_be_part_of_itself(client: httpx.AsyncClient) -> None:
    top = await make.record(client, "organisations")
    middle = await make.record(client, "organisations", parent={"code": top["code"]})
    low = await make.record(client, "organisations", parent={"code": middle["code"]})
    for part in (low, middle, top):
        answer = await client.patch(f"/v1/organisations/{top['id']}", json={"parent": {"id": part["id"]}})
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/parent")
