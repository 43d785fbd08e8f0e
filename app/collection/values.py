"""The kinds of values that travel: texts, codes, references (days: `days`). What they refuse is refused everywhere."""

import re
import unicodedata
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

_CONTROL = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufdd0-\ufdef\ufeff\ufff9-\ufffc\ufffe\uffff]"
)
_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_MARKS_IN_A_ROW = 16
_COMPATIBILITY_KANJI = re.compile("([\uf900-\ufaff\U0002f800-\U0002fa1f]+)")


def composed(text: str) -> str:
    """NFC, but compatibility kanji stay: NFC would write some Japanese names with another character."""
    if _COMPATIBILITY_KANJI.search(text) is None:
        return unicodedata.normalize("NFC", text)
    parts = _COMPATIBILITY_KANJI.split(text)
    parts[::2] = [unicodedata.normalize("NFC", part) for part in parts[::2]]
    return "".join(parts)


def _is_plain(text: str) -> bool:
    """Whether a text is of printable ASCII alone and not blank: most are, and all right."""
    return text.isascii() and text.isprintable() and text != "" and not text.isspace()


def _clean(text: str) -> str:
    """NFC, and nothing invisible that could harm a reader or a terminal (api rule: reliability 4.9)."""
    if _is_plain(text):
        return text
    if _SURROGATE.search(text):
        raise PydanticCustomError(
            "text_surrogate", "Half of a character (a lone surrogate) cannot be stored."
        )
    text = composed(text)
    if found := _CONTROL.search(text):
        raise PydanticCustomError(
            "text_control", "Control character {point} is not allowed.", {"point": f"U+{ord(found[0]):04X}"}
        )
    if found := _BIDI.search(text):
        raise PydanticCustomError(
            "text_bidi", "Direction override {point} is not allowed.", {"point": f"U+{ord(found[0]):04X}"}
        )
    if "\ufffd" in text:
        raise PydanticCustomError(
            "text_damaged", "U+FFFD stands where a character was lost in decoding. Send the original text."
        )
    marks = 0
    for character in text if not text.isascii() else "":
        category = unicodedata.category(character)
        if category != "Cf":  # a joiner between marks starts no new character
            marks = marks + 1 if category in {"Mn", "Me"} else 0
        if marks > _MARKS_IN_A_ROW:
            raise PydanticCustomError("text_marks", "Too many combining marks on one character.")
    if _VISIBLE.search(text) is None:
        raise PydanticCustomError(
            "text_blank", "The text is blank. A field that may be empty is left out, or null."
        )
    return text


def _text(length: int, *, lines: bool = False) -> AfterValidator:
    """Clean text of at most so many characters after NFC; with line breaks and tabs, if it may have `lines`."""

    def read(text: str) -> str:
        if len(text) <= length and _is_plain(text):
            return text
        text = _clean(text)
        if not lines and ("\n" in text or "\r" in text or "\t" in text):
            raise PydanticCustomError("text_line", "One line is expected: no line breaks or tabs.")
        if len(text) > length:
            raise PydanticCustomError(
                "string_too_long", "At most {max_length} characters.", {"max_length": length}
            )
        return text

    return AfterValidator(read)


# What the validators refuse, in the words of JSON Schema: at least one visible character, none that harms.
_HARMFUL = r"\u007F-\u009F\u2028-\u202E\u2066-\u2069\uFDD0-\uFDEF\uFEFF\uFFF9-\uFFFF"
_BLANK = r" \u00A0\u00AD\u115F\u1160\u1680\u2000-\u200F\u202F\u205F-\u206F\u2800\u3000\u3164\uFFA0"
_VISIBLE = re.compile(rf"[^\u0000-\u001F{_BLANK}]")
LINE_PATTERN = rf"^[^\u0000-\u001F{_HARMFUL}]*[^\u0000-\u001F{_BLANK}{_HARMFUL}][^\u0000-\u001F{_HARMFUL}]*$"
_UNWRITTEN = rf"\u0000-\u0008\u000B\u000C\u000E-\u001F{_HARMFUL}"
PARAGRAPHS_PATTERN = rf"^[^{_UNWRITTEN}]*[^\u0000-\u001F{_BLANK}{_HARMFUL}][^{_UNWRITTEN}]*$"


def _described(length: int, pattern: str) -> Any:
    return Field(json_schema_extra={"minLength": 1, "maxLength": length, "pattern": pattern})


Line = Annotated[str, _text(500), _described(500, LINE_PATTERN)]
"""One line of text, to 500 characters after NFC."""
LongLine = Annotated[str, _text(2000), _described(2000, LINE_PATTERN)]
"""One line as printed in the plan, to 2 000 characters."""
Paragraphs = Annotated[str, _text(20_000, lines=True), _described(20_000, PARAGRAPHS_PATTERN)]
"""Text that may have line breaks, to 20 000 characters."""

FORMS: dict[str, str] = {}
"""What is said of each pattern to whoever sent a text of another form."""


def formed(pattern: str, words: str, *, max_length: int | None = None) -> StringConstraints:
    """A text of a form; `words` tell the form to people."""
    FORMS[pattern] = words
    return StringConstraints(pattern=pattern, max_length=max_length)


CountryCode = Annotated[
    str, formed(r"^[A-Z]{2}$", "A country is written with the two capital letters of ISO 3166-1, as in `TH`.")
]
"""ISO 3166-1 alpha-2."""

ThreeLetters = Annotated[
    str, formed(r"^[A-Z]{3}$", "A code of three capital letters is expected, as its standard has it.")
]


def _country(value: Any) -> Any:
    """A country may be written `{"code": "TH"}`, as references are, or plainly `"TH"`."""
    if isinstance(value, dict) and set(value) == {"code"}:
        return value["code"]
    return value


Country = Annotated[CountryCode, BeforeValidator(_country)]


def each_once(values: list[Any]) -> list[Any]:
    """A list that is a set."""
    if len(set(values)) != len(values):
        raise PydanticCustomError("repeated", "Each may be given once.")
    return values


Visibility = Literal["public", "partners", "own"]
Countries = Annotated[list[Country], Field(max_length=50), AfterValidator(each_once)]
LanguageTag = Annotated[
    str,
    formed(
        r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$",
        "A language is written as a tag of RFC 5646, as in `ja` or `zh-Hant`.",
        max_length=35,
    ),
]


def _not_an_address(code: str) -> str:
    if code in {"stats", "bulk", "by-key", "template.csv", "template.xlsx"}:
        raise PydanticCustomError("reserved", "This word has a meaning in addresses. Choose another code.")
    return code


Code = Annotated[
    str,
    formed(
        r"^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$",
        "A code is 1 to 40 letters, digits, `.`, `_` and `-`, and begins with a letter or digit.",
        max_length=40,
    ),
    AfterValidator(_not_an_address),
]
OwnKey = Annotated[
    str,
    formed(
        r"^[a-z0-9][a-z0-9-]{0,39}:[A-Za-z0-9][A-Za-z0-9._-]{0,119}$",
        "An own key is the name of a system in small letters, `:`, and the key there, as in `moj:2026-17`.",
        max_length=161,
    ),
]
"""A caller's own key, `system:key`."""
Whole = Annotated[int, Field(ge=0, le=2_147_483_647, json_schema_extra={"format": "int32"})]
Number = Annotated[int, Field(ge=1, le=32_767, json_schema_extra={"format": "int32"})]
WebAddress = Annotated[
    str,
    formed(
        r"^https?://[!-~]+$",
        "An address begins with `https://` or `http://` and has neither spaces nor letters beyond ASCII.",
        max_length=2000,
    ),
    AfterValidator(_clean),
]


def _deliverable(address: str) -> str:
    """By its form; nobody is asked whether it is there."""
    import email_validator  # loaded by the first who writes one

    try:
        email_validator.validate_email(address, check_deliverability=False)
    except email_validator.EmailNotValidError:
        message = "No mail gets to an address of this form. Is a letter missing, or a dot too many?"
        raise PydanticCustomError("mail_impossible", message) from None
    return address


def _callable(number: str) -> str:
    """By its country code and its length."""
    import phonenumbers  # likewise

    try:
        possible = phonenumbers.is_possible_number(phonenumbers.parse(number))
    except phonenumbers.NumberParseException:
        possible = False
    if not possible:
        message = "No telephone has a number of this form: `+`, country code, and as many digits as are usual there."
        raise PydanticCustomError("phone_impossible", message)
    return number


MailAddress = Annotated[
    str,
    formed(
        r"^[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63}){1,8}$",
        "A mail address is written as in `office@example.org`.",
        max_length=254,
    ),
    AfterValidator(_deliverable),
]
Phone = Annotated[
    str,
    formed(
        r"^\+[0-9][0-9 ()./-]{5,38}$",
        "A telephone number begins with `+` and the country code, as in `+81 3 3580 4111`.",
        max_length=40,
    ),
    AfterValidator(_callable),
]
"""An international number, `+` and country code first; spaces are kept as given."""

DatePrecision = Literal["day", "month", "year", "unknown"]
Mode = Literal["in_person", "online", "hybrid"]


class Value(BaseModel):
    """A structured value inside a record."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Source(Value):
    """Where a fact comes from."""

    title: Line = Field(
        description="Title of the page or document.", examples=["Ministry of Justice of Japan: 4th Crim-AP"]
    )
    url: WebAddress | None = Field(
        None,
        description="Its address.",
        examples=["https://www.moj.go.jp/kokusai/kokusai08_00049.html"],
    )


class EditorialNote(Value):
    """A remark of the editors beside a passage whose printed wording is kept to the letter."""

    passage: LongLine = Field(
        description="The words that are meant, as printed.",
        examples=["Through the implementation of implementing the Work Plan"],
    )
    note: LongLine = Field(
        description="The remark.", examples=["Printed so; “the implementation of” is probably meant."]
    )


class _Reference(Value):
    """Which record is meant: one of its names is enough."""

    model_config = ConfigDict(extra="forbid", strict=True, json_schema_extra={"minProperties": 1})

    id: UUID | None = Field(
        None, description="The id of the record.", examples=["019aa5d0-6b7c-7c3e-9c39-0d1f5b3a7e11"]
    )
    key: OwnKey | None = Field(
        None,
        description="Your own key for the record, `system:key`.",
        examples=["seed:goal-6"],
        json_schema_extra={"writeOnly": True},
    )

    @model_validator(mode="after")
    def _names_something(self) -> "_Reference":
        names, said = ("id", "key", "code", "number"), self.__dict__
        if all(said.get(name) is None for name in names):
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
