"""What is kept for a while goes by itself: in batches, and once, however many processes look."""

import asyncio

import asyncpg
import pytest
from fastapi import FastAPI

from app import operating
from app.db import Database

_KEYS = """insert into idempotency_keys (caller_id, key, fingerprint, created_at)
select gen_random_uuid(), n::text, '', now() - make_interval(days => n) from generate_series(1, 20) n"""
_JOBS = """insert into jobs (caller_id, collection, request, bytes, state, finished_at)
select gen_random_uuid(), 'events', '{}', 0, 'failed', now() - make_interval(days => n) from generate_series(1, 20) n"""
_WAITING = """insert into jobs (caller_id, collection, request, bytes, created_at, due_at)
values (gen_random_uuid(), 'events', '{}', 0, now() - interval '1 year', 'infinity')"""


async def test_old_keys_and_jobs_go_in_batches_and_each_once(
    service: FastAPI, database_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operating, "_BATCH", 3)
    database: Database = service.state.service.database
    connection = await asyncpg.connect(database_address)
    for statement in (_KEYS, _JOBS, _WAITING):
        await connection.execute(statement)
    config = service.state.service.settings
    gone = await asyncio.gather(*(operating.tidy(database, config) for _ in range(4)))
    gone.append(await operating.tidy(database, config))  # two may have given way to each other
    for table in ("idempotency_keys", "jobs"):
        assert sum(each.get(table, 0) for each in gone) == 14
    left = "select count(*), count(*) filter (where {} < now() - interval '7 days') from {}"
    assert tuple(await connection.fetchrow(left.format("created_at", "idempotency_keys"))) == (6, 0)
    assert tuple(await connection.fetchrow(left.format("finished_at", "jobs"))) == (7, 0)
    await connection.close()
