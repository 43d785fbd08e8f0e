"""How any record is written. Runs inside the transaction of the request; nobody commits here.

One statement makes the change and returns the record as JSON; triggers do the rest in the same transaction.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Text, Uuid, bindparam, insert, select, update

from app.access.caller import Forbidden, NotYours
from app.collection.collection import Collection
from app.collection.merged import refuse_merged
from app.collection.own_keys import OWN_KEY, record_of
from app.collection.projection import WITHHELD, record_json
from app.collection.references import resolved, wanted
from app.collection.rules import check_rules
from app.collection.storing import same, stored
from app.collection.validation import changed, field_errors, validated
from app.db import Connection, Statement
from app.errors import Unprocessable


@dataclass(frozen=True)
class Written:
    """A record after a write."""

    id: UUID
    tag: str
    json: str
    changed: bool = True


@dataclass(frozen=True)
class Current:
    """A record, locked for this transaction."""

    id: UUID
    version: int
    tag: str
    json: str

    @property
    def record(self) -> dict[str, Any]:
        """The record as it is read."""
        found: dict[str, Any] = json.loads(self.json)
        return found


class Withheld(Forbidden):
    """The fields that `missing` names are not shown to this key, so it does not set them. Nothing was changed."""


async def locked(connection: Connection, collection: Collection, name: str) -> Current:
    """The record, held until the transaction ends."""
    column, value = collection.named(collection.table, name)
    found = await _locked(connection, collection, column.key, value)
    if found is None:
        await refuse_merged(connection, collection, column.key, value)
        raise collection.missing(name)
    return found


async def seen(connection: Connection, collection: Collection, name: str) -> Current:
    """The record as the caller sees it, not held: what the database does with it, it holds itself."""
    column, value = collection.named(collection.table, name)
    found = await _looked_up(connection, collection, column.key, value, hold=False)
    if found is None:
        await refuse_merged(connection, collection, column.key, value)
        raise collection.missing(name)
    return found


async def locked_by_key(connection: Connection, collection: Collection, key: str) -> Current | None:
    """The record of an own key, held until the transaction ends. If there is none, the key itself is held:
    of several requests that would make its record one does, and the others find it.
    """
    if (found := await _locked(connection, collection, OWN_KEY, key)) is not None:
        return found
    await connection.execute(_HOLD_KEY, collection.name, key)
    return await _locked(connection, collection, OWN_KEY, key)


_HOLD_KEY = "select pg_advisory_xact_lock(hashtextextended($1 || chr(31) || $2, 11))"


async def _locked(connection: Connection, collection: Collection, by: str, value: Any) -> Current | None:
    """The record, held; refused if it is seen but may not be written. The database holds only what may be."""
    version = None
    while (held := await _looked_up(connection, collection, by, value, hold=True)) is None:
        found = await _looked_up(connection, collection, by, value, hold=False)
        if found is None:
            return None
        if found.version == version:
            raise not_yours(collection, found.record)
        version = found.version  # it came, or was changed, between the two questions: ask once more
    return held


def not_yours(collection: Collection, record: Mapping[str, Any]) -> NotYours:
    """The refusal of a write to what one sees."""
    owner = record.get(collection.guard.owner or "")
    whose = f"belongs to {owner}" if owner else "is not your country's"
    return NotYours(f"This {collection.singular} {whose}: your key does not write it.", owner=owner)


async def _looked_up(
    connection: Connection, collection: Collection, by: str, value: Any, *, hold: bool
) -> Current | None:
    def build() -> Statement:
        row = collection.table
        json_text = record_json(collection, row, collection.outputs, {}).label("j")
        columns = (row.c.id, row.c.version, collection.tag(row).label("tag"), json_text)
        if by == OWN_KEY:
            hit = row.c.id == record_of(collection.name, bindparam("name", type_=Text()))
        else:
            hit = row.c[by] == bindparam("name", type_=row.c[by].type)
        found = select(*columns).where(hit)
        return found.with_for_update(of=row) if hold else found

    statement = collection.statement(("held" if hold else "seen", by), build)
    found = await connection.fetchrow(statement.sql, *statement.args({"name": value}))
    return Current(found["id"], found["version"], found["tag"], found["j"]) if found else None


async def create(connection: Connection, collection: Collection, body: Mapping[str, Any]) -> Written:
    """Make a record of the body."""
    said = validated(collection, body)
    found = await resolved(connection, wanted(collection, said, collection.writable))
    values = stored(collection, said, collection.writable, found)
    statement = collection.statement(("create",), lambda: _insert(collection, tuple(values)))
    row = await connection.fetchrow(statement.sql, *statement.args(values))
    assert row is not None
    written = Written(row["id"], row["tag"], row["j"])
    await check_rules(connection, collection, written.id)
    return written


async def change(
    connection: Connection, collection: Collection, current: Current, patch: Mapping[str, Any]
) -> Written:
    """Apply a merge patch. What is the same already is not written again."""
    if errors := field_errors(collection, patch):
        raise Unprocessable("The patch names fields that cannot be changed.", errors=errors)
    before = json.loads(current.json)
    patch = {name: value for name, value in patch.items() if name != WITHHELD}
    if unseen := [name for name in before.get(WITHHELD, ()) if name in patch]:
        raise Withheld("The patch names fields that are withheld from your key.", missing={"fields": unseen})
    said = changed(collection, before, patch)
    found = await resolved(connection, wanted(collection, said, patch))
    values: dict[str, Any] = {}
    for name in patch:
        after = stored(collection, said, (name,), found)
        if not same(collection, name, before[name], said, after):
            values |= after
    if not values:
        return Written(current.id, current.tag, current.json, changed=False)
    return await put(connection, collection, current, values)


async def put(
    connection: Connection, collection: Collection, current: Current, values: Mapping[str, Any]
) -> Written:
    """Set columns, also those that no body may set: what a workflow moves."""
    names = tuple(sorted(values))
    statement = collection.statement(("change", names), lambda: _update(collection, names))
    row = await connection.fetchrow(statement.sql, *statement.args({**values, "this": current.id}))
    assert row is not None
    await check_rules(connection, collection, current.id, values.keys())
    return Written(row["id"], row["tag"], row["j"])


async def since(connection: Connection, current: Current, known: str) -> dict[str, Any]:
    """The record as it is now, and the fields that changed since the version in an entity tag."""
    now = json.loads(current.json)
    found = re.search(r'"([0-9]{1,9})[".]', known)
    if not found:
        return {"current": now}
    rows = await connection.fetch(
        "select record from changes where record_id = $1 and version in ($2, $3) order by version",
        current.id,
        int(found[1]),
        current.version,
    )
    if len(rows) != 2:
        return {"current": now}
    before, after = (json.loads(row[0]) for row in rows)
    ignored = {"version", "updated_at"}
    changed = [
        name.removesuffix("_id") for name in after if name not in ignored and after[name] != before.get(name)
    ]
    return {"current": now, "changed_since": changed}


def _parameters(collection: Collection, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: bindparam(name, type_=collection.table.c[name].type) for name in names}


def _insert(collection: Collection, names: tuple[str, ...]) -> Statement:
    table = collection.table
    new = insert(table).values(_parameters(collection, names)).returning(*table.c).cte("new")
    return _returned(collection, new)


def _update(collection: Collection, names: tuple[str, ...]) -> Statement:
    table = collection.table
    changed = (
        update(table)
        .where(table.c.id == bindparam("this", type_=Uuid()))
        .values(_parameters(collection, names))
    )
    return _returned(collection, changed.returning(*table.c).cte("new"))


def _returned(collection: Collection, row: Any) -> Statement:
    json_text = record_json(collection, row, collection.outputs, {}).label("j")
    return select(row.c.id, collection.tag(row).label("tag"), json_text)
