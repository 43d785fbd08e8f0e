"""Any path, any user, and programs that its user cannot reach."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from app.embedded import attach, default_data_dir, start
from tests.embedded.helpers import (
    AS_ROOT,
    NOBODY,
    ROOT,
    as_user,
    ask,
    copy_programs,
    exists,
    family,
    kill,
    link,
    lives,
    mode,
    owner,
    program_of,
    started,
    user_of,
)


def test_the_default_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert default_data_dir() == Path("/var/lib/workplan")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setenv("XDG_DATA_HOME", "/home/aiko/data")
    assert default_data_dir() == Path("/home/aiko/data/workplan")
    monkeypatch.delenv("XDG_DATA_HOME")
    assert default_data_dir() == Path.home() / ".local/share/workplan"


@pytest.fixture(params=["d" * 110, 'it\'s, "a" 100% +データ=&?#@'], ids=["long", "odd"])
def hard(data: Path, request: pytest.FixtureRequest) -> Path:
    """A data folder with a path that no socket can have."""
    return data.rename(data.parent / request.param)


async def test_any_path_will_do(hard: Path) -> None:
    with start(hard) as running:
        elsewhere = link(hard / "socket")
        assert mode(elsewhere) == 0o700
        assert await ask(running.dsn, "select 7") == 7
        assert attach(hard) == running.dsn
    assert not exists(elsewhere)


async def test_a_server_with_its_socket_elsewhere_is_taken_over(hard: Path) -> None:
    with owner(hard) as killed:
        pid, dsn = started(killed)
    with start(hard) as running:
        assert (running.pid, running.dsn) == (pid, dsn)


async def test_a_socket_folder_elsewhere_may_vanish(hard: Path) -> None:
    with owner(hard) as killed:
        pid, _ = started(killed)
        kill(killed.pid, *family(pid))
    shutil.rmtree(link(hard / "socket"))
    with start(hard) as running:
        assert await ask(running.dsn, "select 7") == 7


@pytest.fixture
def python_of_all() -> str:
    for python in (sys.executable, "/usr/bin/python3"):
        trying = [python, "-c", "import sys; sys.exit(sys.version_info < (3, 11))"]
        try:
            if subprocess.run(trying, **as_user(NOBODY, NOBODY), check=False).returncode == 0:
                return python
        except OSError:
            continue
    pytest.skip("no Python of 3.11 or later that every user can run")


@AS_ROOT
async def test_an_ordinary_user_can_do_the_same(place: Path, python_of_all: str) -> None:
    home, code = place / "home", place / "code"
    home.mkdir(0o700)
    os.chown(home, NOBODY, NOBODY)
    shutil.copytree(ROOT / "app/embedded", code / "app/embedded")
    copy_programs(code)
    with owner(home / "a/b/data", python_of_all, str(code), **as_user(NOBODY, NOBODY)) as process:
        pid, dsn = started(process)
        assert user_of(pid) == NOBODY
        assert await ask(dsn, "select 7") == 7
        process.communicate()
    assert not lives(pid)
    assert mode(home / "a") == mode(home / "a/b/data") == 0o700


@AS_ROOT
async def test_programs_in_a_closed_folder_are_copied(place: Path, data: Path) -> None:
    closed = place / "closed"
    closed.mkdir(0o700)
    copy_programs(closed)
    with owner(data, path=f"{closed}:{ROOT}") as process:
        pid, dsn = started(process)
        assert str(program_of(pid)).startswith(f"{data}/programs-18.")
        assert await ask(dsn, "create extension pg_trgm") is None
        process.communicate()
    assert not lives(pid)
    assert mode(closed) == 0o700
