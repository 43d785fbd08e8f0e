"""A load may take longer than a request."""

import asyncpg

from app.db import patient


async def test_a_load_outlives_the_time_that_other_transactions_have(database_address: str) -> None:
    connection = await asyncpg.connect(
        database_address, server_settings={"transaction_timeout": "50ms", "statement_timeout": "50ms"}
    )
    async with connection.transaction():
        await patient(connection, 20)
        await connection.execute("select pg_sleep(0.1)")
    await connection.close()
