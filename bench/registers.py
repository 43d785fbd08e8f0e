"""A filled register under measurement: its cluster, its service with production settings, and what is asked of it."""

import asyncio
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from app import embedded, preparing
from app.access.keys import new_key
from app.access.permissions import Role
from app.embedded.folder import Folder
from bench import data
from bench.operations import Measured
from bench.processes import OTHER_CORE, Server, pin, serving

PORT = 8123
_WORKPLAN = Path(sys.executable).with_name("workplan")
_SETTINGS = {
    "autovacuum": "off",
    "checkpoint_timeout": "30min",
    "max_wal_size": "8GB",
    "max_connections": "200",  # for all who are measured in one round
    "min_wal_size": "4GB",
}
"""Nothing runs beside the rounds; each begins behind a checkpoint. Commits are durable, as they are in production."""


@contextmanager
def folder_for(keep: Path | None = None) -> Iterator[Path]:
    """A folder for the clusters of a run: the one to keep, or one that is gone afterwards."""
    folder = keep or Path(tempfile.mkdtemp(prefix="workplan-bench-"))
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o711)  # a server that runs as another user has to reach its own
    try:
        yield folder
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)


@dataclass
class Register:
    """A running register with so many events."""

    events: int
    address: str
    postmaster: int
    folder: Path
    server: Server
    measured: Measured

    def checkpoint(self) -> None:
        """Files of the log are used again after it, as by a server that has run for a while: to make new ones takes who
        writes most the longest.
        """
        asyncio.run(_checkpoint(Folder(self.folder / "data")))


async def _checkpoint(folder: Folder) -> None:
    connection = await asyncpg.connect(
        host=str(folder.socket),
        user="postgres",
        password=folder.superuser_password.read_text().strip(),
        database="workplan",
    )
    await connection.execute("checkpoint", timeout=300)
    await connection.close()


@contextmanager
def register(
    events: int, folder: Path, port: int = PORT, settings: Mapping[str, str] = _SETTINGS
) -> Iterator[Register]:
    """Start a filled register; it is filled first unless the folder holds one of this size."""
    home = folder / str(events)
    home.mkdir(parents=True, exist_ok=True)
    filled = home / "filled"
    with embedded.start(home / "data", settings=dict(settings)) as running:
        preparing.migrate(running.dsn)
        if not filled.exists():
            asyncio.run(data.fill(running.dsn, events))
            filled.touch()
        measured = asyncio.run(_measured(running.dsn))
        pin(running.pid, OTHER_CORE)
        command = [str(_WORKPLAN), "serve", "--port", str(port), "--no-seed"]
        environment = {
            "DATABASE_URL": running.dsn,
            "WORKPLAN_DATA_DIR": str(home),
            "WORKPLAN_KEY_QUOTA": "999999999",
            "WORKPLAN_ADDRESS_QUOTA": "999999999",
        }
        with serving(command, port, environment) as server:
            found = Register(events, running.dsn, running.pid, home, server, measured)
            found.checkpoint()
            yield found


async def _measured(address: str) -> Measured:
    connection = await asyncpg.connect(address)
    key = new_key()
    await preparing.add_key(connection, key, "bench", Role.SECRETARIAT)
    await connection.execute("drop index if exists bench_for_peers")
    await connection.execute("vacuum analyze", timeout=600)
    await connection.close()
    return Measured(key)
