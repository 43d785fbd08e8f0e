"""Several instances that are started at once prepare one database: one does it, the others find it done."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, STDOUT
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from app import preparing, seeding, turns
from tests.cast import BASE
from tests.conftest import copy_of, drop


@pytest.fixture
async def empty_database() -> AsyncIterator[str]:
    """A database without a table."""
    address = await copy_of("template0")
    yield address
    await drop(address)


@pytest.fixture
async def migrated() -> AsyncIterator[str]:
    """A database with tables, and nothing in them."""
    address = await copy_of("template")
    yield address
    await drop(address)


async def _workplan(address: str, command: str) -> tuple[int | None, str]:
    """What a command says, and its exit code."""
    words = (sys.executable, "-c", "from app.cli import main; main()", command)
    started = await asyncio.create_subprocess_exec(
        *words, env={**os.environ, "DATABASE_URL": address}, stdout=PIPE, stderr=STDOUT
    )
    said, _ = await started.communicate()
    return started.returncode, said.decode()


@pytest.mark.slow
async def test_of_those_who_migrate_at_once_one_does_it_and_all_end_well(empty_database: str) -> None:
    ended = await asyncio.gather(*(_workplan(empty_database, "migrate") for _ in range(2)))
    assert ended == [(0, f"The database is at migration {preparing.newest()}.\n")] * 2


async def test_who_migrates_while_somebody_else_does_waits_and_not_for_ever(
    migrated: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = await asyncpg.connect(migrated)
    await turns.turn(other, turns.FOR_SESSION)
    monkeypatch.setattr(turns, "SECONDS", 0.0)
    with pytest.raises(turns.Occupied, match="Try again"):
        await asyncio.to_thread(preparing.migrate, migrated)
    await other.close()
    await asyncio.to_thread(preparing.migrate, migrated)


@pytest.mark.parametrize(("at", "ready"), [("9999", True), ("0001", False)], ids=["ahead", "behind"])
async def test_an_instance_serves_on_while_a_later_version_has_migrated(
    database_address: str, service: FastAPI, at: str, ready: bool
) -> None:
    connection = await asyncpg.connect(database_address)
    await connection.execute("update alembic_version set version_num = $1", at)
    service.state._state.pop("readiness", None)
    try:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(service), base_url=BASE) as probe:
            answer = await probe.get("/readyz")
        assert (answer.status_code == 200, answer.json()["checks"]["schema"]) == (ready, ready)
    finally:
        await connection.execute("update alembic_version set version_num = $1", preparing.newest())
        await connection.close()
        service.state._state.pop("readiness", None)


async def test_what_a_later_version_has_migrated_is_left_alone(migrated: str) -> None:
    connection = await asyncpg.connect(migrated)
    await connection.execute("update alembic_version set version_num = '9999'")
    await connection.close()
    status, said = await _workplan(migrated, "migrate")
    assert (status, "Run the version that migrated it" in " ".join(said.split())) == (1, True), said


async def test_of_those_who_seed_at_once_one_does_it_and_the_others_add_nothing(migrated: str) -> None:
    connections = [await asyncpg.connect(migrated) for _ in range(2)]
    made = await asyncio.gather(*(seeding.seed(each) for each in connections))
    assert [bool(each) for each in made].count(True) == 1
    for each in connections:
        await each.close()


async def test_what_a_migration_left_unguarded_is_not_served_and_guarded_by_the_next(
    migrated: str, tmp_path: Path
) -> None:
    """Whoever is stopped between the last table and its guards leaves the newest migration, and everything open."""
    connection = await asyncpg.connect(migrated)
    await connection.execute("comment on view withheld is null; drop policy seen on events")
    assert "Run `workplan migrate`" in await preparing.misfit(migrated)
    status, said = await _workplan(migrated, "serve")
    assert (status, "who sees and writes what is not settled" in " ".join(said.split())) == (1, True), said
    await preparing.prepare(migrated, tmp_path, seed=False)
    assert await connection.fetchval(
        "select count(*) from pg_policies where policyname = 'seen' and tablename = 'events'"
    )
    assert await preparing.misfit(migrated) == ""
    await connection.close()


async def test_a_register_that_has_a_key_is_started_without_a_lock(migrated: str, tmp_path: Path) -> None:
    """A standby, from which one can only read, gives none."""
    one, other = [await asyncpg.connect(migrated) for _ in range(2)]
    assert await preparing.first_key(one, tmp_path) is not None
    async with other.transaction():
        await other.execute("lock table api_keys in share row exclusive mode")
        await one.execute("set lock_timeout = '100ms'")
        assert await preparing.first_key(one, tmp_path) is None
    await asyncio.gather(one.close(), other.close())
