"""The feed as a stream of events."""

import asyncio
import json

import httpx
import pytest

from tests import make


def events_of(text: str) -> list[dict[str, str]]:
    """The events of a stream, as a browser reads them."""
    blocks = (block for block in text.split("\n\n") if block and not block.startswith((":", "retry")))
    return [dict(line.split(": ", 1) for line in block.split("\n")) for block in blocks]  # type: ignore[misc]


async def test_a_change_is_an_event_under_its_position(client: httpx.AsyncClient) -> None:
    made = await make.record(client, "areas")
    await make.record(client, "goals")
    answer = await client.get("/v1/changes/stream?wait=0&kinds=areas")
    assert answer.headers["Content-Type"] == "text/event-stream; charset=utf-8"
    assert answer.text.startswith("retry: ")
    told, passed = events_of(answer.text)
    item = json.loads(told["data"])
    assert (item["id"], told["event"], told["id"]) == (made["id"], "create", str(item["position"]))
    assert (passed["event"], json.loads(passed["data"])["other_kinds"]) == ("passed", 1)


async def test_a_stream_goes_on_where_it_was_left(client: httpx.AsyncClient) -> None:
    await make.record(client, "areas")
    position = (await client.get("/v1/changes")).json()["head"]
    second = await make.record(client, "areas")
    await make.record(client, "goals")
    answer = await client.get(
        "/v1/changes/stream?after=0&wait=0&kinds=areas", headers={"Last-Event-ID": str(position)}
    )
    told, passed = events_of(answer.text)
    assert json.loads(told["data"])["id"] == second["id"]
    assert (passed["event"], passed["id"]) == ("passed", str(position + 2))
    assert json.loads(passed["data"]) == {
        "after": position, "next_after": position + 2, "withheld": 0, "other_kinds": 1,
    }  # fmt: skip


async def test_a_broken_last_event_id_is_refused(client: httpx.AsyncClient) -> None:
    answer = await client.get("/v1/changes/stream?wait=0", headers={"Last-Event-ID": "yesterday"})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["header"] == "Last-Event-ID"


async def test_a_head_request_does_not_wait_for_events(client: httpx.AsyncClient) -> None:
    answer = await client.head("/v1/changes/stream")
    assert (answer.status_code, answer.content) == (200, b"")


async def test_a_quiet_stream_gives_signs_of_life_and_tells_nothing_twice(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.changes.stream._HEARTBEAT_SECONDS", 0.1)
    first = await make.record(client, "areas")
    streaming = asyncio.create_task(client.get("/v1/changes/stream?wait=2"))
    await asyncio.sleep(0.3)
    second = await make.record(client, "areas")
    text = (await streaming).text
    assert [json.loads(each["data"])["id"] for each in events_of(text)] == [first["id"], second["id"]]
    assert text.count(": nothing new") >= 2
