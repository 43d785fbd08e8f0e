"""Bodies that may be large: kept on disk, so that memory does not grow with them.

Up to a megabyte is kept in memory, as the common file is smaller. What is larger goes into a file that has no name:
nobody else can open it, and it is gone with the process, however that ends.
"""

import hashlib
import io
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from tempfile import SpooledTemporaryFile
from types import TracebackType
from typing import Any, Self

_IN_MEMORY = 1 << 20
_PIECE = 1 << 18


class Spool:
    """Bytes that are written once, and then read from the start as often as needed."""

    def __init__(self, folder: Path | None = None) -> None:
        self.size = 0
        self.reached = 0
        """How far it has been read."""
        self._file = SpooledTemporaryFile(_IN_MEMORY, dir=str(folder) if folder else None)  # noqa: SIM115  (closed by close)
        self._print = hashlib.sha256()

    def write(self, piece: bytes) -> None:
        self._file.seek(self.size)
        self._file.write(piece)
        self._print.update(piece)
        self.size += len(piece)

    @property
    def digest(self) -> bytes:
        """SHA-256 of all that was written."""
        return self._print.digest()

    def head(self, size: int) -> bytes:
        """The first bytes."""
        return self.at(0, size)

    def at(self, place: int, size: int) -> bytes:
        self._file.seek(place)
        self.reached = max(self.reached, min(place + size, self.size))
        return self._file.read(size)

    def opened(self) -> io.BufferedReader:
        """A reader of its own, from the start; several do not disturb each other."""
        return io.BufferedReader(_Reader(self), _PIECE)

    def pieces(self) -> Iterator[bytes]:
        """Everything, piece by piece."""
        for place in range(0, self.size, _PIECE):
            yield self.at(place, _PIECE)

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _Reader(io.RawIOBase):
    """A place in a spool."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._place = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._place

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._spool.size}[whence]
        self._place = max(0, start + offset)
        return self._place

    def readinto(self, buffer: Any) -> int:
        piece = self._spool.at(self._place, len(buffer))
        buffer[: len(piece)] = piece
        self._place += len(piece)
        return len(piece)


async def spooled(pieces: AsyncIterator[bytes], folder: Path | None) -> Spool:
    """A body as it arrives. What comes only in part is not kept."""
    spool = Spool(folder)
    try:
        async for piece in pieces:
            spool.write(piece)
    except BaseException:
        spool.close()
        raise
    return spool
