"""Experiments on bulk loads: memory, exactly once, and what a cut-off leaves behind."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

from tests.reliability.experiments import Found
from tests.reliability.http_client import Caller, Reply
from tests.reliability.service import key_for, serving

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


async def sent(port: int, key: str, path: str, pieces: Iterator[bytes], kind: str, **headers: str) -> Reply:
    """Send a body piece by piece, never holding it whole."""
    async with Caller(port, key) as caller:
        return await caller.send("POST", path, pieces, kind, patience=1200, **headers)


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
    address: str, *, megabytes: int, path: str, bad: bool = False
) -> Found:  # bar of streaming
    """A large file takes little memory, be all of it good or all of it bad."""
    key = await key_for(address)
    async with serving(address, bulk_budget="900") as service:
        async with Caller(service.port, key) as caller:
            await caller.ask("GET", "/v1/events")
        pid = service.process.pid
        before, done = resident(pid), asyncio.Event()
        watching = asyncio.ensure_future(_highest(pid, done))
        begun = time.monotonic()
        reply = await sent(service.port, key, path, csv_of(megabytes, bad=bad), "text/csv", Accept="text/csv")
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
