"""A short answer leaves in one piece; the head of a long one does not wait for its body."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from app.errors import Unavailable
from app.http.wire import Wire

App = Callable[[Send], Awaitable[None]]
_PLAIN = {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"4")]}
_EMPTY = {"type": "http.response.start", "status": 304, "headers": []}
_OPEN = {"type": "http.response.start", "status": 200, "headers": []}


def _body(content: bytes, *, more: bool = False) -> dict[str, Any]:
    return {"type": "http.response.body", "body": content, "more_body": more}


async def _whole(send: Send) -> None:
    await send(dict(_PLAIN))
    await send(_body(b"body"))


async def _without_body(send: Send) -> None:
    await send(dict(_EMPTY))
    await send(_body(b""))


async def _slow(send: Send) -> None:
    await send(dict(_OPEN))
    await asyncio.sleep(0.01)
    await send(_body(b"first", more=True))
    await send(_body(b"last"))


async def _broken(send: Send) -> None:
    await send(dict(_OPEN))
    raise RuntimeError


class _Written(asyncio.Transport):
    """Keeps what is written to it, piece by piece."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[bytes] = []
        self.closed = False

    def write(self, data: bytes) -> None:  # type: ignore[override]
        assert not self.closed
        self.pieces.append(data)

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...


async def _pieces(app: App, request: bytes) -> list[bytes]:
    async def answered(scope: Scope, receive: Receive, send: Send) -> None:
        await app(send)

    asgi: ASGIApp = answered
    config = uvicorn.Config(asgi, ws="none", log_level="critical", server_header=False, date_header=False)
    config.load()
    wire = Wire(config, uvicorn.server.ServerState(), {})
    transport = _Written()
    wire.connection_made(transport)
    wire.data_received(request)
    await asyncio.sleep(0.1)
    wire.connection_lost(None)
    return transport.pieces


@pytest.mark.parametrize(("app", "method", "starts"), [
    (_whole, b"GET", [b"HTTP/1.1 200"]), (_without_body, b"GET", [b"HTTP/1.1 304"]),
    (_slow, b"GET", [b"HTTP/1.1 200", b"5\r\nfirst", b"4\r\nlast"]), (_broken, b"GET", [b"HTTP/1.1 200"]),
    (_whole, b"HEAD", [b"HTTP/1.1 200"]),
])  # fmt: skip
async def test_an_answer_leaves_in_as_few_pieces_as_it_can(
    app: App, method: bytes, starts: list[bytes]
) -> None:
    pieces = await _pieces(app, method + b" / HTTP/1.1\r\nHost: a\r\n\r\n")
    assert [piece[: len(start)] for piece, start in zip(pieces, starts, strict=True)] == starts


async def test_answers_to_requests_sent_together_leave_in_their_order() -> None:
    request = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
    assert [piece[-4:] for piece in await _pieces(_whole, request * 3)] == [b"body"] * 3
    assert b"".join(await _pieces(_slow, request * 3)) == b"".join(await _pieces(_slow, request)) * 3


@pytest.mark.parametrize(
    "field", [(b"x", b"1\r\nset-cookie: a=b"), (b"x", b"1\n\nHTTP/1.1"), (b"x", b"1\0"), (b"x: 1\r\ny", b"2")]
)
async def test_a_field_that_would_be_two_is_not_sent(field: tuple[bytes, bytes]) -> None:
    async def split(send: Send) -> None:
        await send({**_PLAIN, "headers": [(b"content-length", b"4"), field]})

    assert await _pieces(split, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n") == []


@pytest.mark.parametrize("why", [Unavailable(), asyncio.CancelledError()])
async def test_an_answer_that_breaks_off_is_cut_and_its_log_has_a_line_and_no_stack(
    why: BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(send: Send) -> None:
        await send(dict(_OPEN))
        await send(_body(b"first", more=True))
        raise why

    said: list[str] = []
    monkeypatch.setattr(
        logging.getLogger("uvicorn.error"), "error", lambda *words, **_: said.append(words[0])
    )
    assert b"".join(await _pieces(broken, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")).endswith(
        b"\r\n5\r\nfirst\r\n"
    )
    assert said == ["ASGI callable returned without completing response."]
