"""A JSON array or JSON lines, read strictly and one row after another."""

import json
from collections.abc import Generator
from typing import Any

from app.http.bodies import DECODER, MalformedJson, checked
from app.http.spool import Spool
from app.imports.items import Item, Opened
from app.imports.texts import ROW_MOST, charset_of, opened, too_large, undecodable, unreadable

_SPACE = " \t\n\r"


def json_array(file: Spool, charset: str | None = None) -> Opened:
    """The elements of a JSON array."""
    return Opened(_Array(file).rows())


class _Array:
    """A window on the text: at least as much as a row may have is in it, or all that is left."""

    def __init__(self, file: Spool) -> None:
        self._file = file
        self._stream = opened(file, "utf-8-sig")
        self._text = ""
        self._place = 0
        self._line = 1
        self._ended = False

    def rows(self) -> Generator[Item]:
        """Row after row; what is wrong between them ends the reading."""
        self._advance()
        if not self._text.startswith("[", self._place):
            message = "A JSON array of objects is expected."
            if self._text.startswith("{", self._place):
                raise unreadable(
                    "array_expected", message, hint="Put the object in [ ], or send application/x-ndjson."
                )
            raise MalformedJson(message)
        self._advance(1)
        number, ended = 0, self._text.startswith("]", self._place)
        while not ended:
            number += 1
            yield self._row(number)
            self._advance()
            ended = self._text.startswith("]", self._place)
            if not ended:
                if not self._text.startswith(",", self._place):
                    raise MalformedJson(f"After row {number}, `,` or `]` is expected.")
                self._advance(1)
        self._advance(1)
        if self._place < len(self._text):
            raise MalformedJson("Something follows the array.")

    def _row(self, number: int) -> Item:
        begun, line = self._place, self._line
        try:
            value, end = DECODER.raw_decode(self._text, begun)
            checked(value, text := self._text[begun:end])
        except RecursionError:
            raise MalformedJson(f"Row {number} (line {line}) is nested too deeply.") from None
        except json.JSONDecodeError as why:
            if len(self._text) - begun >= ROW_MOST:
                raise too_large(line) from None
            at = line + self._text.count("\n", begun, why.pos)
            raise MalformedJson(f"Row {number} is not JSON: {why.msg} at line {at}.") from None
        except MalformedJson as why:
            raise MalformedJson(f"Row {number} (line {line}): {why.detail}") from None
        self._pass_to(end)
        return _object(number, line, text, value)

    def _advance(self, by: int = 0) -> None:
        """Over some characters and the space after them; then see to it that the next row is in the window."""
        self._pass_to(self._place + by)
        while True:
            if len(self._text) - self._place < ROW_MOST and not self._ended:
                self._read_on()
            place = self._place
            while place < len(self._text) and self._text[place] in _SPACE:
                place += 1
            self._pass_to(place)
            if place < len(self._text) or self._ended:
                return

    def _pass_to(self, place: int) -> None:
        self._line += self._text.count("\n", self._place, place)
        self._place = place

    def _read_on(self) -> None:
        try:
            more = self._stream.read(2 * ROW_MOST)
        except UnicodeDecodeError:
            raise _not_utf_8(self._file) from None
        self._ended = not more
        self._text, self._place = self._text[self._place :] + more, 0


def _not_utf_8(file: Spool) -> MalformedJson:
    where = undecodable(file, "utf-8").errors[0]
    return MalformedJson(f"The body is not UTF-8 (byte {where['offset']}).")


def json_lines(file: Spool, charset: str | None = None) -> Opened:
    """One object per line. A line that cannot be read is a bad row; the others are read."""
    return Opened(_lines(file))


def _lines(file: Spool) -> Generator[Item]:
    stream = opened(file, charset_of("utf-8", file), "\n")  # another line end inside a text is part of it
    number = line = 0
    try:
        while text := stream.readline(ROW_MOST):
            line += 1
            if text.isspace():
                continue
            number += 1
            item = _line(number, line, text.strip(_SPACE))
            if len(text) == ROW_MOST:
                raise too_large(line)
            yield item
    except UnicodeDecodeError:
        raise undecodable(file, "utf-8") from None


def _line(number: int, line: int, text: str) -> Item:
    try:
        value, end = DECODER.raw_decode(text)
        checked(value, text)
    except RecursionError:
        return _broken(number, line, text, "It is nested too deeply.")
    except json.JSONDecodeError as why:
        return _broken(number, line, text, f"Not JSON: {why.msg} at column {why.colno}.")
    except MalformedJson as why:
        return _broken(number, line, text, why.detail)
    rest = text[end:].lstrip()
    if rest.startswith("{"):
        raise unreadable(
            "newlines_lost",
            f"Several objects stand on line {line}: the line breaks were lost on the way.",
            line=line,
            hint="curl takes them out of `-d @file`: use --data-binary @file.",
        )
    if rest:
        return _broken(number, line, text, "Something follows the object.")
    return _object(number, line, text, value)


def _broken(number: int, line: int, text: str, message: str) -> Item:
    return Item(number, line, len(text), text, {"code": "malformed_json", "message": message})


def _object(number: int, line: int, text: str, value: Any) -> Item:
    if isinstance(value, dict):
        return Item(number, line, len(text), value)
    error = {"code": "object_expected", "message": "A row is a JSON object."}
    return Item(number, line, len(text), text, error)
