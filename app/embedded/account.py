"""As whom PostgreSQL runs: as ourselves, or, since it refuses root, as a system user of its own.

That user is `workplan`, made on the first start as root. An existing `postgres` or `nobody` is not borrowed:
whoever else runs under the same user could read the data and signal the server.
"""

import os
import pwd
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.embedded.refusals import EmbeddedError

SYSTEM_USER = "workplan"


@dataclass(frozen=True, slots=True)
class Account:
    """The user that the server runs as."""

    name: str
    uid: int
    gid: int

    @property
    def is_another(self) -> bool:
        return self.uid != os.geteuid()

    def popen(self, folder: Path = Path("/")) -> dict[str, Any]:
        """What `subprocess` needs to run a program in a folder as this user, with no access that it lacks.

        The folder is entered first, while we are still ourselves: the way to it may be closed to that user.
        """
        own = {"cwd": folder, "umask": 0o077}
        return {**own, "user": self.uid, "group": self.gid, "extra_groups": []} if self.is_another else own

    def can_enter(self, folder: Path) -> bool:
        """Tried, not computed from modes: there are access lists, and file systems with their own ideas."""
        tried = subprocess.run(  # noqa: S603
            ["/bin/sh", "-c", 'cd -- "$0"', folder], **self.popen(), check=False, capture_output=True
        )
        return tried.returncode == 0


def current_account() -> Account:
    """The user for the server; as root, the system user, which is made when there is none."""
    if not Path("/proc/self").exists():
        raise EmbeddedError("The embedded database runs on Linux only (it needs /proc). Set DATABASE_URL.")
    if os.geteuid() != 0:
        return _ourselves()
    entry = _find() or _create()
    if entry.pw_uid == 0:
        raise EmbeddedError(
            f"The user {SYSTEM_USER} is another name of root here, and PostgreSQL refuses to run as root. "
            "Give that user an id of its own, or set DATABASE_URL."
        )
    account = Account(entry.pw_name, entry.pw_uid, entry.pw_gid)
    try:
        account.can_enter(Path("/"))
    except PermissionError as error:
        raise EmbeddedError(
            f"PostgreSQL refuses to run as root, and this process may not start it as {account.name} "
            f"({error.strerror}). Run the service as an ordinary user, or set DATABASE_URL."
        ) from error
    return account


def _ourselves() -> Account:
    uid = os.geteuid()
    try:
        return Account(pwd.getpwuid(uid).pw_name, uid, os.getegid())
    except KeyError:
        raise EmbeddedError(
            f"This process runs as user number {uid}, who is not in /etc/passwd, and PostgreSQL wants a user "
            "with a name. Enter one there, run the service as another user, or set DATABASE_URL."
        ) from None


def name_of(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"number {uid}"


def _find() -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        return None


def _create() -> pwd.struct_passwd:
    command = ["useradd", "--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent"]
    command += ["--shell", "/usr/sbin/nologin", SYSTEM_USER]
    said = ""
    for _ in range(20):  # another start may be making the same user, and useradd does not wait for its lock
        try:
            done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603
            said = done.stderr.strip()
        except OSError as error:
            said = str(error)
            break
        if entry := _find():
            return entry
        time.sleep(0.1)
    raise EmbeddedError(
        f"PostgreSQL refuses to run as root, and no system user {SYSTEM_USER} could be made for it ({said}). "
        f"Make it yourself ({' '.join(command)}), run the service as an ordinary user, or set DATABASE_URL."
    )
