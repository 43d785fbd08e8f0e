"""Other forms of a record than JSON and tables, made from its JSON: what an address book or a calendar takes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Rendition:
    """How a record is written in a form."""

    one: Callable[[Mapping[str, Any], str], str]
    """From the record and its address; an empty text: this form has no place for the record."""
    expand: tuple[str, ...] = ()
    """Relations that it needs."""
    around: tuple[str, str, str] = ("", "", "")
    """Of a list: what stands before, between and behind."""
    alone: tuple[str, str] = ("", "")
    """Of one record: what stands before and behind."""
    nothing: str = ""
    """What is said to who asks for a record for which there is no place."""
    about: str = ""
    """What the OpenAPI text says of it."""
    example: str = ""
