"""The rows of a load."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

OUTCOMES = ("create", "update", "unchanged", "delete", "error")
OPERATIONS = ("create", "update", "upsert", "delete")


@dataclass(slots=True)
class Row:
    """One row of a batch, and what becomes of it."""

    number: int
    line: int | None
    body: dict[str, Any]
    size: int = 0
    """Characters in the file, roughly."""
    operation: str = "upsert"
    match: str | None = None
    """How the row names its record, by what the batch matches by."""
    version: int | None = None
    label: str | None = None
    """What the row is called in the report."""
    errors: list[Mapping[str, Any]] = field(default_factory=list)
    outcome: str = ""
    id: UUID | None = None
    before: dict[str, Any] | None = None
    """What can be written of the record, as it is."""
    known_version: int | None = None
    """The version that this is of."""
    own_key: str | None = None
    """A key that a new record gets beside those of its body."""
    hopeless: bool = False
    """Which record is meant, or what is to be done with it, cannot be read: nothing more is said of the row."""

    def refuse(self, code: str, message: str, pointer: str = "", **more: Any) -> None:
        self.errors.append({"pointer": pointer, "code": code, "message": message, **more})
