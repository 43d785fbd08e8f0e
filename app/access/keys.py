"""API keys: `ajwp_`, forty random characters, six check digits. Only their SHA-256 is stored."""

import hashlib
import secrets
import string
from time import monotonic
from typing import Any
from uuid import UUID
from zlib import crc32

from app.access.permissions import (
    PUBLIC,
    Caller,
    KeyExpired,
    KeyMalformed,
    KeyRevoked,
    KeyUnknown,
    Role,
)
from app.db import Compiled, Database

PREFIX = "ajwp_"
_DIGITS = string.digits + string.ascii_uppercase + string.ascii_lowercase
_BODY, _CHECK = 40, 6
_VERDICT_SECONDS = 3.0
_VERDICTS_KEPT = 1000


def _check(body: str) -> str:
    number = crc32(body.encode())
    digits = ""
    for _ in range(_CHECK):
        number, digit = divmod(number, 62)
        digits = _DIGITS[digit] + digits
    return digits


def new_key() -> str:
    """A fresh key; shown once, never stored."""
    body = "".join(secrets.choice(_DIGITS) for _ in range(_BODY))
    return f"{PREFIX}{body}{_check(body)}"


def digest(key: str) -> bytes:
    """What is stored of a key. It is random, so a fast hash is right."""
    return hashlib.sha256(key.encode()).digest()


def well_formed(key: str) -> bool:
    body = key.removeprefix(PREFIX)
    return (
        key.startswith(PREFIX)
        and len(body) == _BODY + _CHECK
        and body.isascii()
        and secrets.compare_digest(body[_BODY:], _check(body[:_BODY]))
    )


_KEY = "select id, role, require_if_match, revoked_at, expires_at <= now() as expired from api_keys"
_BY_DIGEST = Compiled(f"{_KEY} where digest = $1", ("digest",), {})
_BY_ID = Compiled(f"{_KEY} where id = $1", ("id",), {})


class Doorkeeper:
    """Turns a request's credentials into a Caller; remembers a verdict for a few seconds."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._verdicts: dict[bytes, tuple[float, Caller]] = {}

    def forget(self) -> None:
        """Ask the database again."""
        self._verdicts.clear()

    async def caller(self, headers: dict[bytes, bytes]) -> Caller:
        """Who is calling. No credentials: the public. Bad credentials are never taken for none."""
        key = headers.get(b"x-api-key")
        if key is None:
            authorization = headers.get(b"authorization")
            if authorization is None:
                return PUBLIC
            scheme, _, key = authorization.partition(b" ")
            if scheme.lower() != b"bearer":
                raise KeyMalformed("Send `Authorization: Bearer ajwp_…`.")
        text = key.strip().decode("latin-1")
        if not well_formed(text):
            raise KeyMalformed("An API key has the form ajwp_… with 46 letters and digits.")
        hashed = digest(text)
        now = monotonic()
        known = self._verdicts.get(hashed)
        if known and known[0] > now:
            return known[1]
        caller = await self._look_up(_BY_DIGEST, {"digest": hashed})
        if len(self._verdicts) > _VERDICTS_KEPT:
            self.forget()
        self._verdicts[hashed] = (now + _VERDICT_SECONDS, caller)
        return caller

    async def holder(self, key_id: UUID) -> Caller:
        """The holder of a key, for what is done in their name later. The key has to be good still."""
        return await self._look_up(_BY_ID, {"id": key_id})

    async def _look_up(self, statement: Compiled, named: dict[str, Any]) -> Caller:
        rows = await self._database.fetch(statement, named)
        if not rows:
            raise KeyUnknown("This API key is not known.")
        row = rows[0]
        if row["revoked_at"] is not None:
            raise KeyRevoked("This API key was revoked.")
        if row["expired"]:
            raise KeyExpired("This API key has expired.")
        return Caller(Role(row["role"]), row["id"], row["require_if_match"])
