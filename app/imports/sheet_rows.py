"""The rows of a workbook's first visible sheet, one after another: neither its size nor a far cell costs memory.

A reader of our own: libraries hold the whole sheet, take a cell of an error for an empty one, or do not tell a formula
from its last result (docs/decisions/0011).
"""

import re
from array import array
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from zipfile import ZipFile

from app.http.spool import Spool
from app.imports.archives import Attributes, broken, elements, opened_archive, parsed, related
from app.imports.items import Item, Opened
from app.imports.sheet_cells import SheetCell, Stopped, Value, day_of
from app.imports.texts import ROW_MOST, unreadable

_ROWS_MOST, _COLUMNS_MOST = 1_048_576, 16_384
_DATE_FORMATS = frozenset({*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59), *range(71, 82)})
"""Formats that have a number and no text; in Japan and Thailand there are more than in ECMA-376."""
_NOT_DATE = re.compile(r'"[^"]*"|\\.|_.|\*.|\[[^]]*]|general', re.IGNORECASE)
_ERRORS = frozenset({"#N/A", "#VALUE!", "#REF!", "#DIV/0!", "#NUM!", "#NAME?", "#NULL!", "#SPILL!", "#CALC!"})
_ESCAPE = re.compile("_x([0-9A-Fa-f]{4})_")
_WHOLE_MOST = 2**53


def sheet_table(file: Spool, charset: str | None = None) -> Opened:
    """The header, which is the first row that is not empty, and the rows below it as they are asked for."""
    book = _Workbook(opened_archive(file))
    rows = book.rows()
    line, cells = next(rows, (1, {}))
    if not cells:
        message = "The first visible sheet has no row with the names of the columns."
        raise unreadable("header_missing", message, line=1)
    first, last = min(cells), max(cells)
    names = [cells[place].shown().strip() if place in cells else "" for place in range(first, last + 1)]
    return Opened(_items(rows, first, last), names, first_column=first, header_line=line)


def _items(rows: Iterator[tuple[int, dict[int, SheetCell]]], first: int, last: int) -> Generator[Item]:
    for number, (line, cells) in enumerate(rows, 1):
        item = Item(number, line, 1 + sum(len(cell.shown()) for cell in cells.values()))
        item.value = [cells.get(place, "") for place in range(first, last + 1)]
        if (outside := next((place for place in cells if not first <= place <= last), None)) is not None:
            where = f"{letters_of(outside)}{line}"
            item.error = {
                "code": "ragged_row",
                "cell": where,
                "message": f"Above cell {where} there is no name of a column.",
                "hint": "Give the column a name in the header row, or empty its cells.",
            }
        yield item


def letters_of(column: int) -> str:
    """`A` for 0, `AA` for 26."""
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


class _Workbook:
    """The parts of a workbook that matter here."""

    def __init__(self, archive: ZipFile) -> None:
        self._archive = archive
        main = next((part for kind, part in related(archive, "").values() if kind == "officeDocument"), None)
        if main is None:
            raise broken()
        parts = related(archive, main)
        by_kind = dict(parts.values())
        self.from_1904 = False
        self._sheet = ""
        for tag, attributes in elements(archive, main):
            if tag == "workbookPr":
                self.from_1904 = attributes.get("date1904") in {"1", "true"}
            elif tag == "sheet" and not self._sheet and attributes.get("state", "visible") == "visible":
                kind, part = parts.get(_id(attributes), ("", ""))
                self._sheet = part if kind == "worksheet" else ""
        if not self._sheet:
            raise unreadable("sheet_missing", "The workbook has no visible sheet with cells.")
        self.dates = _date_styles(archive, by_kind["styles"]) if "styles" in by_kind else set()
        self.texts = _Texts()
        if "sharedStrings" in by_kind:
            self.texts.read(archive, by_kind["sharedStrings"])

    def rows(self) -> Iterator[tuple[int, dict[int, SheetCell]]]:
        """The rows that hold anything: their number, and their cells by column."""
        sheet = _Sheet(self)
        try:
            for _ in parsed(self._archive, self._sheet, sheet.start, sheet.end, sheet.text):
                yield from sheet.taken()
        finally:
            self.texts.close()


def _id(attributes: Attributes) -> str:
    """The id of a relationship, under whatever prefix."""
    return next((value for name, value in attributes.items() if name.rpartition(":")[2] == "id"), "")


def _date_styles(archive: ZipFile, part: str) -> set[int]:
    """The styles that show a number as a date or a time."""
    custom: dict[int, bool] = {}
    styles: list[int] = []
    within = ""
    for tag, attributes in elements(archive, part):
        if tag == "numFmt":
            code = _NOT_DATE.sub("", attributes.get("formatCode", ""))
            custom[_whole(attributes.get("numFmtId"), 0)] = bool(re.search("[ymdhs]", code, re.IGNORECASE))
        elif tag in {"cellXfs", "cellStyles", "cellStyleXfs", "dxfs"}:
            within = tag
        elif tag == "xf" and within == "cellXfs":
            styles.append(_whole(attributes.get("numFmtId"), 0))
    return {place for place, each in enumerate(styles) if custom.get(each, each in _DATE_FORMATS)}


def _whole(digits: str | None, default: int) -> int:
    if digits is None:
        return default
    if not digits.isascii() or not digits.isdigit() or len(digits) > 9:
        raise broken()
    return int(digits)


class _Texts:
    """The texts that the cells of a workbook share, kept as a spool keeps them."""

    def __init__(self) -> None:
        self._places = array("Q", [0])
        self._spool = Spool()
        self._waiting: list[bytes] = []
        self._reading = _Reading()

    def read(self, archive: ZipFile, part: str) -> None:
        try:
            for _ in parsed(archive, part, self._reading.start, self._end, self._reading.text):
                self._spool.write(b"".join(self._waiting))
                self._waiting.clear()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        self._spool.close()

    def _end(self, tag: str) -> None:
        self._reading.end(tag)
        if tag == "si":
            text = self._reading.taken().encode()
            self._waiting.append(text)
            self._places.append(self._places[-1] + len(text))

    def at(self, number: int) -> str:
        if number >= len(self._places) - 1:
            raise broken()
        start, end = self._places[number], self._places[number + 1]
        return self._spool.at(start, end - start).decode()


class _Reading:
    """Gathers the text of `<t>` and `<v>`, and leaves out how Japanese words are pronounced (`<rPh>`)."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._size = 0
        self._on = self._aside = False

    def start(self, tag: str, attributes: Attributes) -> None:
        if tag == "rPh":
            self._aside = True
        self._on = tag in {"t", "v"} and not self._aside

    def end(self, tag: str) -> None:
        if tag == "rPh":
            self._aside = False
        self._on = False

    def text(self, text: str) -> None:
        if self._on:
            self._pieces.append(text)
            self._size += len(text)
            if self._size > ROW_MOST:
                raise unreadable("cell_too_large", f"A cell has more than {ROW_MOST} characters.")

    def taken(self) -> str:
        whole = "".join(self._pieces)
        self._pieces, self._size = [], 0
        if "_x" not in whole:
            return whole
        whole = _ESCAPE.sub(lambda found: chr(int(found[1], 16)), whole)
        return whole.encode("utf-16", "surrogatepass").decode("utf-16", "replace")  # halves join again


@dataclass(slots=True)
class _Cell:
    column: int
    kind: str
    style: int
    formula: bool = False


class _Sheet:
    """Hears of the elements of a sheet, and makes rows of them."""

    def __init__(self, book: _Workbook) -> None:
        self._book = book
        self._ready: list[tuple[int, dict[int, SheetCell]]] = []
        self._row = 0
        self._size = 0
        self._cells: dict[int, SheetCell] = {}
        self._cell: _Cell | None = None
        self._column = -1
        self._reading = _Reading()

    def taken(self) -> list[tuple[int, dict[int, SheetCell]]]:
        ready, self._ready = self._ready, []
        return ready

    def text(self, text: str) -> None:
        if self._cell is not None:
            self._reading.text(text)

    def start(self, tag: str, attributes: Attributes) -> None:
        if tag == "row":
            number = _whole(attributes.get("r"), self._row + 1)
            if not self._row < number <= _ROWS_MOST:
                raise broken()
            self._row, self._column, self._cells, self._size = number, -1, {}, 0
        elif tag == "c":
            self._column = _column_of(attributes["r"]) if "r" in attributes else self._column + 1
            if not 0 <= self._column < _COLUMNS_MOST:
                raise broken()
            self._cell = _Cell(self._column, attributes.get("t", "n"), _whole(attributes.get("s"), 0))
        elif tag == "f" and self._cell is not None:
            self._cell.formula = True
        self._reading.start(tag, attributes)

    def end(self, tag: str) -> None:
        self._reading.end(tag)
        if tag == "c" and self._cell is not None:
            said = self._reading.taken()
            value = self._value(self._cell, said)
            if value != "":
                self._cells[self._cell.column] = SheetCell(value, self._book.from_1904)
                self._size += len(said)
                if self._size > ROW_MOST:
                    raise unreadable(
                        "row_too_large",
                        f"Row {self._row} has more than {ROW_MOST} characters.",
                        line=self._row,
                    )
            self._cell = None
        elif tag == "row" and self._cells:
            self._ready.append((self._row, self._cells))
            self._cells = {}

    def _value(self, cell: _Cell, said: str) -> Value:
        if cell.formula:
            return Stopped(
                "formula",
                "The cell holds a formula.",
                "Copy the cells, and paste them as values.",
                said if cell.kind != "s" else "",
            )
        if said == "":
            return ""
        match cell.kind:
            case "s":
                return self._book.texts.at(_whole(said.strip(), 0))
            case "inlineStr" | "str":
                return said
            case "b":
                return said.strip() in {"1", "true"}
            case "e":
                name = said if said in _ERRORS else "an error"
                return Stopped("error_cell", f"The cell holds {name}.", "Write the value itself.", said)
            case "d":
                return said.partition("T")[0] if said.endswith("T00:00:00") else said
            case "n":
                return self._number(cell, said)
        raise broken()

    def _number(self, cell: _Cell, said: str) -> Value:
        try:
            number = float(said)
        except ValueError:
            raise broken() from None
        if cell.style in self._book.dates:
            moment = day_of(number, from_1904=self._book.from_1904)
            return moment or Stopped(
                "cell_is_a_time", "The cell holds a time of day, or no day that there is.", "", said
            )
        return int(number) if number.is_integer() and abs(number) < _WHOLE_MOST else number


def _column_of(reference: str) -> int:
    """`C17` is 2."""
    column = 0
    for letter in reference[:3]:
        if not "A" <= letter <= "Z":
            break
        column = column * 26 + ord(letter) - 64
    return column - 1
