"""Wake-ups: one connection of the process listens for commits, and everybody who waits for a change waits for it.

A wake-up says only how far the journal has come. What is lost of them over a restart of the database, or where nobody
can listen (a standby, a pooler), is made up for by looking at the journal every few seconds.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import asyncpg
import structlog

from app.pool import BROKEN, CONNECT_SECONDS, Connection

CHANNEL = "journal"
"""Every commit is announced here, with the position of its last change (migration 0003)."""
_LOOK_SECONDS = 5.0
_STANDBY_SECONDS = 1.0
_AGAIN_SECONDS = 0.25
_log = structlog.get_logger("workplan")


class Wakeups:
    """How far the journal is, and a way to wait until it is further. Waiting costs no connection of its own."""

    def __init__(self, dsn: str, role: str) -> None:
        self.head = -1
        """The newest position that is known here; -1 before any is."""
        self.ended = False
        self._asking: dict[str, Any] = {
            "dsn": dsn,
            "timeout": CONNECT_SECONDS,
            "command_timeout": CONNECT_SECONDS,
            "server_settings": {"application_name": "workplan wake-ups", "role": role},
        }
        self._wanted = asyncio.Event()
        self._further = asyncio.Event()

    async def wait(self, after: int, seconds: float) -> int:
        """Until the journal is further than `after`, the time is over, or the service stops. Says how far it is."""
        self._wanted.set()
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self.head <= after and not self.ended:
                    await self._further.wait()
        return self.head

    def end(self) -> None:
        """The service stops: nobody waits any longer."""
        self.ended = True
        self._wake()

    async def run(self) -> None:
        """Listen, from the first time on that somebody waits."""
        await self._wanted.wait()
        failing = False
        while True:
            try:
                async with self._listening() as (connection, lost, pause):
                    self.head = -1  # of a database that was restored, the journal may be shorter
                    while True:
                        self._told(await connection.fetchval("select position from journal_head"))
                        failing = False
                        with suppress(TimeoutError):
                            async with asyncio.timeout(pause):
                                await lost.wait()
            except BROKEN as error:
                if not failing:
                    _log.warning("wake-ups are interrupted", error=type(error).__name__)
                failing = True
            await asyncio.sleep(_AGAIN_SECONDS)

    @asynccontextmanager
    async def _listening(self) -> AsyncIterator[tuple[Connection, asyncio.Event, float]]:
        """The connection, what is set when it is lost, and the seconds between two looks."""
        lost, pause = asyncio.Event(), _LOOK_SECONDS
        connection: Connection = await asyncpg.connect(**self._asking)
        try:
            connection.add_termination_listener(lambda _: lost.set())
            try:
                await connection.add_listener(CHANNEL, self._heard)
            except asyncpg.ReadOnlySQLTransactionError:  # a standby announces nothing
                pause = _STANDBY_SECONDS
            yield connection, lost, pause
        finally:
            connection.terminate()

    def _heard(self, _connection: object, _process: int, _channel: str, position: object) -> None:
        self._told(int(str(position)))

    def _told(self, position: int) -> None:
        if position > self.head:
            self.head = position
            self._wake()

    def _wake(self) -> None:
        further, self._further = self._further, asyncio.Event()
        further.set()
