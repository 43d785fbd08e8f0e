"""The bulk operations: many records of a collection in one request."""

from fastapi import APIRouter, Request, Response

from app.collection.collection import Collection
from app.errors import BadRequest
from app.http.formats import JSON, chosen
from app.http.spool import spooled
from app.imports import documented as told
from app.imports.asked import options_of
from app.imports.background import Sent, accepting, prefers_async
from app.imports.files import KINDS, media_of
from app.imports.loading import load
from app.operations.doors import open_door
from app.operations.serving import caller_of, headers_of, service_of
from app.operations.transactions import reason_of, write


def bulk(collection: Collection) -> APIRouter:
    """`POST /v1/{collection}/bulk`."""
    router = APIRouter(prefix=f"/{collection.path}", tags=[collection.path.replace("-", " ").capitalize()])
    plural = collection.path.replace("-", "_")
    name = f"import_{plural}"

    async def import_records(request: Request) -> Response:
        return await _import(request, collection)

    open_door(
        router,
        "POST",
        "/bulk",
        import_records,
        name,
        collection.writes,
        summary=f"Write many {plural.replace('_', ' ')}",
        description=told.ABOUT,
        responses=told.responses(collection),
        openapi_extra={
            "parameters": told.parameters(collection),
            "requestBody": told.body_of(collection),
            "security": [{"bearer": []}, {"api_key": []}],
        },
    )
    return router


async def _import(request: Request, collection: Collection) -> Response:
    caller = await caller_of(request)
    collection.needs().asked_of(caller)
    headers = headers_of(request)
    media, charset = media_of(headers)
    query = request.scope["query_string"]
    options = options_of(collection, query)
    style = chosen(headers.get(b"accept"), (JSON, KINDS[media].refused))
    if b"if-match" in headers:
        raise BadRequest(
            "A file has no one version: give each row its `version`.",
            errors=[{"header": "If-Match", "code": "not_here"}],
        )
    service = service_of(request)
    sent = Sent(
        media,
        charset,
        query.decode("latin-1"),
        headers.get(b"if-plan-match", b"").decode("latin-1") or None,
        request.scope["state"].get("request_id", ""),
        reason_of(headers),
    )
    with await spooled(request.stream(), service.settings.spool_dir) as file:
        preferred = prefers_async(headers)
        if preferred or file.size > service.settings.async_bulk_body:
            later = accepting(service, caller, collection, sent, file, preferred=preferred)
            response = await write(request, file, later, dry_run=False, needs=collection.needs())
            service.job_added.set()
            return response
        asked = sent.load(service, caller, collection, file, options, style, service.settings.bulk_budget)
        return await write(
            request,
            file,
            lambda connection: load(connection, asked),
            dry_run=options.dry_run,
            needs=collection.needs(),
            system=options.system,
        )
