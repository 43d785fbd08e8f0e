"""Other forms of a record than JSON and tables, made from its JSON: what an address book or a calendar takes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Rendition:
    """How a record is written in a form."""

    one: Callable[[Mapping[str, Any]], str]
    expand: tuple[str, ...] = ()
    """Relations that it needs."""
    around: tuple[str, str, str] = ("", "", "")
    """Of a list: what stands before, between and behind."""
    example: str = ""
