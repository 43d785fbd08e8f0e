"""The operations on gaps: list them, look at the catalogue, say why one may stay."""

from typing import Any

from fastapi import APIRouter, Request, Response

from app.access.permissions import Permission
from app.collection import writing
from app.db import Connection
from app.errors import NotFound, Unprocessable
from app.gaps.checks import checks
from app.gaps.counting import GAPS_MOST, catalogue, counts, one_gap, page_of_gaps
from app.gaps.queries import GAP_DISMISSALS
from app.gaps.schemas import GAP_ID
from app.http.bodies import read_object
from app.operations import documented as doc
from app.operations.documents import add_deed, add_document, answered, asked_of, text_of
from app.operations.parameters import countries, number, words
from app.operations.routes import endings, flags, operations, read_body
from app.operations.transactions import Answer, write

router = APIRouter(prefix="/gaps", tags=["Gaps"])
catalogued = APIRouter(prefix="/checks", tags=["Gaps"])
dismissals = operations(GAP_DISMISSALS, tag="Gap dismissals")
files = endings(GAP_DISMISSALS)
_SEVERITIES = ("critical", "warning", "info")
_LIMIT = 50


async def list_gaps(request: Request) -> Response:
    """What the plan asks for and the record lacks, counted now or `as_of` then."""
    given = asked_of(request, "check", "country", "severity", "min_age", "dismissed", "limit", "cursor")
    dismissed = (words(given, "dismissed", ("true", "false", "any")) or ["false"])[0]
    limit = number(given, "limit", _LIMIT, 1, GAPS_MOST)
    values = {
        "checks": words(given, "check", tuple(each.name for each in checks())),
        "countries": countries(given),
        "severities": words(given, "severity", _SEVERITIES),
        "age": number(given, "min_age", 0, 0, 100_000),
        "dismissed": {"true": True, "false": False, "any": None}[dismissed],
        "after": given.get("cursor", ""),
        "limit": limit + 1,
    }

    async def made(connection: Connection) -> str:
        statement = page_of_gaps()
        rows = await connection.fetch(statement.sql, *statement.args(values))
        following = "null"
        if len(rows) > limit:
            kept = "&".join(f"{name}={value}" for name, value in given.items() if name != "cursor")
            following = f'"/v1/gaps?{kept}{"&" if kept else ""}cursor={rows[limit - 1]["id"]}"'
        return f'{{"items":[{",".join(row["j"] for row in rows[:limit])}],"next":{following}}}'

    return await answered(request, made)


async def list_checks(request: Request) -> Response:
    """The catalogue: what is looked for, what asks for it, and how many gaps there are."""
    asked_of(request)

    async def made(connection: Connection) -> str:
        rows = await connection.fetch(counts().sql)
        return text_of({"items": catalogue({row["check"]: (row["open"], row["dismissed"]) for row in rows})})

    return await answered(request, made)


async def dismiss_gap(request: Request) -> Response:
    """Say why a gap may stay, and until when. Said again, it is changed; with a day that has passed, it is over."""
    dry_run = flags(request, "dry_run")["dry_run"]
    body = await read_body(request, ("application/json",), GAP_DISMISSALS.needs())
    gap, said = request.path_params["name"], read_object(body)

    async def work(connection: Connection) -> Answer:
        await connection.execute("select pg_advisory_xact_lock(hashtextextended($1, 12))", gap)
        if await connection.fetchval(one_gap().sql, gap) is None:
            raise NotFound("There is no such gap: it may have been filled. /v1/gaps lists them.")
        known = await connection.fetchval("select id from gap_dismissals where gap = $1", gap)
        if known is None:
            done = await writing.create(connection, GAP_DISMISSALS, {**said, "gap": gap})
            if await connection.fetchval("select until < today() from gap_dismissals where id = $1", done.id):
                raise _passed()
        else:
            current = await writing.locked(connection, GAP_DISMISSALS, str(known))
            done = await writing.change(connection, GAP_DISMISSALS, current, said)
        return Answer(200, done.json, {"ETag": f'"{done.tag}"'})

    return await write(request, body, work, dry_run=dry_run, needs=GAP_DISMISSALS.needs())


def _passed() -> Unprocessable:
    message = "This day has passed: the gap would be open all the same."
    return Unprocessable(errors=[{"pointer": "/until", "code": "passed", "message": message}])


def _several(name: str, about: str, allowed: tuple[str, ...], example: str) -> dict[str, Any]:
    return doc.parameter(name, about, doc.several(allowed), example)


add_document(
    router, "", list_gaps, "list_gaps", "List gaps", "Gaps",
    parameters=[
        _several("check", "Of these checks.", tuple(each.name for each in checks()), "event_without_outcome"),
        doc.parameter(
            "country", "Of these countries.",
            {"type": "string", "maxLength": 200, "pattern": "^[A-Z]{2}(,[A-Z]{2})*$"}, "TH",
        ),
        _several("severity", "So grave.", _SEVERITIES, "critical"),
        doc.parameter(
            "min_age", "There for at least so many days.",
            {"type": "integer", "format": "int32", "minimum": 0, "maximum": 100_000}, 30,
        ),
        doc.parameter(
            "dismissed", "Those that are explained, those that are not, or both.",
            {"type": "string", "enum": ["true", "false", "any"], "default": "false"}, "any",
        ),
        doc.parameter(
            "limit", "How many.",
            {"type": "integer", "format": "int32", "minimum": 1, "maximum": GAPS_MOST, "default": _LIMIT}, 100,
        ),
        doc.parameter(
            "cursor", "Where the page before has ended.", {"type": "string", "maxLength": 160},
            "event_without_outcome",
        ),
    ],
)  # fmt: skip
add_document(catalogued, "", list_checks, "list_checks", "The catalogue of checks", "Checks")
add_deed(
    router, "/{name}/dismiss", dismiss_gap, "dismiss_gap", Permission.EDIT, "Dismiss a gap", "GapDismissal",
    body="Dismissal", guarded=False,
    parameters=[
        doc.parameter(
            "name", "Id of the gap.",
            {"type": "string", "maxLength": 160, "pattern": GAP_ID},
            "event_without_outcome:019aa5d0-6b7c-7c3e-9c39-0d1f5b3a7e11", place="path",
        )
    ],
)  # fmt: skip
