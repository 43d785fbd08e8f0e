"""What a new activity or event may be a duplicate of: its overlaps, as far as nobody has called them distinct.

It is looked for when a create asks for it (`on_duplicate`), not always: comparing one record with 60 000 others takes a
hundred times as long as making it does. Of a load they are looked for by uncommon words, as in the list of them all:
a second for 10 000 rows among 60 000 records, and nothing for who does not ask.
"""

from collections.abc import Sequence
from uuid import UUID

from app.db import Compiled, Connection
from app.overlaps.finding import OVERLAPS_MOST, page_among, page_around

DUPLICATES_MOST = 5
_LEAST = "0.6"


async def alike(connection: Connection, record: UUID) -> list[str]:
    """The likeliest overlaps of a record, as JSON."""
    return await _found(connection, page_around(), [record], DUPLICATES_MOST)


async def alike_among(connection: Connection, records: Sequence[UUID]) -> list[str]:
    """The likeliest overlaps of many records, with each other too, as JSON: by their uncommon words, as in the list."""
    await connection.execute("set local work_mem = '32MB'")  # the words of all titles, in memory
    return await _found(connection, page_among(), records, OVERLAPS_MOST)


async def _found(
    connection: Connection, statement: Compiled, subjects: Sequence[UUID], limit: int
) -> list[str]:
    asked = {
        "subjects": subjects, "kinds": None, "countries": None, "goals": None, "least": _LEAST,
        "verdicts": ["none", "same"], "score": None, "after": "", "limit": limit,
    }  # fmt: skip
    rows = await connection.fetch(statement.sql, *statement.args(asked))
    return [row["j"] for row in rows]
