"""From CSV cells to fields: the exact inverse of what an export writes (`collection.projection`).

`goal.number`, `lead.code`, `office.name`, links `6:assigned;7:stated`, lists `TH;JP`, JSON texts, and the `'` before
text that a spreadsheet would compute, taken off exactly where the export puts it.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, Date, DateTime, Integer, SmallInteger
from sqlalchemy.dialects.postgresql import JSONB

from app.collection.collection import Collection
from app.collection.projection import Links, Ref
from app.collection.tabular import joinable
from app.errors import did_you_mean
from app.http.bodies import DECODER, MalformedJson, checked
from app.imports.items import Kind, Unreadable
from app.imports.sheet_cells import SheetCell
from app.imports.texts import UnreadableFile

OPERATION, KEY, ERROR = "op", "key", "error"
_GUARDED = re.compile("'[=+\\-@\t\r'＝＋－＠]")
_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,17})")
_OFFSET = re.compile(r"[+-][0-9]{2}$")
_ID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_FLAGS = {"t": True, "true": True, "f": False, "false": False}

Read = Callable[[str], Any]


@dataclass(frozen=True)
class Column:
    """Where the cells of a column go: a field, perhaps a part of it, and how they are read."""

    field: str
    part: str | None
    read: Read
    kind: Kind = "plain"
    """What the cells of a sheet hold here."""


def columns_of(collection: Collection) -> dict[str, Column]:
    """Every header that an import knows, with what its cells mean."""
    known: dict[str, Column] = {}
    for name in collection.writable:
        source, schema = collection.outputs[name], collection.properties[name]
        if isinstance(source, Ref):
            for by in ("id", source.to.key, "key"):
                if by:
                    read, kind = _NAMES.get(by, (plain, "plain"))
                    known[f"{name}.{by}"] = Column(name, by, read, kind)
        elif isinstance(source, Links):
            known[name] = Column(name, None, _links(source))
        else:
            known |= _plain_columns(collection, name, schema)
    return known


def _plain_columns(collection: Collection, name: str, schema: Mapping[str, Any]) -> dict[str, Column]:
    kind = collection.table.c[name].type
    if isinstance(kind, JSONB):
        if properties := schema.get("properties"):
            return {
                f"{name}.{inner}": Column(name, inner, listed)
                if each.get("type") == "array"
                else Column(name, inner, text, "text")
                for inner, each in properties.items()
            }
        return {name: Column(name, None, json_text)}
    if schema.get("type") == "array":
        return {name: Column(name, None, listed if joinable(schema) else json_text)}
    if isinstance(kind, Boolean):
        return {name: Column(name, None, flag, "flag")}
    if isinstance(kind, Integer | SmallInteger):
        return {name: Column(name, None, integer, "number")}
    if isinstance(kind, DateTime):
        return {name: Column(name, None, instant, "instant")}
    if isinstance(kind, Date):
        return {name: Column(name, None, plain, "day")}
    if kind.python_type is not str:
        return {name: Column(name, None, plain)}
    return {name: Column(name, None, text, "text")}


def plain(cell: str) -> str:
    """The cell as it stands: dates, codes, ids."""
    return cell.strip()


def code_or_id(cell: str) -> str | UUID:
    """A code, or the id of a record that has none."""
    cell = cell.strip()
    return UUID(cell) if _ID.fullmatch(cell) else cell


def text(cell: str) -> str:
    """Text, without the mark that keeps a spreadsheet from computing it."""
    return cell[1:] if _GUARDED.match(cell) else cell


def integer(cell: str) -> int | str:
    """A whole number; what is none stays as it is, and the schema says so."""
    cell = cell.strip()
    return int(cell) if _INTEGER.fullmatch(cell) else cell


def flag(cell: str) -> bool | str:
    """`t`, `f`, `true`, `false`, in small or capital letters."""
    return _FLAGS.get(cell.strip().lower(), cell)


def instant(cell: str) -> str:
    """An instant as PostgreSQL writes it, or as JSON has it."""
    cell = cell.strip()
    return f"{cell}:00" if len(cell) > 12 and _OFFSET.search(cell) else cell


def listed(cell: str) -> list[str]:
    """Values separated by `;`."""
    return [each.strip() for each in cell.split(";")]


def json_text(cell: str) -> Any:
    """A list or an object, as JSON."""
    try:
        value = DECODER.decode(cell)
        checked(value, cell)
    except (json.JSONDecodeError, MalformedJson, RecursionError):
        raise Unreadable("json_expected", "This cell holds JSON, as the export writes it.") from None
    return value


_NAMES: Mapping[str, tuple[Read, Kind]] = {"number": (integer, "number"), "code": (code_or_id, "plain")}


def _links(source: Links) -> Read:
    """`6:assigned;7:stated`: the key or the id of what is linked, then what else the link says."""

    def read(cell: str) -> list[dict[str, Any]]:
        found = []
        for part in cell.split(";"):
            name, *extras = (each.strip() for each in part.split(":"))
            if not name or len(extras) > len(source.extras):
                form = ":".join([source.to.key or "id", *source.extras])
                raise Unreadable("links_expected", f"Links are written `{form}`, separated by `;`.")
            link = _reference(source, name)
            link |= {extra: said for extra, said in zip(source.extras, extras, strict=False) if said}
            found.append(link)
        return found

    return read


def _reference(source: Links, name: str) -> dict[str, Any]:
    if _ID.fullmatch(name):
        return {"id": name.lower()}
    key = source.to.key or "id"
    return {key: integer(name) if key == "number" else name}


@dataclass
class Header:
    """The columns of a file, in its order; None for those that are not read."""

    names: list[str]
    columns: list[Column | None]
    special: dict[str, int]
    """Where `id`, `version`, `op` and `key` stand."""
    ignored: list[str]
    first_column: int | None = None
    """Where the first stands in a sheet."""

    @cached_property
    def read(self) -> list[tuple[int, str, Column]]:
        """The columns that are read: where they stand, and their names."""
        named = enumerate(zip(self.names, self.columns, strict=True))
        return [(place, name, column) for place, (name, column) in named if column is not None]

    @cached_property
    def objects(self) -> frozenset[str]:
        """The fields of which columns hold parts."""
        return frozenset(column.field for column in self.columns if column and column.part)

    def only(self, field: str) -> "Header":
        """The same header, of which one field is read."""
        columns = [column if column and column.field == field else None for column in self.columns]
        return Header(self.names, columns, self.special, self.ignored, self.first_column)

    def column_of(self, pointer: str) -> str:
        """The column that an error speaks of, or the one that is missing."""
        parts = pointer.strip("/").split("/")
        if not parts[0]:
            return ""
        for name in (".".join(parts[:2]), parts[0]):
            if name in self.names:
                return name
        return next((name for name in self.names if name.startswith(f"{parts[0]}.")), parts[0])


def header_of(
    collection: Collection, names: Sequence[str], *, line: int = 1, first_column: int | None = None
) -> Header:
    """What the columns of a file mean; an unknown one or one that is there twice is a mistake."""
    known = columns_of(collection)
    special = ("id", "version", OPERATION, KEY)
    allowed = [*dict.fromkeys((*known, *special, ERROR, *_read_only(collection)))]
    header = Header(list(names), [], {}, [], first_column)
    errors: list[dict[str, Any]] = []
    for place, name in enumerate(names):
        error = {"line": line, "column": name[:100], "place": place + 1}
        if names.index(name) != place:
            errors.append(
                {**error, "code": "repeated_column", "message": "There are two columns of this name."}
            )
        elif not name:
            errors.append({**error, "code": "unnamed_column", "message": f"Column {place + 1} has no name."})
        elif name not in allowed:
            hint = did_you_mean(name[:100], allowed) if len(errors) < 10 else {}
            errors.append({**error, "code": "unknown_column", "message": "There is no such column.", **hint})
        header.columns.append(known.get(name))
        if name in special:
            header.special[name] = place
        elif name not in known:
            header.ignored.append(name)
    if errors:
        raise UnreadableFile("The header line needs attention; no row was read.", errors=errors)
    return header


def _read_only(collection: Collection) -> list[str]:
    """The columns of our own export that the register fills in."""
    writable = set(columns_of(collection))
    return [
        name for name in collection.cells(collection.table, tuple(collection.outputs)) if name not in writable
    ]


def _whole(cell: SheetCell) -> SheetCell:
    if cell.left_out:
        message = (
            "Our export has left a text out here that is too long for a cell: a new record would lack it."
        )
        raise Unreadable("cell_left_out", message, "Take the row from the CSV or the JSON.")
    return cell


def record_of(
    header: Header, cells: Sequence[str | SheetCell], *, empty_is_null: bool, there: bool = False
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The body that a row of cells stands for, and its mistakes. `there`: it can only mean a record that is there."""
    body: dict[str, Any] = {}
    mistakes: list[dict[str, Any]] = []
    for place, name, column in header.read:
        cell = cells[place]
        if cell == "" and not empty_is_null:
            continue
        value: Any = None
        if cell != "":
            try:
                if isinstance(cell, SheetCell):
                    if cell.left_out and there:
                        continue
                    cell = _whole(cell).in_csv(column.kind)
                value = column.read(cell)
            except Unreadable as why:
                mistake = {
                    "pointer": f"/{column.field}",
                    "column": name,
                    "code": why.code,
                    "message": str(why),
                }
                mistakes.append(mistake | ({"hint": why.hint} if why.hint else {}))
                continue
        if column.part is None:
            body[column.field] = value
        elif isinstance(value, UUID):
            body.setdefault(column.field, {})["id"] = str(value)
        else:
            body.setdefault(column.field, {})[column.part] = value
    for name in header.objects if empty_is_null else ():  # an object of which nothing is said is null
        inner = body.get(name)
        if isinstance(inner, dict) and all(value is None for value in inner.values()):
            body[name] = None
    return body, mistakes
