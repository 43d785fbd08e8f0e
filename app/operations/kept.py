"""Answers that are costly to make, kept while the journal stands still: by the version of the data, never by age."""

from collections.abc import Hashable

_CHARACTERS_MOST = 8_000_000


class Kept:
    """Answers that hold at one position of the journal. When it moves, all of them are gone."""

    def __init__(self) -> None:
        self._position = -1
        self._answers: dict[Hashable, str] = {}
        self._size = 0

    def get(self, position: int, asked: Hashable) -> str | None:
        """What was answered, if nothing has changed since."""
        return self._answers.get(asked) if position == self._position else None

    def put(self, position: int, asked: Hashable, answer: str) -> None:
        """Keep an answer that was read at a position."""
        if position < self._position:  # another request has seen more already
            return
        if position > self._position or self._size + len(answer) > _CHARACTERS_MOST:
            self._position, self._answers, self._size = position, {}, 0
        self._answers[asked] = answer
        self._size += len(answer)
