"""What a new activity or event may be a duplicate of: its overlaps, as far as nobody has called them distinct.

It is looked for when a create asks for it (`on_duplicate`), not always: comparing one record with 60 000 others takes a
hundred times as long as making it does.
"""

from uuid import UUID

from app.db import Connection
from app.overlaps.finding import page_around

DUPLICATES_MOST = 5
_LEAST = "0.6"


async def alike(connection: Connection, record: UUID) -> list[str]:
    """The likeliest overlaps of a record, as JSON."""
    statement = page_around()
    asked = {
        "subjects": [record], "kinds": None, "countries": None, "goals": None, "least": _LEAST,
        "verdicts": ["none", "same"], "score": None, "after": "", "limit": DUPLICATES_MOST,
    }  # fmt: skip
    rows = await connection.fetch(statement.sql, *statement.args(asked))
    return [row["j"] for row in rows]
