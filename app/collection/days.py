"""Days and instants as they travel, in the Gregorian calendar; what is of another is refused with what it means."""

import re
import unicodedata
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field
from pydantic_core import PydanticCustomError

_BUDDHIST_FROM, _BUDDHIST_AHEAD = 2400, 543
_ERAS = {"R": 2018, "令和": 2018, "H": 1988, "平成": 1988, "S": 1925, "昭和": 1925, "T": 1911, "大正": 1911}
_ERA_DAY = re.compile(
    r"(R|H|S|T|令和|平成|昭和|大正) ?([0-9]{1,2}|元)[-./年 ] ?([0-9]{1,2})[-./月 ] ?([0-9]{1,2})日?"
)
_GREGORIAN_DAY = re.compile("([01][0-9]{3}|2[0-3][0-9]{2})-[0-9]{2}-[0-9]{2}")
_PLAIN_DAY = re.compile(r"([0-9]{4})[-./年 ]([0-9]{1,2})[-./月 ]([0-9]{1,2})日?")


def _gregorian(value: str) -> tuple[str, date] | None:
    """Whether a date is written in another calendar, which, and the Gregorian day that it means."""
    plain = unicodedata.normalize("NFKC", value).strip()
    plain = "".join(str(unicodedata.decimal(each, each)) for each in plain)
    try:
        if found := _ERA_DAY.fullmatch(plain.upper()):
            year = _ERAS[found[1]] + (1 if found[2] == "元" else int(found[2]))
            return "date_japanese_era", date(year, int(found[3]), int(found[4]))
        if (found := _PLAIN_DAY.fullmatch(plain)) and int(found[1]) >= _BUDDHIST_FROM:
            return "date_buddhist_era", date(int(found[1]) - _BUDDHIST_AHEAD, int(found[2]), int(found[3]))
    except ValueError:
        return None
    return None


_CALENDARS = {"date_buddhist_era": "a Buddhist-era year", "date_japanese_era": "a Japanese era"}


_ERA_YEAR = re.compile(r"(R|H|S|T|令和|平成|昭和|大正) ?([0-9]{1,2}|元)年?")
_SERIAL_ZERO = date(1899, 12, 30)


def _hinted(value: str) -> PydanticCustomError | None:
    """What is no date here, and may well be meant as one: nothing is guessed, but the likely date is named."""
    plain = unicodedata.normalize("NFKC", value).strip().upper()
    if re.fullmatch("[1-9][0-9]{4}", plain):
        meant = (_SERIAL_ZERO + timedelta(int(plain))).isoformat()
        message = "This is the number by which spreadsheets keep {meant}. A date is written YYYY-MM-DD."
        return PydanticCustomError("date_serial", message, {"meant": meant, "hint": f"Did you mean {meant}?"})
    year, code = None, "date_japanese_era"
    if found := _ERA_YEAR.fullmatch(plain):
        year = _ERAS[found[1]] + (1 if found[2] == "元" else int(found[2]))
    elif found := re.search(r"(?<!\d)(2[4-6]\d\d)(?!\d)", plain):
        year, code = int(found[1]) - _BUDDHIST_AHEAD, "date_buddhist_era"
    if year is None:
        return None
    message = "This looks like {calendar}: the year is {year} in the Gregorian calendar. A date is written YYYY-MM-DD."
    more = {
        "calendar": _CALENDARS[code],
        "year": year,
        "hint": f"Write it with the year {year}, as YYYY-MM-DD.",
    }
    return PydanticCustomError(code, message, more)


def _in_another_calendar(code: str, meant: str) -> PydanticCustomError:
    return PydanticCustomError(
        code,
        "This looks like {calendar}. Send Gregorian dates: did you mean {meant}?",
        {"calendar": _CALENDARS[code], "meant": meant, "hint": f"Did you mean {meant}?"},
    )


def _written_day(value: Any) -> Any:
    if isinstance(value, date):
        return value
    if not isinstance(value, str):
        raise PydanticCustomError("date_parsing", "A date is a text, written YYYY-MM-DD.")
    if _GREGORIAN_DAY.fullmatch(value):
        return value
    if (other := _gregorian(value[:40])) is not None:
        raise _in_another_calendar(other[0], other[1].isoformat())
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        if (hinted := _hinted(value[:40])) is not None:
            raise hinted
        raise PydanticCustomError("date_parsing", "A date is written YYYY-MM-DD, in the Gregorian calendar.")
    return value


def _plausible(moment: Any) -> Any:
    if moment.year >= _BUDDHIST_FROM:
        raise PydanticCustomError(
            "date_too_late", "A year before 2400, in the Gregorian calendar, is expected."
        )
    if moment.year < 1900:
        raise PydanticCustomError("date_too_early", "A year from 1900 on is expected.")
    return moment


def _written_moment(value: Any) -> Any:
    """RFC 3339 with its offset, as text; a bare number of seconds is not taken for an instant."""
    if isinstance(value, datetime):
        return value
    if isinstance(value, str) and (other := _gregorian(value[:10])) is not None:
        raise _in_another_calendar(other[0], other[1].isoformat() + value[10:40])
    if not isinstance(value, str) or not re.match(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}", value):
        raise PydanticCustomError(
            "datetime_parsing", "An instant is written with date, time and offset: 2026-10-01T00:00:00Z."
        )
    return value


_YEAR = "^(19[0-9]{2}|2[0-3][0-9]{2})-"
Day = Annotated[
    date,
    Field(
        strict=False,
        json_schema_extra={"pattern": f"{_YEAR}(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"},
    ),
    BeforeValidator(_written_day),
    AfterValidator(_plausible),
]
"""A Gregorian calendar day, `YYYY-MM-DD`."""

Moment = Annotated[
    AwareDatetime,
    Field(strict=False, json_schema_extra={"pattern": _YEAR}),
    BeforeValidator(_written_moment),
    AfterValidator(_plausible),
]
"""An instant, with its offset (RFC 3339)."""

Instant = Annotated[datetime, Field(json_schema_extra={"format": "date-time"})]


def told(at: datetime) -> str:
    """An instant as a document says it. Records, whose JSON PostgreSQL makes, say `+00:00` (docs/decisions/0005)."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
