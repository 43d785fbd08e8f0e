"""What is legitimate comes back as it was sent, byte for byte, by every way out."""

import json

import pytest

from tests.input.conftest import House
from tests.input.table import COMPOSED, JSON, PATCH, WELCOME


async def stored(house: House, title: str) -> str:
    """The address of an event with this title."""
    key = ("Authorization", f"Bearer {house.key}")
    body = json.dumps(
        {"title": title, "kind": "seminar", "start_date": "2026-11-23"}, ensure_ascii=False
    ).encode()
    answer = await house.wire.send("POST", "/v1/events", (*JSON, key), body)
    assert answer.status == 201, answer.body
    assert json.dumps(answer.json()["title"], ensure_ascii=False).encode() in answer.body
    return answer.headers["location"]


@pytest.mark.parametrize("text", [pytest.param(text, id=name) for name, text in WELCOME.items()])
async def test_a_text_comes_back_as_it_was_sent(house: House, text: str) -> None:
    place = await stored(house, text)
    answer = await house.wire.send("GET", place)
    assert answer.json()["title"].encode() == text.encode()
    assert "\\u" not in answer.body.decode().replace("\\\\u", "")


@pytest.mark.parametrize(
    ("parts", "composed"), [pytest.param(*texts, id=name) for name, texts in COMPOSED.items()]
)
async def test_a_text_in_parts_is_stored_composed(house: House, parts: str, composed: str) -> None:
    place = await stored(house, parts)
    assert (await house.wire.send("GET", place)).json()["title"] == composed


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "application/json; charset=utf-8",
        'Application/JSON;charset="UTF-8"',
        "application/json;charset=utf8",
    ],
)
async def test_json_is_taken_however_its_type_is_written(house: House, content_type: str) -> None:
    headers = (("Content-Type", content_type), ("X-API-Key", house.key))
    body = '{"title": "髙", "kind": "seminar", "start_date": "2026-11-23"}'.encode()
    answer = await house.wire.send("POST", "/v1/events", headers, body)
    assert (answer.status, answer.json()["title"]) == (201, "髙")


async def test_escaped_characters_are_the_characters(house: House) -> None:
    body = b'{"t\\u0069tle": "\\ud842\\udfb7\\u91ce\\u5bb6", "kind": "seminar", "start_date": "2026-11-23"}'
    answer = await house.wire.send("POST", "/v1/events", (*JSON, ("X-API-Key", house.key)), body)
    assert (answer.status, answer.json()["title"]) == (201, "𠮷野家")


async def test_a_body_of_exactly_the_limit_is_read(house: House) -> None:
    body = b'{"title": "x"}'
    padded = body + b" " * (1_048_576 - len(body))
    headers = (*JSON, ("X-API-Key", house.key))
    assert (await house.wire.send("POST", "/v1/events", headers, padded)).status == 422
    pieces = (padded[start : start + 65_536] for start in range(0, len(padded), 65_536))
    assert (await house.wire.send("POST", "/v1/events", headers, pieces)).status == 422


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        ("2026-11-23T09:00:00+07:00", "2026-11-23T02:00:00"),
        ("2026-11-23T02:00:00.5Z", "2026-11-23T02:00:00.5"),
    ],
)
async def test_an_instant_is_kept_with_its_offset_reckoned(house: House, sent: str, meant: str) -> None:
    body = json.dumps({"verified_at": sent, "verified_by": "Secretariat"}).encode()
    answer = await house.wire.send(
        "PATCH", house.fill("/v1/focal-points/{focal_point}"), (*PATCH, ("X-API-Key", house.key)), body
    )
    assert answer.status == 200, answer.body
    assert answer.json()["verified_at"].startswith(meant)


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("title__contains=%25", {"100% done"}),
        ("title__contains=_", {"snake_case"}),
        ("title__starts=%25", set()),
        ("title__starts=100%25", {"100% done"}),
        ("title__contains=%5C", {"back\\slash"}),
        ("q=%25", None),
        ("q=snake_case", {"snake_case"}),
        ("q=%26+%7C+%21", set()),
        ("q=%21%28a%26b%29%3A%2A", set()),
        ("q=done:*", {"100% done"}),
        ("q=%28a%2Ba%29%2B%24", set()),
        ("q=%27%27%27", set()),
        ("title=%27+or+1%3D1+--", set()),
        ("title__contains=%27%3B+drop+table+events%3B+--+x", set()),
    ],
)
async def test_signs_that_mean_something_to_sql_mean_nothing_here(
    house: House, asked: str, found: set[str] | None
) -> None:
    for title in ("100% done", "snake_case", "back\\slash"):
        await _once(house, title)
    answer = await house.wire.send("GET", f"/v1/events?limit=1000&fields=title&{asked}")
    assert answer.status == 200, answer.body
    if found is not None:
        ours = {"100% done", "snake_case", "back\\slash"}
        assert {item["title"] for item in answer.json()["items"]} & ours == found


async def _once(house: House, title: str) -> None:
    headers = (*JSON, ("X-API-Key", house.key), ("Idempotency-Key", f"once-{title.encode().hex()}"))
    body = json.dumps({"title": title, "kind": "seminar", "start_date": "2026-11-23"}).encode()
    assert (await house.wire.send("POST", "/v1/events", headers, body)).status == 201
