"""An export as a workbook: the text that COPY gives, made into the rows of a sheet as it comes."""

import re
from collections.abc import AsyncGenerator, AsyncIterable, Iterator
from typing import Any

from app.collection.asked import Asked
from app.collection.collection import Collection
from app.collection.pages import count_plan
from app.collection.sheets import sheet_columns
from app.db import Connection
from app.errors import NotAcceptable
from app.http.workbooks import ROWS_MOST, empty_workbook, filled

COPY: dict[str, Any] = {"format": "text"}
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v", "\\": "\\", "N": ""}
_ESCAPE = re.compile(r"\\(.)")


class TooManyRows(NotAcceptable):
    """The list has more rows than a sheet can have. Filter it, or ask for CSV, which has no end.

    `rows` is how many there are.
    """


async def counted(connection: Connection, collection: Collection, asked: Asked) -> int:
    """How many rows there will be, seen with the same eyes as the rows themselves."""
    plan = count_plan(collection, asked)
    there = await connection.fetchval(plan.sql, *plan.args(asked.values))
    rows: int = min(there, asked.limit) if asked.limit else there
    if rows > ROWS_MOST:
        raise TooManyRows(
            f"These are {rows} rows, and a sheet has {ROWS_MOST} at most: filter, or ask for CSV.", rows=rows
        )
    return rows


def workbook(
    collection: Collection, asked: Asked, rows: int, copied: AsyncIterable[bytes]
) -> AsyncGenerator[bytes]:
    """The rows that COPY gives, in a workbook."""
    columns = sheet_columns(collection, asked.shape.fields or tuple(collection.outputs))
    return filled(empty_workbook(collection.path, columns, rows), columns, rows, _batches(copied))


async def _batches(copied: AsyncIterable[bytes]) -> AsyncGenerator[Iterator[list[str]]]:
    """The rows of a piece; what is left of it begins the next."""
    rest = b""
    async for piece in copied:
        whole, _, rest = (rest + piece).rpartition(b"\n")
        if whole:
            yield map(_row, whole.decode().split("\n"))


def _row(line: str) -> list[str]:
    if "\\" not in line:
        return line.split("\t")
    return [_ESCAPE.sub(lambda found: _ESCAPES[found[1]], cell) for cell in line.split("\t")]
