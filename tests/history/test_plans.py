"""A record's history, and a record as of an instant, cost what the record itself has gone through."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import asyncpg

from app.collection.asked import read
from app.collection.items import item_plan
from app.collection.versions import history_plan
from app.db import Compiled
from app.events.queries import EVENTS
from app.webhooks import outbox
from tests import rows

_CHANGES, _EVENTS = 8_000, 400
_BLOCKS_MOST = 200
"""Of 8 kB; the journal has some 700 of them here."""


def _nodes(plan: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield plan
    for inner in plan.get("Plans", ()):
        yield from _nodes(inner)


async def _explained(
    connection: asyncpg.Connection, plan: Compiled, values: Mapping[str, Any]
) -> Mapping[str, Any]:
    sql = f"explain (analyze, buffers, format json) {plan.sql}"
    found: Mapping[str, Any] = json.loads(await connection.fetchval(sql, *plan.args(values)))[0]["Plan"]
    return found


async def test_history_and_the_past_of_a_record_are_read_by_indexes_only(database_address: str) -> None:
    await rows.events(database_address, _EVENTS)
    connection = await asyncpg.connect(database_address)
    try:
        for turn in range(_CHANGES // _EVENTS - 1):
            await connection.execute("update events set note = $1", str(turn))
        await connection.execute("analyze changes, commits, events")
        position = await connection.fetchval("select position from journal_head")
        assert position == _CHANGES
        one = await connection.fetchval("select id from events limit 1")
        item, named = item_plan(EVENTS, "id", read(EVENTS, b"", only=())), {"name": one, "known": []}
        history = {"id": one, "before": 2**32, "newest": 2**31 - 1, "limit": 51}
        plans = {"history": await _explained(connection, history_plan(EVENTS), history)}
        await connection.execute("set search_path = past, public")
        for then in (position - 1, _CHANGES // 2, _EVENTS):
            await connection.execute(f"set register.as_of_position = '{then}'")
            plans[f"as of {then}"] = await _explained(connection, item, named)
    finally:
        await connection.close()
    for name, plan in plans.items():
        scanned = {node["Relation Name"] for node in _nodes(plan) if node["Node Type"] == "Seq Scan"}
        assert not scanned & {"changes", "events"}, name
        assert plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] < _BLOCKS_MOST, name


async def test_a_webhook_reads_of_a_long_import_what_it_takes(database_address: str) -> None:
    """Or an import of n rows is read n times: each step of the outbox would read all of it."""
    await rows.events(database_address, _CHANGES)
    connection = await asyncpg.connect(database_address)
    try:
        await connection.execute("analyze changes, commits")
        webhook = await connection.fetchval(
            "insert into webhooks (owner_id, url, from_position) "
            "values (gen_random_uuid(), 'https://hooks.example.org/', 0) returning id"
        )
        taken = Compiled(outbox._ADD, ("webhook", "after", "upto", "names", "paths"), {})
        values = {"webhook": webhook, "after": 5_000, "upto": 5_100, "names": ["events"], "paths": ["events"]}
        plan = await _explained(connection, taken, values)
        added = await connection.fetchval("select count(*) from webhook_deliveries")
    finally:
        await connection.close()
    read = [node for node in _nodes(plan) if node.get("Relation Name") == "changes"]
    rows_read = [each["Actual Rows"] + each.get("Rows Removed by Filter", 0) for each in read]
    assert (added, max(rows_read)) == (100, 100)
