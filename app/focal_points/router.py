"""The operations on focal points: those of every record, whom to ask, handing over, and staying true."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

from fastapi import APIRouter, Request, Response

from app.access.permissions import Permission
from app.collection import writing
from app.collection.asked import only
from app.collection.days import told
from app.collection.fields import read_day
from app.db import Connection
from app.errors import Conflict, InvalidParameter, did_you_mean
from app.focal_points import writes
from app.focal_points.finding import INSTEAD, find
from app.focal_points.links import Link
from app.focal_points.queries import FOCAL_POINTS
from app.focal_points.schemas import Purpose
from app.http.bodies import read_object
from app.operations import documented as doc
from app.operations.bouncing import bounces
from app.operations.documents import add_deed, add_document, answered, asked_of, text_of
from app.operations.routes import endings, flags, operations, read_body, unchanged
from app.operations.serving import address_of, service_of
from app.operations.transactions import Answer, write

router = operations(FOCAL_POINTS, tag="Focal points")
files = endings(FOCAL_POINTS)
deeds = APIRouter(prefix="/focal-points", tags=["Focal points"])
_NEEDS = FOCAL_POINTS.needs()
_PURPOSES: tuple[str, ...] = get_args(Purpose)
_DAYS, _DAYS_MOST = 14, 60


class NotPublic(Conflict):
    """A link shows what is public; this entry is not."""


async def find_focal_points(request: Request) -> Response:
    """The offices of a country that answer for a purpose on a day, best confirmed first.

    A country that names none for the purpose is asked through its national coordinator, else its general office:
    `answered_for` says which, and `gap` what is missing. Who may read contacts sees the people as well.
    """
    given = asked_of(request, "country", "purpose", "on")
    for name in ("country", "purpose"):
        if name not in given:
            raise _refused(name, "missing", f"Say which {name}.")
    if not re.fullmatch("[A-Z]{2}", given["country"]):
        raise _refused("country", "unreadable", "An ISO 3166-1 code is expected, such as TH.")
    if given["purpose"] not in _PURPOSES:
        hint = did_you_mean(given["purpose"][:60], _PURPOSES)
        raise _refused("purpose", "unreadable", "There is no such purpose.", **hint)
    try:
        day = read_day(given["on"]) if "on" in given else None
    except ValueError as why:
        raise _refused("on", "unreadable", f"{why}.") from None

    async def made(connection: Connection) -> str:
        return text_of(await find(connection, given["country"], given["purpose"], day))

    return await answered(request, made, people=True)


def _refused(name: str, code: str, message: str, **more: Any) -> InvalidParameter:
    error = {"parameter": name, "code": code, "message": message, **more}
    return InvalidParameter(f"`{name}`: {message}", errors=[error])


async def hand_over_focal_point(request: Request) -> Response:
    """Hand a focal point over to a successor, in one step: the body is what is new of it, from `valid_from` on.

    What is not said is taken over, but for the person, keys, note and whether it is confirmed. This one ends the day
    before and names the successor.
    """
    dry_run = flags(request, "dry_run")["dry_run"]
    body = await read_body(request, ("application/json",), _NEEDS)
    said = read_object(body)

    async def work(connection: Connection) -> Answer:
        current = await writing.locked(connection, FOCAL_POINTS, request.path_params["name"])
        await unchanged(request, connection, current)
        await writes.handed_over(request, connection, current)
        made = await writes.hand_over(connection, current, said)
        place = f"/v1/focal-points/{made.id}"
        return Answer(201, made.json, {"ETag": f'"{made.tag}"', "Location": place})

    return await write(request, body, work, dry_run=dry_run, needs=_NEEDS)


async def link_focal_point(request: Request) -> Response:
    """Make a link by which the office confirms its entry: without a key, once, and as it is now.

    It shows what is public. Send it as you like; opening it confirms nothing, the button on the page does. A change of
    the entry ends it. The link is answered once: not again for its Idempotency-Key.
    """
    given = only(request.scope["query_string"], ("days", "dry_run"))
    dry_run, days = given.get("dry_run", "false"), given.get("days", str(_DAYS))
    if dry_run not in {"true", "false"}:
        raise _refused("dry_run", "unreadable", "`true` or `false` is expected.")
    if not re.fullmatch("[1-9][0-9]?", days) or int(days) > _DAYS_MOST:
        raise _refused("days", "unreadable", f"A number from 1 to {_DAYS_MOST} is expected.")
    expires = datetime.now(UTC).replace(microsecond=0) + timedelta(days=int(days))

    async def work(connection: Connection) -> Answer:
        current = await writing.locked(connection, FOCAL_POINTS, request.path_params["name"])
        await unchanged(request, connection, current)
        await _hidden(request, connection, current)
        token = Link(current.id, current.version, int(expires.timestamp())).token(service_of(request).seal)
        said = {"url": None, "version": current.version, "expires_at": told(expires)}
        shown = text_of({**said, "url": f"{address_of(request)}/confirm/{token}"})
        return Answer(200, text_of(said), shown=shown)

    return await write(request, b"", work, dry_run=dry_run == "true", needs=_NEEDS)


async def _hidden(request: Request, connection: Connection, current: writing.Current) -> None:
    """Refuse what not everybody sees."""
    if current.record["visibility"] != "public":
        raise NotPublic("Only what is public can be confirmed by a link.")


_NAME = doc.name_parameter(FOCAL_POINTS)


add_document(
    deeds, "/find", find_focal_points, "find_focal_points", "Find whom to ask", "FoundFocalPoints",
    parameters=[
        doc.parameter(
            "country", "Of which country, ISO 3166-1.", {"type": "string", "pattern": "^[A-Z]{2}$", "maxLength": 2},
            "JP", required=True,
        ),
        doc.parameter(
            "purpose", f"For what. Where nobody is named: {', then '.join(f'`{each}`' for each in INSTEAD)}.",
            {"type": "string", "enum": list(_PURPOSES)}, "mutual_legal_assistance", required=True,
        ),
        doc.parameter(
            "on", "On which day, also one in the past or ahead; today if it is not said.",
            {"type": "string", "maxLength": 10, "pattern": r"^([0-9]{4}-[0-9]{2}-[0-9]{2}|today|-?[0-9]{1,5}[dwmy])$"},
            "2026-11-23",
        ),
    ],
)  # fmt: skip
add_deed(
    deeds, "/{name}/hand-over", hand_over_focal_point, "hand_over_focal_point", Permission.EDIT,
    "Hand a focal point over", "FocalPoint", parameters=[_NAME], status=201, headers=("ETag", "Location"),
    against=(writes.handed_over,),
    body={
        "description": "What is new of the successor; `valid_from` is needed.",
        "content": {
            "application/json": {
                "schema": doc.schema_ref("FocalPointPatch"),
                "example": {"valid_from": "2027-04-01", "office": {"email": "new.office@example.org"}},
            }
        },
    },
)  # fmt: skip
bounces(deeds, FOCAL_POINTS, "office", lambda record: record["office"], "Confirming the entry ends it.")
add_deed(
    deeds, "/{name}/verification-link", link_focal_point, "link_focal_point", Permission.EDIT,
    "Make a link to confirm an entry", "VerificationLink", headers=(), against=(_hidden,),
    parameters=(
        _NAME,
        doc.parameter(
            "days", "How long it holds.",
            {"type": "integer", "format": "int32", "minimum": 1, "maximum": _DAYS_MOST, "default": _DAYS}, 14,
        ),
    ),
)  # fmt: skip
