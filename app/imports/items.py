"""What every kind of file is read into: rows, one after another, and for a table its header."""

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, Literal, Self

Kind = Literal["text", "plain", "number", "day", "instant", "flag"]
"""What the cells of a column hold: free text, a name or a list of names, a number, a date, ..."""


class Unreadable(ValueError):
    """A cell that is not what its column holds."""

    def __init__(self, code: str, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.code, self.hint = code, hint


@dataclass(slots=True)
class Item:
    """One row of a file, as it stands there: an object, or the cells of a table; what is no object is a text."""

    number: int
    """1 is the first row of data."""
    line: int
    """The line on which it begins; quoted cells may hold line breaks."""
    size: int
    """Characters, roughly: so much of a file is worked on at a time."""
    value: Any = None
    error: dict[str, Any] | None = None


@dataclass
class Opened:
    """A file that is being read. Its rows can be had once; who needs them again opens it again."""

    rows: Generator[Item]
    header: list[str] | None = None
    """The names of the columns, if it is a table: then the value of each row is a list of texts, or of cells."""
    delimiter: str = ","
    first_column: int | None = None
    """Where the first of the columns stands in a sheet, counted from 0."""
    header_line: int = 1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """End the reading, wherever it is, and let go of what it keeps beside the file."""
        self.rows.close()
