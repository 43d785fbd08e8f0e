"""The operations on amendments: how they are written and moved, their exact text, and the concurrence of a side."""

import asyncpg
from fastapi import APIRouter, Request, Response

from app.access.caller import Forbidden
from app.access.doorkeeper import credentials
from app.access.keys import well_formed
from app.access.permissions import Permission
from app.amendments.queries import AMENDMENTS, EXACT_TEXT
from app.amendments.schemas import TextRead
from app.amendments.writes import MOVES, outdated
from app.collection import writing
from app.collection.writing import Current
from app.db import Connection
from app.errors import Conflict
from app.http.formats import Format, chosen
from app.operations import documented as doc
from app.operations.answering import caching, tagged
from app.operations.documents import add_deed, asked_of, digest_of, one
from app.operations.doors import open_door
from app.operations.moves import MoveNotAllowed, moves, said_in
from app.operations.routes import endings, flags, operations, read_body, unchanged
from app.operations.serving import context_of, headers_of, moment_of, service_of
from app.operations.transactions import Answer, write

_TAG = "Amendments"
router = operations(AMENDMENTS, tag=_TAG)
steps = moves(AMENDMENTS, MOVES, tag=_TAG)
files = endings(AMENDMENTS)
_PLAIN = Format("txt", "text/plain")
_CONCUR = AMENDMENTS.needs(Permission.CONCUR)
_NAME = doc.name_parameter(AMENDMENTS)


class ConcurrenceNeedsAKey(Forbidden):
    """A side concurs with its own API key, which the database itself looks at; another token proves nothing to it."""


class TextHasChanged(Conflict):
    """The text of the amendment is not the one that was read. `text_hash` is that of the text as it is now."""


async def concur(request: Request) -> Response:
    """Concur to the exact text that `text_hash` stands for, for the side whose key this is.

    When both sides have concurred to the same text it is in force, and the plan reads so; or it becomes `concurred`,
    and that happens when its day comes. A text that was edited since it was read is refused.
    """
    dry_run = flags(request, "dry_run")["dry_run"]
    body = await read_body(request, ("application/json",), _CONCUR)
    said = said_in(TextRead, body)
    name, secret = request.path_params["name"], _secret(request)

    async def work(connection: Connection) -> Answer:
        current = await writing.seen(connection, AMENDMENTS, name)
        await unchanged(request, connection, current)
        await _not_tabled(request, connection, current)
        if (text_hash := current.record["text_hash"]) != said.text_hash:
            raise TextHasChanged("Read the text as it is now.", text_hash=text_hash)
        await connection.execute("select concur($1, $2, $3)", current.id, said.text_hash, secret)
        after = await writing.seen(connection, AMENDMENTS, name)
        if after.version > current.version + 1:
            raise asyncpg.SerializationError("It was written while this waited for it: look once more.")
        return Answer(200, after.json, {"ETag": f'"{after.tag}"'})

    return await write(request, body, work, dry_run=dry_run, needs=_CONCUR)


def _secret(request: Request) -> str:
    """The key of a side, which the database is shown."""
    secret = credentials(headers_of(request)) or ""
    if not well_formed(secret):
        raise ConcurrenceNeedsAKey("Send the API key of your side.")
    return secret


async def _keyless(request: Request, connection: Connection, current: Current) -> None:
    """Refuse who comes with another token than a key."""
    _secret(request)


async def _not_tabled(request: Request, connection: Connection, current: Current) -> None:
    """Refuse while it does not lie before the sides."""
    if (state := current.record["state"]) != "tabled":
        raise MoveNotAllowed(
            f"This amendment is `{state}`; sides concur to one that is tabled.", state=state, moves=[]
        )


async def read_amendment_text(request: Request) -> Response:
    """The exact text, to be read and kept: `text_hash` is the SHA-256 of these bytes."""
    asked_of(request)
    moment = await moment_of(request)
    chosen(headers_of(request).get(b"accept"), (_PLAIN,))
    async with service_of(request).database.reading(await context_of(request)) as connection:
        record = await one(connection, AMENDMENTS, request.path_params["name"], "id")
        text: str = await connection.fetchval(EXACT_TEXT.sql, record)
    return tagged(request, text, digest_of(text), caching(moment), _PLAIN.content_type)


exact: APIRouter = APIRouter(prefix=f"/{AMENDMENTS.path}", tags=[_TAG])
add_deed(
    exact, "/{name}/concur", concur, "concur_to_amendment", Permission.CONCUR, "Concur to an amendment", "Amendment",
    parameters=[_NAME], body="TextRead", held=False, against=(_keyless, _not_tabled, outdated),
)  # fmt: skip
open_door(
    exact,
    "GET",
    "/{name}/text",
    read_amendment_text,
    "read_amendment_text",
    Permission.READ,
    summary="Read the exact text of an amendment",
    description=read_amendment_text.__doc__,
    responses=doc.ok(
        200,
        "The text.",
        {
            _PLAIN.media_type: {
                "schema": {"type": "string", "maxLength": 1_000_000},
                "example": "Amendment 1 to the ASEAN-Japan Work Plan on Law and Justice\n…\n",
            }
        },
        "ETag",
        "Memento-Datetime",
    )
    | doc.problems(*doc.READS, 304, 308, 404),
    openapi_extra={"parameters": [_NAME, *doc.AS_OF, doc.IF_NONE_MATCH]},
)
