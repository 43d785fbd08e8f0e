"""Experiments on doing things once: cuts at every byte, swallowed answers, one key asked many times."""

import asyncio
import random
from collections import Counter
from typing import Any

import asyncpg

from app import operating
from app.db import Database
from app.settings import Settings
from tests.reliability.experiments import Found, beside, lasting, only
from tests.reliability.http_client import Caller, Reply
from tests.reliability.ledger import Ledger, crowd
from tests.reliability.service import Service, key_for, serving
from tests.reliability.wire import wire_between, wire_to

BODY = {"title": "Once", "kind": "seminar", "start_date": "2025-06-24"}


async def count(address: str, sql: str, *args: Any) -> int:
    connection = await asyncpg.connect(address)
    try:
        return int(await connection.fetchval(sql, *args))
    finally:
        await connection.close()


async def cut_sweep(address: str, *, step: int) -> Found:  # D5
    """The wire to the database is cut after every so-many bytes of one write."""
    key, statuses, firsts = await key_for(address), Counter[str](), Counter[str]()
    async with wire_to(address) as (wire, through), serving(through) as service:
        async with Caller(service.port, key) as caller:

            async def write(token: str) -> Reply:
                return await caller.ask("POST", "/v1/events", {**BODY, "title": token}, Idempotency_Key=token)

            await write("warm-1")
            before = wire.passed
            await write("warm-2")
            size = wire.passed - before
            cuts = range(0, size + step, step)
            for after in cuts:
                wire.cut_at = wire.passed + after
                first = await write(f"cut-{after}")
                firsts[str(first.status)] += 1
                wire.cut_at = None
                reply = first
                for _ in range(50):
                    if reply.status == 201:
                        break
                    await asyncio.sleep(0.05)
                    reply = await write(f"cut-{after}")
                statuses[str(reply.status)] += 1
        noise = service.noise()
    stored = await count(address, "select count(*) from events where title like 'cut-%'")
    distinct = await count(address, "select count(distinct title) from events where title like 'cut-%'")
    found = Found(
        f"{len(cuts)} cuts over {size} bytes: first answers {dict(firsts)}, in the end {dict(statuses)}; "
        f"{stored} records, {distinct} different"
    )
    found.must(stored == distinct == len(cuts), "not exactly once")
    found.must(firsts["201"] < len(cuts), "no cut was felt: the experiment shows nothing")
    found.wrong += [*only(firsts, "201", "503"), *only(statuses, "201"), *noise[:3]]
    return found


async def half_open(address: str, *, seconds: float, clients: int = 12) -> Found:  # D6
    """The wire to the clients swallows answers; they give up after 1.5 s and ask again."""
    key, ledger = await key_for(address), Ledger()
    async with serving(address) as service, wire_between(service.port) as wire:
        done = lasting(seconds)
        async with beside(crowd(ledger, wire.port, key, clients, done, patience=1.5)):
            while not done():
                await asyncio.sleep(0.4 + random.random())
                wire.swallow()
                await asyncio.sleep(0.3)
                wire.heal()
        noise = service.noise()
    found = Found(f"{len(ledger.acknowledged)} acknowledged, {dict(ledger.statuses)}")
    found.must(ledger.statuses["cut"] > 0, "no answer was swallowed: the experiment shows nothing")
    found.must(not ledger.unknown, f"{len(ledger.unknown)} never settled")
    found.wrong += [*only(ledger.statuses, "201", "409", "cut"), *noise[:3], *await ledger.verdict(address)]
    return found


async def same_key(service: Service, address: str, key: str, *, at_once: int) -> Found:  # D8
    """Many identical requests at once under one key: a record, a bulk, a job; then another body."""
    found, said = Found(""), []
    row = {**BODY, "keys": ["moj-th:same"]}
    for name, path, body, more in (
        ("record", "/v1/events", row | {"keys": []}, {}),
        ("bulk", "/v1/events/bulk", [row], {}),
        ("job", "/v1/events/bulk", [row | {"keys": ["moj-th:job"]}], {"Prefer": "respond-async"}),
    ):

        async def ask(path: str = path, body: Any = body, more: Any = more, name: str = name) -> Reply:
            async with Caller(service.port, key) as caller:
                return await caller.ask("POST", path, body, Idempotency_Key=f"same-{name}", **more)

        replies = await asyncio.gather(*(ask() for _ in range(at_once)))
        good = [reply for reply in replies if reply.status < 300]
        rest = Counter(str(reply.status) for reply in replies if reply.status >= 300)
        first = [reply for reply in good if "idempotency-replayed" not in reply.headers]
        other = await ask(
            body=[{**row, "title": "Other"}] if isinstance(body, list) else {**BODY, "city": "X"}
        )
        said.append(
            f"{name}: {len(first)} first, {len(good) - len(first)} replays, {dict(rest)}, then {other.status}"
        )
        found.must(len(first) == 1, f"{name}: {len(first)} effects")
        found.must(len({reply.body for reply in good}) == 1, f"{name}: the good answers differ")
        found.must(other.status == 422, f"{name}: another body under the key was answered {other.status}")
        found.wrong += only(rest, "409")
    found.measured = "; ".join(said)
    made = await count(address, "select count(*) from events where title = 'Once'")
    jobs = await count(address, "select count(*) from jobs")
    found.must(jobs == 1, f"{jobs} jobs")
    for _ in range(100):
        if made == 3:
            break
        await asyncio.sleep(0.1)
        made = await count(address, "select count(*) from events where title = 'Once'")
    found.must(made == 3, f"{made} records")
    return found


async def replays(service: Service, address: str, key: str) -> Found:  # D9
    """One key after a day, after its time, by another caller, with a revoked key, elsewhere, with other headers."""
    body, once = {**BODY, "title": "Replayed"}, "replays"

    async def ask(by: str = key, path: str = "/v1/events", **headers: str) -> Reply:
        async with Caller(service.port, by) as caller:
            return await caller.ask("POST", path, body, Idempotency_Key=once, **headers)

    async def age(days: int) -> None:
        connection = await asyncpg.connect(address)
        await connection.execute(
            f"update idempotency_keys set created_at = now() - interval '{days} days' where key = '{once}'"
        )
        await connection.close()

    first = await ask()
    await age(1)
    day, headers = await ask(), await ask(X_Request_ID="other", Accept="*/*", User_Agent="other")
    elsewhere = await ask(path="/v1/goals")
    second = await key_for(address)
    other = await ask(by=second)
    connection = await asyncpg.connect(address)
    await connection.execute(
        "update api_keys set revoked_at = now() where id = (select caller_id from idempotency_keys "
        "where key = $1 order by created_at desc limit 1)",
        once,
    )
    await connection.close()
    await asyncio.sleep(3.5)  # a verdict on a key is remembered for three seconds
    revoked = await ask(by=second)
    await age(8)
    database = Database(address, Settings())
    await operating.tidy(database, Settings())
    await database.close()
    later = await ask()
    ids = {name: reply.json().get("id") for name, reply in locals().items() if isinstance(reply, Reply)}
    found = Found(
        f"a day later {day.status}, other headers {headers.status}, elsewhere {elsewhere.status}, other caller "
        f"{other.status}, revoked {revoked.status}, after its time {later.status}"
    )
    for name, reply in (("a day later", day), ("with other headers", headers)):
        found.must(
            reply.body == first.body and reply.headers.get("idempotency-replayed") == "true",
            f"{name} it was not the same answer",
        )
    found.must(elsewhere.status == 422, "at another address it was not refused")
    found.must(other.status == 201 and ids["other"] != ids["first"], "two callers share a key")
    found.must(revoked.status == 401 and b"Replayed" not in revoked.body, "a revoked key was answered")
    found.must(
        later.status == 201 and ids["later"] != ids["first"], "after its time it was not a new request"
    )
    return found
