"""What travels: one declaration per field yields its JSON, its CSV cell, its filters and its references.

PostgreSQL makes the JSON; the application passes the bytes on (reference: docs/decisions/0005).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import sqlalchemy
from sqlalchemy import Text, Uuid, and_, case, cast, exists, func, literal, literal_column, select
from sqlalchemy.dialects.postgresql import JSON, JSONB, aggregate_order_by
from sqlalchemy.sql.elements import BindParameter, ColumnElement
from sqlalchemy.sql.expression import FromClause
from sqlalchemy.sql.selectable import LateralFromClause

from app.collection.fields import IDENTIFIER, Kind, predicate
from app.collection.tabular import guarded, joinable, joined, structured_cell

if TYPE_CHECKING:
    from app.collection.collection import Collection

WITHHELD = "_withheld"
"""Names in an answer the fields that are not shown to the caller; sent back, it has no effect."""
Row = FromClause
Expand = Mapping[str, "Expand"]
EXPANDED_AT_MOST = 100


@dataclass(frozen=True)
class Filter:
    """A path that a list can be filtered by."""

    kind: Kind
    description: str
    build: Callable[[Row, str, BindParameter[Any]], ColumnElement[bool]]
    group: Callable[[Row], ColumnElement[Any] | LateralFromClause] | None = None
    hidden: bool = False
    """Accepted, but not repeated in the documentation (another spelling of a path)."""

    linked: bool = False
    """Whether the path leads over a list of references: a record may have several values."""

    @property
    def groups_singly(self) -> bool:
        return self.group is not None and not self.kind.many and not self.linked


@dataclass(frozen=True)
class Personal:
    """Fields that are not shown to everybody: to others they are withheld, which is not the same as empty."""

    fields: tuple[str, ...]
    shown: Callable[[Row], ColumnElement[bool]]
    """Whether the caller sees them of a row."""

    def guarded(self, filters: Iterator[tuple[str, Filter]]) -> Iterator[tuple[str, Filter]]:
        """The filters of such a field: what is not shown is not found either, nor counted."""
        for path, inner in filters:

            def build(
                row: Row, operator: str, value: BindParameter[Any], inner: Filter = inner
            ) -> ColumnElement[bool]:
                return and_(self.shown(row), inner.build(row, operator, value))

            yield path, replace(inner, build=build, group=None)

    def cells(self, row: Row, cells: Mapping[str, ColumnElement[Any]]) -> dict[str, ColumnElement[Any]]:
        """The cells of such a field."""
        return {name: case((self.shown(row), cell)) for name, cell in cells.items()}

    def json(
        self, row: Row, columns: Mapping[str, ColumnElement[Any]], from_: Callable[[Any], ColumnElement[Any]]
    ) -> ColumnElement[Any]:
        """A record with these fields for those who see them, and without for others."""
        hidden = [name for name in columns if name in self.fields]
        listed: ColumnElement[Any] = literal_column(f"'{json.dumps(hidden)}'::json")
        rest = {name: column for name, column in columns.items() if name not in self.fields}
        return case((self.shown(row), from_(columns)), else_=from_({**rest, WITHHELD: listed}))


@dataclass(frozen=True)
class Source:
    """A field that is a column of the same name."""

    def json(self, row: Row, name: str, expand: Expand | None) -> ColumnElement[Any]:
        return row.c[name]

    def stored(self, row: Row, name: str) -> ColumnElement[Any]:
        """The value as it is stored, seen or not."""
        return self.json(row, name, None)

    def cell(self, row: Row, name: str, schema: Mapping[str, Any]) -> dict[str, ColumnElement[Any]]:
        """CSV columns by header. Free text that a spreadsheet would compute is marked with `'`."""
        column = row.c[name]
        if isinstance(column.type, JSONB):
            if properties := schema.get("properties"):
                return {
                    f"{name}.{inner}": structured_cell(row, column, inner, inner_schema)
                    for inner, inner_schema in properties.items()
                }
            return {name: cast(column, Text)}
        if schema.get("type") == "array":
            return {name: joined(column) if joinable(schema) else cast(func.to_json(column), Text)}
        return {name: guarded(column) if isinstance(column.type, Text) else column}

    def filters(
        self, name: str, kind: Kind | None, description: str, *, deep: bool = True
    ) -> Iterator[tuple[str, Filter]]:
        if kind is None:
            return

        def build(row: Row, operator: str, value: BindParameter[Any]) -> ColumnElement[bool]:
            return predicate(self.json(row, name, None), kind, operator, value)

        def group(row: Row) -> ColumnElement[Any] | LateralFromClause:
            value = self.json(row, name, None)
            if kind.many:
                return select(func.unnest(value).label("value")).distinct().correlate(row).lateral()
            return value

        yield name, Filter(kind, description, build, group if kind.groups else None)

    def columns(self, name: str) -> tuple[str, ...]:
        """Stored columns that a write of this field sets."""
        return (name,)


@dataclass(frozen=True)
class Computed(Source):
    """A read-only field that follows from others, perhaps from today's date."""

    expression: Callable[[Row], ColumnElement[Any]]
    tagged: bool = True
    """False: it follows from other computed fields, and adds nothing to the tag of the record."""
    tag_as: Callable[[Row], ColumnElement[Any]] | None = None
    """What it adds to the tag, in letters and digits; if nothing is said, its value."""
    shared: bool = False
    """Others are made of it: it is worked out once for a record, and is a column of the row from then on."""

    def json(self, row: Row, name: str, expand: Expand | None) -> ColumnElement[Any]:
        return self.expression(row)

    def cell(self, row: Row, name: str, schema: Mapping[str, Any]) -> dict[str, ColumnElement[Any]]:
        value = self.expression(row)
        if isinstance(value.type, JSON):
            return {name: cast(value, Text)}
        return {name: joined(value) if schema.get("type") == "array" else value}

    def columns(self, name: str) -> tuple[str, ...]:
        return ()


class _Relation(Source):
    """A field that names other records."""

    to: Collection

    def target_paths(self, deep: bool) -> Iterator[tuple[str, Filter]]:
        """The target's own plain fields, and the keys of what it refers to."""
        for name, source in self.to.outputs.items():
            if name in {"keys", "version", "created_at", "updated_at"}:
                continue
            if not isinstance(source, _Relation):
                yield from self.to.filters_of(name)
            elif deep and source.to is not self.to:
                for path, inner in self.to.filters_of(name, deep=False):
                    if path.rpartition(".")[2] in {"id", source.to.key}:
                        yield path, inner


@dataclass(frozen=True)
class Ref(_Relation):
    """A field that refers to one record of another collection, by the column `<name>_id`."""

    to: Collection

    def json(self, row: Row, name: str, expand: Expand | None) -> ColumnElement[Any]:
        target = self.to.table.alias()
        mine = target.c.id == row.c[f"{name}_id"]
        if expand is None:
            names = ("id", self.to.key) if self.to.key else ("id",)
            named = select(*(target.c[each] for each in names)).where(mine).correlate(row).subquery()
            return select(func.row_to_json(named.table_valued())).correlate(row).scalar_subquery()
        found = select(record_json(self.to, target, self.to.outputs, expand)).where(mine)
        return found.correlate_except(target).scalar_subquery()

    def tag(self, row: Row, name: str) -> ColumnElement[str]:
        """What the tag of a record says of one that may be hidden: that it is seen, and the key it may get late."""
        target = self.to.table.alias()
        seen: ColumnElement[str] = literal_column(f"'{name}'", Text)
        if self.to.key:
            seen = func.concat_ws("-", seen, target.c[self.to.key])
        return (
            select(seen).where(target.c.id == row.c[f"{name}_id"]).correlate_except(target).scalar_subquery()
        )

    def stored(self, row: Row, name: str) -> ColumnElement[Any]:
        """Also where the caller does not see the record that is referred to."""
        column = row.c[f"{name}_id"]
        unseen = case((column.is_not(None), func.json_build_object("id", column)))
        return func.coalesce(self.json(row, name, None), unseen)

    def cell(self, row: Row, name: str, schema: Mapping[str, Any]) -> dict[str, ColumnElement[Any]]:
        """By its key; by the id if it has none."""
        target = self.to.table.alias()
        key = self.to.key or "id"
        named: ColumnElement[Any] = target.c[key]
        if target.c[key].nullable:
            named = func.coalesce(named, cast(target.c.id, Text))
        found = select(named).where(target.c.id == row.c[f"{name}_id"]).correlate_except(target)
        return {f"{name}.{key}": found.scalar_subquery()}

    def filters(
        self, name: str, kind: Kind | None, description: str, *, deep: bool = True
    ) -> Iterator[tuple[str, Filter]]:
        for path, inner in self.target_paths(deep):

            def build(
                row: Row, operator: str, value: BindParameter[Any], path: str = path, inner: Filter = inner
            ) -> ColumnElement[bool]:
                column = row.c[f"{name}_id"]
                if path == "id" and not self.to.guard.drafts:  # others are found as far as they are seen
                    return predicate(column, IDENTIFIER, operator, value)
                target = self.to.table.alias()
                if operator in {"ne", "nin", "isnull"}:
                    positive = {"ne": "", "nin": "", "isnull": "notnull"}[operator]
                    ids = select(target.c.id).where(inner.build(target, positive, value))
                    return column.is_(None) | column.not_in(ids)
                return column.in_(select(target.c.id).where(inner.build(target, operator, value)))

            def group(row: Row, inner: Filter = inner) -> ColumnElement[Any]:
                target = self.to.table.alias()
                assert inner.group is not None
                value = inner.group(target)
                assert not isinstance(value, LateralFromClause)
                found = select(value).where(target.c.id == row.c[f"{name}_id"])
                return found.correlate_except(target).scalar_subquery()

            yield (
                f"{name}.{path}",
                Filter(
                    inner.kind,
                    f"{description} {inner.description}",
                    build,
                    group if inner.groups_singly else None,
                ),
            )

    def columns(self, name: str) -> tuple[str, ...]:
        return (f"{name}_id",)


@dataclass(frozen=True)
class Links(_Relation):
    """A field that is a list of references, stored as JSON and mirrored with foreign keys in `through`."""

    to: Collection
    through: Row
    singular: str
    extras: tuple[str, ...] = ()
    owner: str = ""
    target: str = field(default="")

    def json(self, row: Row, name: str, expand: Expand | None) -> ColumnElement[Any]:
        column = row.c[name]
        if expand is None:
            return column
        target = self.to.table.alias()
        link = _elements(column)
        extra = {each: link.c.value[each].astext for each in self.extras}
        full = record_json(self.to, target, self.to.outputs, expand, extra)
        listed = func.json_agg(aggregate_order_by(full, link.c.position))
        found = select(func.coalesce(listed, cast("[]", JSON))).select_from(
            link.join(target, target.c.id == cast(link.c.value["id"].astext, Uuid))
        )
        return found.correlate_except(link, target).scalar_subquery()

    def cell(self, row: Row, name: str, schema: Mapping[str, Any]) -> dict[str, ColumnElement[Any]]:
        """`6:assigned;7:stated`: the key (the id of what has none), then what else the link says."""
        link = _elements(row.c[name])
        text: ColumnElement[Any] = func.coalesce(
            link.c.value[self.to.key or "id"].astext, link.c.value["id"].astext
        )
        for part in self.extras:
            text = text + literal(":") + func.coalesce(link.c.value[part].astext, "")
        listed = func.string_agg(text, aggregate_order_by(literal(";"), link.c.position))
        found = select(func.coalesce(listed, "")).select_from(link)
        return {name: found.correlate_except(link).scalar_subquery()}

    def _ids(self, row: Row, name: str) -> tuple[Row, ColumnElement[bool]]:
        through = self.through.alias()
        return through, (through.c[self.owner] == row.c.id) & (through.c.field == name)

    def filters(
        self, name: str, kind: Kind | None, description: str, *, deep: bool = True
    ) -> Iterator[tuple[str, Filter]]:
        for path, inner in self.target_paths(deep):

            def build(
                row: Row, operator: str, value: BindParameter[Any], path: str = path, inner: Filter = inner
            ) -> ColumnElement[bool]:
                through, linked = self._ids(row, name)
                positive = {"ne": "", "nin": "", "isnull": "notnull"}.get(operator, operator)
                if path == "id":
                    hit = predicate(through.c[self.target], IDENTIFIER, positive, value)
                else:
                    target = self.to.table.alias()
                    hit = through.c[self.target].in_(
                        select(target.c.id).where(inner.build(target, positive, value))
                    )
                found = exists().where(linked, hit).correlate_except(through)
                return ~found if operator in {"ne", "nin", "isnull"} else found

            def group(row: Row, inner: Filter = inner) -> LateralFromClause:
                through, linked = self._ids(row, name)
                target = self.to.table.alias()
                assert inner.group is not None
                value = inner.group(target)
                assert not isinstance(value, LateralFromClause)
                joined_target = through.join(target, target.c.id == through.c[self.target])
                values = select(value.label("value")).select_from(joined_target).distinct()
                return values.where(linked, value.is_not(None)).correlate(row).lateral()

            many = Filter(
                inner.kind,
                f"{description} {inner.description}",
                build,
                group if inner.groups_singly else None,
                linked=True,
            )
            yield f"{name}.{path}", many
            if self.singular != name:
                yield f"{self.singular}.{path}", replace(many, hidden=path != self.to.key)


@dataclass(frozen=True)
class Reverse:
    """Records of another collection that refer to this one; they travel only when expanded."""

    of: Callable[[], Collection]
    condition: Callable[[Row, Row], ColumnElement[bool]]
    filter: str
    """Filter of the other collection that lists them, for the link."""
    description: str

    def json(self, collection: Collection, row: Row, expand: Expand) -> ColumnElement[Any]:
        other = self.of()
        records = other.table.alias()
        mine = self.condition(row, records)
        some = (
            select(records)
            .where(mine)
            .order_by(records.c.id.desc())
            .limit(EXPANDED_AT_MOST)
            .correlate(row)
            .lateral()
        )
        total = select(func.count()).select_from(records).where(mine).correlate(row).scalar_subquery()
        listed = func.json_agg(record_json(other, some, other.outputs, expand))
        items = select(func.coalesce(listed, cast("[]", JSON))).select_from(some).correlate(row)
        address: ColumnElement[Any] = literal(f"/v1/{other.path}?{self.filter}.") + func.coalesce(
            *(literal(f"{key}=") + cast(row.c[key], Text) for key in (collection.key, "id") if key)
        )
        return func.json_build_object("total", total, "href", address, "items", items.scalar_subquery())


def record_json(
    collection: Collection,
    row: Row,
    names: Mapping[str, Source],
    expand: Expand,
    extra: Mapping[str, ColumnElement[Any]] = MappingProxyType({}),
) -> ColumnElement[Any]:
    """The JSON object of one row: the named fields in their order, asked relations expanded, `extra` at the end."""
    outside = (row, *(source for value in extra.values() for source in value._from_objects))  # noqa: SLF001
    known = _with_shared(row, names)
    columns = {name: source.json(known, name, expand.get(name)) for name, source in names.items()}
    columns |= {
        name: reverse.json(collection, row, expand[name])
        for name, reverse in collection.reverse.items()
        if name in expand
    }

    def built(columns: Mapping[str, ColumnElement[Any]]) -> ColumnElement[Any]:
        labelled = [value.label(name) for name, value in {**columns, **extra}.items()]
        inner = select(*labelled).correlate(*outside).subquery()
        return select(func.row_to_json(inner.table_valued())).correlate(*outside).scalar_subquery()

    if collection.personal and not set(collection.personal.fields).isdisjoint(columns):
        return collection.personal.json(row, columns, built)
    return built(columns)


def _with_shared(row: Row, names: Mapping[str, Source]) -> Row:
    """The row with what several computed fields are made of."""
    computed = {name: each for name, each in names.items() if isinstance(each, Computed)}
    shared = [each.json(row, name, None).label(name) for name, each in computed.items() if each.shared]
    if not shared or len(computed) == len(shared):
        return row
    return (
        select(*row.c, *shared).correlate(row).offset(0).subquery()
    )  # else it is written out wherever it is used


def stored_json(collection: Collection, row: Row, names: Mapping[str, Source]) -> ColumnElement[Any]:
    """The same as it is stored, for what is written back: nothing is left out, and `_withheld` names what the
    caller does not see.
    """
    columns = {name: source.stored(row, name) for name, source in names.items()}
    if collection.personal:
        hidden: ColumnElement[Any] = literal_column(f"'{json.dumps(collection.personal.fields)}'::json")
        columns[WITHHELD] = case((collection.personal.shown(row), None), else_=hidden)
    inner = select(*(value.label(name) for name, value in columns.items())).correlate(row).subquery()
    return select(func.row_to_json(inner.table_valued())).correlate(row).scalar_subquery()


def _elements(column: ColumnElement[Any]) -> Any:
    """The entries of a JSON list, with their positions."""
    value = sqlalchemy.column("value", JSONB)
    return func.jsonb_array_elements(column).table_valued(value, with_ordinality="position").render_derived()
