"""Bearer tokens of an issuer, which is a process of its own: what opens, what does not and why, and whose it is."""

import asyncio
import os
import socket
import subprocess
import sys
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from time import time
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from app.access.caller import IssuerUnreachable, KeyExpired, TokenKeyUnknown
from app.access.issuer import Issuer
from app.access.rules import read_rules, rule_for
from app.main import create_app
from tests.access.test_doors import ask
from tests.cast import BASE
from tests.conftest import Register, settings_for
from tests.openapi.conforming import as_documented

RULES = """
[[rule]]
claims = { client_id = "moj-th-cases" }
role = "editor"
country = "TH"
scopes = ["events:write"]

[[rule]]
claims = { "realm_access.roles" = ["register-secretariat", "register-reader"], scope = "register" }
role = "reader"
"""
CLIENT = {"sub": "moj-th-cases", "client_id": "moj-th-cases"}
PERSON = {
    "sub": "someone@example.org",
    "realm_access": {"roles": ["register-reader"]},
    "scope": "openid register",
}
EVENT = {"title": "Seminar", "kind": "seminar", "start_date": "2027-02-01"}


@dataclass
class TheIssuer:
    """The issuer's process, as tests speak to it."""

    address: str
    http: httpx.AsyncClient

    async def token(self, claims: dict[str, Any] = CLIENT, **how: str) -> str:
        said = {"iss": self.address, "aud": ["register"], "exp": time() + 300, **claims}
        said = {name: value for name, value in said.items() if value is not None}
        text: str = (await self.http.post("/token", json=said, params=how)).json()
        return text

    async def fetches(self) -> int:
        count: int = (await self.http.get("/fetches")).json()
        return count


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Where the issuer listens."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "uvicorn", "tests.access.issuer:app", "--log-level", "warning"),
                *("--fd", str(listening.fileno())),
            ],
            pass_fds=[listening.fileno()],
            env={**os.environ, "ISSUER": address},
        )
    yield address
    process.terminate()
    process.wait(10)


@pytest.fixture(scope="module")
async def issuer(address: str) -> AsyncIterator[TheIssuer]:
    async with httpx.AsyncClient(base_url=address, timeout=20) as http:
        yield TheIssuer(address, http)


@pytest.fixture(scope="module")
async def trusting(issuer: TheIssuer, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Register]:
    """A register that trusts the issuer."""
    rules = tmp_path_factory.mktemp("oidc") / "rules.toml"
    rules.write_text(RULES)
    async with Register.of(
        "template",
        oidc_issuer=issuer.address,
        oidc_audience="register",
        oidc_rules=rules,
        oidc_refetch_seconds=0.001,
    ) as register:
        yield register


@pytest.fixture
def service(trusting: Register) -> FastAPI:
    return trusting.app


async def send(
    service: FastAPI, token: str | bytes, method: str = "GET", path: str = "/v1/keys/me", **more: Any
) -> httpx.Response:
    transport = httpx.ASGITransport(service)
    hooks: Any = {"response": [as_documented]}
    async with httpx.AsyncClient(transport=transport, base_url=BASE, event_hooks=hooks) as client:
        written = token if isinstance(token, bytes) else token.encode()
        more["headers"] = {**more.get("headers", {}), b"Authorization": b"Bearer " + written}
        return await client.request(method, path, **more)


async def test_a_client_writes_for_the_country_that_the_table_gives_it(
    issuer: TheIssuer, service: FastAPI
) -> None:
    token = await issuer.token()
    made = await send(service, token, "POST", "/v1/events", json=EVENT, headers={"Idempotency-Key": "once"})
    assert made.status_code == 201, made.text
    assert made.json()["owner"] == "TH"
    again = await issuer.token({**CLIENT, "jti": "another token of the same client"})
    replayed = await send(
        service, again, "POST", "/v1/events", json=EVENT, headers={"Idempotency-Key": "once"}
    )
    assert replayed.headers["idempotency-replayed"] == "true"
    refused = await send(service, token, "POST", "/v1/focal-points", json={})
    assert refused.json()["missing"] == {"scope": "focal-points:write"}
    history = await send(service, token, path=f"/v1/events/{made.json()['id']}/history")
    assert history.json()["items"][0]["by"]["key"]["name"] == "oidc:moj-th-cases"
    me = (await send(service, token)).json()
    assert (me["name"], me["role"], me["country"], me["permissions"]["edit"]) == (
        "oidc:moj-th-cases", "editor", "TH", "own",
    )  # fmt: skip


async def test_a_token_is_not_ended_here(issuer: TheIssuer, service: FastAPI) -> None:
    token = await issuer.token()
    assert (await send(service, token, "DELETE")).json()["type"] == "/problems/forbidden"
    assert (await send(service, token)).status_code == 200


async def test_a_person_is_known_by_a_digest_and_nothing_of_theirs_is_kept(
    issuer: TheIssuer, service: FastAPI, trusting: Register
) -> None:
    me = await send(service, await issuer.token(PERSON))
    assert me.status_code == 200, me.text
    assert me.json()["name"].removeprefix("oidc:").isalnum()
    rows = await trusting.superuser.fetch("select t::text from token_holders t")
    assert rows
    assert "someone" not in str(rows)
    other = await send(service, await issuer.token({**PERSON, "sub": "another@example.org"}))
    assert other.json()["id"] != me.json()["id"]


@pytest.mark.parametrize(
    ("claims", "how", "kind"),
    [
        ({"exp": 1_700_000_000}, {}, "token-expired"),
        ({"nbf": 4_000_000_000}, {}, "token-not-yet-valid"),
        ({"aud": "another-service"}, {}, "token-for-another"),
        ({"iss": "https://elsewhere.example"}, {}, "token-of-another-issuer"),
        ({"exp": None}, {}, "token-malformed"),
        ({"exp": "NaN"}, {}, "token-malformed"),
        ({"sub": None}, {}, "token-malformed"),
        ({"exp": 10**400}, {}, "token-malformed"),
        ({}, {"head.typ": "logout+jwt"}, "token-malformed"),
        ({}, {"head.kid": "never-published"}, "token-key-unknown"),
        ({}, {"head.kid": "shared"}, "token-key-unknown"),
        ({}, {"by": "published"}, "token-malformed"),
        ({}, {"by": "nobody"}, "token-malformed"),
        ({}, {"by": "stranger"}, "token-signature-wrong"),
        ({}, {}, ""),
    ],
)
async def test_what_is_wrong_with_a_token_is_told(
    issuer: TheIssuer,
    service: FastAPI,
    trusting: Register,
    claims: dict[str, Any],
    how: dict[str, str],
    kind: str,
) -> None:
    trusting.app.state.service.doorkeeper.forget()
    if how.get("by") == "stranger":  # who has a key of the same kind, under the same name
        await issuer.http.post("/rotate", params={"kid": "of-the-issuer"})
    answer = await send(service, await issuer.token({**CLIENT, **claims}, **how))
    assert answer.status_code == (401 if kind else 200), answer.text
    if kind:
        assert answer.json()["type"] == f"/problems/{kind}"
        assert 'error="invalid_token"' in answer.headers["www-authenticate"]


@pytest.mark.parametrize(
    "text",
    [
        "a.b.c",
        "..",
        "eyJhbGciOiJSUzI1NiJ9.e30.",
        "W10.e30.AA",
        "x" * 20_000 + "..",
        "é..",
        urlsafe_b64encode(b'{"alg":"ES256","typ":"at+jwt","crit":5}').decode().rstrip("=") + ".e30.AA",
    ],
)
async def test_what_is_no_token_is_refused(service: FastAPI, text: str) -> None:
    answer = await send(service, text)
    why = (
        "malformed",
        "key-unknown",
        "signature-wrong",
    )  # the last where a key is known that could have signed it
    assert answer.json()["type"] in {f"/problems/token-{each}" for each in why}


async def test_a_good_token_without_a_rule_may_nothing(issuer: TheIssuer, service: FastAPI) -> None:
    answer = await send(service, await issuer.token({**PERSON, "scope": "openid"}))
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/token-without-role")


async def test_a_key_that_is_rotated_in_the_middle_opens_at_once_and_the_former_no_more(
    issuer: TheIssuer, service: FastAPI, trusting: Register
) -> None:
    before = await issuer.token()
    assert (await send(service, before)).status_code == 200
    await issuer.http.post("/rotate", params={"kid": "second"})
    assert (await send(service, await issuer.token())).status_code == 200
    trusting.app.state.service.doorkeeper.forget()  # a verdict is remembered for a minute
    assert (await send(service, before)).json()["type"] == "/problems/token-key-unknown"


async def test_while_the_issuer_is_away_known_keys_open_and_others_wait(
    issuer: TheIssuer, service: FastAPI, trusting: Register
) -> None:
    assert (await send(service, await issuer.token())).status_code == 200
    await issuer.http.post("/down", params={"away": "true"})
    assert (await send(service, await issuer.token({**CLIENT, "jti": "2"}))).status_code == 200
    unknown = await send(service, await issuer.token(**{"head.kid": "third"}))
    await issuer.http.post("/down", params={"away": "false"})
    assert (unknown.status_code, unknown.json()["type"]) == (503, "/problems/issuer-unreachable")
    assert int(unknown.headers["retry-after"]) > 0
    assert (await ask(service, trusting.keys["reader"])).status_code == 200


async def test_unknown_keys_do_not_make_the_register_ask_again_and_again(issuer: TheIssuer) -> None:
    keys, before = Issuer(issuer.address, pause=60), await issuer.fetches()
    asked = await asyncio.gather(*(keys.key(f"unknown-{n}") for n in range(8)), return_exceptions=True)
    assert {type(each) for each in asked} == {TokenKeyUnknown}
    assert await issuer.fetches() == before + 1


async def test_an_issuer_that_is_another_or_nowhere_is_not_believed(issuer: TheIssuer) -> None:
    for address in (
        issuer.address + "/",
        issuer.address.replace("127.0.0.1", "localhost"),
        "http://127.0.0.1:9",
    ):
        with pytest.raises(IssuerUnreachable):
            await Issuer(address, pause=60).key("first")


async def test_what_is_done_later_for_a_token_is_done_for_a_month(
    issuer: TheIssuer, service: FastAPI, trusting: Register
) -> None:
    me = (await send(service, await issuer.token())).json()
    doorkeeper = service.state.service.doorkeeper
    assert (await doorkeeper.holder(me["id"])).country == "TH"
    await trusting.superuser.execute("update token_holders set seen_on = current_date - 30")
    with pytest.raises(KeyExpired):
        await doorkeeper.holder(me["id"])
    doorkeeper.forget()
    await send(service, await issuer.token())
    assert (await doorkeeper.holder(me["id"])).country == "TH"


def test_the_first_rule_that_fits_decides(tmp_path: Path) -> None:
    path = tmp_path / "rules.toml"
    path.write_text(RULES + '[[rule]]\nclaims = { "https://a.example/groups" = "x" }\nrole = "auditor"\n')
    rules = read_rules(path)
    found = [rule_for(rules, claims) for claims in (CLIENT, PERSON, {**PERSON, **CLIENT}, {}, {"sub": "x"})]
    assert [each and each.role for each in found] == ["editor", "reader", "editor", None, None]
    named = rule_for(rules, {"https://a.example/groups": ["x"]})
    assert named is not None
    assert named.role == "auditor"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ('[[rule]]\nclaims = {a = "b"}\nrole = "editor"', "speak for a country"),
        ('[[rule]]\nclaims = {}\nrole = "reader"', "rule.0.claims"),
        ('[[rule]]\nclaims = {a = "b"}\nrole = "king"', "rule.0.role"),
        ('[[rule]]\nclaims = {a = "b"}\nrole = "public"', "needs no token"),
        ('[[rule]]\nclaims = {a = "b"}\nrole = "reader"\nscopes = ["sing"]', "rule.0.scopes"),
        ("[[rule", "cannot be read"),
        ("", "rule"),
    ],
)
def test_what_is_wrong_in_the_table_is_told_at_the_start(tmp_path: Path, wrong: str, said: str) -> None:
    path = tmp_path / "rules.toml"
    path.write_text(wrong)
    with pytest.raises(ValueError, match=said):
        read_rules(path)


@pytest.mark.parametrize(
    "given",
    [
        {"oidc_issuer": "https://issuer.example"},
        {
            "oidc_issuer": "http://issuer.example",
            "oidc_audience": "register",
            "oidc_rules": Path("rules.toml"),
        },
    ],
)
def test_half_a_configuration_starts_nothing(given: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="WORKPLAN_OIDC_ISSUER"):
        create_app(settings_for("postgresql://nowhere", **given))


async def test_without_an_issuer_a_token_is_no_key(empty: Register) -> None:
    assert (await send(empty.app, "a.b.c")).json()["type"] == "/problems/key-malformed"
