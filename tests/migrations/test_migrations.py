"""Migrations go up, down and up again, and leave exactly the tables that the code describes."""

import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest

from tests.conftest import drop, on

_ROOT = Path(__file__).resolve().parents[2]
_SCHEMA = """
select 'column', table_name, column_name, data_type || is_nullable || coalesce(column_default, '')
from information_schema.columns where table_schema = 'public'
union all select 'index', tablename, indexname, indexdef from pg_indexes where schemaname = 'public'
union all select 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid)
  from pg_constraint where connamespace = 'public'::regnamespace
union all select 'trigger', tgrelid::regclass::text, tgname, pg_get_triggerdef(oid)
  from pg_trigger where not tgisinternal
union all select 'function', proname, '', pg_get_functiondef(p.oid) from pg_proc p
  join pg_language l on l.oid = prolang where pronamespace = 'public'::regnamespace and lanname in ('sql', 'plpgsql')
union all select 'grant', table_name, grantee, privilege_type from information_schema.table_privileges
  where table_schema = 'public' and grantee = 'workplan_app'
order by 1, 2, 3, 4
"""


@pytest.fixture
async def empty() -> AsyncIterator[str]:
    """A database with nothing in it."""
    name = f"m{uuid4().hex[:12]}"
    connection = await asyncpg.connect(on("workplan"))
    await connection.execute(f"create database {name}")
    await connection.close()
    yield on(name)
    await drop(on(name))


def _alembic(address: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "alembic", *arguments],
        cwd=_ROOT,
        env={**os.environ, "DATABASE_URL": address},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


async def _schema(address: str) -> list[tuple[str, ...]]:
    connection = await asyncpg.connect(address)
    try:
        return [tuple(row) for row in await connection.fetch(_SCHEMA)]
    finally:
        await connection.close()


async def test_up_down_and_up_again_is_the_same(empty: str) -> None:
    _alembic(empty, "upgrade", "head")
    first = await _schema(empty)
    _alembic(empty, "downgrade", "base")
    left = {(kind, table) for kind, table, *_ in await _schema(empty) if table != "alembic_version"}
    assert not left
    _alembic(empty, "upgrade", "head")
    assert await _schema(empty) == first


async def test_the_tables_are_those_that_the_code_describes(empty: str) -> None:
    _alembic(empty, "upgrade", "head")
    assert "No new upgrade operations detected" in _alembic(empty, "check")


async def test_every_migration_gives_up_waiting_for_a_lock(empty: str) -> None:
    assert "lock_timeout" in _alembic(empty, "upgrade", "head", "--sql")
