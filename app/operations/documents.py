"""Documents that are no records: counted from one view of the register, answered with the digest of their bytes."""

import base64
import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from fastapi import APIRouter, Request, Response

from app.access.permissions import Permission
from app.collection.asked import only
from app.collection.collection import Collection
from app.collection.merged import refuse_merged
from app.db import Connection
from app.http.formats import JSON, chosen
from app.operations import documented as doc
from app.operations.answering import caching, tagged, tells_of_people
from app.operations.doors import Against, Handler, open_door
from app.operations.serving import context_of, headers_of, moment_of, service_of

Made = Callable[[Connection], Awaitable[str]]

doc.HEADERS["Repr-Digest"] = {
    "description": "SHA-256 of the answer (RFC 9530): who keeps it can prove later what was answered.",
    "schema": {"type": "string", "maxLength": 100, "pattern": "^sha-256=:[A-Za-z0-9+/=]{44}:$"},
    "example": "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:",
}


def text_of(document: Mapping[str, Any]) -> str:
    """A document as it travels: the same document is the same text."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


def digest_of(text: str) -> str:
    """SHA-256 of the text, in hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()


def asked_of(request: Request, *allowed: str) -> dict[str, str]:
    """The query parameters; `as_of` may be among them always, any other that is not allowed is refused."""
    return only(request.scope["query_string"], (*allowed, "as_of"))


async def one(connection: Connection, collection: Collection, name: str, column: str) -> Any:
    """A column of the record that a path segment names."""
    by, value = collection.named(collection.table, name)
    rows = await connection.fetch(
        f"select {column} from {collection.name} where {by.key} = $1",  # noqa: S608  (names of our own)
        value,
    )
    if not rows:
        await refuse_merged(connection, collection, by.key, value)
        raise collection.missing(name)
    return rows[0][0]


async def answered(request: Request, made: Made, *, people: bool = False) -> Response:
    """The document, or 304. `people`: it may tell of them."""
    context = await context_of(request)
    if people:
        tells_of_people(request)
    chosen(headers_of(request).get(b"accept"), (JSON,))
    async with service_of(request).database.reading(context, one_view=True) as connection:
        text = await made(connection)
    digest = digest_of(text)
    named = {"Repr-Digest": f"sha-256=:{base64.b64encode(bytes.fromhex(digest)).decode()}:"}
    return tagged(request, text, digest, caching(await moment_of(request), **named))


def add_document(
    router: APIRouter,
    path: str,
    handler: Handler,
    name: str,
    summary: str,
    schema: str | None,
    *,
    parameters: Sequence[dict[str, Any]] = (),
    permission: Permission = Permission.READ,
    files: Mapping[str, Any] | None = None,
    follows: bool = True,
) -> None:
    """A route that answers a document: as JSON if it has a schema, and as these files by their media types.

    `follows`: of a record that was merged it leads to the one that stands for it.
    """
    content = {
        **({"application/json": {"schema": doc.schema_ref(schema)}} if schema else {}),
        **(files or {}),
    }
    missing = ((308, 404) if follows else (404,)) if "{" in path else ()
    open_door(
        router,
        "GET",
        path,
        handler,
        name,
        permission,
        summary=summary,
        description=" ".join((handler.__doc__ or "").split()),
        responses=doc.ok(200, f"{summary}.", content, "ETag", "Repr-Digest", "Memento-Datetime")
        | doc.problems(*doc.READS, 304, *missing),
        openapi_extra={"parameters": [*parameters, *doc.AS_OF, doc.IF_NONE_MATCH]},
    )


def add_deed(
    router: APIRouter,
    path: str,
    handler: Handler,
    name: str,
    permission: Permission,
    summary: str,
    schema: str,
    *,
    parameters: Sequence[dict[str, Any]] = (),
    body: str | Mapping[str, Any] = "",
    guarded: bool = True,
    description: str = "",
    status: int = 200,
    answer: str = "",
    headers: Sequence[str] = ("ETag",),
    held: bool = True,
    against: tuple[Against, ...] = (),
    deleted: tuple[Against, ...] | None = None,
) -> None:
    """A route that does something and answers what came of it; `guarded`: under the version of a record (If-Match).

    `body` is the name of a schema, or all that the document says of it. What is not described is said by the handler.
    `held`, `against`, `deleted`: as `doors.Deed` has it.
    """
    content = {"application/json": {"schema": doc.schema_ref(schema)}}
    refusals = [each for each in doc.WRITES if body or each != 415]
    reasoned = any(each.get("name") == "X-Reason" for each in parameters)
    extra: dict[str, Any] = {
        "parameters": [
            *parameters, doc.DRY_RUN, *([doc.IF_MATCH] if guarded else []), doc.IDEMPOTENCY_KEY,
            *(() if reasoned else (doc.REASON,)),
        ],
        "security": [{"bearer": []}, {"api_key": []}],
    }  # fmt: skip
    if isinstance(body, str) and body:
        body = {
            "description": f"What is said with it: {summary[0].lower()}{summary[1:]}.",
            "content": {"application/json": {"schema": doc.schema_ref(body)}},
        }
    if body:
        extra["requestBody"] = {"required": True, **body}
    open_door(
        router,
        "POST",
        path,
        handler,
        name,
        permission,
        held=held,
        against=against,
        deleted=deleted,
        summary=summary,
        status_code=status,
        description=description or " ".join((handler.__doc__ or "").split()),
        responses=doc.ok(status, answer or f"{summary}.", content, *headers, *doc.WRITTEN)
        | doc.problems(*refusals, 404, *((308, 412, 428) if guarded else ())),
        openapi_extra=extra,
    )
