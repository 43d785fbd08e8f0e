"""Subscriptions: of the key that made them, with a secret that is shown once and stored nowhere."""

import asyncio
import json

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from app.tables import METADATA
from app.webhooks import outbox
from tests import make
from tests.access.test_doors import ask
from tests.cast import Cast
from tests.webhooks.conftest import log, subscribe
from tests.webhooks.receiver import Receiver

NEW = {"url": "https://hooks.example.org/workplan", "kinds": ["events"], "description": "Case system"}


async def change_readers_key(address: str, change: str) -> None:
    connection = await asyncpg.connect(address)
    await connection.execute(f"update api_keys set {change} where role = 'reader'")
    await connection.close()


async def another_is_told(cast: Cast, receiver: Receiver) -> None:
    await subscribe(cast.administrator, receiver, "/lives")
    await make.record(cast.secretariat, "goals")
    await receiver.until("/lives", 1)


async def test_only_its_owner_and_administrators_see_a_webhook(cast: Cast) -> None:
    made = await cast.reader.post("/v1/webhooks", json=NEW)
    assert made.status_code == 201, made.text
    address = made.headers["location"]
    assert {key: made.json()[key] for key in NEW} == NEW
    assert (await cast.anonymous.get(address)).status_code == 401
    for method, path, body in (
        ("GET", address, None), ("GET", f"{address}/deliveries", None), ("PATCH", address, {"state": "paused"}),
        ("POST", f"{address}/rotate-secret", None), ("POST", f"{address}/test", None),
        ("POST", f"{address}/replay", {"from_position": 1}), ("DELETE", address, None),
    ):  # fmt: skip
        answer = await cast.secretariat.request(method, path, json=body)
        assert answer.status_code == 404, (method, path)
    assert (await cast.secretariat.get("/v1/webhooks")).json() == {"items": [], "next": None}
    for client in (cast.reader, cast.administrator):
        assert [each["id"] for each in (await client.get("/v1/webhooks")).json()["items"]] == [
            made.json()["id"]
        ]
    assert (await cast.administrator.patch(address, json={"state": "paused"})).json()["version"] == 2
    assert (await cast.reader.delete(address)).status_code == 204
    assert (await cast.reader.get(address)).status_code == 404


async def test_keys_of_one_body_that_may_the_same_share_its_webhooks(cast: Cast, service: FastAPI) -> None:
    """It is told what its owner sees: who sees less neither reads nor redirects it."""
    body = await make.record(cast.secretariat, "organisations", country="TH")

    async def key(role: str, country: str | None = None, scopes: tuple[str, ...] = ()) -> str:
        said = {"name": "x", "role": role, "country": country, "scopes": scopes, "body_id": body["id"]}
        return str((await cast.administrator.post("/v1/keys", json=said)).json()["key"])

    owner = await key("editor", "TH")
    made = await ask(service, owner, path="/v1/webhooks", body=json.dumps(NEW))
    address = made.headers["location"]
    for each, status in (
        (await key("editor", "TH"), 200), (await key("reader"), 404), (await key("approver", "TH"), 404),
        (await key("editor", "TH", ("events:read", "*:subscribe")), 404), (await key("editor", "JP"), 404),
    ):  # fmt: skip
        change = json.dumps({"description": "Mine"})
        for answer in (
            await ask(service, each, path=address),
            await ask(service, each, path=f"{address}/deliveries"),
            await ask(service, each, path=address, body=change, method="PATCH"),
        ):
            assert answer.status_code == status, answer.text


async def test_its_secret_is_shown_once_and_stands_nowhere(
    client: httpx.AsyncClient, receiver: Receiver, database_address: str
) -> None:
    key = {"Idempotency-Key": "once"}
    receiver.answers["/said"] = lambda _call, _before: b"HTTP/1.1 200 X\r\ncontent-length: 6\r\n\r\ncanary"
    first = await client.post("/v1/webhooks", json={"url": receiver.url("/said")}, headers=key)
    again = await client.post("/v1/webhooks", json={"url": receiver.url("/said")}, headers=key)
    assert first.json()["secret"].startswith("whsec_")
    assert again.json() == {**first.json(), "secret": None}
    address = first.headers["location"]
    rotated = await client.post(f"{address}/rotate-secret", headers={"Idempotency-Key": "twice"})
    await make.record(client, "goals")
    await receiver.until("/said", 1)
    assert "secret" not in (await client.get(address)).json()
    connection = await asyncpg.connect(database_address)
    for table in METADATA.sorted_tables:
        for (text,) in await connection.fetch(f"select t::text from {table.name} t"):
            for secret in ("canary", first.json()["secret"][6:], rotated.json()["secret"][6:]):
                assert secret not in text, table.name
    recorded = await connection.fetch(
        "select action, record from changes where kind = 'webhooks' order by version"
    )
    await connection.close()
    assert [row["action"] for row in recorded] == ["create", "update"]


@pytest.mark.parametrize("service", [{"deliver": False}], indirect=True)
async def test_a_webhook_is_changed_like_any_record(client: httpx.AsyncClient) -> None:
    made = await client.post("/v1/webhooks", json=NEW)
    address, tag = made.headers["location"], made.headers["etag"]
    assert (await client.get(address, headers={"If-None-Match": tag})).status_code == 304
    patch = {"kinds": None, "country": "TH", "url": "https://hooks.example.org/other"}
    tried = await client.patch(address, json=patch, params={"dry_run": "true"})
    changed = await client.patch(address, json=patch, headers={"If-Match": tag})
    assert tried.json()["version"] == changed.json()["version"] == 2
    assert {key: changed.json()[key] for key in patch} == {**patch, "kinds": []}
    assert (await client.patch(address, json=patch)).json()["version"] == 2
    late = await client.patch(address, json={"state": "paused"}, headers={"If-Match": tag})
    assert late.status_code == 412
    assert late.json()["current"]["version"] == 2
    assert (await client.delete(address, headers={"If-Match": tag})).status_code == 412


@pytest.mark.parametrize("service", [{"deliver": False}], indirect=True)
async def test_what_cannot_be_is_refused_by_its_field(client: httpx.AsyncClient) -> None:
    for change, pointer, code in (
        ({"url": None}, "/url", "string_type"),
        ({"kinds": ["event"]}, "/kinds/0", "unknown"),
        ({"actions": ["made"]}, "/actions/0", "literal_error"),
        ({"country": "Thailand"}, "/country", "string_pattern_mismatch"),
        ({"from_position": 10**9}, "/from_position", "out_of_range"),
        ({"secret": "whsec_mine"}, "/secret", "unknown_field"),
        ({"state": "disabled"}, "/state", "unknown_field"),
    ):
        answer = await client.post("/v1/webhooks", json={**NEW, **change})
        assert answer.status_code == 422
        assert [(each["pointer"], each["code"]) for each in answer.json()["errors"]] == [(pointer, code)]


@pytest.mark.parametrize("service", [{"deliver": False}], indirect=True)
async def test_lists_come_in_pages(client: httpx.AsyncClient) -> None:
    made = [(await client.post("/v1/webhooks", json=NEW)).json()["id"] for _ in range(3)]
    first = await client.get("/v1/webhooks?limit=2")
    rest = await client.get(first.json()["next"])
    assert [each["id"] for page in (first, rest) for each in page.json()["items"]] == made[::-1]
    assert rest.json()["next"] is None
    cursor = first.json()["next"].rsplit("=", 1)[1]
    other = await client.get(f"/v1/webhooks/{made[0]}/deliveries", params={"cursor": cursor})
    assert other.json()["type"] == "/problems/invalid-cursor"
    wrong = await client.get(f"/v1/webhooks/{made[0]}/deliveries?state=givn_up")
    assert wrong.json()["errors"][0]["did_you_mean"] == ["given_up"]


async def test_a_webhook_ends_with_its_key(cast: Cast, receiver: Receiver, database_address: str) -> None:
    webhook = await subscribe(cast.reader, receiver, "/ended")
    await change_readers_key(database_address, "revoked_at = now()")
    await another_is_told(cast, receiver)
    async with asyncio.timeout(20):  # what was written down for it goes with it
        while await log(cast.administrator, webhook):  # noqa: ASYNC110  (nothing says when)
            await asyncio.sleep(0.05)
    assert receiver.calls["/ended"] == []


async def test_who_may_not_subscribe_any_more_stands_in_nobodys_way(
    cast: Cast, receiver: Receiver, database_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "_BEHIND", outbox._BEHIND.replace(f"limit {outbox.LANES}", "limit 1"))
    await subscribe(cast.reader, receiver, "/narrowed")
    await change_readers_key(database_address, "scopes = '{events:read}'")
    await another_is_told(cast, receiver)
    assert receiver.calls["/narrowed"] == []


async def test_who_answers_for_a_key_is_told_that_it_was_ended(cast: Cast, receiver: Receiver) -> None:
    """By somebody who has found it; of the keys of others nobody is told, and of any only who asks."""
    asked = {"url": receiver.url("/curious"), "kinds": ["keys"]}
    assert (await cast.thailand_editor.post("/v1/webhooks", json=asked)).status_code == 403
    await subscribe(cast.administrator, receiver, "/records")
    await subscribe(cast.thailand_approver, receiver, "/keys", kinds=["keys"])
    made = [
        (
            await cast.administrator.post(
                "/v1/keys", json={"name": "k", "role": "editor", "country": country}
            )
        ).json()
        for country in ("JP", "TH")
    ]
    for each in made:
        found = {"X-API-Key": each["key"], "X-Reason": "Found in a repository."}
        assert (await cast.anonymous.delete("/v1/keys/me", headers=found)).status_code == 204
    await make.record(cast.secretariat, "goals")
    calls = await receiver.until("/keys", 2)
    await receiver.until("/records", 1)
    assert [(call.event["type"], call.event["id"]) for call in calls] == [
        ("keys.create", made[1]["id"]), ("keys.update", made[1]["id"]),
    ]  # fmt: skip
    told = (await cast.thailand_approver.get(calls[1].event["href"])).json()
    assert told["revoked_at"] is not None
    assert [call.event["kind"] for call in receiver.calls["/records"]] == ["goals"]
