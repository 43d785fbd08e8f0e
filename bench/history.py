"""Measures history and reads of the past at growing lengths of the journal. Run: `python -m bench.history`.

A record's history and a record as of an instant should take the same time whatever the length; a list as of an instant
takes the longer, the more has changed since. The chain is verified at the end.
"""

import argparse
import asyncio
import statistics
import time
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import asyncpg
from rich.console import Console
from rich.table import Table

from app import embedded, preparing
from app.audit.verifying import verify
from app.collection.asked import read
from app.collection.collection import Collection
from app.collection.items import item_plan
from app.collection.pages import page_plan
from app.collection.versions import history_plan
from app.db import Compiled
from app.events.queries import EVENTS
from bench import data
from bench.registers import folder_for

console = Console(width=120)
_ROUNDS = 30
_AT_A_TIME = 10_000


async def _lengthen(connection: asyncpg.Connection, record: UUID, until: int) -> None:
    """Update all events but one, many in a commit, until the journal has so many changes; then that one."""
    while (missing := until - await connection.fetchval("select position from journal_head")) > 0:
        await connection.execute(
            "update events set summary = 'Generated ' || $2::text where id in "
            "(select id from events where id <> $3 order by updated_at, id limit $1)",
            min(missing, _AT_A_TIME),
            str(missing),
            record,
        )
    await connection.execute("update events set summary = $2 where id = $1", record, f"At {until} changes")
    await connection.execute("analyze")


async def _milliseconds(
    connection: asyncpg.Connection,
    plan: Compiled,
    values: Mapping[str, Any],
    position: int | None,
    past: str = "past, public",
) -> float:
    """The median time of a statement, now or as of a position."""
    taken = []
    for _ in range(_ROUNDS):
        async with connection.transaction(readonly=True):
            if position is not None:
                await connection.execute(
                    f"set local search_path = {past}; set local register.as_of_position = '{position}'"
                )
            begun = time.perf_counter()
            await connection.fetch(f"/* {position is None} */ {plan.sql}", *plan.args(values))
            taken.append((time.perf_counter() - begun) * 1000)
    return statistics.median(taken)


async def _measured(
    connection: asyncpg.Connection, record: UUID, begun: int, length: int, collection: Collection
) -> list[str]:
    early, late = begun, length - 100
    item = item_plan(collection, "id", read(collection, b"", only=()))
    history = {"id": record, "before": 2**32, "newest": 2**31 - 1, "limit": 51}
    named: dict[str, Any] = {"name": record, "known": []}
    page_asked = read(collection, b"kind=seminar&sort=-start_date")
    page, paged = page_plan(collection, page_asked), {**page_asked.values, "limit": 51, "known": -1}
    cells = [
        await _milliseconds(connection, history_plan(collection), history, None),
        await _milliseconds(connection, item, named, None),
        await _milliseconds(connection, item, named, late),
        await _milliseconds(connection, item, named, early),
        await _milliseconds(connection, page, paged, None),
        await _milliseconds(connection, page, paged, late, "past_of_many, past, public"),
    ]
    return [f"{cell:.2f}" for cell in cells]


async def _run(dsn: str, asked: argparse.Namespace) -> None:
    table = Table(
        "changes", "history", "item", "item, late", "item, early", "list", "list, late", "verified in"
    )
    connection = await asyncpg.connect(dsn, command_timeout=600)
    record = await connection.fetchval("select id from events limit 1")
    begun_at = await connection.fetchval("select position from journal_head")
    for length in asked.changes:
        await _lengthen(connection, record, length)
        cells = await _measured(connection, record, begun_at, length, EVENTS)
        begun = time.perf_counter()
        verdict = await verify(connection)
        assert verdict.broken_at is None, verdict
        table.add_row(f"{length}", *cells, f"{time.perf_counter() - begun:.1f} s")
    await connection.close()
    console.print(table)
    console.print("Milliseconds, medians. `late`: 100 changes before the end; `early`: before all of them.")


def main() -> None:
    """Measure at every length and print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.history", description=__doc__)
    parser.add_argument("--changes", type=int, nargs="+", default=[10_000, 1_000_000])
    parser.add_argument("--rows", type=int, default=5_000)
    asked = parser.parse_args()
    with folder_for() as folder, embedded.start(folder / "data") as running:
        preparing.migrate(running.dsn)
        asyncio.run(data.fill(running.dsn, asked.rows))
        asyncio.run(_run(running.dsn, asked))


if __name__ == "__main__":
    main()
