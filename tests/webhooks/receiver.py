"""A receiver of webhooks on loopback, whose manners are chosen by the address that is posted to."""

import asyncio
import gzip
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from time import monotonic
from typing import Any


@dataclass
class Call:
    """One request that came."""

    path: str
    headers: dict[str, str]
    body: str
    at: float = field(default_factory=monotonic)

    @property
    def event(self) -> dict[str, Any]:
        """The body, read."""
        found: dict[str, Any] = json.loads(self.body)
        return found


Answer = Callable[[Call, int], "bytes | float"]
"""From a call and how many came to its path before, the answer; a number is a silence of so many seconds."""


def status(code: int, *headers: str) -> bytes:
    """An answer without a body."""
    lines = [f"HTTP/1.1 {code} X", "content-length: 0", *headers]
    return "".join(f"{line}\r\n" for line in [*lines, ""]).encode()


_ENDLESS = b"HTTP/1.1 200 X\r\ncontent-encoding: gzip\r\ntransfer-encoding: chunked\r\n\r\n"
_BOMB = gzip.compress(bytes(1 << 26))  # a thousandth of what it says


class Receiver:
    """Counts what comes, by path, and answers as its path asks: `/500`, `/silent`, or as `answers` says."""

    def __init__(self) -> None:
        self.port = 0
        self.calls: dict[str, list[Call]] = defaultdict(list)
        self.answers: dict[str, Answer] = {}
        self.written = 0
        self.came = asyncio.Condition()
        self.over = asyncio.Event()

    def url(self, path: str) -> str:
        """An address of this receiver."""
        return f"http://127.0.0.1:{self.port}{path}"

    async def until(self, path: str, count: int, seconds: float = 20) -> list[Call]:
        """The calls of a path, once there are so many."""
        async with asyncio.timeout(seconds), self.came:
            await self.came.wait_for(lambda: len(self.calls[path]) >= count)
        return self.calls[path]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            headers = {
                name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:-2])
            }
            body = (await reader.readexactly(int(headers["content-length"]))).decode()
            call = Call(head[0].split(" ")[1], headers, body)
            async with self.came:
                before = len(self.calls[call.path])
                self.calls[call.path].append(call)
                self.came.notify_all()
            await self.answer(call, before, writer)
        writer.close()

    async def answer(self, call: Call, before: int, writer: asyncio.StreamWriter) -> None:
        said = self.answers.get(call.path, lambda _call, _before: status(204))(call, before)
        if isinstance(said, float):
            with suppress(TimeoutError):
                await asyncio.wait_for(self.over.wait(), said)
            return
        writer.write(said)
        await writer.drain()
        if said == _ENDLESS:
            while not self.over.is_set():
                writer.write(f"{len(_BOMB):x}\r\n".encode() + _BOMB + b"\r\n")
                await writer.drain()
                self.written += len(_BOMB)
                await asyncio.sleep(0)


ENDLESS: Answer = lambda _call, _before: _ENDLESS
GARBAGE: Answer = lambda _call, _before: b"\x16\x03\x01 this is not HTTP\r\n\r\n"
HEADERS: Answer = lambda _call, _before: status(200, *(f"x-{number}: {'y' * 1000}" for number in range(2000)))
SILENT: Answer = lambda _call, _before: 30.0
CUT: Answer = lambda _call, _before: 0.0


def always(code: int, *headers: str) -> Answer:
    """The same at every call."""
    return lambda _call, _before: status(code, *headers)


def then_well(*first: Answer) -> Answer:
    """So at first, and well from then on."""
    return lambda call, before: first[before](call, before) if before < len(first) else status(204)


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    """A receiver that listens."""
    receiver = Receiver()
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        receiver.over.set()
        server.close()
