"""Webhooks under fire: receivers of every manner beside each other, deliverers that are killed, ten thousand events."""

import asyncio
import os
import signal
import statistics
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import asyncpg
import httpx
from standardwebhooks import Webhook

from app.webhooks.outbox import TOGETHER
from tests.reliability.experiments import Found, lasting
from tests.reliability.service import ROOT, key_for, serving
from tests.webhooks.receiver import (
    CUT,
    ENDLESS,
    GARBAGE,
    SILENT,
    Answer,
    Call,
    Receiver,
    always,
    receiving,
    then_well,
)

_RETRIES = "0,0.2,0.2,0.4,0.4,0.8,0.8,1.6"
_TIMEOUT = 1.0
WELL = ("/good", "/flaky", "/busy", "/slow")
"""Who takes everything, sooner or later."""


def _slow(call: Call, before: int) -> bytes | float:
    return 2.0 if before % 10 == 5 else b"HTTP/1.1 204 X\r\n\r\n"  # each tenth too late


MANNERS: dict[str, Answer] = {
    "/flaky": then_well(always(500), CUT, always(503), GARBAGE),
    "/busy": then_well(always(429, "Retry-After: 1")),
    "/slow": _slow,
    "/silent": SILENT,
    "/endless": ENDLESS,
    "/redirect": always(308, "Location: /canary"),
    "/gone": then_well(*[always(204)] * 5, *[always(410)] * 100),
}


async def receivers(address: str, *, records: int, versions: int, kills: int) -> Found:  # W1, W3, W5, W6
    """All manners of receivers at once, and deliverers that are killed: who takes events has all, in order."""
    key = await key_for(address)
    async with (
        receiving() as receiver,
        serving(
            address, deliver="false", webhook_test_targets=f"127.0.0.1:{receiver.port}", workers=1
        ) as service,
    ):
        receiver.answers = dict(MANNERS)
        base, headers = f"http://127.0.0.1:{service.port}", {"Authorization": f"Bearer {key}"}
        async with httpx.AsyncClient(base_url=base, headers=headers, timeout=60) as client:
            made = {path: await _subscribed(client, receiver, path) for path in ("/good", *MANNERS)}
            await _changed(client, "w1", records, versions)
            killed = 0
            done = lasting(120)
            number = records * versions
            while not done() and not _complete(receiver, number):
                async with _deliverer(address, receiver, rate=500) as process:
                    wait = lasting(1.5 if killed < kills else 120)
                    while not wait() and not done() and not _complete(receiver, number):  # noqa: ASYNC110
                        await asyncio.sleep(0.05)
                    if killed < kills:
                        process.kill()
                        killed += 1
                        await _leases_end(address)
            gone = (await client.get(f"/v1/webhooks/{made['/gone']['id']}")).json()
        found = Found("")
        _judge(found, receiver, made, number)
        found.must(killed == kills, f"killed only {killed} times")
        found.must(not receiver.calls["/canary"], "a redirect was followed")
        found.must(gone["state"] == "disabled" and gone["pending"] == 0, "who is gone is not left alone")
        after = len(receiver.calls["/gone"]) - 6
        found.must(after < TOGETHER, f"{after} calls after the first 410, more than were on their way")
        calls = {path: len(each) for path, each in receiver.calls.items()}
        found.measured = f"{number} events for each of {len(made)} receivers, {killed} kills; calls {calls}"
        found.wrong += service.noise()[:3]
    return found


async def beside_bad_ones(address: str, *, events: int) -> Found:  # W2
    """How long an event takes to its receiver: beside good ones, and beside one that hangs and one without end."""
    key = await key_for(address)
    bad = ("/silent", "/endless")
    async with (
        receiving() as receiver,
        serving(
            address, webhook_test_targets=f"127.0.0.1:{receiver.port}", webhook_rate="500", workers=1
        ) as service,
    ):
        base, headers = f"http://127.0.0.1:{service.port}", {"Authorization": f"Bearer {key}"}
        async with httpx.AsyncClient(base_url=base, headers=headers, timeout=60) as client:
            for path in ("/good", *bad):
                await _subscribed(client, receiver, path)
            before = await _delays(client, receiver, events)
            receiver.answers = {path: MANNERS[path] for path in bad}
            beside = await _delays(client, receiver, events)
        found = Found(
            f"{events} events: p50 {before:.1f} ms beside good ones, {beside:.1f} ms beside bad ones"
        )
        found.must(beside <= 1.5 * before + 5, "a receiver waits for others")
        found.wrong += service.noise()[:3]
    return found


async def _delays(client: httpx.AsyncClient, receiver: Receiver, events: int) -> float:
    """Median of the milliseconds from the answer to a create until its event has come to `/good`."""
    delays = []
    for _ in range(events):
        body = {"title": "One of many", "kind": "seminar", "start_date": "2025-06-24"}
        answer = await client.post("/v1/events", json=body)
        written, made, done = time.monotonic(), answer.json()["id"], lasting(20)
        while not (come := [call.at for call in receiver.calls["/good"] if call.event["id"] == made]):
            assert not done(), "an event did not come"
            await asyncio.sleep(0.001)
        delays.append(1000 * (come[0] - written))
    return statistics.median(delays)


async def down_then_up(address: str, *, events: int, rate: int, down: float) -> Found:  # W8
    """An endpoint that is down while events come, then up: drained at its rate, in the order of each record."""
    key = await key_for(address)
    versions = 4
    async with (
        receiving() as receiver,
        serving(
            address,
            webhook_test_targets=f"127.0.0.1:{receiver.port}",
            webhook_rate=str(rate),
            webhook_timeout=str(_TIMEOUT),
            webhook_retries=",".join(["0", *["1"] * 60]),
            workers=1,
        ) as service,
    ):
        receiver.answers["/good"] = always(502)
        base, headers = f"http://127.0.0.1:{service.port}", {"Authorization": f"Bearer {key}"}
        async with httpx.AsyncClient(base_url=base, headers=headers, timeout=60) as client:
            made = await _subscribed(client, receiver, "/good")
            other = await _subscribed(client, receiver, "/other")
            begun = time.monotonic()
            await _changed(client, "w8", events // versions, versions)
            most = 0
            while time.monotonic() - begun < down:
                most = max(most, await _waiting(address, made["id"]))
                await asyncio.sleep(0.2)
            tried = len(receiver.calls["/good"])
            spent = time.monotonic() - begun
            receiver.calls["/good"].clear()
            del receiver.answers["/good"]
            up = time.monotonic()
            reads = []
            while len(_heard(receiver, "/good")) < events and time.monotonic() - up < 2 * events / rate + 60:
                asked = time.monotonic()
                await client.get("/v1/goals?limit=1")
                reads.append(time.monotonic() - asked)
                most = max(most, await _waiting(address, made["id"]))
                await asyncio.sleep(0.2)
            took = time.monotonic() - up
        found = Found(
            f"{events} events, {tried} attempts in {spent:.0f} s while it was down ({tried / spent:.0f}/s of {rate}); "
            f"drained in {took:.0f} s ({len(receiver.calls['/good']) / took:.0f}/s), at most {most} waiting; "
            f"a read meanwhile {statistics.median(reads) * 1000:.0f} ms, {max(reads) * 1000:.0f} ms at most"
        )
        _judge(found, receiver, {"/good": made, "/other": other}, events, of=("/good", "/other"))
        found.must(most <= 2_000, f"{most} wait in the table: it is flooded")
        found.must(tried / spent <= rate * 1.1, "who is down is asked more often than its rate")
        found.must(
            _fastest(receiver.calls["/good"]) <= rate * 1.3,
            f"in a second {_fastest(receiver.calls['/good'])}",
        )
        found.wrong += service.noise()[:3]
    return found


def _fastest(calls: list[Call]) -> int:
    """The most calls that came in one second."""
    return max(Counter(int(call.at) for call in calls).values())


async def _subscribed(client: httpx.AsyncClient, receiver: Receiver, path: str) -> dict[str, Any]:
    answer = await client.post("/v1/webhooks", json={"url": receiver.url(path), "kinds": ["events"]})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def _changed(client: httpx.AsyncClient, system: str, records: int, versions: int) -> None:
    """Events of a system, and then their changes, each time all of them."""
    for version in range(1, versions + 1):
        rows = [
            {"key": str(number), "title": f"Version {version}", "kind": "seminar", "start_date": "2025-06-24"}
            for number in range(records)
        ]
        answer = await client.post(f"/v1/events/bulk?match=by-key:{system}", json=rows)
        assert answer.status_code == 200, answer.text


@asynccontextmanager
async def _deliverer(address: str, receiver: Receiver, rate: int) -> AsyncIterator[subprocess.Popen[bytes]]:
    """`workplan deliver` in a process of its own."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("WORKPLAN_")},
        "DATABASE_URL": address,
        "WORKPLAN_WEBHOOK_TEST_TARGETS": f"127.0.0.1:{receiver.port}",
        "WORKPLAN_WEBHOOK_RATE": str(rate),
        "WORKPLAN_WEBHOOK_TIMEOUT": str(_TIMEOUT),
        "WORKPLAN_WEBHOOK_RETRIES": _RETRIES,
    }
    command = [sys.executable, "-c", "from app.cli import main; main()", "deliver"]
    process = await asyncio.to_thread(
        subprocess.Popen, command, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                await asyncio.to_thread(process.wait, 15)
        process.kill()
        process.wait()


async def _leases_end(address: str) -> None:
    """Time goes by: what a killed deliverer held is free again."""
    connection = await asyncpg.connect(address)
    await connection.execute("update webhook_deliveries set leased_until = now() where leased_until > now()")
    await connection.close()


async def _waiting(address: str, webhook: str) -> int:
    connection = await asyncpg.connect(address)
    try:
        found: int = await connection.fetchval(
            "select count(*) from webhook_deliveries where webhook_id = $1::uuid and state = 'pending'",
            webhook,
        )
        return found
    finally:
        await connection.close()


def _heard(receiver: Receiver, path: str) -> set[str]:
    return {call.headers["webhook-id"] for call in receiver.calls[path]}


def _complete(receiver: Receiver, number: int) -> bool:
    return all(len(_heard(receiver, path)) >= number for path in WELL)


def _judge(
    found: Found, receiver: Receiver, made: dict[str, Any], number: int, of: tuple[str, ...] = WELL
) -> None:
    """Every event, under one id, signed, in time, and a record's in their order when they were first taken."""
    for path in of:
        calls, verify = receiver.calls[path], Webhook(made[path]["secret"])
        positions: dict[str, set[int]] = defaultdict(set)
        versions: dict[str, list[int]] = defaultdict(list)
        for call in calls:
            with_signature: Callable[..., Any] = verify.verify
            with_signature(call.body, call.headers)  # raises; refuses also a timestamp that is not fresh
            positions[call.headers["webhook-id"]].add(call.event["position"])
            versions[call.event["id"]].append(call.event["version"])
        found.must(len(positions) == number, f"{path}: {len(positions)} of {number} events came")
        found.must(all(len(each) == 1 for each in positions.values()), f"{path}: an id stands for two events")
        disorder = sum(each != sorted(each) for each in versions.values())
        found.must(not disorder, f"{path}: {disorder} records out of order")
