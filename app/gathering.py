"""Questions of one form that come at the same time are asked together, in one trip to the database.

Whoever comes first asks alone, at once. While that is under way others gather, and go together as soon as it is back:
nobody waits for company, and a busy service makes fewer and larger trips. Who finds that the others are late does not
wait for them. What each is told was looked up after they came.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from copy import copy
from typing import Any

from app.errors import Unavailable

_LATE = 0.005
"""Seconds. A trip takes some tenths of a millisecond, and a few where the database is far away."""
_TRIPS = 4
"""So many are under way at most, if they are late."""
_PARTY = 32
"""So many go together at most."""

Found = Any | None
"""A row; None: there is none. It has a name since types of functions inside others are looked up at each call."""
Alone = Callable[[Any], Awaitable[Found]]
Together = Callable[[list[Any]], Awaitable[list[Found]]]
_Place = asyncio.Future[list[Found]]


class Gathering:
    """Those who ask in one form. `together` answers in the order of the values."""

    def __init__(self, alone: Alone, together: Together, done: Callable[[], object]) -> None:
        self._alone = alone
        self._together = together
        self._done = done
        """Called when nobody asks any more."""
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[tuple[Any, _Place]] = deque()
        self._under_way = 0
        self._left = 0.0
        """When the last trip began."""
        self._trips: set[asyncio.Task[None]] = set()

    async def ask(self, value: Any) -> Found:
        """The row of a value."""
        if not self._under_way or (self._under_way < _TRIPS and self._loop.time() - self._left > _LATE):
            self._under_way += 1
            self._left = self._loop.time()
            try:
                return await self._alone(value)
            finally:
                self._go_on()
        place: _Place = self._loop.create_future()
        self._waiting.append((value, place))
        if told := await place:
            return told[0]
        return await self._alone(value)  # they failed together, perhaps by another's value

    def _go_on(self) -> None:
        """With those who wait, if anybody waits still."""
        party: list[tuple[Any, _Place]] = []
        while self._waiting and len(party) < _PARTY:
            value, place = self._waiting.popleft()
            if not place.done():
                party.append((value, place))
        if party:
            self._left = self._loop.time()
            trip = self._loop.create_task(self._trip(party))
            self._trips.add(trip)
            trip.add_done_callback(self._trips.discard)
            return
        self._under_way -= 1
        if not self._under_way:
            self._done()

    async def _trip(self, party: list[tuple[Any, _Place]]) -> None:
        told: list[Found] = []
        try:
            told = await self._together([value for value, _ in party])
        except Unavailable as busy:  # asking alone, each would wait as long again
            for _, place in party:
                if not place.done():
                    place.set_exception(copy(busy))
        except Exception:
            told = []  # each asks alone, and is told what is the matter
        finally:
            for number, (_, place) in enumerate(party):
                if not place.done():
                    place.set_result(told[number : number + 1])
            self._go_on()
