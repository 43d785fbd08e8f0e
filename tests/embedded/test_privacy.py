"""Who can read the data, and who cannot."""

import os
import stat
import subprocess
from pathlib import Path

import asyncpg
import pytest

from app.embedded import start
from tests.embedded.helpers import AS_ROOT, NOBODY, as_user, ask, mode


def test_only_its_user_can_read_what_is_in_the_folder(unbuilt: Path) -> None:
    with start(unbuilt):
        assert mode(unbuilt) == (0o710 if os.geteuid() == 0 else 0o700)
        for name in ("cluster", "cluster/log", "socket"):
            assert mode(unbuilt / name) == 0o700
        server = (unbuilt / "cluster").stat().st_uid
        for name in ("postgresql.conf", "pg_hba.conf"):
            found = (unbuilt / "cluster" / name).stat()
            assert (stat.S_IMODE(found.st_mode), found.st_uid) == (0o600, server)
        for name in ("password", "superuser-password", "owner.lock", "server.lock"):
            found = (unbuilt / name).stat()
            assert (stat.S_IMODE(found.st_mode), found.st_uid) == (0o600, os.geteuid())


def test_folders_above_keep_their_modes(place: Path) -> None:
    (place / "above").mkdir()
    (place / "above").chmod(0o751)
    start(place / "above/data").stop()
    assert [mode(place), mode(place / "above")] == [0o755, 0o751]


@AS_ROOT
def test_another_user_cannot_reach_the_socket_as_root_can(data: Path) -> None:
    with start(data):
        looking = ["/bin/sh", "-c", f"ls {data}/socket || cat {data}/password || ls {data}"]
        assert subprocess.run(looking, **as_user(NOBODY, NOBODY), check=False).returncode != 0


async def test_nobody_comes_in_without_the_password(data: Path) -> None:
    with start(data) as running:
        _, _, place = running.dsn.partition("@")
        for user in ("workplan", "postgres"):
            with pytest.raises(asyncpg.InvalidPasswordError):
                await ask(f"postgresql://{user}:workplan@{place}", "select 1")
            with pytest.raises(asyncpg.PostgresError, match="password"):
                await ask(f"postgresql://{user}@{place}", "select 1")
        password = (data / "superuser-password").read_text().strip()
        assert await ask(f"postgresql://postgres:{password}@{place}", "show is_superuser") == "on"


async def test_the_log_shows_no_data(data: Path) -> None:
    with start(data) as running:
        await ask(running.dsn, "create table people (name text primary key)")
        await ask(running.dsn, "insert into people values ('Canary')")
        with pytest.raises(asyncpg.UniqueViolationError):
            await ask(running.dsn, "insert into people values ('Canary')")
    said = "".join(log.read_text() for log in (data / "cluster/log").iterdir())
    assert "duplicate key" in said
    assert "Canary" not in said
