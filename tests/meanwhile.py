"""What is asked while somebody else is just changing the same."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import asyncpg

Told = TypeVar("Told")
WAITING = (
    "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
)
"""How many wait for a lock."""


async def asked_meanwhile(address: str, written: str, *asked: Coroutine[Any, Any, Told]) -> list[Told]:
    """What is told to those who ask while another transaction has written; it is committed when all of them wait."""
    other = await asyncpg.connect(address)
    async with asyncio.timeout(10):
        try:
            transaction = other.transaction()
            await transaction.start()
            await other.execute(written)
            asking = [asyncio.create_task(each) for each in asked]
            await until_they_wait(other, len(asking))
            await transaction.commit()
            return await asyncio.gather(*asking)
        finally:
            await other.close()


async def until_they_wait(connection: Any, number: int) -> None:
    """Until so many others wait for a lock."""
    while await connection.fetchval(WAITING) < number:
        await asyncio.sleep(0.01)
        await connection.execute("select pg_stat_clear_snapshot()")
