"""Several deliverers: they share the work, and if one is killed in the middle, nothing is lost or out of order."""

import asyncio
import os
import sys
from asyncio.subprocess import DEVNULL
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from uuid import UUID

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from app.api import COLLECTIONS
from app.db import Connection
from app.webhooks import outbox
from app.webhooks.delivering import Deliverer
from tests import make
from tests.conftest import settings_for
from tests.webhooks.conftest import QUICK, subscribe
from tests.webhooks.receiver import Receiver

RECORDS, VERSIONS = 6, 4


@pytest.mark.parametrize("service", [{"deliver": False}], indirect=True)
async def test_a_deliverer_that_is_killed_loses_nothing(
    client: httpx.AsyncClient, service: FastAPI, receiver: Receiver, database_address: str
) -> None:
    await subscribe(client, receiver, "/all")
    goals = [await make.record(client, "goals") for _ in range(RECORDS)]
    for version in range(2, VERSIONS + 1):
        rows = [{"id": goal["id"], "title": f"Version {version}"} for goal in goals]
        await client.post("/v1/goals/bulk?match=id", json=rows)
    receiver.answers["/all"] = lambda _call, before: (
        0.3 if before in range(8, 12) else b"HTTP/1.1 204 X\r\n\r\n"
    )
    targets = f"127.0.0.1:{receiver.port}"
    environment = {
        **os.environ, "DATABASE_URL": database_address, "WORKPLAN_WEBHOOK_TEST_TARGETS": targets,
        "WORKPLAN_WEBHOOK_RATE": "1000",
    }  # fmt: skip
    worker = await asyncio.create_subprocess_exec(
        sys.executable, "-c", "from app.cli import main; main()", "deliver", env=environment, stderr=DEVNULL
    )
    await receiver.until("/all", 12, seconds=30)
    worker.kill()
    await worker.wait()
    await _leases_end(database_address)
    async with another(service, receiver, database_address):
        await receiver.until("/all", RECORDS * VERSIONS + 4, seconds=20)
    seen = defaultdict(list)
    for call in receiver.calls["/all"]:
        seen[call.event["id"]].append(call.event["version"])
    assert {record: sorted(set(versions)) for record, versions in seen.items()} == {
        goal["id"]: list(range(1, VERSIONS + 1)) for goal in goals
    }
    assert all(versions == sorted(versions) for versions in seen.values())
    assert sum(map(len, seen.values())) == RECORDS * VERSIONS + 4  # only what was on its way came twice


async def test_two_deliverers_send_nothing_twice(
    client: httpx.AsyncClient, service: FastAPI, receiver: Receiver, database_address: str
) -> None:
    await subscribe(client, receiver, "/shared")
    async with another(service, receiver, database_address):
        await client.post(
            "/v1/goals/bulk", json=[{"number": number, "title": "x"} for number in range(1, 41)]
        )
        await receiver.until("/shared", 40)
        await asyncio.sleep(0.1)
    assert (
        len(receiver.calls["/shared"]) == len({call.event["id"] for call in receiver.calls["/shared"]}) == 40
    )


async def test_commits_in_a_row_are_looked_at_together(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks, turn, clock = [], Deliverer._turn, asyncio.get_running_loop().time

    async def counted(deliverer: Deliverer) -> bool:
        looks.append(deliverer)
        return await turn(deliverer)

    monkeypatch.setattr(Deliverer, "_turn", counted)
    begun = clock()
    for _ in range(30):
        await make.record(client, "goals")
    await asyncio.sleep(0.1)
    assert 1 < len(looks) <= 2 + (clock() - begun) / 0.02


async def test_only_where_there_are_webhooks_is_anybody_behind(
    client: httpx.AsyncClient, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks, behind = [], outbox.behind

    async def counted(connection: Connection, without: Iterable[UUID]) -> Sequence[tuple[UUID, UUID]]:
        looks.append(connection)
        return await behind(connection, without)

    monkeypatch.setattr(outbox, "behind", counted)
    await make.record(client, "goals")
    await asyncio.sleep(0.1)
    assert not looks
    await subscribe(client, receiver, "/row")
    await make.record(client, "goals")
    await receiver.until("/row", 1)
    assert looks


@asynccontextmanager
async def another(service: FastAPI, receiver: Receiver, address: str) -> AsyncIterator[None]:
    """One more deliverer beside the service's own, if it has one."""
    settings = settings_for(address, webhook_test_targets=f"127.0.0.1:{receiver.port}", **QUICK)
    kinds = {each.name: each.path for each in COLLECTIONS}
    task = asyncio.create_task(Deliverer(address, settings, service.state.service.wakeups, kinds).run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _leases_end(address: str) -> None:
    """Time goes by."""
    connection = await asyncpg.connect(address)
    waiting = await connection.execute(
        "update webhook_deliveries set leased_until = now() where leased_until > now() and state = 'pending'"
    )
    await connection.close()
    assert waiting == "UPDATE 4"
