"""The private folder that the server's socket is in; nothing listens on the network.

It is in the data folder. Where that is closed to the server's user, or its path is too long for a socket or has
signs that mean something in a URL or in a list of folders, it is made elsewhere, and `socket` in the data folder
is a link to it.
"""

import contextlib
import os
import re
import shutil
import stat
import tempfile
from pathlib import Path

from app.embedded.account import Account
from app.embedded.files import make_folder
from app.embedded.folder import PORT, Folder
from app.embedded.refusals import EmbeddedError

_SOCKET = f".s.PGSQL.{PORT}"
_LONGEST = 107 - len(f"/{_SOCKET}")
_PLAIN = re.compile(r"[A-Za-z0-9_./-]+")


def make_socket_folder(folder: Folder, account: Account) -> None:
    """Keep the recorded folder if it is still good, else make one."""
    socket = folder.socket
    if _suits(socket.resolve(), account) and _is_private(socket.resolve(), account):
        return
    if socket.is_symlink():
        socket.unlink()
    elif socket.exists():
        shutil.rmtree(socket)
    if _suits(socket, account):
        make_folder(socket, 0o700, account.uid, account.gid)
        return
    elsewhere = Path(tempfile.mkdtemp(prefix="workplan-", dir=_place(account)))
    os.chown(elsewhere, account.uid, account.gid)
    socket.symlink_to(elsewhere)


def clear_socket(folder: Folder) -> None:
    """Remove what a killed server left: its lock would stop the next one if the number is in use again."""
    for name in (_SOCKET, f"{_SOCKET}.lock"):
        (folder.socket / name).unlink(missing_ok=True)


def drop_socket_folder(folder: Folder) -> None:
    """Leave nothing behind elsewhere."""
    if folder.socket.is_symlink():
        clear_socket(folder)
        with contextlib.suppress(OSError):
            folder.socket.resolve().rmdir()
        folder.socket.unlink()


def _suits(path: Path, account: Account) -> bool:
    can_be_written = len(os.fsencode(path)) <= _LONGEST and _PLAIN.fullmatch(str(path)) is not None
    return can_be_written and account.can_enter(path.parent)


def _is_private(path: Path, account: Account) -> bool:
    try:
        found = path.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == account.uid and not found.st_mode & 0o077


def _place(account: Account) -> Path:
    for name in ("/run", os.environ.get("XDG_RUNTIME_DIR", ""), "/tmp"):  # noqa: S108
        place = Path(name)
        if place.is_absolute() and os.access(place, os.W_OK | os.X_OK) and account.can_enter(place):
            return place
    raise EmbeddedError(
        "The server's socket cannot be in the data folder (its path is too long or unusual, or closed to "
        f"the user {account.name}), and neither /run, $XDG_RUNTIME_DIR nor /tmp can be written instead. "
        "Name another folder with WORKPLAN_DATA_DIR."
    )
