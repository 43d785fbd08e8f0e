"""A forged address of the service is believed nowhere; every link is ours."""

import json

import pytest

from app.main import create_app
from tests.conftest import settings_for
from tests.input.conftest import House
from tests.input.wire import Headers, listening

EVIL = "evil.example"
FORGED: dict[str, Headers] = {
    "Host": (("Host", EVIL),),
    "Host with port": (("Host", f"{EVIL}:80"),),
    "Host that is markup": (("Host", f'{EVIL}"><script>'),),
    "X-Forwarded-Host": (("X-Forwarded-Host", EVIL), ("X-Forwarded-Proto", "gopher")),
    "X-Forwarded-For": (("X-Forwarded-For", EVIL),),
    "X-Forwarded-Prefix": (("X-Forwarded-Prefix", f"/{EVIL}"), ("X-Forwarded-Port", "1")),
    "Forwarded": (("Forwarded", f"for={EVIL};host={EVIL};proto=https"),),
    "X-Original-URL": (("X-Original-URL", f"/{EVIL}"), ("X-Rewrite-URL", f"/{EVIL}")),
    "X-HTTP-Method-Override": (("X-HTTP-Method-Override", "DELETE"), ("X-Host", EVIL)),
    "Referer and Origin": (("Referer", f"https://{EVIL}/"), ("Origin", f"https://{EVIL}")),
    "Origin null": (("Origin", "null"), ("X-Request-ID", f"<{EVIL}>")),
}
ASKED = (
    "/v1/goals?limit=1",
    "/v1/events/stats?group_by=kind",
    "/v1/nothing",
    "/v1/goals/6",
    "/",
    "/openapi.json",
)


@pytest.mark.parametrize("headers", [pytest.param(headers, id=name) for name, headers in FORGED.items()])
async def test_a_forged_header_is_not_reflected(house: House, headers: Headers) -> None:
    for target in ASKED:
        answer = await house.wire.send("GET", target, headers)
        assert answer.status < 500
        assert EVIL.encode() not in answer.body
        assert EVIL not in json.dumps(answer.headers)
        assert "access-control-allow-origin" not in answer.headers


async def test_an_absolute_address_is_not_reflected(house: House) -> None:
    answer = await house.wire.send("GET", f"http://{EVIL}/v1/goals/6", (("Host", EVIL),))
    assert answer.status == 200
    assert EVIL.encode() not in answer.body


async def test_links_lead_to_where_the_service_listens(house: House) -> None:
    key = ("X-API-Key", house.key)
    body = b'{"title": "Second", "kind": "seminar", "start_date": "2026-11-23"}'
    made = await house.wire.send(
        "POST", "/v1/events", (("Host", EVIL), ("Content-Type", "application/json"), key), body
    )
    assert made.headers["location"].startswith("/v1/events/")
    answer = await house.wire.send("GET", "/v1/events?limit=1", (("Host", EVIL),))
    assert answer.json()["next"].startswith(f"http://127.0.0.1:{house.wire.port}/v1/events?")
    assert answer.headers["link"].startswith(f"<http://127.0.0.1:{house.wire.port}/v1/events?")


async def test_links_lead_to_the_configured_address(house: House) -> None:
    app = create_app(settings_for(house.address, public_url="https://register.example/"))
    async with app.router.lifespan_context(app), listening(app) as wire:
        answer = await wire.send("GET", "/v1/events/stats?group_by=kind", (("Host", EVIL),))
        assert answer.status == 200
        assert EVIL.encode() not in answer.body


async def test_a_request_id_is_taken_over_if_it_is_plain(house: House) -> None:
    answer = await house.wire.send("GET", "/v1/nothing", (("X-Request-ID", "req-7.a_B"),))
    assert answer.headers["x-request-id"] == answer.json()["request_id"] == "req-7.a_B"
    for forged in ("x" * 65, "a b", "a;b", "髙", ""):
        answer = await house.wire.send("GET", "/v1/nothing", (("X-Request-ID", forged),))
        assert answer.headers["x-request-id"] == answer.json()["request_id"] != forged


async def test_a_large_body_is_refused_without_being_read(house: House) -> None:
    """Neither what is announced nor what comes in pieces is waited for."""
    key = ("X-API-Key", house.key)
    announced = await house.wire.send(
        "POST",
        "/v1/events",
        (("Content-Type", "application/json"), key, ("Content-Length", str(10**12))),
        b"{",
    )
    assert (announced.status, announced.headers["connection"]) == (413, "close")
    pieces = (b"x" * 65_536 for _ in range(100_000))
    endless = await house.wire.send("POST", "/v1/events", (("Content-Type", "application/json"), key), pieces)
    assert (endless.status, endless.headers["connection"]) == (413, "close")
    assert endless.sent < 32 * 1_048_576


async def test_a_chunked_body_without_a_key_is_not_read(house: House) -> None:
    pieces = (b"x" * 65_536 for _ in range(100_000))
    answer = await house.wire.send("POST", "/v1/events", (("Content-Type", "application/json"),), pieces)
    assert (answer.status, answer.headers["connection"]) == (401, "close")
    assert answer.sent < 32 * 1_048_576


_CHUNK = b"Host: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize("keyed", [True, False], ids=["with a key", "without"])
@pytest.mark.parametrize(("begin", "on"), [
    (b"2\r\n{}\r\n0\r\n", b"X-1: y\r\n" * 100), (b"2\r\n{}\r\n0\r\nX-1: ", b"y" * 65_536),
    (b"2;", b"y" * 65_536), (b"2\r\n{}\r\n0;", b"y" * 65_536),
], ids=["fields", "a field", "an extension", "an extension of the last chunk"])  # fmt: skip
async def test_what_stands_beside_the_chunks_of_a_body_has_a_limit(
    house: House, begin: bytes, on: bytes, keyed: bool
) -> None:
    """RFC 9112, section 7.1: extensions and trailers, however long, are no part of what is announced or counted."""
    key = b"X-API-Key: " + house.key.encode() + b"\r\n" if keyed else b""
    head = b"POST /v1/events HTTP/1.1\r\n" + key + _CHUNK + begin
    answer = await house.wire.exchange(head, (on for _ in range(1_000)))
    assert answer.status in ({400} if keyed else {400, 401})
    assert answer.sent < 32 * 1_048_576
