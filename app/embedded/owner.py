"""The owner of a data folder: starts the server, brings it back when it dies, and stops it."""

import atexit
import contextlib
import logging
import os
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from app.embedded.account import current_account
from app.embedded.cluster import ensure_cluster
from app.embedded.configuration import configure, drop_old_logs
from app.embedded.folder import Folder
from app.embedded.programs import drop_old_copies, find_programs
from app.embedded.refusals import EmbeddedError
from app.embedded.server import FAST, Server
from app.embedded.sockets import drop_socket_folder, make_socket_folder

log = logging.getLogger(__name__)

_GLANCE = 0.25
_TIDY = 60.0
_STOP = 60.0
"""Seconds: between two looks at the server, between two looks at its logs, for its last checkpoint."""


class Running:
    """The server of a data folder that this process owns, until `stop()`."""

    def __init__(self, folder: Folder, server: Server, ownership: int) -> None:
        self.data_dir = folder.path
        self.dsn = folder.dsn
        self._folder = folder
        self._server = server
        self._ownership = ownership
        self._process = os.getpid()
        self._busy = threading.Lock()
        self._watch = threading.Thread(target=self._keep_alive, name="embedded-postgres", daemon=True)
        self._watch.start()
        atexit.register(self.stop)

    @property
    def pid(self) -> int:
        """The server's process; another one after it died and was brought back."""
        return self._server.pid

    def stop(self) -> None:
        """End the server after its last checkpoint, and give the data folder up."""
        if self._server.cancelled.is_set() or os.getpid() != self._process:
            return
        self._server.cancelled.set()
        atexit.unregister(self.stop)
        try:
            with self._busy:
                self._server.end(FAST, patience=_STOP)
            drop_socket_folder(self._folder)
        finally:
            os.close(self._ownership)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _keep_alive(self) -> None:
        pause, tidied = _GLANCE, time.monotonic()
        while not self._server.cancelled.wait(pause):
            with self._busy:
                pause = _GLANCE if self._server.runs() else self._bring_back(pause)
            if time.monotonic() - tidied > _TIDY:
                with contextlib.suppress(OSError):
                    drop_old_logs(self._folder)
                tidied = time.monotonic()

    def _bring_back(self, pause: float) -> float:
        if self._server.cancelled.is_set():
            return pause
        log.error("PostgreSQL (process %d) is gone; starting it again", self.pid)
        try:
            self._server.start()
        except (EmbeddedError, OSError) as error:
            if self._server.cancelled.is_set():
                return pause
            log.error("PostgreSQL cannot be started: %s", error)  # noqa: TRY400  (the message is all there is to say)
            return min(pause * 2, 10)
        log.warning("PostgreSQL runs again (process %d)", self.pid)
        return _GLANCE


def start(data_dir: Path, *, settings: Mapping[str, str] | None = None) -> Running:
    """Own the data folder and have its server running: built if need be, taken over if one was left running.

    Settings are PostgreSQL's, and come before the ones of this package.
    """
    folder = Folder(data_dir)
    try:
        account = current_account()
        folder.prepare(account)
        ownership = folder.own()
    except OSError as error:
        raise folder.unusable(error) from error
    try:
        programs = find_programs(folder, account)
        ensure_cluster(folder, programs, account)
        make_socket_folder(folder, account)
        changed = configure(folder, account, settings or {})
        server = Server(folder, programs)
        try:
            server.start(keep=not changed)
            drop_old_copies(folder)
            drop_old_logs(folder)
            return Running(folder, server, ownership)
        except (KeyboardInterrupt, SystemExit):
            server.end(FAST, patience=_STOP)
            raise
    except BaseException as error:
        os.close(ownership)
        if isinstance(error, OSError):
            raise folder.unusable(error) from error
        raise
