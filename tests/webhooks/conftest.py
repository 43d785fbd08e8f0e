"""A service that sends webhooks to a receiver on loopback, with its retries compressed in time."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from app.main import create_app
from app.webhooks import delivering
from tests.cast import Cast
from tests.conftest import Register, settings_for
from tests.webhooks.receiver import Receiver, receiving

QUICK: dict[str, Any] = {
    "deliver": True,
    "webhook_retries": (0, *[0.05] * 7),
    "webhook_timeout": 0.4,
    "webhook_rate": 1000,
}


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """Who is told."""
    async with receiving() as each:
        yield each


@pytest.fixture
async def service(
    empty: Register, receiver: Receiver, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[FastAPI]:
    """A service that sends; `@pytest.mark.parametrize("service", [{...}], indirect=True)` gives it other settings."""
    monkeypatch.setattr(delivering, "_LOOK_SECONDS", 0.05)
    chosen = {**QUICK, "webhook_test_targets": f"127.0.0.1:{receiver.port}", **getattr(request, "param", {})}
    app = create_app(settings_for(empty.address, **chosen))
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture
async def cast(empty: Register, service: FastAPI) -> AsyncIterator[Cast]:
    """The same callers as everywhere."""
    async with Cast.over(service, empty.keys) as cast:
        yield cast


async def subscribe(client: httpx.AsyncClient, receiver: Receiver, path: str, **given: Any) -> dict[str, Any]:
    """A webhook to a path of the receiver."""
    answer = await client.post("/v1/webhooks", json={"url": receiver.url(path), **given})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def log(client: httpx.AsyncClient, webhook: dict[str, Any], **given: Any) -> list[dict[str, Any]]:
    """The log of a webhook, oldest first."""
    answer = await client.get(f"/v1/webhooks/{webhook['id']}/deliveries", params=given)
    assert answer.status_code == 200, answer.text
    return list(reversed(answer.json()["items"]))
