"""Answers that are costly to make, kept while the journal stands still: by the version of the data, never by age."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from time import monotonic

from app.db import Compiled

_BYTES_MOST, _ONE_MOST = 8_000_000, 1_000_000
"""Of all answers, and of one."""
_LATE = 3.0
"""Seconds for which others wait for a reading."""
_BESIDE = 1_000
"""Bytes that an answer takes beside its own, at most: what was asked, and by whom."""

Version = tuple[int, bytes]
"""How far the journal is, and its hash: two registers of one version hold the same."""
VERSION = Compiled("select position, hash from journal_head", (), {})
"""Asking for it costs no more than asking whether the database is up."""


Read = Callable[[], Awaitable[tuple[Version, str]]]
"""Makes the answer, and tells of which version."""


class Kept:
    """Answers that hold for one version of the data. When that moves, all of them are gone."""

    def __init__(self) -> None:
        self._version: Version | None = None
        self._answers: dict[Hashable, tuple[bytes, float]] = {}
        """Each with when its reading began."""
        self._size = 0
        self._reading: dict[Hashable, asyncio.Future[None] | None] = {}
        """What is being read, with what others wait for who have asked for it since."""

    def may_have(self, asked: Hashable) -> bool:
        """Whether this was answered already, of whatever version, or is being read: then it is worth to ask for the
        version that the data have.
        """
        return asked in self._answers or asked in self._reading

    async def answer(self, version: Version | None, asked: Hashable, read: Read) -> tuple[Version, bytes]:
        """What was answered at the version that the data had when it was asked for, else what is read now.

        Who asks for what is being read already waits for that one reading. If it was of another version, one of those
        who waited reads for all of them. If it is late, they do not wait for it.
        """
        came = monotonic()
        while (known := self._get(version, asked, came)) is None and asked in self._reading:
            if not await self._ends(asked, came + _LATE):
                return await self._read(asked, read)
        if known is not None:
            return known
        self._reading[asked] = None
        try:
            return await self._read(asked, read)
        finally:
            if (others := self._reading.pop(asked)) is not None:
                others.set_result(None)

    async def _ends(self, asked: Hashable, until: float) -> bool:
        """Wait for the reading that is under way; whether it has ended by then."""
        if (end := self._reading[asked]) is None:
            end = self._reading[asked] = asyncio.get_running_loop().create_future()
        ended, _ = await asyncio.wait([end], timeout=until - monotonic())
        return bool(ended)

    async def _read(self, asked: Hashable, read: Read) -> tuple[Version, bytes]:
        begun = monotonic()
        version, text = await read()
        answer = text.encode()
        self._put(version, asked, answer, begun)
        return version, answer

    def _get(self, version: Version | None, asked: Hashable, came: float) -> tuple[Version, bytes] | None:
        """What is known of this version, or was read since somebody came."""
        answer, begun = self._answers.get(asked, (None, 0.0))
        if answer is None or self._version is None or (version != self._version and begun < came):
            return None
        return self._version, answer

    def _put(self, version: Version, asked: Hashable, answer: bytes, begun: float) -> None:
        size = len(answer) + _BESIDE
        if size > _ONE_MOST:
            return
        if version != self._version or self._size + size > _BYTES_MOST:
            self._version, self._answers, self._size = version, {}, 0
        self._answers[asked] = answer, begun
        self._size += size
