"""What a copy has to be able to do, and the digest that proves it."""

import hashlib
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol


class Trouble(Exception):
    """What cannot go on, in one line for the person who started it."""


@dataclass(frozen=True)
class Record:
    """A record in a state of its kind; None: it is gone."""

    kind: str
    id: str
    version: int
    record: dict[str, Any] | None


@dataclass(frozen=True)
class Digest:
    """What all records of a kind come to."""

    count: int
    digest: str


class Copy(Protocol):
    """Somewhere to keep a copy. Position and records move together, or not at all."""

    async def position(self) -> int | None:
        """How far the copy has come; None if it has not begun."""

    async def begin(self, position: int, records: AsyncIterator[Record]) -> None:
        """Hold exactly these records."""

    async def apply(self, changed: Sequence[Record], position: int) -> None:
        """Take changes over, in their order."""

    async def digests(self) -> dict[str, Digest]:
        """By kind, computed from what is held."""

    async def close(self) -> None:
        """Let others have it."""


def digest_of(held: Iterable[tuple[str, str, int]]) -> dict[str, Digest]:
    """By kind: the sum, modulo 2^64, of the first eight bytes of SHA-256 of `kind:id:version`."""
    counts: dict[str, int] = {}
    sums: dict[str, int] = {}
    for kind, identifier, version in held:
        hashed = hashlib.sha256(f"{kind}:{identifier}:{version}".encode()).digest()
        counts[kind] = counts.get(kind, 0) + 1
        sums[kind] = (sums.get(kind, 0) + int.from_bytes(hashed[:8], "big")) % 2**64
    return {kind: Digest(counts[kind], f"{sums[kind]:016x}") for kind in counts}
