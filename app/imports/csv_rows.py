"""CSV, read strictly and one row after another."""

import csv
import io
from collections.abc import Generator, Sequence
from typing import Any, Self

from app.http.spool import Spool
from app.imports.items import Item, Opened
from app.imports.texts import ROW_MOST, charset_of, opened, too_large, undecodable, unreadable

_DELIMITERS = ",;\t"


def csv_table(file: Spool, charset: str | None) -> Opened:
    """The header of a CSV file, and its rows as they are asked for."""
    codec = charset_of(charset, file)
    try:
        first, skipped = _first_line(opened(file, codec))
    except UnicodeDecodeError:
        raise undecodable(file, codec) from None
    if not first.strip():
        raise unreadable(
            "header_missing", "The file has no header line with the names of the columns.", line=1
        )
    delimiter = _delimiter(first)
    rows = _rows(file, delimiter, codec, skipped)
    header = next(rows, None)
    if header is None or header.value is None:
        raise unreadable(
            "header_missing", "The file has no header line with the names of the columns.", line=1
        )
    return Opened(rows, [name.strip() for name in header.value], delimiter=delimiter)


def _first_line(stream: Any) -> tuple[str, int]:
    """The header as far as it stands on its first line, and whether Excel's `sep=` stands before it."""
    line = stream.readline(ROW_MOST)
    if line[:4].lower() == "sep=" and len(line.strip()) <= 5:
        return stream.readline(ROW_MOST), 1
    return line, 0


def _delimiter(header: str) -> str:
    """What stands between the names; no name of a column holds any of the three."""
    return max(_DELIMITERS, key=header.count)


class _Lines:
    """The lines of a text; counts what was read since the last whole row, so that one cannot grow without end."""

    def __init__(self, stream: io.TextIOWrapper) -> None:
        self._stream = stream
        self.number = 0
        self.since = 0

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        line = self._stream.readline(ROW_MOST)
        if not line:
            raise StopIteration
        self.number += 1
        self.since += len(line)
        if self.since > ROW_MOST or len(line) == ROW_MOST:
            raise too_large(self.number)
        if "\0" in line:
            message = f"Line {self.number} holds a NUL character: this is not a text file."
            raise unreadable("nul", message, line=self.number)
        return line


def _rows(file: Spool, delimiter: str, codec: str, skipped: int) -> Generator[Item]:
    """The header as row 0, then the data."""
    lines = _Lines(opened(file, codec))
    csv.field_size_limit(ROW_MOST)  # a cell may be all that its row is
    number, begun, columns = -1, 1, 0
    try:
        for _ in range(skipped):
            next(lines)
        reader = csv.reader(lines, delimiter=delimiter, strict=True)
        while True:
            begun, lines.since = lines.number + 1, 0
            cells = next(reader)
            if not any(cells):
                continue
            number += 1
            item = Item(number, begun, lines.since, cells)
            columns = columns or len(cells)
            if len(cells) != columns:
                item.error = {
                    "code": "ragged_row",
                    "message": f"This row has {len(cells)} cells, the header {columns}.",
                    "hint": "Put quotes round cells that hold the separator or a line break.",
                }
            yield item
    except StopIteration:
        return
    except UnicodeDecodeError:
        raise undecodable(file, codec) from None
    except csv.Error as why:
        raise _broken(str(why), begun, lines.number) from None


def _broken(why: str, begun: int, line: int) -> Exception:
    if "unexpected end" in why:
        message = f"The quote that opens on line {begun} or after it is never closed."
        return unreadable(
            "quote_open", message, line=begun, hint='A quote inside a quoted cell is written "".'
        )
    message = f"After a closing quote on line {line} something follows other than the separator."
    return unreadable("quote_inside", message, line=line, hint='A quote inside a quoted cell is written "".')


def written_csv(cells: Sequence[str], delimiter: str) -> str:
    """A row as CSV, as it was read."""
    line = io.StringIO(newline="")
    csv.writer(line, delimiter=delimiter, lineterminator="\r\n").writerow(cells)
    return line.getvalue()
