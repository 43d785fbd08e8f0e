"""The operations on the status report of a Consultation, and the explanation of a status."""

import json
from typing import Any

from fastapi import APIRouter, Request, Response

from app.access.permissions import Permission
from app.activities.queries import ACTIVITIES
from app.collection import writing
from app.consultations.queries import CONSULTATIONS
from app.db import Connection
from app.errors import InvalidParameter, NotFound
from app.operations import documented as doc
from app.operations.documents import add_deed, add_document, answered, asked_of, one, text_of
from app.operations.routes import flags, unchanged
from app.operations.transactions import Answer, write
from app.status_reports import freezing
from app.status_reports.comparing import compared
from app.status_reports.explaining import why_statement
from app.status_reports.reporting import open_reporting, outstanding

router = APIRouter(prefix="/consultations", tags=["Status report"])
explained = APIRouter(prefix="/activities", tags=["Activities"])
_NUMBER = doc.name_parameter(CONSULTATIONS)


async def _number(connection: Connection, request: Request) -> int:
    found: int = await one(connection, CONSULTATIONS, request.path_params["name"], "number")
    return found


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
    asked_of(request)

    async def made(connection: Connection) -> str:
        return text_of(await _live(connection, await _number(connection, request)))

    return await answered(request, made)


async def read_frozen_report(request: Request) -> Response:
    """The report as it was put before the Consultation: the same bytes for ever."""
    asked_of(request)

    async def made(connection: Connection) -> str:
        number = await _number(connection, request)
        text = await freezing.frozen(connection, number)
        if text is None:
            raise NotFound(
                f"The report of this Consultation is not frozen: /v1/consultations/{number}/report is live."
            )
        return text

    return await answered(request, made)


async def compare_reports(request: Request) -> Response:
    """What has moved, stalled, slipped, been added, dropped or re-dated since an earlier Consultation."""
    since = asked_of(request, "from").get("from", "")
    if not since.isascii() or not since.isdigit() or len(since) > 5:
        raise InvalidParameter(
            "`from` is the number of the earlier Consultation.",
            errors=[{"parameter": "from", "code": "unreadable", "hint": "For example ?from=1."}],
        )

    async def made(connection: Connection) -> str:
        number = await _number(connection, request)
        before = await _report(connection, int(since))
        return text_of(compared(before, await _report(connection, number)))

    return await answered(request, made)


async def read_outstanding(request: Request) -> Response:
    """Who has not reported yet, or not on everything."""
    asked_of(request)

    async def made(connection: Connection) -> str:
        return text_of(outstanding(await _live(connection, await _number(connection, request))))

    return await answered(request, made)


async def why_status(request: Request) -> Response:
    """Why an activity has the status that it has: what was reported, what dates and events say, where they part."""
    asked_of(request)

    async def made(connection: Connection) -> str:
        record = await one(connection, ACTIVITIES, request.path_params["name"], "id")
        text: str = await connection.fetchval(why_statement().sql, record)
        return text

    return await answered(request, made)


async def open_reports(request: Request) -> Response:
    """Make an open progress report for every country that is to report and has none. Again, it makes none."""
    dry_run = flags(request, "dry_run")["dry_run"]

    async def work(connection: Connection) -> Answer:
        current = await writing.locked(connection, CONSULTATIONS, request.path_params["name"])
        await open_reporting(connection, current)
        return Answer(200, text_of(outstanding(await _live(connection, current.record["number"]))))

    return await write(request, b"", work, dry_run=dry_run, needs=CONSULTATIONS.needs(Permission.REVIEW))


async def freeze_report(request: Request) -> Response:
    """Freeze the status report: accepted progress reports are settled, and the report stays as it is for ever.

    Critical gaps that nobody has explained stop it, unless `force=true`: then the report says so. Again, it changes
    nothing. The Consultation says when, and the SHA-256 of the report.
    """
    asked = flags(request, "dry_run", "force")

    async def work(connection: Connection) -> Answer:
        current = await writing.locked(connection, CONSULTATIONS, request.path_params["name"])
        await unchanged(request, connection, current)
        after = await freezing.freeze(connection, current, force=asked["force"])
        return Answer(200, after.json, {"ETag": f'"{after.tag}"'})

    return await write(
        request, b"", work, dry_run=asked["dry_run"], needs=CONSULTATIONS.needs(Permission.FREEZE)
    )


_FROM = doc.parameter(
    "from",
    "Number of the earlier Consultation.",
    {"type": "integer", "format": "int32", "minimum": 1, "maximum": 32_767},
    1,
    required=True,
)
_FORCE = doc.parameter(
    "force",
    "Freeze although critical gaps are open; they are printed in the report.",
    {"type": "boolean", "default": False},
    True,
)
for _path, _handler, _name, _summary, _schema, _more in (
    ("/report", read_report, "read_status_report", "The status report, live", "StatusReport", ()),
    (
        "/report/frozen", read_frozen_report, "read_frozen_status_report", "The status report, frozen",
        "StatusReport", (),
    ),
    (
        "/report/diff", compare_reports, "compare_status_reports", "What has changed since another report",
        "ReportDifference", (_FROM,),
    ),
    ("/outstanding", read_outstanding, "read_outstanding", "Who has not reported", "Outstanding", ()),
):  # fmt: skip
    add_document(
        router, f"/{{name}}{_path}", _handler, _name, _summary, _schema, parameters=[_NUMBER, *_more]
    )
add_document(
    explained, "/{name}/why-status", why_status, "explain_status", "Why an activity has its status", "WhyStatus",
    parameters=[doc.name_parameter(ACTIVITIES)],
)  # fmt: skip
add_deed(
    router, "/{name}/open-reporting", open_reports, "open_reporting", Permission.REVIEW,
    "Ask every country to report", "Outstanding", parameters=[_NUMBER],
)  # fmt: skip
add_deed(
    router, "/{name}/freeze", freeze_report, "freeze_status_report", Permission.FREEZE, "Freeze the status report",
    "Consultation", parameters=[_NUMBER, _FORCE],
)  # fmt: skip
