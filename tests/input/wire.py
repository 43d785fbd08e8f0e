"""A client that sends bytes as they are: other clients mend addresses and headers before they send them."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import uvicorn
from fastapi import FastAPI

from app.http.wire import Wire as Parser

HOST = b"127.0.0.1"
Headers = tuple[tuple[str, str | bytes], ...]


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes
    sent: int = 0

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Wire:
    """A port on which the service listens."""

    port: int

    async def send(
        self,
        method: str,
        target: str | bytes,
        headers: Headers = (),
        body: bytes | Iterable[bytes] | None = None,
    ) -> Answer:
        """One request on a connection of its own. A body in pieces goes out chunked."""
        lines = [method.encode() + b" " + _bytes(target) + b" HTTP/1.1"]
        given = {name.lower() for name, _ in headers}
        if "host" not in given:
            lines.append(b"Host: " + HOST)
        lines += [_bytes(name) + b": " + _bytes(value) for name, value in headers]
        pieces: Iterable[bytes] = ()
        if isinstance(body, bytes):
            if "content-length" not in given:
                lines.append(b"Content-Length: %d" % len(body))
            pieces = (body,)
        elif body is not None:
            lines.append(b"Transfer-Encoding: chunked")
            pieces = _chunked(body)
        if "connection" not in given and not (body is not None and not isinstance(body, bytes)):
            lines.append(b"Connection: close")
        return await self.exchange(b"\r\n".join(lines) + b"\r\n\r\n", pieces)

    async def exchange(self, head: bytes, pieces: Iterable[bytes] = ()) -> Answer:
        """Send bytes while reading the answer; a server may answer before it has read everything."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        sent = 0

        async def send() -> None:
            nonlocal sent
            try:
                for piece in (head, *pieces) if not hasattr(pieces, "__next__") else _after(head, pieces):
                    writer.write(piece)
                    sent += len(piece)
                    await writer.drain()
            except ConnectionError:
                pass

        sending = asyncio.create_task(send())
        try:
            async with asyncio.timeout(15):
                start = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                status, *lines = start.strip().split("\r\n")
                headers = {
                    name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)
                }
                length = int(headers.get("content-length", "0"))
                code = int(status.split(" ")[1])
                body = (
                    b""
                    if code in {204, 304} or head.startswith(b"HEAD")
                    else await reader.readexactly(length)
                )
        finally:
            sending.cancel()
            writer.close()
        return Answer(code, headers, body, sent)


def _after(head: bytes, pieces: Iterable[bytes]) -> Iterable[bytes]:
    yield head
    yield from pieces


def _chunked(pieces: Iterable[bytes]) -> Iterable[bytes]:
    for piece in pieces:
        yield b"%x\r\n%s\r\n" % (len(piece), piece)
    yield b"0\r\n\r\n"


def _bytes(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode()


@asynccontextmanager
async def listening(app: FastAPI) -> AsyncIterator[Wire]:
    """The service on a port of its own, behind the parser that `workplan serve` uses."""
    config = uvicorn.Config(
        app, http=Parser, lifespan="off", log_config=None, access_log=False, server_header=False
    )
    server = uvicorn.Server(config)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        serving = asyncio.create_task(server._serve([listener]))
        while not server.started:  # noqa: ASYNC110  (uvicorn has no event for it)
            await asyncio.sleep(0.01)
        yield Wire(listener.getsockname()[1])
        server.should_exit = True
        await serving
