"""What an answer says beside its content: what it depends on, as of when it is, and its tag."""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime, time
from typing import Any

from fastapi import Request, Response

from app.access.permissions import Permission
from app.http.answers import Told, Unchanged
from app.http.etags import not_modified
from app.operations.moments import Moment
from app.operations.serving import headers_of

_CACHING = {"Cache-Control": "no-cache", "Vary": "Accept, Accept-Datetime, Authorization, X-API-Key"}

_ALL_AGREE = time(0, 0, 5)
"""By then all clocks have begun the day."""


def caching(moment: Moment | None, **more: str) -> dict[str, str]:
    """Headers of an answer: what it depends on, and as of when it is. What the past was may yet be forbidden or
    erased, so that is asked anew every time, too.
    """
    return {**more, **_CACHING, **(moment.headers if moment else {})}


def tells_of_people(request: Request) -> bool:
    """Whether an answer with people in it is for somebody who sees them: then no cache keeps it, not even theirs."""
    state = request.scope["state"]
    if told := bool(state["caller"].reach(Permission.READ_CONTACTS)):
        state["people"] = True
    return told


def digest(request: Request, moment: Moment | None, *, people: bool = False) -> str:
    """What else a list depends on: the address, the day (relative dates, derived fields), which records the caller
    sees, and, where there are `people` in it, whether these; never the key itself.
    """
    address = f"{request.scope['path']}?{request.scope['query_string'].decode('latin-1')}"
    when = f"{moment.text} {moment.head}" if moment else _day(datetime.now(UTC))
    seen = request.scope["state"]["caller"].view + (" people" if people and tells_of_people(request) else "")
    return hashlib.sha256(f"{address}|{when}|{seen}".encode()).hexdigest()[:16]


def _day(now: datetime) -> str:
    """The day. When it has just begun, the database or another instance may not think so yet: then the moment, so that
    what is told does not hold for any longer.
    """
    return str(now.date() if now.time() >= _ALL_AGREE else now)


def tagged(
    request: Request,
    content: str | bytes,
    tag: str,
    headers: Mapping[str, str],
    media_type: str = "application/json",
) -> Response:
    """What was found, with its tag; 304 if the client has it already (RFC 9110, section 13.1.2)."""
    said = {**headers, "ETag": f'"{tag}"'}
    if not_modified(headers_of(request).get(b"if-none-match"), tag):
        return without_content(said)
    return Told(content, said, media_type)


def without_content(headers: Mapping[str, str]) -> Response:
    """304, which does not say how the content would be shown."""
    return Unchanged({name: value for name, value in headers.items() if not name.startswith("Content-")})


def answered(request: Request, content: Mapping[str, Any], headers: Mapping[str, str]) -> Response:
    """An answer that is made here, and not by the database; 304 if the client has it already."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return tagged(request, text, hashlib.sha256(text.encode()).hexdigest()[:32], headers)
