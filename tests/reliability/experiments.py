"""The experiments, by their names in the plan: each returns what was measured and what is wrong."""

import asyncio
import os
import random
import signal
import socket
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg

from app.pool import BROKEN
from tests.reliability.http_client import Caller, Cut, Refused
from tests.reliability.ledger import Ledger, crowd, write_until
from tests.reliability.service import Service, children, free_port, key_for, serving
from tests.reliability.wire import wire_to


@dataclass
class Found:
    """The outcome of an experiment."""

    measured: str
    wrong: list[str] = field(default_factory=list)

    def must(self, holds: bool, otherwise: str) -> None:
        if not holds:
            self.wrong.append(otherwise)


def only(statuses: Counter[str], *allowed: str) -> list[str]:
    bad = {status: count for status, count in statuses.items() if status not in allowed}
    return [f"answers that must not occur: {bad}"] if bad else []


def lasting(seconds: float) -> Any:
    end = time.monotonic() + seconds
    return lambda: time.monotonic() >= end


@asynccontextmanager
async def beside(*works: Any) -> AsyncIterator[None]:
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        yield
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()


async def crash(address: str, point: str, *, every: int, writes: int, clients: int = 4) -> Found:  # D2, D3
    """Workers die right before or right after the answer of every so-many-th write."""
    key, ledger = await key_for(address), Ledger()
    env = {"fault": point, "fault_every": str(every)}
    async with serving(address, app="tests.reliability.faulty:app", workers=2, **env) as service:
        before = set(service.workers())
        await crowd(ledger, service.port, key, clients, lambda: len(ledger.acknowledged) >= writes)
        deaths = (len(ledger.acknowledged) + ledger.statuses["cut"]) // every
        found = Found(
            f"{len(ledger.acknowledged)} acknowledged, {ledger.statuses['cut']} cut, about {deaths} deaths, "
            f"{dict(ledger.statuses)}"
        )
        found.must(set(service.workers()) != before, "no worker died: the experiment shows nothing")
        found.must(bool(ledger.acknowledged), "nothing was acknowledged")
        found.must(not ledger.unknown, f"{len(ledger.unknown)} never settled")
        found.wrong += [*only(ledger.statuses, "201", "409", "503", "cut", "refused"), *service.noise()[:3]]
    found.wrong += await ledger.verdict(address)
    return found


async def lost_update(port: int, key: str, *, writers: int = 8, each: int = 10) -> Found:  # D10
    """Many append to one record, each on the version that it has read."""
    statuses: Counter[str] = Counter()
    acknowledged: list[str] = []
    async with Caller(port, key) as first:
        reply = await first.ask(
            "POST",
            "/v1/events",
            {"title": "Shared", "kind": "seminar", "start_date": "2025-06-24", "note": "0"},
        )
        made = reply.json()
        path = f"/v1/events/{made['id']}"

        async def append(writer: int) -> None:
            async with Caller(port, key) as caller:
                for number in range(each):
                    token = f"w{writer}n{number}"
                    for _ in range(400):
                        seen = await caller.ask("GET", path)
                        note = f"{seen.json()['note']} {token}"
                        reply = await caller.ask("PATCH", path, {"note": note}, If_Match=seen.headers["etag"])
                        statuses[str(reply.status)] += 1
                        if reply.status == 200:
                            acknowledged.append(token)
                            break
                        await asyncio.sleep(random.random() * 0.02)

        await asyncio.gather(*(append(writer) for writer in range(writers)))
        tokens = (await first.ask("GET", path)).json()["note"].split()
    lost = [token for token in acknowledged if token not in tokens]
    found = Found(f"{len(acknowledged)} of {writers * each} appended, {dict(statuses)}")
    found.must(len(acknowledged) == writers * each, "some never got through")
    found.must(not lost, f"{len(lost)} acknowledged and not in the record")
    found.must(len(tokens) == len(set(tokens)), "one stands twice")
    found.wrong += only(statuses, "200", "412")
    return found


async def races(port: int, key: str, address: str, *, rounds: int = 30) -> Found:  # D11
    """PATCH, DELETE, restore and a new child of the record, all at once."""
    statuses: dict[str, Counter[str]] = {}
    removed: list[str] = []

    async def ask(label: str, method: str, path: str, body: Any = None) -> None:
        async with Caller(port, key) as caller:
            status = (await caller.ask(method, path, body)).status
        statuses.setdefault(label, Counter())[str(status)] += 1
        if label == "delete" and status == 204:
            removed.append(path.rsplit("/", 1)[1].partition("?")[0])

    async with Caller(port, key) as caller:
        for number in range(rounds):
            goal = {"number": 1000 + number, "title": f"Goal {number}"}
            made = (await caller.ask("POST", "/v1/goals", goal)).json()
            path = f"/v1/goals/{made['id']}"
            child = {"title": f"Activity {number}", "goal": {"id": made["id"]}}
            todo = [
                ask("patch", "PATCH", path, {"title": "Changed"}),
                ask("delete", "DELETE", path),
                ask("cascade", "DELETE", f"{path}?cascade=true") if number % 3 == 0 else asyncio.sleep(0),
                ask("child", "POST", "/v1/activities", child),
                ask("patch", "PATCH", path, {"title": "Changed again"}),
            ]
            random.shuffle(todo)
            await asyncio.gather(*todo)
    connection = await asyncpg.connect(address)
    try:
        orphans = await connection.fetchval(
            "select count(*) from activities a where not exists (select from goals g where g.id = a.goal_id)"
        )
        risen = await connection.fetchval("select count(*) from goals where id = any($1::uuid[])", removed)
    finally:
        await connection.close()
    found = Found(", ".join(f"{label} {dict(each)}" for label, each in sorted(statuses.items())))
    found.must(not orphans, f"{orphans} orphans")
    found.must(not risen, f"{risen} risen from the dead")
    for label, counted in statuses.items():
        fine = {"child": ("201", "404", "409", "412", "422")}.get(label, ("200", "204", "404", "409", "412"))
        found.wrong += only(counted, *fine)
    return found


async def probes(port: int, path: str, done: Any, seen: list[tuple[int, float]], every: float = 0.2) -> None:
    """Ask a health address until it is enough; status 0 is no answer."""
    while not done():
        begun = time.monotonic()
        try:
            async with Caller(port) as caller:
                reply = await caller.ask("GET", path, patience=5)
            seen.append((reply.status, reply.seconds))
        except (Cut, Refused):
            seen.append((0, time.monotonic() - begun))
        await asyncio.sleep(every)


async def unreachable(
    address: str, *, before: float, mute: float, after: float, clients: int = 12, budget: float = 8
) -> Found:  # S2
    """The wire to the database swallows everything, and nobody is told."""
    key, ledger, alive = await key_for(address), Ledger(), []
    async with wire_to(address) as (wire, through):
        settings = {"request_budget": str(budget), "statement_timeout": str(budget * 0.6)}
        async with serving(through, **settings) as service:
            done = lasting(before + mute + after)
            async with beside(
                crowd(ledger, service.port, key, clients, done),
                write_until(ledger, service.port, key, done, name="f0", retry=False),
                probes(service.port, "/livez", done, alive),
            ):
                await asyncio.sleep(before)
                wire.swallow()
                begun = time.monotonic()
                await asyncio.sleep(mute)
                wire.heal()
                healed = time.monotonic()
            noise = service.noise()
    back = ledger.first_success_after(healed)
    slowest_probe = max(seconds for _, seconds in alive)
    found = Found(
        f"slowest answer {ledger.slowest:.1f} s, back after {back:.1f} s, slowest /livez {slowest_probe:.2f} s, "
        f"{dict(ledger.statuses)}"
    )
    found.must(ledger.slowest < budget + 1, f"an answer took {ledger.slowest:.1f} s")
    found.must(back < 5, f"first success only {back:.1f} s after healing")
    found.must(any(at < begun for at in ledger.successes), "nothing worked before the fault")
    found.must(
        all(status == 200 for status, _ in alive) and slowest_probe < 1, "/livez was not green throughout"
    )
    found.must(not ledger.without_retry_after, "a 503 without Retry-After")
    left = [token for token in ledger.unknown if token.startswith("c")]  # f0 asks for something new each time
    found.must(not left, f"{len(left)} never settled")
    found.wrong += [*only(ledger.statuses, "201", "409", "503"), *noise[:3], *await ledger.verdict(address)]
    return found


async def slow(address: str, *, round_trip: float, seconds: float, clients: int = 20) -> Found:  # S1
    """Every round trip to the database takes long."""
    key, ledger = await key_for(address), Ledger()
    async with wire_to(address) as (wire, through), serving(through) as service:
        done = lasting(seconds + 12)
        async with beside(crowd(ledger, service.port, key, clients, done)):
            await asyncio.sleep(1)
            wire.delay = round_trip
            await asyncio.sleep(seconds)
            wire.heal()
            healed = time.monotonic()
        noise = service.noise()
    back = ledger.first_success_after(healed)
    late = [at for at in ledger.successes if at > healed + 10]
    found = Found(f"slowest {ledger.slowest:.1f} s, back after {back:.1f} s, {dict(ledger.statuses)}")
    found.must(ledger.slowest < 9, f"an answer took {ledger.slowest:.1f} s")
    found.must(len(late) > clients, "not back to normal 10 s after")
    found.wrong += [*only(ledger.statuses, "201", "409", "503"), *noise[:3], *await ledger.verdict(address)]
    return found


async def resets(address: str, *, seconds: float, clients: int = 12) -> Found:  # D7
    """All connections to the database are reset each second."""
    key, ledger = await key_for(address), Ledger()
    async with wire_to(address) as (wire, through), serving(through) as service:
        done = lasting(seconds)
        async with beside(crowd(ledger, service.port, key, clients, done)):
            while not done():
                await asyncio.sleep(1)
                wire.reset()
        noise = service.noise()
    found = Found(
        f"{len(ledger.acknowledged)} acknowledged, slowest {ledger.slowest:.1f} s, {dict(ledger.statuses)}"
    )
    found.must(not ledger.without_retry_after, "a 503 without Retry-After")
    found.must(not ledger.unknown, f"{len(ledger.unknown)} never settled")
    found.wrong += [*only(ledger.statuses, "201", "409", "503"), *noise[:3], *await ledger.verdict(address)]
    return found


async def frozen(address: str, postmaster: int, *, seconds: float, clients: int = 12) -> Found:  # S3
    """Every process of the database is stopped for a while."""
    key, ledger, alive = await key_for(address), Ledger(), []
    async with serving(address) as service:
        done = lasting(seconds + 8)
        async with beside(
            crowd(ledger, service.port, key, clients, done), probes(service.port, "/livez", done, alive)
        ):
            await asyncio.sleep(2)
            stopped = [postmaster, *children(postmaster)]
            for pid in stopped:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGSTOP)
            await asyncio.sleep(seconds)
            for pid in stopped:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)
            healed = time.monotonic()
        noise = service.noise()
    back = ledger.first_success_after(healed)
    found = Found(f"slowest {ledger.slowest:.1f} s, back after {back:.1f} s, {dict(ledger.statuses)}")
    found.must(ledger.slowest < 9, f"an answer took {ledger.slowest:.1f} s")
    found.must(back < 5, f"first success only {back:.1f} s after")
    found.must(all(status == 200 for status, _ in alive), "/livez was not green throughout")
    found.must(not ledger.unknown, f"{len(ledger.unknown)} never settled")
    found.wrong += [*only(ledger.statuses, "201", "409", "503"), *noise[:3], *await ledger.verdict(address)]
    return found


async def restarted(address: str, postmaster: Any, *, how: signal.Signals, clients: int = 12) -> Found:  # D13
    """The database is stopped under load, and its keeper starts it again."""
    key, ledger = await key_for(address), Ledger()
    async with serving(address, workers=2) as service:
        done = lasting(12)
        async with beside(crowd(ledger, service.port, key, clients, done)):
            await asyncio.sleep(3)
            os.kill(postmaster(), how)
            fell = time.monotonic()
        noise = service.noise()
    gaps = [b - a for a, b in zip(ledger.successes, ledger.successes[1:], strict=False) if b > fell]
    found = Found(f"longest silence {max(gaps):.1f} s, {dict(ledger.statuses)}")
    found.must(max(gaps) < 5, "longer than 5 s")
    found.must(not ledger.unknown, f"{len(ledger.unknown)} never settled")
    found.wrong += [*only(ledger.statuses, "201", "409", "503"), *noise[:3], *await ledger.verdict(address)]
    return found


async def chaos(address: str, postmaster: Any, *, seconds: float, clients: int = 8) -> Found:  # D4
    """Workers and the database are killed at random, while somebody follows the journal."""
    key, ledger = await key_for(address), Ledger()
    kills: Counter[str] = Counter()
    followed: list[tuple[int, int]] = []
    async with serving(address, workers=2) as service:
        done = lasting(seconds)

        async def killing() -> None:
            while not done():
                await asyncio.sleep(1.5 + random.random() * 3)
                if random.random() < 0.35:
                    kills["database"] += 1
                    with suppress(ProcessLookupError):
                        os.kill(postmaster(), signal.SIGKILL)
                elif workers := service.workers():
                    kills["worker"] += 1
                    with suppress(ProcessLookupError):
                        os.kill(random.choice(workers), signal.SIGKILL)

        async with beside(
            crowd(ledger, service.port, key, clients, done), follow(address, done, followed), killing()
        ):
            pass
        await service.answers("/readyz")  # the last kill may have been of the database
        noise = service.noise()
    found = Found(f"{dict(kills)} kills, {len(ledger.acknowledged)} acknowledged, {dict(ledger.statuses)}")
    expected = 0
    for position, changes in followed:
        expected += changes
        found.must(position == expected, f"the follower saw {position} where {expected} was due")
    found.must(not ledger.unknown, f"{len(ledger.unknown)} never settled")
    del found.wrong[3:]
    found.wrong += only(ledger.statuses, "201", "409", "503", "cut", "refused")
    found.wrong += [*noise[:3], *await ledger.verdict(address)]
    return found


async def follow(address: str, done: Any, seen: list[tuple[int, int]]) -> None:
    """Read the journal from where it was read last, through every fall of the database."""
    ending = False
    while not ending:
        ending = done()
        with suppress(*BROKEN):
            connection = await asyncpg.connect(address, timeout=3)
            try:
                for _ in range(10):
                    rows = await connection.fetch(
                        "select position, changes from commits where position > $1 order by position",
                        seen[-1][0] if seen else 0,
                    )
                    seen += [(row[0], row[1]) for row in rows]
                    await asyncio.sleep(0.05)
            finally:
                connection.terminate()
        await asyncio.sleep(0.05)


_BESIDE_THE_POOL = 3
"""Who listens for commits, long loads, and the look of `/readyz`: what `serve --workers` counts with, too."""


async def many(
    service: Service, address: str, key: str, *, clients: int, seconds: float, pool: int = 8
) -> Found:  # S4
    """Far more clients than connections to the database."""
    ledger, connections = Ledger(), []
    watcher = await asyncpg.connect(address)
    done = lasting(seconds)

    async def watch() -> None:
        while not connections or not done():
            connections.append(await watcher.fetchval(_CONNECTIONS))
            await asyncio.sleep(0.05)

    async with beside(watch(), crowd(ledger, service.port, key, clients, done, retry=False)):
        pass
    await watcher.close()
    async with Caller(service.port, key) as caller:
        after = await caller.ask("GET", "/v1/events?limit=1")
    found = Found(
        f"{dict(ledger.statuses)}, slowest {ledger.slowest:.1f} s, at most {max(connections)} connections, "
        f"after it {after.status} in {after.seconds * 1000:.0f} ms"
    )
    found.must(ledger.slowest < 15, f"somebody waited {ledger.slowest:.1f} s")
    allowed = pool + _BESIDE_THE_POOL
    found.must(
        0 < max(connections) <= allowed, f"{max(connections)} connections, where {allowed} are allowed"
    )
    found.must(after.status == 200 and after.seconds < 1, "not normal at once after")
    found.must(not ledger.without_retry_after, "a 503 without Retry-After")
    found.wrong += [
        *only(ledger.statuses, "201", "429", "503"),
        *service.noise()[:3],
        *await ledger.verdict(address),
    ]
    return found


_CONNECTIONS = """select count(*) from pg_stat_activity
where application_name = 'workplan' and datname = current_database()"""


async def clock(address: str, *, hours: float) -> Found:  # S7
    """The clock of the service is wrong; that of the database is right."""
    key = await key_for(address)
    connection = await asyncpg.connect(address)
    lasting_key, ended_key = await key_for(address), await key_for(address)
    for each, when in ((lasting_key, "1 hour"), (ended_key, "-1 hour")):
        await connection.execute(
            f"update api_keys set expires_at = now() + interval '{when}' "
            "where id = (select key_id from api_key_secrets where digest = sha256($1))",
            each.encode(),
        )
    await connection.close()
    env = {"fault": "clock", "fault_shift": str(hours * 3600)}
    body = {"title": "Clock", "kind": "seminar", "start_date": "2025-06-24"}
    async with serving(address, app="tests.reliability.faulty:app", **env) as service:
        async with Caller(service.port, key) as caller:
            made = await caller.ask("POST", "/v1/events", body, Idempotency_Key="clock")
            again = await caller.ask("POST", "/v1/events", body, Idempotency_Key="clock")
            date = (await caller.ask("GET", "/livez")).headers["date"]
        good = await Caller(service.port, lasting_key).ask("GET", "/v1/events")
        bad = await Caller(service.port, ended_key).ask("GET", "/v1/events")
    off = abs(datetime.fromisoformat(made.json()["created_at"]).timestamp() - datetime.now(UTC).timestamp())
    found = Found(
        f"stored time off by {off:.2f} s; keys {good.status}, {bad.status}; the service said {date}"
    )
    found.must(off < 1.5, "a stored time is wrong")
    found.must(good.status == 200, "a key that lasts was refused")
    found.must(bad.status == 401, "a key that has ended was taken")
    found.must(again.headers.get("idempotency-replayed") == "true", "the repeated write was not recognised")
    return found


async def stalled(address: str, *, idle: int, heads: int, bodies: int, seconds: float = 14) -> Found:  # S9
    """Idle connections, half-sent headers and half-sent bodies, while a good client goes on."""
    key, seen = await key_for(address), []
    async with serving(address) as service:
        half = b"POST /v1/events HTTP/1.1\r\nHost: register.test\r\nX-A: "
        body = (
            f"POST /v1/events HTTP/1.1\r\nHost: register.test\r\nAuthorization: Bearer {key}\r\n"
            "Content-Type: application/json\r\nContent-Length: 100000\r\n\r\n{"
        ).encode()
        closed: dict[str, list[float]] = {"idle": [], "headers": [], "bodies": []}

        async def stall(kind: str, sent: bytes) -> None:
            reader, writer = await asyncio.open_connection("127.0.0.1", service.port)
            begun = time.monotonic()
            writer.write(sent)

            async def drip() -> None:
                while sent:
                    await asyncio.sleep(1)
                    writer.write(b"x")

            dripping = asyncio.ensure_future(drip())
            try:
                async with asyncio.timeout(seconds + 2):
                    with suppress(ConnectionError):
                        while await reader.read(65_536):
                            pass
                closed[kind].append(time.monotonic() - begun)
            except TimeoutError:
                pass
            dripping.cancel()
            writer.transport.abort()

        done = lasting(seconds)
        work = [
            *(stall("idle", b"") for _ in range(idle)),
            *(stall("headers", half) for _ in range(heads)),
            *(stall("bodies", body) for _ in range(bodies)),
        ]
        async with beside(probes(service.port, "/v1/events?limit=1", done, seen, every=0.05)):
            await asyncio.gather(*work)
    times = sorted(seconds for _, seconds in seen)
    p95 = times[int(len(times) * 0.95)]
    found = Found(
        "; ".join(
            f"{kind}: {len(each)} closed, last after {max(each, default=0):.1f} s"
            for kind, each in closed.items()
        )
        + f"; probe p95 {p95 * 1000:.0f} ms of {len(times)}"
    )
    for kind, count in (("idle", 0), ("headers", heads), ("bodies", bodies)):
        found.must(
            len(closed[kind]) >= count and max(closed[kind], default=0) < 15,
            f"{kind} were not closed in 15 s",
        )
    found.must(all(status == 200 for status, _ in seen), "a probe failed")
    found.must(p95 < 1, "the probe was slow")
    return found


async def big_body(address: str, *, megabytes: int) -> Found:  # S10
    """A body far over the limit, announced or not, to an address that reads it and to others that do not."""
    key = await key_for(address)
    said: list[str] = []
    most = 12e6  # the limit, what the service still reads so that its answer arrives, and what waits in the kernel
    found = Found("")
    async with serving(address) as service:
        before = _memory(service.process.pid)
        for announced in (True, False):
            for method, path in (
                ("POST", "/v1/events"),
                ("DELETE", "/v1/events/none"),
                ("GET", "/v1/events"),
                ("PUT", "/x"),
            ):
                status, sent = await _push(service.port, key, method, path, announced, megabytes)
                said.append(
                    f"{method} {'announced' if announced else 'chunked'}: {status} after {sent / 1e6:.1f} MB"
                )
                found.must(sent < most, f"{method} {path}: took {sent / 1e6:.0f} MB")
                if method == "POST":
                    found.must(status in {"413", "cut"}, f"{method} {path}: {status}")
        grown = _memory(service.process.pid) - before
        found.wrong += service.noise()[:3]
    found.measured = f"{'; '.join(said)}; memory +{grown} MB"
    found.must(grown < 64, f"memory grew by {grown} MB")
    return found


async def _push(
    port: int, key: str, method: str, path: str, announced: bool, megabytes: int
) -> tuple[str, int]:
    wire = socket.socket()
    wire.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65_536)  # what waits in the kernel was not taken
    wire.setblocking(False)
    await asyncio.get_running_loop().sock_connect(wire, ("127.0.0.1", port))
    reader, writer = await asyncio.open_connection(sock=wire)
    length = f"Content-Length: {megabytes * 1_000_000}" if announced else "Transfer-Encoding: chunked"
    head = f"{method} {path} HTTP/1.1\r\nHost: register.test\r\nAuthorization: Bearer {key}\r\n"
    writer.write(f"{head}Content-Type: application/json\r\n{length}\r\n\r\n".encode())
    chunk, sent, status = b" " * 100_000, 0, "cut"
    try:
        async with asyncio.timeout(30):
            while sent < megabytes * 1_000_000 and not reader.at_eof() and not writer.is_closing():
                writer.write(chunk if announced else b"186a0\r\n" + chunk + b"\r\n")
                await writer.drain()
                sent += len(chunk)
                await asyncio.sleep(0)
    except (OSError, TimeoutError):
        pass
    with suppress(OSError, TimeoutError, IndexError):
        async with asyncio.timeout(2):
            status = (await reader.readline()).decode().split(" ")[1]
    writer.transport.abort()
    return status, sent


def _memory(pid: int) -> int:
    """Megabytes of a process at its highest."""
    text = Path(f"/proc/{pid}/status").read_text()
    return int(text.split("VmHWM:")[1].split()[0]) // 1024


async def stopped(address: str, *, drain: float = 2) -> Found:
    """SIGTERM: `/readyz` says 503 at once, running requests end well, and then the process does."""
    key, ledger, ready = await key_for(address), Ledger(), []
    async with (
        wire_to(address) as (wire, through),
        serving(through, workers=2, drain_seconds=str(drain)) as service,
    ):
        await service.answers("/readyz")
        wire.delay = 0.15
        done = lasting(1 + drain)
        async with beside(
            crowd(ledger, service.port, key, 6, done, retry=False),
            probes(service.port, "/readyz", done, ready, every=0.1),
        ):
            await asyncio.sleep(1)
            service.kill(signal.SIGTERM)
        await asyncio.to_thread(service.process.wait, 15)
        noise = service.noise()
    statuses = Counter(status for status, _ in ready)
    found = Found(
        f"writes {dict(ledger.statuses)}, /readyz {dict(statuses)}, exit {service.process.returncode}"
    )
    found.must(statuses[503] > 1, "/readyz did not say 503 while draining")
    found.must(service.process.returncode == 0, f"exit status {service.process.returncode}")
    found.wrong += [*only(ledger.statuses, "201", "refused"), *noise[:3], *await ledger.verdict(address)]
    return found


async def cut_off(address: str, how: signal.Signals, *, workers: int = 1) -> Found:
    """What outlasts the end of the service: a load that still comes, an export that is hardly read, a follower.

    A terminal tells all of the processes.
    """
    key, head = await key_for(address), "HTTP/1.1\r\nHost: register.test\r\nAuthorization: Bearer"
    owner = await asyncpg.connect(address)
    await owner.execute(
        "insert into events (title, kind, status, date_precision, note) "
        "select n::text, 'seminar', 'planned', 'unknown', repeat('generated ', 400) from generate_series(1, 4000) n"
    )
    position = await owner.fetchval("select position from journal_head")
    await owner.close()
    async with serving(address, workers=workers, request_budget="0.5") as service:
        export, asking = await asyncio.open_connection("127.0.0.1", service.port, limit=1024)
        asking.write(f"GET /v1/events.csv {head} {key}\r\n\r\n".encode())
        begun = await export.readuntil(b"\r\n\r\n")
        load, loading = await asyncio.open_connection("127.0.0.1", service.port)
        loading.write(f"POST /v1/events/bulk {head} {key}\r\nContent-Type: text/csv\r\n".encode())
        loading.write(b"Content-Length: 1000\r\n\r\ntitle,kind\n")
        async with Caller(service.port, key) as follower:
            waiting = asyncio.create_task(follower.ask("GET", f"/v1/changes?after={position}&wait=25"))
            await service.answers("/readyz")
            for each in service.workers() if workers > 1 else ():
                os.kill(each, how)
            service.kill(how)
            followed = (await waiting).status
        told = await load.read()
        await asyncio.to_thread(service.process.wait, 15)
        rest = await export.read()
        noise = service.noise()
    for each in (asking, loading):
        each.close()
    status, _, more = told.partition(b"\r\n")
    found = Found(f"load {status!r}, export {len(rest)} bytes, exit {service.process.returncode}", noise)
    found.must(service.process.returncode == 0, f"exit status {service.process.returncode}")
    found.must(followed == 200, f"the follower was answered {followed}")
    found.must(status.startswith(b"HTTP/1.1 503 "), f"the load was answered {status!r}")
    found.must(b"\r\ncontent-type: application/problem+json\r\n" in more, "503 was no problem document")
    found.must(begun.startswith(b"HTTP/1.1 200 "), f"the export was answered {begun!r}")
    found.must(not rest.endswith(b"0\r\n\r\n"), "an export that was cut off looks whole")
    return found


async def main_killed(data: Path, *, workers: int) -> Found:
    """kill -9 of the main process, which owns the database, and a new start on the same folder and port."""
    ledger, port = Ledger(), free_port()
    async with serving(data=data, workers=workers, port=port) as service:
        key = (data / "admin-key").read_text().strip()
        done = lasting(2.5)
        async with beside(crowd(ledger, port, key, 4, done, retry=False)):
            await asyncio.sleep(2)
            service.kill()
            service.process.wait()
        deadline, left = time.monotonic() + 8, True
        while left and time.monotonic() < deadline:
            await asyncio.sleep(0.1)
            try:
                async with Caller(port) as probe:
                    await probe.ask("GET", "/livez", patience=1)
            except (Cut, Refused):
                left = False
    begun = time.monotonic()
    async with serving(data=data, workers=workers, port=port) as service:
        back = time.monotonic() - begun
        await service.answers("/readyz")
        address = _embedded_address(data)
        wrong = await ledger.verdict(address)
        pids = _postgres_of(data)
        service.kill(signal.SIGTERM)
        await asyncio.to_thread(service.process.wait, 20)
        await asyncio.sleep(0.2)
        noise = service.noise()
    found = Found(f"{len(ledger.acknowledged)} acknowledged, started again in {back:.1f} s", wrong)
    found.must(not left, "the workers outlived their main process")
    found.must(bool(pids), "no process of PostgreSQL was found")
    found.must(not _postgres_of(data), "PostgreSQL outlived the service after SIGTERM")
    found.must(service.process.returncode == 0, f"exit status {service.process.returncode}")
    found.wrong += noise[:3]
    return found


def _embedded_address(data: Path) -> str:
    from app import embedded

    address = embedded.attach(data)
    assert address is not None
    return address


def _postgres_of(data: Path) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            with suppress(OSError):
                if (entry / "comm").read_text() == "postgres\n" and (entry / "cwd").samefile(
                    data / "cluster"
                ):
                    found.append(int(entry.name))
    return found
