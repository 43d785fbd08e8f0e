"""The secrets of an installation: how they are changed without anybody being refused. `python -m tests.reliability A17`
does it with processes that serve meanwhile.
"""

from datetime import UTC, datetime
from urllib.parse import urlsplit
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from pydantic import ValidationError

from app.settings import Settings
from app.webhooks.delivering import secrets
from tests import make

_FORMER, _NEXT = b"the former secret", b"the next secret"
_LOAD = "/v1/goals/bulk?match=number"
_ROWS = [{"number": 1, "title": "Goal"}]


async def test_what_a_former_secret_has_sealed_holds_until_that_is_no_longer_named(
    service: FastAPI, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service.state.service, "secrets", (_FORMER,))
    office = await make.record(client, "focal-points")
    await make.record(client, "focal-points")
    page = (await client.get("/v1/focal-points?limit=1")).json()["next"]
    plan = {"If-Plan-Match": (await client.post(f"{_LOAD}&dry_run=true", json=_ROWS)).headers["plan"]}
    made = await client.post(f"/v1/focal-points/{office['id']}/verification-link")
    link = urlsplit(made.json()["url"]).path
    for known, answers in (((_NEXT, _FORMER), [200, 200, 200]), ((_NEXT,), [400, 400, 404])):
        monkeypatch.setattr(service.state.service, "secrets", known)
        asked = (
            await client.get(page),
            await client.post(f"{_LOAD}&dry_run=true", json=_ROWS, headers=plan),
            await client.get(link),
        )
        assert [each.status_code for each in asked] == answers, known


def test_while_the_key_of_webhooks_is_changed_both_sign() -> None:
    row = {"secret_number": 3, "former_secret_until": None, "former_secrets": 0}
    signing = [
        secrets(keys, UUID(int=7), row, datetime.now(UTC)) for keys in ([_NEXT, _FORMER], [_NEXT], [_FORMER])
    ]
    assert signing[0] == signing[1] + signing[2]
    assert len(set(signing[0])) == 2


@pytest.mark.parametrize("name", ["cursor_secret", "webhook_key"])
def test_a_secret_that_can_be_guessed_starts_nothing(name: str) -> None:
    with pytest.raises(ValidationError):
        Settings(**{name: "secret"})
    assert getattr(Settings(**{name: "0" * 32}), name)
