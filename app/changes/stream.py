"""The feed as server-sent events: each change under its position, and a sign of life while there are none."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from math import inf
from time import monotonic

from fastapi import Request

from app.changes.asked import Asked
from app.changes.reading import Feed, Page
from app.errors import Problem
from app.http.formats import Format
from app.operations.serving import service_of

EVENT_STREAM = Format("", "text/event-stream")
_HEARTBEAT_SECONDS = 15.0
_RETRY_MILLISECONDS = 2000


async def events(request: Request, feed: Feed, asked: Asked, page: Page) -> AsyncIterator[str]:
    """The events from a first page on. One page is in memory at a time: who reads slowly is sent slowly.

    The stream ends when the service stops, when the key is no longer good, and when nothing came for `wait` seconds.
    """
    wakeups = service_of(request).wakeups
    patience = inf if asked.wait is None else asked.wait
    yield f"retry: {_RETRY_MILLISECONDS}\n\n"
    quiet_since = monotonic()
    while True:
        if text := _told(page):
            yield text
            quiet_since = monotonic()
        while not page.more:
            left = quiet_since + patience - monotonic()
            if wakeups.ended or left <= 0:
                return
            if await wakeups.wait(page.head, min(_HEARTBEAT_SECONDS, left)) > page.head:
                break
            yield ": nothing new\n\n"
        try:
            page = await feed.page(replace(asked, after=page.next_after), request)
        except Problem as refused:
            yield _refusal(request, refused)
            return


def _told(page: Page) -> str:
    """The items of a page as events; then, if some changes in between are none, how far they are passed."""
    told, position = [], page.after
    for item in page.items:
        change = json.loads(item)
        position = change["position"]
        told.append(f"id: {position}\nevent: {change['action']}\ndata: {item}\n\n")
    if page.next_after > page.after + len(page.items):
        passed = {
            "after": page.after,
            "next_after": page.next_after,
            "withheld": page.withheld,
            "other_kinds": page.other_kinds,
        }
        told.append(f"id: {page.next_after}\nevent: passed\ndata: {json.dumps(passed)}\n\n")
    return "".join(told)


def _refusal(request: Request, refused: Problem) -> str:
    text = refused.body(request.scope["path"], request.scope["state"].get("request_id", "")).decode()
    return f"event: problem\ndata: {text}\n\n"
