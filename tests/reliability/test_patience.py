"""A transaction that is given more time has it: PostgreSQL does not move a clock that is running already."""

import asyncpg

from app.db import patient
from tests.conftest import Register


async def test_a_transaction_gets_more_time_than_its_session_allows(empty: Register) -> None:
    connection = await asyncpg.connect(empty.address)
    try:
        await connection.execute("set transaction_timeout = '100ms'; set statement_timeout = '100ms'")
        async with connection.transaction():
            await patient(connection, 5)  # type: ignore[arg-type]
            assert await connection.fetchval("select true from pg_sleep(0.2)")
    finally:
        await connection.close()
