"""Rules across the fields of a record, declared in its schema.

A rule says which fields it looks at, so that a change of others need not ask it (`validation.changed`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, wraps
from typing import Any

from pydantic import BaseModel, model_validator

Look = Callable[[Any], None]
"""Looks at a record; raises what is wrong with it."""


@dataclass(frozen=True)
class Across:
    """A rule, and the fields that it looks at; it reads no others."""

    fields: tuple[str, ...]
    look: Look


def across(*fields: str) -> Callable[[Look], Any]:
    """Make a method of a schema a rule across these fields."""

    def declared(look: Look) -> Any:
        @wraps(look)
        def validator(record: Any) -> Any:
            look(record)
            return record

        validator.across = Across(fields, look)  # type: ignore[attr-defined]
        return model_validator(mode="after")(validator)

    return declared


@cache
def rules_of(schema: type[BaseModel]) -> tuple[Across, ...]:
    """The rules of a schema and of those that it is made of, in the order in which Pydantic asks them."""
    parts = (part for each in reversed(schema.__mro__) for part in vars(each).values())
    return tuple(part.across for part in parts if hasattr(part, "across"))
