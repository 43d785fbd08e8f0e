"""Who works on a connection hears of its loss, whatever they were doing."""

import asyncio

import pytest

from app.pool import Lost, Pool
from tests.conftest import Register
from tests.reliability.wire import Wire, wire_to


async def _copied(pool: Pool, wire: Wire) -> None:
    """Copy more than fits on a wire that takes nothing, and is cut soon after."""
    async with pool.lend() as connection:
        await connection.execute("create temporary table words (word text)")
        wire.stuff()
        asyncio.get_running_loop().call_later(0.1, wire.reset)
        await connection.copy_records_to_table("words", records=[("x" * 1000,)] * 10_000)


async def test_who_copies_into_a_database_that_takes_nothing_hears_of_its_loss(empty: Register) -> None:
    async with wire_to(empty.address) as (wire, address):
        pool = Pool(address, 1, patience=1, command_timeout=60, session={})
        with pytest.raises(Lost):
            await asyncio.wait_for(_copied(pool, wire), 5)
        await pool.close()
