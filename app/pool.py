"""Connections to PostgreSQL: lent one use at a time, and trusted no longer than they have just worked.

The driver's own pool waits for a hung connection to be cancelled, and gives out connections that died while
they were idle. Here a connection that did not answer is cut at once, its place is free again, and the idle
ones must answer before they are used: after an outage the first request that finds the database is served.
"""

import asyncio
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from time import monotonic
from types import TracebackType
from typing import TYPE_CHECKING, Any

import asyncpg
import structlog

from app.errors import Unavailable
from app.wires import tend

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]
else:
    Connection = asyncpg.Connection

_OF_THE_DRIVER = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
BROKEN = (*_OF_THE_DRIVER, OSError)
"""All that the driver raises when a connection fails; the third when it was told goodbye before we asked."""
CONNECT_SECONDS = 3.0
_TRUSTED_SECONDS = 1.0
"""A connection that worked so lately is used without asking it first."""
_ANSWER_SECONDS = 1.0
_IDLE_SECONDS = 300.0
_KEPT = 2
_log = structlog.get_logger("workplan")


class Lost(ConnectionError):
    """The connection broke before anything was committed: the same may be tried again."""


class _Places:
    """So many at a time, in the order in which they came. Who waits longer than `patience` seconds is turned away.

    asyncio's semaphore with its timeout, a clock for each who waits, took a fourteenth of reading a record where all
    connections are in use. Here they share one clock, since who came first is turned away first.
    """

    def __init__(self, number: int, patience: float) -> None:
        self._loop = asyncio.get_running_loop()  # which to ask for each time is a call of the kernel
        self._free = number
        self._patience = patience
        self._waiting: deque[tuple[asyncio.Future[None], float]] = deque()
        self._clock: asyncio.TimerHandle | None = None

    async def take(self) -> None:
        if self._free:  # then nobody waits
            self._free -= 1
            return
        loop = self._loop
        place = loop.create_future()
        self._waiting.append((place, loop.time() + self._patience))
        if self._clock is None:
            self._clock = loop.call_later(self._patience, self._turn_away)
        try:
            await place
        except asyncio.CancelledError:
            if not place.cancelled() and place.exception() is None:  # it was given in the same moment
                self.give_back()
            raise

    def give_back(self) -> None:
        """To who has waited longest, if anybody waits."""
        while self._waiting:
            place, _ = self._waiting.popleft()
            if not place.done():
                place.set_result(None)
                return
        self._free += 1

    def _turn_away(self) -> None:
        loop = self._loop
        while self._waiting and self._waiting[0][1] <= loop.time():
            place, _ = self._waiting.popleft()
            if not place.done():
                place.set_exception(Unavailable("All connections to the database are busy. Try again."))
        self._clock = loop.call_at(self._waiting[0][1], self._turn_away) if self._waiting else None


class Pool:
    """At most `size` connections. Who waits longer than `patience` seconds for one is turned away."""

    def __init__(
        self, dsn: str, size: int, *, patience: float, command_timeout: float, session: Mapping[str, str]
    ) -> None:
        self.size = size
        self._places = _Places(size, patience)
        self._idle: list[tuple[Connection, float]] = []
        self._closed = False
        self._failing = False
        self._asking: dict[str, Any] = {
            "dsn": dsn,
            "timeout": CONNECT_SECONDS,
            "command_timeout": command_timeout,
            "statement_cache_size": 1024,
            "max_cached_statement_lifetime": 0,
            "max_cacheable_statement_size": 100_000,
            "server_settings": {"application_name": "workplan", **session},
        }

    def lend(self) -> "Loan":
        """A connection for the while of a block. What left it in doubt has cut it by the end."""
        return Loan(self)

    async def take(self) -> Connection:
        """A connection that works, to be given back."""
        if self._closed:
            raise Unavailable("The service is stopping.")
        await self._places.take()
        try:
            return await self._found()
        except BaseException:
            self._places.give_back()
            raise

    def give_back(self, connection: Connection, error: BaseException | None) -> None:
        """Take a connection back, after its use ended well or with an error; Lost, if that was because it broke."""
        try:
            if isinstance(error, asyncio.CancelledError | TimeoutError):
                self._doubt()
                connection.terminate()
            elif isinstance(error, (*_OF_THE_DRIVER, ConnectionError)):
                if isinstance(error, asyncpg.InternalClientError):  # the server has said goodbye meanwhile
                    connection.terminate()
                if connection.is_closed():
                    self._doubt()
                    raise Lost("The connection to the database was lost.") from error
        finally:
            self._take_back(connection)
            self._places.give_back()

    async def close(self) -> None:
        """Say goodbye on what is idle; what is lent is cut when it comes back."""
        self._closed = True
        idle, self._idle = self._idle, []
        with suppress(TimeoutError):
            async with asyncio.timeout(2):
                await asyncio.gather(*(each.close() for each, _ in idle), return_exceptions=True)
        for each, _ in idle:
            each.terminate()

    async def _found(self) -> Connection:
        while self._idle:
            connection, worked = self._idle.pop()
            if connection.is_closed():
                continue
            if monotonic() - worked < _TRUSTED_SECONDS or await self._answers(connection):
                return connection
        return await self._connected()

    async def _answers(self, connection: Connection) -> bool:
        """Whether it still works. If not, the others were lost with it, and are not waited for one by one."""
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                await connection.execute("select")
        except BROKEN:
            connection.terminate()
            idle, self._idle = self._idle, []
            for each, _ in idle:
                each.terminate()
            return False
        except BaseException:
            connection.terminate()
            raise
        return True

    async def _connected(self) -> Connection:
        try:
            connection: Connection = await asyncpg.connect(**self._asking)
        except BROKEN as error:
            if not self._failing:
                self._failing = True
                _log.error("the database cannot be reached", error=type(error).__name__)
            raise Unavailable("The database cannot be reached. Try again.") from error
        if self._failing:
            self._failing = False
            _log.warning("the database is reached again")
        tend(connection)
        return connection

    def _doubt(self) -> None:
        """One connection failed: the idle ones must answer before they are used."""
        self._idle = [(connection, float("-inf")) for connection, _ in self._idle]

    def _take_back(self, connection: Connection) -> None:
        if connection.is_closed():
            return
        if self._closed or connection.is_in_transaction():
            connection.terminate()
            return
        now = monotonic()
        self._idle.append((connection, now))
        while len(self._idle) > _KEPT and 0 < self._idle[0][1] < now - _IDLE_SECONDS:
            self._idle.pop(0)[0].terminate()


class Loan:
    """Lends a connection to a block. A class, as a generator in this place costs a tenth of reading a record."""

    __slots__ = ("_connection", "_pool")

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def __aenter__(self) -> Connection:
        self._connection = await self._pool.take()
        return self._connection

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.give_back(self._connection, error)
