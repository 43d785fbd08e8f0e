"""One write, one transaction: who, the Idempotency-Key, the work, the commit, and only then the answer."""

import asyncio
import hashlib
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import asyncpg
from fastapi import Request, Response
from fastapi.responses import StreamingResponse

from app.access.caller import EDIT, Caller, KeyRevoked, Right
from app.db import Connection, quoted
from app.errors import BadRequest, Conflict, Problem
from app.http.spool import Spool
from app.operations.serving import caller_of, headers_of, service_of
from app.pool import Lost

_ATTEMPTS = 3
_KEPT_MOST = 8 << 20
"""Bytes of an answer that is kept."""
_KEY = re.compile(r"[!-~]{1,255}")
_REASON_MOST = 500
_KEEP = """insert into idempotency_keys (caller_id, key, fingerprint, status, headers, body)
select * from unnest($1::uuid[], $2::text[], $3::bytea[], $4::int[], $5::jsonb[], $6::text[])"""
_ANSWERED = """update idempotency_keys set status = $4, headers = $5, body = $6
where caller_id = $1 and key = $2 and fingerprint = $3"""


@dataclass
class Answer:
    """What a write answers once it is committed."""

    status: int
    body: str | Spool = ""
    """What may be large comes in a spool."""
    headers: dict[str, str] = field(default_factory=dict)
    shown: str = ""
    """What is answered this once in place of the body: it holds a secret, which is not kept."""
    kept: bool = True
    """False: what was written is rolled back, as in a dry run."""

    def response(self, **more: str) -> Response:
        headers = {**self.headers, **more}
        if isinstance(self.body, Spool):
            headers["Content-Length"] = str(self.body.size)
            return StreamingResponse(_sent(self.body), self.status, headers)
        if self.body:
            headers.setdefault("Content-Type", "application/json")
        return Response(self.shown or self.body or None, self.status, headers)

    def forget(self) -> None:
        """It will not be sent."""
        if isinstance(self.body, Spool):
            self.body.close()

    def text(self) -> str:
        """What is kept for an Idempotency-Key."""
        if isinstance(self.body, str):
            return self.body
        if self.body.size > _KEPT_MOST:
            raise AnswerTooLarge(f"{self.body.size} bytes, of {_KEPT_MOST} that are kept.")
        return self.body.head(_KEPT_MOST).decode()


async def _sent(spool: Spool) -> AsyncIterator[bytes]:
    with spool:
        for piece in spool.pieces():
            yield piece


Work = Callable[[Connection], Awaitable[Answer]]


class AnswerTooLarge(Problem):
    """The answer is too large to be kept for its Idempotency-Key. Nothing was changed.

    Only the refused rows of a load can be so many. Send the file with `Prefer: respond-async`: those of a job may be.
    """

    status = 422


class KeyReused(Problem):
    """This Idempotency-Key was used for another request. A new request needs a new key."""

    status = 422
    title = "Idempotency-Key reused"


class StillRunning(Conflict):
    """The first request with this Idempotency-Key is still running. Ask again after `Retry-After`."""


class _RolledBack(Exception):
    """Ends a transaction without an effect."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer


@dataclass(frozen=True)
class Opening:
    """Who writes, and why: what is said as the first thing of a transaction that writes."""

    caller: Caller
    request_id: str
    reason: str | None
    key: str | None = None
    """The Idempotency-Key."""
    fingerprint: bytes | None = None
    system: str = ""
    """The system by whose own keys records are named."""
    key_first: bool = False
    """Whether the key is kept before the work, which then can forget it."""

    def told(self, reason: str | None) -> str:
        """What the database is to know."""
        context = {
            "register.role": str(self.caller.role),
            **self.caller.context,
            "register.request": self.request_id,
            "register.reason": reason or "",
            "register.system": self.system,
        }
        return json.dumps(context)

    @property
    def question(self) -> str:
        """Tells the database, and locks the Idempotency-Key. It brings a row only if there is something to answer.

        All but the reason, which is somebody's own words: constants of a statement may be logged by the database.
        """
        key = quoted(self.key) if self.key else "null"
        fingerprint = quoted("\\x" + self.fingerprint.hex()) if self.fingerprint else "null"
        return (
            f"select from open_write({quoted(self.told(None))}, {key}, {fingerprint}) o "
            "where o.refused or o.busy or o.replay"
        )

    async def claim(self, connection: Connection) -> asyncpg.Record:
        """The same, and what there is to answer. A key that was revoked meanwhile writes nothing."""
        claim = await connection.fetchrow(
            "select * from open_write($1, $2, $3)", self.told(self.reason), self.key, self.fingerprint
        )
        assert claim is not None
        if claim["refused"]:
            raise KeyRevoked("This API key was revoked, or has just expired.")
        return claim

    async def say_why(self, connection: Connection) -> None:
        """Tell the database the reason."""
        await connection.execute("select set_config('register.reason', $1, true)", self.reason)

    async def keep_key(self, connection: Connection) -> None:
        """Keep the Idempotency-Key before there is an answer to it."""
        await keep(connection, [(self.caller.key_id, self.key, self.fingerprint, None, None, None)])

    def kept(self, answer: Answer) -> tuple[object, ...]:
        """What is kept of the answer for the Idempotency-Key."""
        head = json.dumps(answer.headers)
        return self.caller.key_id, self.key, self.fingerprint, answer.status, head, answer.text()

    async def keep(self, connection: Connection, answer: Answer) -> None:
        """Keep the answer for its Idempotency-Key."""
        if self.key_first:
            await connection.execute(_ANSWERED, *self.kept(answer))
        else:
            await keep(connection, [self.kept(answer)])


async def keep(connection: Connection, rows: Sequence[tuple[object, ...]]) -> None:
    """Keep Idempotency-Keys, with what is answered."""
    await connection.execute(_KEEP, *zip(*rows, strict=True))


async def write(
    request: Request,
    body: bytes | Spool,
    work: Work,
    *,
    dry_run: bool,
    needs: Right = EDIT,
    system: str = "",
    key_first: bool = False,
) -> Response:
    """Run the work in a transaction of its own. The response exists only after COMMIT returned.

    `system`: by whose own keys the request names its records; the journal keeps it with each change.
    `key_first`: the work is to find the Idempotency-Key among those that are kept.
    """
    opening = await opened(request, body, needs=needs, system=system, key_first=key_first)
    return await carried_out(request, work, opening, dry_run=dry_run)


async def opened(
    request: Request, body: bytes | Spool, *, needs: Right = EDIT, system: str = "", key_first: bool = False
) -> Opening:
    """Who writes, and why; refused if they may not write at all."""
    caller = await caller_of(request)
    needs.asked_of(caller)
    headers = headers_of(request)
    key = _idempotency_key(headers)
    fingerprint = _fingerprint(request, headers, body) if key else None
    request_id = request.scope["state"].get("request_id", "")
    return Opening(caller, request_id, reason_of(headers), key, fingerprint, system, key_first)


async def carried_out(request: Request, work: Work, opening: Opening, *, dry_run: bool) -> Response:
    """Run the work in a transaction of its own; once more, if something outside was in its way.

    What somebody else made in that moment is found then by whoever puts it.
    """
    for attempt in range(_ATTEMPTS):
        try:
            return await _attempt(request, work, opening, dry_run=dry_run)
        except (
            Lost,
            asyncpg.SerializationError,
            asyncpg.DeadlockDetectedError,
            asyncpg.InvalidCachedStatementError,
        ):  # nothing was committed
            if attempt == _ATTEMPTS - 1:
                raise
            await asyncio.sleep(0.02 * (attempt + 1))
        except asyncpg.UniqueViolationError:
            if attempt:
                raise
    raise AssertionError


async def _attempt(request: Request, work: Work, opening: Opening, *, dry_run: bool) -> Response:
    answer: Answer | None = None
    try:
        async with service_of(request).database.asking(opening.question) as (connection, answered):
            if answered:
                claim = await opening.claim(connection)
                if claim["busy"]:
                    raise StillRunning(
                        "The first request with this key is still running.", headers={"Retry-After": "1"}
                    )
                if claim["replay"]:
                    return _replayed(claim)
            if opening.reason:
                await opening.say_why(connection)
            if opening.key and opening.key_first:
                await opening.keep_key(connection)
            answer = await work(connection)
            if dry_run or not answer.kept:
                raise _RolledBack(answer)
            if opening.key:
                await opening.keep(connection, answer)
    except _RolledBack as rolled_back:
        return rolled_back.answer.response(**({"Dry-Run": "true"} if dry_run else {}))
    except BaseException:
        if answer:
            answer.forget()
        raise
    return answer.response()


def _replayed(claim: asyncpg.Record) -> Response:
    if not claim["same"]:
        raise KeyReused("This Idempotency-Key belongs to another request.")
    headers = json.loads(claim["headers"] or "{}")
    return Answer(claim["status"], claim["body"] or "", headers).response(**{"Idempotency-Replayed": "true"})


def _idempotency_key(headers: dict[bytes, bytes]) -> str | None:
    raw = headers.get(b"idempotency-key")
    if raw is None:
        return None
    key = raw.decode("latin-1").strip()
    if len(key) > 1 and key.startswith('"') and key.endswith('"'):
        key = key[1:-1]
    if not _KEY.fullmatch(key):
        raise BadRequest(
            "`Idempotency-Key` is 1 to 255 visible ASCII characters.",
            errors=[{"header": "Idempotency-Key", "code": "malformed", "hint": "A UUID is a good key."}],
        )
    return key


def reason_of(headers: dict[bytes, bytes]) -> str | None:
    """Why a change is made, for the journal: one line of UTF-8."""
    raw = headers.get(b"x-reason", b"").strip()
    try:
        reason = raw.decode()
    except UnicodeDecodeError:
        reason = "\0"
    if len(reason) > _REASON_MOST or not reason.isprintable():
        raise BadRequest(
            f"`X-Reason` is one line of at most {_REASON_MOST} characters, in UTF-8.",
            errors=[{"header": "X-Reason", "code": "malformed"}],
        )
    return reason or None


def _fingerprint(request: Request, headers: dict[bytes, bytes], body: bytes | Spool) -> bytes:
    """What makes two requests the same: method, address, query, media type, body."""
    print_ = hashlib.sha256()
    query = b"&".join(sorted(request.scope["query_string"].split(b"&")))
    for part in (
        request.method.encode(),
        request.scope["path"].encode(),
        query,
        headers.get(b"content-type", b""),
        body.digest if isinstance(body, Spool) else hashlib.sha256(body).digest(),
    ):
        print_.update(len(part).to_bytes(8, "big") + part)
    return print_.digest()
