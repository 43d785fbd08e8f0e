"""The bytes of a connection: what is no HTTP is refused as every other mistake is, and nobody dawdles."""

import asyncio
from functools import partial
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from app.errors import MEDIA_TYPE, BadRequest, Problem
from app.http.edge import DEFAULT_HEADERS, new_request_id

_HEAD_SECONDS = 10.0
_HEAD_BYTES = 65_536
_FIELDS_MOST = 100


class _Joined(asyncio.Transport):
    """Where one answer is written: its head leaves with the body, if that comes at once, as one piece.

    The server writes them one after the other: two calls of the system, and two packets, for a short answer.
    """

    __slots__ = ("_head", "_late", "_loop", "_transport")

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport, self._loop = transport, loop
        self._head: bytes | None = b""
        """What is held back; None once something was sent."""
        self._late: asyncio.Handle

    def write(self, data: bytes) -> None:  # type: ignore[override]
        if self._head is None:
            self._transport.write(data)
        elif self._head:
            self._late.cancel()
            self._send(self._head + data)
        else:
            self._head = data
            self._late = self._loop.call_soon(self._send, data)

    def _send(self, data: bytes) -> None:
        self._head = None
        if not self._transport.is_closing():
            self._transport.write(data)

    def is_closing(self) -> bool:
        return self._transport.is_closing()

    def close(self) -> None:
        if self._head:
            self._late.cancel()
            self._send(self._head)
        self._transport.close()


class _Answer(RequestResponseCycle):
    """The server's way to write an answer, but for the head: to look for what no field may have in each name and value
    takes it a thirtieth of what reading a record takes. What makes two fields of one (RFC 9110, section 5.5) is found
    in the whole as well.
    """

    async def send(self, message: Message) -> None:  # type: ignore[override]
        if self.response_started or self.disconnected or self.flow.write_paused:
            await super().send(message)  # type: ignore[arg-type]
        else:
            self.response_started, self.waiting_for_100_continue = True, False
            self.transport.write(self._head(message["status"], [*self.default_headers, *message["headers"]]))

    def _head(self, status: int, fields: list[tuple[bytes, bytes]]) -> bytes:
        known = dict(fields)
        if (length := known.get(b"content-length")) is not None:
            self.chunked_encoding, self.expected_content_length = False, int(length)
        elif self.scope["method"] != "HEAD" and status not in (204, 304):
            self.chunked_encoding = True
            fields.append((b"transfer-encoding", b"chunked"))
        if known.get(b"connection") == b"close":
            self.keep_alive = False
        elif not self.keep_alive:
            fields.append((b"connection", b"close"))
        head = b"\r\n".join([STATUS_LINE[status].removesuffix(b"\r\n"), *map(b": ".join, fields), b"\r\n"])
        if head.count(b"\n") != len(fields) + 2 or head.count(b"\r") != len(fields) + 2 or b"\0" in head:
            raise RuntimeError("A field of the answer has the end of a line in it.")
        return head


async def _answered(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """The answer, or the beginning of one: the server then cuts the connection. Why is in the log already, or is that
    the server itself had no more time.
    """
    try:
        await app(scope, receive, send)
    except (Problem, asyncio.CancelledError):
        return


class Wire(HttpToolsProtocol):
    """The server's HTTP parser, with what it lacks: limits for the head of a request, in time and in size."""

    _head_begun = True
    _head_due: asyncio.TimerHandle | None = None
    _message_begun = _has_body = False
    _bytes = 0
    """That came of a message since its head began, or since what is of its body: of a head, or of trailers."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.app = partial(_answered, self.app)

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._head_came()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._has_body = False
        super().data_received(data)
        if self._has_body:
            self._bytes = 0
        elif (self._head_begun or self._message_begun) and not self.transport.is_closing():
            if self._head_begun and self._head_due is None:  # most heads come whole and need no clock
                self._await_head()
            self._bytes += len(data)
            if self._bytes > _HEAD_BYTES:
                self.send_400_response("")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._head_begun = self._message_begun = True

    def on_header(self, name: bytes, value: bytes) -> None:
        """A field of the head, or of the trailers behind a body in chunks."""
        super().on_header(name, value)
        if len(self.headers) > _FIELDS_MOST:
            raise ValueError("too many header fields")  # the parser makes a 400 of it

    def on_body(self, body: bytes) -> None:
        super().on_body(body)
        self._has_body = True

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._message_begun = False

    def on_headers_complete(self) -> None:
        self._head_came()
        super().on_headers_complete()
        self.cycle.__class__ = _Answer  # the server makes its own, and has no word for another
        if self.scope["method"] != "HEAD":  # has no body, which would take its head along
            self.cycle.transport = _Joined(self.transport, self.loop)

    def _await_head(self) -> None:
        self._bytes = 0
        self._head_due = self.loop.call_later(_HEAD_SECONDS, self._head_is_late)

    def _head_came(self) -> None:
        self._head_begun = False
        if self._head_due is not None:
            self._head_due.cancel()
            self._head_due = None

    def _head_is_late(self) -> None:
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is not None and not cycle.response_complete:
            self._await_head()  # the answer to the request before is not cut off
        else:
            self.transport.close()

    def send_400_response(self, msg: str) -> None:
        """Answer what has no method, address or header that could be read."""
        request_id = new_request_id()
        problem = BadRequest("These bytes are not a HTTP request, or one with a method that does not exist.")
        body = problem.body("", request_id)
        headers = [
            (b"content-type", MEDIA_TYPE.encode()),
            (b"content-length", str(len(body)).encode()),
            (b"x-request-id", request_id.encode()),
            *DEFAULT_HEADERS,
            (b"connection", b"close"),
        ]
        lines = b"".join(name + b": " + value + b"\r\n" for name, value in headers)
        self.transport.write(b"HTTP/1.1 400 Bad Request\r\n" + lines + b"\r\n" + body)
        self.transport.close()
