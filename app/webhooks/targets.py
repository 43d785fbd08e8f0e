"""Where a webhook may lead. An address is judged when it is registered, and anew at every attempt.

A name is looked up once an attempt; every address that it has is judged, and the connection goes to a judged one. So
neither a name that changes its mind in between nor one bad address among good ones reaches what lies inside.
"""

import re
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import httpcore2

from app.settings import Settings
from app.webhooks.lookups import look_up

PORTS = (443, 8443)
URL_MOST = 2000
_CHARACTERS = re.compile(r"https?://[!-~]+")
_NAME = re.compile(r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?[.])+[a-z]([a-z0-9-]{0,61}[a-z0-9])?")
_INSIDE = (
    "localhost",
    "local",
    "localdomain",
    "internal",
    "intranet",
    "lan",
    "home",
    "corp",
    "private",
    "arpa",
)
_TRANSLATED = (ip_network("64:ff9b::/96"), ip_network("64:ff9b:1::/48"))
_ONLY_GLOBAL = ip_network("2000::/3")
_NEVER = [ip_network(each) for each in ("168.63.129.16", "192.0.0.0/24", "192.88.99.0/24", "3fff::/20")]
"""Global by their number, and yet the host of a virtual machine, relays, or for documents."""
_TRIED_MOST = 3

LookUp = Callable[[UUID, str, int], Awaitable[Iterable[str]]]
"""For an owner of webhooks, a name and a port."""


class Forbidden(Exception):
    """The register does not send there. `code` names the rule."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class Unresolved(Exception):
    """The name has no address, or nobody says."""


@dataclass(frozen=True)
class Target:
    """An address that may be asked for, as far as its text tells."""

    scheme: str
    host: str
    port: int
    path: str
    plain: bool
    """Without TLS or at an uncommon port: only the places that the settings name are reached so."""


class Targets:
    """Judges addresses by the rules of an installation."""

    def __init__(self, allowed: Iterable[str] = (), look_up: LookUp = look_up) -> None:
        self._allowed = frozenset(allowed)
        self._look_up = look_up

    @classmethod
    def of(cls, settings: Settings) -> "Targets":
        return cls(each.strip() for each in settings.webhook_test_targets.split(",") if each.strip())

    def target(self, url: str) -> Target:
        """The parts of an address, or why it is refused."""
        try:
            parts = urlsplit(url) if _CHARACTERS.fullmatch(url) else None
        except ValueError:  # brackets that hold no address
            parts = None
        if parts is None or "\\" in url or "#" in url or len(url) > URL_MOST:
            raise Forbidden("url_malformed", "An https address in ASCII is expected, without a fragment.")
        if "@" in parts.netloc:
            raise Forbidden(
                "url_credentials", "An address holds no name or password: the signature says who sends."
            )
        try:
            host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
            literal = f"[{host}]" if ":" in host else host
            if parts.netloc.lower() not in {literal, f"{literal}:{port}"}:
                raise ValueError
        except ValueError:
            raise Forbidden("url_malformed", "Host or port of the address cannot be read.") from None
        plain = parts.scheme != "https" or port not in PORTS
        if plain and not any(each.endswith(f":{port}") for each in self._allowed):
            if parts.scheme != "https":
                raise Forbidden("url_scheme", "Only https is sent to.")
            raise Forbidden("url_port", f"Only the ports {' and '.join(map(str, PORTS))} are sent to.")
        if (address := _literal(host)) is not None:
            self._judge(address, port, plain=plain)
        elif _NAME.fullmatch(host) is None or len(host) > 253 or host.rsplit(".", 1)[-1] in _INSIDE:
            raise Forbidden(
                "url_host", "A full name in the public DNS is expected (punycode if it is not ASCII)."
            )
        path = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
        return Target(parts.scheme, host, port, path, plain)

    async def addresses(self, target: Target, owner: UUID) -> list[str]:
        """Where the target of this owner is now: every address was judged, and one that is bad refuses the name."""
        if _literal(target.host) is not None:
            found = [target.host]
        else:
            try:
                found = list(dict.fromkeys(await self._look_up(owner, target.host, target.port)))
            except (OSError, UnicodeError) as error:
                raise Unresolved from error
        if not found:
            raise Unresolved
        for each in found:
            self._judge(ip_address(each), target.port, plain=target.plain)
        return found[:_TRIED_MOST]

    def _judge(self, address: IPv4Address | IPv6Address, port: int, *, plain: bool) -> None:
        written = f"[{address}]" if address.version == 6 else str(address)
        if f"{written}:{port}" in self._allowed:
            return
        if plain or not is_public(address):
            raise Forbidden("url_address", "The host lies in a private, local or reserved network.")


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether an address is one of the open Internet, and what is wrapped into it as well."""
    if isinstance(address, IPv4Address):
        return (
            address.is_global
            and not (address.is_multicast or address.is_reserved or address.is_private)
            and not any(address in each for each in _NEVER)
        )
    if address.scope_id is not None:
        return False
    inside = _wrapped(address)
    if inside:
        return all(map(is_public, inside))
    return (
        address.is_global
        and not address.is_multicast
        and address in _ONLY_GLOBAL
        and not any(address in each for each in _NEVER)
    )


def _wrapped(address: IPv6Address) -> list[IPv4Address]:
    """The IPv4 addresses that this one leads to: mapped, 6to4, Teredo, translated."""
    if address.ipv4_mapped:
        return [address.ipv4_mapped]
    if address.sixtofour:
        return [address.sixtofour]
    if address.teredo:
        return list(address.teredo)
    if any(address in each for each in _TRANSLATED):
        return [IPv4Address(int(address) & 0xFFFF_FFFF)]
    return []


def _literal(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


class Pinned(httpcore2.AsyncNetworkBackend):
    """Connects to addresses that were judged, whatever the name says by now. TLS still asks for the name."""

    def __init__(self, addresses: Iterable[str]) -> None:
        self._addresses = list(addresses)
        self._network = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  (the signature of httpcore2)
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        failed: Exception | None = None
        for address in self._addresses:
            try:
                return await self._network.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failed = error
        raise failed or httpcore2.ConnectError("no address")
