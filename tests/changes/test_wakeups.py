"""Who waits for a change is woken by its commit, and goes on waiting through a restart of the database."""

import asyncio
from time import monotonic

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from app.db import APP_ROLE
from app.wakeups import Wakeups
from tests import make


async def test_a_commit_wakes_all_who_wait_and_no_rollback_does(
    service: FastAPI, client: httpx.AsyncClient
) -> None:
    wakeups: Wakeups = service.state.service.wakeups
    head = await wakeups.wait(-1, 5)
    waiting = [asyncio.create_task(wakeups.wait(head, 30)) for _ in range(100)]
    refused = await client.post("/v1/goals?dry_run=true", json=await make.body(client, "goals"))
    assert refused.status_code == 201
    assert not any(each.done() for each in waiting)
    begun = monotonic()
    await make.record(client, "goals")
    assert set(await asyncio.gather(*waiting)) == {head + 1}
    assert monotonic() - begun < 2, "that was the slow look, not the wake-up"


async def test_waiting_ends_with_its_time_and_with_the_service(database_address: str) -> None:
    wakeups = Wakeups(database_address, APP_ROLE)
    listening = asyncio.create_task(wakeups.run())
    head = await wakeups.wait(-1, 5)
    assert await wakeups.wait(head, 0.01) == head
    waiting = asyncio.create_task(wakeups.wait(head, 30))
    await asyncio.sleep(0)
    wakeups.end()
    async with asyncio.timeout(20):
        assert await waiting == head
    listening.cancel()


async def test_a_lost_connection_is_made_again(
    service: FastAPI, client: httpx.AsyncClient, database_address: str
) -> None:
    wakeups: Wakeups = service.state.service.wakeups
    head = await wakeups.wait(-1, 5)
    connection = await asyncpg.connect(database_address)
    ended = await connection.fetchval(
        "select count(pg_terminate_backend(pid)) from pg_stat_activity "
        "where application_name = 'workplan wake-ups' and datname = current_database()"
    )
    await connection.close()
    assert ended == 1
    await make.record(client, "goals")
    assert await wakeups.wait(head, 10) == head + 1


async def test_without_announcements_the_journal_is_looked_at(
    client: httpx.AsyncClient, database_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.wakeups.CHANNEL", "nobody_speaks_here")
    monkeypatch.setattr("app.wakeups._LOOK_SECONDS", 0.1)
    wakeups = Wakeups(database_address, APP_ROLE)
    listening = asyncio.create_task(wakeups.run())
    head = await wakeups.wait(-1, 5)
    await make.record(client, "goals")
    assert await wakeups.wait(head, 5) == head + 1
    listening.cancel()
