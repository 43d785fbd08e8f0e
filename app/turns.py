"""Who migrates or fills a database does so alone: others wait for their turn, and not for ever."""

import asyncio
from time import monotonic
from typing import Any

SECONDS = 120.0
"""So long one waits."""
_LOOK_SECONDS = 0.2
_TRY = "select pg_try_advisory_{}lock(hashtextextended('prepare', 0))"
FOR_SESSION, FOR_TRANSACTION = _TRY.format(""), _TRY.format("xact_")
"""How long a turn is. It ends by itself, also if whoever has it is killed."""


class Occupied(Exception):
    """Somebody else has not come to an end."""


async def turn(connection: Any, how_long: str) -> None:
    """Wait for a turn. It is asked for again and again: an index that is built concurrently would wait for a statement
    that waits here.
    """
    end = monotonic() + SECONDS
    while not await connection.fetchval(how_long):
        if monotonic() > end:
            raise Occupied(
                f"the database is being migrated or seeded by somebody else, for {SECONDS:.0f} seconds now. "
                "Try again when that has ended."
            )
        await asyncio.sleep(_LOOK_SECONDS)
