"""Whatever is killed, frozen or cut short: the next start has the data."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest

from app.embedded import attach, server, start
from tests.embedded.helpers import ask, family, kill, lives, owner, soon, started


async def test_a_killed_server_is_brought_back_with_its_data(data: Path) -> None:
    with start(data) as running:
        await ask(running.dsn, "create table kept as select 7 as n")
        pid = running.pid
        kill(*family(pid))
        assert soon(lambda: running.pid != pid and attach(data) is not None)
        assert await ask(running.dsn, "select n from kept") == 7


async def test_the_server_of_a_killed_owner_is_taken_over(data: Path) -> None:
    with owner(data) as killed:
        pid, dsn = started(killed)
        await ask(dsn, "create table kept as select 7 as n")
    assert lives(pid)
    assert attach(data) is None
    with start(data) as running:
        assert running.pid == pid
        assert await ask(running.dsn, "select n from kept") == 7
    assert not lives(pid)


async def test_a_server_with_other_settings_is_not_taken_over(data: Path) -> None:
    with owner(data) as killed:
        pid, _ = started(killed)
    with start(data, settings={"max_connections": "33"}) as running:
        assert running.pid != pid
        assert await ask(running.dsn, "show max_connections") == "33"


async def test_owner_and_server_killed_with_a_backend_still_busy(data: Path) -> None:
    with owner(data) as killed:
        pid, dsn = started(killed)
        connection = await asyncpg.connect(dsn)
        await connection.execute("create table kept as select 7 as n")
        busy, endless = connection.get_server_pid(), "do $$ begin loop end loop; end $$"
        asking = asyncio.create_task(connection.execute(endless))
        await asyncio.sleep(0.1)
        kill(killed.pid, pid)
    assert lives(busy)
    with start(data) as running:
        assert not lives(busy)
        assert await ask(running.dsn, "select n from kept") == 7
    with pytest.raises(asyncpg.PostgresConnectionError):
        await asking


def test_a_frozen_server_is_replaced(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "_ANSWERS_WITHIN", 1)
    with owner(data) as killed:
        pid, _ = started(killed)
        os.kill(pid, signal.SIGSTOP)
    with start(data) as running:
        assert running.pid != pid
        assert not lives(pid)


@pytest.mark.parametrize("ended", [True, False], ids=["a zombie", "another process"])
def test_a_number_that_is_in_use_again_fools_nobody(data: Path, ended: bool) -> None:
    with owner(data) as killed:
        pid, _ = started(killed)
        kill(killed.pid, *family(pid))
    with subprocess.Popen([sys.executable, "-c", "" if ended else "input()"], stdin=subprocess.PIPE) as other:
        if ended:
            os.waitid(os.P_PID, other.pid, os.WEXITED | os.WNOWAIT)
        for left in (data / "cluster/postmaster.pid", data / "socket/.s.PGSQL.5432.lock"):
            left.write_text(left.read_text().replace(str(pid), str(other.pid)))
        start(data).stop()
        assert ended or other.poll() is None


@pytest.mark.parametrize(
    "begun", ["", "/global/pg_control", "/base/5/PG_VERSION"], ids=["begun", "half", "late"]
)
def test_a_build_killed_half_way_is_begun_anew(unbuilt: Path, begun: str) -> None:
    with owner(unbuilt) as killed:
        assert soon(lambda: any(unbuilt.glob(f"cluster.draft-*{begun}")))
        kill(killed.pid)
    assert not (unbuilt / "cluster").exists()
    start(unbuilt).stop()
    assert not list(unbuilt.glob("*.draft-*"))
