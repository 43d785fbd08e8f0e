"""Quotas: told on every answer, spent by each key and each address for itself, filled up evenly, and shared."""

from collections.abc import Iterator
from ipaddress import ip_address
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI

from app import operating
from app.access.caller import PUBLIC, Caller
from app.access.permissions import Role
from app.access.quotas import WINDOW, Quotas
from tests.access.test_doors import ask
from tests.cast import Cast
from tests.conftest import Register

HERE, THERE = ip_address("203.0.113.7"), ip_address("203.0.113.8")


@pytest.fixture
def scarce(empty: Register) -> Iterator[Register]:
    """A register with small quotas: three requests for each key, two for each address."""
    serving = empty.app.state.service
    usual, serving.quotas = serving.quotas, Quotas(3, 2)
    yield empty
    serving.quotas = usual


def left(quotas: Quotas, caller: Caller = PUBLIC, address: str = "203.0.113.7") -> str:
    """Spend one request; what is told of the rest."""
    headers, refused = quotas.spend(caller, ip_address(address))
    return "refused" if refused else dict(headers)[b"ratelimit"].decode()


async def test_every_answer_tells_the_quota_and_what_is_left(scarce: Register) -> None:
    answers = [
        await ask(scarce.app, scarce.keys["reader"], path=path) for path in ("/v1/goals", "/v1/goals/77")
    ]
    assert [each.status_code for each in answers] == [200, 404]
    assert {each.headers["ratelimit-policy"] for each in answers} == {'"key";q=3;w=60'}
    assert [each.headers["ratelimit"] for each in answers] == ['"key";r=2;t=20', '"key";r=1;t=20']


async def test_a_key_that_is_spent_waits_and_nobody_else_does(scarce: Register) -> None:
    """A ministry behind one address has many keys: they do not lock each other out."""
    answers = [await ask(scarce.app, scarce.keys["reader"]) for _ in range(4)]
    assert [each.status_code for each in answers] == [200, 200, 200, 429]
    refused = answers[-1]
    assert refused.json()["type"] == "/problems/too-many-requests"
    assert refused.headers["ratelimit"].startswith('"key";r=0;t=')
    assert 1 <= int(refused.headers["retry-after"]) <= 20
    assert (await ask(scarce.app, scarce.keys["japan_editor"])).status_code == 200


async def test_an_address_without_a_key_waits_and_its_keys_do_not(scarce: Register, cast: Cast) -> None:
    answers = [await cast.anonymous.get("/v1/goals") for _ in range(3)]
    assert [each.status_code for each in answers] == [200, 200, 429]
    assert answers[0].headers["ratelimit-policy"] == '"address";q=2;w=60'
    assert (await cast.reader.get("/v1/goals")).status_code == 200


async def test_a_spent_quota_refuses_writes_before_anything_is_written(scarce: Register, cast: Cast) -> None:
    body = {"number": 1, "title": "Goal"}
    for _ in range(3):
        await cast.secretariat.get("/v1/goals")
    assert (await cast.secretariat.post("/v1/goals", json=body)).status_code == 429
    assert (await cast.reader.get("/v1/goals")).json()["items"] == []


def test_a_quota_fills_up_evenly(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr("app.access.quotas.monotonic", lambda: now)
    quotas = Quotas(0, 6)
    assert [left(quotas) for _ in range(7)] == [
        *(f'"address";r={n};t=10' for n in range(5, -1, -1)),
        "refused",
    ]
    now += 10
    assert [left(quotas) for _ in range(2)] == ['"address";r=0;t=10', "refused"]
    now += WINDOW
    assert left(quotas) == '"address";r=5;t=10'
    assert quotas.spend(Caller(Role.READER, uuid4()), HERE) == ([], None)  # none is set for keys


def test_the_addresses_of_one_subscriber_are_one() -> None:
    quotas = Quotas(0, 2)
    told = [
        left(quotas, address=each)
        for each in ("2001:db8::1", "2001:db8::2", "2001:db8::3", "2001:db8:0:1::1")
    ]
    assert [each != "refused" for each in told] == [True, True, False, True]


async def test_processes_share_what_is_much_used(service: FastAPI) -> None:
    serving, key = service.state.service, Caller(Role.READER, uuid4())
    here, there = Quotas(100, 100), Quotas(100, 100)
    for _ in range(80):
        here.spend(key, HERE)
    for _ in range(50):
        there.spend(key, THERE)
    for each in (here, there):
        await operating.share(serving, each)
    # What each spent beyond its first quarter: 55 and 25.
    assert left(there, key) == '"key";r=19;t=1'
    for _ in range(20):
        here.spend(key, HERE)
    for each in (here, there):
        await operating.share(serving, each)
    assert left(there, key) == "refused"


async def test_what_is_little_used_costs_the_database_nothing(service: FastAPI) -> None:
    quotas = Quotas(100, 100)
    left(quotas)

    async def tell(*_: object) -> list[tuple[str, float]]:
        raise AssertionError("it was told")

    await quotas.shared(str, tell)


async def test_health_and_documents_are_not_counted(scarce: Register, client: httpx.AsyncClient) -> None:
    for path in ("/livez", "/openapi.json", "/problems"):
        assert "ratelimit" not in (await client.get(path)).headers
