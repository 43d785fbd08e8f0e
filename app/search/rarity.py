"""Which words few records have, as far as this process has counted: what a plan that is kept is right for."""

from time import monotonic

from app.search.queries import RANKED_AT_MOST

_WORDS_AT_MOST, _SECONDS = 1000, 60.0
_rare: dict[str, tuple[int, float]] = {}
"""Such words, the latest last, each with how many hits there were, and when to count them again: in the present."""


def few(words: str) -> int | None:
    """How many records had these words when they were counted, which is no minute ago; None: many, or nobody knows."""
    hits, until = _rare.get(words.casefold(), (0, 0.0))
    return hits if until > monotonic() else None


def remember(words: str, hits: int) -> None:
    """So many hits of these words were ranked just now."""
    words = words.casefold()
    _rare.pop(words, None)
    if hits < RANKED_AT_MOST:
        _rare[words] = hits, monotonic() + _SECONDS
    if len(_rare) > _WORDS_AT_MOST:
        del _rare[next(iter(_rare))]
