"""The bulk operations: many records of a collection in one request."""

from collections.abc import Iterator
from typing import Any

from fastapi import APIRouter, Request, Response

from app.access.permissions import Permission
from app.collection.collection import Collection
from app.errors import BadRequest, UnsupportedMediaType
from app.http.formats import JSON, chosen
from app.imports import documented as told
from app.imports.asked import options_of
from app.imports.cells import header_of
from app.imports.files import Item, Table, csv_table, json_array, json_lines
from app.imports.loading import load
from app.imports.reports import answer, formats_of, refused_rows
from app.imports.rows import Reader
from app.operations.doors import TREE
from app.operations.routes import POLICY
from app.operations.serving import caller_of, headers_of, service_of
from app.operations.transactions import Answer, write

_JSON, _NDJSON, _CSV = {"application/json"}, {"application/x-ndjson", "application/ndjson"}, {"text/csv"}


def bulk(collection: Collection) -> APIRouter:
    """`POST /v1/{collection}/bulk`."""
    router = APIRouter(prefix=f"/{collection.path}", tags=[collection.path.replace("-", " ").capitalize()])
    plural = collection.path.replace("-", "_")
    name = f"import_{plural}"

    async def import_records(request: Request) -> Response:
        return await _import(request, collection)

    POLICY[name] = Permission.EDIT
    TREE.add("POST", f"/v1/{collection.path}/bulk", import_records)
    router.add_api_route(
        "/bulk",
        import_records,
        methods=["POST"],
        name=name,
        operation_id=name,
        summary=f"Write many {plural.replace('_', ' ')}",
        description=told.ABOUT,
        response_class=Response,
        response_model=None,
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
    caller.require(Permission.EDIT)
    headers = headers_of(request)
    media, charset = _media(headers)
    options = options_of(collection, request.scope["query_string"])
    style = chosen(headers.get(b"accept"), formats_of(media in _CSV))
    if b"if-match" in headers:
        raise BadRequest(
            "A file has no one version: give each row its `version`.",
            errors=[{"header": "If-Match", "code": "not_here"}],
        )
    body = await request.body()
    charset = options.charset or charset
    patience = service_of(request).settings.bulk_budget
    request_id = request.scope["state"].get("request_id", "")

    async def work(connection: Any) -> Answer:
        items, table = _opened(media, body, charset)
        header = header_of(collection, table.header) if table else None
        reader = Reader(collection, options, header, list(header.ignored) if header else [])
        batch = await load(
            connection,
            collection,
            options,
            reader.rows(items),
            patience,
            versions_required=caller.require_if_match,
        )
        if batch.refused and style is not JSON:
            again, _ = _opened(media, body, charset)
            return refused_rows(batch, options, again, table, style)
        instance = request.scope["path"]
        return answer(batch, options, header, reader.ignored, instance=instance, request_id=request_id)

    return await write(request, body, work, dry_run=options.dry_run)


def _opened(media: str, body: bytes, charset: str | None) -> tuple[Iterator[Item], Table | None]:
    """The rows of a file; a table says its header as well."""
    if media in _CSV:
        table = csv_table(body, charset)
        return table.rows, table
    return (json_lines(body) if media in _NDJSON else json_array(body)), None


def _media(headers: dict[bytes, bytes]) -> tuple[str, str | None]:
    """What is sent, and in which charset it is said to be."""
    media, *parameters = headers.get(b"content-type", b"").decode("latin-1").split(";")
    media, charset = media.strip().lower(), None
    hint = {"Accept-Post": "application/json, application/x-ndjson, text/csv"}
    if media not in _JSON | _NDJSON | _CSV:
        raise UnsupportedMediaType("Send a JSON array, application/x-ndjson or text/csv.", headers=hint)
    for parameter in parameters:
        name, _, value = parameter.strip().partition("=")
        if name.lower() == "charset":
            charset = value.strip('"').lower()
    if media not in _CSV and charset not in {None, "utf-8", "utf8"}:
        raise UnsupportedMediaType("JSON is sent as UTF-8.", headers=hint)
    if headers.get(b"content-encoding", b"identity").strip().lower() != b"identity":
        raise UnsupportedMediaType("Compressed request bodies are not read.", headers=hint)
    return media, charset
