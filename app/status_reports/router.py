"""The operations on the status report of a Consultation."""

import base64
import json
from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import APIRouter, Request, Response

from app.access.permissions import Permission
from app.collection import writing
from app.collection.asked import pairs_of
from app.consultations.queries import CONSULTATIONS
from app.db import Connection
from app.errors import InvalidParameter, NotFound, UnknownParameter, did_you_mean
from app.http.etags import not_modified
from app.http.formats import JSON, chosen
from app.operations import documented as doc
from app.operations.doors import TREE
from app.operations.reading import caching
from app.operations.routes import POLICY, flags, unchanged
from app.operations.serving import context_of, headers_of, moment_of, service_of
from app.operations.transactions import Answer, write
from app.status_reports import freezing
from app.status_reports.comparing import compared
from app.status_reports.reporting import open_reporting, outstanding

router = APIRouter(prefix="/consultations", tags=["Status report"])
_NUMBER = doc.name_parameter(CONSULTATIONS)
Made = Callable[[Connection, int], Awaitable[str]]


async def _report(connection: Connection, number: int) -> dict[str, Any]:
    """The frozen report, else the live one."""
    if (text := await freezing.frozen(connection, number)) is not None:
        return dict(json.loads(text))
    return await _live(connection, number)


async def _live(connection: Connection, number: int) -> dict[str, Any]:
    found = await freezing.live(connection, number)
    if found is None:
        raise CONSULTATIONS.missing(str(number))
    return found[1]


async def read_report(request: Request) -> Response:
    """The status of implementation as the record stands now, counted for this Consultation."""

    async def made(connection: Connection, number: int) -> str:
        return freezing.text_of(await _live(connection, number))

    return await _answered(request, made)


async def read_frozen_report(request: Request) -> Response:
    """The report as it was put before the Consultation: the same bytes for ever."""

    async def made(connection: Connection, number: int) -> str:
        text = await freezing.frozen(connection, number)
        if text is None:
            raise NotFound(
                f"The report of this Consultation is not frozen: /v1/consultations/{number}/report is live."
            )
        return text

    return await _answered(request, made)


async def compare_reports(request: Request) -> Response:
    """What has moved, stalled, slipped, been added, dropped or re-dated since an earlier Consultation."""
    given = {name: value for name, _, value in pairs_of(request.scope["query_string"])}
    _only(given, "from", "as_of")
    if not given.get("from", "").isascii() or not given.get("from", "").isdigit() or len(given["from"]) > 5:
        raise InvalidParameter(
            "`from` is the number of the earlier Consultation.",
            errors=[{"parameter": "from", "code": "unreadable", "hint": "For example ?from=1."}],
        )

    async def made(connection: Connection, number: int) -> str:
        before = await _report(connection, int(given["from"]))
        return freezing.text_of(compared(before, await _report(connection, number)))

    return await _answered(request, made, plain=False)


async def read_outstanding(request: Request) -> Response:
    """Who has not reported yet, or not on everything."""

    async def made(connection: Connection, number: int) -> str:
        return freezing.text_of(outstanding(await _live(connection, number)))

    return await _answered(request, made)


async def _answered(request: Request, made: Made, *, plain: bool = True) -> Response:
    """A document that is made from one view of the register, with the digest of its bytes."""
    if plain:
        _only({name: value for name, _, value in pairs_of(request.scope["query_string"])}, "as_of")
    headers = headers_of(request)
    context = await context_of(request)
    chosen(headers.get(b"accept"), (JSON,))
    column, value = CONSULTATIONS.named(CONSULTATIONS.table, request.path_params["name"])
    async with service_of(request).database.reading(context, one_view=True) as connection:
        number = await connection.fetchval(
            f"select number from consultations where {column.key} = $1",  # noqa: S608  (id or number)
            value,
        )
        if number is None:
            raise CONSULTATIONS.missing(request.path_params["name"])
        text = await made(connection, number)
    digest = freezing.digest_of(text)
    named = {
        "ETag": f'"{digest}"',
        "Repr-Digest": f"sha-256=:{base64.b64encode(bytes.fromhex(digest)).decode()}:",
    }
    answer = caching(await moment_of(request), **named)
    if not_modified(headers.get(b"if-none-match"), digest):
        return Response(None, 304, answer)
    return Response(text, 200, answer, media_type="application/json")


def _only(given: dict[str, str], *allowed: str) -> None:
    for name in given:
        if name not in allowed:
            hint = did_you_mean(name[:100], allowed)
            raise UnknownParameter(
                f"There is no parameter `{name[:100]}` here.",
                errors=[{"parameter": name[:100], "code": "unknown_parameter", **hint}],
            )


async def open_reports(request: Request) -> Response:
    """Make an open progress report for every country that is to report and has none. Again, it makes none."""
    dry_run = flags(request, "dry_run")["dry_run"]

    async def work(connection: Connection) -> Answer:
        current = await writing.locked(connection, CONSULTATIONS, request.path_params["name"])
        await open_reporting(connection, current)
        report = await _live(connection, current.record["number"])
        return Answer(200, freezing.text_of(outstanding(report)))

    return await write(request, b"", work, dry_run=dry_run, needs=CONSULTATIONS.needs(Permission.REVIEW))


async def freeze_report(request: Request) -> Response:
    """Freeze the status report: accepted progress reports are settled, and the report stays as it is for ever.

    Again, it changes nothing. The Consultation says when, and the SHA-256 of the report.
    """
    dry_run = flags(request, "dry_run")["dry_run"]

    async def work(connection: Connection) -> Answer:
        current = await writing.locked(connection, CONSULTATIONS, request.path_params["name"])
        await unchanged(request, connection, current)
        after = await freezing.freeze(connection, current)
        return Answer(200, after.json, {"ETag": f'"{after.tag}"'})

    return await write(request, b"", work, dry_run=dry_run, needs=CONSULTATIONS.needs(Permission.FREEZE))


def _add(
    method: str,
    path: str,
    handler: Any,
    name: str,
    permission: Permission,
    summary: str,
    schema: str,
    **more: Any,
) -> None:
    POLICY[name] = permission
    TREE.add(method, f"/v1/consultations{path}", handler)
    content = {"application/json": {"schema": doc.schema_ref(schema)}}
    reads = method == "GET"
    headers = ("ETag", "Repr-Digest", "Memento-Datetime") if reads else ("ETag", *doc.WRITTEN)
    statuses = (
        doc.problems(*doc.READS, 304, 404)
        if reads
        else doc.problems(*(status for status in doc.WRITES if status != 415), 404, 412, 428)
    )
    parameters = [_NUMBER, *more.get("parameters", ()), *((*doc.AS_OF, doc.IF_NONE_MATCH) if reads else ())]
    if not reads:
        parameters += [doc.DRY_RUN, doc.IF_MATCH, doc.IDEMPOTENCY_KEY, doc.REASON]
    router.add_api_route(
        path,
        handler,
        methods=[method],
        name=name,
        operation_id=name,
        summary=summary,
        description=" ".join((handler.__doc__ or "").split()),
        response_class=Response,
        response_model=None,
        responses=doc.ok(200, f"{summary}.", content, *headers) | statuses,
        openapi_extra={
            "parameters": parameters,
            **({} if reads else {"security": [{"bearer": []}, {"api_key": []}]}),
        },
    )


_FROM = doc.parameter(
    "from",
    "Number of the earlier Consultation.",
    {"type": "integer", "format": "int32", "minimum": 1, "maximum": 32_767},
    1,
    required=True,
)
doc.HEADERS["Repr-Digest"] = {
    "description": "SHA-256 of the answer (RFC 9530): who keeps it can prove later what was answered.",
    "schema": {"type": "string", "maxLength": 100, "pattern": "^sha-256=:[A-Za-z0-9+/=]{44}:$"},
    "example": "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:",
}
_READ = Permission.READ
_add(
    "GET",
    "/{name}/report",
    read_report,
    "read_status_report",
    _READ,
    "The status report, live",
    "StatusReport",
)
_add("GET", "/{name}/report/frozen", read_frozen_report, "read_frozen_status_report", _READ,
     "The status report, frozen", "StatusReport")  # fmt: skip
_add("GET", "/{name}/report/diff", compare_reports, "compare_status_reports", _READ,
     "What has changed since another report", "ReportDifference", parameters=[_FROM])  # fmt: skip
_add(
    "GET",
    "/{name}/outstanding",
    read_outstanding,
    "read_outstanding",
    _READ,
    "Who has not reported",
    "Outstanding",
)
_add("POST", "/{name}/open-reporting", open_reports, "open_reporting", Permission.REVIEW, "Ask every country to report",
     "Outstanding")  # fmt: skip
_add("POST", "/{name}/freeze", freeze_report, "freeze_status_report", Permission.FREEZE, "Freeze the status report",
     "Consultation")  # fmt: skip
