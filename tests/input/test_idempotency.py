"""Idempotency-Key: one effect, whatever is repeated."""

import asyncio

import asyncpg
import httpx
import pytest

from app.db import quoted
from tests import make
from tests.cast import Cast


async def test_a_repeated_request_is_answered_again_and_says_so(
    client: httpx.AsyncClient, once: dict[str, str]
) -> None:
    body = await make.body(client, "events")
    first = await client.post("/v1/events", json=body, headers=once)
    again = await client.post("/v1/events", json=body, headers=once)
    assert (again.status_code, again.content) == (first.status_code, first.content) == (201, first.content)
    assert again.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers
    assert (again.headers["location"], again.headers["etag"]) == (
        first.headers["location"],
        first.headers["etag"],
    )
    assert len((await client.get("/v1/events", params={"title": body["title"]})).json()["items"]) == 1


async def test_quotes_around_the_key_mean_the_same_key(
    client: httpx.AsyncClient, once: dict[str, str]
) -> None:
    body = await make.body(client, "events")
    await client.post("/v1/events", json=body, headers={"Idempotency-Key": "in-quotes"})
    again = await client.post("/v1/events", json=body, headers={"Idempotency-Key": '"in-quotes"'})
    assert again.headers["idempotency-replayed"] == "true"


HOSTILE = ["'", "\\'", "a\\", "');rollback;--", "\\');rollback;--", "$1", "%s", "\\x00", "{n}"]


@pytest.mark.parametrize("hostile", HOSTILE)
async def test_a_key_and_a_reason_are_kept_to_the_letter(client: httpx.AsyncClient, hostile: str) -> None:
    """The key goes to the database in the text of a statement."""
    body = await make.body(client, "events")
    said = {"Idempotency-Key": hostile, "X-Reason": f"Because {hostile} O'Neil \\"}
    first = await client.post("/v1/events", json=body, headers=said)
    again = await client.post("/v1/events", json=body, headers=said)
    assert (first.status_code, again.headers["idempotency-replayed"]) == (201, "true")
    history = (await client.get(f"/v1/events/{first.json()['id']}/history")).json()["items"]
    assert [each["reason"] for each in history] == [said["X-Reason"]]


@pytest.mark.parametrize("conforming", ["on", "off"])
async def test_a_constant_is_read_as_it_was_meant_whatever_the_server_is_told(
    database_address: str, conforming: str
) -> None:
    connection = await asyncpg.connect(database_address)
    await connection.execute(f"set standard_conforming_strings = {conforming}")
    for hostile in HOSTILE:
        assert await connection.fetchval(f"select {quoted(hostile)}") == hostile
    await connection.close()


async def test_a_reason_is_in_no_text_of_a_statement(client: httpx.AsyncClient, sent: list[str]) -> None:
    """Those may be logged by the database, and a reason is somebody's own words."""
    made = await make.record(client, "events")
    for headers in ({}, {"Idempotency-Key": "K"}, {"Idempotency-Key": "K"}):
        answer = await client.patch(
            f"/v1/events/{made['id']}",
            json={"note": "N"},
            headers={"X-Reason": "As the office asked", **headers},
        )
        assert answer.status_code == 200
    assert not [each for each in sent if "office asked" in each]


async def test_every_unsafe_method_is_repeated_safely(
    client: httpx.AsyncClient, once: dict[str, str]
) -> None:
    made = await make.record(client, "events")
    place = f"/v1/events/{made['id']}"
    for number, (method, target, body) in enumerate(
        [("PATCH", place, {"title": "New"}), ("DELETE", place, None), ("POST", f"{place}/restore", None)]
    ):
        headers = {"Idempotency-Key": f"{made['id']}-{number}"}
        first = await client.request(method, target, json=body, headers=headers)
        again = await client.request(method, target, json=body, headers=headers)
        assert first.is_success, first.text
        assert (again.status_code, again.content) == (first.status_code, first.content)
        assert again.headers["idempotency-replayed"] == "true"


async def test_another_body_address_or_method_under_the_key_is_refused(
    client: httpx.AsyncClient, once: dict[str, str]
) -> None:
    made = await make.record(client, "goals")
    body = await make.body(client, "events")
    assert (await client.post("/v1/events", json=body, headers=once)).status_code == 201
    for answer in (
        await client.post("/v1/events", json={**body, "city": "Tokyo"}, headers=once),
        await client.post("/v1/events?dry_run=true", json=body, headers=once),
        await client.post("/v1/goals", json={"number": 800, "title": "Other"}, headers=once),
        await client.patch(f"/v1/goals/{made['id']}", json={"title": "New"}, headers=once),
        await client.delete(f"/v1/goals/{made['id']}", headers=once),
    ):
        assert (answer.status_code, answer.json()["type"]) == (422, "/problems/key-reused")


async def test_keys_of_two_callers_are_two_keys(cast: Cast, once: dict[str, str]) -> None:
    body = await make.body(cast.secretariat, "events")
    first = await cast.secretariat.post("/v1/events", json=body, headers=once)
    second = await cast.administrator.post("/v1/events", json=body, headers=once)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json()["id"] != second.json()["id"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"title": "x"}, 422),
        ({"number": 6, "title": "Taken"}, 409),
        ({"title": "x", "number": 2, "nope": 1}, 422),
    ],
)
async def test_a_refusal_is_not_remembered(
    client: httpx.AsyncClient,
    database: asyncpg.Connection,
    once: dict[str, str],
    body: dict[str, object],
    status: int,
) -> None:
    assert (await client.post("/v1/goals", json=body, headers=once)).status_code == status
    found = await database.fetchval("select count(*) from idempotency_keys where key = $1", *once.values())
    assert found == 0
    mended = await client.post("/v1/goals", json=await make.body(client, "goals"), headers=once)
    assert mended.status_code == 201
    assert "idempotency-replayed" not in mended.headers


async def test_eight_at_once_have_one_effect(client: httpx.AsyncClient, once: dict[str, str]) -> None:
    body = await make.body(client, "events")
    answers = await asyncio.gather(*(client.post("/v1/events", json=body, headers=once) for _ in range(8)))
    made = [
        answer
        for answer in answers
        if answer.status_code == 201 and "idempotency-replayed" not in answer.headers
    ]
    assert len(made) == 1
    for answer in answers:
        if answer.status_code == 201:
            assert answer.content == made[0].content
        else:
            assert (answer.status_code, answer.json()["type"]) == (409, "/problems/still-running")
            assert answer.headers["retry-after"] == "1"
    assert len((await client.get("/v1/events", params={"title": body["title"]})).json()["items"]) == 1


async def test_the_caller_is_asked_for_before_the_key(cast: Cast, once: dict[str, str]) -> None:
    body = await make.body(cast.secretariat, "events")
    await cast.secretariat.post("/v1/events", json=body, headers=once)
    assert (await cast.anonymous.post("/v1/events", json=body, headers=once)).status_code == 401
    assert (await cast.reader.post("/v1/events", json=body, headers=once)).status_code == 403
