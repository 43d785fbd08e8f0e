"""Statements of lists, and their pages. Plans are values; `page_of` and its neighbours run them."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Date,
    Integer,
    Select,
    Text,
    and_,
    any_,
    bindparam,
    case,
    func,
    literal_column,
    null,
    or_,
    select,
    true,
    tuple_,
)
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.selectable import Lateral

from app.journal import JOURNAL_HEAD
from app.collection.asked import Asked, Shape, sort_kind
from app.collection.collection import Collection
from app.collection.fields import DATE, parameter
from app.collection.projection import Row, record_json
from app.db import Compiled
from app.collection.search import search_condition


def conditions(collection: Collection, row: Row, shape: Shape) -> list[ColumnElement[bool]]:
    """The rows that the filters leave."""
    found = [
        known.build(row, operator, parameter(f"p{number}", known.kind, operator))
        for number, (path, operator) in enumerate(shape.filters)
        for known in (collection.filters[path],)
    ]
    if shape.terms:
        found.append(search_condition(collection.name, row, shape.terms))
    return found


def sort_keys(collection: Collection, row: Row, shape: Shape) -> list[ColumnElement[Any]]:
    """The expressions that order a list. A missing date counts as the last one in either direction."""
    keys = []
    for name, descending in shape.sort:
        column = row.c[name]
        if sort_kind(collection, name) is DATE:
            column = func.coalesce(
                column, literal_column("'-infinity'::date" if descending else "'infinity'::date", Date)
            )
        keys.append(column)
    return keys


def _after(collection: Collection, keys: Sequence[ColumnElement[Any]], shape: Shape) -> ColumnElement[bool]:
    """Rows behind the cursor: one row comparison where all keys run one way, else spelt out."""
    values: list[Any] = [
        bindparam(f"c{number}", type_=sort_kind(collection, name).type)
        for number, (name, _) in enumerate(shape.sort)
    ]
    directions = {descending for _, descending in shape.sort}
    if len(directions) == 1:
        here, there = tuple_(*keys), tuple_(*values)
        return here < there if directions == {True} else here > there
    steps = []
    for number, (_, descending) in enumerate(shape.sort):
        same = [keys[earlier] == values[earlier] for earlier in range(number)]
        beyond = keys[number] < values[number] if descending else keys[number] > values[number]
        steps.append(and_(*same, beyond))
    first = keys[0] <= values[0] if shape.sort[0][1] else keys[0] >= values[0]
    return and_(first, or_(*steps))


def _ordered(collection: Collection, row: Row, shape: Shape, *columns: Any) -> Select[Any]:
    keys = sort_keys(collection, row, shape)
    labelled = (key.label(f"k{number}") for number, key in enumerate(keys))
    statement = select(*columns, *labelled).select_from(row)
    statement = statement.where(*conditions(collection, row, shape))
    if shape.after:
        statement = statement.where(_after(collection, keys, shape))
    return statement.order_by(
        *(key.desc() if down else key.asc() for key, (_, down) in zip(keys, shape.sort, strict=True))
    )


def page_plan(collection: Collection, asked: Asked) -> Compiled:
    """One page: the feed position it was read at, then the rows as JSON text with their sort keys."""
    shape = asked.shape

    def build() -> Select[Any]:
        row = collection.table
        names = {name: collection.outputs[name] for name in shape.fields or collection.outputs}
        json = record_json(collection, row, names, asked.expand)
        page = (
            _ordered(collection, row, shape, json.label("j"))
            .where(
                JOURNAL_HEAD.c.position != bindparam("known", type_=BigInteger)
            )  # the client has it: no rows
            .limit(bindparam("limit", type_=Integer))
            .correlate(JOURNAL_HEAD)
            .lateral()
        )
        columns = [page.c[f"k{number}"] for number in range(len(shape.sort))]
        return select(JOURNAL_HEAD.c.position, page.c.j, *columns).select_from(
            JOURNAL_HEAD.outerjoin(page, true())
        )

    return collection.statement(("page", shape), build)


def export_plan(collection: Collection, asked: Asked, *, csv: bool) -> Compiled:
    """The whole list in order: one JSON text per row, or one column per CSV header."""
    shape = asked.shape

    def build() -> Select[Any]:
        row = collection.table
        names = shape.fields or tuple(collection.outputs)
        if csv:
            columns = [cell.label(header) for header, cell in collection.cells(row, names).items()]
        else:
            chosen = {name: collection.outputs[name] for name in names}
            columns = [record_json(collection, row, chosen, asked.expand).label("j")]
        keys = sort_keys(collection, row, shape)
        statement = select(*columns).select_from(row).where(*conditions(collection, row, shape))
        return statement.order_by(
            *(key.desc() if down else key.asc() for key, (_, down) in zip(keys, shape.sort, strict=True))
        ).limit(bindparam("limit", type_=Integer))

    return collection.statement(("csv" if csv else "ndjson", shape), build)


def count_plan(collection: Collection, asked: Asked) -> Compiled:
    """How many rows the filters leave."""
    shape = Shape(filters=asked.shape.filters, terms=asked.shape.terms)
    row = collection.table
    return collection.statement(
        ("count", shape),
        lambda: select(func.count()).select_from(row).where(*conditions(collection, row, shape)),
    )


def stats_plan(collection: Collection, asked: Asked) -> Compiled:
    """Counts per group, with the feed position they were read at."""
    shape = asked.shape

    def build() -> Select[Any]:
        row: Row = collection.table
        source: Any = row
        groups: list[ColumnElement[Any]] = []
        for number, path in enumerate(shape.groups):
            build_group = collection.filters[path].group
            assert build_group is not None
            group = build_group(row)
            if isinstance(group, Lateral):
                source = source.outerjoin(group, true())
                group = group.c[0]
            groups.append(group.label(f"g{number}"))
        counts = (
            select(*groups, func.count().label("count"))
            .select_from(source)
            .where(*conditions(collection, row, shape))
            .where(JOURNAL_HEAD.c.position != bindparam("known", type_=BigInteger))
            .correlate(JOURNAL_HEAD)
            .group_by(*groups)
            .order_by(*(group.asc().nulls_last() for group in groups))
            .limit(10_000)
            .lateral()
        )
        return select(JOURNAL_HEAD.c.position, *counts.c).select_from(JOURNAL_HEAD.outerjoin(counts, true()))

    return collection.statement(("stats", shape), build)


def item_plan(collection: Collection, by: str, asked: Asked) -> Compiled:
    """One record: its tag, and its JSON text unless the client knows the tag already."""
    shape = Shape(fields=asked.shape.fields, expand=asked.shape.expand)

    def build() -> Select[Any]:
        row = collection.table
        names = {name: collection.outputs[name] for name in shape.fields or collection.outputs}
        json = record_json(collection, row, names, asked.expand)
        tag = collection.tag(row)
        if shape != Shape():  # other records' values may be inside, so the tag moves with the journal
            position = select(JOURNAL_HEAD.c.position).scalar_subquery()
            tag = func.concat_ws(".", tag, position)
        known = tag == any_(bindparam("known", type_=ARRAY(Text)))
        found = row.c[by] == bindparam("name", type_=row.c[by].type)
        return select(tag.label("tag"), case((known, null()), else_=json).label("j")).where(found)

    return collection.statement(("item", by, shape), build)
