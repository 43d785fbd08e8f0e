"""The operations on the status report of a Consultation, and the explanation of a status."""

from collections.abc import Awaitable, Callable

from fastapi import APIRouter, Request, Response
from pydantic_core import from_json

from app.access.permissions import Permission
from app.activities.queries import ACTIVITIES
from app.collection import writing
from app.consultations.queries import CONSULTATIONS
from app.db import Compiled, Connection
from app.errors import InvalidParameter, NotFound, did_you_mean
from app.http.formats import CSV, DOCX, JSON, PDF, SVG, XLSX, Format, chosen
from app.operations import documented as doc
from app.operations.documents import add_deed, add_document, answered, asked_of, one, text_of
from app.operations.doors import TREE, Handler
from app.operations.routes import flags, unchanged
from app.operations.serving import headers_of
from app.operations.transactions import Answer, write
from app.report_files.charts import CHARTS
from app.report_files.tables import TABLES
from app.status_reports import freezing
from app.status_reports.comparing import comparison
from app.status_reports.counting import live_side, report_statement
from app.status_reports.explaining import why_statement
from app.status_reports.filing import REPORT_FORMATS, Number, difference, frozen, live
from app.status_reports.reporting import cancelled, frozen_already, open_reporting, outstanding

router = APIRouter(prefix="/consultations", tags=["Status report"])
explained = APIRouter(prefix="/activities", tags=["Activities"])
_NUMBER = doc.name_parameter(CONSULTATIONS)
_TABLE = "activities"
"""That CSV is of, unless another is asked for."""
Read = Callable[[Request, Format, str, Number], Awaitable[Response]]
"""Answers a report in the form of this name."""


async def _number(connection: Connection, request: Request) -> int:
    found: int = await one(connection, CONSULTATIONS, request.path_params["name"], "number")
    return found


async def _outstanding(connection: Connection, number: int) -> str:
    head = await connection.fetchrow(report_statement(("head",)).sql, number)
    if head is None:
        raise CONSULTATIONS.missing(str(number))
    return text_of(outstanding(from_json(head["said"])))


async def read_report(request: Request) -> Response:
    """The status of implementation as the record stands now, counted for this Consultation.

    As JSON; by `Accept`, or by a plain ending such as `report.pdf`, as PDF, DOCX, workbook or CSV, made
    of the JSON.
    """
    return await _answered(request, None, live)


async def read_frozen_report(request: Request) -> Response:
    """The report as it was put before the Consultation: the same bytes for ever, in every format."""
    return await _answered(request, None, frozen)


async def _answered(request: Request, fixed: Format | None, read: Read) -> Response:
    style = fixed or chosen(headers_of(request).get(b"accept"), REPORT_FORMATS)
    table = asked_of(request, *(("table",) if style is CSV else ())).get("table", _TABLE)
    if table not in TABLES:
        raise InvalidParameter(
            "`table` is the name of a table.",
            errors=[{"parameter": "table", "code": "unreadable", **did_you_mean(table[:60], tuple(TABLES))}],
        )
    name = f"csv:{table}" if style is CSV else style.ending
    return await read(request, style, name, lambda connection: _number(connection, request))


async def read_chart(request: Request) -> Response:
    """A picture of the live report, as SVG."""
    return await _drawn(request, live)


async def read_frozen_chart(request: Request) -> Response:
    """A picture of the frozen report, as SVG: the same bytes for ever."""
    return await _drawn(request, frozen)


async def _drawn(request: Request, read: Read) -> Response:
    asked_of(request)
    chosen(headers_of(request).get(b"accept"), (SVG,))
    chart = request.path_params["chart"].removesuffix(".svg")
    if chart not in CHARTS:
        raise NotFound(f"There is no such picture; there are {', '.join(CHARTS)}.")
    return await read(request, SVG, f"svg:{chart}", lambda connection: _number(connection, request))


async def compare_reports(request: Request) -> Response:
    """What has moved, stalled, slipped, been added, dropped or re-dated since an earlier Consultation."""
    since = asked_of(request, "from").get("from", "")
    if not since.isascii() or not since.isdigit() or len(since) > 5:
        raise InvalidParameter(
            "`from` is the number of the earlier Consultation.",
            errors=[{"parameter": "from", "code": "unreadable", "hint": "For example ?from=1."}],
        )

    chosen(headers_of(request).get(b"accept"), (JSON,))

    async def plan_of(connection: Connection) -> tuple[Compiled, tuple[int, int]]:
        numbers = int(since), await _number(connection, request)
        rows = await connection.fetch(_ARE_FROZEN, list(numbers))
        is_frozen = {row["number"]: row["frozen"] for row in rows}
        for number in numbers:
            if number not in is_frozen:
                raise NotFound(f"There is no Consultation with the number {number}.")
        was, now = (
            None if is_frozen[number] else live_side(place)
            for place, number in zip(("$1", "$2"), numbers, strict=True)
        )
        return comparison(was, now), numbers

    return await difference(request, plan_of)


_ARE_FROZEN = """select c.number::int as number, f.consultation_id is not null as frozen
from consultations c left join frozen_reports f on f.consultation_id = c.id where c.number = any($1::int[])"""


async def read_outstanding(request: Request) -> Response:
    """Who has not reported yet, or not on everything."""
    asked_of(request)

    async def made(connection: Connection) -> str:
        return await _outstanding(connection, await _number(connection, request))

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
        await frozen_already(request, connection, current)
        await cancelled(request, connection, current)
        await open_reporting(connection, current)
        return Answer(200, await _outstanding(connection, current.record["number"]))

    return await write(request, b"", work, dry_run=dry_run, needs=CONSULTATIONS.needs(Permission.REVIEW))


async def freeze_report(request: Request) -> Response:
    """Freeze the status report: accepted progress reports are settled, and the report stays as it is for ever.

    Critical gaps that nobody has explained stop it, unless `force=true`: then the report says so. Again, it changes
    nothing. The Consultation says when, and the SHA-256 of the report.
    """
    asked = flags(request, "dry_run", "force")

    async def work(connection: Connection) -> Answer:
        name = request.path_params["name"]
        await freezing.hold_reports(connection, await one(connection, CONSULTATIONS, name, "id"))
        current = await writing.locked(connection, CONSULTATIONS, name)
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
_TABLE_ASKED = doc.parameter(
    "table",
    "Of CSV: which table of the report.",
    {"type": "string", "enum": list(TABLES), "default": _TABLE},
    "matrix",
)
_CHART = doc.parameter(
    "chart",
    "Which picture: " + " ".join(f"`{name}`: {about}" for name, (about, _) in CHARTS.items()),
    {"type": "string", "enum": list(CHARTS)},
    "matrix",
    place="path",
)
_FILES = {
    **{style.media_type: {"schema": doc.BINARY} for style in (PDF, DOCX, XLSX)},
    CSV.media_type: {
        "schema": {
            "type": "string",
            "description": "A header line, and the rows of one table of the report.",
        },
        "example": "goal,country,activities\n6,TH,4\n",
    },
}
_PICTURE = {
    SVG.media_type: {
        "schema": {"type": "string", "description": "A picture whose text is text."},
        "example": '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 482.4 226.8"></svg>',
    }
}
for _path, _handler, _name, _summary, _schema, _more, _files in (
    ("/report", read_report, "read_status_report", "The status report, live", "StatusReport", (_TABLE_ASKED,), _FILES),
    (
        "/report/frozen", read_frozen_report, "read_frozen_status_report", "The status report, frozen",
        "StatusReport", (_TABLE_ASKED,), _FILES,
    ),
    (
        "/report/charts/{chart}", read_chart, "read_report_chart", "A picture of the live report", None,
        (_CHART,), _PICTURE,
    ),
    (
        "/report/frozen/charts/{chart}", read_frozen_chart, "read_frozen_report_chart",
        "A picture of the frozen report", None, (_CHART,), _PICTURE,
    ),
    (
        "/report/diff", compare_reports, "compare_status_reports", "What has changed since another report",
        "ReportDifference", (_FROM,), {},
    ),
    ("/outstanding", read_outstanding, "read_outstanding", "Who has not reported", "Outstanding", (), {}),
):  # fmt: skip
    add_document(
        router,
        f"/{{name}}{_path}",
        _handler,
        _name,
        _summary,
        _schema,
        parameters=[_NUMBER, *_more],
        files=_files,
    )


def _ended(style: Format, read: Read) -> Handler:
    async def read_report_file(request: Request) -> Response:
        return await _answered(request, style, read)

    return read_report_file


for _path, _read in (("/report", live), ("/report/frozen", frozen)):
    for (
        _style
    ) in REPORT_FORMATS:  # by plain endings, for people who paste addresses; left out of the document
        _address = f"/{{name}}{_path}.{_style.ending}"
        TREE.add("GET", f"/v1{router.prefix}{_address}", _ended(_style, _read))
        router.add_api_route(_address, _ended(_style, _read), include_in_schema=False, response_model=None)
add_document(
    explained, "/{name}/why-status", why_status, "explain_status", "Why an activity has its status", "WhyStatus",
    parameters=[doc.name_parameter(ACTIVITIES)],
)  # fmt: skip
add_deed(
    router, "/{name}/open-reporting", open_reports, "open_reporting", Permission.REVIEW,
    "Ask every country to report", "Outstanding", parameters=[_NUMBER], against=(frozen_already, cancelled),
)  # fmt: skip
add_deed(
    router, "/{name}/freeze", freeze_report, "freeze_status_report", Permission.FREEZE, "Freeze the status report",
    "Consultation", parameters=[_NUMBER, _FORCE], against=(freezing.stopped,),
)  # fmt: skip
