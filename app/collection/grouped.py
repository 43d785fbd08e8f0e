"""Records that several requests write in one transaction, each made or changed as it would be alone.

Whoever cannot go with the others (a mistake, a reference to nothing) is left out, with None in its place: alone it is
told why. What the database refuses, it refuses to all.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any
from uuid import UUID

from sqlalchemy import Text, bindparam, column, func, insert, select, true
from sqlalchemy.dialects.postgresql import ARRAY, distinct_on

from app.collection.collection import Collection
from app.collection.holding import version_seen
from app.collection.own_keys import OWN_KEY, OWN_KEYS
from app.collection.references import Want, known_records, matched, wanted
from app.collection.storing import stored
from app.collection.writing import (
    Current,
    Written,
    columns_of,
    drafted,
    given_rows,
    returned,
    update_all,
    write_rows,
)
from app.db import Connection, Statement
from app.errors import Problem

_STATEMENTS = 3
"""Who changes other columns than most goes alone, at the same time: here they would be written one after the other."""
Places = dict[int, Any]
"""By the place of each in the group."""


async def locked_together(
    connection: Connection, collection: Collection, by: str, asked: Sequence[tuple[Any, str, str | None]]
) -> dict[Any, Current]:
    """Records by their names, held until the transaction ends: those that nobody else holds or has just changed, and
    that one may write.

    `asked`: each name, with the request that names it and its reason. The journal is told which request writes which
    record; one that is named in two ways is written by one of them.
    """
    statement = collection.statement(("held together", by), lambda: _locked_together(collection, by))
    names, requests, reasons = zip(*asked, strict=True)
    values = {"names": names, "requests": requests, "reasons": reasons}
    found = await connection.fetch(statement.sql, *statement.args(values))
    return {each["name"]: Current(each["id"], each["version"], each["tag"], each["j"]) for each in found}


async def create(
    connection: Connection,
    collection: Collection,
    drafts: Sequence[Callable[[], Mapping[str, Any]]],
    who: Sequence[tuple[str, str | None]],
) -> list[Written | None]:
    """Make records of what drafts bring, if they are valid; `who`: the request of each, and its reason."""
    valid: Places = {}
    for place, draft in enumerate(drafts):
        with suppress(Problem):
            valid[place] = draft()
    wants = {place: wanted(collection, said, collection.writable) for place, said in valid.items()}
    rows: Places = {}
    for place, found in (await _references(connection, wants)).items():
        with suppress(Problem):
            rows[place] = stored(collection, valid[place], collection.writable, found)
    made: list[Written] = []
    if rows:
        made = await _inserted(connection, collection, list(rows.values()), [who[place] for place in rows])
    done = dict(zip(rows, made, strict=True))
    return [done.get(place) for place in range(len(drafts))]


async def change(
    connection: Connection, collection: Collection, patches: Sequence[tuple[Current, Mapping[str, Any]]]
) -> list[Written | None]:
    """Apply a merge patch to each of several records, which are held."""
    drafts: Places = {}
    for place, (current, patch) in enumerate(patches):
        with suppress(Problem):
            drafts[place] = drafted(collection, current, patch)
    wants = {place: wanted(collection, draft.said, draft.names) for place, draft in drafts.items()}
    done: dict[UUID, Written] = {}
    alike: dict[tuple[str, ...], dict[UUID, Mapping[str, Any]]] = {}
    for place, found in (await _references(connection, wants)).items():
        current, _ = patches[place]
        with suppress(Problem):
            if values := drafts[place].differing(found):
                alike.setdefault(tuple(sorted(values)), {})[current.id] = values
            else:
                done[current.id] = Written(current.id, current.tag, current.json, changed=False)
    commonest = sorted(alike.values(), key=len, reverse=True)[:_STATEMENTS]
    for rows in commonest:
        done |= {each.id: each for each in await update_all(connection, collection, rows)}
    return [done.get(current.id) for current, _ in patches]


async def _references(connection: Connection, wants: Mapping[int, list[Want]]) -> Places:
    """The records behind the pointers of each, in one statement; who names one that is not there is left out."""
    known = await known_records(connection, (want for each in wants.values() for want in each))
    found = {place: matched(each, known) for place, each in wants.items()}
    return {place: records for place, (records, mistakes) in found.items() if not mistakes}


async def _inserted(
    connection: Connection,
    collection: Collection,
    rows: Sequence[Mapping[str, Any]],
    who: Sequence[tuple[str, str | None]],
) -> list[Written]:
    """Make records of the same columns, in this order. The journal is told which request makes each, and why."""
    names = tuple(rows[0])
    statement = collection.statement(("create told", *names), lambda: _insert_told(collection, names))
    requests, reasons = zip(*who, strict=True)
    return await write_rows(connection, collection, statement, rows, requests=requests, reasons=reasons)


def _locked_together(collection: Collection, by: str) -> Statement:
    row, own = collection.table, OWN_KEYS.alias()
    name: Any = own.c.key if by == OWN_KEY else row.c[by]
    asked = bindparam("names", type_=ARRAY(name.type))
    columns = name.label("name"), *columns_of(collection, row), version_seen(row)
    found = select(*columns).where(name == func.any(asked))
    if by == OWN_KEY:
        found = found.join_from(row, own, (own.c.record_id == row.c.id) & (own.c.kind == collection.name))
    locked = found.order_by(row.c.id).with_for_update(of=row, skip_locked=True).cte("locked")
    whole = select(locked).where(locked.c.version == locked.c.seen)
    once = whole.ext(distinct_on(locked.c.id)).order_by(locked.c.id, locked.c.name).cte("once")
    who = _who({"names": name.type})
    each = select(once.c.id, who.c.requests, who.c.reasons).join(who, who.c.names == once.c.name)
    return select(once).select_from(once.join(_told(each.subquery()), true()))


def _insert_told(collection: Collection, names: tuple[str, ...]) -> Statement:
    table = collection.table
    rows = given_rows(collection, names, with_ordinality="ordinality")
    who = _who({}, with_ordinality="place")
    known = select(who, func.uuidv7().label("id"), *(rows.c[name] for name in names))
    known = known.join_from(rows, who, who.c.place == rows.c.ordinality)
    each = known.cte("each").prefix_with("materialized")
    made = select(*(each.c[name] for name in ("id", *names))).join_from(each, _told(each), true())
    new = insert(table).from_select(("id", *names), made).returning(*table.c).cte("new")
    return returned(collection, new).join_from(new, each, each.c.id == new.c.id).order_by(each.c.place)


def _who(beside: Mapping[str, Any], **more: str) -> Any:
    """The requests that write, and their reasons, as they are given; beside columns of other types."""
    kinds = {**beside, "requests": Text(), "reasons": Text()}
    given = func.unnest(*(bindparam(name, type_=ARRAY(kind)) for name, kind in kinds.items()))
    columns = (column(name, kind) for name, kind in kinds.items())
    return given.table_valued(*columns, **more).render_derived("who")


def _told(each: Any) -> Any:
    """Tells the journal which request writes which record, and why."""
    requests = func.json_object_agg(each.c.id, func.json_build_array(each.c.requests, each.c.reasons))
    return select(func.tell_requests(requests)).select_from(each).cte("told").prefix_with("materialized")
