"""Files of rows: a JSON array, JSON lines or CSV, read strictly and one row after another."""

import csv
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.http.bodies import DECODER, MalformedJson, checked
from app.imports.texts import charset_of, opened, undecodable, unreadable

_FIELD_MOST = 131_072
_SPACE = " \t\n\r"
_DELIMITERS = ",;\t"


@dataclass(slots=True)
class Item:
    """One row of a file, as it stands there."""

    number: int
    """1 is the first row of data."""
    line: int
    """The line on which it begins; quoted cells may hold line breaks."""
    value: Any = None
    error: dict[str, Any] | None = None


@dataclass
class Table:
    """A CSV file: its header, and its rows."""

    header: list[str]
    delimiter: str
    codec: str
    rows: Iterator[Item] = field(default_factory=lambda: iter(()))


def json_array(body: bytes) -> Iterator[Item]:
    """The elements of a JSON array. Only one of them is in memory as a value at a time."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as why:
        raise MalformedJson(f"The body is not UTF-8 (byte {why.start}).") from None
    place, line, number = _skip(text, 0), 1, 0
    if not text.startswith("[", place):
        message = "A JSON array of objects is expected."
        if text.startswith("{", place):
            raise unreadable(
                "array_expected", message, hint="Put the object in [ ], or send application/x-ndjson."
            )
        raise MalformedJson(message)
    counted, place = 0, _skip(text, place + 1)
    ended = text.startswith("]", place)
    while not ended:
        line, counted, number = line + text.count("\n", counted, place), place, number + 1
        try:
            value, place = DECODER.raw_decode(text, place)
            checked(value, text[counted:place])
        except RecursionError:
            raise MalformedJson(f"Row {number} (line {line}) is nested too deeply.") from None
        except json.JSONDecodeError as why:
            raise MalformedJson(f"Row {number} is not JSON: {why.msg} at line {why.lineno}.") from None
        except MalformedJson as why:
            raise MalformedJson(f"Row {number} (line {line}): {why.detail}") from None
        yield _object(number, line, value)
        place = _skip(text, place)
        ended = text.startswith("]", place)
        if not ended:
            if not text.startswith(",", place):
                raise MalformedJson(f"After row {number}, `,` or `]` is expected.")
            place = _skip(text, place + 1)
    if _skip(text, place + 1) != len(text):
        raise MalformedJson("Something follows the array.")


def _skip(text: str, place: int) -> int:
    while place < len(text) and text[place] in _SPACE:
        place += 1
    return place


def json_lines(body: bytes) -> Iterator[Item]:
    """One object per line. A line that cannot be read is a bad row; the others are read."""
    try:
        stream = opened(body, charset_of("utf-8", body))
        number = 0
        for line, text in enumerate(_lines(stream), 1):
            if not text.strip():
                continue
            number += 1
            yield _line(number, line, text.strip(_SPACE))
    except UnicodeDecodeError:
        raise undecodable(body, "utf-8") from None


def _lines(stream: Any) -> Iterator[str]:
    """Lines end with a line feed, as NDJSON has it; other line ends inside a text are part of it."""
    rest = ""
    while chunk := stream.read(1 << 16):
        *whole, rest = (rest + chunk).split("\n")
        yield from whole
    yield rest


def _line(number: int, line: int, text: str) -> Item:
    try:
        value, end = DECODER.raw_decode(text)
        checked(value, text)
    except RecursionError:
        return Item(number, line, error={"code": "malformed_json", "message": "It is nested too deeply."})
    except json.JSONDecodeError as why:
        return Item(
            number,
            line,
            error={"code": "malformed_json", "message": f"Not JSON: {why.msg} at column {why.colno}."},
        )
    except MalformedJson as why:
        return Item(number, line, error={"code": "malformed_json", "message": why.detail})
    rest = text[end:].lstrip()
    if rest.startswith("{"):
        raise unreadable(
            "newlines_lost",
            f"Several objects stand on line {line}: the line breaks were lost on the way.",
            line=line,
            hint="curl takes them out of `-d @file`: use --data-binary @file.",
        )
    if rest:
        return Item(
            number, line, error={"code": "malformed_json", "message": "Something follows the object."}
        )
    return _object(number, line, value)


def _object(number: int, line: int, value: Any) -> Item:
    if isinstance(value, dict):
        return Item(number, line, value)
    return Item(number, line, error={"code": "object_expected", "message": "A row is a JSON object."})


def csv_table(body: bytes, charset: str | None) -> Table:
    """The header of a CSV file, and its rows as they are asked for."""
    codec = charset_of(charset, body)
    try:
        first, skipped = _first_line(opened(body, codec))
    except UnicodeDecodeError:
        raise undecodable(body, codec) from None
    if not first.strip():
        raise unreadable(
            "header_missing", "The file has no header line with the names of the columns.", line=1
        )
    table = Table([], _delimiter(first), codec)
    rows = _rows(body, table, skipped)
    header = next(rows, None)
    if header is None or header.value is None:
        raise unreadable(
            "header_missing", "The file has no header line with the names of the columns.", line=1
        )
    table.header = [name.strip() for name in header.value]
    table.rows = rows
    return table


def _first_line(stream: Any) -> tuple[str, int]:
    """The header as far as it stands on its first line, and whether Excel's `sep=` stands before it."""
    line = stream.readline(_FIELD_MOST)
    if line[:4].lower() == "sep=" and len(line.strip()) <= 5:
        return stream.readline(_FIELD_MOST), 1
    return line, 0


def _delimiter(header: str) -> str:
    """What stands between the names; no name of a column holds any of the three."""
    return max(_DELIMITERS, key=header.count)


def _rows(body: bytes, table: Table, skipped: int) -> Iterator[Item]:
    """The header as row 0, then the data."""
    stream = opened(body, table.codec)
    for _ in range(skipped):
        stream.readline()
    reader = csv.reader(stream, delimiter=table.delimiter, strict=True)
    csv.field_size_limit(_FIELD_MOST)
    number, line = -1, 1 + skipped
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except UnicodeDecodeError:
            raise undecodable(body, table.codec) from None
        except csv.Error as why:
            raise _broken(str(why), line, skipped + reader.line_num) from None
        begun, line = line, skipped + reader.line_num + 1
        if not cells:
            continue
        number += 1
        if any("\0" in cell for cell in cells):
            raise unreadable(
                "nul", f"Line {begun} holds a NUL character: this is not a text file.", line=begun
            )
        if number and len(cells) != len(table.header):
            message = f"This row has {len(cells)} cells, the header {len(table.header)}."
            hint = "Put quotes round cells that hold the separator or a line break."
            yield Item(number, begun, cells, {"code": "ragged_row", "message": message, "hint": hint})
        else:
            yield Item(number, begun, cells)


def _broken(why: str, begun: int, line: int) -> Exception:
    if "field limit" in why:
        return unreadable(
            "cell_too_large", f"A cell on line {line} is larger than {_FIELD_MOST} characters.", line=line
        )
    if "unexpected end" in why:
        message = f"The quote that opens on line {begun} or after it is never closed."
        return unreadable(
            "quote_open", message, line=begun, hint='A quote inside a quoted cell is written "".'
        )
    message = f"After a closing quote on line {line} something follows other than the separator."
    return unreadable("quote_inside", message, line=line, hint='A quote inside a quoted cell is written "".')


def written_csv(rows: Sequence[Sequence[str]], delimiter: str) -> str:
    """Rows as CSV, as they were read."""

    class Lines(list[str]):
        write = list.append

    lines = Lines()
    csv.writer(lines, delimiter=delimiter, lineterminator="\r\n").writerows(rows)
    return "".join(lines)
