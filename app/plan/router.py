"""The operations on the plan: read it whole, mend its frame. Its text changes by amendment only."""

from typing import Any

from fastapi import APIRouter, Request, Response

from app.access.permissions import Permission
from app.collection import writing
from app.collection.asked import read
from app.errors import NotFound
from app.http.bodies import MERGE_PATCH, read_object
from app.http.etags import not_modified
from app.http.formats import JSON, chosen
from app.operations import documented as doc
from app.operations.answering import caching, digest
from app.operations.routes import POLICY, flags, read_body, unchanged
from app.operations.serving import context_of, headers_of, moment_of, service_of
from app.operations.transactions import Answer, write
from app.plan.queries import PLANS, whole_plan

router = APIRouter(prefix="/plan", tags=["Plan"])
_CONTENT = doc.record_content(PLANS)
POLICY |= {"read_plan": Permission.READ, "update_plan": Permission.EDIT}


@router.get(
    "",
    operation_id="read_plan",
    summary="Read the Work Plan",
    response_class=Response,
    responses=doc.ok(200, "The plan.", _CONTENT, "ETag", "Memento-Datetime")
    | doc.problems(*doc.READS, 304, 404),
    openapi_extra={"parameters": [*doc.AS_OF, doc.IF_NONE_MATCH]},
)
async def read_plan(request: Request) -> Response:
    """The whole text: preamble, dates, areas, their goals, and the activities as printed, with editorial notes."""
    headers = headers_of(request)
    context = await context_of(request)
    chosen(headers.get(b"accept"), (JSON,))
    read(PLANS, request.scope["query_string"], only=())
    rows = await service_of(request).database.fetch(PLANS.statement(("whole",), whole_plan), {}, context)
    if not rows:
        raise NotFound("The plan has not been entered yet.")
    position, text = rows[0]
    moment = await moment_of(request)
    tag = f"{position}.{digest(request, moment)}"
    answer = caching(moment, ETag=f'"{tag}"')
    if not_modified(headers.get(b"if-none-match"), tag):
        return Response(None, 304, answer)
    return Response(text, 200, answer, media_type="application/json")


@router.patch(
    "",
    operation_id="update_plan",
    summary="Change the plan's frame",
    response_class=Response,
    responses=doc.ok(200, "As it is now.", doc.record_content(PLANS), "ETag", *doc.WRITTEN)
    | doc.problems(*doc.WRITES, 404, 412, 428),
    openapi_extra={
        "parameters": [doc.DRY_RUN, doc.IF_MATCH, doc.IDEMPOTENCY_KEY, doc.REASON],
        "requestBody": doc.patch_of(PLANS),
        "security": [{"bearer": []}, {"api_key": []}],
    },
)
async def update_plan(request: Request) -> Response:
    """Change title, preamble, dates, notes or sources. `If-Match` takes the version as `"1"`."""
    dry_run = flags(request, "dry_run")["dry_run"]
    body = await read_body(request, (MERGE_PATCH, "application/json"), PLANS.needs())

    async def work(connection: Any) -> Answer:
        only = await connection.fetchval("select id from plans")
        if only is None:
            raise NotFound("The plan has not been entered yet.")
        current = await writing.locked(connection, PLANS, str(only))
        await unchanged(request, connection, current)
        after = await writing.change(connection, PLANS, current, read_object(body))
        return Answer(200, after.json, {"ETag": f'"{after.tag}"'})

    return await write(request, body, work, dry_run=dry_run, needs=PLANS.needs())
