"""As root: data folders that PostgreSQL's user cannot reach, as `mktemp -d` makes them."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.embedded import attach, programs, start
from tests.embedded.helpers import (
    AS_ROOT,
    NOBODY,
    as_user,
    ask,
    command_of,
    copy_programs,
    exists,
    family,
    kill,
    latest_log,
    link,
    lives,
    mode,
    owner,
    program_of,
    soon,
    started,
    user_of,
)

pytestmark = AS_ROOT


@pytest.fixture(params=["itself", "above", "given"])
def closed(request: pytest.FixtureRequest, place: Path) -> Iterator[Path]:
    """A data folder to be: closed itself, to be made below a closed folder, or given there."""
    data = {"itself": place / "data", "above": place / "a/b/data", "given": place / "a/data"}[request.param]
    made = [place / "data"] if request.param == "itself" else [place / "a"]
    for folder in made:
        folder.mkdir(0o700)
    if request.param == "given":
        data.mkdir(0o755)
    yield data
    if (data / "cluster/postmaster.pid").exists() and not attach(data):
        start(data).stop()


def _ways(data: Path) -> dict[Path, tuple[int, int, int]]:
    """Owner and mode of the folder and of all above it, as far as they are there."""
    found = {step: step.stat() for step in (data, *data.parents) if step.exists()}
    return {step: (each.st_mode, each.st_uid, each.st_gid) for step, each in found.items()}


async def test_a_closed_folder_is_used_and_stays_as_it_is(closed: Path) -> None:
    before = _ways(closed)
    with owner(closed) as killed:
        pid, dsn = started(killed)
        assert user_of(pid) != 0
        await ask(dsn, "create table kept as select 7 as n")
        kill(killed.pid, *family(pid))
    with start(closed) as running:
        assert await ask(running.dsn, "select n from kept") == 7
        elsewhere = link(closed / "socket")
        assert mode(elsewhere) == 0o700
        assert "not properly shut down" in latest_log(closed)
    assert not exists(elsewhere)
    assert before.items() <= _ways(closed).items()


@pytest.fixture
def shut(data: Path) -> Path:
    """A data folder that was used while it was open, and is closed now."""
    data.chmod(0o700)
    return data


async def test_a_killed_server_is_brought_back(shut: Path) -> None:
    with start(shut) as running:
        pid = running.pid
        kill(*family(pid))
        assert soon(lambda: running.pid != pid and attach(shut) is not None)
        assert await ask(running.dsn, "select 7") == 7


async def test_postgresql_begins_anew_inside_when_a_process_of_its_own_dies(shut: Path) -> None:
    with start(shut) as running:
        await ask(running.dsn, "create table kept as select 7 as n")
        kill(next(pid for pid in family(running.pid) if b"checkpointer" in command_of(pid)))
        assert soon(lambda: "reinitializing" in latest_log(shut))
        assert soon(lambda: latest_log(shut).endswith("ready to accept connections\n"))
        assert await ask(running.dsn, "select n from kept") == 7


async def test_the_server_of_a_killed_owner_is_taken_over(shut: Path) -> None:
    with owner(shut) as killed:
        pid, dsn = started(killed)
    with start(shut) as running:
        assert (running.pid, running.dsn) == (pid, dsn)
        assert await ask(running.dsn, "select 7") == 7
    assert not lives(pid)


async def test_what_postgresql_opens_later_is_found_too(shut: Path) -> None:
    with start(shut) as running:
        password = (shut / "superuser-password").read_text().strip()
        superuser = f"postgresql://postgres:{password}@{running.dsn.partition('@')[2]}"
        for view in ("pg_file_settings", "pg_hba_file_rules"):
            assert await ask(superuser, f"select count(*) > 0 and count(error) = 0 from {view}")
        await ask(superuser, "alter system set work_mem = '5MB'")
        assert await ask(superuser, "select pg_reload_conf()")
        first = shut / "cluster" / await ask(superuser, "select pg_current_logfile()")
        first.rename(first.with_suffix(".old"))
        assert await ask(superuser, "select pg_rotate_logfile()")
        assert soon(lambda: any((shut / "cluster/log").glob("*.log")))
        await ask(running.dsn, "create extension pg_trgm")
        assert await ask(running.dsn, "show work_mem") == "5MB"


def test_others_stay_outside(shut: Path) -> None:
    with start(shut):
        looking = ["/bin/sh", "-c", f"ls {link(shut / 'socket')} || ls {shut} || ls {shut}/cluster"]
        assert subprocess.run(looking, **as_user(NOBODY, NOBODY), check=False).returncode != 0


async def test_closed_programs_are_copied_where_their_user_can_reach_them(
    shut: Path, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = place / "installed"
    installed.mkdir(0o700)
    copy_programs(installed)
    monkeypatch.syspath_prepend(installed)
    monkeypatch.setattr(programs, "SHARED", place / "shared")
    for _ in range(2):
        with start(shut) as running:
            assert str(program_of(running.pid)).startswith(f"{place}/shared/programs-18.")
            assert await ask(running.dsn, "select 7") == 7
    assert mode(place / "shared") == 0o755
    assert mode(installed) == 0o700
    assert not exists(shut / "programs.lock")
