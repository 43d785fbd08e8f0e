"""The services that a team would build instead, on the same tables, data and machine."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from bench.load import Call
from bench.operations import Measured, peer_calls
from bench.processes import Server
from bench.registers import Register


@dataclass(frozen=True)
class Peer:
    """One of them."""

    name: str
    export: str = "/events.ndjson"
    bulk: str = "/activities/bulk"

    @contextmanager
    def running(self, found: Register) -> Iterator[Server]:
        raise NotImplementedError
        yield

    def calls(self, measured: Measured) -> dict[str, Call]:
        return peer_calls(measured)

    def load(self, server: Server, rows: int) -> float:
        raise NotImplementedError


def chosen(names: list[str] | None) -> list[Peer]:
    return []
