"""A deliverer that is killed in the middle: every event arrives, in order of its record, none is lost."""

import asyncio
import os
import sys
from asyncio.subprocess import DEVNULL
from collections import defaultdict

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from app.api import COLLECTIONS
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
    settings = settings_for(database_address, webhook_test_targets=targets, **{**QUICK, "deliver": False})
    kinds = {each.name: each.path for each in COLLECTIONS}
    wakeups = service.state.service.wakeups
    other = asyncio.create_task(Deliverer(database_address, settings, wakeups, kinds).run())
    await receiver.until("/all", RECORDS * VERSIONS + 4, seconds=20)
    other.cancel()
    with pytest.raises(asyncio.CancelledError):
        await other
    seen = defaultdict(list)
    for call in receiver.calls["/all"]:
        seen[call.event["id"]].append(call.event["version"])
    assert {record: sorted(set(versions)) for record, versions in seen.items()} == {
        goal["id"]: list(range(1, VERSIONS + 1)) for goal in goals
    }
    assert all(versions == sorted(versions) for versions in seen.values())
    assert sum(map(len, seen.values())) == RECORDS * VERSIONS + 4  # only what was on its way came twice


async def _leases_end(address: str) -> None:
    """Time goes by."""
    connection = await asyncpg.connect(address)
    waiting = await connection.execute(
        "update webhook_deliveries set leased_until = now() where leased_until > now() and state = 'pending'"
    )
    await connection.close()
    assert waiting == "UPDATE 4"
