"""The operations on the feed: pages, a stream, the snapshot to begin with, and the digest to compare with."""

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse

from app.access.permissions import Permission
from app.changes import documented as told
from app.changes import statements
from app.changes.asked import Asked, read
from app.changes.reading import Feed, Page
from app.changes.stream import EVENT_STREAM, events
from app.collection.collection import Collection
from app.http.formats import JSON, NDJSON, chosen
from app.operations.answering import caching, tagged, tells_of_people
from app.operations.copying import copied
from app.operations.doors import Handler, open_door
from app.operations.serving import address_of, context_of, headers_of, moment_of, service_of

_PAGE = ("after", "kinds", "limit", "include", "wait")
_STREAM = ("after", "kinds", "include", "wait")


def changes(collections: Sequence[Collection]) -> APIRouter:
    """`GET /v1/changes` and what stands under it."""
    router = APIRouter(prefix="/changes", tags=["Changes"])

    def feed_of(request: Request) -> Feed:
        kept: Feed = request.app.state._state.setdefault("feed", Feed(service_of(request), collections))  # noqa: SLF001
        return kept

    def asked_of(request: Request, *allowed: str) -> Asked:
        return read(collections, request.scope["query_string"], allowed, headers_of(request))

    async def list_changes(request: Request) -> Response:
        chosen(headers_of(request).get(b"accept"), (JSON,))
        asked = asked_of(request, *_PAGE)
        page = await feed_of(request).waited_for(asked, request)
        if asked.records:
            tells_of_people(request)
        return await _answer(request, _body(page, _next(request, page)))

    async def stream_changes(request: Request) -> Response:
        chosen(headers_of(request).get(b"accept"), (EVENT_STREAM,))
        asked = asked_of(request, *_STREAM)
        feed = feed_of(request)
        first = await feed.page(asked, request)
        head = {
            "Content-Type": EVENT_STREAM.content_type,
            "Cache-Control": "no-store",
            "X-Accel-Buffering": "no",
        }
        if request.scope.get("head"):
            return Response(None, 200, head)
        return StreamingResponse(events(request, feed, asked, first), 200, head)

    async def digest_changes(request: Request) -> Response:
        chosen(headers_of(request).get(b"accept"), (JSON,))
        asked = asked_of(request, "kinds", "as_of")
        plan = statements.digest(asked.collections)
        rows = await service_of(request).database.fetch(plan, {}, await context_of(request))
        kinds = [
            {"kind": row["kind"], "count": row["count"], "digest": f"{int(row['total']) % 2**64:016x}"}
            for row in rows
        ]
        return await _answer(request, json.dumps({"position": rows[0]["position"], "items": kinds}))

    async def snapshot_changes(request: Request) -> Response:
        chosen(headers_of(request).get(b"accept"), (NDJSON,))
        asked = asked_of(request, "kinds", "as_of")
        plan = statements.snapshot(asked.collections)
        position, chunks = await copied(service_of(request), await context_of(request), plan, {})
        tells_of_people(request)
        headers = {"Content-Type": NDJSON.content_type, "Position": str(position)}
        head = caching(await moment_of(request), **headers)
        return StreamingResponse(chunks, 200, head)

    def add(path: str, handler: Handler, **more: Any) -> None:
        name = handler.__name__
        open_door(router, "GET", path, handler, name, Permission.READ, **more)

    add("", list_changes, **told.pages(collections))
    add("/stream", stream_changes, **told.stream(collections))
    add("/snapshot", snapshot_changes, **told.snapshot(collections))
    add("/digest", digest_changes, **told.digest(collections))
    return router


def _body(page: Page, following: str | None) -> str:
    return (
        f'{{"items":[{",".join(page.items)}],"next_after":{page.next_after},"head":{page.head},'
        f'"withheld":{page.withheld},"other_kinds":{page.other_kinds},"next":{json.dumps(following)}}}'
    )


def _next(request: Request, page: Page) -> str | None:
    """The address of the next page, if there is one already."""
    if not page.more:
        return None
    pairs = [pair for pair in request.scope["query_string"].decode().split("&") if pair]
    kept = [pair for pair in pairs if not pair.startswith("after=")]
    return f"{address_of(request)}{request.scope['path']}?{'&'.join([f'after={page.next_after}', *kept])}"


async def _answer(request: Request, body: str) -> Response:
    tag = hashlib.sha256(body.encode()).hexdigest()[:20]
    return tagged(request, body, tag, caching(await moment_of(request)))
