"""The kinds of values that travel: texts, days, codes, references. What they refuse, they refuse everywhere."""

import re
import unicodedata
from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)
from pydantic_core import PydanticCustomError

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufff9-\uffff]")
_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_MARKS_IN_A_ROW = 16


def _clean(text: str) -> str:
    """NFC, and nothing invisible that could harm a reader or a terminal (api rule: reliability 4.9)."""
    if _SURROGATE.search(text):
        raise PydanticCustomError(
            "text_surrogate", "Half of a character (a lone surrogate) cannot be stored."
        )
    text = unicodedata.normalize("NFC", text)
    if found := _CONTROL.search(text):
        raise PydanticCustomError(
            "text_control", "Control character {point} is not allowed.", {"point": f"U+{ord(found[0]):04X}"}
        )
    if found := _BIDI.search(text):
        raise PydanticCustomError(
            "text_bidi", "Direction override {point} is not allowed.", {"point": f"U+{ord(found[0]):04X}"}
        )
    marks = 0
    for character in text:
        marks = marks + 1 if unicodedata.category(character) in {"Mn", "Me"} else 0
        if marks > _MARKS_IN_A_ROW:
            raise PydanticCustomError("text_marks", "Too many combining marks on one character.")
    if not text.strip():
        raise PydanticCustomError("text_blank", "The text is blank. Leave the field out or send null.")
    return text


def _clean_line(text: str) -> str:
    if "\n" in text or "\r" in text or "\t" in text:
        raise PydanticCustomError("text_line", "One line is expected: no line breaks or tabs.")
    return text


def _limit(length: int) -> AfterValidator:
    def within(text: str) -> str:
        if len(text) > length:
            raise PydanticCustomError(
                "string_too_long", "At most {max_length} characters.", {"max_length": length}
            )
        return text

    return AfterValidator(within)


def _texts(length: int, *more: Any) -> Any:
    schema = {"minLength": 1, "maxLength": length}
    return Annotated[str, AfterValidator(_clean), *more, _limit(length), Field(json_schema_extra=schema)]


Line = _texts(500, AfterValidator(_clean_line))
"""One line of text, to 500 characters after NFC."""
LongLine = _texts(2000, AfterValidator(_clean_line))
"""One line as printed in the plan, to 2 000 characters."""
Paragraphs = _texts(20_000)
"""Text that may have line breaks, to 20 000 characters."""


def _gregorian(day: date) -> date:
    if day.year >= 2400:
        raise PydanticCustomError(
            "date_buddhist_era",
            "{got} looks like a Buddhist-era year. Send Gregorian dates: did you mean {meant}?",
            {"got": day.isoformat(), "meant": day.replace(year=day.year - 543).isoformat()},
        )
    if day.year < 1900:
        raise PydanticCustomError("date_too_early", "A year from 1900 on is expected.")
    return day


def _written_day(value: Any) -> Any:
    if not isinstance(value, date) and not (
        isinstance(value, str) and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value)
    ):
        raise PydanticCustomError("date_parsing", "A date is written YYYY-MM-DD, in the Gregorian calendar.")
    return value


Day = Annotated[date, Field(strict=False), BeforeValidator(_written_day), AfterValidator(_gregorian)]
"""A Gregorian calendar day, `YYYY-MM-DD`."""

Instant = Annotated[datetime, Field(json_schema_extra={"format": "date-time"})]

CountryCode = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
"""ISO 3166-1 alpha-2."""


def _country(value: Any) -> Any:
    """A country may be written `{"code": "TH"}`, as references are, or plainly `"TH"`."""
    if isinstance(value, dict) and set(value) == {"code"}:
        return value["code"]
    return value


Country = Annotated[CountryCode, BeforeValidator(_country)]
Countries = Annotated[list[Country], Field(max_length=50)]
LanguageTag = Annotated[
    str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$", max_length=35)
]
Code = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$", max_length=40)]
OwnKey = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,39}:[A-Za-z0-9][A-Za-z0-9._-]{0,119}$", max_length=161),
]
"""A caller's own key, `system:key`."""
Whole = Annotated[int, Field(ge=0, le=2_147_483_647, json_schema_extra={"format": "int32"})]
Number = Annotated[int, Field(ge=1, le=32_767, json_schema_extra={"format": "int32"})]
WebAddress = Annotated[
    str, StringConstraints(pattern=r"^https?://[!-~]+$", max_length=2000), AfterValidator(_clean)
]
MailAddress = Annotated[
    str,
    StringConstraints(
        pattern=r"^[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63}){1,8}$", max_length=254
    ),
]
Phone = Annotated[str, StringConstraints(pattern=r"^\+[0-9][0-9 ()./-]{5,38}$", max_length=40)]
"""An international number, `+` and country code first; spaces are kept as given."""

DatePrecision = Literal["day", "month", "year", "unknown"]
Mode = Literal["in_person", "online", "hybrid"]


class Value(BaseModel):
    """A structured value inside a record."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Source(Value):
    """Where a fact comes from."""

    title: Line
    url: WebAddress | None = None


class EditorialNote(Value):
    """A remark of the editors beside a passage whose printed wording is kept to the letter."""

    passage: LongLine
    note: LongLine


class _Reference(Value):
    """Which record is meant: one of its names is enough."""

    model_config = ConfigDict(extra="forbid", strict=True, json_schema_extra={"minProperties": 1})

    id: UUID | None = Field(None, description="The id of the record.")
    key: OwnKey | None = Field(
        None, description="Your own key for the record, `system:key`.", json_schema_extra={"writeOnly": True}
    )

    @model_validator(mode="after")
    def _names_something(self) -> "_Reference":
        names = ("id", "key", "code", "number")
        if all(getattr(self, name, None) is None for name in names):
            raise PydanticCustomError(
                "reference_empty", "Say which record is meant, by id, code, number or key."
            )
        return self


class IdReference(_Reference):
    """A record, by id or own key."""


class NumberReference(_Reference):
    """A record, by number, id or own key."""

    number: Number | None = Field(None, description="The number of the record.", examples=[6])


class CodeReference(_Reference):
    """A record, by code, id or own key."""

    code: Code | None = Field(None, description="The code of the record.", examples=["JP-MOJ"])


READ_ONLY: Any = {"readOnly": True}


class Record(BaseModel):
    """What every record has. The read-only fields are kept by the register."""

    model_config = ConfigDict(extra="forbid", strict=True)

    id: UUID = Field(description="The register's own id (UUIDv7).", json_schema_extra=READ_ONLY)


class Kept(BaseModel):
    """The closing fields of every record."""

    model_config = ConfigDict(extra="forbid", strict=True)

    keys: Annotated[list[OwnKey], Field(max_length=50)] = Field(
        [],
        description="Keys by which other systems know this record, `system:key`.",
        examples=[["moj-th:ORG-3"]],
    )
    version: int = Field(
        description="Counts the changes of this record from 1.",
        json_schema_extra={**READ_ONLY, "format": "int32"},
    )
    created_at: Instant = Field(description="When the record was made.", json_schema_extra=READ_ONLY)
    updated_at: Instant = Field(description="When the record was last changed.", json_schema_extra=READ_ONLY)
