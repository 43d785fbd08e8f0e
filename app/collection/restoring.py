"""How a deleted record comes back: as it last was, under the names that its neighbours have now."""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy import UniqueConstraint

from app.collection.collection import Collection
from app.collection.merged import refuse_merged, survivors
from app.collection.projection import Links, Ref
from app.collection.refusals import taken
from app.collection.rules import check_rules, check_rules_as_stored
from app.collection.writing import Written, locked
from app.db import Connection
from app.errors import Conflict, NotFound


class NotDeleted(Conflict):
    """Only a deleted record can be restored; this one exists."""


def not_deleted(collection: Collection) -> NotDeleted:
    """The refusal to restore what is there."""
    return NotDeleted(f"This {collection.singular} is not deleted.")


class Erased(Conflict):
    """What the record was has been erased for good, for the sake of a person. Nothing can bring it back."""


_ENDED = """select id, action, erased from (
  select distinct on (record_id) record_id::text as id, action, record::text = '{}' as erased from changes
  where record_id = any($1::uuid[]) and kind = $2
  order by record_id, version desc, action in ('delete', 'merge') desc) last
where action in ('delete', 'merge')"""
TURN = "select pg_advisory_xact_lock(hashtextextended($1, 14))"
"""Who restores a deleted record and who erases it take turns: there is no row of it to be held."""
_LAST_CHANGE = """select action, record, version from changes
where record_id = $1 and kind = $2 order by version desc, action in ('delete', 'merge') desc limit 1"""


async def restore(connection: Connection, collection: Collection, name: str) -> Written:
    """Bring a deleted record back as it last was."""
    table = collection.table
    column, value = collection.named(table, name)
    if column.key != "id":
        raise NotFound("A deleted record is restored by its id.")
    await connection.execute(f"{TURN}, set_config('register.action', 'restore', true)", str(value))
    last = await connection.fetchrow(_LAST_CHANGE, value, collection.name)
    if last is None:
        raise collection.missing(name)
    if last["action"] == "merge":
        await refuse_merged(connection, collection, "id", value)
        raise collection.missing(name)  # the caller does not see into what
    if last["action"] != "delete":
        raise not_deleted(collection)
    if last["record"] == "{}":
        raise Erased(f"This {collection.singular} was erased.")
    known = json.loads(last["record"])  # columns that are younger than it get their defaults
    now, gone = await _references_now(connection, collection, known)
    columns = ", ".join(f'"{each.name}"' for each in table.columns if each.name in known)
    try:
        await connection.execute(
            f"insert into {table.name} ({columns}) select {columns} from jsonb_populate_record(null::{table.name}, "  # noqa: S608  (names of our own tables)
            "$1::jsonb || $3::jsonb || jsonb_build_object('version', $2::int, 'updated_at', now()))",
            last["record"],
            last["version"] + 1,
            json.dumps(now),
        )
    except asyncpg.ForeignKeyViolationError:
        _refuse_without(collection, gone)
        raise
    back = await locked(connection, collection, str(value))
    await check_rules(connection, collection, [back.id])
    return Written(back.id, back.tag, back.json)


async def refuse_as_it_was(connection: Connection, collection: Collection, known: Mapping[str, Any]) -> None:
    """Refuse what would be refused to a record that is brought back as it was stored, as far as the caller sees it."""
    now, gone = await _references_now(connection, collection, known)
    name, back = collection.name, json.dumps({**known, **now})
    settled = f"select ({collection.settled}) from jsonb_populate_record(null::{name}, $1::jsonb) {name}"  # noqa: S608
    if (state := await connection.fetchval(settled, back)) is not None:
        raise collection.stays(state)
    _refuse_without(collection, gone)
    for fields, statement in _taken(collection):
        if await connection.fetchval(statement, back):
            raise taken(fields)
    await check_rules_as_stored(connection, collection, back)


def _refuse_without(collection: Collection, gone: Sequence[str]) -> None:
    if gone:
        raise Conflict(
            f"What this {collection.singular} names in {' and '.join(gone)} is deleted: bring that back first."
        )


@cache
def _taken(collection: Collection) -> list[tuple[list[str], str]]:
    """What no two records have, and a statement that tells whether another one has it."""
    name = collection.name
    stored = f"jsonb_populate_record(null::{name}, $1::jsonb) as stored"
    found = [
        (
            [column.name for column in constraint.columns],
            f"select exists (select from {name} r, {stored} where "  # noqa: S608  (our own names)
            + " and ".join(f"r.{column.name} = stored.{column.name}" for column in constraint.columns)
            + ")",
        )
        for constraint in collection.table.constraints
        if isinstance(constraint, UniqueConstraint)
    ]
    keys = f"select exists (select from own_keys k, {stored} where k.kind = '{name}' and k.key = any(stored.keys))"  # noqa: S608
    return [*found, (["keys"], keys)]


async def _references_now(
    connection: Connection, collection: Collection, known: Mapping[str, Any]
) -> tuple[dict[str, Any], list[str]]:
    """The columns that name records which were merged since, with those into which they were; without the erased. And
    the fields that name what is deleted.
    """
    columns: dict[str, Any] = {}
    gone: list[str] = []
    for name, source in collection.outputs.items():
        column = f"{name}_id"
        if isinstance(source, Ref):
            named = {known[column]} if known.get(column) else set()
        elif isinstance(source, Links):
            named = {link["id"] for link in known.get(name) or ()}
        else:
            continue
        if not named:
            continue
        ended = await connection.fetch(_ENDED, list(named), source.to.name)
        merged = [row["id"] for row in ended if row["action"] == "merge"]
        found = await survivors(connection, source.to, "id", merged) if merged else {}
        last = {row["id"]: row["erased"] for row in ended if row["id"] not in found}
        if isinstance(source, Links) and found:
            columns[name] = _relinked(source.to, known[name], found)
        elif isinstance(source, Ref) and found:
            [(survivor, _)] = found.values()
            columns[column] = str(survivor)
        if isinstance(source, Ref) and collection.table.c[column].nullable and any(last.values()):
            columns[column] = None
        elif last:
            gone.append(f"`{name}`")
    return columns, gone


def _relinked(
    to: Collection, links: list[dict[str, Any]], found: Mapping[str, tuple[UUID, str | None]]
) -> list[dict[str, Any]]:
    """A list of references with the survivors' names; what is then named twice stands there once."""
    relinked: list[dict[str, Any]] = []
    for link in links:
        now = dict(link)
        if link["id"] in found:
            survivor, key = found[link["id"]]
            now["id"] = str(survivor)
            if to.key:
                now[to.key] = int(key) if to.key == "number" and key else key
        if now not in relinked:
            relinked.append(now)
    return relinked
