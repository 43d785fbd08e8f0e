"""Which rows of a load the database refuses: it says so of a statement, not of its rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import asyncpg

from app.collection.batch_rows import OUTCOMES
from app.collection.refusals import RULE, refusal
from app.collection.staging import Staging
from app.db import Connection

Errors = dict[int, list[Mapping[str, Any]]]
"""What stands against rows, by their numbers."""
_OF_ROWS = asyncpg.CheckViolationError, asyncpg.ForeignKeyViolationError


def is_of_a_row(error: asyncpg.PostgresError, *, anew: bool) -> bool:
    """Whether the database refuses a row of those that it was to write. `anew`: the load was begun once, so that what
    is taken now is not what others have made meanwhile.
    """
    if isinstance(error, asyncpg.UniqueViolationError):
        return anew
    return isinstance(error, _OF_ROWS) or error.sqlstate == RULE


async def found_by_halves(connection: Connection, staging: Staging, *, anew: bool) -> Errors:
    """Write the staged rows but for those that the database refuses, in the order in which all are written; what it
    has against these.
    """
    halves = _Halves(connection, staging, anew)
    for outcome in ("delete", "create", "update"):
        if rows := await staging.numbers(outcome):
            await halves.write(outcome, rows)
    return halves.found or halves.without


@dataclass
class _Halves:
    """Rows that are written by halves, as long as the database refuses any of them."""

    connection: Connection
    staging: Staging
    anew: bool
    found: Errors = field(default_factory=dict)
    """What it has against rows."""
    without: Errors = field(default_factory=dict)
    """Where it misses a record, or has one that refers: of that may be other rows, which come later here and with
    these when all are written.
    """

    async def write(self, outcome: str, rows: Sequence[int]) -> None:
        """Write rows of one outcome."""
        await self.connection.execute("savepoint part")
        try:
            only = dict.fromkeys(OUTCOMES, 0) | {outcome: len(rows)}
            await self.staging.write(only, rows[0] - 1, rows[-1])
        except asyncpg.PostgresError as error:
            if not is_of_a_row(error, anew=self.anew):
                raise
            await self.connection.execute("rollback to savepoint part")
            if len(rows) == 1:
                self._refuse(rows[0], error)
            else:
                middle = len(rows) // 2
                await self.write(outcome, rows[:middle])
                await self.write(outcome, rows[middle:])
        await self.connection.execute("release savepoint part")

    def _refuse(self, row: int, error: asyncpg.PostgresError) -> None:
        problem = refusal(error)
        assert problem is not None
        errors = problem.errors or [{"pointer": "", "code": problem.code, "message": problem.detail}]
        against = self.without if isinstance(error, asyncpg.ForeignKeyViolationError) else self.found
        against[row] = errors
