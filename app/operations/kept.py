"""Answers that are costly to make, kept while the journal stands still: by the version of the data, never by age."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from time import monotonic
from weakref import WeakValueDictionary

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
        self._reading: WeakValueDictionary[Hashable, asyncio.Lock] = WeakValueDictionary()

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
        if (known := self._get(version, asked, came)) is not None:
            return known
        if (reading := self._reading.get(asked)) is None:
            reading = self._reading[asked] = asyncio.Lock()
            await reading.acquire()  # at once, as nobody else has it
        else:
            try:
                async with asyncio.timeout(_LATE):
                    await reading.acquire()
            except TimeoutError:
                return await self._read(asked, read)
        try:
            return self._get(version, asked, came) or await self._read(asked, read)
        finally:
            reading.release()

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
