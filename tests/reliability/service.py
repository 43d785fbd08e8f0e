"""The real service in processes of its own, on a database of our choice, with its log kept."""

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import asyncpg

from app import preparing
from app.access.keys import new_key
from app.access.permissions import Role
from tests.reliability.http_client import Caller, Cut, Refused

ROOT = Path(__file__).parents[2]
_NOISE = re.compile(r"Traceback|unhandled|never retrieved|Exception in|Task was destroyed|Error in sys")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def key_for(address: str) -> str:
    """A secretariat key on this database."""
    key = new_key()
    connection = await asyncpg.connect(address)
    try:
        await preparing.add_key(connection, key, "reliability", Role.SECRETARIAT)
    finally:
        await connection.close()
    return key


class Service:
    """A started service: its port, its main process, and what it wrote to its log."""

    def __init__(self, port: int, process: subprocess.Popen[bytes], log: Path) -> None:
        self.port = port
        self.process = process
        self.log = log

    def workers(self) -> list[int]:
        """The processes under the main one that serve."""
        found = []
        for child in children(self.process.pid):
            with suppress(OSError):
                if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes():
                    found.append(child)
        return found

    def kill(self, what: signal.Signals = signal.SIGKILL) -> None:
        self.process.send_signal(what)

    def noise(self) -> list[str]:
        """Lines of the log that no fault outside may cause, each with those behind it."""
        lines = self.log.read_text(errors="replace").splitlines()
        return ["\n".join(lines[n : n + 30]) for n, line in enumerate(lines) if _NOISE.search(line)]

    async def answers(self, path: str = "/livez", seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while True:
            if self.process.poll() is not None:
                raise RuntimeError(f"The service ended:\n{self.log.read_text()[-3000:]}")
            with suppress(Cut, Refused):
                async with Caller(self.port) as probe:
                    if (await probe.ask("GET", path, patience=2)).status == 200:
                        return
            if time.monotonic() > deadline:
                raise RuntimeError(f"No answer from the service:\n{self.log.read_text()[-3000:]}")
            await asyncio.sleep(0.05)


def children(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


@asynccontextmanager
async def serving(
    address: str = "", *, app: str = "", workers: int = 1, port: int = 0, data: Path | None = None, **env: str
) -> AsyncIterator[Service]:
    """`workplan serve`, or uvicorn on another application; ended with everything under it."""
    port = port or free_port()
    with tempfile.TemporaryDirectory(prefix="wpr-r-", dir="/tmp", ignore_cleanup_errors=True) as folder:
        surroundings = {
            **{name: value for name, value in os.environ.items() if not name.startswith("WORKPLAN_")},
            "PYTHONPATH": str(ROOT),
            "WORKPLAN_DATA_DIR": str(data or folder),
            "WORKPLAN_LOG_FORMAT": "json",
            **{f"WORKPLAN_{name.upper()}": value for name, value in env.items()},
        }
        surroundings.pop("DATABASE_URL", None)
        surroundings.pop("PYTHONDONTWRITEBYTECODE", None)  # each start would compile everything anew
        if address:
            surroundings["DATABASE_URL"] = address
        options = ["--port", str(port), "--workers", str(workers)]
        command = (
            [sys.executable, "-m", "uvicorn", app, *options, "--no-access-log", "--log-level", "warning"]
            if app
            else [sys.executable, "-c", "from app.cli import main; main()", "serve", *options]
        )
        service = _started(port, command, surroundings, Path(folder) / "service.log")
        try:
            await service.answers()
            yield service
        finally:
            await _end(service)


def _started(port: int, command: list[str], surroundings: dict[str, str], log: Path) -> Service:
    with log.open("wb") as said:
        process = subprocess.Popen(command, cwd=ROOT, env=surroundings, stdout=said, stderr=said)
    return Service(port, process, log)


async def _end(service: Service) -> None:
    left = service.workers()
    if service.process.poll() is None:
        service.kill(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            await asyncio.to_thread(service.process.wait, 15)
    for pid in [*([service.process.pid] if service.process.poll() is None else []), *left]:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    service.process.wait()
