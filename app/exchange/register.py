"""A register somewhere: asked over HTTP, and asked again while it cannot answer."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Self

import httpx2

from app.exchange.ends import Misused, Unreachable, refusal

_PASSING = {429, 503}
_PAUSE_MOST = 10.0
_CONNECT_SECONDS, _READ_SECONDS = 10.0, 120.0
Body = Callable[[], Iterable[bytes]]
"""Gives the body from its start, once for each attempt."""


class Register:
    """Its address and a key, and for how long to go on asking."""

    def __init__(
        self, address: str, key: str, patience: float, transport: httpx2.BaseTransport | None = None
    ) -> None:
        self._patience = patience
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        timeout = httpx2.Timeout(_READ_SECONDS, connect=_CONNECT_SECONDS)
        try:
            self._client = httpx2.Client(
                base_url=address, headers=headers, timeout=timeout, transport=transport
            )
        except httpx2.InvalidURL as why:
            raise Misused(f"The address cannot be read: {why}") from None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *ended: object) -> None:
        self._client.close()

    def ask(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: Body | None = None,
    ) -> httpx2.Response:
        """The answer, or the end of the command. Only what is safe to repeat may be asked for."""
        for last in self._attempts():
            try:
                answer = self._client.request(
                    method, path, params=params, headers=headers, content=body() if body else None
                )
            except httpx2.TransportError as why:
                last(f"{type(why).__name__}: {why}".rstrip(": "))
                continue
            if _may_pass(answer):
                last(f"It answered {answer.status_code}.", answer)
                continue
            if answer.is_error:
                raise refusal(answer.status_code, problem_of(answer))
            return answer
        raise AssertionError

    @contextmanager
    def stream(self, path: str) -> Iterator[httpx2.Response]:
        """An answer as it arrives; whoever reads it looks whether it came whole."""
        with self._client.stream("GET", path) as answer:
            if answer.is_error:
                answer.read()
                if not _may_pass(answer):
                    raise refusal(answer.status_code, problem_of(answer))
                raise httpx2.ReadError(f"It answered {answer.status_code}.")
            yield answer

    def repeated(self, work: Callable[[], None]) -> None:
        """Do what reads from the register, from its beginning, until it has worked."""
        for last in self._attempts():
            try:
                work()
            except httpx2.TransportError as why:
                last(f"{type(why).__name__}: {why}".rstrip(": "))
                continue
            return

    def _attempts(self) -> Iterator[Callable[..., None]]:
        """Attempts, each given a function that waits after it failed, or gives up."""
        end, pause = time.monotonic() + self._patience, 0.2

        def last(why: str, answer: httpx2.Response | None = None) -> None:
            nonlocal pause
            asked = answer.headers.get("retry-after", "") if answer is not None else ""
            wait = min(float(asked) if asked.isdigit() else pause, _PAUSE_MOST)
            if time.monotonic() + wait > end:
                raise Unreachable(f"The register cannot be reached. {why}")
            time.sleep(wait)
            pause *= 2

        while True:
            yield last


def _may_pass(answer: httpx2.Response) -> bool:
    """Whether the same request may be answered in a while."""
    return answer.status_code in _PASSING or (
        answer.status_code == 409 and problem_of(answer).get("type") == "/problems/still-running"
    )


def problem_of(answer: httpx2.Response) -> dict[str, Any]:
    if answer.headers.get("content-type", "").startswith("application/problem+json"):
        return dict(answer.json())
    return {}
