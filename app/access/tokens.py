"""Bearer tokens of a configured issuer (OIDC): is it good, whose is it, and what is it worth here."""

import hashlib
import json
import re
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from time import time
from typing import Any

from joserfc.errors import (
    BadSignatureError,
    ClaimError,
    ExpiredTokenError,
    JoseError,
    UnsupportedAlgorithmError,
)
from joserfc.jws import JWSRegistry, deserialize_compact
from joserfc.jwt import JWTClaimsRegistry

from app.access.caller import (
    TokenExpired,
    TokenForAnother,
    TokenMalformed,
    TokenNotYetValid,
    TokenOfAnotherIssuer,
    TokenSignatureWrong,
    TokenWithoutRole,
    Unauthorised,
)
from app.access.issuer import Issuer, is_safe
from app.access.rules import Rule, read_rules, rule_for
from app.settings import Settings

ALGORITHMS = (
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519",
)  # fmt: skip
"""With a key that only the issuer has. Never `none`, never one whose key we would share with it (`HS256`)."""
_TYPES = frozenset({"", "jwt", "at+jwt", "application/at+jwt"})
_LENGTH_MOST = 16_384
_REMEMBERED_SECONDS = 60.0
_CLIENT = re.compile(r"[A-Za-z0-9._:/-]{1,100}")


@dataclass(frozen=True, slots=True)
class Token:
    """What a good token says."""

    subject: bytes
    """Whose it is: a digest, as names and addresses of people need not be known here."""
    client: str | None
    """The client, where it speaks for itself and not for a person."""
    rule: Rule
    seconds: float
    """How long this may be remembered."""


class _Registry(JWSRegistry):
    def get_alg(self, name: str) -> Any:
        if name not in ALGORITHMS:
            raise UnsupportedAlgorithmError(name)
        return self.algorithms[name]


class Tokens:
    """Judges the tokens of one issuer."""

    def __init__(self, config: Settings) -> None:
        address, audience = config.oidc_issuer, config.oidc_audience
        if not address or not audience or config.oidc_rules is None:
            raise ValueError(
                "WORKPLAN_OIDC_ISSUER, WORKPLAN_OIDC_AUDIENCE and WORKPLAN_OIDC_RULES go together."
            )
        if not is_safe(address):
            raise ValueError("WORKPLAN_OIDC_ISSUER: an issuer has an address that begins with https://")
        self._issuer = Issuer(address, config.oidc_refetch_seconds)
        self._rules = read_rules(config.oidc_rules)
        self._registry = _Registry(strict_check_header=False)
        self._registry.max_header_length = 4096
        self._claims = JWTClaimsRegistry(
            leeway=config.oidc_leeway,
            iss={"essential": True, "value": address},
            aud={"essential": True, "value": audience},
            exp={"essential": True},
            sub={"essential": True},
        )
        self._leeway = config.oidc_leeway

    async def read(self, text: str) -> Token:
        """What a token says; a refusal, if it is not good."""
        header = _header(text)
        key = await self._issuer.key(header.get("kid"))
        try:
            payload = deserialize_compact(text, key, registry=self._registry).payload
        except BadSignatureError:
            raise TokenSignatureWrong("The signature of the token is not that of its issuer.") from None
        except (JoseError, ValueError, TypeError):
            raise TokenMalformed("The token is not signed as its issuer's key says.") from None
        claims = _object(payload or b"")
        self._check(claims)
        rule = rule_for(self._rules, claims)
        if rule is None:
            raise TokenWithoutRole("No rule of this register gives a role to what the token claims.")
        try:
            left = claims["exp"] + self._leeway - time()
            subject = f"{claims['iss']}\n{claims['sub']}".encode()
        except (OverflowError, UnicodeEncodeError):
            raise TokenMalformed("`exp` is not a time, or `sub` not a text.") from None
        return Token(hashlib.sha256(subject).digest(), _client(claims), rule, min(left, _REMEMBERED_SECONDS))

    def _check(self, claims: Mapping[str, Any]) -> None:
        try:
            self._claims.validate(dict(claims))
        except ExpiredTokenError:
            raise TokenExpired("The token has expired. Ask its issuer for another.") from None
        except ClaimError as wrong:
            raise _refusal(wrong) from None


def _refusal(wrong: ClaimError) -> Unauthorised:
    if wrong.error == "missing_claim":
        return TokenMalformed(f"The token does not say: {wrong.claim}.")
    if wrong.claim == "aud":
        return TokenForAnother(
            "The token was made for another service: this one is not its audience (`aud`)."
        )
    if wrong.claim == "iss":
        return TokenOfAnotherIssuer(
            "The token is of another issuer (`iss`) than the one that is trusted here."
        )
    if wrong.claim in {"nbf", "iat"}:
        return TokenNotYetValid("The token is of the future (`nbf`, `iat`).")
    return TokenMalformed(f"The claim `{wrong.claim}` is not what it has to be.")


def _header(text: str) -> dict[str, Any]:
    """The head of a token, which nobody has vouched for yet."""
    if len(text) > _LENGTH_MOST or not text.isascii():
        raise TokenMalformed(f"A token has at most {_LENGTH_MOST} characters.")
    head = text.partition(".")[0]
    try:
        header = _object(urlsafe_b64decode(head + "=" * (-len(head) % 4)))
    except ValueError:
        raise TokenMalformed("This is not a JSON Web Token.") from None
    if header.get("alg") not in ALGORITHMS:
        raise TokenMalformed("The token is not signed in a way that is taken here.", allowed=list(ALGORITHMS))
    if str(header.get("typ", "")).lower() not in _TYPES:
        raise TokenMalformed("This is a token of another kind: an access token is needed.")
    if not isinstance(header.get("kid"), str | None):
        raise TokenMalformed("`kid` is text.")
    if "crit" in header:  # RFC 7515, section 4.1.11
        raise TokenMalformed(
            "The token says that something is critical (`crit`) which is not understood here."
        )
    return header


def _object(written: bytes) -> dict[str, Any]:
    try:
        found = json.loads(written)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise TokenMalformed("This is not a JSON Web Token.")
    return found


def _client(claims: Mapping[str, Any]) -> str | None:
    """The client, where it speaks for itself: then it is the subject as well (RFC 9068)."""
    for name in ("client_id", "azp"):
        client = claims.get(name)
        if isinstance(client, str) and client == claims["sub"] and _CLIENT.fullmatch(client):
            return client
    return None
