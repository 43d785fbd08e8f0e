"""An activity gets its code late: every list that names it has it, also one that is written in that moment."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import httpx
import pytest

from app.db import APP_ROLE
from tests import make


@asynccontextmanager
async def somebody_else(address: str) -> AsyncIterator[asyncpg.Connection]:
    """A transaction beside ours, which is committed in the end."""
    connection = await asyncpg.connect(address, server_settings={"role": APP_ROLE})
    try:
        async with connection.transaction():
            await connection.execute("select set_config('register.role', 'secretariat', true)")
            yield connection
    finally:
        await connection.close()


async def waits(task: "asyncio.Task[Any]") -> bool:
    return not (await asyncio.wait([task], timeout=0.3))[0]


@pytest.mark.parametrize("way", ["create", "patch", "bulk"])
async def test_a_list_that_is_written_while_the_code_is_given_has_it(
    client: httpx.AsyncClient, database_address: str, way: str
) -> None:
    activity = await make.record(client, "activities", code=None)
    event = await make.record(client, "events")
    named = {"activities": [{"id": activity["id"]}]}
    async with somebody_else(database_address) as other:
        await other.execute("update activities set code = 'LATE-1' where id = $1", activity["id"])
        if way == "create":
            request = client.post("/v1/events", json={**await make.body(client, "events"), **named})
        elif way == "patch":
            request = client.patch(f"/v1/events/{event['id']}", json=named)
        else:
            request = client.post("/v1/events/bulk", json=[{"id": event["id"], **named}])
        answer = asyncio.create_task(request)
        assert await waits(answer)
    assert (await answer).status_code in {200, 201}, (await answer).text
    listed = (await client.get("/v1/events")).json()["items"]
    assert [each["code"] for every in listed for each in every["activities"]] == ["LATE-1"]


async def test_the_code_is_told_to_a_list_that_was_written_before(
    client: httpx.AsyncClient, database_address: str
) -> None:
    activity = await make.record(client, "activities", code=None)
    event = await make.record(client, "events")
    async with somebody_else(database_address) as other:
        await other.execute(
            "update events set activities = jsonb_build_array(jsonb_build_object('id', $2::text, 'code', null)) "
            "where id = $1",
            event["id"],
            activity["id"],
        )
        answer = asyncio.create_task(
            client.patch(f"/v1/activities/{activity['id']}", json={"code": "LATE-1"})
        )
        assert await waits(answer)
    assert (await answer).status_code == 200, (await answer).text
    [link] = (await client.get(f"/v1/events/{event['id']}")).json()["activities"]
    assert link["code"] == "LATE-1"


async def test_a_load_gives_codes_to_several_activities_of_an_event(client: httpx.AsyncClient) -> None:
    activities = [await make.record(client, "activities", code=None) for _ in range(2)]
    event = await make.record(client, "events", activities=[{"id": each["id"]} for each in activities])
    rows = [{"id": each["id"], "code": f"LATE-{number}"} for number, each in enumerate(activities)]
    answer = await client.post("/v1/activities/bulk", json=rows)
    assert answer.status_code == 200, answer.text
    listed = (await client.get(f"/v1/events/{event['id']}")).json()["activities"]
    assert [each["code"] for each in listed] == ["LATE-0", "LATE-1"]


async def test_a_restored_event_knows_the_code_that_was_given_meanwhile(client: httpx.AsyncClient) -> None:
    activity = await make.record(client, "activities", code=None)
    event = await make.record(client, "events", activities=[{"id": activity["id"]}])
    assert (await client.delete(f"/v1/events/{event['id']}")).status_code == 204
    assert (await client.patch(f"/v1/activities/{activity['id']}", json={"code": "LATE"})).status_code == 200
    answer = await client.post(f"/v1/events/{event['id']}/restore")
    assert answer.status_code == 200, answer.text
    assert [each["code"] for each in answer.json()["activities"]] == ["LATE"]


async def test_a_list_that_has_missed_a_code_learns_it_when_it_is_written(
    client: httpx.AsyncClient, database_address: str
) -> None:
    one, other = [await make.record(client, "activities", code=None) for _ in range(2)]
    event = await make.record(client, "events", activities=[{"id": each["id"]} for each in (one, other)])
    superuser = await asyncpg.connect(database_address)
    await superuser.execute("alter table activities disable trigger spread_code_to_events")
    await superuser.execute("update activities set code = 'MISSED' where id = $1", one["id"])
    await superuser.execute("alter table activities enable trigger spread_code_to_events")
    await superuser.close()
    answer = await client.patch(f"/v1/activities/{other['id']}", json={"code": "LATE"})
    assert answer.status_code == 200, answer.text
    listed = (await client.get(f"/v1/events/{event['id']}")).json()["activities"]
    assert [each["code"] for each in listed] == ["MISSED", "LATE"]
