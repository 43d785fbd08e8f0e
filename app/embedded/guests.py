"""Commands that need the database for a moment: from the folder's owner, or from a server of their own."""

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

from app.embedded import locks
from app.embedded.folder import Folder
from app.embedded.owner import start
from app.embedded.refusals import EmbeddedError, InUseError
from app.embedded.server import is_ready

_PATIENCE = 60.0


def attach(data_dir: Path) -> str | None:
    """The dsn when a live owner has the server running; None when nobody owns the folder."""
    folder = Folder(data_dir)
    deadline = time.monotonic() + _PATIENCE
    try:
        while folder.is_there() and locks.is_held(folder.owner_lock):
            if is_ready(folder):
                return folder.dsn
            if time.monotonic() > deadline:
                raise EmbeddedError(
                    f"Process {folder.owner} owns {folder.path}, but its PostgreSQL is not ready "
                    f"after {_PATIENCE:.0f} s. Look into {folder.log}."
                )
            time.sleep(0.05)
    except OSError as error:
        raise folder.unusable(error) from error
    return None


@contextlib.contextmanager
def session(data_dir: Path) -> Iterator[str]:
    """A dsn for the length of a command. A server started for it stops when all who joined it are done."""
    folder = Folder(data_dir)
    while True:
        if attach(data_dir):
            with locks.held(folder.guests_lock, shared=True):
                if dsn := attach(data_dir):  # still, now that it would wait for us
                    yield dsn
                    return
        with contextlib.suppress(InUseError):  # then another command was faster: join it
            running = start(data_dir)
            break
    try:
        yield running.dsn
    finally:
        with locks.held(folder.guests_lock):
            running.stop()
