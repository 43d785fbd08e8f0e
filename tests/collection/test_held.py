"""Who has to wait for a record gets it as it is by then, with what it refers to by then."""

import json
from typing import Any

import httpx
import pytest

from app.collection.batch_records import Records
from tests import make
from tests.conftest import Register
from tests.meanwhile import asked_meanwhile

_LEAD = """with new as (insert into organisations (code, name, kind) values ('NEW', 'New', 'ministry') returning id)
update activities set lead_id = new.id from new where code = 'X.1'"""
_LINES = {"Content-Type": "application/x-ndjson"}


@pytest.mark.parametrize("way", ["alone", "bulk", "bundle", "by its own key"])
async def test_a_reference_that_was_just_set_is_taken_away_and_not_taken_for_none(
    empty: Register, client: httpx.AsyncClient, way: str
) -> None:
    goal = await make.record(client, "goals")
    body = {"title": "Activity", "goal": {"number": goal["number"]}, "code": "X.1", "keys": ["moj-th:1"]}
    made = await make.record(client, "activities", **body)
    asked = {
        "alone": lambda: client.patch("/v1/activities/X.1", json={"lead": None}),
        "bulk": lambda: client.post(
            "/v1/activities/bulk?match=code", content=b'{"code": "X.1", "lead": null}', headers=_LINES
        ),
        "bundle": lambda: client.post(
            "/v1/bundle",
            json={"entries": [{"op": "update", "collection": "activities", "record": {"code": "X.1"},
                               "body": {"lead": None}}]},
        ),
        "by its own key": lambda: client.put("/v1/activities/by-key/moj-th/1", json={**body, "lead": None}),
    }[way]  # fmt: skip
    [answer] = await asked_meanwhile(empty.address, _LEAD, asked())
    assert answer.status_code == 200, answer.text
    now = (await client.get("/v1/activities/X.1")).json()
    assert (now["lead"], now["version"]) == (None, made["version"] + 2)


async def test_an_office_is_handed_over_once(empty: Register, client: httpx.AsyncClient) -> None:
    old = await make.record(client, "focal-points", country="TH")
    successor = f"""with new as (insert into focal_points (country, purposes, office, valid_from)
        select country, purposes, office, '2399-01-01' from focal_points returning id)
        update focal_points f set successor_id = new.id from new where f.id = '{old["id"]}'"""
    at = f"/v1/focal-points/{old['id']}/hand-over"
    [answer] = await asked_meanwhile(
        empty.address, successor, client.post(at, json={"valid_from": "2399-01-01"})
    )
    assert answer.status_code == 409, answer.text
    assert answer.json()["type"] == "/problems/handed-over"


async def test_a_row_of_a_record_that_was_just_made_is_not_taken_for_one_of_others(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    goal = await make.record(client, "goals")
    body = {"title": "Activity", "goal": {"number": goal["number"]}, "code": "X.1"}
    held, made = Records._named, []

    async def made_behind(*asked: Any, hold: bool) -> dict[str, Any]:
        found = await held(*asked, hold=hold)
        if hold and not made:
            made.append(await make.record(client, "activities", **body))
        return found

    monkeypatch.setattr(Records, "_named", made_behind)
    row = json.dumps({"code": "X.1", "title": "Other"})
    answer = await client.post("/v1/activities/bulk?match=code", content=row, headers=_LINES)
    assert answer.json()["summary"]["update"] == 1, answer.text


@pytest.mark.parametrize("way", ["own key", "key", "partial", "put"])
async def test_a_record_that_others_make_in_that_moment_is_changed_by_whoever_puts_it(
    empty: Register, client: httpx.AsyncClient, way: str
) -> None:
    made = """with new as (insert into goals (number, title) values (17, 'New') returning id)
    insert into own_keys (key, record_id, kind) select 'moj-th:1', id, 'goals' from new"""
    body = {"number": 17, "title": "Other"}
    keyed, plain = json.dumps({"key": "1", **body}), json.dumps(body)
    bulk = "/v1/goals/bulk?match="
    asked = {
        "own key": lambda: client.post(f"{bulk}by-key:moj-th", content=keyed, headers=_LINES),
        "key": lambda: client.post(f"{bulk}number", content=plain, headers=_LINES),
        "partial": lambda: client.post(f"{bulk}number&mode=partial", content=plain, headers=_LINES),
        "put": lambda: client.put("/v1/goals/by-key/moj-th/1", json=body),
    }[way]
    [answer] = await asked_meanwhile(empty.address, made, asked())
    assert answer.status_code == 200, answer.text
    now = (await client.get("/v1/goals/17")).json()
    assert (now["title"], now["version"]) == ("Other", 2)


async def test_who_makes_what_others_make_in_that_moment_is_told_that_it_is_there(
    empty: Register, client: httpx.AsyncClient
) -> None:
    made = "insert into goals (number, title) values (17, 'New')"
    body = {"number": 17, "title": "Other"}
    rows = json.dumps({"op": "create", **body})
    alone, bulk = await asked_meanwhile(
        empty.address, made, client.post("/v1/goals", json=body),
        client.post("/v1/goals/bulk?match=number", content=rows, headers=_LINES),
    )  # fmt: skip
    assert (alone.status_code, alone.json()["type"]) == (409, "/problems/already-exists")
    assert (bulk.status_code, bulk.json()["errors"][0]["row"]) == (422, 1)
