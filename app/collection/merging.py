"""How a record is merged into another, which then stands for both."""

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy import UniqueConstraint

from app.collection.collection import Collection
from app.collection.merged import MergedAway
from app.collection.references import Want, resolved
from app.collection.referring import Referrer, referrers
from app.collection.removing import refuse_if_named
from app.collection.rules import check_rules
from app.collection.writing import Current, Written, locked
from app.db import Connection
from app.errors import Conflict, Unprocessable

_KEYS_MOST = 50
_NAMES = ("id", "key", "code", "number")


class CannotBeMerged(Conflict):
    """The two records cannot be merged as they are; `detail` says what stands against it."""


async def loser(connection: Connection, collection: Collection, name: str) -> Current:
    """The record that is to be merged, held until the transaction ends."""
    try:
        return await locked(connection, collection, name)
    except MergedAway as merged:
        raise CannotBeMerged(
            f"This {collection.singular} was merged into {merged.survivor} already."
        ) from None


def refuse_distinct(collection: Collection) -> None:
    """Refuse where two records are never one."""
    if collection.distinct:
        raise CannotBeMerged(collection.distinct)


async def merge(
    connection: Connection, collection: Collection, current: Current, body: Mapping[str, Any]
) -> Written:
    """Move references and own keys to the record that the body names, and delete this one as merged."""
    refuse_distinct(collection)
    into = await _survivor(connection, collection, current, body)
    await refuse_if_named(connection, collection, current.id)
    settings = "select set_config('register.merged', $1, true), set_config('register.survivor', $2, true)"
    await connection.execute(settings, str(current.id), str(into.id))
    await connection.execute("savepoint unmoved")  # from where a refusal is explained
    for referrer in referrers(collection.table):
        await _move(connection, collection, referrer, current.id, into)
    await connection.execute(f"delete from {collection.name} where id = $1", current.id)  # noqa: S608  (our own names)
    await connection.execute("select set_config('register.merged', '', true)")
    await _take_keys(connection, collection, json.loads(current.json)["keys"], into)
    after = await locked(connection, collection, str(into.id))
    await check_rules(connection, collection, [after.id], set(collection.table.c.keys()))
    return Written(after.id, after.tag, after.json)


async def _survivor(
    connection: Connection, collection: Collection, current: Current, body: Mapping[str, Any]
) -> Current:
    errors = [
        {
            "pointer": f"/{name}",
            "code": "unknown_field",
            "message": "There is no such field.",
            "allowed": ["into"],
        }
        for name in body
        if name != "into"
    ]
    named = body.get("into")
    by = next((each for each in _NAMES if isinstance(named, dict) and each in named), "")
    known = [each for each in ("id", collection.key, "key") if each]
    if not isinstance(named, dict) or len(named) != 1 or by not in known or not _readable(by, named[by]):
        message = f"`into` names one {collection.singular}, by one of {', '.join(known)}."
        errors.append(
            {"pointer": "/into", "code": "reference_unreadable", "message": message, "allowed": known}
        )
    if errors:
        raise Unprocessable("The body does not say into which record.", errors=errors)
    assert isinstance(named, dict)
    value = UUID(named[by]) if by == "id" else named[by]
    wanted = [Want("/into", collection, by, value)]
    found = (await resolved(connection, wanted, follow=False))["/into"]
    if found.id == current.id:
        raise Unprocessable(
            "A record cannot be merged into itself.",
            errors=[{"pointer": "/into", "code": "same_record", "message": "This is the record itself."}],
        )
    try:
        return await locked(connection, collection, str(found.id))
    except MergedAway:  # while it was waited for: what the path names was not
        await resolved(connection, wanted, follow=False)
        raise


def _readable(by: str, value: Any) -> bool:
    if by == "number":
        return type(value) is int and 0 < value < 32768
    if by == "id":
        try:
            return isinstance(value, str) and bool(UUID(value))
        except ValueError:
            return False
    return isinstance(value, str) and 0 < len(value) <= 200 and "\0" not in value


async def _move(
    connection: Connection, collection: Collection, referrer: Referrer, old: UUID, into: Current
) -> None:
    """Let records that name the old one name the other. What named both names it once; none names itself."""
    name, column = referrer.table.name, referrer.column
    if referrer.mirrors is None:
        away = "nullif($2, id)" if referrer.table is collection.table else "$2"
        try:
            await connection.execute(f"update {name} set {column} = {away} where {column} = $1", old, into.id)  # noqa: S608
        except asyncpg.UniqueViolationError as twice:
            await connection.execute("rollback to savepoint unmoved")
            raise await _said_twice(connection, collection, referrer, twice, old, into.id) from None
        return
    entry: dict[str, Any] = {"id": str(into.id)}
    if collection.key:
        entry[collection.key] = json.loads(into.json)[collection.key]
    fields = await connection.fetch(f"select distinct field from {name} where {column} = $1", old)  # noqa: S608
    for field in (row[0] for row in fields):
        await connection.execute(
            f"""update {referrer.mirrors} r set {field} = (
  select jsonb_agg(link order by at) from (
    select link, min(at) as at from (
      select case when link ->> 'id' = $1::text then link || $2::jsonb else link end as link, at
      from jsonb_array_elements(r.{field}) with ordinality listed(link, at)) renamed
    group by link) once)
where r.id in (select {referrer.owner} from {name} where field = $3 and {column} = $4)""",  # noqa: S608
            str(old),
            json.dumps(entry),
            field,
            old,
        )


async def _said_twice(
    connection: Connection, collection: Collection, referrer: Referrer, twice: Any, old: UUID, into: UUID
) -> CannotBeMerged:
    """Two records that name one each are of the same for the rest: whether either can go."""
    name, column = referrer.table.name, referrer.column
    constraints = (each for each in referrer.table.constraints if isinstance(each, UniqueConstraint))
    unique = next((each.columns for each in constraints if each.name == twice.constraint_name), ())
    same = ", ".join(each.name for each in unique if each.name != column)
    states = same and await connection.fetchrow(
        f"""with said as (
  select id, {column}, {same}, ({referrer.lasting}) as state from {name} where {column} in ($1, $2))
select one.state as one, other.state as other from said one join said other using ({same})
where one.{column} = $1 and other.{column} = $2 and one.state is not null and other.state is not null limit 1""",  # noqa: S608
        old,
        into,
    )
    why = f"Two {referrer.records} would say the same of one {collection.singular}"
    if not states:
        return CannotBeMerged(f"{why}: delete one of them first.")
    return CannotBeMerged(
        f"{why}, and neither is deleted as it is: one is {states['one']}, the other {states['other']}. While both "
        f"stand, so do the two {collection.name.replace('_', ' ')}."
    )


async def _take_keys(connection: Connection, collection: Collection, keys: list[str], into: Current) -> None:
    if not keys:
        return
    if len(keys) + len(json.loads(into.json)["keys"]) > _KEYS_MOST:
        raise CannotBeMerged(f"Together they have more than {_KEYS_MOST} own keys.")
    await connection.execute(
        f"update {collection.name} set keys = keys || $2::text[] where id = $1",  # noqa: S608
        into.id,
        keys,
    )
