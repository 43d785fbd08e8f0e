"""How any record is written. Runs inside the transaction of the request; nobody commits here.

One statement makes the change and returns the record as JSON; triggers do the rest in the same transaction.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import (
    Select,
    Text,
    Uuid,
    bindparam,
    delete,
    func,
    insert,
    literal_column,
    select,
    union_all,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from app.collection.collection import Collection, Rule
from app.collection.fields import INSTANT
from app.collection.own_keys import OWN_KEY, record_of
from app.collection.projection import Links, Ref, record_json
from app.collection.references import Found, resolved, wanted
from app.collection.referring import referrers
from app.collection.validation import field_errors, merged, validated
from app.db import Connection, compiled
from app.errors import Conflict, NotFound, StillReferred, Unprocessable


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


class NotDeleted(Conflict):
    """Only a deleted record can be restored; this one exists."""


async def locked(connection: Connection, collection: Collection, name: str) -> Current:
    """The record, held until the transaction ends."""
    column, value = collection.named(collection.table, name)
    found = await _locked(connection, collection, column.key, value)
    if found is None:
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
    def build() -> Select[Any]:
        row = collection.table
        json_text = record_json(collection, row, collection.outputs, {}).label("j")
        columns = (row.c.id, row.c.version, collection.tag(row).label("tag"), json_text)
        if by == OWN_KEY:
            hit = row.c.id == record_of(collection.name, bindparam("name", type_=Text()))
        else:
            hit = row.c[by] == bindparam("name", type_=row.c[by].type)
        return select(*columns).where(hit).with_for_update(of=row)

    statement = collection.statement(("locked", by), build)
    found = await connection.fetchrow(statement.sql, *statement.args({"name": value}))
    return Current(found["id"], found["version"], found["tag"], found["j"]) if found else None


async def create(connection: Connection, collection: Collection, body: Mapping[str, Any]) -> Written:
    """Make a record of the body."""
    model = validated(collection, body)
    found = await resolved(connection, wanted(collection, model, collection.writable))
    values = stored(collection, model, collection.writable, found)
    statement = collection.statement(("create",), lambda: _insert(collection, tuple(values)))
    row = await connection.fetchrow(statement.sql, *statement.args(values))
    assert row is not None
    written = Written(row["id"], row["tag"], row["j"])
    await _check_rules(connection, collection, written.id)
    return written


async def change(
    connection: Connection, collection: Collection, current: Current, patch: Mapping[str, Any]
) -> Written:
    """Apply a merge patch. What is the same already is not written again."""
    if errors := field_errors(collection, patch):
        raise Unprocessable("The patch names fields that cannot be changed.", errors=errors)
    before = json.loads(current.json)
    model = validated(collection, merged(collection, before, patch))
    found = await resolved(connection, wanted(collection, model, tuple(patch)))
    values: dict[str, Any] = {}
    for name in patch:
        after = stored(collection, model, (name,), found)
        if not same(collection, name, before[name], model, after):
            values |= after
    if not values:
        return Written(current.id, current.tag, current.json, changed=False)
    statement = collection.statement(
        ("change", tuple(sorted(values))), lambda: _update(collection, tuple(values))
    )
    row = await connection.fetchrow(statement.sql, *statement.args({**values, "this": current.id}))
    assert row is not None
    await _check_rules(connection, collection, current.id)
    return Written(row["id"], row["tag"], row["j"])


async def remove(connection: Connection, collection: Collection, current: Current, *, cascade: bool) -> None:
    """Delete a record; the journal keeps it. Whoever refers to it blocks that, or goes along with `cascade`."""
    if cascade:
        await _let_go(connection, collection.table, [current.id])
    else:
        await _refuse_if_referred(connection, collection, current.id)
    statement = compiled(
        delete(collection.table).where(collection.table.c.id == bindparam("this", type_=Uuid()))
    )
    await connection.execute(statement.sql, current.id)


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


_LAST_CHANGE = """select action, record, version from changes
where record_id = $1 and kind = $2 order by version desc, commit_number desc limit 1"""


async def restore(connection: Connection, collection: Collection, name: str) -> Written:
    """Bring a deleted record back as it last was."""
    table = collection.table
    column, value = collection.named(table, name)
    if column.key != "id":
        raise NotFound("A deleted record is restored by its id.")
    last = await connection.fetchrow(_LAST_CHANGE, value, collection.name)
    if last is None:
        raise collection.missing(name)
    if last["action"] != "delete":
        raise NotDeleted(f"This {collection.singular} is not deleted.")
    await connection.execute("select set_config('register.action', 'restore', true)")

    columns = ", ".join(f'"{each.name}"' for each in table.columns)
    await connection.execute(
        f"insert into {table.name} ({columns}) select {columns} from jsonb_populate_record(null::{table.name}, "  # noqa: S608  (names of our own tables)
        "$1::jsonb || jsonb_build_object('version', $2::int, 'updated_at', now()))",
        last["record"],
        last["version"] + 1,
    )
    back = await locked(connection, collection, str(value))
    await _check_rules(connection, collection, back.id)
    return Written(back.id, back.tag, back.json)


def stored(
    collection: Collection, model: BaseModel, names: tuple[str, ...], found: Mapping[str, Found]
) -> dict[str, Any]:
    """Column values of the named fields."""
    values: dict[str, Any] = {}
    for name in names:
        source, value = collection.outputs[name], getattr(model, name)
        if isinstance(source, Ref):
            values[f"{name}_id"] = None if value is None else found[f"/{name}"].id
        elif isinstance(source, Links):
            values[name] = _json(_links(collection, source, name, value, found))
        elif isinstance(collection.table.c[name].type, JSONB):
            values[name] = _json(value and model.model_dump(mode="json", include={name})[name])
        else:
            values[name] = value
    return values


def _json(value: Any) -> str:
    return "[]" if value == [] else json.dumps(value, ensure_ascii=False)


def kept(
    collection: Collection, model: BaseModel, names: Iterable[str], before: Mapping[str, Any]
) -> dict[str, Any]:
    """Column values of fields that stay as they are: `before` is the record as JSON, `model` the same, typed."""
    values: dict[str, Any] = {}
    for name in names:
        source = collection.outputs[name]
        if isinstance(source, Ref):
            values[f"{name}_id"] = before[name] and UUID(before[name]["id"])
        elif isinstance(collection.table.c[name].type, JSONB):
            values[name] = None if before[name] is None else _json(before[name])
        else:
            values[name] = getattr(model, name)
    return values


def _links(
    collection: Collection, source: Links, name: str, links: list[BaseModel], found: Mapping[str, Found]
) -> list[dict[str, Any]]:
    stored = []
    for number, link in enumerate(links):
        hit = found[f"/{name}/{number}"]
        key = int(hit.key) if source.to.key == "number" and hit.key is not None else hit.key
        entry = {"id": str(hit.id), **({source.to.key: key} if source.to.key else {})}
        entry |= {extra: getattr(link, extra) for extra in source.extras}
        if entry in stored:
            raise Unprocessable(
                "A list names something twice.",
                errors=[
                    {
                        "pointer": f"/{name}/{number}",
                        "code": "repeated",
                        "message": "It is in the list already.",
                    }
                ],
            )
        stored.append(entry)
    return stored


def same(collection: Collection, name: str, before: Any, model: BaseModel, after: Mapping[str, Any]) -> bool:
    """Whether the field would be stored as it is."""
    source = collection.outputs[name]
    if isinstance(source, Ref):
        now = after[f"{name}_id"]
        return bool((before or {}).get("id") == (None if now is None else str(now)))
    if isinstance(source, Links):
        return bool(json.loads(after[name]) == before)
    now = model.model_dump(mode="json", include={name})[name]
    if name in collection.filters and collection.filters[name].kind is INSTANT and before and now:
        return datetime.fromisoformat(before) == datetime.fromisoformat(now)
    return bool(now == before)


def _parameters(collection: Collection, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: bindparam(name, type_=collection.table.c[name].type) for name in names}


def _insert(collection: Collection, names: tuple[str, ...]) -> Select[Any]:
    table = collection.table
    new = insert(table).values(_parameters(collection, names)).returning(*table.c).cte("new")
    return _returned(collection, new)


def _update(collection: Collection, names: tuple[str, ...]) -> Select[Any]:
    table = collection.table
    changed = (
        update(table)
        .where(table.c.id == bindparam("this", type_=Uuid()))
        .values(_parameters(collection, names))
    )
    return _returned(collection, changed.returning(*table.c).cte("new"))


def _returned(collection: Collection, row: Any) -> Select[Any]:
    json_text = record_json(collection, row, collection.outputs, {}).label("j")
    return select(row.c.id, collection.tag(row).label("tag"), json_text)


async def _check_rules(connection: Connection, collection: Collection, record_id: UUID) -> None:
    """What only the database knows: rules are looked at after the write, and roll it back."""
    broken = [rule for _, rule in await broken_rules(connection, collection, [record_id])]
    if broken:
        raise Unprocessable(broken[0].message, errors=[broken_rule(rule) for rule in broken])


def broken_rule(rule: Rule) -> dict[str, Any]:
    """A broken rule as an error."""
    return {"pointer": f"/{rule.field}", "code": rule.code, "message": rule.message}


async def broken_rules(
    connection: Connection, collection: Collection, ids: Sequence[UUID], patience: float | None = None
) -> list[tuple[UUID, Rule]]:
    """The records among these that break a rule, in one statement however many they are."""
    if not collection.rules or not ids:
        return []

    def build() -> Any:
        row = collection.table
        these = row.c.id == func.any(bindparam("these", type_=ARRAY(Uuid)))
        return union_all(
            *(
                select(row.c.id, literal_column(str(number))).where(these, rule.broken(row))
                for number, rule in enumerate(collection.rules)
            )
        )

    statement = collection.statement(("rules",), build)
    rows = await connection.fetch(statement.sql, *statement.args({"these": ids}), timeout=patience)
    return [(row[0], collection.rules[row[1]]) for row in rows]


async def _refuse_if_referred(connection: Connection, collection: Collection, record_id: UUID) -> None:
    by = (await referred(connection, collection, [record_id])).get(record_id)
    if by:
        raise StillReferred(referred_by(collection, by), referred_by=by)


def referred_by(collection: Collection, by: Mapping[str, int]) -> str:
    """Who refers to a record, in a sentence."""
    listed = ", ".join(f"{count} {records}" for records, count in by.items())
    return f"{listed} refer to this {collection.singular}."


async def referred(
    connection: Connection, collection: Collection, ids: Sequence[UUID], patience: float | None = None
) -> dict[UUID, dict[str, int]]:
    """How many records of each kind refer to these, in one statement; those of their own number do not count."""
    known = referrers(collection.table)
    if not known or not ids:
        return {}

    def build() -> Any:
        these = bindparam("these", type_=ARRAY(Uuid))
        found = []
        for number, referrer in enumerate(known):
            column = referrer.table.c[referrer.column]
            counted = select(
                column.label("record"), literal_column(str(number)).label("by"), func.count().label("count")
            )
            counted = counted.where(column == func.any(these)).group_by(column)
            if referrer.table is collection.table:
                counted = counted.where(referrer.table.c.id != func.all(these))
            found.append(counted)
        return union_all(*found)

    statement = collection.statement(("referred",), build)
    counts: dict[UUID, dict[str, int]] = {}
    for row in await connection.fetch(statement.sql, *statement.args({"these": ids}), timeout=patience):
        by = counts.setdefault(row["record"], {})
        records = known[row["by"]].records
        by[records] = by.get(records, 0) + row["count"]
    return counts


async def _let_go(connection: Connection, table: Any, ids: list[UUID]) -> None:
    """Delete the records that need these, and take them out of those that only name them."""
    for referrer in referrers(table):
        name, column = referrer.table.name, referrer.column
        if referrer.mirrors:
            fields = await connection.fetch(
                f"select distinct field from {name} where {column} = any($1)",  # noqa: S608
                ids,
            )
            for field in (row[0] for row in fields):
                await connection.execute(
                    f"update {referrer.mirrors} r set {field} = (select coalesce(jsonb_agg(link order by at), '[]') "  # noqa: S608
                    f"from jsonb_array_elements(r.{field}) with ordinality listed(link, at) "
                    "where not (link ->> 'id')::uuid = any($1)) "
                    f"where r.id in (select {referrer.owner} from {name} where field = $2 and {column} = any($1))",
                    ids,
                    field,
                )
        elif referrer.required:
            rows = await connection.fetch(f"select id from {name} where {column} = any($1) for update", ids)  # noqa: S608
            if rows:
                inner = [row[0] for row in rows]
                await _let_go(connection, referrer.table, inner)
                await connection.execute(f"delete from {name} where id = any($1)", inner)  # noqa: S608
        else:
            await connection.execute(f"update {name} set {column} = null where {column} = any($1)", ids)  # noqa: S608
