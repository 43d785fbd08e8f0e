"""Following a register: begin with a snapshot, go on with the feed, prove it at the end."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from app.mirror.copies import Copy, Digest, Trouble
from app.mirror.remote import Expired, Remote

_WAIT_SECONDS = 25
_PROOFS = 5


@dataclass(frozen=True)
class Proof:
    """Whether the copy holds what the register held at a position."""

    position: int
    records: int
    differing: dict[str, tuple[Digest, Digest]]
    """By kind: here, and there."""


class Follower:
    """Keeps a copy in step."""

    def __init__(self, remote: Remote, copy: Copy, say: Callable[[str], None]) -> None:
        self._remote = remote
        self._copy = copy
        self._say = say
        self._position = -1

    async def open(self, *, anew: bool) -> None:
        """Go on where the copy was left, or begin."""
        known = None if anew else await self._copy.position()
        if known is None:
            await self._begin()
        else:
            self._position = known

    async def follow(self, stop: asyncio.Event) -> None:
        """Take over what happens, until told to stop."""
        stopping = asyncio.ensure_future(stop.wait())
        while not stop.is_set():
            going = asyncio.ensure_future(self._step(wait=_WAIT_SECONDS))
            await asyncio.wait({going, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if not going.done():
                going.cancel()
                with suppress(asyncio.CancelledError):
                    await going
            else:
                going.result()

    async def proved(self) -> Proof:
        """Come exactly to the position of a digest of the register, and compare."""
        for _ in range(_PROOFS):
            place, theirs = await self._remote.digests()
            while self._position < place:
                await self._step(upto=place)
            if self._position == place:
                mine, none = await self._copy.digests(), Digest(0, f"{0:016x}")
                pairs = {kind: (mine.get(kind, none), theirs.get(kind, none)) for kind in {*mine, *theirs}}
                differing = {kind: pair for kind, pair in sorted(pairs.items()) if pair[0] != pair[1]}
                return Proof(place, sum(each.count for each in mine.values()), differing)
        raise Trouble(
            "The register is behind what it has told: it was set back, or asks a database that lags."
        )

    async def _begin(self) -> None:
        self._position = await self._remote.begin(self._copy.begin)
        self._say(f"Begun with a snapshot of position {self._position}.")

    async def _step(self, *, wait: int = 0, upto: int | None = None) -> None:
        """The next page, as far as it lies before the place up to which is asked for."""
        try:
            page = await self._remote.changes(self._position, wait)
        except Expired as why:
            self._say(f"{why} Beginning anew.")
            await self._begin()
            return
        reached = page.next_after if upto is None else min(page.next_after, upto)
        if reached > self._position:
            await self._copy.apply([each for place, each in page.changed if place <= reached], reached)
            self._position = reached
