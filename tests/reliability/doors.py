"""Keys and limits under load: rotation, revocation, guessing, greed, and questions that cost much."""

import asyncio
import json
import random
import statistics
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from itertools import count
from typing import Any

import asyncpg

from app import preparing
from app.access.keys import PREFIX, _check, new_key
from app.access.permissions import Role
from tests import rows
from tests.reliability.experiments import Found, beside, lasting, only
from tests.reliability.http_client import Caller, Reply
from tests.reliability.service import serving


async def _administrator(address: str) -> str:
    key, connection = new_key(), await asyncpg.connect(address)
    await preparing.add_key(connection, key, "administrator", Role.ADMINISTRATOR)
    await connection.close()
    return key


async def _made(administrator: Caller, name: str) -> dict[str, Any]:
    document = {"name": name, "role": "editor", "country": "TH"}
    reply = await administrator.ask("POST", "/v1/keys", document)
    assert reply.status == 201, reply.body
    made: dict[str, Any] = reply.json()
    return made


def _p95(seconds: list[float]) -> float:
    return statistics.quantiles(seconds, n=20)[-1] if len(seconds) > 1 else max(seconds, default=0.0)


async def rotated(address: str, *, seconds: float, clients: int = 8, watch: float = 2.0) -> Found:  # A8
    """A key is rotated under load: zero 401. Then narrowed, and revoked: seen on open connections of all workers."""
    async with serving(address, workers=2) as service, Caller(service.port) as administrator:
        administrator.key = await _administrator(address)
        key = await _made(administrator, "rotated")
        callers = [Caller(service.port, key["key"]) for _ in range(clients)]
        seen: Counter[int] = Counter()
        done = lasting(seconds)

        async def ask(caller: Caller) -> None:
            while not done():
                seen[(await caller.ask("GET", "/v1/keys/me")).status] += 1

        async def rotate() -> None:
            await asyncio.sleep(seconds / 3)
            reply = await administrator.ask("POST", f"/v1/keys/{key['id']}/rotate?overlap=1h")
            assert reply.status == 200, reply.body
            for caller in callers[::2]:
                caller.key = reply.json()["key"]

        async with beside(rotate(), *(ask(caller) for caller in callers)):
            pass
        read_only = ["goals:read"]
        narrowed = await _until(
            callers,
            administrator.ask("PATCH", f"/v1/keys/{key['id']}", {"scopes": read_only}),
            lambda reply: json.loads(reply.body).get("scopes") == read_only,
            watch,
        )
        revoked = await _until(
            callers,
            administrator.ask("DELETE", f"/v1/keys/{key['id']}"),
            lambda reply: (
                reply.status in {401, 429}
            ),  # eight who ask on and on are slowed down like any guesser
            watch,
        )
        for caller in callers:
            caller.close()
    found = Found(
        f"{dict(seen)} while rotated; revoked everywhere after {revoked:.2f} s, narrowed after {narrowed:.2f} s"
    )
    found.must(set(seen) == {200}, f"answers while rotated: {dict(seen)}")
    found.must(revoked < 1.5 and narrowed < 1.5, "a change of a key is not seen everywhere")
    return found


async def _until(
    callers: list[Caller], change: Awaitable[Reply], seen: Callable[[Reply], bool], watch: float
) -> float:
    """Seconds from the answer to a change of the key until each open connection has seen it, and sees it for good."""
    assert (await change).status in {200, 204}
    begun, last = time.monotonic(), 0.0
    while time.monotonic() < begun + watch:
        for caller in callers:
            asked = time.monotonic()
            if not seen(await caller.ask("GET", "/v1/keys/me")):
                last = asked - begun
        await asyncio.sleep(0.02)
    return last


async def guessed(address: str, *, guesses: int, clients: int = 8) -> Found:  # A5
    """Somebody guesses keys from the address from which good keys come."""
    async with serving(address, workers=1) as service, Caller(service.port) as administrator:
        administrator.key = await _administrator(address)
        good = (await _made(administrator, "good"))["key"]
        answers: Counter[int] = Counter()
        fine: list[Reply] = []
        left = iter(range(guesses))

        async def guess() -> None:
            async with Caller(service.port) as caller:
                for _ in left:
                    caller.key = new_key()
                    answers[(await caller.ask("GET", "/v1/keys/me")).status] += 1

        async def work(done: Callable[[], bool]) -> None:
            async with Caller(service.port, good) as caller:
                while not done():
                    fine.append(await caller.ask("GET", "/v1/keys/me"))
                    await asyncio.sleep(0.02)

        begun = time.monotonic()
        async with beside(work(lambda: sum(answers.values()) >= guesses), *(guess() for _ in range(clients))):
            pass
        taken = time.monotonic() - begun
    found = Found(
        f"{guesses} guesses in {taken:.1f} s: {dict(answers)}; the good key {len(fine)} times, "
        f"p95 {_p95([each.seconds for each in fine]) * 1000:.0f} ms"
    )
    found.must({each.status for each in fine} == {200}, "the good key was held up")
    found.must(answers[401] <= 20 and set(answers) <= {401, 429}, f"answers to guesses: {dict(answers)}")
    return found


async def greedy(address: str, *, seconds: float, quota: int = 600) -> Found:  # S11
    """One key asks as fast as it can, far over its quota; the others are served as before."""
    async with serving(address, workers=1, key_quota=str(quota)) as service:
        async with Caller(service.port, await _administrator(address)) as administrator:
            keys = [(await _made(administrator, name))["key"] for name in ("greedy", "modest")]
        refused: list[Reply] = []
        answers: Counter[int] = Counter()

        async def modest(done: Callable[[], bool]) -> list[Reply]:
            got = []
            async with Caller(service.port, keys[1]) as caller:
                while not done():
                    got.append(await caller.ask("GET", "/v1/events?limit=1"))
                    await asyncio.sleep(0.15)
            return got

        async def ask(done: Callable[[], bool]) -> None:
            async with Caller(service.port, keys[0]) as caller:
                while not done():
                    reply = await caller.ask("GET", "/v1/events?limit=1")
                    answers[reply.status] += 1
                    if reply.status == 429:
                        refused.append(reply)
                    await asyncio.sleep(4 / (quota / 60 * 100))  # four of them: a hundred times the quota

        before = await modest(lasting(seconds / 3))
        done = lasting(seconds)
        async with beside(*(ask(done) for _ in range(4))):
            beside_it = await modest(done)
    quiet, busy = (_p95([each.seconds for each in replies]) * 1000 for replies in (before, beside_it))
    found = Found(
        f"the greedy one {dict(answers)}; the modest one p95 {quiet:.1f} ms before, {busy:.1f} ms beside it"
    )
    found.must(answers[429] > answers[200] > 0, "nobody was limited")
    found.must(
        all(each.headers.get("retry-after") and each.headers.get("ratelimit") for each in refused),
        "a 429 without Retry-After or RateLimit",
    )
    found.must({each.status for each in [*before, *beside_it]} == {200}, "the modest one was refused")
    return found


async def hidden(address: str, *, rounds: int, noise: float = 0.1) -> Found:  # A2
    """A draft of another country, and nothing at all, asked for in turn: the same answer in the same time."""
    async with serving(address, workers=1) as service, Caller(service.port) as administrator:
        administrator.key = await _administrator(address)
        other = (await _made(administrator, "other"))["key"]
        draft = {"title": "Draft", "kind": "seminar", "start_date": "2027-02-01", "visibility": "own"}
        made = await administrator.ask("POST", "/v1/events", {**draft, "country": "JP"})
        assert made.status == 201, made.body
        there = made.json()["id"]
        nothing = there[:-6] + ("000000" if there[-6:] != "000000" else "000001")
        seen: dict[str, list[Reply]] = {there: [], nothing: []}
        async with Caller(service.port, other) as stranger:
            for number in range(rounds + 50):
                for one in (there, nothing) if number % 2 else (nothing, there):
                    reply = await stranger.ask("GET", f"/v1/events/{one}")
                    if number >= 50:  # the first are slower, whatever they ask for
                        seen[one].append(reply)
    halves = [
        statistics.median(each.seconds for each in replies[start::2]) * 1e6
        for replies in seen.values()
        for start in (0, 1)
    ]
    hid, missing = (statistics.median(each.seconds for each in replies) * 1e6 for replies in seen.values())
    said = {(each.status, len(each.body)) for replies in seen.values() for each in replies}
    found = Found(
        f"median of a draft {hid:.0f} us, of nothing {missing:.0f} us; halves of each "
        f"{', '.join(f'{each:.0f}' for each in halves)} us; {said}"
    )
    found.must(len(said) == 1 and {status for status, _ in said} == {404}, f"answers differ: {said}")
    found.must(abs(hid - missing) < noise * missing, "the time tells whether there is something")
    return found


async def judged(address: str, *, rounds: int, keys: int = 700, noise: float = 0.04) -> Found:  # A5
    """Keys that do not open, in turn: the time of the answer tells nobody how much of a key was guessed, and of whole
    keys no more than the answer says.

    Each comes from another address, so that nobody is slowed down, and each key seldom enough to be looked up anew.
    """
    kinds = await _refused_keys(address, keys)
    seen: dict[str, list[Reply]] = {kind: [] for kind in kinds}
    addresses, shuffled = count(1), random.Random(11)
    async with (
        serving(address, workers=1, trusted_proxies='["127.0.0.0/8"]') as service,
        Caller(service.port) as stranger,
    ):
        for number in range(rounds + keys):
            for kind, made in shuffled.sample(list(kinds.items()), len(kinds)):  # none behind the same always
                stranger.key = made[number % len(made)]
                from_ = str(ip_address(0x0B000000 + next(addresses)))
                reply = await stranger.ask("GET", "/v1/keys/me", x_forwarded_for=from_)
                if number >= keys:  # the first are slower, whatever they ask for
                    seen[kind].append(reply)
    medians = {kind: statistics.median(each.seconds for each in got) * 1e6 for kind, got in seen.items()}
    halves = [
        statistics.median(each.seconds for each in got[start::2]) * 1e6
        for got in seen.values()
        for start in (0, 1)
    ]
    said = {kind: {(each.status, each.json()["type"]) for each in got} for kind, got in seen.items()}
    found = Found(
        f"{rounds} of each, medians in us: { ({kind: round(each) for kind, each in medians.items()}) }; halves from "
        f"{min(halves):.0f} to {max(halves):.0f}"
    )
    expected = {
        "unknown": (401, "/problems/key-unknown"),
        "half known": (401, "/problems/key-unknown"),
        "expired": (401, "/problems/key-expired"),
        "revoked": (401, "/problems/key-revoked"),
        "wrong network": (403, "/problems/wrong-network"),
    }
    found.must(said == {kind: {answer} for kind, answer in expected.items()}, f"answers: {said}")
    near, far = medians["half known"], medians["unknown"]
    found.must(abs(near - far) < noise * far, "the time tells that half of a key was right")
    found.must(max(medians.values()) < 1.2 * far, "a key that does not open takes longer than an unknown one")
    return found


async def reported(address: str, *, events: int) -> Found:  # A15
    """All that is held about somebody, in one request to a register with much in it; then the person is erased."""
    await rows.events(address, events)
    async with serving(address, workers=1) as service, Caller(service.port) as administrator:
        administrator.key = await _administrator(address)
        entry = {"country": "TH", "display": "Canary Person", "email": "canary@example.org"}
        person = (await administrator.ask("POST", "/v1/persons", entry)).json()["id"]
        note = {"title": "Talk of Canary Person", "kind": "seminar", "start_date": "2027-02-01"}
        await administrator.ask("POST", "/v1/events", note)
        report = await administrator.ask("GET", f"/v1/persons/{person}/report")
        rights = await administrator.ask("GET", f"/v1/persons/{person}/permissions")
        erasure = await administrator.ask("POST", f"/v1/persons/{person}/erase?keep_mentions=true")
    found = Found(
        f"{events} other records: the report {report.seconds:.1f} s, the permissions {rights.seconds:.1f} s, "
        f"the erasure {erasure.seconds:.1f} s"
    )
    found.must({report.status, rights.status, erasure.status} == {200}, f"{report.body!r} {erasure.body!r}")
    found.must(len(report.json()["mentions"]) == 1, "the report misses who names the person")
    found.must(max(report.seconds, erasure.seconds) < 60, "it takes longer than a minute")
    return found


async def _refused_keys(address: str, number: int) -> dict[str, list[str]]:
    """Keys by why they do not open. Of those that are half known the first half is that of a key that opens."""
    connection = await asyncpg.connect(address)
    then = datetime.now(UTC) - timedelta(days=1)
    why: dict[str, dict[str, Any]] = {
        "expired": {"expires_at": then},
        "revoked": {"revoked_at": then},
        "wrong network": {"networks": ["192.0.2.0/24"]},
    }
    made = {
        "unknown": [new_key() for _ in range(number)],
        "half known": [],
        **{kind: [new_key() for _ in range(number)] for kind in why},
    }
    for _ in range(number):
        good, other = new_key(), new_key()
        await preparing.add_key(connection, good, "good", Role.READER)
        body = good[len(PREFIX) :][:20] + other[len(PREFIX) :][20:40]
        made["half known"].append(f"{PREFIX}{body}{_check(body)}")
    for kind, more in why.items():
        for key in made[kind]:
            await preparing.add_key(connection, key, kind, Role.READER, **more)
    await connection.execute("update api_key_secrets set last_used_on = current_date")
    await connection.execute("analyze api_keys, api_key_secrets")
    await connection.close()
    return made


_DEAR = (
    "/v1/events?q=" + "%20".join(f"generated{n}" for n in range(8)),
    "/v1/events?title__contains=a&note__contains=b&sort=-title&limit=1000&expand=goals.area,organisations",
    "/v1/events/stats?group_by=kind,status,country",
    "/v1/search?q=event",
)
_TOO_MUCH = ("/v1/events?q=" + "a" * 20_000, "/v1/events?offset=1000000")


async def dear(address: str, *, seconds: float, events: int, clients: int = 20) -> Found:  # S12
    """Twenty ask only what costs much; who asks for one record is served meanwhile."""
    await rows.events(address, events)
    connection = await asyncpg.connect(address)
    one = await connection.fetchval("select id from events limit 1")
    await connection.close()
    asked = (*_DEAR, *_TOO_MUCH)
    answers: dict[str, Counter[str]] = {path: Counter() for path in asked}
    slowest, cheap = 0.0, []
    async with serving(address, workers=1) as service:
        done = lasting(seconds)

        async def ask(number: int) -> None:
            nonlocal slowest
            async with Caller(service.port) as caller:
                while not done():
                    path = asked[number % len(asked)]
                    reply = await caller.ask("GET", path)
                    answers[path][str(reply.status)] += 1
                    slowest = max(slowest, reply.seconds)
                    number += 1

        async def read() -> None:
            async with Caller(service.port) as caller:
                while not done():
                    cheap.append(await caller.ask("GET", f"/v1/events/{one}"))
                    await asyncio.sleep(0.02)

        async with beside(read(), *(ask(number) for number in range(clients))):
            pass
    p95 = _p95([each.seconds for each in cheap])
    found = Found(
        f"{dict(sum(answers.values(), Counter()))}, slowest {slowest:.2f} s; {len(cheap)} cheap reads, "
        f"p95 {p95 * 1000:.0f} ms"
    )
    found.must(slowest < 5, "something took five seconds")
    found.must({each.status for each in cheap} == {200} and p95 < 0.3, "cheap reads were held up")
    for path, statuses in answers.items():
        found.wrong += only(statuses, *(("400", "414") if path in _TOO_MUCH else ("200", "503")))
    return found
