"""How any record is written. Runs inside the transaction of the request; nobody commits here.

One statement makes the change and returns the record as JSON; triggers do the rest in the same transaction.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy import JSON, Text, bindparam, column, func, insert, literal_column, select, update
from sqlalchemy.dialects.postgresql import JSONB

from app.access.caller import Forbidden, NotYours
from app.collection.collection import Collection
from app.collection.holding import fetch_held, version_seen
from app.collection.merged import refuse_merged
from app.collection.own_keys import OWN_KEY, record_of
from app.collection.projection import WITHHELD, record_json
from app.collection.references import Found, resolved, wanted
from app.collection.rules import check_rules
from app.collection.storing import same, stored
from app.collection.validation import changed, field_errors, validated
from app.db import Compiled, Connection, Statement
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
        if by == OWN_KEY:
            hit = row.c.id == record_of(collection.name, bindparam("name", type_=Text()))
        else:
            hit = row.c[by] == bindparam("name", type_=row.c[by].type)
        found = select(*columns_of(collection, row)).where(hit)
        return found.add_columns(version_seen(row)).with_for_update(of=row) if hold else found

    statement = collection.statement(("held" if hold else "seen", by), build)
    args = statement.args({"name": value})
    rows = await (
        fetch_held(connection, statement.sql, args) if hold else connection.fetch(statement.sql, *args)
    )
    return Current(rows[0]["id"], rows[0]["version"], rows[0]["tag"], rows[0]["j"]) if rows else None


def columns_of(collection: Collection, row: Any) -> tuple[Any, ...]:
    """Id, version, tag and JSON of a row."""
    json_text = record_json(collection, row, collection.outputs, {}).label("j")
    return row.c.id, row.c.version, collection.tag(row).label("tag"), json_text


async def create(connection: Connection, collection: Collection, body: Mapping[str, Any]) -> Written:
    """Make a record of the body."""
    return await make(connection, collection, validated(collection, body))


async def make(connection: Connection, collection: Collection, said: Mapping[str, Any]) -> Written:
    """Make a record of valid fields."""
    found = await resolved(connection, wanted(collection, said, collection.writable))
    values = stored(collection, said, collection.writable, found)
    names = tuple(values)
    statement = collection.statement(("create", *names), lambda: _insert(collection, names))
    return (await write_rows(connection, collection, statement, [values]))[0]


async def change(
    connection: Connection, collection: Collection, current: Current, patch: Mapping[str, Any]
) -> Written:
    """Apply a merge patch. What is the same already is not written again."""
    draft = drafted(collection, current, patch)
    found = await resolved(connection, wanted(collection, draft.said, draft.names))
    if not (values := draft.differing(found)):
        return Written(current.id, current.tag, current.json, changed=False)
    return await put(connection, collection, current, values)


@dataclass(frozen=True)
class Draft:
    """A change of a record, as the schema allows it: its references are not looked up yet."""

    collection: Collection
    before: Mapping[str, Any]
    said: Mapping[str, Any]
    names: Sequence[str]
    """The fields that the patch names."""

    def differing(self, found: Mapping[str, Found]) -> dict[str, Any]:
        """The columns that change, and their values."""
        values: dict[str, Any] = {}
        for name in self.names:
            after = stored(self.collection, self.said, (name,), found)
            if not same(self.collection, name, self.before[name], self.said, after):
                values |= after
        return values


def drafted(collection: Collection, current: Current, patch: Mapping[str, Any]) -> Draft:
    """What a merge patch makes of a record, or the refusal."""
    if errors := field_errors(collection, patch):
        raise Unprocessable("The patch names fields that cannot be changed.", errors=errors)
    before = current.record
    patch = {name: value for name, value in patch.items() if name != WITHHELD}
    if unseen := [name for name in before.get(WITHHELD, ()) if name in patch]:
        raise Withheld("The patch names fields that are withheld from your key.", missing={"fields": unseen})
    return Draft(collection, before, changed(collection, before, patch), tuple(patch))


async def put(
    connection: Connection, collection: Collection, current: Current, values: Mapping[str, Any]
) -> Written:
    """Set columns, also those that no body may set: what a workflow moves."""
    return (await update_all(connection, collection, {current.id: values}))[0]


async def update_all(
    connection: Connection, collection: Collection, rows: Mapping[UUID, Mapping[str, Any]]
) -> list[Written]:
    """Set the same columns of records, by their ids."""
    names = tuple(sorted(next(iter(rows.values()))))
    statement = collection.statement(("change", names), lambda: _update(collection, names))
    records = [{"id": record_id, **values} for record_id, values in rows.items()]
    return await write_rows(connection, collection, statement, records, set(names))


async def write_rows(
    connection: Connection,
    collection: Collection,
    statement: Compiled,
    rows: Sequence[Mapping[str, Any]],
    changed: set[str] | None = None,
    **more: Any,
) -> list[Written]:
    """Run a statement that writes rows, and look at the rules."""
    told = f"[{','.join(_as_json(collection, row) for row in rows)}]"
    written = [
        Written(row["id"], row["tag"], row["j"])
        for row in await connection.fetch(statement.sql, *statement.args({"rows": told, **more}))
    ]
    await check_rules(connection, collection, [each.id for each in written], changed)
    return written


def _as_json(collection: Collection, row: Mapping[str, Any]) -> str:
    """A row as a JSON object, by its columns. What is stored as JSON comes as such."""
    stored_so = _stored_as_json(collection)
    plain = to_json({name: value for name, value in row.items() if name not in stored_so}).decode()
    return plain[:-1] + "".join(f',"{name}":{row[name] or "null"}' for name in stored_so if name in row) + "}"


@cache
def _stored_as_json(collection: Collection) -> tuple[str, ...]:
    return tuple(each.name for each in collection.table.c if isinstance(each.type, JSONB))


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


def given_rows(collection: Collection, names: Sequence[str], **more: str) -> Any:
    """The rows that a statement is given, one JSON value for any number of them."""
    table = collection.table
    given = func.json_populate_recordset(literal_column(f"null::{table.name}"), bindparam("rows", type_=JSON))
    columns = (column(name, table.c[name].type) for name in names)
    return given.table_valued(*columns, name="given", **more)


def _insert(collection: Collection, names: tuple[str, ...]) -> Statement:
    table = collection.table
    rows = select(*given_rows(collection, names).c)
    return returned(collection, insert(table).from_select(names, rows).returning(*table.c).cte("new"))


def _update(collection: Collection, names: tuple[str, ...]) -> Statement:
    table, given = collection.table, given_rows(collection, ("id", *names))
    changed = update(table).where(table.c.id == given.c.id).values({name: given.c[name] for name in names})
    return returned(collection, changed.returning(*table.c).cte("new"))


def returned(collection: Collection, row: Any) -> Statement:
    """What is told of rows that a statement writes."""
    return select(*columns_of(collection, row))
