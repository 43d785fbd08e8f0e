"""The operation that compares two texts of the plan."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from fastapi import APIRouter, Request, Response

from app.access.permissions import Permission
from app.http.answers import Told, Unchanged
from app.http.etags import not_modified
from app.http.formats import JSON, Format, chosen
from app.operations import documented as doc
from app.operations.answering import caching
from app.operations.documents import asked_of, digest_of, text_of
from app.operations.doors import TREE, Handler, open_door
from app.operations.serving import context_of, headers_of, moment_of, service_of
from app.plan import as_html
from app.plan.redlining import redlined
from app.plan.states import before, number_in, state, text_record

HTML = Format("html", "text/html")
DOCX = Format("docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document")
_FORMATS = (JSON, HTML, DOCX)

redlines = APIRouter(prefix="/plan", tags=["Plan"])


async def compare_plan(request: Request) -> Response:
    """Two texts of the plan, compared word by word: as JSON, as a page, or as a Word document with tracked changes.

    `from` and `to` are days, `original`, `now`, or amendments: the text with it, be it in force or only proposed.
    Without `to` the text as it stands; without `from` the original, or, of an amendment, the text before it.
    """
    return await _redline(request, chosen(headers_of(request).get(b"accept"), _FORMATS))


async def _redline(request: Request, style: Format) -> Response:
    given = asked_of(request, "from", "to")
    since, to = given.get("from"), given.get("to", "now")
    async with service_of(request).database.reading(await context_of(request), one_view=True) as connection:
        record = await text_record(connection, number_in(to))
        other = record if number_in(since) is None else await text_record(connection, number_in(since))
    later = state("to", to, record)
    earlier = before(to, record) if since is None else state("from", since, other)
    redline = {
        "title": record.title,
        "from": earlier.told,
        "to": later.told,
        **await asyncio.to_thread(redlined, earlier.text, later.text),
    }
    text = text_of(redline)
    tag = f"{digest_of(text)}.{style.ending}"
    answer = caching(await moment_of(request), ETag=f'"{tag}"')
    if not_modified(headers_of(request).get(b"if-none-match"), tag):
        return Unchanged(answer)
    content: str | bytes = text
    if style is not JSON:
        content = await asyncio.to_thread(_rendered, redline, style)
        answer |= {"Content-Security-Policy": as_html.POLICY} if style is HTML else _ATTACHED
    return Told(content, answer, style.content_type)


_ATTACHED = {"Content-Disposition": 'attachment; filename="plan-redline.docx"'}


def _rendered(redline: Mapping[str, Any], style: Format) -> str | bytes:
    about = f"The plan {redline['to']['about']}, compared to the plan {redline['from']['about']}."
    if style is HTML:
        return as_html.page(redline, about)
    from app.plan import as_docx  # and its library: of use to few

    on = redline["to"]["on"]
    return as_docx.paper(redline, about, date.fromisoformat(on) if on else datetime.now(UTC).date())


def _ended(style: Format) -> Handler:
    async def redline_in_format(request: Request) -> Response:
        return await _redline(request, style)

    return redline_in_format


def _state_parameter(name: str, about: str, example: str) -> dict[str, Any]:
    schema = {"type": "string", "maxLength": 20, "pattern": r"^[a-z0-9:+-]+$"}
    return doc.parameter(name, about, schema, example)


for _style in _FORMATS:
    _handler = _ended(_style)
    TREE.add("GET", f"/v1/plan/redline.{_style.ending}", _handler)
    redlines.add_api_route(
        f"/redline.{_style.ending}", _handler, include_in_schema=False, response_model=None
    )
open_door(
    redlines,
    "GET",
    "/redline",
    compare_plan,
    "compare_plan",
    Permission.READ,
    summary="Compare two texts of the plan",
    description=" ".join((compare_plan.__doc__ or "").split()),
    responses=doc.ok(
        200,
        "The redline.",
        {
            JSON.media_type: {"schema": doc.schema_ref("Redline")},
            HTML.media_type: {
                "schema": {"type": "string", "maxLength": 10_000_000},
                "example": "<!doctype html><p>through ongoing national efforts<ins> and joint reviews</ins></p>",
            },
            DOCX.media_type: {
                "schema": {**doc.BINARY, "description": "A Word document with tracked changes."}
            },
        },
        "ETag",
        "Memento-Datetime",
    )
    | doc.problems(*doc.READS, 304, 404),
    openapi_extra={
        "parameters": [
            _state_parameter("from", "The earlier text.", "original"),
            _state_parameter("to", "The later text.", "now"),
            *doc.AS_OF,
            doc.IF_NONE_MATCH,
        ]
    },
)
