"""Keys at the door: what is not good is told apart, what ends soon is announced, who guesses is slowed."""

from datetime import UTC, datetime, timedelta

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from app import preparing
from app.access.keys import digest, new_key
from app.access.networks import networks, source
from app.access.permissions import Role
from tests.cast import BASE, Cast
from tests.conftest import Register
from tests.openapi.conforming import as_documented


async def ask(
    service: FastAPI,
    key: str,
    *,
    peer: str = "203.0.113.7",
    path: str = "/v1/goals",
    body: str | None = None,
    method: str | None = None,
) -> httpx.Response:
    """One request with a key, from an address."""
    transport = httpx.ASGITransport(service, client=(peer, 4711))
    async with httpx.AsyncClient(
        transport=transport, base_url=BASE, event_hooks={"response": [as_documented]}
    ) as client:
        headers = {"X-API-Key": key, "Content-Type": "application/json"}
        method = method or ("POST" if body else "GET")
        return await client.request(method, path, headers=headers, content=body)


async def key_with(address: str, **columns: object) -> str:
    """A reader's key with these columns."""
    connection = await asyncpg.connect(address)
    key = new_key()
    await preparing.add_key(connection, key, "test", Role.READER, **columns)
    await connection.close()
    return key


NOW = datetime.now(UTC)


@pytest.mark.parametrize(
    ("columns", "status", "kind"),
    [
        ({"revoked_at": NOW}, 401, "key-revoked"),
        ({"expires_at": NOW - timedelta(seconds=1)}, 401, "key-expired"),
        ({"networks": ["10.0.0.0/8"]}, 403, "wrong-network"),
        ({"networks": ["10.0.0.0/8", "203.0.113.0/24"]}, 200, ""),
        ({"expires_at": NOW + timedelta(days=1)}, 200, ""),
    ],
)
async def test_keys_that_do_not_open_say_why(
    service: FastAPI, database_address: str, columns: dict[str, object], status: int, kind: str
) -> None:
    answer = await ask(service, await key_with(database_address, **columns))
    assert answer.status_code == status
    assert status == 200 or answer.json()["type"] == f"/problems/{kind}"


async def test_a_rotated_secret_and_an_unknown_one_are_told_apart(
    service: FastAPI, database_address: str
) -> None:
    key = await key_with(database_address)
    connection = await asyncpg.connect(database_address)
    await connection.execute("update api_key_secrets set ends_at = now() where digest = $1", digest(key))
    await connection.close()
    assert (await ask(service, key)).json()["type"] == "/problems/key-rotated"
    assert (await ask(service, new_key())).json()["type"] == "/problems/key-unknown"
    assert (await ask(service, "ajwp_short")).json()["type"] == "/problems/key-malformed"


@pytest.mark.parametrize(("days", "told"), [(13, True), (15, False)])
async def test_a_key_that_ends_soon_says_so(
    service: FastAPI, database_address: str, days: int, told: bool
) -> None:
    answer = await ask(service, await key_with(database_address, expires_at=NOW + timedelta(days=days)))
    assert ("key-expires" in answer.headers) == told


async def test_guessing_is_slowed_for_its_source_and_for_nobody_else(
    service: FastAPI, database_address: str
) -> None:
    good = await key_with(database_address)
    statuses = [(await ask(service, new_key())).status_code for _ in range(22)]
    assert statuses == [401] * 20 + [429] * 2
    slowed = await ask(service, new_key())
    assert 1 <= int(slowed.headers["retry-after"]) <= 60
    assert (await ask(service, good)).status_code == 200
    assert (await ask(service, new_key(), peer="203.0.113.8")).status_code == 401


async def test_the_day_of_the_last_use_is_noted(service: FastAPI, database_address: str) -> None:
    key = await key_with(database_address)
    await ask(service, key)
    connection = await asyncpg.connect(database_address)
    used = "select last_used_on = current_date from api_key_secrets where digest = $1"
    assert await connection.fetchval(used, digest(key))
    await connection.close()


@pytest.mark.parametrize(
    ("peer", "forwarded", "proxies", "found"),
    [
        ("203.0.113.7", b"10.1.1.1", (), "203.0.113.7"),
        ("10.0.0.1", b"198.51.100.1, 203.0.113.7", ("10.0.0.0/8",), "203.0.113.7"),
        ("10.0.0.1", b"203.0.113.7, 10.0.0.2", ("10.0.0.0/8",), "203.0.113.7"),
        ("::ffff:203.0.113.7", None, (), "203.0.113.7"),
        (None, b"203.0.113.7", ("10.0.0.0/8",), "None"),
    ],
)
def test_only_trusted_proxies_say_for_whom_they_ask(
    peer: str | None, forwarded: bytes | None, proxies: tuple[str, ...], found: str
) -> None:
    assert str(source(peer, forwarded, networks(proxies))) == found


async def test_of_two_keys_that_differ_none_is_taken(cast: Cast, empty: Register) -> None:
    editor, reader = empty.keys["thailand_editor"], empty.keys["reader"]
    for key, beside, status in (
        (editor, f"Bearer {editor}", 200),
        (editor, f"bearer  {editor}", 200),
        (editor, f"Bearer {reader}", 400),
        (editor, f"Bearer {new_key()}", 400),
        (editor, editor, 400),
        (editor, "Basic YWRtaW46YWRtaW4=", 400),
        (editor, "", 400),
        ("", f"Bearer {editor}", 400),
    ):
        answer = await cast.anonymous.get("/v1/keys/me", headers={"X-API-Key": key, "Authorization": beside})
        assert answer.status_code == status, (key, beside)
        codes = [each["code"] for each in answer.json().get("errors", ())]
        assert codes == (["credentials_differ"] if status == 400 else [])
