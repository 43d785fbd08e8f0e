"""Measures GET one and a list of 50 beside a bare endpoint and beside pgbench, in alternating rounds."""

import argparse
import asyncio
import json
import os
import shutil
import statistics
import tempfile
import urllib.request
from pathlib import Path

from rich.console import Console
from rich.table import Table

from app import embedded, preparing
from app.collection.asked import read
from app.collection.pages import item_plan, page_plan
from app.events.queries import EVENTS
from bench import data
from bench.load import Result, pgbench, wrk
from bench.processes import OTHER_CORE, peak_memory, pin, server

PORT, BARE_PORT = 8123, 8124
LIST = "kind=seminar&sort=-start_date&limit=50"
console = Console(width=140)


def main() -> None:
    """Run the rounds and print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path, help="also write the medians here")
    asked = parser.parse_args()
    if shutil.which("wrk") is None:
        raise SystemExit("bench: the load generator `wrk` is needed (apt-get install wrk).")
    folder = Path(tempfile.mkdtemp(prefix="workplan-bench-"))
    folder.chmod(0o711)
    try:
        with embedded.start(folder / "data") as running:
            console.print(f"Filling {asked.rows} generated rows …")
            preparing.migrate(running.dsn)
            asyncio.run(data.fill(running.dsn, asked.rows))
            pin(running.pid, OTHER_CORE)
            _measure(running, folder, asked)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _measure(running: embedded.Running, folder: Path, asked: argparse.Namespace) -> None:
    bodies = folder / "bodies"
    bodies.mkdir()
    environment = {"DATABASE_URL": running.dsn, "WORKPLAN_DATA_DIR": str(folder)}
    results: dict[str, list[Result]] = {}
    with server("app.main:app", PORT, environment) as app:
        base = f"http://127.0.0.1:{PORT}/v1/events"
        page = _get(f"{base}?{LIST}")
        name = json.loads(page)["items"][7]["id"]
        one = _get(f"{base}/{name}")
        (bodies / "get.json").write_bytes(one)
        (bodies / "list.json").write_bytes(page)
        item = item_plan(EVENTS, "id", read(EVENTS, b"", only=("fields", "expand")))
        listed_query = read(EVENTS, LIST.encode())
        listed = page_plan(EVENTS, listed_query)
        item_values = _values(item.args({"name": name, "known": "{}"}))
        list_values = _values(listed.args({**listed_query.values, "limit": 51, "known": -1}))
        with server("bench.bare:app", BARE_PORT, {"BENCH_BODIES": str(bodies)}) as bare:
            bare_base = f"http://127.0.0.1:{BARE_PORT}/v1/events"
            for number in range(asked.rounds):
                console.print(f"Round {number + 1} of {asked.rounds} …")
                rounds = {
                    "get, ours": lambda: wrk(f"{base}/{name}", asked.seconds, app, running.pid),
                    "get, bare": lambda: wrk(f"{bare_base}/{name}", asked.seconds, bare, None),
                    "get, pgbench": lambda: pgbench(
                        running.dsn, item.sql, item_values, asked.seconds, folder
                    ),
                    "304, ours": lambda: wrk(
                        f"{base}/{name}", asked.seconds, app, running.pid, ('If-None-Match: "1"',)
                    ),
                    "list, ours": lambda: wrk(f"{base}?{LIST}", asked.seconds, app, running.pid),
                    "list, bare": lambda: wrk(f"{bare_base}?{LIST}", asked.seconds, bare, None),
                    "list, pgbench": lambda: pgbench(
                        running.dsn, listed.sql, list_values, asked.seconds, folder
                    ),
                }
                for label, run in rounds.items():
                    results.setdefault(label, []).append(run())
            _print(results, peak_memory(app), asked)


def _get(url: str) -> bytes:
    with urllib.request.urlopen(url) as answer:
        content: bytes = answer.read()
        return content


def _values(args: list[object]) -> dict[str, str]:
    return {f"p{number}": str(value) for number, value in enumerate(args, 1)}


def _median(results: list[Result], field: str) -> float:
    return statistics.median(getattr(each, field) for each in results)


def _print(results: dict[str, list[Result]], memory: float, asked: argparse.Namespace) -> None:
    fields = ("rate", "p50", "p99", "app_ms", "database_ms")
    medians = {label: {field: _median(each, field) for field in fields} for label, each in results.items()}
    table = Table("operation", "requests/s", "p50 ms", "p99 ms", "app CPU ms", "database CPU ms")
    for label, each in medians.items():
        table.add_row(
            label, *(f"{each[field]:.0f}" if field == "rate" else f"{each[field]:.2f}" for field in fields)
        )
    console.print(
        f"{asked.rows} rows, medians of {asked.rounds} alternating rounds of {asked.seconds} s, 16 connections, one worker"
    )
    console.print(table)
    ratios = {
        "get: bare CPU / our CPU": medians["get, bare"]["app_ms"] / medians["get, ours"]["app_ms"],
        "304: our CPU / get CPU": medians["304, ours"]["app_ms"] / medians["get, ours"]["app_ms"],
        "304: database CPU / get database CPU": medians["304, ours"]["database_ms"]
        / medians["get, ours"]["database_ms"],
        "list: our rate / pgbench rate": medians["list, ours"]["rate"] / medians["list, pgbench"]["rate"],
        "list: bare CPU / our CPU": medians["list, bare"]["app_ms"] / medians["list, ours"]["app_ms"],
        "get: our rate / pgbench rate": medians["get, ours"]["rate"] / medians["get, pgbench"]["rate"],
    }
    for label, ratio in ratios.items():
        console.print(f"{label}: {ratio:.2f}")
    console.print(f"Peak memory of the worker: {memory:.0f} MB")
    if asked.json:
        asked.json.write_text(
            json.dumps(
                {"rows": asked.rows, "medians": medians, "ratios": ratios, "cores": os.cpu_count()}, indent=1
            )
        )


if __name__ == "__main__":
    main()
