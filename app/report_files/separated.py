"""A table of a status report as CSV, row by row."""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from typing import IO

from app.report_files.given import Given
from app.report_files.tables import TABLES, Cell, Kind

_FORMULA = re.compile(r"[=+\-@\t\r'＝＋－＠]")


def separated(given: Given, table: str, to: IO[bytes]) -> None:
    """Write it."""
    rows = Separated(table)
    to.write(rows.head().encode())
    to.write(rows.of(given).encode())


class Separated:
    """Writes rows of a table. Text that a spreadsheet would compute gets a leading `'`, as in the exports of lists."""

    def __init__(self, table: str) -> None:
        self._table = TABLES[table]
        self.pieces = self._table.pieces
        self._kinds = list(self._table.columns.values())

    def head(self) -> str:
        return _written([list(self._table.columns)])

    def of(self, given: Given) -> str:
        """The rows of a report, or of a piece of one."""
        rows = self._table.rows(given.report)
        return _written(
            [_cell(given, kind, value) for kind, value in zip(self._kinds, row, strict=True)] for row in rows
        )


def _written(rows: Iterable[Sequence[str]]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def _cell(given: Given, kind: Kind, value: Cell) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    if kind == "address":
        return given.at(text) or ""
    return (
        f"'{text}" if kind in {"text", "long"} and isinstance(value, str) and _FORMULA.match(text) else text
    )
