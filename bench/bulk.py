"""Measures a bulk upsert of 10 000 rows beside the same rows by COPY and one INSERT … ON CONFLICT written by hand.

Changes are recorded in both. Half of the rows are new, half change a record. Run: `python -m bench.bulk`.
"""

import argparse
import asyncio
import csv
import io
import shutil
import statistics
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import httpx
from rich.console import Console
from rich.table import Table

from app import embedded, preparing
from app.access.keys import new_key
from app.access.permissions import Role
from bench import data
from bench.processes import OTHER_CORE, peak_memory, pin, server

PORT = 8125
COLUMNS = ("code", "title", "goal", "lead", "countries", "start_date", "end_date", "status", "description")
console = Console(width=120)

_STAGE = """create temporary table raw (code text, title text, goal int, lead text, countries text[], start_date date,
end_date date, status text, description text) on commit drop"""
_MERGE = """insert into activities (code, title, goal_id, lead_id, countries, start_date, end_date, status, description)
select r.code, r.title, g.id, o.id, r.countries, r.start_date, r.end_date, r.status, r.description
from raw r join goals g on g.number = r.goal left join organisations o on o.code = r.lead
on conflict (code) do update set title = excluded.title, goal_id = excluded.goal_id, lead_id = excluded.lead_id,
countries = excluded.countries, start_date = excluded.start_date, end_date = excluded.end_date,
status = excluded.status, description = excluded.description"""


def rows_of(turn: int, prefix: str, number: int) -> list[tuple[Any, ...]]:
    """Rows of a turn: the first half has the codes of every turn, the second half is new."""
    found = []
    for n in range(number):
        day = date(2020, 1, 1) + timedelta(days=(n * 7919 + turn) % 3000)
        code = f"{prefix}-{n}" if n < number // 2 else f"{prefix}-{turn}-{n}"
        about = "This entry is generated for measurement. " * 4
        found.append(
            (code, f"Generated activity {n}, turn {turn}", 1 + n % 8, f"GEN-{1 + n % 200}", ["AX", "BX"], day,
             day + timedelta(days=90), ("planned", "ongoing")[turn % 2], about)
        )  # fmt: skip
    return found


async def by_hand(dsn: str, rows: list[tuple[Any, ...]]) -> float:
    """COPY into a temporary table and one statement, in one transaction."""
    connection = await asyncpg.connect(dsn)
    begun = time.perf_counter()
    async with connection.transaction():
        await connection.execute(_STAGE)
        await connection.copy_records_to_table("raw", records=rows, columns=COLUMNS)
        await connection.execute(_MERGE)
    seconds = time.perf_counter() - begun
    await connection.close()
    return seconds


def by_request(client: httpx.Client, rows: list[tuple[Any, ...]], style: str) -> float:
    """The same through the API."""
    if style == "csv":
        text = io.StringIO()
        writer = csv.writer(text)
        writer.writerow(["code", "title", "goal.number", "lead.code", *COLUMNS[4:]])
        writer.writerows([*row[:4], ";".join(row[4]), *row[5:]] for row in rows)
        content, kind = text.getvalue().encode(), "text/csv"
    else:
        import json

        records = (
            {**dict(zip(COLUMNS, row, strict=True)), "goal": {"number": row[2]}, "lead": {"code": row[3]}}
            for row in rows
        )
        content = "\n".join(json.dumps(record, default=str) for record in records).encode()
        kind = "application/x-ndjson"
    begun = time.perf_counter()
    answer = client.post("/v1/activities/bulk?match=code", content=content, headers={"Content-Type": kind})
    seconds = time.perf_counter() - begun
    assert answer.status_code == 200, answer.text[:1000]
    assert answer.json()["summary"]["error"] == 0
    return seconds


async def _prepared(dsn: str, rows: int) -> str:
    await data.fill(dsn, rows)
    key = new_key()
    connection = await asyncpg.connect(dsn)
    await preparing.add_key(connection, key, "bench", Role.SECRETARIAT)
    await connection.close()
    return key


def main() -> None:
    """Run the rounds and print the ratios."""
    parser = argparse.ArgumentParser(prog="python -m bench.bulk", description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--filled", type=int, default=30_000)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="workplan-bench-"))
    folder.chmod(0o711)
    times: dict[str, list[float]] = {"by hand": [], "csv": [], "ndjson": []}
    try:
        with embedded.start(folder / "data") as running:
            preparing.migrate(running.dsn)
            key = asyncio.run(_prepared(running.dsn, asked.filled))
            pin(running.pid, OTHER_CORE)
            environment = {"DATABASE_URL": running.dsn, "WORKPLAN_DATA_DIR": str(folder)}
            with server("app.main:app", PORT, environment) as app:
                address = f"http://127.0.0.1:{PORT}"
                headers = {"Authorization": f"Bearer {key}"}
                with httpx.Client(base_url=address, headers=headers, timeout=300) as client:
                    for turn in range(asked.rounds + 1):  # the first, all new, warms up
                        once = {
                            "by hand": asyncio.run(by_hand(running.dsn, rows_of(turn, "HAND", asked.rows))),
                            "csv": by_request(client, rows_of(turn, "CSV", asked.rows), "csv"),
                            "ndjson": by_request(client, rows_of(turn, "LINES", asked.rows), "ndjson"),
                        }
                        if turn:
                            for label, seconds in once.items():
                                times[label].append(seconds)
                memory = peak_memory(app)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    table = Table(f"upsert of {asked.rows} rows", "median s", "fastest s", "times by hand")
    hand = statistics.median(times["by hand"])
    for label, each in times.items():
        middle = statistics.median(each)
        table.add_row(label, f"{middle:.2f}", f"{min(each):.2f}", f"{middle / hand:.2f}")
    console.print(table)
    console.print(f"Peak memory of the worker: {memory:.0f} MB")


if __name__ == "__main__":
    main()
