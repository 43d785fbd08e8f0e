"""What the clients were told about their writes, and whether the database agrees."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import asyncpg

from tests.reliability.http_client import Caller, Cut, Refused


@dataclass
class Ledger:
    """Every write by its token: acknowledged, refused for good, or unknown."""

    acknowledged: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)
    unknown: set[str] = field(default_factory=set)
    statuses: Counter[str] = field(default_factory=Counter)
    slowest: float = 0.0
    successes: list[float] = field(default_factory=list)
    without_retry_after: int = 0

    def note(self, status: str, seconds: float = 0.0) -> None:
        self.statuses[status] += 1
        self.slowest = max(self.slowest, seconds)

    def first_success_after(self, moment: float) -> float:
        """Seconds from the moment until a write was acknowledged."""
        return min((at - moment for at in self.successes if at >= moment), default=float("inf"))

    async def verdict(self, address: str) -> list[str]:
        """What is wrong: lost, doubled, carried out though refused; and whether the journal is whole."""
        connection = await asyncpg.connect(address)
        try:
            rows = await connection.fetch(
                "select title, count(*) from events where title ~ '^[cf][0-9]+-[0-9]+$' group by title"
            )
            wrong = await _journal(connection)
        finally:
            await connection.close()
        stored = {row[0]: row[1] for row in rows}
        for what, tokens in {
            "lost": [token for token in self.acknowledged if token not in stored],
            "doubled": [token for token, count in stored.items() if count > 1],
            "carried out though refused": [token for token in self.refused if token in stored],
        }.items():
            if tokens:
                wrong.append(f"{what}: {len(tokens)} of {len(self.acknowledged)}")
        return wrong


async def _journal(connection: "asyncpg.Connection[asyncpg.Record]") -> list[str]:
    """Every position once, in order, without a hole; every version of every record once."""
    rows = await connection.fetch("select position, changes from commits order by position")
    expected, wrong = 0, []
    for position, changes in rows:
        expected += changes
        if position != expected:
            wrong.append(f"journal: position {position} where {expected} was due")
            break
    if await connection.fetchval("select position from journal_head") != (rows[-1][0] if rows else 0):
        wrong.append("journal: the head is not at the newest commit")
    if await connection.fetchval(
        "select exists (select from changes group by record_id, version having count(*) > 1)"
    ):
        wrong.append("journal: a version of a record stands twice")
    if await connection.fetchval(
        "select exists (select from events e where not exists "
        "(select from changes c where c.record_id = e.id and c.version = e.version))"
    ):
        wrong.append("journal: an event is not in it")
    return wrong


async def write_until(
    ledger: Ledger,
    port: int,
    key: str,
    done: Callable[[], bool],
    *,
    name: str,
    retry: bool = True,
    patience: float = 20,
) -> None:
    """One client that adds events, and repeats what got no certain answer under the same key."""
    number = 0
    async with Caller(port, key) as caller:
        while not done():
            number += 1
            token = f"{name}-{number}"
            await _one(ledger, caller, token, done, retry=retry, patience=patience)


async def _one(
    ledger: Ledger, caller: Caller, token: str, done: Callable[[], bool], *, retry: bool, patience: float
) -> None:
    body = {"title": token, "kind": "seminar", "start_date": "2025-06-24"}
    for _ in range(300):
        try:
            reply = await caller.ask("POST", "/v1/events", body, patience=patience, Idempotency_Key=token)
        except (Cut, Refused) as why:
            ledger.note(type(why).__name__.lower())
            ledger.unknown.add(token)
            await asyncio.sleep(0.05)
        else:
            ledger.note(str(reply.status), reply.seconds)
            if reply.status == 201:
                ledger.unknown.discard(token)
                ledger.acknowledged.add(token)
                ledger.successes.append(time.monotonic())
                return
            if reply.status < 500 and reply.status not in {409, 429}:
                ledger.refused.add(token)
                return
            ledger.unknown.add(token)
            if reply.status in {503, 429} and "retry-after" not in reply.headers:
                ledger.without_retry_after += 1
            await asyncio.sleep(0.1)
        if not retry:
            return


async def crowd(
    ledger: Ledger, port: int, key: str, clients: int, done: Callable[[], bool], **more: object
) -> None:
    """Many such clients at a time."""
    async with asyncio.TaskGroup() as tasks:
        for number in range(clients):
            tasks.create_task(write_until(ledger, port, key, done, name=f"c{number}", **more))  # type: ignore[arg-type]
