"""Measures what recording costs. Run: `python -m bench.journal`.

The same load of 10 000 activities (half of them new, half of them changed) with the triggers of the journal and without
them, in alternation: through the API, and by COPY and one statement, where nothing but the database is at work. A load
may cost at most 60 % more (issue 5): in time, and in CPU time, as that is what other work on the machine changes least.
Reads, which no trigger sees, are compared as well.
"""

import argparse
import asyncio
import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import asyncpg
from rich.console import Console
from rich.table import Table

from bench import data
from bench.bulk import by_hand, by_request, next_turn, rows_of
from bench.load import wrk
from bench.processes import cpu_seconds
from bench.registers import Register, folder_for, register

console = Console(width=120)
_MOST = 1.6
_READS = ("get", "list")
_RECORDED = """select c.relname, t.tgname from pg_trigger t join pg_class c on c.oid = t.tgrelid
join pg_proc p on p.oid = t.tgfoid where p.proname = 'record_changes'"""


async def _switch(address: str, *, on: bool) -> None:
    """What records, of every table, on or off."""
    connection = await asyncpg.connect(address)
    for table, trigger in await connection.fetch(_RECORDED):
        await connection.execute(f"alter table {table} {'enable' if on else 'disable'} trigger {trigger}")
    await connection.close()


@dataclass(frozen=True)
class Cost:
    """Of a load or a read: seconds, and seconds of CPU of the service and the database together."""

    seconds: float
    cpu: float


def _ways(found: Register, rows: int, seconds: int) -> dict[str, Callable[[], Cost]]:
    """What is done: loads with rows that no other load has, and reads for some seconds."""
    key = found.measured.key

    def load(way: Callable[[], float]) -> Cost:
        before = found.server.cpu + cpu_seconds(found.postmaster)
        taken = way()
        return Cost(taken, found.server.cpu + cpu_seconds(found.postmaster) - before)

    def read(name: str) -> Cost:
        result = wrk(found.server, found.measured.calls()[name], seconds, found.postmaster, found.folder)
        return Cost(1 / result.rate, (result.app_ms + result.database_ms) / 1000)

    return {
        "by the API": lambda: load(
            lambda: by_request(found.server, key, rows_of("CSV", rows, turn=next_turn()), "csv")
        ),
        "by hand": lambda: load(lambda: by_hand(found.address, rows_of("HAND", rows, turn=next_turn()))),
        **{name: partial(read, name) for name in _READS},
    }


def _measure(found: Register, asked: argparse.Namespace) -> bool:
    ways = _ways(found, asked.load, asked.seconds)
    rounds: dict[str, dict[bool, list[Cost]]] = {name: {True: [], False: []} for name in ways}
    for way in ways.values():  # what is loaded first is all new, and plans are made
        way()
    for number in range(asked.rounds):
        console.print(f"Round {number + 1} of {asked.rounds} …")
        for name, way in ways.items():
            for on in (True, False) if number % 2 else (False, True):
                asyncio.run(_switch(found.address, on=on))
                asyncio.run(data.settle(found.address))
                rounds[name][on].append(way())
    asyncio.run(_switch(found.address, on=True))
    table = Table(
        "", "s without", "s with", "with / without", "CPU s without", "CPU s with", "with / without"
    )
    for name, known in rounds.items():
        cells = []
        for of in (_seconds, _cpu):
            without, recorded = (statistics.median(map(of, known[on])) for on in (False, True))
            cells += [f"{without:.4f}", f"{recorded:.4f}", _ratio(known, of)]
        table.add_row(name, *cells)
    console.print(table)
    console.print("Medians; of the ratios of the rounds the median, the least and the most.")
    api = rounds["by the API"]
    return statistics.median(map(_cpu, api[True])) <= _MOST * statistics.median(map(_cpu, api[False]))


def _seconds(cost: Cost) -> float:
    return cost.seconds


def _cpu(cost: Cost) -> float:
    return cost.cpu


def _ratio(known: Mapping[bool, list[Cost]], of: Callable[[Cost], float]) -> str:
    ratios = [of(one) / of(other) for one, other in zip(known[True], known[False], strict=True)]
    return f"{statistics.median(ratios):.2f} ({min(ratios):.2f}-{max(ratios):.2f})"


def main() -> None:
    """Measure, and print the table; ends with 1 if a load through the API takes more than 60 % longer."""
    parser = argparse.ArgumentParser(prog="python -m bench.journal", description=__doc__)
    parser.add_argument("--rows", type=int, default=20_000, help="events that are there")
    parser.add_argument("--load", type=int, default=10_000, help="rows of a load")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=int, default=2, help="of a round of reads")
    asked = parser.parse_args()
    with folder_for() as folder, register(asked.rows, folder) as found:
        good = _measure(found, asked)
    raise SystemExit(not good)


if __name__ == "__main__":
    main()
