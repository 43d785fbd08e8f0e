"""The statements of the feed. What a change means to a caller is said by the view `told` of the database."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    Integer,
    Text,
    Uuid,
    any_,
    bindparam,
    case,
    cast,
    column,
    func,
    literal,
    literal_column,
    select,
    table,
    true,
    union_all,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSON
from sqlalchemy.sql.elements import ColumnElement

from app.changes.images import record_of_change
from app.collection.collection import Collection
from app.collection.projection import record_json
from app.db import Compiled, compiled
from app.journal import CHANGES, COMMITS, JOURNAL_HEAD

_AFTER = bindparam("after", type_=BigInteger)
_SPAN = bindparam("span", type_=BigInteger)
_KINDS = bindparam("kinds", type_=ARRAY(Text))
_TOLD_CHANGES = table(
    "told",
    column("commit_number", BigInteger),
    column("ordinal", Integer),
    column("kind", Text),
    column("record_id", Uuid),
    column("version", Integer),
    column("action", Text),
    column("record", JSON),
    column("survivor_id", Uuid),
    column("system", Text),
)
_TOLD = ("create", "update", "restore")
"""Actions that leave a record to be shown."""


def page(collections: Sequence[Collection], *, records: bool) -> Compiled:
    """The head, the oldest position after which the feed is kept, and of the next `span` changes those of the asked
    kinds that the caller may see, at most `limit`: place and item.
    """
    seen = _seen()
    picked = (
        select(seen).order_by(seen.c.position).limit(bindparam("limit", type_=Integer)).subquery("picked")
    )
    columns: list[ColumnElement[Any]] = [
        picked.c.position,
        picked.c.at,
        _path(collections, picked.c.kind).label("kind"),
        picked.c.record_id.label("id"),
        picked.c.version,
        picked.c.action,
        _address(collections, picked.c.kind, picked.c.record_id).label("href"),
        picked.c.by_me,
        case((picked.c.by_me, picked.c.request_id)).label("request_id"),
        picked.c.survivor_id,
        picked.c.system,
    ]
    if records:
        images = [
            (picked.c.kind == each.name, record_of_change(each, picked.c.record, picked))
            for each in collections
        ]
        told = picked.c.action.in_([literal_column(f"'{word}'") for word in _TOLD])
        columns.append(case((told, case(*images))).label("record"))
    item = select(*columns).correlate(picked).subquery()
    told_item = select(func.row_to_json(item.table_valued())).correlate(picked).scalar_subquery()
    rows = (
        select(picked.c.position, cast(told_item, Text).label("item")).order_by(picked.c.position).subquery()
    )
    head = select(JOURNAL_HEAD.c.position.label("head"), _kept_after().label("kept_after"), *rows.c)
    return compiled(head.select_from(JOURNAL_HEAD.outerjoin(rows, true())).order_by(rows.c.position))


def _seen() -> Any:
    """The next `span` changes of the asked kinds that mean something to the caller.

    Positions have no holes, so that exactly as many commits and changes are read as are asked for.
    """
    first = (COMMITS.c.position - COMMITS.c.changes).label("first")
    commits = (
        select(COMMITS.c.number, COMMITS.c.at, COMMITS.c.key_id, COMMITS.c.request_id, first)
        .where(COMMITS.c.position > _AFTER)
        .order_by(COMMITS.c.position)
        .limit(cast(_SPAN, BigInteger))
        .subquery("c")
    )
    change = _TOLD_CHANGES.alias("h")
    known = bindparam("caller", type_=Uuid).is_not(None)
    mine = commits.c.key_id.is_not_distinct_from(bindparam("caller", type_=Uuid)) & commits.c.key_id.is_not(
        None
    )
    return (
        select(
            (commits.c.first + change.c.ordinal).label("position"),
            commits.c.at,
            commits.c.request_id,
            mine.label("by_me"),
            change.c.kind,
            change.c.record_id,
            change.c.version,
            change.c.survivor_id,
            case((known & (change.c.action != literal_column("'hide'")), change.c.system)).label("system"),
            change.c.record,
            change.c.action,
        )
        .select_from(commits.join(change, change.c.commit_number == commits.c.number))
        .where(
            commits.c.first < _AFTER + _SPAN,
            change.c.ordinal > _AFTER - commits.c.first,
            change.c.ordinal <= _AFTER + _SPAN - commits.c.first,
            change.c.kind == any_(_KINDS),
        )
        .subquery("seen")
    )


def other_kinds() -> Compiled:
    """How many of the changes behind `after`, up to and with `upto`, are of other kinds than those asked for."""
    first = COMMITS.c.position - COMMITS.c.changes
    upto = bindparam("upto", type_=BigInteger)
    commits = (
        select(COMMITS.c.number, first.label("first"))
        .where(COMMITS.c.position > _AFTER)
        .order_by(COMMITS.c.position)
        .limit(upto - _AFTER)
        .subquery("c")
    )
    return compiled(
        select(func.count())
        .select_from(commits.join(CHANGES, CHANGES.c.commit_number == commits.c.number))
        .where(
            commits.c.first < upto,
            CHANGES.c.ordinal > _AFTER - commits.c.first,
            CHANGES.c.ordinal <= upto - commits.c.first,
            ~(CHANGES.c.kind == any_(_KINDS)),
        )
    )


def _kept_after() -> ColumnElement[int]:
    """Of the newest change that is older than the feed reaches back."""
    days = func.make_interval(0, 0, 0, bindparam("days", type_=Integer))
    old = (
        select(COMMITS.c.position)
        .where(COMMITS.c.at < func.now() - days)
        .order_by(COMMITS.c.at.desc())
        .limit(1)
    )
    return func.coalesce(old.scalar_subquery(), literal_column("0"))


def _path(collections: Sequence[Collection], kind: ColumnElement[str]) -> ColumnElement[str]:
    return case(*((kind == each.name, literal(each.path)) for each in collections))


def _address(
    collections: Sequence[Collection], kind: ColumnElement[str], record_id: ColumnElement[Any]
) -> ColumnElement[str]:
    """Where the record is read; there is one plan, and it has no id in its address."""
    named = (
        (
            kind == each.name,
            literal(f"/v1/{each.path}/") + cast(record_id, Text)
            if each.path != each.singular
            else literal(f"/v1/{each.path}"),
        )
        for each in collections
    )
    return case(*named)


@lru_cache(64)
def digest(collections: tuple[Collection, ...]) -> Compiled:
    """The head, and for each kind how many records there are and the sum of their hashes modulo 2^64."""
    parts = []
    for place, each in enumerate(collections):
        row = each.table
        text = func.concat(literal_column(f"'{each.path}:'"), row.c.id, literal_column("':'"), row.c.version)
        hashed = func.sha256(func.convert_to(text, literal_column("'UTF8'")))
        number = cast(func.substr(hashed, 1, 8), BigInteger)
        total = func.mod(func.coalesce(func.sum(number), 0), literal_column("18446744073709551616"))
        parts.append(
            select(
                literal(each.path).label("kind"),
                func.count().label("count"),
                total.label("total"),
                literal_column(str(place)).label("place"),
            ).select_from(row)
        )
    kinds = union_all(*parts).subquery()
    found = select(JOURNAL_HEAD.c.position, *kinds.c).select_from(JOURNAL_HEAD, kinds)
    return compiled(found.order_by(kinds.c.place))  # large tables are counted beside each other, in any order


@lru_cache(64)
def snapshot(collections: tuple[Collection, ...]) -> Compiled:
    """Every record of some kinds, as items of the feed: what a follower begins with."""
    parts = []
    for each in collections:
        row = each.table
        item = (
            select(
                literal(each.path).label("kind"),
                row.c.id,
                row.c.version,
                record_json(each, row, each.outputs, {}).label("record"),
            )
            .correlate(row)
            .subquery()
        )
        parts.append(
            select(
                select(func.row_to_json(item.table_valued())).correlate(row).scalar_subquery().label("j")
            ).select_from(row)
        )
    return compiled(union_all(*parts))
