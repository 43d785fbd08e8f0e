"""Statements of lists, and their pages. Plans are values; `page_of` and its neighbours run them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    CTE,
    BigInteger,
    BindParameter,
    Date,
    Integer,
    Label,
    Uuid,
    and_,
    bindparam,
    case,
    cast,
    column,
    func,
    literal_column,
    or_,
    select,
    true,
    tuple_,
    union_all,
)
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.selectable import LateralFromClause

from app.collection.asked import Asked, Shape
from app.collection.collection import Collection
from app.collection.fields import DATE, parameter, predicate
from app.collection.projection import Expand, Row, Source, record_json
from app.collection.search import rare_and_common, search_condition
from app.collection.tabular import bare
from app.db import Compiled, Statement
from app.journal import CHANGES, JOURNAL_HEAD, VERSION_OF_DATA

GROUPS_MOST = 10_000
_LONG = 250
_SORTED_BY: ColumnElement[int] = literal_column(str(_LONG), Integer)
"""Long text is sorted by its beginning: a cursor carries it, and has to fit into an address.

Written into the statement, not sent as a value, so that an index on the same expression is found by any plan.
"""


_COMPARED = {"", "is", "lt", "lte", "gt", "gte", "between"}
"""Operators of dates that an index serves."""
_SINCE: BindParameter[int] = bindparam("since", type_=BigInteger)
"""The position in the feed at which a walk began."""


def _filtered(collection: Collection, row: Row, shape: Shape) -> list[ColumnElement[bool]]:
    """The rows that the filters leave, but for the words.

    What a list can be sorted by is compared as the index has it that the order is read from.
    """
    found = []
    for number, (path, operator) in enumerate(shape.filters):
        known = collection.filters[path]
        value = parameter(f"p{number}", known.kind, operator)
        if path not in collection.sorts or collection.is_personal(path):
            found.append(known.build(row, operator, value))
        elif known.kind is DATE and operator in _COMPARED:
            day, down = row.c[path], dict(shape.sort).get(path, False)
            found += [day.is_not(None), predicate(_dated(day, descending=down), DATE, operator, value)]
        else:
            found.append(known.build(row, operator, value))
            if operator == "is" and _is_long(collection, path):
                found.append(_beginning(row.c[path]) == _beginning(value))
    return found


def conditions(collection: Collection, row: Row, shape: Shape) -> list[ColumnElement[bool]]:
    """The rows that the filters leave."""
    found = _filtered(collection, row, shape)
    if shape.terms:
        found.append(search_condition(collection.name, row, shape.terms))
    return found


def sort_keys(
    collection: Collection, shape: Shape, value: Callable[[str], ColumnElement[Any]]
) -> list[ColumnElement[Any]]:
    """The expressions that order a list."""
    keys = []
    for name, descending in shape.sort:
        key = value(name)
        if collection.filters[name].kind is DATE:
            key = _dated(key, descending=descending)
        elif _is_long(collection, name):
            key = _beginning(key)
        keys.append(key)
    return keys


def _is_long(collection: Collection, name: str) -> bool:
    return bool(collection.properties[name].get("maxLength", 0) > _LONG)


def _beginning(text: ColumnElement[str]) -> ColumnElement[str]:
    return func.left(text, _SORTED_BY)


def _dated(day: ColumnElement[Any], *, descending: bool) -> ColumnElement[Any]:
    """A date to sort by. A missing one counts as the last in either direction."""
    end = literal_column("'-infinity'::date" if descending else "'infinity'::date", Date)
    # Not COALESCE: under row security an index serves only comparisons that are known to reveal nothing.
    return case((day.is_(None), end), else_=day)


def _after(collection: Collection, keys: Sequence[ColumnElement[Any]], shape: Shape) -> ColumnElement[bool]:
    """Rows behind the cursor: one row comparison where all keys run one way, else spelt out."""
    values: list[Any] = [
        bindparam(f"c{number}", type_=collection.filters[name].kind.type)
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


def _ordered(statement: Statement, keys: Sequence[ColumnElement[Any]], shape: Shape) -> Statement:
    order = (key.desc() if down else key.asc() for key, (_, down) in zip(keys, shape.sort, strict=True))
    limit = literal_column(str(shape.rows)) if shape.rows else bindparam("limit", type_=Integer)
    return statement.order_by(*order).limit(limit)


def _changed(collection: Collection) -> CTE:
    """The records that were changed since the walk began, and their last change before it."""
    columns = column("record_id", Uuid), column("commit_number", BigInteger), column("ordinal", Integer)
    changed = func.changed_before(collection.name, _SINCE).table_valued(*columns)
    return select(*changed.c).cte("changed")


def _moved(collection: Collection, shape: Shape, changed: CTE) -> CTE:
    """Those of them that the caller sees, with the sort keys that they had when the walk began.

    A walk ends in the order in which it began: a row that is re-dated on the way keeps its old place in it.
    """
    then = CHANGES.alias("then")
    keys = sort_keys(
        collection, shape, lambda name: cast(then.c.record[name].astext, collection.filters[name].kind.type)
    )
    same = (then.c.commit_number == changed.c.commit_number) & (then.c.ordinal == changed.c.ordinal)
    there = select(then.c.record_id, *_labelled(keys)).select_from(changed.join(then, same))
    return there.where(then.c.action != "delete", then.c.action != "merge").cte("moved")


def _labelled(keys: Sequence[ColumnElement[Any]]) -> list[Label[Any]]:
    return [key.label(f"k{number}") for number, key in enumerate(keys)]


def _listed(
    collection: Collection,
    shape: Shape,
    columns: Mapping[str, ColumnElement[Any]],
    moved: CTE | None = None,
) -> Statement:
    """The columns of the rows that the filters leave, in order, behind the cursor; then the sort keys.

    `moved`: what was changed since the walk began, as it was then; else as if nothing had.
    """
    row = collection.table
    keys = sort_keys(collection, shape, lambda name: row.c[name])
    named = [column.label(name) for name, column in columns.items()]
    statement = select(*named, *_labelled(keys)).select_from(row)
    statement = statement.where(*_filtered(collection, row, shape))
    if not shape.after:
        return _found(collection, statement, keys, shape)
    statement = statement.where(_after(collection, keys, shape))
    if moved is None:
        return _found(collection, statement, keys, shape)
    stayed = statement.where(row.c.id.not_in(select(moved.c.record_id)))
    before = [moved.c[f"k{number}"] for number in range(len(keys))]
    back = (
        select(*named, *_labelled(before))
        .select_from(row.join(moved, moved.c.record_id == row.c.id))
        .where(*conditions(collection, row, shape), _after(collection, before, shape))
    )
    return _together(shape, _found(collection, stayed, keys, shape), _ordered(back, before, shape))


def _found(
    collection: Collection, statement: Statement, keys: Sequence[ColumnElement[Any]], shape: Shape
) -> Statement:
    """The rows in which the words are, in order."""
    if not shape.terms:
        return _ordered(statement, keys, shape)
    ways = [
        (_ordered(statement.where(found), keys, shape).subquery(), right)
        for found, right in rare_and_common(collection.name, collection.table, shape.terms)
    ]
    return _together(shape, *(select(*rows.c).where(right) for rows, right in ways))


def _together(shape: Shape, *parts: Statement) -> Statement:
    """Parts of a list as one, in its order."""
    rows = union_all(*parts).subquery()
    return _ordered(select(*rows.c), [rows.c[f"k{number}"] for number in range(len(shape.sort))], shape)


def fields_of(collection: Collection, shape: Shape, expand: Expand) -> dict[str, Source]:
    """What travels: the fields asked for and the relations to expand, else everything."""
    names = [*shape.fields, *(name for name in expand if name not in shape.fields)]
    chosen = names if shape.fields else [*collection.outputs]
    return {name: collection.outputs[name] for name in chosen if name in collection.outputs}


def page_plan(collection: Collection, asked: Asked, *, settled: bool = False) -> Compiled:
    """One page: the feed position it was read at, then the rows as JSON text with their sort keys.

    Behind a cursor it tells, too, whether records have `moved` since the walk began. `settled`: as if none had been
    changed; if one was, that counts as moved, and the page is wrong.
    """
    shape = asked.shape

    def build() -> Statement:
        fields = fields_of(collection, shape, asked.expand)
        columns = {"j": record_json(collection, collection.table, fields, asked.expand)}
        if not shape.after:
            return _told_with(_listed(collection, shape, columns))
        if settled:
            return _told_with(_listed(collection, shape, columns), _has_changed(collection))
        changed = _changed(collection)
        moved = _moved(collection, shape, changed)
        has_moved = _has_moved(collection, shape, changed, moved)
        return _told_with(_listed(collection, shape, columns, moved), has_moved)

    return collection.statement(("page", shape, settled), build)


def _told_with(page: Statement, *flags: ColumnElement[bool]) -> Statement:
    """The place in the feed at which a page is read, and whether records `moved`, beside each of its rows."""
    rows = page.subquery()
    told = JOURNAL_HEAD.c.position, *(flag.label("moved") for flag in flags)
    return select(*told, *rows.c).select_from(JOURNAL_HEAD.outerjoin(rows, true()))


def _has_changed(collection: Collection) -> ColumnElement[bool]:
    """Whether a record that was there when the walk began has changed since."""
    changed = select(func.has_changed(collection.name, _SINCE))  # asked once, not for each row
    return and_(JOURNAL_HEAD.c.position > _SINCE, changed.scalar_subquery())


def _has_moved(collection: Collection, shape: Shape, changed: CTE, moved: CTE) -> ColumnElement[bool]:
    """Whether one of them has another place than it had, or may have: it is not seen, or has gone."""
    row = collection.table
    keys = sort_keys(collection, shape, lambda name: row.c[name])
    elsewhere = [key.is_distinct_from(moved.c[f"k{number}"]) for number, key in enumerate(keys)]
    now = changed.outerjoin(moved, moved.c.record_id == changed.c.record_id)
    now = now.outerjoin(row, row.c.id == changed.c.record_id)
    return select(changed).select_from(now).where(or_(row.c.id.is_(None), *elsewhere)).exists()


def export_plan(collection: Collection, asked: Asked, ending: str) -> Compiled:
    """The whole list in order: one JSON text per row (`ndjson`), or one column per header (`csv`, `xlsx`)."""
    shape = asked.shape

    def build() -> Statement:
        row = collection.table
        if ending == "ndjson":
            fields = fields_of(collection, shape, asked.expand)
            columns = {"j": record_json(collection, row, fields, asked.expand)}
        else:
            columns = collection.cells(row, shape.fields or tuple(collection.outputs))
            if ending == "xlsx":
                columns = {name: bare(column) for name, column in columns.items()}
        moved = _moved(collection, shape, _changed(collection)) if shape.after else None
        rows = _listed(collection, shape, columns, moved).subquery()
        return select(*(rows.c[name] for name in columns))

    return collection.statement((ending, shape), build)


def count_plan(collection: Collection, asked: Asked) -> Compiled:
    """How many rows the filters leave."""
    shape = Shape(filters=asked.shape.filters, terms=asked.shape.terms)
    row = collection.table
    return collection.statement(
        ("count", shape),
        lambda: select(func.count()).select_from(row).where(*conditions(collection, row, shape)),
    )


def stats_plan(collection: Collection, asked: Asked) -> Compiled:
    """Counts per group, with the version of the data that they were read at."""
    shape = asked.shape

    def build() -> Statement:
        row: Row = collection.table
        source: Any = row
        groups: list[ColumnElement[Any]] = []
        for number, path in enumerate(shape.groups):
            build_group = collection.filters[path].group
            assert build_group is not None
            group = build_group(row)
            if isinstance(group, LateralFromClause):
                source = source.outerjoin(group, true())
                group = group.c[0]
            groups.append(group.label(f"g{number}"))
        counts = (
            select(*groups, func.count().label("count"))
            .select_from(source)
            .where(*conditions(collection, row, shape))
            .group_by(*groups)
            .order_by(*(group.asc().nulls_last() for group in groups))
            .limit(GROUPS_MOST + 1)
            .subquery()
        )
        return select(*VERSION_OF_DATA, *counts.c).select_from(JOURNAL_HEAD.outerjoin(counts, true()))

    return collection.statement(("stats", shape), build)
