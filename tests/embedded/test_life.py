"""Started, joined, stopped and started again."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from threading import Event, Thread

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from app.embedded import EmbeddedError, attach, session, start
from tests.embedded.helpers import ROOT, ask, latest_log, lives, owner, soon, started


async def test_data_is_kept_from_one_start_to_the_next(unbuilt: Path) -> None:
    with start(unbuilt) as first:
        await ask(first.dsn, "create table kept as select 7 as n")
    assert not lives(first.pid)
    with start(unbuilt) as second:
        assert await ask(second.dsn, "select n from kept") == 7
        assert second.dsn == first.dsn


def test_stop_may_be_said_twice_and_frees_the_folder(data: Path) -> None:
    running = start(data)
    assert attach(data) == running.dsn
    running.stop()
    running.stop()
    assert attach(data) is None
    assert not (data / "cluster/postmaster.pid").exists()


async def test_it_is_set_up_for_durable_private_work(data: Path) -> None:
    expected = {
        "listen_addresses": "",
        "fsync": "on",
        "synchronous_commit": "on",
        "data_checksums": "on",
        "server_encoding": "UTF8",
        "TimeZone": "UTC",
        "log_error_verbosity": "terse",
        "log_parameter_max_length_on_error": "0",
        "work_mem": "5MB",
    }
    with start(data, settings={"work_mem": "5MB"}) as running:
        assert {
            name: await ask(running.dsn, "select current_setting($1)", name) for name in expected
        } == expected
        assert (
            await ask(running.dsn, "select datlocprovider from pg_database where datname = 'workplan'")
            == b"b"
        )


async def test_the_role_is_no_superuser_and_can_do_what_migrations_do(data: Path) -> None:
    with start(data) as running:
        assert not await ask(running.dsn, "select rolsuper from pg_roles where rolname = current_user")
        for extension in ("pg_trgm", "unaccent", "btree_gist"):
            await ask(running.dsn, f"create extension {extension}")
        await ask(running.dsn, "create role app nologin")
        await ask(running.dsn, "grant app to workplan")
        await ask(running.dsn, "set role app")


async def test_sqlalchemy_understands_the_same_address(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPORT", "1")
    with start(data) as running:
        engine = create_async_engine(running.dsn.replace("postgresql:", "postgresql+asyncpg:"))
        async with engine.connect() as connection:
            assert await connection.scalar(text("select current_user")) == "workplan"
        await engine.dispose()


async def test_a_command_joins_the_service_or_starts_for_itself(data: Path) -> None:
    with session(data) as dsn:
        await ask(dsn, "create table noted()")
    assert attach(data) is None
    with owner(data) as service:
        pid, _ = started(service)
        with session(data) as dsn:
            await ask(dsn, "table noted")
        assert lives(pid)
        assert service.communicate()[0] == ""
    assert not lives(pid)


async def test_the_last_of_two_commands_stops_the_server(data: Path) -> None:
    first_is_done = Event()

    def first() -> None:
        with session(data):
            joined.wait(10)
        first_is_done.set()

    joined, command = Event(), Thread(target=first)
    command.start()
    while not attach(data):
        pass
    with session(data) as dsn:
        joined.set()
        assert not first_is_done.wait(0.5)
        assert await ask(dsn, "select 1") == 1
    command.join()
    assert attach(data) is None


def test_ctrl_c_reaches_only_the_owner_who_then_stops_the_server(data: Path) -> None:
    with owner(data, start_new_session=True) as service:
        pid, _ = started(service)
        os.killpg(service.pid, signal.SIGINT)
        service.wait(30)
    assert not lives(pid)
    assert "received fast shutdown request" in latest_log(data)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGHUP])
def test_a_command_that_is_ended_at_its_start_takes_its_server_along(data: Path, how: signal.Signals) -> None:
    command = [sys.executable, "-c", "from app.cli import main; main()", "migrate"]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "WORKPLAN_DATA_DIR": str(data)}
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
        assert soon(lambda: attach(data) is not None)
        pid = int((data / "cluster/postmaster.pid").read_text().split()[0])
        process.send_signal(how)
        assert process.communicate(timeout=30)[1] == ""
    assert process.returncode == 128 + how
    assert not lives(pid)


def test_the_log_has_a_bound(data: Path) -> None:
    for day in range(10, 31):
        (data / f"cluster/log/postgresql-202001{day}-000000.log").touch()
    start(data).stop()
    logs = sorted(entry.name for entry in (data / "cluster/log").iterdir())
    assert len(logs) == 10
    assert logs[0] > "postgresql-20200120"


def test_two_owners_are_one_too_many(data: Path) -> None:
    with owner(data) as other:
        started(other)
        with pytest.raises(EmbeddedError, match=f"process {other.pid}"):
            start(data)
        other.communicate()
    start(data).stop()
