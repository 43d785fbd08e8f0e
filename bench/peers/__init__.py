"""The services that a team would build instead: idiomatic, on the same tables, data, machine and number of connections.

All answer at the same addresses. They check what a body holds, and leave journal, history and search to the register's
own triggers; none has ETags, idempotency, permissions or a report of bad rows.
"""

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench import bulk
from bench.processes import APP_CORE, Server, pin, serving
from bench.registers import Register

HERE = Path(__file__).parent
PYTHON = HERE.parent.parent / ".venv-peers" / "bin" / "python"
PORT = 8140
"""Of the first; the others follow."""
CONNECTIONS = 8
"""As many as the register has for reading, and for writing."""


@dataclass(frozen=True)
class Peer:
    """One of them."""

    name: str
    command: Callable[[int], list[str]]
    """To listen on a port."""
    program: Path
    """It is measured if this is installed."""
    environment: Mapping[str, str] = field(default_factory=dict)
    only: frozenset[str] = frozenset()
    """The operations that are measured, if not all."""

    def has(self, operation: str) -> bool:
        """Whether the operation is measured."""
        return not self.only or operation in self.only

    @property
    def installed(self) -> bool:
        return self.program.exists()

    @contextmanager
    def running(self, found: Register, port: int) -> Iterator[Server]:
        environment = {
            "DATABASE_URL": found.address,
            "POOL": str(CONNECTIONS),
            "PORT": str(port),
            **self.environment,
        }
        with serving(self.command(port), port, environment, cwd=HERE) as server:
            pin(server.pid, APP_CORE)
            yield server

    def load(self, server: Server, rows: int) -> float:
        """Seconds for an upsert of so many activities, half of them new, as one JSON body."""
        turn = bulk.next_turn()
        records = bulk.records_of(bulk.rows_of("PEER", rows, turn=turn))
        body = json.dumps(records, default=str).encode()
        return bulk.post(server, "/activities/bulk", body, {"Content-Type": "application/json"})[0]


def _uvicorn(target: str) -> Callable[[int], list[str]]:
    return lambda port: [
        str(PYTHON), "-m", "uvicorn", target, "--port", str(port), "--loop", "uvloop", "--http", "httptools",
        "--no-access-log", "--log-level", "warning",
    ]  # fmt: skip


def _gunicorn(urls: str) -> Callable[[int], list[str]]:
    return lambda port: [
        str(PYTHON), "-m", "gunicorn", "django_app:application", "--bind", f"127.0.0.1:{port}", "--workers", "1",
        "--worker-class", "gthread", "--threads", str(CONNECTIONS), "--keep-alive", "60", "--log-level", "warning",
    ]  # fmt: skip


def _fastify(_: int) -> list[str]:
    return [shutil.which("node") or "node", "fastify.mjs"]


_FASTIFY = HERE / "node_modules" / "fastify" / "package.json"
PEERS = (
    Peer("FastAPI + SQLAlchemy", _uvicorn("fastapi_sqlalchemy:app"), PYTHON),
    Peer("FastCRUD", _uvicorn("fastcrud_app:app"), PYTHON),
    Peer("Litestar", _uvicorn("litestar_app:app"), PYTHON),
    Peer("Django REST framework", _gunicorn("drf"), PYTHON, {"BENCH_DJANGO": "drf"}),
    Peer("Django Ninja", _gunicorn("ninja"), PYTHON, {"BENCH_DJANGO": "ninja"}),
    Peer("Fastify", _fastify, _FASTIFY),
    Peer(
        "Fastify, ranking alike",
        _fastify,
        _FASTIFY,
        {"RANKING": "title"},
        frozenset({"search", "search, again"}),
    ),
)


def chosen(names: list[str] | None) -> list[Peer]:
    """Those of the given names, else all; the installed ones."""
    return [each for each in PEERS if each.installed and (not names or each.name in names)]
