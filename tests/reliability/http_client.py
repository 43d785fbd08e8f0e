"""A small HTTP/1.1 client that says exactly what it saw: an answer, a refused connection, or a cut one."""

import asyncio
import json
import time
from collections.abc import Iterable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self


class Refused(Exception):
    """No connection could be made: the request was not sent."""


class Cut(Exception):
    """The connection broke, or nothing came: the request may have been carried out or not."""


@dataclass
class Reply:
    """An answer, and how long it took."""

    status: int
    headers: dict[str, str]
    body: bytes
    seconds: float

    def json(self) -> Any:
        return json.loads(self.body)


class Caller:
    """One client with one connection, kept while the server keeps it."""

    def __init__(self, port: int, key: str = "") -> None:
        self.port = port
        self.key = key
        self._wire: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(
        self, method: str, path: str, document: Any = None, *, patience: float = 30, **headers: str
    ) -> Reply:
        """Ask once. Header names are given with underscores."""
        begun = time.monotonic()
        try:
            async with asyncio.timeout(patience):
                reader, writer = await self._connected()
                writer.write(self._request(method, path, document, headers))
                status, fields, body = await _answer(reader, method)
        except Refused:
            raise
        except (OSError, EOFError, ValueError) as why:
            self.close()
            raise Cut(type(why).__name__) from None
        if fields.get("connection") == "close":
            self.close()
        return Reply(status, fields, body, time.monotonic() - begun)

    async def send(
        self,
        method: str,
        path: str,
        pieces: Iterable[bytes],
        kind: str,
        *,
        patience: float = 30,
        **headers: str,
    ) -> Reply:
        """Ask once, with a body in pieces that is never held whole."""
        begun = time.monotonic()
        try:
            async with asyncio.timeout(patience):
                reader, writer = await self._connected()
                headers |= {"Content_Type": kind, "Transfer_Encoding": "chunked"}
                writer.write(self._request(method, path, None, headers))
                for piece in pieces:
                    writer.write(b"%x\r\n%b\r\n" % (len(piece), piece))
                    await writer.drain()
                writer.write(b"0\r\n\r\n")
                status, fields, body = await _answer(reader, method)
        except Refused:
            raise
        except (OSError, EOFError, ValueError) as why:
            self.close()
            raise Cut(type(why).__name__) from None
        return Reply(status, fields, body, time.monotonic() - begun)

    def close(self) -> None:
        if self._wire:
            self._wire[1].transport.abort()
            self._wire = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._wire and (self._wire[0].at_eof() or self._wire[1].is_closing()):
            self.close()
        if self._wire is None:
            try:
                self._wire = await asyncio.open_connection("127.0.0.1", self.port)
            except OSError as why:
                raise Refused(str(why)) from None
        return self._wire

    def _request(self, method: str, path: str, document: Any, headers: dict[str, str]) -> bytes:
        body = b"" if document is None else json.dumps(document).encode()
        lines = [f"{method} {path} HTTP/1.1", "Host: register.test"]
        if self.key:
            lines.append(f"Authorization: Bearer {self.key}")
        if document is not None:
            lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        return "\r\n".join([*lines, "", ""]).encode() + body


async def _answer(reader: asyncio.StreamReader, method: str) -> tuple[int, dict[str, str], bytes]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    status = int(head[0].split(" ")[1])
    fields = {}
    for line in head[1:-2]:
        name, _, value = line.partition(":")
        fields[name.lower()] = value.strip()
    if method == "HEAD" or status in {204, 304}:
        return status, fields, b""
    return status, fields, await reader.readexactly(int(fields["content-length"]))
