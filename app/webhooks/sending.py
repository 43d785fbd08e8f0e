"""One attempt: signed, sent to a judged address, and judged by the status line alone."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from time import monotonic
from typing import Literal
from uuid import UUID

import httpcore2

from app import __version__
from app.webhooks.targets import Forbidden, Pinned, Targets, Unresolved

Result = Literal[
    "delivered", "redirected", "gone", "throttled", "refused", "failed", "timed_out", "cut_off", "unreachable",
    "unresolved", "forbidden_address",
]  # fmt: skip
"""What an attempt may come to."""
_CONNECT_SECONDS = 5.0
_READ_MOST = 4096
_READ_SECONDS = 1.0
_WAIT_MOST = 3600.0


@dataclass(frozen=True)
class Outcome:
    """What became of an attempt; nothing that the receiver wrote."""

    result: Result
    status: int | None = None
    seconds: float = 0.0
    wait: float = 0.0
    """For how long the receiver asks to be left alone."""


async def send(
    targets: Targets, owner: UUID, url: str, headers: Mapping[str, str], body: str, seconds: float
) -> Outcome:
    """Post the body. Whatever the receiver does, its status line has come within `seconds`, or it never will."""
    begun = monotonic()
    failure: Result = "cut_off"
    status, wait = None, 0.0
    try:
        async with (
            asyncio.timeout(seconds) as limit,
            _posted(targets, owner, url, headers, body.encode()) as answer,
        ):
            status, wait = answer.status, _asked_wait(answer)
            limit.reschedule(asyncio.get_running_loop().time() + _READ_SECONDS)
            await _let_finish(answer)
    except TimeoutError:
        failure = "timed_out"
    except Forbidden:
        failure = "forbidden_address"
    except Unresolved:
        failure = "unresolved"
    except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
        failure = "unreachable"
    except (httpcore2.NetworkError, httpcore2.ProtocolError, httpcore2.TimeoutException, OSError):
        failure = "cut_off"
    result = failure if status is None else _result(status)
    return Outcome(result, status, monotonic() - begun, wait if result == "throttled" else 0.0)


@asynccontextmanager
async def _posted(
    targets: Targets, owner: UUID, url: str, headers: Mapping[str, str], body: bytes
) -> AsyncIterator[httpcore2.Response]:
    """The answer to a request on a connection of its own: no redirect is followed, nothing is decoded."""
    target = targets.target(url)
    pinned = Pinned(await targets.addresses(target, owner))
    place = httpcore2.URL(scheme=target.scheme, host=target.host, port=target.port, target=target.path)
    sent = {"content-type": "application/json", "user-agent": f"workplan-register/{__version__}", **headers}
    times = {"timeout": {"connect": _CONNECT_SECONDS}}
    async with (
        httpcore2.AsyncConnectionPool(_tls(), max_connections=1, network_backend=pinned) as pool,
        pool.stream("POST", place, headers=list(sent.items()), content=body, extensions=times) as answer,
    ):
        yield answer


async def _let_finish(answer: httpcore2.Response) -> None:
    """A receiver that says a few words may say them to the end; they are not looked at."""
    read = 0
    async for piece in answer.aiter_stream():
        read += len(piece)
        if read >= _READ_MOST:
            return


def _asked_wait(answer: httpcore2.Response) -> float:
    """`Retry-After` in seconds, to an hour; a date there is taken for a minute."""
    said = next((value for name, value in answer.headers if name.lower() == b"retry-after"), b"")
    if not said:
        return 0.0
    return min(float(said), _WAIT_MOST) if said.isdigit() and len(said) < 10 else 60.0


def _result(status: int) -> Result:
    if 200 <= status < 300:
        return "delivered"
    if 300 <= status < 400:
        return "redirected"
    if status == 410:
        return "gone"
    if status in {429, 503}:
        return "throttled"
    return "failed" if status >= 500 else "refused"


@cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()
