"""Writing ahead: the database writes the rows of a load that are known while the next ones are looked at.

It is done as long as nothing is in doubt: no row is refused or deletes, none changes what must be unique, and no two
are of one record. Otherwise the load is taken back and begins anew, and nothing is written before all of it is known:
what a load does, and says, never depends on what was written ahead.
"""

import asyncio
from collections.abc import Awaitable, Callable

from asyncpg import InsufficientPrivilegeError, IntegrityConstraintViolationError, PostgresError

from app.collection.refusals import RULE

Write = Callable[[int, int], Awaitable[None]]
"""Writes the staged rows behind one number, up to another."""
_REFUSALS = IntegrityConstraintViolationError, InsufficientPrivilegeError


class InDoubt(Exception):
    """The load is to be taken back, and to begin anew without writing ahead."""


class Ahead:
    """How far a load is written ahead. Its connection serves nobody else until that is `done`."""

    def __init__(self, *, possible: bool) -> None:
        self._possible = possible
        self._task: asyncio.Task[None] | None = None
        self.written = 0
        """The number of the last row that is written."""

    async def begin(self, upto: int, write: Write) -> None:
        """The staged rows up to this number may be written from now on."""
        if self._possible:
            first, self.written = self.written, upto
            self._task = asyncio.create_task(_written(write, first, upto))
            await asyncio.sleep(0)  # so that it is sent before the next rows are read

    async def done(self) -> None:
        """What was begun is written."""
        if self._task:
            await self._task
            self._task = None

    async def stop(self) -> None:
        """Nothing more is written: what was begun is broken off."""
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def doubt(self) -> None:
        """Nothing more is written ahead. If anything was, the load begins anew."""
        self._possible = False
        if self.written:
            raise InDoubt


async def _written(write: Write, first: int, upto: int) -> None:
    try:
        await write(first, upto)
    except PostgresError as error:
        if isinstance(error, _REFUSALS) or error.sqlstate == RULE:
            raise InDoubt from None  # which row it is, and why, is told the better the other way
        raise
