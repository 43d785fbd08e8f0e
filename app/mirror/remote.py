"""The register that is copied, over HTTP: patient with what passes, plain about what does not."""

import asyncio
import json
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx2

from app.mirror.copies import Digest, Record, Trouble

T = TypeVar("T")
_GONE = frozenset({"delete", "merge", "hide"})
_LIMIT = 1000
_LONGEST_PAUSE = 60.0


class Expired(Exception):
    """The register does not know the changes behind this position any more: begin anew."""


class _Busy(Exception):
    """Try again after so many seconds."""

    def __init__(self, why: str, seconds: float = 0.0) -> None:
        super().__init__(why)
        self.seconds = seconds


@dataclass(frozen=True)
class Page:
    """Changes, and how far they lead."""

    changed: list[tuple[int, Record]]
    """With their positions."""
    next_after: int
    head: int


class Remote:
    """The feed of a register."""

    def __init__(self, client: httpx2.AsyncClient, kinds: str = "", attempts: int | None = 6) -> None:
        self._client = client
        self._kinds = {"kinds": kinds} if kinds else {}
        self.attempts = attempts
        """How often a request is tried; None: for ever."""

    async def changes(self, after: int, wait: int = 0) -> Page:
        """What follows the position; waits for it if there is nothing yet."""
        asked = {"after": after, "limit": _LIMIT, "include": "record", "wait": wait, **self._kinds}
        answer = await self._patiently(lambda: self._get("/v1/changes", asked, wait))
        items = answer["items"]
        places = [after, *(item["position"] for item in items)]
        counted = len(items) + answer["withheld"] + answer["other_kinds"]
        if counted != answer["next_after"] - after or places != sorted(set(places)):
            raise Trouble(f"The feed has a hole behind position {after}.")
        changed = [(item["position"], _record(item)) for item in items]
        return Page(changed, answer["next_after"], answer["head"])

    async def digests(self) -> tuple[int, dict[str, Digest]]:
        """What the register holds, by kind, and at which position."""
        answer = await self._patiently(lambda: self._get("/v1/changes/digest", self._kinds))
        found = {each["kind"]: Digest(each["count"], each["digest"]) for each in answer["items"]}
        return answer["position"], found

    async def begin(self, keep: Callable[[int, AsyncIterator[Record]], Awaitable[None]]) -> int:
        """Hand a snapshot over; if it breaks off, a new one from its beginning."""

        async def once() -> int:
            async with self._snapshot() as (position, records):
                await keep(position, records)
                return position

        return await self._patiently(once)

    @asynccontextmanager
    async def _snapshot(self) -> AsyncIterator[tuple[int, AsyncIterator[Record]]]:
        async with self._client.stream("GET", "/v1/changes/snapshot", params=self._kinds) as answer:
            if answer.status_code != 200:
                await answer.aread()
                _check(answer)
            lines = (Record(**json.loads(line)) async for line in answer.aiter_lines())
            yield int(answer.headers["Position"]), lines

    async def _get(self, path: str, asked: dict[str, Any], wait: int = 0) -> Any:
        answer = await self._client.get(path, params=asked, timeout=30.0 + wait)
        _check(answer)
        return answer.json()

    async def _patiently(self, ask: Callable[[], Awaitable[T]]) -> T:
        attempt = 0
        while True:
            attempt += 1
            try:
                return await ask()
            except (httpx2.TransportError, _Busy) as error:
                if attempt == self.attempts:
                    raise Trouble(f"The register does not answer: {type(error).__name__} {error}") from error
                pause = getattr(error, "seconds", 0.0) or min(0.25 * 2**attempt, _LONGEST_PAUSE)
                await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311  (not all at once)


def _check(answer: httpx2.Response) -> None:
    if answer.status_code == 200:
        return
    try:
        problem = answer.json()
    except ValueError:
        problem = {}
    detail = problem.get("detail", f"status {answer.status_code}")
    if answer.status_code == 410 or "restart" in problem:
        raise Expired(detail)
    if answer.status_code == 429 or answer.status_code >= 500:
        seconds = answer.headers.get("Retry-After", "")
        raise _Busy(detail, min(float(seconds), _LONGEST_PAUSE) if seconds.isdigit() else 0.0)
    raise Trouble(f"The register refuses: {detail}")


def _record(item: dict[str, Any]) -> Record:
    """What a change leaves of its record."""
    record = None if item["action"] in _GONE else item["record"]
    return Record(item["kind"], item["id"], item["version"], record)
