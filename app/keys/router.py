"""The operations on keys."""

import hashlib
import json
from typing import Any, TypeVar
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ValidationError

from app.access.caller import Forbidden, KeyMissing, Right
from app.access.doorkeeper import credentials
from app.access.keys import well_formed
from app.access.permissions import MATRIX, Permission
from app.collection.asked import only
from app.collection.validation import mistakes
from app.db import Connection
from app.errors import InvalidParameter, Unprocessable
from app.http.bodies import MERGE_PATCH, read_object
from app.http.etags import ChangedMeanwhile, allows
from app.http.formats import JSON, chosen
from app.keys import documented as told
from app.keys import writes
from app.keys.schemas import KeyPatch, NewKey
from app.operations.answering import tagged
from app.operations.doors import Handler, open_door
from app.operations.routes import flags, read_body
from app.operations.serving import address_of, caller_of, headers_of, service_of
from app.operations.transactions import Answer, write

router = APIRouter(prefix="/keys", tags=["Keys"])
_ADMINISTER = Right(Permission.ADMINISTER, "keys")
_ANY = Right(Permission.READ)
_PRIVATE = {"Cache-Control": "private, no-cache"}
_VOUCH = "select set_config('register.secret', $1, true)"
Body = TypeVar("Body", bound=BaseModel)


async def list_keys(request: Request) -> Response:
    _ADMINISTER.asked_of(caller := await caller_of(request))
    given = only(request.scope["query_string"], ("limit", "before"))
    limit, before = _limit(given), _uuid(given["before"], "before") if "before" in given else None
    async with service_of(request).database.reading(caller.context) as connection:
        rows = await connection.fetch(writes.SOME, before, limit + 1)
    following = "null"
    if len(rows) > limit:
        following = json.dumps(f"{address_of(request)}/v1/keys?limit={limit}&before={rows[limit - 1]['id']}")
    items = ",".join(row["said"] for row in rows[:limit])
    return _answered(request, f'{{"items":[{items}],"next":{following}}}')


async def create_key(request: Request) -> Response:
    dry_run = flags(request, "dry_run")["dry_run"]
    new = _read(NewKey, await read_body(request, ("application/json",), _ADMINISTER))
    caller = await caller_of(request)

    async def work(connection: Connection) -> Answer:
        made, key = await writes.make(connection, caller, new)
        return _once(201, await writes.one(connection, made), key, {"Location": f"/v1/keys/{made}"})

    return await _written(request, await request.body(), work, dry_run=dry_run)


async def read_own_key(request: Request) -> Response:
    caller = await caller_of(request)
    if caller.key_id is None:
        raise KeyMissing("This tells a key what it may.")
    only(request.scope["query_string"], ())
    async with service_of(request).database.reading(caller.context) as connection:
        row = await writes.own(connection, caller.key_id)
    reaches = {each: caller.reach(each) for each in MATRIX[caller.role]}
    permissions = json.dumps({name: reach for name, reach in reaches.items() if reach})
    return _answered(request, f'{row["said"][:-1]},"permissions":{permissions}}}')


async def revoke_own_key(request: Request) -> Response:
    secret, dry_run = credentials(headers_of(request)), flags(request, "dry_run")["dry_run"]
    if secret is None:
        raise KeyMissing("This ends the key that asks.")

    async def work(connection: Connection) -> Answer:
        if not well_formed(secret):
            raise Forbidden("A bearer token is no key of this register: end it where it was issued.")
        await writes.end(connection, secret)
        return Answer(204)

    return await _written(request, b"", work, dry_run=dry_run, needs=_ANY)


async def read_key(request: Request) -> Response:
    _ADMINISTER.asked_of(caller := await caller_of(request))
    only(request.scope["query_string"], ())
    async with service_of(request).database.reading(caller.context) as connection:
        row = await writes.one(connection, _id(request))
    return _answered(request, row["said"], _tag(row))


async def update_key(request: Request) -> Response:
    dry_run = flags(request, "dry_run")["dry_run"]
    body = await read_body(request, (MERGE_PATCH, "application/json"), _ADMINISTER)
    patch, key, caller = _read(KeyPatch, body), _id(request), await caller_of(request)

    async def work(connection: Connection) -> Answer:
        await _unchanged(request, connection, key)
        await writes.change(connection, caller, key, patch)
        row = await writes.one(connection, key)
        return Answer(200, row["said"], {"ETag": f'"{_tag(row)}"'})

    return await _written(request, body, work, dry_run=dry_run)


async def revoke_key(request: Request) -> Response:
    dry_run, key = flags(request, "dry_run")["dry_run"], _id(request)

    async def work(connection: Connection) -> Answer:
        await _unchanged(request, connection, key)
        await writes.revoke(connection, key)
        return Answer(204)

    return await _written(request, b"", work, dry_run=dry_run)


async def rotate_key(request: Request) -> Response:
    given = only(request.scope["query_string"], ("overlap", "dry_run"))
    hours, key, caller = _hours(given.get("overlap", "7d")), _id(request), await caller_of(request)
    if given.get("dry_run", "false") not in {"true", "false"}:
        raise _unreadable("dry_run", "`dry_run` is `true` or `false`.")

    async def work(connection: Connection) -> Answer:
        await writes.held(connection, key)
        await writes.refuse_wider(connection, caller, key)
        secret = await writes.rotate(connection, key, hours)
        return _once(200, await writes.one(connection, key), secret)

    return await _written(request, b"", work, dry_run=given.get("dry_run") == "true")


def _add(method: str, path: str, handler: Handler, permission: Permission) -> None:
    name = handler.__name__
    open_door(router, method, path, handler, name, permission, **told.OPERATIONS[name])


_add("GET", "", list_keys, Permission.ADMINISTER)
_add("POST", "", create_key, Permission.ADMINISTER)
_add("GET", "/me", read_own_key, Permission.READ_SHARED)
_add("DELETE", "/me", revoke_own_key, Permission.READ_SHARED)
_add("GET", "/{id}", read_key, Permission.ADMINISTER)
_add("PATCH", "/{id}", update_key, Permission.ADMINISTER)
_add("DELETE", "/{id}", revoke_key, Permission.ADMINISTER)
_add("POST", "/{id}/rotate", rotate_key, Permission.ADMINISTER)


async def _written(
    request: Request, body: bytes, work: Any, *, dry_run: bool, needs: Right = _ADMINISTER
) -> Response:
    """Write, and let this process look at keys anew; the others do within a second.

    The database looks at the caller's own key before it takes one that could concur (`migrations/amending.py`).
    """

    async def vouched(connection: Connection) -> Answer:
        await connection.execute(_VOUCH, credentials(headers_of(request)) or "")
        answer: Answer = await work(connection)
        return answer

    response = await write(request, body, vouched, dry_run=dry_run, needs=needs)
    service_of(request).doorkeeper.ask_again()
    return response


async def _unchanged(request: Request, connection: Connection, key: UUID) -> None:
    version = await writes.held(connection, key)
    required = (await caller_of(request)).require_if_match
    if not allows(headers_of(request).get(b"if-match"), version, required=required):
        row = await writes.one(connection, key)
        raise ChangedMeanwhile(
            f"The key is at version {version} by now.",
            headers={"ETag": f'"{_tag(row)}"'},
            current=json.loads(row["said"]),
        )


def _once(status: int, row: writes.Row, key: str, headers: dict[str, str] | None = None) -> Answer:
    """An answer that shows what opens the key; what is kept for the Idempotency-Key does not."""
    kept, shown = (f'{row["said"][:-1]},"key":{json.dumps(each)}}}' for each in (None, key))
    tags = {"ETag": f'"{_tag(row)}"', "Cache-Control": "no-store", **(headers or {})}
    return Answer(status, kept, tags, shown=shown)


def _id(request: Request) -> UUID:
    try:
        return UUID(request.path_params["id"])
    except ValueError:
        raise writes.missing() from None


def _uuid(written: str, parameter: str) -> UUID:
    try:
        return UUID(written)
    except ValueError:
        raise _unreadable(parameter, f"`{parameter}` is the id of a key.") from None


def _limit(given: dict[str, str]) -> int:
    written = given.get("limit", str(told.LIMIT))
    if not written.isascii() or not written.isdigit() or not 1 <= int(written[:9]) <= told.LIMIT_MOST:
        raise _unreadable("limit", f"`limit` is 1 to {told.LIMIT_MOST}.")
    return int(written)


def _hours(overlap: str) -> int:
    number, unit = overlap[:-1], overlap[-1:]
    if (
        unit not in {"d", "h"}
        or not number.isascii()
        or not number.isdigit()
        or len(number) > (2 if unit == "d" else 4)
    ):
        raise _unreadable("overlap", "`overlap` is a number of days or hours: `7d`, `12h`, at most `99d`.")
    return int(number) * (24 if unit == "d" else 1)


def _unreadable(parameter: str, message: str) -> InvalidParameter:
    return InvalidParameter(message, errors=[{"parameter": parameter, "code": "unreadable"}])


def _read(schema: type[Body], body: bytes) -> Body:
    read_object(body)
    try:
        return schema.model_validate_json(body)
    except ValidationError as refused:
        errors = mistakes(refused)
        count = f"{len(errors)} {'field needs' if len(errors) == 1 else 'fields need'} attention."
        raise Unprocessable(count, errors=errors) from None


def _tag(row: writes.Row) -> str:
    return f"{row['version']}.{hashlib.sha256(row['said'].encode()).hexdigest()[:16]}"


def _answered(request: Request, text: str, tag: str = "") -> Response:
    chosen(headers_of(request).get(b"accept"), (JSON,))
    return tagged(request, text, tag or hashlib.sha256(text.encode()).hexdigest()[:16], _PRIVATE)
