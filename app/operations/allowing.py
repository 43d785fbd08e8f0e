"""What a caller may do with a record, and why or why not: asked of the same rules that the operations ask.

What a body says, and what `If-Match` finds, only the operation itself can judge.
"""

from collections.abc import Sequence
from typing import Any

import asyncpg
from fastapi import APIRouter, Request, Response
from sqlalchemy import bindparam, literal_column, select

from app.access.caller import Caller, Right
from app.access.permissions import Permission, Reach
from app.collection import writing
from app.collection.asked import only
from app.collection.collection import Collection
from app.collection.merged import refuse_merged
from app.collection.refusals import refusal
from app.db import Compiled, Connection
from app.errors import Problem
from app.http.formats import JSON, chosen
from app.operations import documented as doc
from app.operations.answering import answered, caching
from app.operations.doors import TREE, Against, Deed, deeds_of, open_door
from app.operations.reading import permitted
from app.operations.serving import caller_of, headers_of, service_of

_PATH = "/{name}/permissions"
_RECORD = ("id", "owner", "visibility")


def permissions(collection: Collection, *, follows: bool) -> APIRouter:
    """`GET /{name}/permissions` of a collection. `follows`: its records can be merged into others."""
    words = collection.singular
    router = APIRouter(prefix=f"/{collection.path}", tags=[collection.path.replace("-", " ").capitalize()])

    async def read_permissions(request: Request) -> Response:
        chosen(headers_of(request).get(b"accept"), (JSON,))
        only(request.scope["query_string"], ())
        context, caller = await permitted(request, collection), await caller_of(request)
        column, value = collection.named(collection.table, request.path_params["name"])
        async with service_of(request).database.reading(context, one_view=True) as connection:
            statement = _looked_at(collection, column.key)
            row = await connection.fetchrow(statement.sql, value)
            if row is not None:
                verbs = await _verbs(request, connection, collection, row)
            elif column.key == "id" and (row := await connection.fetchrow(_deleted(collection), value)):
                verbs = await _verbs_of_deleted(request, connection, collection, row)
            else:
                await refuse_merged(connection, collection, column.key, value)
                raise collection.missing(request.path_params["name"])
            said = {
                "record": {name: row[name] for name in _RECORD if name in row} | {"id": str(row["id"])},
                "caller": {"role": caller.role, "country": caller.country, "scopes": list(caller.scopes)},
                "if_match_required": caller.require_if_match,
                "permissions": verbs,
            }
        return answered(request, said, caching(None))

    name = f"see_{words.replace(' ', '_')}_rights"
    open_door(
        router,
        "GET",
        _PATH,
        read_permissions,
        name,
        collection.reads,
        summary=f"See what one may do with this {words}",
        description=f"For everything that can be done with the {words}: whether the caller may, and why or why not; "
        "by role, scopes, country and state. What is refused names what it would be refused with. Of a deleted one, by "
        "its id: what can still be done.",
        responses=doc.ok(
            200, "The verbs.", {"application/json": {"schema": doc.schema_ref("Permissions")}}, "ETag"
        )
        | doc.problems(*doc.READS, 304, *((308,) if follows else ()), 404),
        openapi_extra={"parameters": [doc.name_parameter(collection), doc.IF_NONE_MATCH]},
    )
    return router


def _looked_at(collection: Collection, by: str) -> Compiled:
    """The record, and whether the guard of its table lets the caller write it."""

    def build() -> Any:
        row = collection.table
        columns: list[Any] = [row.c.id]
        if collection.guard.owner:
            columns.append(row.c[collection.guard.owner].label("owner"))
        if collection.guard.drafts:
            columns.append(row.c.visibility)
        written: Any = literal_column(f"({collection.guard.written()})").label("written")
        hit = row.c[by] == bindparam("name", type_=row.c[by].type)
        return select(*columns, written).where(hit)

    return collection.statement(("permissions", by), build)


def _deleted(collection: Collection) -> str:
    """The same of a record that was deleted, as it was last stored; nothing, if it was merged or erased."""
    table, guard = collection.name, collection.guard
    columns = [f"{table}.id"]
    columns += [f"{table}.{guard.owner} as owner"] if guard.owner else []
    columns += [f"{table}.visibility"] if guard.drafts else []
    return f"""select {", ".join(columns)}, ({guard.written()}) as written, stored::text, stored_version
from (select action, record as stored, version as stored_version from changes
  where record_id = $1 and kind = '{table}' order by version desc, action in ('delete', 'merge') desc limit 1) last,
  jsonb_populate_record(null::{table}, stored::jsonb) {table}
where last.action = 'delete' and stored::text <> '{{}}'"""  # noqa: S608  (names of our own)


async def _verbs(
    request: Request, connection: Connection, collection: Collection, row: Any
) -> list[dict[str, Any]]:
    """What is said of each verb, in order."""
    caller, name = await caller_of(request), str(row["id"])
    current = await writing.seen(connection, collection, name)
    place = f"/v1/{collection.path}/{name}"
    if TREE.find("GET", place)[0] is None:
        place = f"/v1/{collection.path}"  # its only record
    seen = _said("read", "GET", place, collection.reads, _seen(collection, caller, row))
    return [seen] + [
        await _judged(
            request,
            connection,
            collection,
            deed,
            current,
            deed.against,
            owned=row["written"] or not deed.held,
        )
        for deed in deeds_of(collection.path)
    ]


async def _verbs_of_deleted(
    request: Request, connection: Connection, collection: Collection, row: Any
) -> list[dict[str, Any]]:
    """The same of a deleted record: what can still be done."""
    current = writing.Current(row["id"], row["stored_version"], "", row["stored"])
    return [
        await _judged(request, connection, collection, deed, current, deed.deleted, owned=row["written"])
        for deed in deeds_of(collection.path)
        if deed.deleted is not None
    ]


async def _judged(
    request: Request,
    connection: Connection,
    collection: Collection,
    deed: Deed,
    current: writing.Current,
    against: Sequence[Against],
    *,
    owned: bool,
) -> dict[str, Any]:
    """Whether the caller may, or what would refuse."""
    caller, right = await caller_of(request), collection.needs(deed.permission)
    why: Problem | str = _reason(caller, right)
    await connection.execute("savepoint deed")
    try:
        right.asked_of(caller)
        if not owned:
            raise writing.not_yours(collection, current.record)
        for stands in against:
            await stands(request, connection, current)
    except (Problem, asyncpg.PostgresError) as error:
        refused = error if isinstance(error, Problem) else refusal(error)
        if refused is None:
            raise
        why = refused
        await connection.execute("rollback to savepoint deed")  # if it was the database that refused
    return _said(deed.verb, deed.method, deed.path.replace("{name}", str(current.id)), deed.permission, why)


def _reason(caller: Caller, right: Right) -> str:
    """Why the caller may."""
    reach = caller.reach(right.permission, right.collection)
    own = f"what belongs to {caller.country}" if caller.country else "for its side"
    return f"The role `{caller.role}` may `{right.permission}` {'any record' if reach is Reach.ANY else own}."


def _seen(collection: Collection, caller: Caller, row: Any) -> str:
    """Why the caller sees a record at all."""
    visibility = row.get("visibility", "public")
    if visibility == "public":
        return "It is public."
    if caller.reach(Permission.READ_DRAFTS) is Reach.ANY:
        return f"The role `{caller.role}` sees everything."
    if visibility == "partners" and collection.guard.shared is Permission.READ_CONTACTS:
        return "It is for those whose key may read contacts."
    if visibility == "partners":
        return "It is for everyone who has a key."
    return f"It is a draft of {row['owner']}, for which you speak."


def _said(verb: str, method: str, href: str, permission: Permission, why: Problem | str) -> dict[str, Any]:
    said = {
        "verb": verb,
        "method": method,
        "href": href,
        "permission": permission,
        "allowed": isinstance(why, str),
    }
    if isinstance(why, str):
        return {**said, "why": why}
    return {**said, "why": why.detail, "status": why.status, "type": f"/problems/{why.code}", **why.extra}
