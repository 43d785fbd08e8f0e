"""A collection is fetched into a file."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

import httpx2

from app.exchange.ends import Unreachable
from app.exchange.files import written_whole
from app.exchange.register import Register

Tell = Callable[[int], None]


def fetch(register: Register, path: str, into: Path | None, *, as_array: bool, tell: Tell) -> None:
    """Write what an address answers to a file, or to standard output, which cannot be taken back."""

    def whole() -> None:
        if into is not None:
            with written_whole(into) as opened:
                _copy(register, path, opened, as_array, tell)
            return
        said = _Said(sys.stdout.buffer)
        try:
            _copy(register, path, said, as_array, tell)
        except httpx2.TransportError:
            if said.size:
                raise Unreachable("The answer broke off: what was written is not whole.") from None
            raise

    register.repeated(whole)


class _Said:
    """Standard output, and how much was said."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.size = 0

    def write(self, piece: bytes) -> None:
        self.size += len(piece)
        self._stream.write(piece)

    def flush(self) -> None:
        self._stream.flush()


def _copy(register: Register, path: str, opened: BinaryIO | _Said, as_array: bool, tell: Tell) -> None:
    size = 0
    with register.stream(path) as answer:
        pieces = _array(answer.iter_lines()) if as_array else answer.iter_bytes()
        for piece in pieces:
            opened.write(piece)
            size += len(piece)
            tell(size)
    opened.flush()


def _array(lines: Iterator[str]) -> Iterator[bytes]:
    """JSON lines as one array."""
    before = b"["
    for line in lines:
        if line:
            yield before + b"\n" + line.encode()
            before = b","
    yield b"[]\n" if before == b"[" else b"\n]\n"
