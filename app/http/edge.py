"""The edge of the service, one ASGI layer: request id, body limit, time budget, headers, log, metrics."""

import asyncio
import re
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from random import Random
from time import perf_counter
from typing import Any

import structlog
from prometheus_client import Gauge
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.errors import MEDIA_TYPE, BadRequest, InternalError, NotFound, Problem, TooLarge, Unavailable
from app.http.metrics import REQUESTS
from app.http.origins import Origins

_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_BROKEN_PERCENT = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_LISTS = frozenset({b"if-match", b"if-none-match", b"accept"})
"""Headers that are lists: several lines are one list (RFC 9110 section 5.3)."""
_ONCE = frozenset(
    {
        b"authorization", b"x-api-key", b"content-type", b"content-length", b"content-encoding",
        b"transfer-encoding", b"host", b"idempotency-key", b"x-reason", b"accept-datetime",
    }
)  # fmt: skip
_REFUSED = frozenset({401, 403, 429})
"""What those who keep watch want to see: who was not let in, or not let do something."""
_GONE = 499
_LINGER_SECONDS, _LINGER_BYTES = 1.0, 524_288
_log = structlog.get_logger("workplan.access")
_random = Random()  # noqa: S311  (a request id is to be unique, not secret; asking the kernel costs five times as much)

ABANDONED = Gauge("workplan_abandoned_requests", "Requests answered 503 whose work still hangs.")

DEFAULT_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cache-control", b"no-store"),
]
"""What an answer says unless it says otherwise itself."""
_DEFAULTS = frozenset(name for name, _ in DEFAULT_HEADERS)
_SHARED, _PRIVATE, _NOWHERE = (
    (b"cache-control", kept) for kept in (b"no-cache", b"private, no-cache", b"no-store")
)
"""What is answered to a key is kept by nobody but its holder, whatever a cache in between makes of `Vary`; what tells
of people, by nobody.
"""
Allowed = Callable[[Scope], list[str]]
Explain = Callable[[Exception], Problem | None]
Limits = Callable[[Scope], tuple[int, float]]
"""Of a request: how many bytes a body may have, and how many seconds the request may take."""


def new_request_id() -> str:
    """For a request that brought none."""
    return format(_random.getrandbits(128), "032x")


class Edge:
    """Wraps the whole application."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        limits: Limits,
        allowed: Allowed,
        explain: Explain,
        origins: Origins,
        tells_all: bool = False,
    ) -> None:
        self.app = app
        self.limits = limits
        self.allowed = allowed
        self.explain = explain
        self.origins = origins
        self.tells_all = tells_all
        """Whether each request has its line in the log. To make one for nobody takes a tenth of reading a record."""
        self.loop: asyncio.AbstractEventLoop | None = None
        """In which the server runs us: which it is, costs a call of the kernel each time that it is asked."""
        self._abandoned: set[asyncio.Task[Any]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            self.loop = asyncio.get_running_loop()
            await self.app(scope, receive, send)
            return
        await _Exchange(self, scope, receive, send).run()

    def abandon(self, task: asyncio.Task[Any]) -> None:
        """Let a hanging request die behind its answer: a cancelled query may take long to end."""
        task.cancel()
        self._abandoned.add(task)
        ABANDONED.set(len(self._abandoned))
        task.add_done_callback(self._forget)

    def _forget(self, task: asyncio.Task[Any]) -> None:
        self._abandoned.discard(task)
        ABANDONED.set(len(self._abandoned))
        if not task.cancelled():
            task.exception()


class _Exchange:
    """One request and its answer."""

    repeated = ""
    started = read_whole = closing = False
    status = received = 0
    given_up: asyncio.Task[None] | None = None

    def __init__(self, edge: Edge, scope: Scope, receive: Receive, send: Send) -> None:
        self.edge, self.scope, self._receive, self._send = edge, scope, receive, send
        self.max_body, self.budget = edge.limits(scope)
        self.headers = dict(scope["headers"])
        if len(self.headers) != len(scope["headers"]):
            self._join_lists()
        given = self.headers.get(b"x-request-id", b"")
        self.request_id = given.decode() if _REQUEST_ID.fullmatch(given) else new_request_id()
        state = scope.setdefault("state", {})
        state["request_id"], state["fields"] = self.request_id, self.headers
        self.method: str = scope["method"]
        self.across = edge.origins.headers(self.headers, self.method)
        self.begun = perf_counter()

    async def run(self) -> None:
        if self.method == "HEAD":
            self.scope = {**self.scope, "method": "GET", "head": True}  # a stream need not begin
        if (refused := self._refused_at_once()) is not None:
            await self._answer(refused)
        elif self.method == "OPTIONS":
            await self._options()
        else:
            await self._within_budget()
        if not self.given_up:
            self._account()

    async def _within_budget(self) -> None:
        """Answer, or be cancelled and answered for when the time is up."""
        loop = self.edge.loop or asyncio.get_running_loop()
        task = asyncio.current_task(loop)
        assert task is not None
        due = loop.call_later(self.budget, self._give_up, task)
        try:
            await self._inside()
        except asyncio.CancelledError:
            if self.given_up is None:
                await self._stopped()
                raise
        except Exception:
            if self.given_up is None:
                raise
        finally:
            due.cancel()
        if self.given_up is not None:
            await self.given_up

    def _give_up(self, task: asyncio.Task[Any]) -> None:
        """The time is up. What has begun to be answered goes on; else 503, whatever still hangs."""
        if not self.started:
            self.given_up = asyncio.ensure_future(self._answer_late())
            self.edge.abandon(task)

    async def _answer_late(self) -> None:
        await self._answer(Unavailable("The request took too long. Try again."), close=True)
        self._account()

    async def _stopped(self) -> None:
        """The service ends before this does: what has not begun to be answered is told so."""
        if not self.started:
            await self._answer(Unavailable("The service is stopping. Try again."), close=True)

    async def _inside(self) -> None:
        try:
            await self.edge.app(self.scope, self._read, self._write_in_time)
        except Problem as refused:
            await self._refuse(refused)
        except ClientDisconnect:  # nobody is there to be answered
            self.status = _GONE
        except Exception as error:
            problem = self.edge.explain(error)
            if problem is None:
                _log.exception("unhandled", request_id=self.request_id, error=type(error).__name__)
                problem = InternalError("Nothing was changed. The log has more under this request id.")
            elif problem.status == 503:
                _log.warning("database", request_id=self.request_id, error=type(error).__name__)
            await self._refuse(problem)

    def _refused_at_once(self) -> Problem | None:
        if self.repeated:
            return BadRequest(
                f"`{self.repeated}` is given twice.", errors=[{"header": self.repeated, "code": "repeated"}]
            )
        if self._too_long():
            return TooLarge(f"At most {self.max_body} bytes.")
        path: bytes = self.scope.get("raw_path") or b""
        address = path + b"?" + self.scope["query_string"]
        if b"%" in address and (b"%00" in address or _BROKEN_PERCENT.search(address)):
            return BadRequest("The address is not percent-encoded text: `%` is followed by two hex digits.")
        text = self.scope["path"]
        if not text.isprintable() or "\ufffd" in text or _surrogate(text):
            return BadRequest("The address has characters that no address here has.")
        if b"%2f" in path.lower():
            return NotFound("No name here has a `/` in it.")
        return None

    def _join_lists(self) -> None:
        """Several lines of a list are one; what can only be said once is not said twice."""
        joined: dict[bytes, bytes] = {}
        for name, value in self.scope["headers"]:
            if name in joined and name in _ONCE:
                self.repeated = name.decode("latin-1").title()
            joined[name] = joined[name] + b", " + value if name in joined and name in _LISTS else value
        self.headers = joined
        self.scope["headers"] = list(joined.items())

    def _too_long(self) -> bool:
        """Whether the body is announced as larger than what is taken."""
        if (digits := self.headers.get(b"content-length")) is None:
            return False
        return digits.isdigit() and (len(digits) > 18 or int(digits) > self.max_body)

    async def _options(self) -> None:
        allow = self.edge.allowed(self.scope)
        if not allow:
            self.scope["method"] = "GET"
            await self._inside()
            return
        await self._write(
            {"type": "http.response.start", "status": 204, "headers": [(b"allow", ", ".join(allow).encode())]}
        )
        await self._write({"type": "http.response.body", "body": b""})

    async def _read(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            self.read_whole = not message.get("more_body", False)
            self.received += len(message.get("body", b""))
            if self.received > self.max_body:
                raise TooLarge(f"At most {self.max_body} bytes.")
        return message

    async def _write_in_time(self, message: Message) -> None:
        if self.given_up is None:  # answered 503 already; what comes late is dropped
            await self._write(message)

    async def _write(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started = True
            self.status = message["status"]
            REQUESTS.begins(self.method, perf_counter() - self.begun)
            state = self.scope["state"]
            told = state.get("headers", ())  # what is to be said whatever the answer is
            headers = [*message["headers"], (b"x-request-id", self.request_id.encode()), *told, *self.across]
            if _SHARED in headers and (caller := state.get("caller")) is not None and caller.key_id:
                headers[headers.index(_SHARED)] = _NOWHERE if state.get("people") else _PRIVATE
            names = dict(headers)
            headers += _unsaid(_DEFAULTS.difference(names))
            self.closing = self._leaves_body_unread()
            if self.closing and b"connection" not in names:
                headers.append((b"connection", b"close"))
            message["headers"] = headers
        elif self.method == "HEAD":
            message = {**message, "body": b""}
        if self.closing and message["type"] == "http.response.body" and not message.get("more_body"):
            await self._send({**message, "more_body": True})
            await self._linger()
            message = {"type": "http.response.body", "body": b""}
        await self._send(message)

    def _leaves_body_unread(self) -> bool:
        """Whether more of a body may come than will be read: then the connection ends with the answer."""
        if self.read_whole:
            return False
        return self._too_long() or b"transfer-encoding" in self.headers

    async def _linger(self) -> None:
        """Let a client that is still sending see the answer: closing at once would reset its connection."""
        left = _LINGER_BYTES
        with suppress(TimeoutError):
            async with asyncio.timeout(_LINGER_SECONDS):
                while left > 0:
                    message = await self._receive()
                    left -= len(message.get("body", b""))
                    if message["type"] != "http.request" or not message.get("more_body"):
                        return

    async def _refuse(self, problem: Problem) -> None:
        if self.given_up is None:
            await self._answer(problem)

    async def _answer(self, problem: Problem, *, close: bool = False) -> None:
        if self.started:
            raise problem
        headers = {**problem.headers_for(self.scope), **({"Connection": "close"} if close else {})}
        body = problem.body(self.scope["path"], self.request_id)
        pairs = [
            (name.lower().encode(), value.encode("latin-1", "replace")) for name, value in headers.items()
        ]
        pairs += [(b"content-type", MEDIA_TYPE.encode()), (b"content-length", str(len(body)).encode())]
        await self._write({"type": "http.response.start", "status": problem.status, "headers": pairs})
        await self._write({"type": "http.response.body", "body": body})

    def _account(self) -> None:
        route = str(self.scope.get("template") or getattr(self.scope.get("route"), "path", "none"))
        REQUESTS.ends(self.method, route, self.status)
        notable = self.status >= 500 or self.status in _REFUSED
        if not notable and not self.edge.tells_all:
            return
        fields: dict[str, Any] = {
            "method": self.method,
            "route": route,
            "status": self.status,
            "ms": round((perf_counter() - self.begun) * 1000, 1),
            "request_id": self.request_id,
        }
        if self.status >= 500:
            _log.warning("request", **fields)
        elif self.status in _REFUSED:
            caller = self.scope["state"].get("caller")
            _log.info("refused", **fields, key=str(caller.key_id) if caller and caller.key_id else None)
        else:
            _log.debug("request", **fields)


@cache
def _unsaid(names: frozenset[bytes]) -> list[tuple[bytes, bytes]]:
    return [each for each in DEFAULT_HEADERS if each[0] in names]


def _surrogate(text: str) -> bool:
    return not text.isascii() and any(0xD800 <= ord(character) <= 0xDFFF for character in text)
