"""The operations that prove the journal: a checkpoint to keep, and the walk along the chain."""

from time import monotonic
from typing import Any

from fastapi import APIRouter, Request, Response

from app.access.permissions import Permission
from app.audit.documented import CHECKPOINT, VERDICT
from app.audit.verifying import BEGINNING, newest, read_checkpoint, verify
from app.collection.asked import only
from app.collection.days import told
from app.http.formats import JSON, chosen
from app.operations import documented as doc
from app.operations.answering import answered, caching
from app.operations.doors import Handler, open_door
from app.operations.serving import caller_of, headers_of, service_of

router = APIRouter(prefix="/audit", tags=["Audit"])
_SECONDS = 3.0
"""So long one request walks; the next goes on where it ended."""


async def read_checkpoint_of_journal(request: Request) -> Response:
    """The end of the journal's chain. Keep it: whoever has one can tell later that nothing before it was rewritten."""
    await caller_of(request)
    _given(request, ())
    async with service_of(request).database.reading() as connection:
        at = await newest(connection)
    written = told(at.at) if at.at else None
    return answered(request, {"position": at.position, "hash": at.hash, "at": written}, caching(None))


async def verify_journal(request: Request) -> Response:
    """Walk the chain of the journal, from the beginning or from a checkpoint, and name the first broken link.

    One request walks for a few seconds. If it has not come to the end, `complete` is false, and `until` is where the
    next goes on.
    """
    (await caller_of(request)).require(Permission.AUDIT)
    given = _given(request, ("from",))
    since = read_checkpoint(given["from"]) if "from" in given else BEGINNING
    end = monotonic() + _SECONDS
    async with service_of(request).database.reading(one_view=True) as connection:
        verdict = await verify(connection, since, go_on=lambda _: monotonic() < end)
    content = {
        "valid": verdict.broken_at is None,
        "complete": verdict.complete,
        "until": str(verdict.until),
        "broken_at": verdict.broken_at,
        "problem": verdict.problem or None,
    }
    return answered(request, content, caching(None))


def _given(request: Request, allowed: tuple[str, ...]) -> dict[str, str]:
    chosen(headers_of(request).get(b"accept"), (JSON,))
    return only(request.scope["query_string"], allowed)


def _add(path: str, handler: Handler, name: str, permission: Permission, summary: str, **more: Any) -> None:
    open_door(router, "GET", path, handler, name, permission, summary=summary, **more)


_add(
    "/checkpoint",
    read_checkpoint_of_journal,
    "read_checkpoint",
    Permission.READ,
    "Read a checkpoint",
    responses=doc.ok(200, "The checkpoint.", CHECKPOINT, "ETag") | doc.problems(*doc.READS, 304),
    openapi_extra={"parameters": [doc.IF_NONE_MATCH]},
)
_add(
    "/verify",
    verify_journal,
    "verify_journal",
    Permission.AUDIT,
    "Verify the journal",
    responses=doc.ok(200, "How far it holds.", VERDICT, "ETag") | doc.problems(*doc.READS, 304, 403),
    openapi_extra={
        "parameters": [
            doc.parameter(
                "from",
                "A checkpoint that you kept, `position:hash`: it has to be in the chain, and the walk begins there.",
                {"type": "string", "maxLength": 83, "pattern": "^[0-9]{1,18}:[0-9a-f]{64}$"},
                f"0:{BEGINNING.hash}",
            ),
            doc.IF_NONE_MATCH,
        ],
        "security": [{"bearer": []}, {"api_key": []}],
    },
)
