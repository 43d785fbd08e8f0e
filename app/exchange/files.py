"""Files on this side: which format their ending says, read with progress, and written whole or not at all."""

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from app.exchange.ends import Misused

MEDIA_TYPES = {
    ".csv": "text/csv",
    ".json": "application/json",
    ".jsonl": "application/x-ndjson",
    ".ndjson": "application/x-ndjson",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_PIECE = 1 << 18


def media_type_of(file: Path) -> str:
    """By the ending of the name."""
    if file.suffix.lower() not in MEDIA_TYPES:
        raise Misused(f"The ending of {file.name} is none of {', '.join(MEDIA_TYPES)}.")
    return MEDIA_TYPES[file.suffix.lower()]


def pieces_of(file: Path, tell: Callable[[int], None]) -> Iterator[bytes]:
    """The content, and how much of it has been taken."""
    with file.open("rb") as opened:
        while piece := opened.read(_PIECE):
            yield piece
            tell(opened.tell())


def digest_of(file: Path) -> str:
    """SHA-256 of the content."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


@contextmanager
def written_whole(file: Path) -> Iterator[BinaryIO]:
    """A file that is there under its name only once all of it is."""
    made, name = tempfile.mkstemp(prefix=f".{file.name}.", suffix=".part", dir=file.parent)
    try:
        with os.fdopen(made, "wb") as opened:
            yield opened
            opened.flush()
            os.fsync(opened.fileno())
        mask = os.umask(0)
        os.umask(mask)
        Path(name).chmod(0o666 & ~mask)
        Path(name).replace(file)
    except BaseException:
        with suppress(FileNotFoundError):
            Path(name).unlink()
        raise
