"""Every experiment at full size: `python -m tests.reliability [names]`. Takes about ten minutes."""

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import asyncpg

from app import embedded, preparing
from tests.reliability import doors, followers, loads, once, posting, sealing
from tests.reliability import experiments as on
from tests.reliability.experiments import Found
from tests.reliability.service import Service, children, key_for, serving

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


def _kill_all(postmaster: int) -> None:
    """kill -9 of every process of the database."""
    for pid in [*children(postmaster), postmaster]:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


async def _interrupted(address: str, running: embedded.Running, *, jobs: bool) -> Found:
    async def app(service: Service) -> None:
        for pid in service.workers():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    async def database(_: Service) -> None:
        _kill_all(running.pid)

    faults = {"client": loads.gone, "app": app, "database": database}
    return await _served(
        address,
        lambda s, key: loads.interrupted(s, address, key, faults, rows=20_000, times=20, jobs=jobs),
    )


ALL: dict[str, Run] = {
    "D1": lambda a, r: loads.database_killed(a, lambda: _kill_all(r.pid), rows=50_000, rounds=3),
    "D2": lambda a, _: on.crash(a, "before_answer", every=40, writes=400),
    "D3": lambda a, _: on.crash(a, "after_answer", every=25, writes=400),
    "D4": lambda a, r: on.chaos(a, lambda: r.pid, seconds=30),
    "D5": lambda a, _: once.cut_sweep(a, step=7),
    "D6": lambda a, _: once.half_open(a, seconds=30),
    "D7": lambda a, _: on.resets(a, seconds=20),
    "D8": lambda a, _: _served(a, lambda s, key: once.same_key(s, a, key, at_once=40)),
    "D9": lambda a, _: _served(a, lambda s, key: once.replays(s, a, key), workers=1),
    "D10": lambda a, _: _served(a, lambda s, key: on.lost_update(s.port, key, each=25)),
    "D11": lambda a, _: _served(a, lambda s, key: on.races(s.port, key, a, rounds=120)),
    "D12": lambda a, _: loads.bad_last_line(a, rows=50_000),
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
    "S8": lambda a, _: loads.slow_reader(a, rows=30_000, seconds=30),
    "S9": lambda a, _: on.stalled(a, idle=1000, heads=300, bodies=200),
    "S10": lambda a, _: on.big_body(a, megabytes=1000),
    "S11": lambda a, _: doors.greedy(a, seconds=20),
    "S12": lambda a, _: doors.dear(a, seconds=20, events=100_000),
    "A2": lambda a, _: doors.hidden(a, rounds=2000),
    "A5": lambda a, _: doors.guessed(a, guesses=10_000),
    "A5-time": lambda a, _: doors.judged(a, rounds=2000),
    "A8": lambda a, _: doors.rotated(a, seconds=20),
    "A15": lambda a, _: doors.reported(a, events=100_000),
    "A17": lambda a, _: sealing.changed(a, events=2000, seconds=8),
    "load": lambda a, r: _interrupted(a, r, jobs=False),
    "job": lambda a, r: _interrupted(a, r, jobs=True),
    "big": lambda a, _: loads.big_file(a, megabytes=200, path="/v1/events/bulk"),
    "big-job": lambda a, _: loads.big_file(a, megabytes=200, path="/v1/events/bulk", job=True),
    "stop": lambda a, _: on.stopped(a),
    "stop-late": lambda a, _: on.cut_off(a, signal.SIGTERM),
    "F1": lambda a, _: _served(a, lambda s, key: followers.under_fire(s, a, key, seconds=300)),
    "F4": lambda a, _: followers.limited(a, seconds=30),
    "W1": lambda a, _: posting.receivers(a, records=20, versions=4, kills=3),
    "W2": lambda a, _: posting.beside_bad_ones(a, events=200),
    "W8": lambda a, _: posting.down_then_up(a, events=10_000, rate=200, down=20),
    "idle": lambda a, _: followers.idle(a),
}


async def main(names: list[str], folder: Path) -> int:
    bad = 0
    with embedded.start(folder / "data", settings={"max_connections": "200"}) as running:
        await _may_create(running)
        for number, (name, experiment) in enumerate(ALL.items()):
            if not names or name in names:
                bad += await _told(name, experiment(await _fresh(running, number), running))
    if not names or "S5" in names:
        with _small_disk(folder / "disk", 700) as disk:
            bad += await _told("S5", loads.disk_full(disk, megabytes=700, rows=30_000))
    for workers in (1, 2):
        if not names or f"main-{workers}" in names:
            bad += await _told(f"main-{workers}", on.main_killed(folder / f"own{workers}", workers=workers))
    return bad


@contextmanager
def _small_disk(folder: Path, megabytes: int) -> Iterator[Path]:
    """A file system of its own, so that it can be full: needs root."""
    folder.mkdir()
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0711", "tmpfs", folder], check=True
    )
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


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
    if unknown := set(sys.argv[1:]) - {*ALL, "S5", "main-1", "main-2"}:
        raise SystemExit(f"There is no experiment {', '.join(sorted(unknown))}; there are {', '.join(ALL)}.")
    with tempfile.TemporaryDirectory(prefix="wpr-r-", dir="/tmp", ignore_cleanup_errors=True) as made:
        Path(made).chmod(0o711)
        failed = asyncio.run(main(sys.argv[1:], Path(made)))
    raise SystemExit(failed)
