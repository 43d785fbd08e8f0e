"""Every experiment at full size: `python -m tests.reliability [names]`. Takes about five minutes."""

import asyncio
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import asyncpg

from app import embedded, preparing
from tests.reliability import experiments as on
from tests.reliability.experiments import Found
from tests.reliability.service import Service, key_for, serving

Run = Callable[[str, embedded.Running], Coroutine[Any, Any, Found]]


async def _served(
    address: str, work: Callable[[Service, str], Coroutine[Any, Any, Found]], workers: int = 2, **env: str
) -> Found:
    key = await key_for(address)
    async with serving(address, workers=workers, **env) as service:
        found = await work(service, key)
        found.wrong += service.noise()[:3]
    return found


async def _may_create(running: embedded.Running) -> None:
    account = running.dsn.partition("@")[0]
    password = (running.data_dir / "superuser-password").read_text().strip()
    superuser = running.dsn.replace(account, f"postgresql://postgres:{password}")
    connection = await asyncpg.connect(superuser)
    await connection.execute("alter role workplan createdb")
    await connection.close()


async def _fresh(running: embedded.Running, number: int) -> str:
    """A migrated database for one experiment."""
    connection = await asyncpg.connect(running.dsn)
    try:
        await connection.execute(f"create database e{number}")
    finally:
        await connection.close()
    address = running.dsn.replace("/workplan?", f"/e{number}?")
    await asyncio.to_thread(preparing.migrate, address)
    return address


ALL: dict[str, Run] = {
    "D2": lambda a, _: on.crash(a, "before_answer", every=40, writes=400),
    "D3": lambda a, _: on.crash(a, "after_answer", every=25, writes=400),
    "D4": lambda a, r: on.chaos(a, lambda: r.pid, seconds=30),
    "D7": lambda a, _: on.resets(a, seconds=20),
    "D10": lambda a, _: _served(a, lambda s, key: on.lost_update(s.port, key, each=25)),
    "D11": lambda a, _: _served(a, lambda s, key: on.races(s.port, key, a, rounds=120)),
    "D13": lambda a, r: on.restarted(a, lambda: r.pid, how=signal.SIGINT),
    "S1-0.1": lambda a, _: on.slow(a, round_trip=0.1, seconds=10),
    "S1-1": lambda a, _: on.slow(a, round_trip=1, seconds=15),
    "S1-10": lambda a, _: on.slow(a, round_trip=10, seconds=20),
    "S2": lambda a, _: on.unreachable(a, before=3, mute=25, after=8),
    "S3": lambda a, r: on.frozen(a, r.pid, seconds=15),
    "S4": lambda a, _: _served(
        a,
        lambda s, key: on.many(s, a, key, clients=500, seconds=20),
        workers=1,
        read_connections="4",
        write_connections="4",
    ),
    "S7+2": lambda a, _: on.clock(a, hours=2),
    "S7-2": lambda a, _: on.clock(a, hours=-2),
    "S9": lambda a, _: on.stalled(a, idle=1000, heads=300, bodies=200),
    "S10": lambda a, _: on.big_body(a, megabytes=1000),
    "stop": lambda a, _: on.stopped(a),
}


async def main(names: list[str], folder: Path) -> int:
    bad = 0
    with embedded.start(folder / "data", settings={"max_connections": "200"}) as running:
        await _may_create(running)
        for number, (name, experiment) in enumerate(ALL.items()):
            if not names or name in names:
                bad += await _told(name, experiment(await _fresh(running, number), running))
    for workers in (1, 2):
        if not names or f"main-{workers}" in names:
            bad += await _told(f"main-{workers}", on.main_killed(folder / f"own{workers}", workers=workers))
    return bad


async def _told(name: str, experiment: Coroutine[Any, Any, Found]) -> bool:
    begun = time.monotonic()
    try:
        found = await experiment
    except Exception as error:
        found = Found("", [f"{type(error).__name__}: {error}"])
    verdict = "holds" if not found.wrong else "FAILS"
    print(f"{name:7} {verdict}  {time.monotonic() - begun:5.1f} s  {found.measured}", flush=True)
    for each in found.wrong:
        print(f"        - {each[-1500:]}", flush=True)
    return bool(found.wrong)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="wpr-r-", dir="/tmp", ignore_cleanup_errors=True) as made:
        Path(made).chmod(0o711)
        failed = asyncio.run(main(sys.argv[1:], Path(made)))
    raise SystemExit(failed)
