"""A Collection: the declaration from which a resource is listed, filtered, exported, written and documented."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any
from uuid import UUID

from asyncpg.pgproto import pgproto  # its UUID is read in an eighth of the time, and is a UUID like others
from pydantic import BaseModel
from sqlalchemy import Column, Table, Text, case, cast, func
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.expression import ClauseElement

from app.access.caller import Right
from app.access.permissions import Permission
from app.access.policies import Guarded
from app.collection.fields import IDENTIFIER, INSTANT, INTEGER, Kind, kind_of
from app.collection.own_keys import Keys
from app.collection.projection import Computed, Expand, Filter, Links, Personal, Ref, Reverse, Row, Source
from app.collection.renditions import Rendition
from app.db import Base, Compiled, Connection, compiled
from app.errors import Conflict, NotFound
from app.http.formats import Format

_UUID = re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}")
_CLOSING = ("owner", "visibility", "keys", "version", "created_at", "updated_at")
_STATEMENTS_KEPT = 512


@dataclass(frozen=True)
class Rule:
    """What must hold of a record after a write, as far as only the database knows it."""

    code: str
    message: str
    field: str
    broken: Callable[[Row], ColumnElement[bool]]
    of_new: bool = True
    """Whether a new record can break it. What is about those that refer to a record, it cannot."""


class Collection:
    """One resource: its table, its schema, and what is special about its fields."""

    def __init__(
        self,
        model: type[Base],
        schema: type[BaseModel],
        *,
        singular: str,
        path: str | None = None,
        key: str | None = None,
        sources: Mapping[str, Source] | None = None,
        sorts: Sequence[str] = (),
        default_sort: str = "",
        rules: Sequence[Rule] = (),
        reads: Permission = Permission.READ,
        writes: Permission = Permission.EDIT,
        owner: str | None = None,
        owner_of: str | None = None,
        drafts: bool = False,
        duplicates: bool = False,
        settled: str = "null",
        lasting: str = "null",
        distinct: str = "",
        shared: Permission = Permission.READ_SHARED,
        personal: Personal | None = None,
        renditions: Mapping[Format, Rendition] = MappingProxyType({}),
    ) -> None:
        assert isinstance(model.__table__, Table)
        self.table: Table = model.__table__
        self.name = str(self.table.name)  # plain, so that it is written into statements
        self.path = path or self.name.replace("_", "-")
        self.schema = schema
        self.singular = singular
        self.key = key
        self.rules = rules
        self.reads, self.writes = reads, writes
        self.guard = Guarded(self.name, self.path, owner, owner_of, drafts, reads, writes, shared)
        self.personal, self.renditions = personal, renditions
        self.settled, self.lasting = settled, lasting
        """As SQL over a row: the state in which nobody changes it, or deletes it, any more; its triggers hold that."""
        self.table.info["lasting"] = lasting  # asked also where another record is merged that it refers to
        self.distinct = distinct
        """Why two of its records are never one, so that none is merged into another; empty where two may be."""
        self.reverse: dict[str, Reverse] = {}
        self.creating = ("on_duplicate",) if duplicates else ()
        """What else a create may be asked."""
        self.alike: Callable[[Connection, UUID], Awaitable[list[str]]] | None = None
        """Finds what a record may be a duplicate of, as JSON; set where such things are known."""
        self.alike_among: Callable[[Connection, Sequence[UUID]], Awaitable[list[str]]] | None = None
        """The same of many records."""
        self.sorts = ("id", *sorts, "created_at", "updated_at")
        self.default_sort = default_sort or "id"
        document = schema.model_json_schema(mode="serialization", ref_template="#/$defs/{model}")
        self.definitions: Mapping[str, Any] = document.get("$defs", {})
        self.example: Mapping[str, Any] | None = next(iter(document.get("examples", ())), None)
        properties = document["properties"]
        self.examples = {name: each["examples"][0] for name, each in properties.items() if "examples" in each}
        closing = [name for name in _CLOSING if name in properties]
        names = ["id", *(name for name in properties if name not in {"id", *closing}), *closing]
        self.properties: dict[str, Mapping[str, Any]] = {
            name: self._plain(properties[name]) for name in names
        }
        sources = {"keys": Keys(self.name), **(sources or {})}
        self.outputs: dict[str, Source] = {name: sources.get(name, Source()) for name in names}
        self.read_only = frozenset(name for name in names if properties[name].get("readOnly"))
        self.writable = tuple(name for name in names if name not in self.read_only)
        self._statements: OrderedDict[Hashable, Compiled] = OrderedDict()

    def needs(self, permission: Permission | None = None) -> Right:
        """The right that a request needs to use a permission on it, to write if none is named.

        A side concurs to what belongs to nobody.
        """
        owned = self.guard.owner is not None or permission is Permission.CONCUR
        return Right(permission or self.writes, self.path, owned)

    def __repr__(self) -> str:
        return f"<Collection {self.name}>"

    def _plain(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        """A property's schema without `$ref` and without the alternative null."""
        options = [option for option in schema.get("anyOf", [schema]) if option.get("type") != "null"]
        if len(options) != 1:
            return schema
        option = options[0]
        if "$ref" in option:
            option = self.definitions[option["$ref"].rsplit("/", 1)[1]]
        if "$ref" in option.get("items", {}):
            option = {**option, "items": self.definitions[option["items"]["$ref"].rsplit("/", 1)[1]]}
        return {**option, "description": schema.get("description", "")}

    @cached_property
    def filters(self) -> dict[str, Filter]:
        """Every path that a list can be filtered by."""
        return {path: known for name in self.outputs for path, known in self.filters_of(name)}

    def filters_of(self, name: str, *, deep: bool = True) -> Iterator[tuple[str, Filter]]:
        """The paths that one field gives."""
        schema = self.properties[name]
        kind: Kind | None = kind_of(schema, self.definitions)
        kind = {"id": IDENTIFIER, "version": INTEGER, "created_at": INSTANT, "updated_at": INSTANT}.get(
            name, kind
        )
        found = self.outputs[name].filters(name, kind, schema.get("description", ""), deep=deep)
        yield from self.personal.guarded(found) if self.personal and self.is_personal(name) else found

    def is_personal(self, path: str) -> bool:
        """Whether a path leads over a field that is not shown to everybody."""
        name, _, further = path.partition(".")
        if self.personal and name in self.personal.fields:
            return True
        source = self.outputs.get(name)
        return bool(further) and isinstance(source, Ref | Links) and source.to.is_personal(further)

    @cached_property
    def about_people(self) -> frozenset[str]:
        """Its own fields that are personal data: of records that only who may read contacts reads, all but what every
        record has; else those that are withheld.
        """
        if self.reads is Permission.READ_CONTACTS:
            return frozenset(self.outputs) - {"id", *_CLOSING}
        return frozenset(self.personal.fields if self.personal else ())

    @cached_property
    def expandable(self) -> dict[str, Collection]:
        """Relations that `expand` may name, with the collection that each leads to."""
        near = {name: source.to for name, source in self.outputs.items() if isinstance(source, Ref | Links)}
        return near | {name: reverse.of() for name, reverse in self.reverse.items()}

    def shows_people(self, expand: Expand) -> bool:
        """Whether some callers are shown more of its records than others."""
        within = (self.expandable[name].shows_people(inner) for name, inner in expand.items())
        return self.personal is not None or any(within)

    @cached_property
    def volatile(self) -> tuple[str, ...]:
        """Computed fields, and references to what may be hidden: they may change while the version stays."""
        return tuple(
            name
            for name, source in self.outputs.items()
            if (isinstance(source, Computed) and source.tagged)
            or (isinstance(source, Ref) and source.to.guard.drafts)
        )

    def tag(self, row: Row) -> ColumnElement[str]:
        """What the ETag of an item is made of: the version, and whatever else its JSON depends on."""
        parts: list[ColumnElement[Any]] = [
            cast(row.c.version, Text),
            *(cast(self._tagged(row, name), Text) for name in self.volatile),
        ]
        if self.personal:  # who sees less has another representation, and so another tag
            parts.append(case((self.personal.shown(row), None), else_="w"))
        return func.concat_ws(".", *parts) if len(parts) > 1 else parts[0]

    def _tagged(self, row: Row, name: str) -> ColumnElement[Any]:
        source = self.outputs[name]
        if isinstance(source, Ref):
            return source.tag(row, name)
        if isinstance(source, Computed) and source.tag_as:
            return source.tag_as(row)
        return source.json(row, name, None)

    def named(self, row: Table, name: str) -> tuple[Column[Any], UUID | int | str]:
        """The column and the value by which a path segment names a record: its id, or its human key."""
        if _UUID.fullmatch(name):
            return row.c.id, pgproto.UUID(name)
        if self.key == "number" and re.fullmatch(r"[1-9][0-9]{0,4}", name) and int(name) < 32768:
            return row.c.number, int(name)
        if self.key == "code" and re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}", name):
            return row.c.code, name
        raise self.missing(name)

    def missing(self, name: str) -> NotFound:
        by = f"id or {self.key}" if self.key else "id"
        return NotFound(f"There is no {self.singular} with this {by}.")

    def stays(self, state: str) -> Conflict:
        """The refusal to change what is in a state in which nobody does."""
        return Conflict(f"This {self.singular} is {state}: it stays as it is.")

    def statement(self, shape: Hashable, build: Callable[[], ClauseElement]) -> Compiled:
        """The compiled statement of a shape: built once, kept while it is used."""
        kept = self._statements
        if (found := kept.get(shape)) is not None:
            kept.move_to_end(shape)
            return found
        made = kept[shape] = compiled(build())
        if len(kept) > _STATEMENTS_KEPT:
            kept.popitem(last=False)
        return made

    def cells(self, row: Row, names: Sequence[str]) -> dict[str, ColumnElement[Any]]:
        """CSV columns by header, in order."""
        cells: dict[str, ColumnElement[Any]] = {}
        for name in names:
            own = self.outputs[name].cell(row, name, self.properties[name])
            cells |= self.personal.cells(row, own) if self.personal and name in self.personal.fields else own
        return cells
