"""A copy in a folder: a file for each record, and `state.json`, which says how far they go.

A file is replaced as a whole, and the state moves when the files are on the disk. Whoever is stopped in between
applies the same changes once more, which leads to the same files.
"""

import json
import os
import re
import shutil
from collections.abc import AsyncIterator, Iterator, Sequence
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path
from typing import Any
from uuid import uuid4

from app.mirror.copies import Digest, Record, Trouble, digest_of

_STATE = "state.json"
_KIND, _ID = re.compile("[a-z][a-z-]{0,39}"), re.compile("[0-9a-f-]{36}")


class Folder:
    """The folder, held by one process at a time."""

    def __init__(self, path: Path, source: str, kinds: str, *, anew: bool = False) -> None:
        self._path = path
        self._is_of = {"source": source, "kinds": kinds}
        path.mkdir(parents=True, exist_ok=True)
        self._lock = (path / ".lock").open("w")
        try:
            flock(self._lock, LOCK_EX | LOCK_NB)
            self._state = self._read_state(anew=anew)
        except BlockingIOError:
            self._lock.close()
            raise Trouble(f"Another process keeps the copy in {path}.") from None
        except Trouble:
            self._lock.close()
            raise
        for left in path.glob("records-*"):
            if left.name != self._state.get("records"):
                shutil.rmtree(left)

    async def position(self) -> int | None:
        return self._state.get("position")

    async def begin(self, position: int, records: AsyncIterator[Record]) -> None:
        """In a new folder beside the old one; the state turns from one to the other."""
        old, new = self._state.get("records"), f"records-{position}-{uuid4().hex[:8]}"
        self._state = {**self._state, "records": new}
        folders = {self._path}
        async for record in records:
            folders.add(self._put(record))
        self._move(position, folders)
        if old:
            shutil.rmtree(self._path / old, ignore_errors=True)

    async def apply(self, changed: Sequence[Record], position: int) -> None:
        self._move(position, {self._put(record) for record in changed})

    async def digests(self) -> dict[str, Digest]:
        return digest_of(self._held())

    async def close(self) -> None:
        self._lock.close()

    def _held(self) -> Iterator[tuple[str, str, int]]:
        for file in (self._path / self._state["records"]).glob("*/*.json"):
            record = json.loads(file.read_text(encoding="utf-8"))
            yield file.parent.name, record["id"], record["version"]

    def _put(self, record: Record) -> Path:
        """Write the record's file, or take it away; the folder that it is in."""
        if not _KIND.fullmatch(record.kind) or not _ID.fullmatch(record.id):
            raise Trouble("The register names a record in a way that no file is named.")
        folder: Path = self._path / self._state["records"] / record.kind
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / f"{record.id}.json"
        if record.record is None:
            file.unlink(missing_ok=True)
        else:
            _replace(file, record.record)
        return folder

    def _read_state(self, *, anew: bool) -> dict[str, Any]:
        file = self._path / _STATE
        if not file.exists():
            return {}
        state: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        if not anew and {name: state[name] for name in self._is_of} != self._is_of:
            raise Trouble(
                f"{self._path} holds a copy of something else: {state['source']} {state['kinds']}".rstrip()
                + ". `--anew` replaces it."
            )
        return state

    def _move(self, position: int, folders: set[Path]) -> None:
        """First the folders are on the disk, then the state says so."""
        for folder in folders:
            _sync(folder)
        self._state = {**self._is_of, "position": position, "records": self._state["records"]}
        _replace(self._path / _STATE, self._state)
        _sync(self._path)


def _replace(file: Path, content: dict[str, Any]) -> None:
    new = file.with_suffix(".new")
    with new.open("w", encoding="utf-8") as writing:
        json.dump(content, writing, ensure_ascii=False)
        writing.flush()
        os.fsync(writing.fileno())
    new.replace(file)


def _sync(folder: Path) -> None:
    """A name that was given or taken away stays so after a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
