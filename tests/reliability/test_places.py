"""Connections are lent in the order in which they were asked for, and nobody waits for ever or takes one along."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from app.errors import Unavailable
from app.pool import Pool
from tests.conftest import Register


@pytest.fixture
async def pool(empty: Register) -> AsyncIterator[Pool]:
    """One connection, for which nobody waits longer than 0.2 seconds."""
    pool = Pool(empty.address, 1, patience=0.2, command_timeout=9, session={})
    yield pool
    await pool.close()


async def _used(pool: Pool, order: list[int], number: int) -> None:
    async with pool.lend():
        order.append(number)
        await asyncio.sleep(0)


async def test_who_came_first_is_served_first(pool: Pool) -> None:
    order: list[int] = []
    await asyncio.gather(*(_used(pool, order, number) for number in range(9)))
    assert order == list(range(9))


async def test_who_waits_too_long_is_turned_away_and_the_next_has_all_of_its_time(pool: Pool) -> None:
    holder = await pool.take()
    first = asyncio.ensure_future(pool.take())
    await asyncio.sleep(0.12)
    second = asyncio.ensure_future(pool.take())
    with pytest.raises(Unavailable, match="busy"):
        await first
    assert not second.done()
    pool.give_back(holder, None)
    pool.give_back(await second, None)
    pool.give_back(await pool.take(), None)


@pytest.mark.parametrize("given", [False, True], ids=["while it waits", "as it is given one"])
async def test_who_goes_away_takes_no_connection_along(pool: Pool, given: bool) -> None:
    holder = await pool.take()
    gone, next_ = asyncio.ensure_future(pool.take()), asyncio.ensure_future(pool.take())
    await asyncio.sleep(0)
    if given:
        pool.give_back(holder, None)
    gone.cancel()
    if not given:
        pool.give_back(holder, None)
    with pytest.raises(asyncio.CancelledError):
        await gone
    pool.give_back(await asyncio.wait_for(next_, 1), None)
    pool.give_back(await pool.take(), None)
