"""Reading the feed: pages that many followers share, and waiting for what comes next."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from time import monotonic
from typing import Any, Self
from uuid import UUID

from fastapi import Request

from app.changes import statements
from app.changes.asked import Asked
from app.collection.collection import Collection
from app.db import Compiled, Context
from app.errors import InvalidParameter, Problem
from app.operations.serving import Service, ask_caller_again, caller_of, context_of

SNAPSHOT = "/v1/changes/snapshot"
_READS_AT_A_TIME = 3
"""Followers who are woken together do not take every connection."""
_SCANNED = 5000
"""Changes that a page of some kinds looks at, at most."""
_PLANNED_ONCE: Context = {"plan_cache_mode": "force_generic_plan"}
"""For records of every kind: a tenth of a second goes into a plan, and none is better for knowing the position."""


class PositionExpired(Problem):
    """The feed does not reach back so far. Begin anew with the snapshot at `restart`, then follow from its position.

    The snapshot says its position in the header `Position`. What it does not hold was deleted, or is not yours to see.
    Nothing is lost in the register: its journal is kept, and the history of a record reads it.
    """

    status = 410


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads: whose own changes are marked, and what the database is to know."""

    key_id: UUID | None
    context: Context

    @classmethod
    async def of(cls, request: Request, *, again: bool = False) -> Self:
        """Who asks; `again`: and still may, after a while of waiting."""
        if again:
            await ask_caller_again(request)
        return cls((await caller_of(request)).key_id, await context_of(request))


@dataclass(frozen=True, slots=True)
class Page:
    """Some items, and how far the feed was read for them."""

    after: int
    items: tuple[str, ...]
    """As JSON."""
    next_after: int
    head: int
    other_kinds: int

    @property
    def withheld(self) -> int:
        """Positions have no holes: what is neither an item nor of another kind is not for this caller."""
        return self.next_after - self.after - len(self.items) - self.other_kinds

    @property
    def more(self) -> bool:
        return self.next_after < self.head

    def then(self, following: "Page") -> "Page":
        return Page(
            self.after,
            self.items + following.items,
            following.next_after,
            following.head,
            self.other_kinds + following.other_kinds,
        )


class Feed:
    """The feed of one process. Followers who ask for the same at the same time are answered by one read."""

    def __init__(self, service: Service, collections: Sequence[Collection]) -> None:
        self._service = service
        self._collections = collections
        self._reading: dict[Any, asyncio.Task[Page]] = {}
        self._places = asyncio.Semaphore(_READS_AT_A_TIME)

    @cached_property
    def _plain(self) -> Compiled:
        return statements.page(self._collections, records=False)

    @cached_property
    def _whole(self) -> Compiled:
        return statements.page(self._collections, records=True)

    @cached_property
    def _others(self) -> Compiled:
        return statements.other_kinds()

    async def page(self, asked: Asked, request: Request) -> Page:
        """What follows `after`, as far as it is there already, for whom the key opens once it has been read."""
        by = await Reader.of(request)
        while True:
            page = await self._read_once(asked, by)
            before, by = by, await Reader.of(request, again=True)
            if by == before:
                return page

    async def _read_once(self, asked: Asked, by: Reader) -> Page:
        """Read, with those who ask for the same at the same time."""
        same = (replace(asked, wait=None), by.key_id, tuple(sorted(by.context.items())))
        reading = self._reading.get(same)
        if reading is None:
            reading = self._reading[same] = asyncio.create_task(self._shared(same, asked, by))
            reading.add_done_callback(_told)
        return await asyncio.shield(reading)

    async def _shared(self, same: Any, asked: Asked, by: Reader) -> Page:
        """Read, and be forgotten in the same breath: who asks from then on, asks for what is there then.

        A read that is done and not yet forgotten would be answered at once, and to who waits for more again and again:
        nobody else's turn would come.
        """
        try:
            return await self._read(asked, by)
        finally:
            del self._reading[same]

    async def waited_for(self, asked: Asked, request: Request) -> Page:
        """The same; if nothing is there, then once something is, or after `wait` seconds."""
        until = monotonic() + (asked.wait or 0)
        found = await self.page(asked, request)
        wakeups = self._service.wakeups
        while not found.items and not found.more and not wakeups.ended and (left := until - monotonic()) > 0:
            if await wakeups.wait(found.head, left) > found.head:
                found = found.then(await self.page(replace(asked, after=found.next_after), request))
        return found

    async def _read(self, asked: Asked, by: Reader) -> Page:
        kinds = [each.name for each in asked.collections]
        span = max(asked.limit, _SCANNED) if asked.some_kinds else asked.limit
        values = {
            "after": asked.after,
            "span": span,
            "limit": asked.limit,
            "kinds": kinds,
            "caller": by.key_id,
            "days": self._service.settings.feed_days,
        }
        database = self._service.database
        # Nobody else ends it: those who ask are only waiting for it.
        async with asyncio.timeout(self._service.settings.request_budget), self._places:
            rows = (
                await database.fetch(self._whole, values, {**by.context, **_PLANNED_ONCE})
                if asked.records
                else await database.fetch(self._plain, values, by.context)
            )
            head, kept_after = rows[0]["head"], rows[0]["kept_after"]
            self._check(asked.after, head, kept_after)
            items = tuple(row["item"] for row in rows if row["item"] is not None)
            upto = rows[-1]["position"] if len(items) == asked.limit else min(head, asked.after + span)
            others = 0
            if asked.some_kinds and upto > asked.after:
                values = {"after": asked.after, "upto": upto, "kinds": kinds}
                others = (await database.fetch(self._others, values))[0][0]
        return Page(asked.after, items, upto, head, others)

    def _check(self, after: int, head: int, kept_after: int) -> None:
        if after > head:
            raise InvalidParameter(
                f"The newest position is {head}. A follower that was further followed another register, or this one "
                "before it was set back: begin anew with the snapshot.",
                errors=[{"parameter": "after", "code": "beyond_head"}],
                restart=SNAPSHOT,
                resume_after=head,
            )
        if after < kept_after:
            days = self._service.settings.feed_days
            raise PositionExpired(
                f"The feed reaches back {days} days, to position {kept_after}.",
                restart=SNAPSHOT,
                resume_after=kept_after,
            )


def _told(done: asyncio.Task[Page]) -> None:
    if not done.cancelled():
        done.exception()  # those who still wait are told; if nobody does, nobody needs to be
