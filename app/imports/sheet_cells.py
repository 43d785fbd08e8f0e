"""A cell of a sheet, and how it would stand in a CSV file, by what its column holds."""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from app.http.workbooks import LEFT_OUT
from app.imports.items import Kind, Unreadable

_GUARDED = re.compile("[=+\\-@\t\r'＝＋－＠]")
_SURE_DIGITS = 15
"""A spreadsheet keeps so many digits of a number; further ones are lost."""
_AS_TEXT = "Format the cell as text, and write the value again."


@dataclass(frozen=True, slots=True)
class Stopped:
    """What is in a cell and is not taken: a formula, an error, a time of day."""

    code: str
    message: str
    hint: str
    shown: str


Value = str | int | float | bool | date | datetime | Stopped


@dataclass(frozen=True, slots=True)
class SheetCell:
    """What a cell holds."""

    value: Value
    from_1904: bool = False
    """Whether its workbook counts days from 1904."""

    @property
    def left_out(self) -> bool:
        """Whether our export has put this here for a text that is too long for a cell."""
        return self.value == LEFT_OUT

    def shown(self) -> str:
        """The value as text, whatever it is."""
        match self.value:
            case str(text):
                return text
            case bool(flag):
                return str(flag).lower()
            case Stopped():
                return self.value.shown
            case datetime() | date() as moment:
                return moment.isoformat()
            case number:
                return repr(number)

    def in_csv(self, kind: Kind) -> str:
        """The text that a CSV file would have here, or why there is none."""
        match self.value:
            case Stopped() as stopped:
                raise Unreadable(stopped.code, stopped.message, stopped.hint)
            case str(text):
                return f"'{text}" if kind == "text" and _GUARDED.match(text) else text
            case bool(flag):
                if kind == "flag":
                    return str(flag).lower()
                raise Unreadable(
                    "cell_is_a_flag", "The cell holds TRUE or FALSE, and a text is expected.", _AS_TEXT
                )
            case datetime() | date() as moment:
                return _moment(moment, kind)
            case number:
                return self._number(number, kind)

    def _number(self, number: int | float, kind: Kind) -> str:
        if kind == "number":
            if isinstance(number, int):
                return str(number)
            raise Unreadable("int_type", "A whole number is expected.")
        if kind == "day":
            if meant := day_of(number, from_1904=self.from_1904):
                message = f"The cell holds the number by which spreadsheets keep {meant}."
                raise Unreadable("date_serial", message, "Format the cell as a date.")
            raise Unreadable("date_parsing", "A date is expected.", "Write it YYYY-MM-DD.")
        if isinstance(number, float) or abs(number) >= 10**_SURE_DIGITS:
            message = "The cell holds a number, and a text is expected: how it was written cannot be told."
            raise Unreadable("cell_is_a_number", message, _AS_TEXT)
        return str(number)

    def harmless(self, kind: Kind | None) -> str:
        """For a file of refused rows: as it would stand in CSV, or else as it is shown, and never a formula."""
        try:
            return self.in_csv(kind or "text")
        except Unreadable:
            return SheetCell(self.shown()).in_csv("text")


def _moment(moment: date | datetime, kind: Kind) -> str:
    if kind == "day":
        if isinstance(moment, datetime):
            raise Unreadable(
                "cell_is_a_time",
                "The cell holds a time of day, and a day is expected.",
                "Leave the time out.",
            )
        return moment.isoformat()
    if kind == "instant":
        message = "The cell holds a time without its offset from UTC."
        raise Unreadable("cell_is_a_date", message, f"{_AS_TEXT[:-1]} as 2026-10-01T00:00:00Z.")
    raise Unreadable(
        "cell_is_a_date", "The cell holds a date; perhaps the spreadsheet made it one.", _AS_TEXT
    )


def day_of(number: float, *, from_1904: bool = False) -> date | datetime | None:
    """The day, or the moment, that a spreadsheet means by a number."""
    if not 1 <= number < 2_958_466 or (not from_1904 and 60 <= number < 61):
        return None  # the 60th day is a 29 February 1900, which never was
    zero = datetime(1904, 1, 1) if from_1904 else datetime(1899, 12, 30 if number >= 61 else 31)  # noqa: DTZ001
    try:
        moment = zero + timedelta(milliseconds=round(number * 86_400_000))
    except OverflowError:
        return None
    return moment.date() if number == int(number) else moment
