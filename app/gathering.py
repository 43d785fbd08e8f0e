"""Questions of one form that come at the same time are asked together, in one trip to the database.

Whoever comes first asks alone, at once. While that is under way others gather, and go together as soon as it is back:
nobody waits for company, and a busy service makes fewer and larger trips. If it is late, they go without it. What each
is told was looked up after they came.

A trip that has only to wait for the disk says so: then as many as are in it go ahead, if they are there, and the
database is busy with them while the answers to the others are sent.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg

LATE = 0.005
"""Seconds. A trip takes some tenths of a millisecond, and a few where the database is far away."""
_TRIPS = 4
"""So many are under way at most, if they are late or wait for the disk."""
_SOME, _PARTY = 8, 32
"""So many go together at least, if they wait; and at most."""

Found = Any | None
"""What one is told, as a row; None: there is none. Types of functions inside others are looked up at each call, and
have names.
"""
Alone = Callable[[Any], Awaitable[Found]]
Through = Callable[[], None]
"""Says that all that is left of a trip is to wait."""
Together = Callable[[list[Any], Through], Awaitable[list[Found]]]
_Place = asyncio.Future[list[Found]]
_Party = list[tuple[Any, _Place]]


class Gathering:
    """Those who ask in one form. `together` answers in the order of the values."""

    def __init__(
        self,
        alone: Alone,
        together: Together,
        done: Callable[[], object],
        late: float = LATE,
        abreast: int = 1,
    ) -> None:
        self._alone = alone
        self._together = together
        self._done = done
        """Called when nobody asks any more."""
        self._late = late
        """Who waits goes without those that are under way for so many seconds."""
        self._abreast = abreast
        """So many trips may be under way that are not late: more than one where they take the database longer than
        it takes us to ask and to answer, or it would wait for us.
        """
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[tuple[Any, _Place]] = deque()
        self._under_way = 0
        self._through: list[int] = []
        """How many are in each trip that is through; they wait to be told."""
        self._departed = 0.0
        """When the last trip began."""
        self._watch: asyncio.TimerHandle | None = None
        self._trips: set[asyncio.Task[None]] = set()

    @property
    def busy(self) -> bool:
        """Whether others are under way."""
        return self._under_way > 0 or bool(self._through)

    @property
    def _has_room(self) -> bool:
        return self._under_way + len(self._through) < _TRIPS

    async def ask(self, value: Any) -> Found:
        """What is told of a value."""
        if not self.busy:
            self._under_way = 1
            self._departed = self._loop.time()
            try:
                return await self._alone(value)
            finally:
                self._under_way -= 1
                self._go_on(1)
        place: _Place = self._loop.create_future()
        self._waiting.append((value, place))
        if self._through:
            self._go_ahead()
        elif self._under_way < self._abreast and len(self._waiting) >= self._some:
            self._set_out()
        if self._watch is None:
            self._watch = self._loop.call_later(self._late, self._look)
        if told := await place:
            return told[0]
        return await self._alone(value)  # the database refused a value, perhaps another's

    def _go_on(self, number: int) -> None:
        """So many are back. Those who wait set out; of very many a part, as the others ask anew meanwhile."""
        self._set_out(self._part(number))
        if not self.busy:
            self._done()

    @property
    def _some(self) -> int:
        return _SOME // self._abreast

    def _part(self, number: int) -> int:
        """Half of all, with so many that will ask anew; less, if more of them go abreast."""
        return max(self._some, -(-(len(self._waiting) + number) // (self._abreast + 1)))

    def _go_ahead(self) -> None:
        """As many as wait to be told set out, if they are there and nobody else is under way."""
        if not self._under_way and self._has_room and len(self._waiting) >= sum(self._through):
            self._set_out(self._part(sum(self._through)))

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
        if self._has_room and self._loop.time() - self._departed >= self._late:
            self._set_out()
        self._watch = self._loop.call_later(self._late, self._look) if self._waiting else None

    async def _trip(self, party: _Party) -> None:
        told: list[Found] = []
        is_through = False

        def through() -> None:
            nonlocal is_through
            is_through = True
            self._under_way -= 1
            self._through.append(len(party))
            self._go_ahead()

        try:
            told = await self._together([value for value, _ in party], through)
        except asyncpg.DataError:
            pass  # each asks alone, and is told what is the matter with their own
        except Exception as error:  # asking alone, each would wait as long again
            for _, place in party:
                if not place.done():
                    place.set_exception(error)
        finally:
            if is_through:
                self._through.remove(len(party))
            else:
                self._under_way -= 1
            if not (is_through and self._under_way):
                self._go_on(len(party))  # the next ones first: they are under way while these are answered
            for number, (_, place) in enumerate(party):
                if not place.done():
                    place.set_result(told[number : number + 1])
