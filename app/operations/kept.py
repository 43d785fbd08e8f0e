"""Answers that are costly to make, kept while the journal stands still: by the version of the data, never by age."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from weakref import WeakValueDictionary

from app.db import Compiled

_BYTES_MOST = 8_000_000
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
        self._answers: dict[Hashable, bytes] = {}
        self._size = 0
        self._reading: WeakValueDictionary[Hashable, asyncio.Lock] = WeakValueDictionary()

    def may_have(self, asked: Hashable) -> bool:
        """Whether this was answered already, of whatever version, or is being read: then it is worth to ask for the
        version that the data have.
        """
        return asked in self._answers or asked in self._reading

    async def answer(self, version: Version | None, asked: Hashable, read: Read) -> tuple[Version, bytes]:
        """What was answered at the version that the data had when it was asked for, else what is read now.

        Who asks for what is being read already waits for that one reading, and reads only if it was of another version.
        """
        if (known := self._get(version, asked)) is not None:
            return known
        reading = self._reading.setdefault(asked, asyncio.Lock())
        if not reading.locked():
            async with reading:
                return await self._read(asked, read)
        async with reading:
            known = self._get(version, asked)
        return known or await self._read(asked, read)

    async def _read(self, asked: Hashable, read: Read) -> tuple[Version, bytes]:
        version, text = await read()
        answer = text.encode()
        self._put(version, asked, answer)
        return version, answer

    def _get(self, version: Version | None, asked: Hashable) -> tuple[Version, bytes] | None:
        if version is None or version != self._version or (answer := self._answers.get(asked)) is None:
            return None
        return version, answer

    def _put(self, version: Version, asked: Hashable, answer: bytes) -> None:
        size = len(answer) + _BESIDE
        if version != self._version or self._size + size > _BYTES_MOST:
            self._version, self._answers, self._size = version, {}, 0
        self._answers[asked] = answer
        self._size += size
