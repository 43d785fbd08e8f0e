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
