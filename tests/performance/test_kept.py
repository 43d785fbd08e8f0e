"""Answers that are kept while the data stay the same take no more memory than they may."""

import tracemalloc
from uuid import uuid4

from app.operations.kept import Kept, Version

_VERSION: Version = (1, b"\x01" * 32)
_CALLER = "register.role", "register.key", "register.country", "register.body", "register.scopes"


async def test_however_small_answers_are_they_take_no_more_than_so_much() -> None:
    """Whoever asks for ever other words that nothing has is told as little each time."""

    async def read() -> tuple[Version, str]:
        return _VERSION, '{"items":[]}'

    kept = Kept()
    tracemalloc.start()
    most = 0
    for number in range(9_000):
        asked = (
            uuid4().hex[:16],
            f"http://register.test:{number}",
            *((name, uuid4().hex) for name in _CALLER),
        )
        assert (await kept.answer(None, asked, read))[1] == b'{"items":[]}'
        most = max(most, tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()
    assert most < 9_000_000
