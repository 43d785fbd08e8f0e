"""Rows that a transaction holds (`for update`), as they are once they are held.

Whoever has to wait for a row gets it as it is by then. But what is looked up beside it, such as what it refers to, is
told as of the beginning of the statement, when that may not have been there. So a statement that holds rows tells which
version it saw when it began, and is asked again where that is not the one that it holds.
"""

from collections.abc import Sequence
from typing import Any

import asyncpg
from sqlalchemy import select
from sqlalchemy.sql.elements import Label

from app.db import Connection


def version_seen(row: Any) -> Label[int]:
    """The version of a row as of the beginning of the statement."""
    before = row.alias()
    seen: Label[int] = select(before.c.version).where(before.c.id == row.c.id).scalar_subquery().label("seen")
    return seen


async def fetch_held(
    connection: Connection, sql: str, args: Sequence[Any], patience: float | None = None
) -> Sequence[asyncpg.Record]:
    """Run a statement that holds rows and tells their `version`, and that which it has `seen`."""
    rows = await connection.fetch(sql, *args, timeout=patience)
    if any(row["version"] != row["seen"] for row in rows):  # held now: it does not change any more
        rows = await connection.fetch(sql, *args, timeout=patience)
    return rows
