"""The columns of a collection's sheets, from its declaration."""

from collections.abc import Sequence

from sqlalchemy import Boolean, Date, Integer, SmallInteger
from sqlalchemy.types import TypeEngine

from app.collection.collection import Collection
from app.http.workbooks import CellKind, SheetColumn

_NARROW, _PLAIN, _WIDE = 12, 20, 50
_LONG_TEXT = 1_000
_HIDDEN = frozenset({"id", "version"})
"""Needed when a file is sent back, and nothing to look at."""


def sheet_columns(collection: Collection, names: Sequence[str]) -> list[SheetColumn]:
    """The columns of an export of these fields, typed."""
    return [
        SheetColumn(
            name,
            kind := _kind(column.type),
            words_of(collection, name),
            _width(collection, name, kind),
            hidden=name in _HIDDEN,
        )
        for name, column in collection.cells(collection.table, names).items()
    ]


def words_of(collection: Collection, name: str) -> tuple[str, ...]:
    """The values of an enumeration that can be written."""
    if name in collection.read_only:
        return ()
    return tuple(str(each) for each in collection.properties.get(name, {}).get("enum", ()))


def _kind(kind: TypeEngine[object]) -> CellKind:
    if isinstance(kind, Boolean):
        return "flag"
    if isinstance(kind, Integer | SmallInteger):
        return "number"
    return "day" if isinstance(kind, Date) else "text"


def _width(collection: Collection, name: str, kind: CellKind) -> int:
    if kind != "text":
        return max(_NARROW, len(name) + 4)  # room for the button of the filter
    schema = collection.properties.get(name, {})
    return _WIDE if schema.get("maxLength", 0) > _LONG_TEXT else max(_PLAIN, len(name) + 4)
