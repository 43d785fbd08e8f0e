"""Hygiene at the edge: what every answer says to browsers, whom it lets ask, what is told of secrets and weaknesses."""

import importlib.machinery
import importlib.util
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from app import refusing
from app.access import doorkeeper
from app.access.keys import new_key
from app.http import edge
from app.http.origins import Origins
from app.main import create_app
from tests import make
from tests.cast import BASE, Cast
from tests.conftest import Register, settings_for

PAGE = "https://plan.example"
PREFLIGHT = {"Access-Control-Request-Method": "PATCH", "Access-Control-Request-Headers": "if-match"}
ROOT = Path(__file__).parents[2]


def across(answer: httpx.Response) -> set[str]:
    return {name for name in answer.headers if name.startswith("access-control-")}


@pytest.fixture(scope="module")
def paged() -> httpx.ASGITransport:
    """A service that lets pages of one origin ask. It has no database: what is asked here needs none."""
    chosen = {
        "cors_origins": [PAGE],
        "security_contacts": ["mailto:security@register.example", "https://register.example/report"],
        "security_policy": "https://register.example/policy",
        "public_url": "https://register.example",
    }
    app = create_app(settings_for("postgresql://nowhere", **chosen))
    return httpx.ASGITransport(app)


async def ask(transport: httpx.ASGITransport, method: str, path: str, **headers: str) -> httpx.Response:
    async with httpx.AsyncClient(transport=transport, base_url=BASE) as client:
        return await client.request(method, path, headers=headers)


async def test_a_page_of_a_configured_origin_may_ask_and_see_what_it_needs(
    paged: httpx.ASGITransport,
) -> None:
    before = await ask(paged, "OPTIONS", "/v1/goals/6", origin=PAGE, **PREFLIGHT)
    assert before.status_code == 204
    assert before.headers["access-control-allow-origin"] == PAGE
    assert "PATCH" in before.headers["access-control-allow-methods"]
    assert "If-Match" in before.headers["access-control-allow-headers"]
    answer = await ask(paged, "GET", "/problems", origin=PAGE)
    assert answer.headers["access-control-allow-origin"] == PAGE
    assert {"ETag", "Link", "RateLimit"} <= set(answer.headers["access-control-expose-headers"].split(", "))
    refused = await ask(paged, "GET", "/v1/nothing", origin=PAGE)  # so that the page can say why
    assert (refused.status_code, refused.headers["access-control-allow-origin"]) == (404, PAGE)


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "https://plan.example.evil.example", "http://plan.example", ""]
)
async def test_no_other_page_may(paged: httpx.ASGITransport, origin: str) -> None:
    for answer in (
        await ask(paged, "OPTIONS", "/v1/goals/6", origin=origin, **PREFLIGHT),
        await ask(paged, "GET", "/problems", origin=origin),
    ):
        assert across(answer) == set()
        assert "Origin" in answer.headers["vary"]


async def test_no_page_may_send_cookies_along_and_none_may_ask_by_default(
    paged: httpx.ASGITransport, cast: Cast
) -> None:
    assert "access-control-allow-credentials" not in across(await ask(paged, "GET", "/problems", origin=PAGE))
    for answer in (
        await cast.anonymous.get("/v1/goals", headers={"Origin": PAGE}),
        await cast.anonymous.options("/v1/goals", headers={"Origin": PAGE, **PREFLIGHT}),
    ):
        assert across(answer) == set()


@pytest.mark.parametrize(
    "origin",
    ["*", "null", "http://plan.example", "https://plan.example/", "https://*.example", "plan.example"],
)
def test_an_origin_is_named_exactly_and_has_tls(origin: str) -> None:
    with pytest.raises(ValidationError):
        settings_for("postgresql://nowhere", cors_origins=[origin])


def test_what_is_exposed_is_what_answers_have() -> None:
    """Whatever the document names as a header of an answer, a page can read."""
    exposed = dict(Origins([PAGE]).headers({b"origin": PAGE.encode()}, "GET"))[
        b"access-control-expose-headers"
    ]
    documented = set(json.loads((ROOT / "docs" / "openapi.json").read_text())["components"]["headers"])
    kept = {"Allow", "WWW-Authenticate", "Accept-Post", "Accept-Patch"}  # for people, not for scripts
    assert documented - kept <= set(exposed.decode().split(", "))


async def test_whoever_finds_a_weakness_finds_where_to_report_it(
    paged: httpx.ASGITransport, cast: Cast, empty: Register
) -> None:
    assert (await cast.anonymous.get("/.well-known/security.txt")).status_code == 404
    usual = empty.app.state.service.settings
    empty.app.state.service.settings = usual.model_copy(
        update={
            "security_contacts": ["mailto:security@register.example", "https://register.example/report"],
            "security_policy": "https://register.example/policy",
            "public_url": "https://register.example",
        }
    )
    try:
        answer = await cast.anonymous.get("/.well-known/security.txt")
    finally:
        empty.app.state.service.settings = usual
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    fields = [line.split(": ", 1) for line in answer.text.splitlines()]
    assert [value for name, value in fields if name == "Contact"] == [
        "mailto:security@register.example",
        "https://register.example/report",
    ]
    told = dict(fields)
    assert told["Policy"] == "https://register.example/policy"
    assert told["Canonical"] == "https://register.example/.well-known/security.txt"
    left = datetime.fromisoformat(told["Expires"]) - datetime.now(UTC)
    assert timedelta(days=100) < left < timedelta(days=365)


async def test_every_answer_has_the_headers_of_caution(cast: Cast) -> None:
    goal = await make.record(cast.secretariat, "goals")
    for client, method, path in (
        (cast.anonymous, "GET", "/"),
        (cast.anonymous, "GET", "/livez"),
        (cast.anonymous, "GET", "/metrics"),
        (cast.anonymous, "GET", "/openapi.json"),
        (cast.anonymous, "GET", f"/v1/goals/{goal['id']}"),
        (cast.anonymous, "GET", "/v1/goals.csv"),
        (cast.anonymous, "GET", "/v1/nothing"),
        (cast.anonymous, "POST", "/v1/goals"),
        (cast.anonymous, "PUT", "/v1/goals"),
        (cast.anonymous, "OPTIONS", "/v1/goals"),
        (cast.anonymous, "GET", "/docs"),
        (cast.reader, "POST", "/v1/goals"),
        (cast.administrator, "GET", "/v1/keys"),
    ):
        answer = await client.request(method, path)
        told = answer.headers
        assert told["x-content-type-options"] == "nosniff", path
        assert told["referrer-policy"] == "no-referrer", path
        assert "frame-ancestors 'none'" in told["content-security-policy"], path
        assert "default-src 'none'" in told["content-security-policy"], path
        assert told["cache-control"] in {"no-store", "no-cache", "private, no-cache"} or path.startswith(
            ("/docs", "/openapi.json")
        ), path
        assert not {"server", "x-powered-by"} & set(told), path


async def test_what_is_answered_to_a_key_is_kept_by_nobody_else(cast: Cast) -> None:
    goal = await make.record(cast.secretariat, "goals")
    for path in (f"/v1/goals/{goal['id']}", "/v1/goals", "/v1/goals/stats?group_by=number"):
        public, own = await cast.anonymous.get(path), await cast.reader.get(path)
        assert (public.headers["cache-control"], own.headers["cache-control"]) == (
            "no-cache",
            "private, no-cache",
        )
        assert {"Authorization", "X-API-Key"} <= set(public.headers["vary"].split(", "))
        again = await cast.reader.get(path, headers={"If-None-Match": own.headers["etag"]})
        assert (again.status_code, again.headers["cache-control"]) == (304, "private, no-cache")


@pytest.fixture
def log(empty: Register) -> Iterator[list[dict[str, Any]]]:
    """What the modules log that have to do with callers, before it is written."""
    seen: list[dict[str, Any]] = []

    def see(logger: object, level: str, event: dict[str, Any]) -> dict[str, Any]:
        seen.append(dict(event))
        return event

    used = {
        id(each._processors): each._processors
        for each in (m._log.bind() for m in (edge, doorkeeper, refusing))
    }
    for processors in used.values():
        processors.insert(0, see)
    yield seen
    for processors in used.values():
        processors.remove(see)


async def test_a_key_is_taken_from_headers_only_and_told_nowhere(
    empty: Register, log: list[dict[str, Any]]
) -> None:
    """Wherever a key is put by mistake, neither the answer nor log, metrics, journal or kept answers have it."""
    key = new_key()
    halves = (
        key[9:25],
        key[25:-6],
    )  # without what is kept to tell it from others, and without its check digits
    good, broken = {"Idempotency-Key": "canary"}, {"Content-Type": "application/json"}
    async with Cast.over(empty.app, empty.keys) as cast:
        ask, send = cast.anonymous.get, cast.secretariat.post
        answers = [
            await ask("/v1/goals", params={"api_key": key}),
            await ask("/v1/goals", params={"access_token": key}),
            await ask(f"/v1/goals/{key}"),
            await ask("/v1/goals", headers={"Authorization": f"Bearer {key}"}),
            await ask("/v1/goals", headers={"Authorization": f"Basic {key}"}),
            await ask("/v1/goals", headers={"X-API-Key": f"{key}x"}),
            await send("/v1/goals", json={"number": key, "title": "Goal"}, headers=good),
            await send("/v1/goals", content=key, headers=broken),
        ]
        metrics = (await ask("/metrics")).text
    assert [each.status_code for each in answers] == [400, 400, 404, 401, 401, 401, 422, 400]
    kept = await empty.superuser.fetch(
        "select record::text from changes union all select t::text from idempotency_keys t union all "
        "select t::text from api_key_secrets t"
    )
    assert log
    assert kept
    bodies = [each.text.replace(f'"instance": "/v1/goals/{key}"', "") for each in answers]
    for where, text in {"answers": bodies, "log": log, "metrics": metrics, "database": kept}.items():
        assert not [half for half in halves if half in str(text)], where
    assert not [each for each in answers for half in halves if half in str(each.headers)]


async def test_who_was_not_let_in_stands_in_the_log(cast: Cast, log: list[dict[str, Any]]) -> None:
    await cast.anonymous.get("/v1/goals", headers={"X-API-Key": new_key(), "X-Request-ID": "stranger"})
    await cast.reader.post("/v1/goals", json={}, headers={"X-Request-ID": "curious"})
    told = {each["request_id"]: each for each in log if each["event"] == "refused"}
    assert (told["stranger"]["status"], told["stranger"]["key"]) == (401, None)
    assert (told["curious"]["status"], told["curious"]["route"]) == (403, "/v1/goals")
    assert told["curious"]["key"]


async def test_a_client_that_leaves_is_no_fault_of_ours(empty: Register, log: list[dict[str, Any]]) -> None:
    key, sent = empty.keys["secretariat"].encode(), []
    headers = [(b"x-api-key", key), (b"content-type", b"application/json"), (b"content-length", b"100")]
    scope = {"type": "http", "method": "POST", "path": "/v1/goals", "query_string": b"", "headers": headers}

    async def leave() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    await empty.app({**scope, "state": {}}, leave, send)
    assert sent == []
    assert [each for each in log if each["event"] == "unhandled"] == []


def audit() -> Any:
    loader = importlib.machinery.SourceFileLoader("audit", str(ROOT / "tools" / "audit"))
    spec = importlib.util.spec_from_loader("audit", loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


def test_an_audit_that_could_ask_nobody_says_so_and_one_that_found_something_fails() -> None:
    good = {"name": "a", "version": "1", "vulns": []}
    bad = {"name": "b", "version": "2", "vulns": [{"id": "PYSEC-1", "fix_versions": ["3"]}]}
    unknown = {"name": "c", "skip_reason": "not found"}
    verdict = audit().verdict
    assert verdict(None)[0] == verdict([])[0] == verdict([unknown])[0] == 3
    assert "nothing was judged" in verdict([unknown])[1]
    assert verdict([good])[0] == 0
    assert verdict([good, bad]) == (1, "b 2: PYSEC-1, mended in 3")
    assert verdict([good, unknown]) == (3, "known weaknesses (pip-audit): none in 1 packages; not judged: c")
