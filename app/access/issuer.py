"""The issuer of bearer tokens: where its keys are found, and which of them are known."""

import asyncio
import json
from functools import cache
from ssl import SSLContext
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

import httpx2
import structlog
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, JWKRegistry, OKPKey, RSAKey

from app.access.caller import IssuerUnreachable, TokenKeyUnknown

Key = RSAKey | ECKey | OKPKey
_FETCH_SECONDS = 4.0
_SIZE_MOST = 262_144
_FRESH_SECONDS, _KEPT_SECONDS = 900.0, 86_400.0
_RSA_LEAST = 2048
_UNREADABLE = (ValueError, KeyError, TypeError, AttributeError, RecursionError)
_log = structlog.get_logger("workplan.access")


class Issuer:
    """Its keys, fetched when they are needed, kept for a day at most while it cannot be reached."""

    def __init__(self, address: str, pause: float) -> None:
        self.address = address
        self._pause = pause
        """Seconds between two attempts, whoever asks for keys that are not known."""
        self._keys: dict[str | None, Key] = {}
        self._fetched = self._tried = float("-inf")
        self._reached = False
        self._one_at_a_time = asyncio.Lock()
        self._afresh: asyncio.Task[None] | None = None

    async def key(self, name: str | None) -> Key:
        """A key by its `kid`; without one the only key there is."""
        now = monotonic()
        if now > self._fetched + _KEPT_SECONDS:
            self._keys = {}
        found = self._known(name)
        if found is None:
            await self._ask(now)
            found = self._known(name)
        elif now > self._fetched + _FRESH_SECONDS and (self._afresh is None or self._afresh.done()):
            self._afresh = asyncio.create_task(self._ask(now))  # what is known serves meanwhile
        if found is not None:
            return found
        if not self._reached:
            raise IssuerUnreachable("The keys of the tokens' issuer cannot be fetched just now. Try again.")
        raise TokenKeyUnknown("The token names a key (`kid`) that its issuer does not publish.")

    def _known(self, name: str | None) -> Key | None:
        if name is None and len(self._keys) == 1:
            return next(iter(self._keys.values()))
        return self._keys.get(name)

    async def _ask(self, since: float) -> None:
        """Fetch the keys, unless that was tried since, or just before."""
        async with self._one_at_a_time:
            if self._tried > since or monotonic() < self._tried + self._pause:
                return
            try:
                async with asyncio.timeout(_FETCH_SECONDS):
                    self._keys = await self._fetch()
                self._reached, self._fetched = True, monotonic()
            except (httpx2.HTTPError, httpx2.InvalidURL, OSError, *_UNREADABLE) as error:
                self._reached = False
                _log.warning("the issuer's keys were not fetched", error=type(error).__name__)
            finally:
                self._tried = monotonic()

    async def _fetch(self) -> dict[str | None, Key]:
        async with httpx2.AsyncClient(
            verify=_tls(), timeout=_FETCH_SECONDS, follow_redirects=False
        ) as client:
            about = await _json(client, f"{self.address.rstrip('/')}/.well-known/openid-configuration")
            if about["issuer"] != self.address:
                raise ValueError("it is another issuer")
            if not is_safe(about["jwks_uri"]):
                raise ValueError("its keys are published without TLS")
            published = await _json(client, about["jwks_uri"])
        keys = {each.get("kid"): key for each in published["keys"] if (key := _imported(each)) is not None}
        if not keys:
            raise ValueError("none of its keys can be used")
        return keys


def is_safe(address: str) -> bool:
    """Whether nobody in between can change what is fetched: TLS, or this machine."""
    parts = urlsplit(address)
    return parts.scheme == "https" or (
        parts.scheme == "http" and parts.hostname in {"127.0.0.1", "::1", "localhost"}
    )


@cache
def _tls() -> SSLContext:
    """Read once: the authorities that are trusted are many."""
    return httpx2.create_ssl_context()


async def _json(client: httpx2.AsyncClient, address: str) -> dict[str, Any]:
    async with client.stream("GET", address, headers={"Accept": "application/json"}) as answer:
        answer.raise_for_status()
        body = b""
        async for piece in answer.aiter_bytes():
            body += piece
            if len(body) > _SIZE_MOST:
                raise ValueError("it answers more than any issuer has to say")
    found = json.loads(body)
    if not isinstance(found, dict) or not answer.is_success:
        raise TypeError("it does not answer as an issuer does")
    return found


def _imported(published: Any) -> Key | None:
    """A key that signs; what is none, or is too short, is as if it were not there."""
    if not isinstance(published, dict) or published.get("use", "sig") != "sig":
        return None
    if published.get("kty") not in {"RSA", "EC", "OKP"}:
        return None
    try:
        key = JWKRegistry.import_key({name: value for name, value in published.items() if name != "d"})
        if isinstance(key, RSAKey) and key.public_key.key_size < _RSA_LEAST:
            return None
    except (JoseError, ValueError, TypeError):
        return None
    return key if isinstance(key, RSAKey | ECKey | OKPKey) else None
