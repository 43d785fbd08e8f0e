"""What is asked while somebody else is just changing the same."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import asyncpg
import httpx

_WAITS = "select exists (select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database())"


async def asked_meanwhile(
    address: str, written: str, asked: Coroutine[Any, Any, httpx.Response]
) -> httpx.Response:
    """The answer to what is asked while another transaction has written, and is committed once the asking waits."""
    other = await asyncpg.connect(address)
    async with asyncio.timeout(10):
        try:
            transaction = other.transaction()
            await transaction.start()
            await other.execute(written)
            asking = asyncio.create_task(asked)
            await _until_it_waits(other)
            await transaction.commit()
            return await asking
        finally:
            await other.close()


async def _until_it_waits(connection: Any) -> None:
    while not await connection.fetchval(_WAITS):
        await asyncio.sleep(0.01)
        await connection.execute("select pg_stat_clear_snapshot()")
