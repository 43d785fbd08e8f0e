"""What every test stands on: one embedded PostgreSQL, one database per worker that is emptied for every test.

The server is started once by the controlling process; `template` is migrated once; other databases are copies.
"""

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg
import httpx
import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from app import embedded, preparing
from app.access.keys import new_key
from app.access.permissions import Role
from app.db import PLAIN, Database
from app.main import create_app
from app.settings import Settings
from app.tables import METADATA
from tests.cast import Cast

_ADDRESS, _SUPERUSER = "WORKPLAN_TEST_ADDRESS", "WORKPLAN_TEST_SUPERUSER"
_QUICK = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off", "max_connections": "200"}


def pytest_configure(config: pytest.Config) -> None:
    """Start the server, once, in the controlling process."""
    if hasattr(config, "workerinput") or os.environ.get(_ADDRESS):
        return
    folder = Path(tempfile.mkdtemp(prefix="wpr-", dir="/tmp"))
    folder.chmod(0o711)
    running = embedded.start(folder / "data", settings=_QUICK)
    config.add_cleanup(lambda: (running.stop(), shutil.rmtree(folder, ignore_errors=True)))
    superuser = running.dsn.replace("workplan:", "postgres:", 1)
    password = next((folder / "data").rglob("superuser-password")).read_text().strip()
    superuser = _with_password(superuser, password)
    os.environ[_ADDRESS], os.environ[_SUPERUSER] = running.dsn, superuser
    asyncio.run(_make_template(superuser, running.dsn))


def _with_password(address: str, password: str) -> str:
    head, _, tail = address.partition("@")
    user = head.rsplit("/", 1)[1].partition(":")[0]
    return f"postgresql://{user}:{password}@{tail}"


def on(database: str, *, superuser: bool = False) -> str:
    """The address of a database on the test server."""
    return os.environ[_SUPERUSER if superuser else _ADDRESS].replace("/workplan?", f"/{database}?")


async def _make_template(superuser: str, owner: str) -> None:
    connection = await asyncpg.connect(superuser)
    await connection.execute("alter role workplan createdb")
    await connection.close()
    connection = await asyncpg.connect(owner)
    await connection.execute("create database template")
    await connection.execute("create database seeded")
    await connection.close()
    done = subprocess.run(  # noqa: ASYNC221  (nothing else runs yet)
        [sys.executable, "-c", _PREPARE, on("template"), on("seeded")],
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(done.stderr)


_PREPARE = """
import asyncio, sys, asyncpg
from app import preparing, seeding
preparing.migrate(sys.argv[1])
preparing.migrate(sys.argv[2])
async def seed():
    connection = await asyncpg.connect(sys.argv[2])
    await seeding.seed(connection)
    await connection.close()
asyncio.run(seed())
"""


async def copy_of(template: str) -> str:
    """A database made from a template; its address."""
    name = f"t{uuid4().hex[:12]}"
    connection = await asyncpg.connect(os.environ[_ADDRESS])
    try:
        await connection.execute(f"create database {name} template {template} strategy file_copy")
    finally:
        await connection.close()
    return on(name)


async def drop(address: str) -> None:
    name = urlsplit(address).path.removeprefix("/")
    connection = await asyncpg.connect(os.environ[_ADDRESS])
    try:
        await connection.execute(f"drop database {name} with (force)")
    finally:
        await connection.close()


@pytest.fixture(scope="session")
async def worker_address() -> AsyncIterator[str]:
    """A migrated database of this worker's own."""
    address = await copy_of("template")
    yield address
    await drop(address)


@pytest.fixture
async def database_address(worker_address: str) -> str:
    """The worker's database, emptied for this test."""
    connection = await asyncpg.connect(on(urlsplit(worker_address).path.removeprefix("/"), superuser=True))
    try:
        await connection.execute("set session_replication_role = replica")  # no trigger asks or records
        await connection.execute(
            _EMPTY
        )  # deleting few rows is fifty times as fast as truncating so many tables
        await connection.execute("update journal_head set position = 0, hash = default")
    finally:
        await connection.close()
    return worker_address


_EMPTIED = [
    table.name for table in METADATA.sorted_tables if table.name not in {"journal_head", "installation"}
]
_EMPTY = ";".join(f"delete from {name}" for name in _EMPTIED)


@pytest.fixture
async def seeded_address() -> AsyncIterator[str]:
    """A database of the test's own with the published record in it."""
    address = await copy_of("seeded")
    yield address
    await drop(address)


def settings_for(address: str, **more: object) -> Settings:
    """Settings of a service on a database, with few connections."""
    chosen = {"read_connections": 4, "write_connections": 4, "public_url": "http://register.test", **more}
    return Settings(DATABASE_URL=SecretStr(address), **chosen)  # type: ignore[arg-type]


async def _serving(address: str) -> AsyncIterator[FastAPI]:
    app = create_app(settings_for(address))
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture
async def service(database_address: str) -> AsyncIterator[FastAPI]:
    """A running service on an empty register."""
    async for app in _serving(database_address):
        yield app


@pytest.fixture
async def seeded_service(seeded_address: str) -> AsyncIterator[FastAPI]:
    """A running service on the published record."""
    async for app in _serving(seeded_address):
        yield app


async def _cast(app: FastAPI, address: str) -> AsyncIterator[Cast]:
    connection = await asyncpg.connect(address)
    keys = {}
    for role in (Role.ADMINISTRATOR, Role.SECRETARIAT, Role.READER):
        keys[role] = new_key()
        await preparing.add_key(connection, keys[role], role.value, role)
    await connection.close()
    async with Cast.over(app, keys) as cast:
        yield cast


@pytest.fixture
async def cast(service: FastAPI, database_address: str) -> AsyncIterator[Cast]:
    """The same callers everywhere: anonymous, reader, secretariat, administrator."""
    async for each in _cast(service, database_address):
        yield each


@pytest.fixture
async def seeded_cast(seeded_service: FastAPI, seeded_address: str) -> AsyncIterator[Cast]:
    """The callers, on the published record."""
    async for each in _cast(seeded_service, seeded_address):
        yield each


@pytest.fixture
def client(cast: Cast) -> httpx.AsyncClient:
    """The secretariat, on an empty register."""
    return cast.secretariat


@pytest.fixture
def seeded(seeded_cast: Cast) -> httpx.AsyncClient:
    """The secretariat, on the published record."""
    return seeded_cast.secretariat


@pytest.fixture
def once() -> dict[str, str]:
    """An Idempotency-Key of the test's own."""
    return {"Idempotency-Key": uuid4().hex}


@pytest.fixture
def statements(service: FastAPI, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Counts the reading statements that the service sends."""
    counter = SimpleNamespace(count=0, sql=[])
    fetch = Database.fetch

    async def counted(self: Database, statement, values, context=PLAIN):  # type: ignore[no-untyped-def]
        counter.count += 1
        counter.sql.append(statement.sql)
        return await fetch(self, statement, values, context)

    monkeypatch.setattr(Database, "fetch", counted)
    return counter
