"""The operations on the plan: read it whole, mend its frame. Its text changes by amendment only."""

import json
from functools import partial
from typing import Any

from fastapi import APIRouter, Request, Response

from app.collection import writing
from app.db import Connection
from app.http.bodies import MERGE_PATCH, read_object
from app.http.formats import JSON, chosen
from app.operations import documented as doc
from app.operations.answering import caching, digest, tagged
from app.operations.documents import answered, asked_of, text_of
from app.operations.doors import open_door
from app.operations.routes import flags, read_body, unchanged
from app.operations.serving import context_of, headers_of, moment_of, service_of
from app.operations.transactions import Answer, write
from app.plan.queries import PLANS, whole_plan
from app.plan.states import day_of, not_entered, text_record
from app.plan.texts import written

router = APIRouter(prefix="/plan", tags=["Plan"])
_CONTENT = doc.record_content(PLANS)
_EFFECTIVE_ON = doc.parameter(
    "effective_on",
    "The text in force on this day: without what was amended since, or with what is agreed to hold by then.",
    {
        "type": "string",
        "maxLength": 10,
        "pattern": r"^(today|[0-9]{4}-[0-9]{2}-[0-9]{2}|[-+]?[0-9]{1,5}[dwmy])$",
    },
    "2024-01-01",
)


async def read_plan(request: Request) -> Response:
    """The whole text: preamble, dates, areas, their goals, and the activities as printed, with editorial notes.

    As it stands, or as it was or will be in force on a day. What the Secretariat mends in copying holds for all days.
    """
    chosen(headers_of(request).get(b"accept"), (JSON,))
    given = asked_of(request, "effective_on")
    if "effective_on" in given:
        return await answered(request, partial(_plan_on, given["effective_on"]))
    context = await context_of(request)
    rows = await service_of(request).database.fetch(PLANS.statement(("whole",), whole_plan), {}, context)
    if not rows:
        raise not_entered()
    position, text = rows[0]
    moment = await moment_of(request)
    return tagged(request, text, f"{position}.{digest(request, moment)}", caching(moment))


async def _plan_on(day: str, connection: Connection) -> str:
    record = await text_record(connection)
    text = record.on(day_of("effective_on", day, record))
    statement = PLANS.statement(("whole", "retired"), lambda: whole_plan(retired=True))
    row = await connection.fetchrow(statement.sql, *statement.args({}))
    assert row is not None
    return text_of(written(json.loads(row["j"]), text))


async def update_plan(request: Request) -> Response:
    """Change title, preamble, dates, notes or sources. `If-Match` takes the version as `"1"`."""
    dry_run = flags(request, "dry_run")["dry_run"]
    body = await read_body(request, (MERGE_PATCH, "application/json"), PLANS.needs())

    async def work(connection: Any) -> Answer:
        only = await connection.fetchval("select id from plans")
        if only is None:
            raise not_entered()
        current = await writing.locked(connection, PLANS, str(only))
        await unchanged(request, connection, current)
        after = await writing.change(connection, PLANS, current, read_object(body))
        return Answer(200, after.json, {"ETag": f'"{after.tag}"'})

    return await write(request, body, work, dry_run=dry_run, needs=PLANS.needs())


open_door(
    router,
    "GET",
    "",
    read_plan,
    "read_plan",
    PLANS.reads,
    summary="Read the Work Plan",
    description=" ".join((read_plan.__doc__ or "").split()),
    responses=doc.ok(200, "The plan.", _CONTENT, "ETag", "Memento-Datetime")
    | doc.problems(*doc.READS, 304, 404),
    openapi_extra={"parameters": [_EFFECTIVE_ON, *doc.AS_OF, doc.IF_NONE_MATCH]},
)
open_door(
    router,
    "PATCH",
    "",
    update_plan,
    "update_plan",
    PLANS.writes,
    summary="Change the plan's frame",
    description=" ".join((update_plan.__doc__ or "").split()),
    responses=doc.ok(200, "As it is now.", _CONTENT, "ETag", *doc.WRITTEN)
    | doc.problems(*doc.WRITES, 404, 412, 428),
    openapi_extra={
        "parameters": [doc.DRY_RUN, doc.IF_MATCH, doc.IDEMPOTENCY_KEY, doc.REASON],
        "requestBody": doc.patch_of(PLANS),
        "security": [{"bearer": []}, {"api_key": []}],
    },
)
