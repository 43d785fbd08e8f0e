"""Experiments on bulk loads: memory, exactly once, and what a cut-off leaves behind."""

import asyncio
import random
import socket
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

import asyncpg

from app import embedded
from app.pool import BROKEN
from tests.reliability.experiments import Found, only
from tests.reliability.http_client import Caller, Cut, Refused, Reply
from tests.reliability.ledger import Ledger, crowd
from tests.reliability.service import Service, key_for, serving

_PIECE = 1 << 18


def csv_of(megabytes: int, *, bad: bool = False) -> Iterator[bytes]:
    """Events as CSV, about 400 bytes each; the last row is bad, or every one is."""
    head = b"title,kind,start_date,summary,keys\n"
    about = "This entry is generated for measurement. " * 8
    row = f'Generated %d,%s,2025-06-24,"{about}\nand a line",gen:%d\n'
    size, number, rows = len(head), 0, [head.decode()]
    while size < megabytes * 1_000_000:
        number += 1
        rows.append(row % (number, "nothing" if bad else "seminar", number))
        size += len(rows[-1])
        if len(rows) == 500:
            yield "".join(rows).encode()
            rows = []
    yield "".join(rows).encode()


async def sent(
    port: int,
    key: str,
    path: str,
    pieces: Iterator[bytes],
    kind: str,
    *,
    patience: float = 1200,
    **headers: str,
) -> Reply:
    """Send a body piece by piece, never holding it whole."""
    async with Caller(port, key) as caller:
        return await caller.send("POST", path, pieces, kind, patience=patience, **headers)


def rows_of(number: int, system: str, *, bad_last: bool = False) -> Iterator[bytes]:
    """So many events as CSV, each with a key of the system; the last one bad, if asked for."""
    yield b"title,kind,start_date,keys\n"
    for first in range(1, number + 1, 500):
        lines = [
            f"Generated {n},{'nothing' if bad_last and n == number else 'seminar'},2025-06-24,{system}:{n}\n"
            for n in range(first, min(first + 500, number + 1))
        ]
        yield "".join(lines).encode()


async def _highest(pid: int, done: asyncio.Event) -> float:
    """The largest resident size, asked for often, in MB."""
    most = 0.0
    while not done.is_set():
        most = max(most, resident(pid))
        await asyncio.sleep(0.05)
    return most


def resident(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return 0.0


async def big_file(
    address: str, *, megabytes: int, path: str, bad: bool = False, job: bool = False
) -> Found:  # bar of streaming
    """A large file takes little memory, be all of it good or all of it bad."""
    key = await key_for(address)
    async with serving(address, bulk_budget="900", async_bulk_body="1000000000") as service:
        async with Caller(service.port, key) as caller:
            await caller.ask("GET", "/v1/events")
        pid = service.process.pid
        before, done = resident(pid), asyncio.Event()
        watching = asyncio.ensure_future(_highest(pid, done))
        begun = time.monotonic()
        wish = {"Prefer": "respond-async"} if job else {"Accept": "text/csv"}
        reply = await sent(service.port, key, path, csv_of(megabytes, bad=bad), "text/csv", **wish)
        if job:
            reply = await _ended(service.port, key, reply.headers["location"], begun + 3000)
        done.set()
        grown = await watching - before
        noise = service.noise()
    found = Found(
        f"{megabytes} MB: {reply.status} in {time.monotonic() - begun:.0f} s, {reply.headers.get('bulk-summary')}, "
        f"memory {before:.0f} + {grown:.0f} MB"
    )
    found.must(reply.status == (422 if bad else 200), f"answered {reply.status}: {reply.body[:500]!r}")
    found.must(grown < 150, f"memory grew by {grown:.0f} MB")
    found.wrong += noise[:3]
    return found


async def loaded(
    port: int, key: str, number: int, system: str, *, patience: float = 600, **headers: str
) -> Reply:
    """Ask once for a load of so many rows, under a key of its own."""
    return await sent(
        port,
        key,
        f"/v1/events/bulk?match=by-key:{system}",
        rows_of(number, system),
        "text/csv",
        patience=patience,
        Idempotency_Key=system,
        **headers,
    )


async def settled(port: int, key: str, number: int, system: str, seconds: float, **headers: str) -> Reply:
    """Ask until the answer is certain, and follow the job if it is one."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with suppress(Cut, Refused):
            reply = await loaded(port, key, number, system, **headers)
            if reply.status == 202:
                return await _ended(port, key, reply.headers["location"], deadline)
            if reply.status not in {409, 429, 503}:
                return reply
        await asyncio.sleep(0.3)
    raise TimeoutError("never settled")


async def _ended(port: int, key: str, job: str, deadline: float) -> Reply:
    while time.monotonic() < deadline:
        with suppress(Cut, Refused):
            async with Caller(port, key) as caller:
                reply = await caller.ask("GET", job)
                if reply.status == 200 and reply.json()["state"] in {"succeeded", "failed", "cancelled"}:
                    return Reply(reply.json()["status"], reply.headers, reply.body, reply.seconds)
        await asyncio.sleep(0.3)
    raise TimeoutError("the job never ended")


_STORED = "select count(*), count(distinct keys) from events where keys[1] like $1 || ':%'"
_APPLIED = """select count(distinct h.commit_number) from changes h
where h.kind = 'events' and h.record #>> '{keys,0}' like $1 || ':%'"""


async def stored(address: str, system: str) -> tuple[int, int]:
    """How many events of a system there are, and by how many commits they were made. Asked until it answers."""
    while True:
        with suppress(*BROKEN):
            connection = await asyncpg.connect(address, timeout=3)
            try:
                count, distinct = await connection.fetchrow(_STORED, system)
                assert count == distinct
                return count, await connection.fetchval(_APPLIED, system)
            finally:
                connection.terminate()
        await asyncio.sleep(0.1)


Fault = Callable[[Service], Awaitable[None]]


async def gone(_: Service) -> None:
    """Who asks goes away by itself."""


async def interrupted(
    service: Service,
    address: str,
    key: str,
    faults: Mapping[str, Fault],
    *,
    rows: int,
    times: int,
    jobs: bool,
) -> Found:  # the bar: break off an import at random moments
    """A load is broken off at random moments, and asked for again under its key: once, or not at all before that."""
    kind, more = ("job", {"Prefer": "respond-async"}) if jobs else ("load", {})
    said, found = Counter[str](), Found("")
    begun = time.monotonic()
    await settled(service.port, key, rows, f"{kind}-0", 600, **more)
    usual = time.monotonic() - begun
    for number in range(1, times + 1):
        system, fault = f"{kind}-{number}", list(faults)[number % len(faults)]
        asking = asyncio.ensure_future(loaded(service.port, key, rows, system, **more))
        await asyncio.sleep(random.random() * usual)
        await faults[fault](service)
        if faults[fault] is gone:
            asking.cancel()
        with suppress(Cut, Refused, TimeoutError, asyncio.CancelledError):
            said[f"{fault}: {(await asking).status}"] += 1
        count, _ = await stored(address, system)
        found.must(count in {0, rows}, f"{fault}: {count} of {rows} rows were there")
        reply = await settled(service.port, key, rows, system, 900, **more)
        count, commits = await stored(address, system)
        replayed = "replayed" if "idempotency-replayed" in reply.headers else "done"
        said[f"{fault}, then {reply.status} {'' if jobs else replayed}".strip()] += 1
        found.must(reply.status == 200, f"{fault}: in the end {reply.status}")
        found.must((count, commits) == (rows, 1), f"{fault}: {count} rows in {commits} commits")
    found.measured = f"{times} times, {rows} rows, {usual:.1f} s when nobody disturbs: {dict(said)}"
    return found


async def database_killed(address: str, kill: Callable[[], None], *, rows: int, rounds: int) -> Found:  # D1
    """kill -9 of every process of the database during a load: nothing of it, and with the same key all of it."""
    key, answers, back = await key_for(address), Counter[str](), 0.0
    found = Found("")
    async with serving(address, bulk_budget="900") as service:
        begun = time.monotonic()
        await settled(service.port, key, rows, "gen-0", 900)
        usual = time.monotonic() - begun
        number = early = 0
        while number - early < rounds:
            number += 1
            system = f"gen-{number}"
            asking = asyncio.ensure_future(loaded(service.port, key, rows, system))
            await asyncio.sleep(usual * (0.3 + 0.5 * random.random()))
            if asking.done():  # answered before the kill: no round, and the next kill comes sooner
                early, usual = early + 1, usual * 0.7
                continue
            kill()
            fell = time.monotonic()
            try:
                answers[str((await asking).status)] += 1
            except (Cut, Refused):
                answers["cut"] += 1
            count, _ = await stored(address, system)
            back = max(back, time.monotonic() - fell)
            found.must(count == 0, f"{count} rows were left")
            reply = await settled(service.port, key, rows, system, 900)
            found.must(reply.status == 200, f"again: {reply.status}")
            found.must(await stored(address, system) == (rows, 1), "again: not exactly once")
        found.wrong += service.noise()[:3]
    found.measured = (
        f"{rounds} rounds of {rows} rows, {early} more ended too early: {dict(answers)}, "
        f"the database was back after {back:.1f} s at most"
    )
    found.must(back < 10, f"back only after {back:.1f} s")
    found.wrong += only(answers, "503", "cut")
    return found


async def bad_last_line(address: str, *, rows: int) -> Found:  # D12
    """The last of many rows is bad."""
    key = await key_for(address)
    async with serving(address, bulk_budget="900") as service:
        async with Caller(service.port, key) as caller:
            await caller.ask("GET", "/v1/events")
        done = asyncio.Event()
        watching = asyncio.ensure_future(_highest(service.process.pid, done))
        content = rows_of(rows + 1, "gen", bad_last=True)
        reply = await sent(service.port, key, "/v1/events/bulk", content, "text/csv")
        done.set()
        most, noise = await watching, service.noise()
    errors = reply.json()["errors"]
    place = [(each["row"], each["line"], each["column"]) for each in errors]
    found = Found(f"{rows} good rows and a bad one: {reply.status}, {place}, memory {most:.0f} MB")
    found.must(reply.status == 422, f"answered {reply.status}")
    found.must(place == [(rows + 1, rows + 2, "kind")], "the bad row is not named")
    found.must(await stored(address, "gen") == (0, 0), "something was stored")
    found.must(most < 200, f"memory of {most:.0f} MB")
    found.wrong += noise[:3]
    return found


async def disk_full(folder: Path, *, megabytes: int, rows: int) -> Found:  # S5
    """The disk of the database is full during a load, beside writers; then there is room again."""
    ledger, found = Ledger(), Found("")
    ballast = folder / "ballast"
    async with serving(data=folder / "data", statement_timeout="20") as service:
        key = (folder / "data" / "admin-key").read_text().strip()
        address = embedded.attach(folder / "data")
        assert address is not None
        done = asyncio.Event()
        writers = asyncio.ensure_future(crowd(ledger, service.port, key, 4, done.is_set))
        asking = asyncio.ensure_future(loaded(service.port, key, rows, "full", patience=300))
        await asyncio.sleep(1)
        await asyncio.to_thread(_fill, ballast, megabytes)
        try:
            answer = str((await asking).status)
        except Cut:
            answer = "cut"
        await asyncio.sleep(3)
        ballast.unlink()
        freed = time.monotonic()
        await _until(lambda: ledger.first_success_after(freed) < 60, seconds=60)
        count, _ = await stored(address, "full")
        done.set()
        await writers
        again = await settled(service.port, key, 100, "small", 60)
        verdict = await ledger.verdict(address)
        back, noise = ledger.first_success_after(freed), service.noise()
    found.measured = (
        f"import {answer}, {count} rows of it; writers {dict(ledger.statuses)}, {len(ledger.acknowledged)} "
        f"acknowledged; back {back:.1f} s after there was room; a new import {again.status}"
    )
    found.must(answer in {"503", "cut"}, f"the import was answered {answer}")
    found.must(count == 0, f"{count} rows of the import were left")
    found.must(back < 20, "it did not come back by itself")
    found.must(again.status == 200, f"a new import: {again.status}")
    found.must(not ledger.unknown, f"{len(ledger.unknown)} never settled")
    found.must(bool(ledger.statuses["503"] or ledger.statuses["cut"]), "the disk was never full")
    found.wrong += [*only(ledger.statuses, "201", "409", "503", "cut"), *noise[:3], *verdict]
    return found


async def _until(holds: Callable[[], bool], *, seconds: float) -> None:
    end = time.monotonic() + seconds
    while not holds() and time.monotonic() < end:  # noqa: ASYNC110  (it watches what has no event)
        await asyncio.sleep(0.1)


def _fill(ballast: Path, megabytes: int) -> None:
    """Take all the room that is left."""
    with suppress(OSError), ballast.open("wb", buffering=0) as opened:
        for _ in range(megabytes * 16):
            opened.write(bytes(1 << 16))
    with suppress(OSError), ballast.open("ab", buffering=0) as opened:
        while True:
            opened.write(bytes(512))


_HELD = """select count(*), coalesce(max(extract(epoch from now() - state_change)), 0)::float from pg_stat_activity
where application_name = 'workplan' and datname = current_database()
and (state like 'idle in transaction%' or state = 'active') and now() - state_change > interval '0.5 s'"""
"""Held for longer than what the service does now and then for itself."""


async def slow_reader(address: str, *, rows: int, seconds: float) -> Found:  # S8
    """Clients that download an export a few bytes at a time hold no connection to the database."""
    key = await key_for(address)
    held: list[tuple[int, float]] = []
    async with serving(address, read_connections="2", write_connections="2", bulk_budget="900") as service:
        await settled(service.port, key, rows, "gen", 900)
        readers = [await asyncio.open_connection("127.0.0.1", service.port, limit=1024) for _ in range(6)]
        for _, writer in readers:
            wire = writer.get_extra_info("socket")
            wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            writer.write(b"GET /v1/events.csv HTTP/1.1\r\nHost: register.test\r\n\r\n")
        watcher = await asyncpg.connect(address)
        statuses: Counter[str] = Counter()
        slowest, taken = 0.0, 0
        end = time.monotonic() + seconds
        settle = time.monotonic() + seconds / 3
        while time.monotonic() < end:
            for reader, _ in readers:
                taken += len(await reader.read(1))
            async with Caller(service.port, key) as caller:
                reply = await caller.ask("GET", "/v1/events?limit=1")
            statuses[str(reply.status)] += 1
            slowest = max(slowest, reply.seconds)
            if time.monotonic() > settle:
                held.append(tuple(await watcher.fetchrow(_HELD)))
            await asyncio.sleep(0.1)
        await watcher.close()
        for _, writer in readers:
            writer.transport.abort()
        noise = service.noise()
    most, longest = max(count for count, _ in held), max(seconds for _, seconds in held)
    found = Found(
        f"6 readers took {taken} bytes in {seconds:.0f} s; connections held meanwhile: at most {most}, for "
        f"{longest:.1f} s; others {dict(statuses)}, slowest {slowest:.2f} s"
    )
    found.must(most == 0, f"{most} connections are held")
    found.must(slowest < 2, "others had to wait")
    found.wrong += [*only(statuses, "200"), *noise[:3]]
    return found
