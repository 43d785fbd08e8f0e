"""The data folder: where each thing is, whose it may be, and who owns it now.

    owner.lock            held by the process that serves; its id is inside
    server.lock           held by PostgreSQL's own processes
    guests.lock           held by commands that use the server of another command
    password              of the role `workplan`, as which the service connects
    superuser-password    of the role `postgres`
    cluster/              the data; as root it belongs to the user that PostgreSQL runs as, the rest to us
    cluster/log/, start.log                 what PostgreSQL says
    cluster/postgresql.conf, pg_hba.conf    written anew at every start
    socket                a folder, or a link to one elsewhere (sockets.py)
    programs-18.6.3/, programs.lock         PostgreSQL itself, only where its user cannot reach the installed one

A folder that was given is used as it is or refused: what we did not make keeps its mode and its owner. It may
be closed to PostgreSQL's user, and so may any folder above: the server is started inside the cluster.
"""

import os
import stat
from pathlib import Path

from app.embedded import locks
from app.embedded.account import Account, name_of
from app.embedded.files import make_folder
from app.embedded.refusals import EmbeddedError, InUseError

PORT = 5432


def default_data_dir() -> Path:
    """Where the data is unless `WORKPLAN_DATA_DIR` says otherwise."""
    if os.geteuid() == 0:
        return Path("/var/lib/workplan")
    chosen = Path(os.environ.get("XDG_DATA_HOME", ""))
    return (chosen if chosen.is_absolute() else Path.home() / ".local/share") / "workplan"


class Folder:
    """One data folder."""

    def __init__(self, path: Path) -> None:
        self.path = path.expanduser().resolve()
        self.owner_lock = self.path / "owner.lock"
        self.server_lock = self.path / "server.lock"
        self.guests_lock = self.path / "guests.lock"
        self.password = self.path / "password"
        self.superuser_password = self.path / "superuser-password"
        self.cluster = self.path / "cluster"
        self.socket = self.path / "socket"
        self.log = self.cluster / "log"
        self.start_log = self.path / "start.log"
        self.configuration = self.cluster / "postgresql.conf"
        self.admission = self.cluster / "pg_hba.conf"

    @property
    def dsn(self) -> str:
        password = self.password.read_text().strip()
        return f"postgresql://workplan:{password}@/workplan?host={self.socket.resolve()}&port={PORT}"

    @property
    def owner(self) -> str:
        """The process that owns the folder, or owned it last."""
        return self.owner_lock.read_text().strip()

    def prepare(self, account: Account) -> None:
        """Make the folder, or see that the one given can be used."""
        if not self.is_there():
            self._make(account)
        self._check_mode()
        self._check_content()

    def own(self) -> int:
        """Become the owner, for as long as the descriptor is open."""
        descriptor = locks.take(self.owner_lock, patience=1)
        if descriptor is None:
            raise InUseError(
                f"The data folder {self.path} is in use by process {self.owner or '?'}. "
                "Stop that process first, or name another folder with WORKPLAN_DATA_DIR."
            )
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        return descriptor

    def is_there(self) -> bool:
        """Refuses the folder of another user, by root too: its owner decides what the names in it lead to."""
        try:
            found = self.path.stat()
        except FileNotFoundError:
            return False
        if not stat.S_ISDIR(found.st_mode):
            raise EmbeddedError(f"{self.path} is not a folder. Name another with WORKPLAN_DATA_DIR.")
        if found.st_uid != os.geteuid():
            owner, we = name_of(found.st_uid), name_of(os.geteuid())
            raise EmbeddedError(
                f"The data folder {self.path} belongs to the user {owner}, and this process runs as {we}. "
                f"Run it as {owner}, or name another folder with WORKPLAN_DATA_DIR."
            )
        return True

    def unusable(self, error: OSError) -> EmbeddedError:
        return EmbeddedError(
            f"The embedded database in {self.path} cannot be used: {error}. "
            "Name another folder with WORKPLAN_DATA_DIR, or set DATABASE_URL."
        )

    def _make(self, account: Account) -> None:
        missing = [step for step in self.path.parents if not step.exists()]
        mode = 0o710 if account.is_another else 0o700  # the server's group may pass, and see nothing
        for step in (*reversed(missing), self.path):
            try:
                make_folder(step, mode, os.geteuid(), account.gid)
            except OSError as error:
                if not step.is_dir():  # else another start was faster
                    raise EmbeddedError(
                        f"The data folder {self.path} cannot be made: {error.strerror} in {step.parent}. "
                        "Name another with WORKPLAN_DATA_DIR."
                    ) from error

    def _check_mode(self) -> None:
        mode = stat.S_IMODE(self.path.stat().st_mode)
        if not os.access(self.path, os.R_OK | os.W_OK | os.X_OK):
            wrong, remedy = "its own user cannot read and write in it", "u+rwx"
        elif mode & stat.S_IWOTH:
            wrong, remedy = "everybody could replace what is in it", "o-w"
        else:
            return
        raise EmbeddedError(
            f"The data folder {self.path} has mode {mode:04o}: {wrong}. Nothing was changed. "
            f"Change that (chmod {remedy} {self.path}), or name another folder with WORKPLAN_DATA_DIR."
        )

    def _check_content(self) -> None:
        names = {entry.name for entry in self.path.iterdir()} - {"lost+found"}
        if names and self.owner_lock.name not in names:
            raise EmbeddedError(
                f"{self.path} is not a data folder of the register: it has {', '.join(sorted(names)[:3])}. "
                "Name an empty or a new folder with WORKPLAN_DATA_DIR."
            )
