"""Answers that are costly to make, kept while the journal stands still: by the version of the data, never by age."""

from collections.abc import Hashable

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

    def get(self, version: Version, asked: Hashable) -> str | None:
        """What was answered, if nothing has changed since."""
        return self._answers.get(asked) if version == self._version else None

    def put(self, version: Version, asked: Hashable, answer: str) -> None:
        """Keep an answer that was read from a version."""
        if version != self._version or self._size + len(answer) > _CHARACTERS_MOST:
            self._version, self._answers, self._size = version, {}, 0
        self._answers[asked] = answer
        self._size += len(answer)
