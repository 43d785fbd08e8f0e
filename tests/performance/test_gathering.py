"""Who asks for a record while others do is answered together with them, and as if alone."""

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from time import monotonic
from typing import Any

import asyncpg
import httpx
import pytest

from app.db import Compiled, Database
from app.errors import Unavailable
from app.gathering import Gathering, Through
from app.operations.kept import Kept
from app.search import router
from tests import make
from tests.cast import Cast
from tests.conftest import Register

MANY = 40


@pytest.mark.parametrize("known", [False, True], ids=["records", "not modified"])
async def test_many_records_at_a_time_take_few_trips(
    client: httpx.AsyncClient, database_address: str, sent: list[str], known: bool
) -> None:
    ids = [(await make.record(client, "events", title=f"Event {number}"))["id"] for number in range(MANY)]
    gone = "019aa5d0-6b7c-7c3e-9c39-0d1f5b3a7e11"
    wanted = [*ids, gone, ids[0], *ids[:20]]
    headers = {"If-None-Match": '"1"'} if known else {}
    sent.clear()
    answers = await asyncio.gather(*(client.get(f"/v1/events/{each}", headers=headers) for each in wanted))
    for each, answer in zip(wanted, answers, strict=True):
        assert answer.status_code == (404 if each == gone else 304 if known else 200)
        assert answer.status_code != 200 or answer.json()["id"] == each
    trips = [each for each in sent if "FROM events" in each or "JOIN events" in each]
    assert len(trips) < MANY / 4, len(trips)


async def test_human_keys_are_asked_for_together(client: httpx.AsyncClient, sent: list[str]) -> None:
    for number in range(1, 9):
        await make.record(client, "goals", number=number, title=f"Goal {number}")
    sent.clear()
    answers = await asyncio.gather(*(client.get(f"/v1/goals/{number}") for number in range(1, 9)))
    assert [answer.json()["title"] for answer in answers] == [f"Goal {number}" for number in range(1, 9)]
    assert sum("goals" in each for each in sent) < 8


@pytest.mark.parametrize("address", ["/v1/events?sort=title", "/v1/events/stats?group_by=kind"])
async def test_who_has_an_answer_already_shares_one_question(
    cast: Cast, sent: list[str], address: str
) -> None:
    """Whoever they are: the version of the data is the same for all."""
    await make.record(cast.secretariat, "events")
    for client in (cast.anonymous, cast.secretariat):
        tag = (await client.get(address)).headers["ETag"]
        await client.get(address, headers={"If-None-Match": tag})
        sent.clear()
        await client.get(address, headers={"If-None-Match": tag})
        assert len(sent) == 1, sent
        sent.clear()
        answers = await asyncio.gather(
            *(client.get(address, headers={"If-None-Match": tag}) for _ in range(MANY))
        )
        assert {answer.status_code for answer in answers} == {304}
        assert len(sent) < MANY / 4


async def test_callers_are_not_answered_with_what_another_may_see(cast: Cast) -> None:
    hidden = await make.record(cast.secretariat, "events", visibility="own")
    shown = await make.record(cast.secretariat, "events")
    for _ in range(3):
        answers = await asyncio.gather(
            *(
                client.get(f"/v1/events/{each['id']}")
                for client in (cast.anonymous, cast.secretariat) * 10
                for each in (hidden, shown)
            )
        )
        assert [answer.status_code for answer in answers] == [404, 200, 200, 200] * 10


RARE = [f"{start}{end}" for start in ("quoi", "zam", "wex") for end in ("bo", "kund", "lin", "pra")]


@pytest.fixture
def unkept(monkeypatch: pytest.MonkeyPatch) -> None:
    """No answer is kept, so that all is looked up."""
    monkeypatch.setattr(Kept, "_get", lambda *asked: None)


async def _make_rare(cast: Cast) -> None:
    """Records with words that few have, which the service has counted."""
    for number, word in enumerate(RARE):
        for title in (f"{word.title()} forum", f"On {word}: “café” {number}", f"Forum {number}, {word}s"):
            await make.record(cast.secretariat, "events", title=title)
        await make.record(cast.secretariat, "events", title=f"Draft on {word}", visibility="own")
        await make.record(cast.secretariat, "goals", number=number + 1, title=f"Goal {word}")
        for q in (word, f"{word} forum"):
            await _hits(cast.anonymous, {"q": q})


async def _hits(client: httpx.AsyncClient, asked: dict[str, str]) -> str:
    answer = await client.get("/v1/search", params=asked)
    assert answer.status_code == 200, answer.text
    return answer.text


@pytest.mark.usefixtures("unkept")
async def test_searches_at_a_time_are_answered_as_each_is_alone(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever they look for, and whatever who asks may see; and as if their words were not known for rare."""
    await _make_rare(cast)
    ways = (
        {"limit": "1"},
        {"limit": "3"},
        {},
        {"limit": "2", "kind": "goals,events"},
        {"limit": "1", "kind": "goals"},
    )
    wanted = [
        (client, {"q": q, **how})
        for word in RARE
        for q in (word, f"{word} forum")
        for how in ways
        for client in (cast.anonymous, cast.secretariat)
    ]
    alone = [await _hits(*each) for each in wanted]
    assert await asyncio.gather(*(_hits(*each) for each in wanted * 2)) == alone * 2
    monkeypatch.setattr(router, "few", lambda way, words, view: None)
    assert [await _hits(*each) for each in wanted] == alone
    assert sum("Draft" in each for each in alone) >= len(RARE)
    assert len(set(alone)) >= len(RARE) * 6


@pytest.mark.usefixtures("unkept")
async def test_many_searches_for_rare_words_at_a_time_take_few_trips(cast: Cast, sent: list[str]) -> None:
    await _make_rare(cast)
    sent.clear()
    await asyncio.gather(*(_hits(cast.anonymous, {"q": word, "limit": "2"}) for word in RARE))
    assert len(sent) < len(RARE) / 2, len(sent)


@pytest.mark.usefixtures("unkept")
async def test_a_search_that_is_refused_harms_none_beside_it(cast: Cast) -> None:
    await _make_rare(cast)
    wanted = ["q=wexbo&limit=1", "q=%00", "q=wexbo&limit=0", "q=wexbo&kind=none", "q=%ED%A0%80", "q="] * 3
    answers = await asyncio.gather(*(cast.anonymous.get(f"/v1/search?{each}") for each in wanted))
    assert [answer.status_code for answer in answers] == [200, 400, 400, 400, 400, 400] * 3
    assert {answer.json()["items"][0]["title"] for answer in answers[::6]} == {"Wexbo forum"}


_SHARE = Compiled("select 12 / $1::int, $2::text where $1 <> 5", ("n", "word"), {})
_SHARES = Compiled(
    "select place, 12 / n, word from unnest($1::int[], $2::text[]) with ordinality as of (n, word, place) where n <> 5",
    ("n", "word"),
    {},
)


async def test_each_is_told_the_row_of_their_own_values(
    empty: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same is looked up once, and what the database refuses is a matter of who asked that."""
    database: Database = empty.app.state.service.database
    fetch, asked = database.fetch, []

    async def noted(statement: Compiled, values: Mapping[str, Any], *context: Any) -> Any:
        asked.append(values["n"])
        return await fetch(statement, values, *context)

    async def shares(*numbers: int) -> list[Any]:
        asking = (database.one({"n": n, "word": f"of {n}"}, _SHARE, lambda: _SHARES) for n in numbers)
        told = await asyncio.gather(*asking, return_exceptions=True)
        return [type(each) if isinstance(each, Exception) else each and tuple(each) for each in told]

    monkeypatch.setattr(database, "fetch", noted)
    assert await shares(1, 2, 3, 5, 2, 3, 2) == [
        (12 // n, f"of {n}") if n != 5 else None for n in (1, 2, 3, 5, 2, 3, 2)
    ]
    assert [each if isinstance(each, int) else list(each) for each in asked] == [1, [2, 3, 5]]
    assert await shares(1, 2, 0, 3) == [(12, "of 1"), (6, "of 2"), asyncpg.DivisionByZeroError, (4, "of 3")]


async def test_what_was_written_before_the_question_is_in_the_answer(client: httpx.AsyncClient) -> None:
    """Whatever is under way for others: nobody is told what was looked up before they came."""
    made = await make.record(client, "events", title="0")
    place = f"/v1/events/{made['id']}"

    async def others() -> None:
        while True:
            await client.get(place)

    busy = [asyncio.create_task(others()) for _ in range(8)]
    for number in range(1, 30):
        await client.patch(place, json={"title": str(number)})
        assert (await client.get(place)).json()["title"] == str(number)
    for each in busy:
        each.cancel()
    await asyncio.gather(*busy, return_exceptions=True)


class _Database:
    """What a gathering asks; the first question is held until it is let go."""

    def __init__(self) -> None:
        self.asked: list[Any] = []
        self.go_on = asyncio.Event()
        self.fails = False

    async def alone(self, value: int) -> int:
        self.asked.append(value)
        await self.go_on.wait()
        if value < 0:
            raise asyncpg.DataError(str(value))
        return value * 10

    async def together(self, values: list[int], _: Through) -> list[Any]:
        self.asked.append(values)
        if min(values) < 0:
            raise asyncpg.DataError(str(values))
        if max(values) > 1000:
            raise Unavailable("All connections to the database are busy.")
        return [value * 10 for value in values]


async def _gathered(values: list[int], cancelled: int | None = None) -> tuple[list[Any], list[Any], int]:
    """What each is told, what was asked, and how often nobody asked any more."""
    database, ended = _Database(), 0

    def end() -> None:
        nonlocal ended
        ended += 1

    gathering = Gathering(database.alone, database.together, end)
    asking = [asyncio.create_task(gathering.ask(value)) for value in values]
    await asyncio.sleep(0)
    if cancelled is not None:
        asking[cancelled].cancel()
        await asyncio.sleep(0)
    database.go_on.set()
    return await asyncio.gather(*asking, return_exceptions=True), database.asked, ended


async def test_the_first_ask_at_once_and_the_others_together() -> None:
    told, asked, ended = await _gathered([1, 2, 3, 4, 5])
    assert told == [10, 20, 30, 40, 50]
    assert asked == [1, [2, 3, 4, 5]]
    assert ended == 1


async def test_who_waits_for_others_that_are_late_goes_without_them() -> None:
    database = _Database()
    gathering = Gathering(database.alone, database.together, lambda: None)
    late = asyncio.create_task(gathering.ask(1))
    await asyncio.sleep(0)
    assert await asyncio.gather(gathering.ask(2), gathering.ask(3)) == [20, 30]
    assert not late.done()
    database.go_on.set()
    assert await late == 10
    assert database.asked == [1, [2, 3]]


async def test_so_many_wait_for_a_database_that_does_not_answer() -> None:
    """One question more would not help."""
    asked, go_on = [], asyncio.Event()

    async def held(values: Any, _: Any = None) -> Any:
        asked.append(values)
        await go_on.wait()
        return values

    gathering = Gathering(held, held, lambda: None)
    asking = []
    for value in range(8):
        asking.append(asyncio.create_task(gathering.ask(value)))
        await asyncio.sleep(0.02)
    assert asked == [0, [1], [2], [3]]
    go_on.set()
    assert await asyncio.gather(*asking) == list(range(8))
    assert asked[4:] == [[4, 5, 6, 7]]


async def test_what_takes_the_database_long_is_asked_abreast() -> None:
    """It does not wait for us, while we answer those who are back."""
    asked, go_on = [], asyncio.Event()

    async def held(values: Any, _: Any = None) -> Any:
        asked.append(values)
        await go_on.wait()
        return values

    gathering = Gathering(held, held, lambda: None, late=10, abreast=2)
    asking = [asyncio.create_task(gathering.ask(value)) for value in range(12)]
    await asyncio.sleep(0.02)
    assert asked == [0, [1, 2, 3, 4]]
    go_on.set()
    assert await asyncio.gather(*asking) == list(range(12))
    assert asked[2:] == [[5, 6, 7, 8], [9, 10, 11]]


async def test_who_finds_all_connections_in_use_is_turned_away_in_time(empty: Register) -> None:
    """Those who wait together do not wait longer than each would alone."""
    async with Cast.over(empty.app, empty.keys) as cast, AsyncExitStack() as all_of_them:
        made = await make.record(cast.secretariat, "events")
        database = empty.app.state.service.database
        for _ in range(database.settings.read_connections):
            await all_of_them.enter_async_context(database.reading())
        begun = monotonic()
        answers = await asyncio.gather(*(cast.anonymous.get(f"/v1/events/{made['id']}") for _ in range(5)))
    assert {answer.status_code for answer in answers} == {503}
    assert monotonic() - begun < database.settings.pool_timeout * 1.5


async def test_a_party_has_a_size() -> None:
    told, asked, _ = await _gathered(list(range(100)))
    assert told == [value * 10 for value in range(100)]
    assert [len(each) for each in asked[1:]] == [32, 32, 32, 3]


async def test_those_of_a_steady_crowd_take_turns() -> None:
    """While some are answered, and ask anew, the database is asked by the others."""
    sizes = []

    async def looked_up(values: Any, _: Through) -> Any:
        sizes.append(len(values))
        await asyncio.sleep(0.001)
        return values

    async def alone(value: int) -> int:
        await asyncio.sleep(0.001)
        return value

    gathering = Gathering(alone, looked_up, lambda: None, late=10)  # on a busy machine, too

    async def asks_again_and_again(value: int) -> None:
        for _ in range(10):
            assert await gathering.ask(value) == value

    await asyncio.gather(*(asks_again_and_again(value) for value in range(16)))
    assert set(sizes[:-3]) == {8}


class _Disk:
    """What a gathering writes to; so many trips are through, and not told before they are let go."""

    def __init__(self, held: int) -> None:
        self.held = held
        self.written: list[list[int]] = []
        self.is_through = asyncio.Event()
        self.tell = asyncio.Event()

    async def alone(self, value: int) -> int:
        await asyncio.sleep(0)
        return value

    async def together(self, values: list[int], through: Through) -> list[int]:
        self.written.append(values)
        if len(self.written) <= self.held:
            through()
            self.is_through.set()
            await self.tell.wait()
        return values


async def _written_while_the_first_is_through(number: int) -> list[list[int]]:
    """What is written, if the first two are through but not told while so many others ask."""
    disk = _Disk(held=1)
    gathering = Gathering(disk.alone, disk.together, lambda: None, late=10)
    asking = [asyncio.create_task(gathering.ask(value)) for value in range(3)]
    await disk.is_through.wait()
    asking += [asyncio.create_task(gathering.ask(10 + value)) for value in range(number)]
    for _ in range(9):
        await asyncio.sleep(0)
    before = list(disk.written)
    disk.tell.set()
    assert await asyncio.gather(*asking) == [0, 1, 2, *range(10, 10 + number)]
    return before


async def test_as_many_as_wait_for_the_disk_go_ahead() -> None:
    assert await _written_while_the_first_is_through(3) == [[1, 2], [10, 11], [12]]


async def test_so_many_wait_for_a_disk_that_does_not_answer() -> None:
    """Others need connections, too."""
    disk = _Disk(held=1000)
    gathering = Gathering(disk.alone, disk.together, lambda: None, late=0.01)
    asking = [asyncio.create_task(gathering.ask(value)) for value in range(1000)]
    await asyncio.sleep(0.1)
    assert [len(each) for each in disk.written] == [32, 32, 32, 32]
    disk.tell.set()
    assert await asyncio.gather(*asking) == list(range(1000))


async def test_fewer_wait_until_the_others_are_told() -> None:
    """They would be many small trips."""
    assert await _written_while_the_first_is_through(1) == [[1, 2]]


async def test_if_they_fail_together_each_is_told_what_is_the_matter_with_their_own() -> None:
    told, _, ended = await _gathered([1, 2, 3, -4, 5])
    assert [each if isinstance(each, int) else str(each) for each in told] == [10, 20, 30, "-4", 50]
    assert ended == 1


async def test_who_is_turned_away_together_does_not_wait_once_more() -> None:
    told, asked, ended = await _gathered([1, 2, 3, 4000])
    assert [type(each) for each in told] == [int, Unavailable, Unavailable, Unavailable]
    assert asked == [1, [2, 3, 4000]]
    assert ended == 1


@pytest.mark.parametrize("cancelled", [0, 3], ids=["who asks", "who waits"])
async def test_who_goes_away_holds_nobody_up(cancelled: int) -> None:
    told, asked, ended = await _gathered([1, 2, 3, 4, 5], cancelled)
    assert isinstance(told[cancelled], asyncio.CancelledError)
    assert told[:cancelled] + told[cancelled + 1 :] == [v * 10 for v in (1, 2, 3, 4, 5) if v != cancelled + 1]
    assert ended == 1
    assert cancelled + 1 not in asked[1]
