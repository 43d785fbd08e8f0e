"""What a request finds in the application: database, doorkeeper, wake-ups, secrets; and who is calling."""

import asyncio
from collections.abc import Hashable
from dataclasses import dataclass, field
from functools import cached_property

from fastapi import Request

from app.access.caller import Caller
from app.access.doorkeeper import Doorkeeper
from app.access.networks import Address, Network, networks, source
from app.access.quotas import Quotas
from app.collection.asked import pairs_of
from app.db import Context, Database
from app.errors import Unavailable
from app.gathering import Gathering
from app.http.seals import Seal
from app.operations.kept import Kept
from app.operations.moments import Moment, moment_asked
from app.settings import Settings
from app.wakeups import Wakeups


@dataclass
class Service:
    """The parts of a running service."""

    settings: Settings
    database: Database
    doorkeeper: Doorkeeper
    wakeups: Wakeups
    secrets: tuple[bytes, ...] = ()
    """Those that seal what clients carry; the first seals, all are known."""
    kept: Kept = field(default_factory=Kept)
    groups: dict[Hashable, Gathering] = field(default_factory=dict)
    """Those who write at the same time, by what they share (`group_commit`)."""
    job_added: asyncio.Event = field(default_factory=asyncio.Event)
    """Wakes the worker of this process; others look every few seconds."""

    @cached_property
    def quotas(self) -> Quotas:
        """What everybody has spent of their requests."""
        return Quotas(self.settings.key_quota, self.settings.address_quota)

    @cached_property
    def proxies(self) -> tuple[Network, ...]:
        """Those who may say for whom they ask."""
        return networks(self.settings.trusted_proxies)

    @property
    def seal(self) -> Seal:
        """Seals what clients carry. The service starts without its database, and then does not know this yet."""
        if not self.secrets:
            raise Unavailable("The database cannot be reached. Try again.")
        return Seal(*self.secrets)


def service_of(request: Request) -> Service:
    service: Service = request.scope["app"].state.service
    return service


def headers_of(request: Request) -> dict[bytes, bytes]:
    """Headers by lower-case name, as the edge has them; of repeated ones the last, as none read here may repeat."""
    fields: dict[bytes, bytes] = request.scope["state"]["fields"]
    return fields


_ENDS_ITS_KEY = ("DELETE", "/v1/keys/me")
"""Whoever finds a key is seldom in the network from which it opens, and is to end it all the same."""


async def caller_of(request: Request) -> Caller:
    """Who is calling; looked up once a request."""
    state = request.scope["state"]
    if (known := state.get("caller")) is not None:
        caller: Caller = known
        return caller
    service = service_of(request)
    address = _source(request, service)
    anywhere = (request.scope["method"], request.scope["path"]) == _ENDS_ITS_KEY
    verdict = await service.doorkeeper.verdict(headers_of(request), address, anywhere=anywhere)
    state["headers"], refused = service.quotas.spend(verdict.caller, address)
    if verdict.ends_soon:
        state["headers"].append((b"key-expires", f"{verdict.ends_soon:%Y-%m-%dT%H:%M:%SZ}".encode()))
    if refused:
        raise refused
    state["caller"] = verdict.caller
    return verdict.caller


async def ask_caller_again(request: Request) -> None:
    """Look again who is calling: what is answered late is for whom the key still opens."""
    service = service_of(request)
    verdict = await service.doorkeeper.verdict(headers_of(request), _source(request, service))
    request.scope["state"]["caller"] = verdict.caller


def _source(request: Request, service: Service) -> Address | None:
    peer = request.scope.get("client")
    return source(peer[0] if peer else None, headers_of(request).get(b"x-forwarded-for"), service.proxies)


async def moment_of(request: Request) -> Moment | None:
    """As of when the request reads; None: now."""
    state, headers, query = request.scope["state"], headers_of(request), request.scope["query_string"]
    if b"as_of" not in query and b"%" not in query and b"accept-datetime" not in headers:
        return None
    if "moment" not in state:
        state["moment"] = await moment_asked(service_of(request).database, pairs_of(query), headers)
    found: Moment | None = state["moment"]
    return found


async def context_of(request: Request) -> Context:
    """What the database is to know of a request while it reads, as settings of its transaction."""
    return await context_at(request, await moment_of(request))


async def context_at(request: Request, moment: Moment | None) -> Context:
    """The same at another moment than the one that the request reads at."""
    caller = await caller_of(request)
    return {**caller.context, **moment.context} if moment else caller.context


def address_of(request: Request) -> str:
    """Scheme, host and port for absolute links: as configured, else where we listen; never the Host header."""
    if public := service_of(request).settings.public_url:
        return public.rstrip("/")
    host, port = request.scope.get("server") or ("localhost", None)
    if host.startswith("/"):  # a socket file has no address that a client could use
        host = "localhost"
    host = f"[{host}]" if ":" in host else host
    return f"http://{host}:{port}" if port else f"http://{host}"
