"""The bulk operations: many records of a collection in one request."""

from fastapi import APIRouter, Request, Response

from app.access.permissions import Permission
from app.collection.collection import Collection
from app.errors import BadRequest
from app.http.formats import JSON, chosen
from app.http.spool import spooled
from app.imports import documented as told
from app.imports.asked import options_of
from app.imports.files import KINDS, media_of
from app.imports.loading import Load, load
from app.operations.doors import TREE
from app.operations.routes import POLICY
from app.operations.serving import caller_of, headers_of, service_of
from app.operations.transactions import write


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
    media, charset = media_of(headers)
    options = options_of(collection, request.scope["query_string"])
    style = chosen(headers.get(b"accept"), (JSON, KINDS[media].refused))
    if b"if-match" in headers:
        raise BadRequest(
            "A file has no one version: give each row its `version`.",
            errors=[{"header": "If-Match", "code": "not_here"}],
        )
    service = service_of(request)
    with await spooled(request.stream(), service.settings.spool_dir) as file:
        asked = Load(
            collection,
            file,
            media,
            charset,
            options,
            style,
            versions_required=caller.require_if_match,
            instance=request.scope["path"],
            request_id=request.scope["state"].get("request_id", ""),
            patience=service.settings.bulk_budget,
            secret=service.cursor_secret,
            plan=headers.get(b"if-plan-match", b"").decode("latin-1") or None,
            folder=service.settings.spool_dir,
        )
        return await write(request, file, lambda connection: load(connection, asked), dry_run=options.dry_run)
