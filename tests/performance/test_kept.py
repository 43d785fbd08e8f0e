"""Answers that are kept while the data stay the same: how much of them, and who waits for whom."""

import asyncio
import tracemalloc
import uuid

import pytest

from app.operations import kept as kept_answers
from app.operations.kept import Kept, Version

_VERSION: Version = (1, b"\x01" * 32)
_CALLER = "register.role", "register.key", "register.country", "register.body", "register.scopes"
_OURS = [tracemalloc.Filter(True, each) for each in (kept_answers.__file__, uuid.__file__, __file__)]


async def test_however_small_answers_are_they_take_no_more_than_so_much() -> None:
    """Whoever asks for ever other words that nothing has is told as little each time."""

    async def read() -> tuple[Version, str]:
        return _VERSION, '{"items":[]}'

    kept = Kept()
    tracemalloc.start()
    for number in range(9_000):
        caller = ((name, uuid.uuid4().hex) for name in _CALLER)
        asked = (uuid.uuid4().hex[:16], f"http://register.test:{number}", *caller)
        assert (await kept.answer(None, asked, read))[1] == b'{"items":[]}'
        if number % 1_000 == 900:
            traces = tracemalloc.take_snapshot().filter_traces(_OURS).statistics("filename")
            assert sum(each.size for each in traces) < 9_000_000
    tracemalloc.stop()


async def test_an_answer_that_would_push_out_all_others_is_not_kept() -> None:
    async def read() -> tuple[Version, str]:
        return _VERSION, "x" * 9_000_000

    kept = Kept()
    assert len((await kept.answer(None, "large", read))[1]) == 9_000_000
    assert not kept.may_have("large")


class _Readings:
    """Each takes a moment, is of a version of its own, and tells how many there were with it."""

    def __init__(self) -> None:
        self.number = 0
        self.first_fails = False

    async def __call__(self) -> tuple[Version, str]:
        self.number += 1
        mine = self.number
        await asyncio.sleep(0.01)
        if self.first_fails and mine == 1:
            raise ConnectionError
        return (mine, b""), str(mine)


async def test_of_those_who_wait_for_a_reading_that_fails_one_reads_for_all() -> None:
    kept, read = Kept(), _Readings()
    read.first_fails = True
    told = await asyncio.gather(*(kept.answer(None, "same", read) for _ in range(40)), return_exceptions=True)
    assert isinstance(told[0], ConnectionError)
    assert told[1:] == [((2, b""), b"2")] * 39
    assert read.number == 2


async def test_who_came_after_a_reading_began_is_told_what_was_read_later() -> None:
    """What it read may be older than what they know; they know of another version."""
    kept, read = Kept(), _Readings()
    first = asyncio.create_task(kept.answer(None, "same", read))
    await asyncio.sleep(0)
    told = await asyncio.gather(*(kept.answer((9, b""), "same", read) for _ in range(40)))
    assert (await first)[1] == b"1"
    assert {answer for _, answer in told} == {b"2"}


async def test_nobody_waits_long_for_a_reading_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_answers, "_LATE", 0.01)
    hangs = True

    async def read() -> tuple[Version, str]:
        nonlocal hangs
        if hangs:
            hangs = False
            await asyncio.sleep(60)
        return _VERSION, "told"

    kept = Kept()
    first = asyncio.create_task(kept.answer(None, "same", read))
    await asyncio.sleep(0)
    assert (await asyncio.wait_for(kept.answer(None, "same", read), 10))[1] == b"told"
    first.cancel()
