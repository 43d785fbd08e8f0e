"""The callers of every test, by name."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Self

import httpx
from fastapi import FastAPI

from app.access.permissions import Role
from tests.openapi.conforming import as_documented

BASE = "http://register.test"


@dataclass
class Cast:
    """One client per caller."""

    anonymous: httpx.AsyncClient
    reader: httpx.AsyncClient
    secretariat: httpx.AsyncClient
    administrator: httpx.AsyncClient

    @classmethod
    @asynccontextmanager
    async def over(cls, app: FastAPI, keys: Mapping[Role, str]) -> AsyncIterator[Self]:
        """Clients that speak to an application in this process."""
        async with AsyncExitStack() as stack:

            async def client(key: str | None) -> httpx.AsyncClient:
                headers = {"Authorization": f"Bearer {key}"} if key else {}
                transport = httpx.ASGITransport(app, raise_app_exceptions=True)
                return await stack.enter_async_context(
                    httpx.AsyncClient(
                        transport=transport,
                        base_url=BASE,
                        headers=headers,
                        event_hooks={"response": [as_documented]},
                    )
                )

            yield cls(
                anonymous=await client(None),
                reader=await client(keys[Role.READER]),
                secretariat=await client(keys[Role.SECRETARIAT]),
                administrator=await client(keys[Role.ADMINISTRATOR]),
            )
