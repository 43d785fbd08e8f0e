"""Which words few records have, as far as this process has counted: what a plan that is kept is right for."""

from time import monotonic
from typing import NamedTuple

from app.search.queries import RANKED_AT_MOST, Way

_WORDS_AT_MOST, _SECONDS = 1000, 60.0


class Counted(NamedTuple):
    """How many hits words had, at a position of the journal, and when to count them again."""

    hits: int
    position: int
    until: float

    def still_few(self, position: int) -> bool:
        """Whether there are few at a later position: no change makes more than one record a hit."""
        return self.hits + position - self.position <= RANKED_AT_MOST


_rare: dict[tuple[Way, str, str], Counted] = {}
"""Rare words, the latest last: where they were looked for, and the view of who asked, as others see other records."""


def few(way: Way, words: str, view: str) -> Counted | None:
    """How many hits these words had when they were counted, which is no minute ago; None: many, or nobody knows."""
    counted = _rare.get((way, words.casefold(), view))
    return counted if counted and counted.until > monotonic() else None


def remember(way: Way, words: str, view: str, hits: int, position: int) -> None:
    """So many hits were ranked just now, at this position of the journal."""
    forget(way, words, view)
    if hits < RANKED_AT_MOST:
        _rare[way, words.casefold(), view] = Counted(hits, position, monotonic() + _SECONDS)
    if len(_rare) > _WORDS_AT_MOST:
        del _rare[next(iter(_rare))]


def forget(way: Way, words: str, view: str) -> None:
    """Nobody knows any more how many hits there are."""
    _rare.pop((way, words.casefold(), view), None)
