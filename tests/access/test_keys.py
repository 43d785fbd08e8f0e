"""Keys over HTTP: made by those who may, shown once, narrowed, rotated without an outage, revoked at once."""

import json
from typing import Any

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from tests import make
from tests.access.test_doors import ask
from tests.cast import Cast

NEW = {"name": "Case system", "role": "editor", "country": "TH"}


async def made(client: httpx.AsyncClient, **more: Any) -> dict[str, Any]:
    answer = await client.post("/v1/keys", json={**NEW, **more})
    assert answer.status_code == 201, answer.text
    key: dict[str, Any] = answer.json()
    return key


async def test_a_key_is_shown_once_and_opens(cast: Cast, service: FastAPI, database_address: str) -> None:
    key = await made(cast.administrator, scopes=["activities:write"])
    assert (await ask(service, key["key"])).status_code == 200
    read = (await cast.administrator.get(f"/v1/keys/{key['id']}")).json()
    assert "key" not in read
    assert read["secrets"][0]["begins"] == key["key"][:9]
    assert [each["id"] for each in (await cast.administrator.get("/v1/keys?limit=1")).json()["items"]] == [
        key["id"]
    ]
    connection = await asyncpg.connect(database_address)
    journal = await connection.fetch("select action, record::text from changes where kind = 'api_keys'")
    await connection.close()
    assert [row["action"] for row in journal] == ["create"]
    assert key["key"] not in str(journal)


async def test_a_repeated_request_makes_one_key_and_does_not_keep_it(
    cast: Cast, database_address: str
) -> None:
    headers = {"Idempotency-Key": "once"}
    answers = [await cast.administrator.post("/v1/keys", json=NEW, headers=headers) for _ in range(2)]
    assert answers[0].json()["id"] == answers[1].json()["id"]
    assert answers[0].json()["key"] is not None
    assert answers[1].json()["key"] is None
    connection = await asyncpg.connect(database_address)
    kept = await connection.fetchval("select string_agg(body, '') from idempotency_keys")
    await connection.close()
    assert answers[0].json()["key"] not in kept


@pytest.mark.parametrize("name", ["reader", "partner", "japan_editor", "secretariat", "auditor", "anonymous"])
async def test_others_neither_see_nor_make_keys(cast: Cast, name: str) -> None:
    client = getattr(cast, name)
    for answer in (await client.get("/v1/keys"), await client.post("/v1/keys", json=NEW)):
        assert answer.status_code == (401 if name == "anonymous" else 403)


async def test_an_approver_hands_out_the_keys_of_its_country(cast: Cast) -> None:
    approver = cast.thailand_approver
    own = await made(approver)
    listed = (await approver.get("/v1/keys")).json()["items"]
    assert {each["country"] for each in listed} == {"TH"}
    refused = [
        await approver.post("/v1/keys", json={**NEW, "country": "JP"}),
        await approver.post("/v1/keys", json={"name": "x", "role": "administrator"}),
        await approver.post("/v1/keys", json={"name": "x", "role": "secretariat"}),
    ]
    assert [answer.status_code for answer in refused] == [403] * 3
    foreign = await made(cast.administrator, country="JP")
    for answer in (
        await approver.get(f"/v1/keys/{foreign['id']}"),
        await approver.patch(f"/v1/keys/{foreign['id']}", json={"scopes": []}),
        await approver.delete(f"/v1/keys/{foreign['id']}"),
        await approver.post(f"/v1/keys/{foreign['id']}/rotate"),
    ):
        assert answer.status_code == 404
    assert (await approver.delete(f"/v1/keys/{own['id']}")).status_code == 204


async def test_a_revoked_key_is_refused_at_once_also_in_other_processes(
    cast: Cast, service: FastAPI, database_address: str
) -> None:
    key = await made(cast.administrator)
    assert (await ask(service, key["key"])).status_code == 200
    assert (await cast.administrator.delete(f"/v1/keys/{key['id']}")).status_code == 204
    assert (await ask(service, key["key"])).json()["type"] == "/problems/key-revoked"
    again = await cast.administrator.patch(f"/v1/keys/{key['id']}", json={"name": "Back"})
    assert again.json()["type"] == "/problems/key-ended"


@pytest.mark.parametrize("role", ["editor", "administrator"])
async def test_whoever_finds_a_key_can_end_it_with_nothing_but_the_key(
    cast: Cast, service: FastAPI, database_address: str, role: str
) -> None:
    key = await made(cast.administrator, role=role, country="TH" if role == "editor" else None)
    for query, status in (("?dry_run=true", 204), ("", 204), ("", 401)):
        answer = await ask(service, key["key"], path=f"/v1/keys/me{query}", method="DELETE")
        assert answer.status_code == status
    assert answer.json()["type"] == "/problems/key-revoked"
    assert (await cast.administrator.get(f"/v1/keys/{key['id']}")).json()["revoked_at"] is not None
    connection = await asyncpg.connect(database_address)
    by = await connection.fetchval("select key_id from commits order by position desc limit 1")
    await connection.close()
    assert str(by) == key["id"]


async def test_who_finds_a_key_ends_it_from_every_network_and_does_nothing_else(
    cast: Cast, service: FastAPI
) -> None:
    key = await made(cast.administrator, role="administrator", country=None, networks=["198.51.100.0/24"])
    for method, path in (
        ("GET", "/v1/keys/me"), ("DELETE", f"/v1/keys/{key['id']}"), ("POST", f"/v1/keys/{key['id']}/rotate"),
        ("DELETE", "/v1/keys/me/"), ("GET", "/v1/goals"), ("DELETE", "/v1/goals/1"),
    ):  # fmt: skip
        answer = await ask(service, key["key"], path=path, method=method)
        assert answer.status_code in {401, 403, 404}, (path, answer.text)
    assert (await ask(service, key["key"], path="/v1/keys/me", method="DELETE")).status_code == 204
    ended = await ask(service, key["key"], path="/v1/keys/me", method="DELETE")
    assert ended.json()["type"] == "/problems/key-revoked"


async def test_a_key_with_narrow_scopes_can_end_itself_too(cast: Cast, service: FastAPI) -> None:
    for scopes in (["events:write"], ["keys:administer"], ["*:read"]):
        key = await made(cast.administrator, role="approver", scopes=scopes)
        assert (await ask(service, key["key"], path="/v1/keys/me", method="DELETE")).status_code == 204


async def test_a_write_with_a_key_that_was_revoked_elsewhere_is_refused(
    cast: Cast, database_address: str
) -> None:
    """This process still remembers that the key was good: the transaction of the write looks again."""
    body = {"title": "Seminar", "kind": "seminar", "start_date": "2027-02-01"}
    assert (await cast.thailand_editor.post("/v1/events?dry_run=true", json=body)).status_code == 201
    connection = await asyncpg.connect(database_address)
    await connection.execute("update api_keys set revoked_at = now() where name = 'thailand_editor'")
    await connection.close()
    answer = await cast.thailand_editor.post("/v1/events", json=body)
    assert answer.json()["type"] == "/problems/key-revoked"


async def test_while_it_is_rotated_both_secrets_open_the_same_key(cast: Cast, service: FastAPI) -> None:
    key = await made(cast.administrator)
    answer = await cast.administrator.post(f"/v1/keys/{key['id']}/rotate?overlap=12h")
    rotated = answer.json()
    assert rotated["id"] == key["id"]
    assert rotated["rotated_at"]
    assert [(await ask(service, each)).status_code for each in (key["key"], rotated["key"])] == [200, 200]
    assert "key-expires" in (await ask(service, key["key"])).headers
    last = (await cast.administrator.post(f"/v1/keys/{key['id']}/rotate?overlap=0h")).json()
    answers = [await ask(service, each) for each in (key["key"], rotated["key"], last["key"])]
    assert [answer.status_code for answer in answers] == [401, 401, 200]
    assert answers[0].json()["type"] == "/problems/key-rotated"


async def test_a_key_tells_what_it_may_and_is_narrowed_at_once(cast: Cast, service: FastAPI) -> None:
    key = await made(cast.administrator)
    address = f"/v1/keys/{key['id']}"
    me = (await ask(service, key["key"], path="/v1/keys/me")).json()
    assert (me["id"], me["country"], me["permissions"]["edit"]) == (key["id"], "TH", "own")
    patched = await cast.administrator.patch(
        address, json={"scopes": ["*:read"], "networks": ["198.51.100.0/24"]}
    )
    assert patched.status_code == 200
    assert (await ask(service, key["key"], path="/v1/keys/me")).json()["type"] == "/problems/wrong-network"
    there = await ask(service, key["key"], path="/v1/keys/me", peer="198.51.100.9")
    assert "edit" not in there.json()["permissions"]


async def test_a_narrow_key_hands_out_no_wider_one(cast: Cast, service: FastAPI) -> None:
    narrow = await made(cast.administrator, role="approver", scopes=["keys:administer", "events:*"])

    async def make(scopes: list[str]) -> httpx.Response:
        return await ask(service, narrow["key"], path="/v1/keys", body=json.dumps({**NEW, "scopes": scopes}))

    answers = [await make(scopes) for scopes in ([], ["*:write"], ["activities:write"], ["events:write"])]
    assert [answer.status_code for answer in answers] == [403, 403, 403, 201]
    assert answers[0].json()["type"] == "/problems/beyond-your-key"


async def test_a_narrow_key_gets_no_secret_of_a_wider_one(cast: Cast, service: FastAPI) -> None:
    scopes = ["keys:administer", "events:*"]
    narrow = await made(cast.administrator, role="approver", scopes=scopes)
    wider = [await made(cast.administrator, scopes=each) for each in ([], [*scopes, "activities:write"])]
    rotated = [
        await ask(service, narrow["key"], path=f"/v1/keys/{each['id']}/rotate", method="POST")
        for each in (*wider, await made(cast.administrator, scopes=["events:write"]), narrow)
    ]
    assert [answer.status_code for answer in rotated] == [403, 403, 200, 200]
    assert {answer.json()["type"] for answer in rotated[:2]} == {"/problems/beyond-your-key"}


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"scopes": ["events"]}, "/scopes/0"),
        ({"networks": ["203.0.113.7/24"]}, "/networks/0"),
        ({"role": "public"}, "/role"),
        ({"role": "secretariat"}, "/country"),
        ({"role": "editor", "country": None}, "/country"),
        ({"expires_at": "tomorrow"}, "/expires_at"),
    ],
)
async def test_what_is_wrong_with_a_new_key_is_named(cast: Cast, wrong: dict[str, Any], pointer: str) -> None:
    answer = await cast.administrator.post("/v1/keys", json={**NEW, **wrong})
    assert answer.status_code == 422
    assert [each["pointer"] for each in answer.json()["errors"]] == [pointer]


async def test_an_approvers_new_key_speaks_for_no_body_of_another_country(cast: Cast) -> None:
    """Keys of one body share their webhooks."""
    own = await make.record(cast.thailand_approver, "organisations", country="TH")
    for country in ("JP", None):
        foreign = await make.record(cast.secretariat, "organisations", country=country)
        answer = await cast.thailand_approver.post("/v1/keys", json={**NEW, "body_id": foreign["id"]})
        assert (answer.status_code, answer.json()["type"]) == (403, "/problems/not-yours"), answer.text
        await made(cast.administrator, body_id=foreign["id"])
    await made(cast.thailand_approver, body_id=own["id"])
