"""The server's processes: started, found again, and ended, whatever became of those who started them before.

PostgreSQL's own postmaster.pid cannot tell whether a server lives: its number may be that of a zombie, or of
another process by now. So all processes of a server hold `server.lock`, inherited from its start: while it is
held, one of them lives; when it is free, none does.
"""

import contextlib
import logging
import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from app.embedded import locks
from app.embedded.configuration import cluster_name
from app.embedded.folder import PORT, Folder
from app.embedded.programs import HERE, Programs, environment, last_lines
from app.embedded.refusals import EmbeddedError
from app.embedded.sockets import clear_socket

log = logging.getLogger(__name__)
_ANSWERS_WITHIN = 5
"""Seconds in which a server lets us in; another one hangs, and is replaced."""

FAST, AT_ONCE = signal.SIGINT, signal.SIGQUIT
"""What PostgreSQL makes of them: end after the last checkpoint, or end now and recover at the next start."""


class Server:
    """The server of one data folder, for the one process that owns the folder."""

    def __init__(self, folder: Folder, programs: Programs) -> None:
        self.pid = 0
        self.cancelled = threading.Event()
        self._folder = folder
        self._programs = programs
        self._child: subprocess.Popen[bytes] | None = None
        self._launched = 0.0

    def start(self, *, keep: bool = True) -> None:
        """Return when the server accepts connections: a new one, or one that runs if it may be kept."""
        if self._any_process():
            if keep and self._adopt():
                return
            self.end(AT_ONCE, patience=3)
        self._clear()
        self._launch()
        self._until_ready()
        if not self.runs():
            raise EmbeddedError(f"PostgreSQL did not start on {self._folder.cluster}:\n{self._last_words()}")
        if not self._answers():
            self.end(FAST, patience=10)
            raise EmbeddedError(
                f"PostgreSQL runs on {self._folder.cluster}, but did not let us in within 10 s with the "
                f"password in {self._folder.password}:\n{self._last_words()}"
            )

    def runs(self) -> bool:
        if self._child is not None:
            return self._reaped() is None
        return _is_of(self._folder, self.pid)

    def end(self, how: signal.Signals, *, patience: float) -> None:
        """End every process of the server, the patient way first."""
        pid, _ = _postmaster(self._folder)
        if pid and _is_of(self._folder, pid):
            for asking, seconds in {how: patience, AT_ONCE: 3.0}.items():
                _tell(pid, asking)
                if self._wait_for_end(seconds):
                    return
        for left in _processes_of(self._folder):
            _tell(left, signal.SIGKILL)
        if not self._wait_for_end(10):
            raise EmbeddedError(
                f"Processes of PostgreSQL still run on {self._folder.cluster} and cannot be ended from here: "
                "in another container, perhaps, or stuck on a disk. End them first."
            )

    def _adopt(self) -> bool:
        pid, _ = _postmaster(self._folder)
        if not _is_of(self._folder, pid):
            return False
        self._child, self.pid = None, pid
        self._until_ready()
        return self.runs() and self._answers()

    def _clear(self) -> None:
        """No process of ours lives. Remove what would make PostgreSQL believe that one does."""
        pid, _ = _postmaster(self._folder)
        deadline = time.monotonic() + 1  # a process that is being killed lets go of its lock first
        while pid and _is_of(self._folder, pid):
            if time.monotonic() > deadline:
                raise EmbeddedError(
                    f"PostgreSQL was started by hand on {self._folder.cluster} (process {pid}). Stop it."
                )
            time.sleep(0.02)
        if pid and Path(f"/proc/{pid}").exists():
            (self._folder.cluster / "postmaster.pid").unlink()
        clear_socket(self._folder)

    def _launch(self) -> None:
        self._launched = time.time()
        lock = locks.take(self._folder.server_lock)
        if lock is None:
            raise EmbeddedError(f"Another PostgreSQL starts on {self._folder.cluster} just now. Try again.")
        try:
            with self._folder.start_log.open("wb") as said:
                self._child = self._programs.start(
                    *("postgres", "-D", HERE, "-c", f"cluster_name={cluster_name(self._folder)}"),
                    folder=self._folder.cluster,
                    stdout=said,
                    stderr=said,
                    pass_fds=(lock,),
                )
        finally:
            os.close(lock)
        self.pid = self._child.pid

    def _until_ready(self) -> None:
        """Recovery after a crash takes as long as it takes: wait while the server lives."""
        began = time.monotonic()
        while self.runs() and _postmaster(self._folder) != (self.pid, "ready"):
            if self.cancelled.wait(0.02):
                raise EmbeddedError("The start of PostgreSQL was called off.")
            if time.monotonic() - began > 10:
                log.warning("PostgreSQL (process %d) is not ready yet: recovering, or ending", self.pid)
                began = time.monotonic()

    def _answers(self) -> bool:
        """Whether it lets us in within seconds, and is of the version that is installed."""
        asking = {
            "PGHOST": str(self._folder.socket.resolve()),
            "PGPORT": str(PORT),
            "PGUSER": "workplan",
            "PGDATABASE": "workplan",
            "PGPASSWORD": self._folder.password.read_text().strip(),
            "PGCONNECT_TIMEOUT": str(_ANSWERS_WITHIN),
        }
        with contextlib.suppress(subprocess.TimeoutExpired):
            said = subprocess.run(  # noqa: S603
                [self._programs.path("psql"), "--no-psqlrc", "-Atc", "show server_version"],
                env=environment(asking),
                check=False,
                capture_output=True,
                text=True,
                timeout=2 * _ANSWERS_WITHIN,
            )
            return said.stdout.startswith(self._programs.version)
        return False

    def _any_process(self) -> bool:
        self._reaped()
        return locks.is_held(self._folder.server_lock)

    def _reaped(self) -> int | None:
        return None if self._child is None else self._child.poll()

    def _wait_for_end(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while self._any_process():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        if self._child is not None:
            self._child.wait()
        return True

    def _last_words(self) -> str:
        logs = sorted(self._folder.log.glob("postgresql-*.log"))
        files = [self._folder.start_log, *(file for file in logs if file.stat().st_mtime >= self._launched)]
        return last_lines("\n".join(file.read_text(errors="replace").strip() for file in files))


def is_ready(folder: Folder) -> bool:
    """Whether the server of this folder accepts connections, for those who do not own it."""
    pid, status = _postmaster(folder)
    return status == "ready" and _is_of(folder, pid)


def _postmaster(folder: Folder) -> tuple[int, str]:
    """What postmaster.pid says: process and status; (0, "") when it says nothing."""
    try:
        lines = (folder.cluster / "postmaster.pid").read_text().splitlines()
        return int(lines[0]), lines[7].strip() if len(lines) > 7 else ""
    except (OSError, ValueError, IndexError):
        return 0, ""


def _tell(pid: int, what: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, what)


def _processes_of(folder: Folder) -> Iterator[int]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and _is_of(folder, int(entry.name)):
            yield int(entry.name)


def _is_of(folder: Folder, pid: int) -> bool:
    """Whether this is a live process of PostgreSQL on this cluster: no zombie, no other with its number."""
    process = Path(f"/proc/{pid}")
    try:
        if (process / "comm").read_text().strip() != "postgres":
            return False
        command = (process / "cmdline").read_bytes()
        if re.search(rf"\b{cluster_name(folder)}\b".encode(), command):
            return True
        if os.fsencode(folder.cluster) in command.split(b"\0"):  # started by hand
            return True
        return (process / "cwd").samefile(folder.cluster)  # root in a container may not look there
    except OSError:
        return False
