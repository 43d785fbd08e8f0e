"""How a deleted record comes back: as it last was, under the names that its neighbours have now."""

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from app.collection.collection import Collection
from app.collection.merged import refuse_merged, survivors
from app.collection.projection import Links, Ref
from app.collection.rules import check_rules
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
    columns = ", ".join(f'"{each.name}"' for each in table.columns if each.name in known)
    await connection.execute(
        f"insert into {table.name} ({columns}) select {columns} from jsonb_populate_record(null::{table.name}, "  # noqa: S608  (names of our own tables)
        "$1::jsonb || $3::jsonb || jsonb_build_object('version', $2::int, 'updated_at', now()))",
        last["record"],
        last["version"] + 1,
        json.dumps(await _references_now(connection, collection, known)),
    )
    back = await locked(connection, collection, str(value))
    await check_rules(connection, collection, [back.id])
    return Written(back.id, back.tag, back.json)


async def _references_now(
    connection: Connection, collection: Collection, known: Mapping[str, Any]
) -> dict[str, Any]:
    """The columns that name records which were merged since, with those into which they were; without the erased."""
    columns: dict[str, Any] = {}
    for name, source in collection.outputs.items():
        if isinstance(source, Ref) and (named := known.get(f"{name}_id")):
            last = await connection.fetchrow(_LAST_CHANGE, UUID(named), source.to.name)
            if last is not None and last["record"] == "{}" and collection.table.c[f"{name}_id"].nullable:
                columns[f"{name}_id"] = None
            for survivor, _ in (await survivors(connection, source.to, "id", [named])).values():
                columns[f"{name}_id"] = str(survivor)
        elif isinstance(source, Links) and (links := known.get(name)):
            found = await survivors(connection, source.to, "id", {link["id"] for link in links})
            if found:
                columns[name] = _relinked(source.to, links, found)
    return columns


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
