"""A table of a status report as CSV, row by row."""

import csv
import io
import re
from typing import IO

from app.report_files.pages import Given
from app.report_files.tables import TABLES, Cell, Kind

_FORMULA = re.compile(r"[=+\-@\t\r'＝＋－＠]")


def separated(given: Given, table: str, to: IO[bytes]) -> None:
    """Write it. Text that a spreadsheet would compute gets a leading `'`, as in the exports of lists."""
    declared = TABLES[table]
    kinds = list(declared.columns.values())
    text = io.TextIOWrapper(to, "utf-8", newline="", write_through=True)
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(declared.columns)
    for row in declared.rows(given.report):
        rows.writerow([_cell(given, kind, value) for kind, value in zip(kinds, row, strict=True)])
    text.detach()


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
