"""The page on which an office sees what is public of its entry, and confirms it.

It is shown by GET and confirms by POST, so that programs which follow the links in a mail confirm nothing.
"""

import json
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from fastapi import APIRouter, Request, Response

from app.collection.asked import Asked, Shape
from app.collection.items import item_plan
from app.db import PLAIN
from app.focal_points.links import Link
from app.focal_points.queries import FOCAL_POINTS
from app.operations.serving import service_of

router = APIRouter(prefix="/confirm", include_in_schema=False)
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
}
_CONFIRM = "select confirm_focal_point($1, $2)"
_USED = (
    "This link has done its work: it was used, or the entry has changed since it was sent. Ask for a new one."
)
_UNKNOWN = "This is not a link of this register. Copy it once more from the message, to its very end."


def _page(status: int, title: str, content: str) -> Response:
    text = f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} · Work Plan Register</title>
</head>
<body>
<main>
<h1>{title}</h1>
{content}
</main>
</body>
</html>
"""
    return Response(text, status, _HEADERS, media_type="text/html; charset=utf-8")


def _refused(status: int, why: str) -> Response:
    return _page(status, "This link cannot be used", f"<p>{why}</p>")


def _shown(record: Mapping[str, Any]) -> Iterator[str]:
    office = record["office"]
    lines = {
        "Country": record["country"],
        "Answers for": ", ".join(each.replace("_", " ") for each in record["purposes"]),
        "Office": office["name"],
        "Mailbox": office.get("email"),
        "Telephone": office.get("phone"),
        "Languages": ", ".join(office.get("languages") or ()),
        "Hours": " ".join(filter(None, (office.get("hours"), office.get("time_zone")))),
        "Address": office.get("address"),
        "Valid from": record["valid_from"],
        "Valid until": record["valid_until"],
        "Note": record["note"],
    }
    for name, value in lines.items():
        yield f"<dt>{name}</dt>\n<dd>{escape(value) if value else 'not said'}</dd>"


async def _entry(request: Request) -> tuple[Link, Mapping[str, Any]] | Response:
    """What is public of the entry of a link; or why it cannot be used."""
    service = service_of(request)
    link = Link.read(request.path_params["token"], service.seal)
    if link is None:
        return _refused(404, _UNKNOWN)
    if link.expired:
        return _refused(410, "This link is too old. Ask for a new one.")
    plan = item_plan(FOCAL_POINTS, "id", Asked(Shape(), {}))
    rows = await service.database.fetch(plan, {"name": link.focal_point}, PLAIN)
    record = json.loads(rows[0]["j"]) if rows else None
    if record is None or record["version"] != link.version:
        return _refused(410, _USED)
    return link, record


@router.get("/{token}")
async def show_entry(request: Request) -> Response:
    """What is public of the entry, and a button."""
    found = await _entry(request)
    if isinstance(found, Response):
        return found
    lines = "\n".join(_shown(found[1]))
    return _page(
        200,
        "Is this right?",
        f"""<p>This is what everybody can read of your office in the Work Plan Register.</p>
<dl>
{lines}
</dl>
<form method="post">
<button type="submit">Yes, all of this is right</button>
</form>
<p>If something is wrong, do not confirm it: tell the ministry that keeps the entry.</p>""",
    )


@router.post("/{token}")
async def confirm_entry(request: Request) -> Response:
    """Confirm the entry as it was shown."""
    found = await _entry(request)
    if isinstance(found, Response):
        return found
    link, _ = found
    async with service_of(request).database.writing() as connection:
        confirmed = await connection.fetchval(_CONFIRM, link.focal_point, link.version)
    if not confirmed:
        return _refused(410, _USED)
    return _page(200, "Thank you", "<p>The entry is confirmed as of today. You can close this page.</p>")
