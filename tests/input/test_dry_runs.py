"""A dry run answers as the commit would, and leaves nothing: no row, no change, no remembered request."""

from typing import Any

import asyncpg
import httpx

from tests import make


async def everything(database: asyncpg.Connection) -> list[tuple[Any, ...]]:
    """Every row that a write can touch."""
    tables = ("events", "goals", "activities", "changes", "commits", "journal_head", "idempotency_keys", "own_keys",
              "search_texts", "event_goals")  # fmt: skip
    return [
        tuple(row)
        for table in tables
        for row in await database.fetch(f"select t::text from {table} t order by 1")
    ]


async def test_a_dry_run_leaves_nothing_and_answers_as_the_commit_would(
    client: httpx.AsyncClient, database: asyncpg.Connection
) -> None:
    goal = await make.record(client, "goals")
    made = await make.record(client, "events", goals=[{"id": goal["id"]}])
    gone = await make.record(client, "events")
    await client.delete(f"/v1/events/{gone['id']}")
    new = await make.body(client, "events", keys=["test:dry"], goals=[{"number": goal["number"]}])
    writes: list[tuple[str, str, dict[str, Any] | None]] = [
        ("POST", "/v1/events", new),
        ("POST", "/v1/events", {"title": "x"}),
        ("POST", "/v1/goals", {"number": goal["number"], "title": "Again"}),
        ("PATCH", f"/v1/events/{made['id']}", {"title": "New", "start_date": "2027-01-01"}),
        ("PATCH", f"/v1/events/{made['id']}", {}),
        ("PATCH", f"/v1/events/{made['id']}", {"goals": [{"number": 9999}]}),
        ("DELETE", f"/v1/goals/{goal['number']}", None),
        ("POST", f"/v1/events/{gone['id']}/restore", None),
        ("POST", f"/v1/events/{made['id']}/restore", None),
        ("DELETE", f"/v1/events/{made['id']}", None),
    ]
    for number, (method, target, body) in enumerate(writes):
        before = await everything(database)
        headers = {"Idempotency-Key": f"dry-{made['id']}-{number}"}
        dry = await client.request(method, f"{target}?dry_run=true", json=body, headers=headers)
        assert await everything(database) == before, (method, target)
        assert (dry.headers.get("dry-run") == "true") == dry.is_success
        real = await client.request(method, target, json=body, headers=headers)
        assert dry.status_code == real.status_code, (method, target, dry.text)
        assert _lasting(dry) == _lasting(real)


def _lasting(answer: httpx.Response) -> Any:
    """What does not differ between two requests."""
    if not answer.content:
        return None
    return {
        n: v
        for n, v in answer.json().items()
        if n not in {"id", "created_at", "updated_at", "request_id", "former_dates"}
    }


async def test_a_cascade_can_be_tried(client: httpx.AsyncClient, database: asyncpg.Connection) -> None:
    goal = await make.record(client, "goals")
    await make.record(client, "activities", goal={"id": goal["id"]})
    before = await everything(database)
    answer = await client.delete(f"/v1/goals/{goal['id']}?cascade=true&dry_run=true")
    assert (answer.status_code, await everything(database)) == (204, before)
