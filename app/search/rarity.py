"""Which words few records have, as far as this process has counted: what a plan that is kept is right for."""

from time import monotonic
from typing import NamedTuple

from app.search.queries import RANKED_AT_MOST, Way

_WORDS_AT_MOST, _SECONDS = 1000, 60.0


class Counted(NamedTuple):
    """How many hits words had, at a position of the journal, and until when that is worth to go by."""

    hits: int
    position: int
    until: float

    @property
    def lately(self) -> bool:
        """Whether it was no minute ago."""
        return self.until > monotonic()

    def still_few(self, position: int) -> bool:
        """Whether there are few at another position: no change makes more than one record a hit."""
        return self.hits + abs(position - self.position) <= RANKED_AT_MOST


_rare: dict[tuple[Way, str, str], Counted] = {}
"""Rare words, the latest last: where they were looked for, and the view of who asked, as others see other records."""


def are_few(hits: int) -> bool:
    """Whether all hits are known to be among so many that were ranked."""
    return hits < RANKED_AT_MOST


def few(way: Way, words: str, view: str) -> Counted | None:
    """How many hits these words had when they were counted last; None: many, or nobody knows."""
    return _rare.get((way, words.casefold(), view))


def remember(way: Way, words: str, view: str, hits: int, position: int) -> None:
    """So many hits were ranked just now, at this position of the journal."""
    _rare.pop((way, words.casefold(), view), None)  # so that it comes to be the latest
    if are_few(hits):
        _rare[way, words.casefold(), view] = Counted(hits, position, monotonic() + _SECONDS)
    if len(_rare) > _WORDS_AT_MOST:
        del _rare[next(iter(_rare))]
