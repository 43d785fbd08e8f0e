"""Questions of one form that come at the same time are asked together, in one trip to the database.

Whoever comes first asks alone, at once. While that is under way others gather, and go together as soon as it is back:
nobody waits for company, and a busy service makes fewer and larger trips. If it is late, they go without it. What each
is told was looked up after they came.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg

LATE = 0.005
"""Seconds. A trip takes some tenths of a millisecond, and a few where the database is far away."""
_TRIPS = 4
"""So many are under way at most, if they are late."""
_SOME, _PARTY = 8, 32
"""So many go together at least, if they wait; and at most."""

Found = Any | None
"""What one is told, as a row; None: there is none. Types of functions inside others are looked up at each call, and
have names.
"""
Alone = Callable[[Any], Awaitable[Found]]
Together = Callable[[list[Any]], Awaitable[list[Found]]]
_Place = asyncio.Future[list[Found]]
_Party = list[tuple[Any, _Place]]


class Gathering:
    """Those who ask in one form. `together` answers in the order of the values."""

    def __init__(
        self, alone: Alone, together: Together, done: Callable[[], object], late: float = LATE
    ) -> None:
        self._alone = alone
        self._together = together
        self._done = done
        """Called when nobody asks any more."""
        self._late = late
        """Who waits goes without those that are under way for so many seconds."""
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[tuple[Any, _Place]] = deque()
        self._under_way = 0
        self._departed = 0.0
        """When the last trip began."""
        self._watch: asyncio.TimerHandle | None = None
        self._trips: set[asyncio.Task[None]] = set()

    @property
    def busy(self) -> bool:
        """Whether others are under way."""
        return self._under_way > 0

    async def ask(self, value: Any) -> Found:
        """What is told of a value."""
        if not self._under_way:
            self._under_way = 1
            self._departed = self._loop.time()
            try:
                return await self._alone(value)
            finally:
                self._come_back(1)
        place: _Place = self._loop.create_future()
        self._waiting.append((value, place))
        if self._watch is None:
            self._watch = self._loop.call_later(self._late, self._look)
        if told := await place:
            return told[0]
        return await self._alone(value)  # the database refused a value, perhaps another's

    def _come_back(self, number: int) -> None:
        """So many, from a trip. Those who wait set out; of very many half of all, as the others ask anew meanwhile."""
        self._under_way -= 1
        self._set_out(max(_SOME, (len(self._waiting) + number + 1) // 2))
        if not self._under_way:
            self._done()

    def _set_out(self, most: int = _PARTY) -> None:
        party: _Party = []
        while self._waiting and len(party) < min(most, _PARTY):
            value, place = self._waiting.popleft()
            if not place.done():
                party.append((value, place))
        if party:
            self._under_way += 1
            self._departed = self._loop.time()
            trip = self._loop.create_task(self._trip(party))
            self._trips.add(trip)
            trip.add_done_callback(self._trips.discard)

    def _look(self) -> None:
        """Whether those under way are late, while anybody waits for them."""
        if self._under_way < _TRIPS and self._loop.time() - self._departed >= self._late:
            self._set_out()
        self._watch = self._loop.call_later(self._late, self._look) if self._waiting else None

    async def _trip(self, party: _Party) -> None:
        told: list[Found] = []
        try:
            told = await self._together([value for value, _ in party])
        except asyncpg.DataError:
            pass  # each asks alone, and is told what is the matter with their own
        except Exception as error:  # asking alone, each would wait as long again
            for _, place in party:
                if not place.done():
                    place.set_exception(error)
        finally:
            for number, (_, place) in enumerate(party):
                if not place.done():
                    place.set_result(told[number : number + 1])
            self._come_back(len(party))
