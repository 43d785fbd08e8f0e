"""Kinds of field that a list can be filtered by, and the operators that each allows."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    Boolean,
    Date,
    DateTime,
    Integer,
    Text,
    Uuid,
    and_,
    any_,
    bindparam,
    func,
    literal,
    not_,
    or_,
    select,
)
from sqlalchemy.sql.elements import BindParameter, ColumnElement
from sqlalchemy.types import TypeEngine

OPERATORS = {
    "": "equals; several values separated by commas: any of them",
    "ne": "differs from",
    "lt": "less than, before",
    "lte": "at most, until",
    "gt": "greater than, after",
    "gte": "at least, from",
    "nin": "none of",
    "contains": "has this text somewhere, whatever its case",
    "starts": "starts with this text, whatever its case",
    "isnull": "`true`: has no value; `false`: has one",
    "between": "from,to with both ends included",
    "has": "the list has this value; several: any of them",
}
_LINE_MOST, _CODE_MOST = 2000, 254
_EQUAL, _ORDER = ("", "ne", "nin"), ("lt", "lte", "gt", "gte", "between")


@dataclass(frozen=True)
class Kind:
    """A kind of value: how it is read, which operators it knows, how it is documented."""

    name: str
    type: TypeEngine[Any]
    operators: tuple[str, ...]
    read: Callable[..., Any]
    """Of a text; where `relative`, also of the day from which relative dates are counted."""
    schema: Mapping[str, Any] = field(default_factory=dict)
    words: tuple[str, ...] = ()
    groups: bool = True
    """Whether `group_by` makes sense of it."""
    commas: bool = False
    """Whether a value may hold a comma; where none does, `a%2Cb` are two values, as many clients write them."""

    @property
    def relative(self) -> bool:
        return self.name in {"date", "instant"}

    @property
    def many(self) -> bool:
        """Whether the field is a list of values."""
        return self.name in {"texts", "words"}


def _read_text(raw: str) -> str:
    if "\0" in raw:
        raise ValueError("a NUL is in no text")
    if len(raw) > _LINE_MOST:
        raise ValueError(f"at most {_LINE_MOST} characters are expected")
    return raw


def _read_integer(raw: str) -> int:
    if not re.fullmatch(r"-?[0-9]{1,10}", raw) or not -(2**31) <= int(raw) < 2**31:
        raise ValueError("a whole number is expected")
    return int(raw)


def _read_flag(raw: str) -> bool:
    if raw not in {"true", "false"}:
        raise ValueError("`true` or `false` is expected")
    return raw == "true"


_BUDDHIST_ERA = 2400
_RELATIVE = re.compile(r"([-+ ]?)([0-9]{1,5})([dwmy])")


def _relative(raw: str, start: date) -> date | None:
    """`-30d`, `2w`, `-6m`, `1y`: days, weeks, months, years from today."""
    found = _RELATIVE.fullmatch(raw)
    if raw == "today":
        return start
    if not found:
        return None
    amount = int(found[2]) * (-1 if found[1] == "-" else 1)
    try:
        if found[3] in "dw":
            return start + timedelta(days=amount * (7 if found[3] == "w" else 1))
        months = start.year * 12 + start.month - 1 + amount * (12 if found[3] == "y" else 1)
        year, month = divmod(months, 12)
        last = (date(year + month // 11, month % 11 + 2 if month < 11 else 1, 1) - timedelta(days=1)).day
        return date(year, month + 1, min(start.day, last))
    except (ValueError, OverflowError):
        raise ValueError("the relative date is out of range") from None


def read_day(raw: str, today: date | None = None) -> date:
    if (day := _relative(raw, today or datetime.now(UTC).date())) is not None:
        return day
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", raw):
        raise ValueError("a date YYYY-MM-DD, `today` or a relative one such as -30d is expected")
    day = date.fromisoformat(raw)
    if day.year >= _BUDDHIST_ERA:
        raise ValueError(f"looks like a Buddhist-era year: did you mean {day.replace(year=day.year - 543)}?")
    return day


def read_instant(raw: str, today: date | None = None) -> datetime:
    """An instant with its offset, or a day: midnight UTC, so that an answer holds for the whole day."""
    if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", raw) or "T" not in raw:
        return datetime.combine(read_day(raw, today), time.min, UTC)
    try:
        moment = datetime.fromisoformat(raw.replace(" ", "+"))
        if moment.tzinfo is None or moment.year >= _BUDDHIST_ERA:
            raise ValueError
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("an instant with its offset is expected, such as 2026-10-01T00:00:00Z") from None


def _read_identifier(raw: str) -> UUID:
    if not re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", raw):
        raise ValueError("a UUID is expected")
    return UUID(raw)


TEXT = Kind(
    "text",
    Text(),
    (*_EQUAL, "contains", "starts", "isnull"),
    _read_text,
    {"type": "string", "maxLength": 500},
    commas=True,
)
INTEGER = Kind(
    "integer", Integer(), (*_EQUAL, *_ORDER, "isnull"), _read_integer, {"type": "integer", "format": "int32"}
)
FLAG = Kind("flag", Boolean(), ("", "isnull"), _read_flag, {"type": "boolean"}, ("true", "false"))
DATE = Kind(
    "date",
    Date(),
    (*_EQUAL, *_ORDER, "isnull"),
    read_day,
    {"type": "string", "pattern": r"^([0-9]{4}-[0-9]{2}-[0-9]{2}|today|-?[0-9]{1,5}[dwmy])$"},
)
INSTANT = Kind(
    "instant",
    DateTime(timezone=True),
    (*_ORDER, "isnull"),
    read_instant,
    {"type": "string", "maxLength": 40},
    groups=False,
)
IDENTIFIER = Kind("id", Uuid(), (*_EQUAL, "isnull"), _read_identifier, {"type": "string", "format": "uuid"})
PROSE = replace(TEXT, groups=False)
"""Text of many lines: it is looked into, but nothing is grouped by it."""
TEXTS = Kind(
    "texts", Text(), ("has", "isnull"), _read_text, {"type": "string", "maxLength": 500}, commas=True
)
CODE, CODES = replace(TEXT, commas=False), replace(TEXTS, commas=False)
"""Codes, addresses and numbers, whose form leaves no room for a comma."""


def words(allowed: tuple[str, ...], *, many: bool = False) -> Kind:
    """A kind whose values are a few known words."""

    def read(raw: str) -> str:
        if raw not in allowed:
            raise ValueError(f"one of {', '.join(allowed)} is expected")
        return raw

    operators = ("has", "isnull") if many else (*_EQUAL, "isnull")
    return Kind(
        "words" if many else "word",
        Text(),
        operators,
        read,
        {"type": "string", "enum": list(allowed)},
        allowed,
    )


def kind_of(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> Kind | None:
    """The kind of a property, by its JSON Schema; None for structured values, which have no filter."""
    for option in schema.get("anyOf", [schema]):
        if option.get("type") == "null":
            continue
        if "$ref" in option:
            return kind_of(definitions[option["$ref"].rsplit("/", 1)[1]], definitions)
        match option.get("type"), option.get("format"):
            case "string", "date":
                return DATE
            case "string", "date-time":
                return INSTANT
            case "string", "uuid":
                return IDENTIFIER
            case "string", _:
                if "enum" in option:
                    return words(tuple(option["enum"]))
                if option.get("maxLength", _CODE_MOST) <= _CODE_MOST and "pattern" in option:
                    return CODE
                return PROSE if option.get("maxLength", 0) > _LINE_MOST else TEXT
            case "integer", _:
                return INTEGER
            case "boolean", _:
                return FLAG
            case "array", _:
                inner = kind_of(option.get("items", {}), definitions)
                if inner is None or inner.type.python_type is not str:
                    return None
                if inner.words:
                    return words(inner.words, many=True)
                return TEXTS if inner.commas else CODES
            case _:
                return None
    return None


def predicate(
    expression: ColumnElement[Any], kind: Kind, operator: str, value: BindParameter[Any]
) -> ColumnElement[bool]:
    """The SQL of one filter; `value` is an array for the operators that take several values."""
    match operator:
        case "":
            return expression == any_(value)
        case "is":
            return expression == value
        case str() if operator.startswith("is "):
            return expression == literal(operator.removeprefix("is "), Text())
        case "ne" | "nin":
            return or_(expression.is_(None), not_(expression == any_(value)))
        case "lt":
            return expression < value
        case "lte":
            return expression <= value
        case "gt":
            return expression > value
        case "gte":
            return expression >= value
        case "between":
            ends = func.unnest(value).table_valued("end").render_derived()
            first, last = (select(end(ends.c.end)).scalar_subquery() for end in (func.min, func.max))
            return and_(expression >= first, expression <= last)
        case "contains":
            return func.strpos(func.lower(expression), func.lower(value)) > 0
        case "starts":
            return func.starts_with(func.lower(expression), func.lower(value))
        case "has":
            return expression.op("&&", is_comparison=True)(value)
        case "isnull" if kind.many:
            return func.cardinality(expression) == 0
        case "notnull" if kind.many:
            return func.cardinality(expression) > 0
        case "isnull":
            return expression.is_(None)
        case "notnull":
            return expression.is_not(None)
    raise AssertionError(operator)


TAKES_SEVERAL = {"", "ne", "nin", "has", "between"}
TAKES_NONE = {"isnull", "notnull"}


def parameter(name: str, kind: Kind, operator: str) -> BindParameter[Any]:
    """The bound parameter that an operator compares with."""
    return bindparam(name, type_=ARRAY(kind.type) if operator in TAKES_SEVERAL else kind.type)
