"""Query parameters of documents: words of a list, numbers, countries; what cannot be read is refused by name."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from app.errors import InvalidParameter, did_you_mean


def refused(name: str, message: str, **more: Any) -> InvalidParameter:
    """The refusal of a parameter's value."""
    return InvalidParameter(
        f"`{name}`: {message}.",
        errors=[{"parameter": name, "code": "unreadable", "message": f"{message}.", **more}],
    )


def words(given: Mapping[str, str], name: str, allowed: Sequence[str]) -> list[str] | None:
    """Some of the words that there are; None if none is asked for."""
    if name not in given:
        return None
    asked = given[name].split(",")
    for word in asked:
        if word not in allowed:
            raise refused(name, "there is no such word", **did_you_mean(word[:60], allowed))
    return asked


def number(given: Mapping[str, str], name: str, default: int, least: int, most: int) -> int:
    """A whole number between two others."""
    said = given.get(name, str(default))
    if not re.fullmatch("[0-9]{1,6}", said) or not least <= int(said) <= most:
        raise refused(name, f"a number from {least} to {most} is expected")
    return int(said)


def countries(given: Mapping[str, str]) -> list[str] | None:
    """Codes of countries; None if none is asked for."""
    if "country" not in given:
        return None
    asked = given["country"].split(",")
    if not all(re.fullmatch("[A-Z]{2}", each) for each in asked):
        raise refused("country", "ISO 3166-1 codes are expected, such as TH")
    return asked
