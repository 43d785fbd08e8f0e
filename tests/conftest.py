"""What every test stands on: one embedded PostgreSQL, one running register per worker that is emptied for every test.

The server is started once by the controlling process; `template` is migrated once; other databases are copies.
"""

import asyncio
import atexit
import gc
import os
import shutil
import signal
import tempfile
import threading
from collections.abc import AsyncIterator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Self
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg
import httpx
import pytest
from fastapi import FastAPI
from pydantic import SecretStr
from xdist.scheduler import LoadScopeScheduling

from app import embedded, preparing, seeding
from app.access.keys import new_key
from app.db import PLAIN, Database
from app.jobs import running
from app.main import create_app
from app.operations.serving import Service
from app.search import rarity
from app.settings import Settings
from tests import make
from tests.cast import CALLERS, Cast

atexit.register(gc.freeze)  # or each process looks for garbage in all it holds, for seconds, before it ends
if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:  # nohup: what tests start would be deaf, too
    signal.signal(signal.SIGHUP, lambda *_: None)

_ADDRESS, _SUPERUSER = "WORKPLAN_TEST_ADDRESS", "WORKPLAN_TEST_SUPERUSER"
_QUICK = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "wal_level": "minimal",  # nobody recovers or follows this server
    "max_wal_senders": "0",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "1h",
    "io_method": "sync",  # what is read is in memory: another process would only be in between
    "max_connections": "200",
    "shared_buffers": "192MB",  # the tests hold little; the server looks through all of it when a database is dropped
    "autovacuum": "off",  # what it finds depends on which test ran before; see `Kept`
}


def pytest_configure(config: pytest.Config) -> None:
    """Start the server, once, in the controlling process."""
    if hasattr(config, "workerinput") or os.environ.get(_ADDRESS):
        return
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # or each process compiles everything anew
    folder = Path(tempfile.mkdtemp(prefix="wpr-", dir=fastest()))
    folder.chmod(0o711)
    running = embedded.start(folder / "data", settings=_QUICK)
    config.add_cleanup(lambda: (running.stop(), shutil.rmtree(folder, ignore_errors=True)))
    superuser = running.dsn.replace("workplan:", "postgres:", 1)
    password = next((folder / "data").rglob("superuser-password")).read_text().strip()
    superuser = _with_password(superuser, password)
    os.environ[_ADDRESS], os.environ[_SUPERUSER] = running.dsn, superuser
    begun = threading.Event()
    made = ThreadPoolExecutor(1).submit(lambda: asyncio.run(_make_templates(superuser, begun)))
    begun.wait(30)
    config.add_cleanup(made.result)  # before the server stops; says why there are no templates


def fastest() -> str:
    """Memory, if there is enough: what takes time on a disk is the thousands of files of each database."""
    memory = "/dev/shm"
    return memory if Path(memory).is_dir() and shutil.disk_usage(memory).free > 6 * 2**30 else "/tmp"


def pytest_collection_finish() -> None:
    """All that was imported and collected stays: nobody need look for garbage in it, nor so often in the rest."""
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


TOGETHER = {
    "tests/performance/test_plans.py",
    "tests/reliability/test_reliability.py",
    "tests/status_reports/test_files.py",
}
"""Files whose tests share something large, which is made once: one worker has them all."""


class _Scheduling(LoadScopeScheduling):
    """Tests go to whoever is free. xdist's own groups are lost on pytest 9.2 (it names them in a field of old)."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return file if file in TOGETHER else nodeid


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    return _Scheduling(config, log)


def _with_password(address: str, password: str) -> str:
    head, _, tail = address.partition("@")
    user = head.rsplit("/", 1)[1].partition(":")[0]
    return f"postgresql://{user}:{password}@{tail}"


def on(database: str, *, superuser: bool = False) -> str:
    """The address of a database on the test server."""
    return os.environ[_SUPERUSER if superuser else _ADDRESS].replace("/workplan?", f"/{database}?")


_MAKING = 1
"""The advisory lock that is held while the templates are made, beside the start of the workers."""


async def _make_templates(superuser: str, begun: threading.Event) -> None:
    connection = await asyncpg.connect(superuser)
    await connection.execute(f"select pg_advisory_lock({_MAKING})")
    begun.set()
    try:
        await connection.execute("alter role workplan createdb")
        await connection.execute("create database template owner workplan")
        await asyncio.to_thread(preparing.migrate, on("template"))
        await connection.execute("create database seeded template template strategy file_copy owner workplan")
        seeded = await asyncpg.connect(on("seeded"))
        await seeding.seed(seeded)
        await seeded.close()
    finally:
        await connection.close()


async def _as_superuser(*statements: str) -> None:
    connection = await asyncpg.connect(on("workplan", superuser=True))
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


async def copy_of(template: str) -> str:
    """A database made from a template, once there are templates; its address."""
    name = f"t{uuid4().hex[:12]}"
    await _as_superuser(
        f"select pg_advisory_lock_shared({_MAKING})",
        f"create database {name} template {template} strategy file_copy owner workplan",
    )
    return on(name)


async def drop(address: str) -> None:
    """Drop a database, whoever is still in it: our own connections, or the server's chores."""
    await _as_superuser(f"drop database {_name(address)} with (force)")


def _name(address: str) -> str:
    return urlsplit(address).path.removeprefix("/")


def settings_for(address: str, **more: object) -> Settings:
    """Settings of a service on a database, with few connections."""
    chosen = {
        "read_connections": 4,
        "write_connections": 4,
        "public_url": "http://register.test",
        "deliver": False,
        **more,
    }
    return Settings(DATABASE_URL=SecretStr(address), **chosen)  # type: ignore[arg-type]


@dataclass
class Register:
    """A running service on a database of its own, and the keys of its callers."""

    address: str
    app: FastAPI
    keys: dict[str, str]
    superuser: asyncpg.Connection
    kept: "Kept"

    @classmethod
    @asynccontextmanager
    async def of(cls, template: str, **settings: object) -> AsyncIterator[Self]:
        address = await copy_of(template)
        superuser = await asyncpg.connect(on(_name(address), superuser=True))
        kept = Kept(await asyncpg.connect(on(_name(address), superuser=True), server_settings=_UNRECORDED))
        keys = {name: new_key() for name in CALLERS}
        for name, (role, country) in CALLERS.items():
            await preparing.add_key(kept.keeper, keys[name], name, role, country=country)
        await kept.keep()
        app = create_app(settings_for(address, **settings))
        chore = _CHORE.set(True)  # what the service starts beside its requests knows itself by this
        try:
            async with app.router.lifespan_context(app):
                _CHORE.reset(chore)
                yield cls(address, app, keys, superuser, kept)
        finally:
            await superuser.close()
            await kept.keeper.close()
            await drop(address)

    async def begin_anew(self) -> None:
        """Bring back what was there at the start, no more and no less; the service forgets what it remembers of it."""
        await self.kept.bring_back()
        remembering: Service = self.app.state.service
        remembering.doorkeeper.forget()
        remembering.wakeups.head = min(remembering.wakeups.head, self.kept.begun)
        rarity._rare.clear()  # else words that another test has made rare are not counted

    async def written(self) -> tuple[int, int]:
        """Changes ever made, and requests remembered: the same for as long as tests only read."""
        row = await self.superuser.fetchrow(
            "select (select position from journal_head), (select count(*) from idempotency_keys)"
        )
        return row[0], row[1]


_CHANGES_MOST = 1000
_CHORE = ContextVar("chore", default=False)
_TABLES = """select c.relname, string_agg(quote_ident(a.attname), ', ')
from pg_class c join pg_attribute a on a.attrelid = c.oid and attnum > 0 and attgenerated = '' and not attisdropped
where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and c.relname <> 'alembic_version' group by 1"""


_UNRECORDED = {"session_replication_role": "replica", "lock_timeout": "20s"}
"""No trigger asks or records: the journal begins with the test."""


class Kept:
    """What a register holds at its start, beside its tables."""

    def __init__(self, keeper: asyncpg.Connection) -> None:
        self.keeper = keeper
        self.changed = 0

    async def keep(self) -> None:
        """What is there now is what is brought back."""
        await self.keeper.execute("update api_key_secrets set last_used_on = current_date")
        columns = dict(await self.keeper.fetch(_TABLES))
        filled: list[str] = await self.keeper.fetchval(f"select {_filled(columns)}")
        for name in filled:
            await self.keeper.execute(
                f"create temporary table kept_{name} as select {columns[name]} from {name}"
            )
        self.begun = await self.keeper.fetchval("select position from journal_head")
        # Most tests only read, or are refused: for them there is nothing to take out.
        new = " or ".join(f"exists (select from {name})" for name in columns if name not in filled)
        self.look = await self.keeper.prepare(  # it names every table: to read and plan it takes longer than to run it
            f"select {_filled(columns)}, position from journal_head where position <> {self.begun} or {new}"
        )
        # Deleting few rows is fifty times as fast as truncating so many tables.
        self.back = "{};" + ";".join(
            f"insert into {name} ({columns[name]}) overriding system value select * from kept_{name}"
            for name in filled
        )

    async def bring_back(self) -> None:
        """No more and no less than was there. What an earlier test left to be loaded is loaded by now, or never."""
        await self.keeper.execute("delete from jobs")
        if (found := await self.look.fetchrow()) is None:
            return
        filled, position = found
        await self.keeper.execute(self.back.format(";".join(f"delete from {name}" for name in filled)))
        self.changed += position - self.begun
        if self.changed > _CHANGES_MOST:  # or the next test wades through what is gone, and is planned for it
            await self.keeper.execute(f"vacuum (analyze) {', '.join(filled)}")
            self.changed = 0


def _filled(names: Iterable[str]) -> str:
    each = ", ".join(f"case when exists (select from {name}) then '{name}' end" for name in names)
    return f"array_remove(array[{each}], null)"


@pytest.fixture(scope="session")
async def worker() -> AsyncIterator[Register]:
    """The register of this worker, for one test after the other."""
    async with Register.of("template") as register:
        yield register


@pytest.fixture
async def empty(worker: Register) -> Register:
    """The worker's register, emptied for this test."""
    await worker.begin_anew()
    return worker


@pytest.fixture(scope="session")
async def published_once() -> AsyncIterator[Register]:
    """The published record, for one test after the other."""
    async with Register.of("seeded") as register:
        yield register


@pytest.fixture
async def published(published_once: Register) -> Register:
    """A register with the published record, as it was seeded."""
    await published_once.begin_anew()
    return published_once


@pytest.fixture(scope="session")
async def varied_register() -> AsyncIterator[Register]:
    """The published record and what it lacks: links, periods and contacts of every sort."""
    async with Register.of("seeded") as register:
        async with Cast.over(register.app, register.keys) as cast:
            await make.more_records(cast.secretariat)
        yield register


@pytest.fixture
async def varied(varied_register: Register) -> AsyncIterator[httpx.AsyncClient]:
    """The secretariat on a record with all sorts of values, which all tests share: only read it."""
    before = await varied_register.written()
    async with Cast.over(varied_register.app, varied_register.keys) as cast:
        yield cast.secretariat
    assert await varied_register.written() == before, "this test may not write: use `seeded`"


@pytest.fixture
def database_address(empty: Register) -> str:
    """The database of an empty register."""
    return empty.address


@pytest.fixture
def service(empty: Register) -> FastAPI:
    """A running service on an empty register."""
    return empty.app


@pytest.fixture
async def cast(empty: Register) -> AsyncIterator[Cast]:
    """The same callers everywhere, by name."""
    async with Cast.over(empty.app, empty.keys) as cast:
        yield cast


@pytest.fixture
def client(cast: Cast) -> httpx.AsyncClient:
    """The secretariat, on an empty register."""
    return cast.secretariat


@pytest.fixture
async def seeded_cast(published: Register) -> AsyncIterator[Cast]:
    """The callers, on the published record."""
    async with Cast.over(published.app, published.keys) as cast:
        yield cast


@pytest.fixture
def seeded(seeded_cast: Cast) -> httpx.AsyncClient:
    """The secretariat, on the published record."""
    return seeded_cast.secretariat


@pytest.fixture
def once() -> dict[str, str]:
    """An Idempotency-Key of the test's own."""
    return {"Idempotency-Key": uuid4().hex}


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Iterator[asyncio.Event]:
    """No job is begun before this is set; what waits when the test ends is not begun beside the next one."""
    gate, claimed, ended = asyncio.Event(), running.queue.claimed, False

    async def wait(connection: Any) -> Any:
        await gate.wait()
        return None if ended else await claimed(connection)

    monkeypatch.setattr(running.queue, "claimed", wait)
    yield gate
    ended = True
    gate.set()


@pytest.fixture
def statements(service: FastAPI, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Counts the reading statements that requests send."""
    counter = SimpleNamespace(count=0, sql=[])
    fetch = Database.fetch

    async def counted(self: Database, statement, values, context=PLAIN):  # type: ignore[no-untyped-def]
        if not _CHORE.get():
            counter.count += 1
            counter.sql.append(statement.sql)
        return await fetch(self, statement, values, context)

    monkeypatch.setattr(Database, "fetch", counted)
    return counter


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Everything that requests send to the database, one entry for each trip.

    Left out is what is sent now and then only: is an idle connection still there, and whose is this key? And all of a
    transaction in which the service works in its own name.
    """
    trips: list[str] = []
    in_its_own_name: set[int] = set()

    def counted(name: str) -> None:
        whole = getattr(asyncpg.Connection, name)

        async def call(self: asyncpg.Connection, *args: Any, **more: Any) -> Any:
            ours = (self._params.server_settings or {}).get("application_name") == "workplan"
            process = self.get_server_pid()
            if "'register.role', E'service'" in str(args[0]):
                in_its_own_name.add(process)
            chore = _CHORE.get() or process in in_its_own_name
            if ours and not chore and args[0] != "select" and "key_of(" not in args[0]:
                trips.append(str(args[0]))
            if args[0] in {"commit", "rollback"}:
                in_its_own_name.discard(process)
            return await whole(self, *args, **more)

        monkeypatch.setattr(asyncpg.Connection, name, call)

    for name in (
        "execute",
        "executemany",
        "fetch",
        "fetchrow",
        "fetchval",
        "copy_from_query",
        "copy_records_to_table",
    ):
        counted(name)
    return trips
