"""Answers that are costly to make, kept while the journal stands still: by the version of the data, never by age."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from weakref import WeakValueDictionary

from app.db import Compiled

_CHARACTERS_MOST = 8_000_000

Version = tuple[int, bytes]
"""How far the journal is, and its hash: two registers of one version hold the same."""
VERSION = Compiled("select position, hash from journal_head", (), {})
"""Asking for it costs no more than asking whether the database is up."""


class Kept:
    """Answers that hold for one version of the data. When that moves, all of them are gone."""

    def __init__(self) -> None:
        self._version: Version | None = None
        self._answers: dict[Hashable, str] = {}
        self._size = 0
        self._reading: WeakValueDictionary[Hashable, asyncio.Lock] = WeakValueDictionary()

    async def answer(
        self, version: Version, asked: Hashable, read: Callable[[], Awaitable[tuple[int, str]]]
    ) -> tuple[int, str]:
        """Position and text of what was answered at this version, else of what is read now.

        Who asks for what is being read already waits for that one reading, and reads only if it was of another version.
        """
        if (known := self._get(version, asked)) is not None:
            return version[0], known
        reading = self._reading.setdefault(asked, asyncio.Lock())
        if not reading.locked():
            async with reading:
                return await self._read(version, asked, read)
        async with reading:
            known = self._get(version, asked)
        return await self._read(version, asked, read) if known is None else (version[0], known)

    async def _read(
        self, version: Version, asked: Hashable, read: Callable[[], Awaitable[tuple[int, str]]]
    ) -> tuple[int, str]:
        position, text = await read()
        if position == version[0]:
            self._put(version, asked, text)
        return position, text

    def _get(self, version: Version, asked: Hashable) -> str | None:
        return self._answers.get(asked) if version == self._version else None

    def _put(self, version: Version, asked: Hashable, answer: str) -> None:
        if version != self._version or self._size + len(answer) > _CHARACTERS_MOST:
            self._version, self._answers, self._size = version, {}, 0
        self._answers[asked] = answer
        self._size += len(answer)
