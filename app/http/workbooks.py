"""Workbooks that go out: XlsxWriter makes one without its rows, and the rows are streamed into it.

Styles, drop-down lists and filters are XlsxWriter's; but it hands a workbook over only when it is whole. So that an
export starts at once and takes constant memory, its rows are written here, in place of one blank row that says the
style of each column.
"""

from __future__ import annotations

import io
import re
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Literal
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

if TYPE_CHECKING:
    from xlsxwriter import Workbook  # takes 17 MB of a worker that may never make one

ROWS_MOST = 1_048_575
"""Rows of a sheet, below its header."""
LEFT_OUT = "[Too long for a cell: left out here, and left as it is when this file is sent back. JSON and CSV have it.]"
"""Stands for a text that no cell can hold; an import leaves the field of such a cell alone."""

CellKind = Literal["text", "number", "day", "flag"]
_FORMATS: dict[CellKind, dict[str, Any]] = {
    "text": {"num_format": "@", "text_wrap": True, "valign": "top"},  # so that 007 stays 007
    "number": {"num_format": "0", "valign": "top"},
    "day": {"num_format": "yyyy-mm-dd", "valign": "top"},
    "flag": {"valign": "top"},
}
_CELL_MOST = 32_767
"""UTF-16 units that a cell may hold."""
_WORDS_MOST = 255
"""Characters that a drop-down list may have in all."""
_SHEET = "xl/worksheets/sheet1.xml"
_MADE = datetime(2023, 7, 6, tzinfo=UTC)
"""The same content is the same file, whenever it is made."""
_PIECE = 65_536


@dataclass(frozen=True)
class SheetColumn:
    """A column of a sheet."""

    name: str
    kind: CellKind
    words: tuple[str, ...] = ()
    """Offered in a drop-down list."""
    width: int = 20
    hidden: bool = False


def empty_workbook(
    name: str, columns: Sequence[SheetColumn], rows: int, more: Callable[[Workbook], None] = lambda book: None
) -> bytes:
    """A workbook whose first sheet has a header, one blank row, and room for so many rows; `more` adds sheets."""
    from xlsxwriter import Workbook

    whole = io.BytesIO()
    with Workbook(whole, {"in_memory": True}) as book:
        book.set_properties({"created": _MADE})
        head = book.add_format({"bold": True, "num_format": "@", "bottom": 1})
        formats = {kind: book.add_format(said) for kind, said in _FORMATS.items()}
        sheet = book.add_worksheet(name)
        for place, column in enumerate(columns):
            style = formats[column.kind]
            sheet.set_column(place, place, column.width, style, {"hidden": column.hidden})
            sheet.write_string(0, place, column.name, head)
            sheet.write_blank(1, place, None, style)
            if column.words and len(",".join(column.words)) <= _WORDS_MOST:
                offered = {"validate": "list", "source": list(column.words)}
                sheet.data_validation(1, place, ROWS_MOST, place, offered)
        sheet.freeze_panes(1, 0)
        sheet.autofilter(0, 0, max(rows, 1), len(columns) - 1)
        more(book)
    return whole.getvalue()


async def filled(
    empty: bytes, columns: Sequence[SheetColumn], rows: int, batches: AsyncIterable[Iterable[Sequence[str]]]
) -> AsyncGenerator[bytes]:
    """The workbook with its rows, piece by piece as they come. A cell without text stays empty."""
    from xlsxwriter.utility import xl_col_to_name

    written = _Pieces()
    with ZipFile(io.BytesIO(empty)) as made, ZipFile(written, "w", ZIP_DEFLATED, compresslevel=2) as archive:
        for part in made.infolist():
            if part.filename != _SHEET:
                archive.writestr(part, made.read(part))
        start, blank, end = re.split('(<row r="2".*?</row>)', made.read(_SHEET).decode(), maxsplit=1)
        last = f"{xl_col_to_name(len(columns) - 1)}{rows + 1}"
        start = re.sub("<dimension ref=[^>]*>", f'<dimension ref="A1:{last}"/>', start)
        cells = _Cells(columns, re.findall(' s="([0-9]+)"', blank.partition(">")[2]))
        sheet = ZipInfo(_SHEET, made.getinfo(_SHEET).date_time)
        sheet.compress_type = ZIP_DEFLATED
        with archive.open(sheet, "w") as into:
            into.write(start.encode())
            number = 1
            async for batch in batches:
                lines = []
                for row in batch:
                    number += 1
                    lines.append(cells.row(number, row))
                into.write("".join(lines).encode())
                if written.size > _PIECE:
                    yield written.taken()
            into.write(end.encode())
    yield written.taken()


class _Pieces(io.RawIOBase):
    """What was written and not yet taken. It cannot be sought in, so that the archive is written in one go."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self.size = 0

    def writable(self) -> bool:
        return True

    def write(self, piece: Any) -> int:
        self._pieces.append(bytes(piece))
        self.size += len(piece)
        return len(piece)

    def taken(self) -> bytes:
        whole = b"".join(self._pieces)
        self._pieces, self.size = [], 0
        return whole


class _Cells:
    """Writes rows as XML (ECMA-376 part 1, 18.3.1)."""

    def __init__(self, columns: Sequence[SheetColumn], styles: Sequence[str]) -> None:
        from xlsxwriter.utility import xl_col_to_name

        writers = {"text": _text, "number": _number, "day": _day, "flag": _flag}
        self._columns = [
            (xl_col_to_name(place), f' s="{style}"', writers[column.kind])
            for place, (column, style) in enumerate(zip(columns, styles, strict=True))
        ]

    def row(self, number: int, values: Sequence[str]) -> str:
        cells = self._written(number, values)
        return f'<row r="{number}">{"".join(cells)}</row>'

    def _written(self, number: int, values: Sequence[str]) -> Iterator[str]:
        for (letters, style, write), value in zip(self._columns, values, strict=True):
            if value:
                yield f'<c r="{letters}{number}"{style}{write(value)}</c>'


def _text(value: str) -> str:
    if len(value) > _CELL_MOST // 2 and len(value.encode("utf-16-le")) // 2 > _CELL_MOST:
        value = LEFT_OUT
    value = value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    if _ESCAPED.search(value):
        value = _ESCAPED.sub(lambda found: f"_x{ord(found[0]):04X}_", value)
    space = ' xml:space="preserve"' if value != value.strip() else ""
    return f' t="inlineStr"><is><t{space}>{value}</t></is>'


_ESCAPED = re.compile("[\x00-\x08\x0b-\x1f]|_(?=x[0-9A-Fa-f]{4}_)")
"""What XML cannot say or changes, and what looks like such an escape (ECMA-376 part 1, 22.9.2.19)."""


def _number(value: str) -> str:
    return f"><v>{value}</v>"


_DAY_ZERO, _FIRST_SURE_DAY = date(1899, 12, 30), date(1900, 3, 1)
"""Spreadsheets count a 29 February 1900 that never was; before it they do not agree."""


def _day(value: str) -> str:
    day = date.fromisoformat(value)
    return f"><v>{(day - _DAY_ZERO).days}</v>" if day >= _FIRST_SURE_DAY else _text(value)


def _flag(value: str) -> str:
    return f' t="b"><v>{int(value.startswith("t"))}</v>'
