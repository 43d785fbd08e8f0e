"""The callers of every test, by name."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Self

import httpx
from fastapi import FastAPI

from app.access.permissions import Role
from tests.openapi.conforming import as_documented

BASE = "http://register.test"
CALLERS: dict[str, tuple[Role, str | None]] = {
    "reader": (Role.READER, None),
    "partner": (Role.PARTNER, None),
    "japan_editor": (Role.EDITOR, "JP"),
    "indonesia_editor": (Role.EDITOR, "ID"),
    "thailand_editor": (Role.EDITOR, "TH"),
    "thailand_approver": (Role.APPROVER, "TH"),
    "asean_authority": (Role.ASEAN_AUTHORITY, None),
    "japan_authority": (Role.JAPAN_AUTHORITY, None),
    "secretariat": (Role.SECRETARIAT, None),
    "auditor": (Role.AUDITOR, None),
    "administrator": (Role.ADMINISTRATOR, None),
}
"""Role and country of each caller that has a key."""


class Cast:
    """One client per caller."""

    anonymous: httpx.AsyncClient
    reader: httpx.AsyncClient
    partner: httpx.AsyncClient
    japan_editor: httpx.AsyncClient
    indonesia_editor: httpx.AsyncClient
    thailand_editor: httpx.AsyncClient
    thailand_approver: httpx.AsyncClient
    asean_authority: httpx.AsyncClient
    japan_authority: httpx.AsyncClient
    secretariat: httpx.AsyncClient
    auditor: httpx.AsyncClient
    administrator: httpx.AsyncClient

    @classmethod
    @asynccontextmanager
    async def over(cls, app: FastAPI, keys: Mapping[str, str]) -> AsyncIterator[Self]:
        """Clients that speak to an application in this process."""
        async with AsyncExitStack() as stack:
            yield cls(app, keys, stack)

    def __init__(self, app: FastAPI, keys: Mapping[str, str], stack: AsyncExitStack) -> None:
        self._app, self._keys, self._stack = app, keys, stack

    def __getattr__(self, name: str) -> httpx.AsyncClient:
        """A caller's client, once somebody asks for it: a test has one or two of them."""
        if name not in CALLERS and name != "anonymous":
            raise AttributeError(name)
        headers = {"Authorization": f"Bearer {self._keys[name]}"} if name in CALLERS else {}
        client = httpx.AsyncClient(
            transport=httpx.ASGITransport(self._app, raise_app_exceptions=True),
            base_url=BASE,
            headers=headers,
            event_hooks={"response": [as_documented]},
        )
        self._stack.push_async_callback(client.aclose)
        setattr(self, name, client)
        return client
