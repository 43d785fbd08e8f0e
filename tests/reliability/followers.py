"""The feed under fire: transactions short and long, rolled back and killed, and followers that come and go (F1)."""

import asyncio
import json
import os
import random
import resource
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import httpx

from app import preparing
from app.access.keys import new_key
from app.access.permissions import Role
from app.mirror.copies import digest_of
from tests.reliability.experiments import Found, beside, lasting, only
from tests.reliability.http_client import Caller
from tests.reliability.service import Service, key_for, serving

_TRUTH = """select c.position - c.changes + h.ordinal as position, h.kind, h.record_id, h.version, h.action,
h.survivor_id
from commits c join changes h on h.commit_number = c.number where h.kind <> 'api_keys' order by 1"""
_INSERT = """insert into events (title, kind, start_date, date_precision, status)
values ($1, 'seminar', '2025-06-24', 'day', 'planned') returning id"""
_KILLED = (
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
)


@dataclass
class Written:
    """What the writers know of their transactions."""

    committed: set[UUID] = field(default_factory=set)
    rolled_back: set[UUID] = field(default_factory=set)
    backends: dict[int, int] = field(default_factory=dict)
    outcomes: Counter[str] = field(default_factory=Counter)
    longest: float = 0.0
    merged: dict[str, str] = field(default_factory=dict)
    """Records that were merged, and into which."""
    restored: set[str] = field(default_factory=set)
    wrong: list[str] = field(default_factory=list)


async def write(address: str, name: int, written: Written, done: Callable[[], bool], longest: float) -> None:
    """Transactions of a millisecond to some seconds, one after the other; a new connection if one is killed."""
    while not done():
        with suppress(*_KILLED):
            connection = await asyncpg.connect(address)
            try:
                written.backends[name] = connection.get_server_pid()
                mine: list[UUID] = []
                while not done():
                    await _transaction(connection, mine, written, longest)
            finally:
                written.backends.pop(name, None)
                connection.terminate()


async def _transaction(connection: Any, mine: list[UUID], written: Written, longest: float) -> None:
    seconds = 0.001 * (longest / 0.001) ** random.random()
    made: list[UUID] = []
    steps = random.randint(1, 4)
    begun, outcome = time.monotonic(), "killed"
    try:
        await connection.execute("begin")
        for _ in range(steps):
            await _step(connection, mine, made)
            await asyncio.sleep(seconds / steps)
        if random.random() < 0.15:
            await connection.execute("rollback")
            outcome = "rolled back"
            written.rolled_back |= {*made}
            return
        outcome = "in doubt"
        await connection.execute("commit")
        outcome = "committed"
        mine += made
        written.committed |= {*made}
    finally:
        written.outcomes[outcome] += 1
        written.longest = max(written.longest, time.monotonic() - begun)


async def _step(connection: Any, mine: list[UUID], made: list[UUID]) -> None:
    chance = random.random()
    if mine and chance < 0.3:
        await connection.execute(
            "update events set note = $2 where id = $1", random.choice(mine), str(time.monotonic())
        )
    elif mine and chance < 0.4:
        await connection.execute("delete from events where id = $1", random.choice(mine))
    else:
        made.append(await connection.fetchval(_INSERT, f"f-{random.getrandbits(40)}"))


async def merge(client: httpx.AsyncClient, written: Written, done: Callable[[], bool], name: int) -> None:
    """Merge records and restore records through the service; who writes by the old key means the survivor."""
    number = 0
    while not done():
        number += 1
        with suppress(
            httpx.TransportError, KeyError
        ):  # cut off, or refused while the database ends connections
            key = f"{name}-{number}"
            lost, lives, gone = [await _made(client, f"{each}-{key}") for each in ("lost", "lives", "gone")]
            into = {"into": {"id": lives}}
            if (await client.post(f"/v1/events/{lost}/merge", json=into)).status_code == 200:
                written.merged[lost] = lives
                put = await client.put(
                    f"/v1/events/by-key/merges/lost-{key}", json={"note": "By the old key"}
                )
                if put.status_code in {200, 201} and put.json()["id"] != lives:
                    written.wrong.append(f"a write by the key of {lost} landed on {put.json()['id']}")
                led = await client.get(f"/v1/events/{lost}")
                if led.status_code < 500 and led.headers.get("location") != f"/v1/events/{lives}":
                    written.wrong.append(f"{lost} is answered {led.status_code}")
            await client.delete(f"/v1/events/{gone}")
            if (await client.post(f"/v1/events/{gone}/restore")).status_code == 200:
                written.restored.add(gone)


async def _made(client: httpx.AsyncClient, key: str) -> str:
    body = {"title": key, "kind": "seminar", "start_date": "2025-06-24", "keys": [f"merges:{key}"]}
    made: str = (await client.post("/v1/events", json=body)).json()["id"]
    return made


async def kill(address: str, written: Written, done: Callable[[], bool], every: float) -> None:
    """End backends: of a writer, and now and then all of the service, its listening one among them."""
    connection = await asyncpg.connect(address)
    while not done():
        await asyncio.sleep(every * random.uniform(0.5, 1.5))
        if written.backends:
            pid = random.choice([*written.backends.values()])
            await connection.execute("select pg_terminate_backend($1)", pid)
        if random.random() < 0.2:
            await connection.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity "
                "where application_name like 'workplan%' and datname = current_database()"
            )
    await connection.close()


@dataclass
class Follower:
    """What one reader was told, and whether it could be right."""

    cursor: int
    begun: int = 0
    told: dict[int, tuple[str, str, int, str, str | None]] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    restarts: int = 0
    repeated: int = 0

    def take(self, item: dict[str, Any]) -> None:
        place = item["position"]
        what = (item["kind"], item["id"], item["version"], item["action"], item["survivor_id"])
        if place <= self.cursor:
            self.wrong.append(f"position {place} was told behind {self.cursor}")
        if self.told.setdefault(place, what) != what:
            self.wrong.append(f"position {place} was told twice, with other content")
        self.cursor = place

    def restart(self) -> None:
        """Forget where one was: go on from any place that one has been at."""
        self.restarts += 1
        if random.random() < 0.5:
            self.repeated += 1
            self.cursor = random.randint(self.begun, self.cursor)


async def follow(
    client: httpx.AsyncClient, follower: Follower, done: Callable[[], bool], *, stream: bool
) -> None:
    """Read pages or a stream, with breaks at any moment."""
    while not done():
        with suppress(httpx.TransportError, TimeoutError):
            async with asyncio.timeout(random.uniform(0.05, 3)):
                if stream:
                    async for item in _streamed(client, follower):
                        follower.take(item)
                else:
                    await _paged(client, follower)
        follower.restart()


async def _paged(client: httpx.AsyncClient, follower: Follower) -> None:
    while True:
        asked = {"after": follower.cursor, "limit": random.choice([1, 7, 100, 1000]), "wait": 10}
        answer = await client.get("/v1/changes", params=asked)
        if answer.status_code != 200:
            await asyncio.sleep(0.1)
            continue
        page = answer.json()
        if len(page["items"]) + page["withheld"] != page["next_after"] - follower.cursor:
            follower.wrong.append(f"a page behind {follower.cursor} has a hole")
        for item in page["items"]:
            follower.take(item)
        follower.cursor = page["next_after"]


async def _streamed(client: httpx.AsyncClient, follower: Follower) -> AsyncIterator[dict[str, Any]]:
    last = {"Last-Event-ID": str(follower.cursor)}
    async with client.stream("GET", "/v1/changes/stream", headers=last) as answer:
        event = ""
        async for line in answer.aiter_lines():
            event = line.removeprefix("event: ") if line.startswith("event: ") else event
            if line.startswith("data: ") and event not in {"passed", "problem"}:
                yield json.loads(line.removeprefix("data: "))


async def under_fire(  # F1
    service: Service,
    address: str,
    key: str,
    *,
    seconds: float,
    writers: int = 16,
    readers: int = 4,
    longest: float = 3.0,
) -> Found:
    """Every committed change once and in commit order for every reader; the digest is that of the register."""
    written, done = Written(), lasting(seconds)
    followers = [Follower(0) for _ in range(readers)]
    base, headers = f"http://127.0.0.1:{service.port}", {"Authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(base_url=base, headers=headers, timeout=30) as client:
        works = [write(address, number, written, done, longest) for number in range(writers)]
        works += [merge(client, written, done, number) for number in range(2)]
        works.append(kill(address, written, done, min(1.0, seconds / 8)))
        for number, follower in enumerate(followers):
            works.append(_from_somewhere(client, follower, done, late=number > 1, stream=number % 2 == 1))
        async with beside(*works):
            pass
    # A new client: what was cancelled half-way has left its mark on the connections of the other.
    async with httpx.AsyncClient(base_url=base, headers=headers, timeout=30) as client:
        for follower in followers:
            await _to_the_end(client, follower)
        digests = (await client.get("/v1/changes/digest")).json()
    connection = await asyncpg.connect(address)
    rows = await connection.fetch(_TRUTH)
    await connection.close()
    return _judged(rows, written, followers, digests, service)


async def _from_somewhere(
    client: httpx.AsyncClient, follower: Follower, done: Callable[[], bool], *, late: bool, stream: bool
) -> None:
    if late:  # from any place that the feed has come to meanwhile
        await asyncio.sleep(0.5)
        follower.begun = follower.cursor = random.randint(0, (await client.get("/v1/changes")).json()["head"])
    await follow(client, follower, done, stream=stream)


async def _to_the_end(client: httpx.AsyncClient, follower: Follower) -> None:
    while True:
        answer = await client.get("/v1/changes", params={"after": follower.cursor, "limit": 1000})
        if answer.status_code != 200:
            await asyncio.sleep(0.1)
            continue
        for item in answer.json()["items"]:
            follower.take(item)
        follower.cursor = answer.json()["next_after"]
        if answer.json()["next"] is None:
            return


def _judged(
    rows: list[Any], written: Written, followers: list[Follower], digests: Any, service: Service
) -> Found:
    truth = {
        place: (kind, str(record), version, action, survivor and str(survivor))
        for place, kind, record, version, action, survivor in rows
    }
    created = {row["record_id"] for row in rows if row["action"] == "create"}
    found = Found(
        f"{len(rows)} changes, {len(written.merged)} merges, {len(written.restored)} restored, "
        f"transactions {dict(written.outcomes)}, the longest {written.longest:.1f} s; "
        f"{sum(each.restarts for each in followers)} restarts of {len(followers)} readers, "
        f"{sum(each.repeated for each in followers)} of them from an earlier place"
    )
    for number, each in enumerate(followers):
        expected = {place: what for place, what in truth.items() if place > each.begun}
        missing, more = expected.keys() - each.told.keys(), each.told.keys() - expected.keys()
        other = [place for place in expected.keys() & each.told.keys() if expected[place] != each.told[place]]
        found.must(
            not (missing or more or other),
            f"reader {number}: {len(missing)} missed, {len(more)} not in the journal, {len(other)} other",
        )
        found.wrong += [f"reader {number}: {sentence}" for sentence in each.wrong[:3]]
    held: dict[str, tuple[str, str, int]] = {}
    for place in sorted(followers[0].told):
        kind, identifier, version, action, _ = followers[0].told[place]
        held[identifier] = (kind, identifier, version)
        if action in {"delete", "merge"}:
            del held[identifier]
    mine = digest_of(held.values())
    theirs = {each["kind"]: (each["count"], each["digest"]) for each in digests["items"] if each["count"]}
    found.must(
        {kind: (each.count, each.digest) for kind, each in mine.items()} == theirs, "the digest differs"
    )
    told = {what[1]: what[4] for what in followers[0].told.values() if what[3] == "merge"}
    found.must(
        written.merged.items() <= told.items(), "a merge is not told, or with another record than lives on"
    )
    back = {what[1] for what in followers[0].told.values() if what[3] == "restore"}
    found.must(written.restored <= back, "a record that was restored is not told")
    found.must(bool(written.merged and written.restored), "nothing was merged and restored")
    found.wrong += written.wrong[:3]
    found.must(bool(written.committed), "nothing was committed: the experiment shows nothing")
    found.must(written.committed <= created, "something committed is not in the journal")
    found.must(not written.rolled_back & created, "something rolled back is in the journal")
    found.wrong += service.noise()[:3]
    return found


async def idle(address: str, *, clients: int = 1000, seconds: float = 20) -> Found:
    """Half of them wait for an answer, half hold a stream: what that costs, and how soon all know of a change."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    key = await key_for(address)
    async with serving(address, workers=1) as service, AsyncExitStack() as stack:
        pid = service.process.pid
        async with Caller(service.port, key) as caller:
            head = (await caller.ask("GET", "/v1/changes")).json()["head"]
            before = _resident(pid)
            paths = [f"/v1/changes?after={head}&wait=30", f"/v1/changes/stream?after={head}"]
            wires = [await _asking(stack, service.port, key, paths[number % 2]) for number in range(clients)]
            await asyncio.sleep(2)
            busy, held = _cpu(pid), await _connections(address)
            grown = _resident(pid) - before
            await asyncio.sleep(seconds)
            busy = (_cpu(pid) - busy) / seconds
            begun, spent = time.monotonic(), _cpu(pid)
            body = {"title": "The awaited", "kind": "seminar", "start_date": "2025-06-24"}
            made = (await caller.ask("POST", "/v1/events", body)).json()["id"]
            told = await asyncio.gather(*(_told_of(wire, made) for wire in wires))
            took, spent = time.monotonic() - begun, _cpu(pid) - spent
        found = Found(
            f"{clients} idle: {busy:.1%} of a core, {grown / clients / 1024:.0f} kB each, {held} connections to the "
            f"database; all know of a change after {took:.2f} s and {spent:.2f} s of CPU"
        )
        found.must(all(told), f"{told.count(False)} were not told of the change")
        found.must(busy < 0.05, "waiting is not idle")
        found.wrong += service.noise()[:3]
        return found


async def _asking(stack: AsyncExitStack, port: int, key: str, path: str) -> asyncio.StreamReader:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    stack.callback(writer.close)
    writer.write(
        f"GET {path} HTTP/1.1\r\nHost: register.test\r\nAuthorization: Bearer {key}\r\n\r\n".encode()
    )
    return reader


async def _told_of(reader: asyncio.StreamReader, made: str) -> bool:
    try:
        async with asyncio.timeout(20):
            await reader.readuntil(made.encode())
    except (TimeoutError, EOFError, OSError):
        return False
    return True


async def _connections(address: str) -> int:
    connection = await asyncpg.connect(address)
    try:
        found: int = await connection.fetchval(
            "select count(*) from pg_stat_activity "
            "where application_name like 'workplan%' and datname = current_database()"
        )
        return found
    finally:
        await connection.close()


def _resident(pid: int) -> int:
    """Bytes of memory of a process."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize()


def _cpu(pid: int) -> float:
    """Seconds that a process has worked."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def limited(address: str, *, seconds: float, writers: int = 6) -> Found:  # F4
    """Who sees a part follows a part: what becomes visible and what is hidden, and no hole that is not declared."""
    keys: dict[str, str] = {}
    connection = await asyncpg.connect(address)
    for name, role, country in (
        ("secretariat", Role.SECRETARIAT, None),
        ("thailand", Role.EDITOR, "TH"),
        ("laos", Role.EDITOR, "LA"),
        ("partner", Role.PARTNER, None),
    ):
        keys[name] = new_key()
        await preparing.add_key(connection, keys[name], name, role, country=country)
    await connection.close()
    async with serving(address, workers=2) as service, AsyncExitStack() as stack:
        base = f"http://127.0.0.1:{service.port}"

        async def caller(key: str | None) -> httpx.AsyncClient:
            headers = {"Authorization": f"Bearer {key}"} if key else {}
            return await stack.enter_async_context(
                httpx.AsyncClient(base_url=base, headers=headers, timeout=30)
            )

        clients = {name: await caller(key) for name, key in {**keys, "public": None}.items()}
        readers = {name: _Holder(0) for name in clients}
        done, writes = lasting(seconds), Counter[str]()
        works = [_draft(clients[name], done, writes) for name in ("thailand", "laos", "secretariat")]
        works += [_draft(clients["thailand"], done, writes) for _ in range(writers - 3)]
        works += [_hold(clients[name], reader, done) for name, reader in readers.items()]
        async with beside(*works):
            pass
        found = Found("")
        for name, reader in readers.items():
            await _hold(clients[name], reader, lambda: True)
            digests = (await clients[name].get("/v1/changes/digest")).json()
            theirs = {
                each["kind"]: (each["count"], each["digest"]) for each in digests["items"] if each["count"]
            }
            mine = {kind: (each.count, each.digest) for kind, each in digest_of(reader.held.values()).items()}
            found.must(mine == theirs, f"{name}: holds {mine}, the register {theirs}")
            found.wrong += [f"{name}: {sentence}" for sentence in reader.wrong[:3]]
        found.must(
            len({reader.cursor for reader in readers.values()}) == 1, "not all came to the same position"
        )
        found.must(writes["200"] > 10 and bool(readers["public"].actions["hide"]), "nothing was hidden")
        told = {name: dict(reader.actions) for name, reader in readers.items()}
        found.measured = f"writes {dict(writes)}; told {told}"
        found.wrong += [*only(writes, "200", "201", "204", "409", "412"), *service.noise()[:3]]
        return found


@dataclass
class _Holder(Follower):
    """A reader that keeps what it is told."""

    held: dict[str, tuple[str, str, int]] = field(default_factory=dict)
    actions: Counter[str] = field(default_factory=Counter)

    def take(self, item: dict[str, Any]) -> None:
        super().take(item)
        self.actions[item["action"]] += 1
        if item["action"] in {"delete", "merge", "hide"}:
            self.held.pop(item["id"], None)
        else:
            self.held[item["id"]] = (item["kind"], item["id"], item["version"])


async def _hold(client: httpx.AsyncClient, reader: _Holder, done: Callable[[], bool]) -> None:
    """Follow until it is over, and then to the end."""
    while True:
        over = done()
        page = (
            await client.get(
                "/v1/changes", params={"after": reader.cursor, "limit": 50, "wait": 0 if over else 1}
            )
        ).json()
        if len(page["items"]) + page["withheld"] != page["next_after"] - reader.cursor:
            reader.wrong.append(f"a page behind {reader.cursor} has a hole")
        for item in page["items"]:
            reader.take(item)
        reader.cursor = page["next_after"]
        if over and page["next"] is None:
            return


async def _draft(client: httpx.AsyncClient, done: Callable[[], bool], writes: Counter[str]) -> None:
    """Records that are drafts, then public, then drafts again, deleted, restored and merged."""
    words = ("public", "partners", "own")
    while not done():
        made: list[str] = []
        for _ in range(2):
            body = {
                "title": "Draft",
                "kind": "seminar",
                "start_date": "2025-06-24",
                "visibility": random.choice(words),
            }
            answer = await client.post("/v1/events", json=body)
            writes[str(answer.status_code)] += 1
            made.append(answer.json()["id"])
        for _ in range(random.randint(1, 5)):
            address = f"/v1/events/{random.choice(made)}"
            answer = await client.patch(address, json={"visibility": random.choice(words)})
            writes[str(answer.status_code)] += 1
        one, other = made
        asked = random.random()
        if asked < 0.4:
            writes[str((await client.delete(f"/v1/events/{one}")).status_code)] += 1
        if asked < 0.2:
            writes[str((await client.post(f"/v1/events/{one}/restore")).status_code)] += 1
        if asked > 0.7:
            answer = await client.post(f"/v1/events/{one}/merge", json={"into": {"id": other}})
            writes[str(answer.status_code)] += 1
