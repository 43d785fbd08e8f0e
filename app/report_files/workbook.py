"""A status report as a workbook: a sheet for each table, with typed cells."""

import tempfile
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import IO, Any

from xlsxwriter import Workbook
from xlsxwriter.worksheet import Worksheet

from app.report_files.given import Given
from app.report_files.tables import TABLES, Cell, Kind

_FORMATS: dict[Kind, tuple[int, dict[str, Any]]] = {
    "text": (16, {"num_format": "@"}),
    "long": (60, {"num_format": "@", "text_wrap": True}),
    "whole": (14, {"num_format": "0"}),
    "share": (10, {"num_format": "0.0"}),
    "money": (20, {"num_format": "#,##0.00"}),
    "day": (12, {"num_format": "yyyy-mm-dd"}),
    "flag": (14, {}),
    "address": (40, {"font_color": "#1F4E79"}),
}
"""Width of a column, and how its cells look."""
_LINKS_MOST = 60_000
"""Of a sheet; a spreadsheet takes 65 530. What is more is text."""
_LINK_MOST = 2_000
_DIGITS_MOST = 15
"""That a spreadsheet keeps of a number; what has more is text."""
_CELL_MOST = 32_000
_CUT = " [Too long for a cell. JSON and CSV have all of it.]"


def workbook(given: Given, to: IO[bytes]) -> None:
    """Write it. Rows go to disk as they come, so that a long report needs no more memory."""
    with tempfile.TemporaryFile() as file:
        with Workbook(file, {"constant_memory": True}) as book:
            made = (
                datetime.fromisoformat(given.report["as_of"])
                .astimezone(UTC)
                .replace(microsecond=0, tzinfo=None)
            )
            title = f"Status of Implementation: {given.report['consultation']['title']}"
            book.set_properties(
                {"title": title, "comments": f"SHA-256 of the JSON: {given.digest}", "created": made}
            )
            head = book.add_format({"bold": True, "num_format": "@", "bottom": 1})
            formats = {
                kind: book.add_format({"valign": "top", **said}) for kind, (_, said) in _FORMATS.items()
            }
            for table in TABLES.values():
                sheet = book.add_worksheet(table.title)
                _fill(sheet, given, table.columns, table.rows(given.report), head, formats)
        file.seek(0)
        while piece := file.read(1 << 16):
            to.write(piece)


def _fill(
    sheet: Worksheet, given: Given, columns: Any, rows: Any, head: Any, formats: dict[Kind, Any]
) -> None:
    kinds: list[Kind] = list(columns.values())
    for place, (name, kind) in enumerate(columns.items()):
        sheet.set_column(place, place, max(_FORMATS[kind][0], len(name) + 4), formats[kind])
        sheet.write_string(0, place, name, head)
    sheet.freeze_panes(1, 0)
    last = 0
    for last, row in enumerate(rows, 1):
        for place, (kind, value) in enumerate(zip(kinds, row, strict=True)):
            _write(sheet, last, place, kind, value, given, formats)
    sheet.autofilter(0, 0, max(last, 1), len(kinds) - 1)


def _write(
    sheet: Worksheet, row: int, place: int, kind: Kind, value: Cell, given: Given, formats: dict[Kind, Any]
) -> None:
    style = formats[kind]
    if value is None:
        return
    if kind == "address":
        address = given.at(str(value)) or ""
        if row <= _LINKS_MOST and len(address) <= _LINK_MOST:
            sheet.write_url(row, place, address, style, address)
        else:
            sheet.write_string(row, place, address, style)
    elif kind == "day":
        sheet.write_datetime(row, place, date.fromisoformat(str(value)), style)
    elif isinstance(value, bool):
        sheet.write_boolean(row, place, value, style)
    elif isinstance(value, int | float):
        sheet.write_number(row, place, value, formats["whole" if isinstance(value, int) else "share"])
    elif kind == "money" and len(Decimal(value).normalize().as_tuple().digits) <= _DIGITS_MOST:
        sheet.write_number(row, place, float(value), style)
    else:
        text = value if len(value) <= _CELL_MOST else value[:_CELL_MOST] + _CUT
        sheet.write_string(row, place, text, style)
