"""Turns the credentials of a request into a Caller, and slows down those who guess."""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from time import monotonic
from typing import TYPE_CHECKING
from uuid import UUID

import structlog
from asyncpg import Record

from app.access.caller import (
    PUBLIC,
    Caller,
    KeyExpired,
    KeyMalformed,
    KeyRevoked,
    KeyRotated,
    KeyUnknown,
    Unauthorised,
    WrongNetwork,
)
from app.access.keys import digest, well_formed
from app.access.networks import Address, Network, neighbours, networks, within
from app.access.permissions import Role
from app.db import Compiled, Database
from app.errors import BadRequest, Problem, Unavailable
from app.settings import Settings

if TYPE_CHECKING:  # its libraries are for those who have configured an issuer
    from app.access.tokens import Tokens

_VERDICT_SECONDS = 1.0
_VERDICTS_KEPT = 1000
_FAILURES_MOST, _FAILURES_SECONDS, _SOURCES_KEPT = 20, 60.0, 10_000
_log = structlog.get_logger("workplan.access")
_BY_SECRET = Compiled("select * from key_of($1)", ("named",), {})
_BY_ID = Compiled("select * from key_known($1)", ("named",), {})
_BY_SUBJECT = Compiled("select * from token_holder($1)", ("subject",), {})
_USED = "select key_used($1)"
_SEEN = "select note_token_holder($1, $2, $3, $4, $5, $6)"
_NOTED = ("client", "role", "country", "body", "scopes")


class TooManyFailures(Problem):
    """Too many keys that open nothing came from this address. Good keys are not held up by that."""

    status = 429


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is known of a secret."""

    caller: Caller
    networks: tuple[Network, ...] = ()
    ends_soon: datetime | None = None
    """When it stops opening, if that is within two weeks."""
    used_today: bool = True


_OF_NOBODY = Verdict(PUBLIC)


class Doorkeeper:
    """Knows who is calling. A verdict is remembered for a second, so that a revoked key is refused at once."""

    def __init__(self, database: Database, tokens: "Tokens | None" = None) -> None:
        self._database = database
        self._tokens = tokens
        self._verdicts: dict[bytes, tuple[float, Verdict]] = {}
        self._failures: OrderedDict[str, list[float]] = OrderedDict()

    async def verdict(
        self, headers: dict[bytes, bytes], address: Address | None, *, anywhere: bool = False
    ) -> Verdict:
        """Who is calling. No credentials: the public. Bad credentials are never taken for none.

        `anywhere`: what is asked for is done from every network.
        """
        text = credentials(headers)
        if text is None:
            return _OF_NOBODY
        try:
            verdict = await self._opened(text)
        except Unauthorised as refused:
            raise self._failed(address) or refused from None
        if verdict.networks and not anywhere and not within(address, verdict.networks):
            raise WrongNetwork("This key does not open from the address that this request comes from.")
        return verdict

    def ask_again(self) -> None:
        """Keys have changed: what was known of them is asked again."""
        self._verdicts.clear()

    def forget(self) -> None:
        """Ask the database again, and count failures anew."""
        self.ask_again()
        self._failures.clear()

    async def holder(self, key_id: UUID) -> Caller:
        """The holder of a key, for what is done in their name later. The key has to be good still."""
        return (await self._look_up(_BY_ID, key_id)).caller

    def _failed(self, address: Address | None) -> Problem | None:
        """Count a failure of an address; the refusal of one that has failed too often."""
        now, source = monotonic(), neighbours(address)
        recent = [at for at in self._failures.pop(source, ()) if at > now - _FAILURES_SECONDS]
        self._failures[source] = [*recent, now][-_FAILURES_MOST - 1 :]
        if len(self._failures) > _SOURCES_KEPT:
            self._failures.popitem(last=False)
        if len(recent) < _FAILURES_MOST:
            return None
        wait = max(1, round(recent[0] + _FAILURES_SECONDS - now))
        return TooManyFailures("Wait before you try another key.", headers={"Retry-After": str(wait)})

    async def _opened(self, text: str) -> Verdict:
        token = self._tokens is not None and text.count(".") == 2
        if not token and not well_formed(text):
            raise KeyMalformed("An API key has the form ajwp_… with 46 letters and digits.")
        hashed = digest(text)
        now = monotonic()
        known = self._verdicts.get(hashed)
        if known and known[0] > now:
            return known[1]
        seconds, verdict = await (self._judged(text) if token else self._found(hashed))
        if len(self._verdicts) > _VERDICTS_KEPT:
            self._verdicts.clear()
        self._verdicts[hashed] = (now + seconds, verdict)
        return verdict

    async def _found(self, hashed: bytes) -> tuple[float, Verdict]:
        verdict = await self._look_up(_BY_SECRET, hashed)
        if not verdict.used_today:
            await self._note(_USED, hashed)
        return _VERDICT_SECONDS, verdict

    async def _judged(self, text: str) -> tuple[float, Verdict]:
        """Whose token it is: somebody whom the register knows by an id of its own, and with the role of today."""
        assert self._tokens is not None
        said = await self._tokens.read(text)
        rule = said.rule
        now = (said.client, str(rule.role), rule.country, rule.body, list(rule.scopes))
        known = await self._holder(said.subject)
        if known is None or not known["seen_today"] or tuple(known[name] for name in _NOTED) != now:
            await self._note(_SEEN, said.subject, *now)
            known = await self._holder(said.subject)
        if known is None:
            raise Unavailable("The register only reads just now, and this token is new to it. Try again.")
        if rule.body and known["body_id"] is None:
            _log.warning("a rule for tokens names an organisation that does not exist", body=rule.body)
        caller = Caller(
            rule.role, known["id"], rule.require_if_match, rule.country, known["body_id"], rule.scopes
        )
        return said.seconds, Verdict(caller)

    async def _holder(self, subject: bytes) -> Record | None:
        rows = await self._database.fetch(_BY_SUBJECT, {"subject": subject})
        return rows[0] if rows else None

    async def _look_up(self, statement: Compiled, named: bytes | UUID) -> Verdict:
        rows = await self._database.fetch(statement, {"named": named})
        if not rows:
            raise KeyUnknown("This API key is not known.")
        row = rows[0]
        if row["revoked"]:
            raise KeyRevoked("This API key was revoked.")
        if row["expired"]:
            raise KeyExpired("This API key has expired.")
        if row["rotated"]:
            raise KeyRotated("This API key was rotated: another secret is in its place.")
        caller = Caller(
            Role(row["role"]),
            row["id"],
            row["require_if_match"],
            row["country"],
            row["body_id"],
            tuple(row["scopes"]),
        )
        return Verdict(
            caller, networks(row["networks"]), row["ends_at"] if row["ends_soon"] else None, row["used_today"]
        )

    async def _note(self, statement: str, *values: object) -> None:
        """That it was used today; a register that only reads just now is no reason to refuse."""
        try:
            async with self._database.writing() as connection:
                await connection.execute(statement, *values)
        except Unavailable:
            _log.warning("the use of a key was not noted")


def judge_of_tokens(config: Settings) -> "Tokens | None":
    """What reads the tokens of the configured issuer; ValueError says what is wrong in the configuration."""
    if not any((config.oidc_issuer, config.oidc_audience, config.oidc_rules)):
        return None
    from app.access.tokens import Tokens

    return Tokens(config)


def credentials(headers: dict[bytes, bytes]) -> str | None:
    """The key that a request carries. Of two that differ none is taken: who means which is not guessed."""
    key, authorization = headers.get(b"x-api-key"), headers.get(b"authorization")
    if authorization is not None:
        scheme, _, bearer = authorization.partition(b" ")
        is_bearer = scheme.lower() == b"bearer"
        if key is not None and not (is_bearer and key.strip() == bearer.strip()):
            raise BadRequest(
                "`Authorization` and `X-API-Key` say different things: send one of them.",
                errors=[{"header": "X-API-Key", "code": "credentials_differ"}],
            )
        if not is_bearer:
            raise KeyMalformed("Send `Authorization: Bearer ajwp_…`.")
        key = bearer
    return None if key is None else key.strip().decode("latin-1")
