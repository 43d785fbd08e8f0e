"""Measures what row-level security costs. Run: `python -m bench.guards`.

The same operations of the same register, with row-level security and without it, in alternation: what is compared is
CPU time a request, of the service and of the database, as that is what other work on the machine changes least. Each
operation may cost at most 15 % more (issue 6).
"""

import argparse
import asyncio
import os
import statistics

import asyncpg
from rich.console import Console
from rich.table import Table

from app import preparing
from app.access.keys import new_key
from app.access.permissions import Role
from bench import data
from bench.load import Call, Result, wrk
from bench.operations import FIRST, LIST, Measured
from bench.processes import OTHER_CORE
from bench.registers import Register, folder_for, register

console = Console(width=120)
_MOST = 1.15
_GUARDED = """select relname from pg_class
where relnamespace = 'public'::regnamespace and relkind = 'r' and exists (select from pg_policy where polrelid = oid)"""


async def _switch(address: str, *, on: bool) -> None:
    """Row-level security of every table, on or off."""
    connection = await asyncpg.connect(address)
    for (table,) in await connection.fetch(_GUARDED):
        await connection.execute(f"alter table {table} {'enable' if on else 'disable'} row level security")
    await connection.close()


async def _editor(address: str) -> dict[str, str]:
    """The headers of somebody whom the guards have to look at: a ministry's editor."""
    connection = await asyncpg.connect(address)
    key = new_key()
    await preparing.add_key(connection, key, "bench editor", Role.EDITOR, country="AX")
    await connection.close()
    return {"Authorization": f"Bearer {key}"}


def _calls(measured: Measured, editor: dict[str, str]) -> dict[str, Call]:
    calls = measured.calls()
    reads = {name: calls[name] for name in ("get", "list", "first page", "search")}
    by_editor = {f"{name}, editor": Call(call.path, headers=editor) for name, call in reads.items()}
    few = Call(f"/v1/events?{LIST.replace('50', '1000')}&fields=id,title", headers=editor)
    drafts = Call(f"/v1/events?{FIRST}&visibility=own", headers=editor)
    return {
        **reads, **by_editor, "1000 rows, editor": few, "drafts, editor": drafts,
        "create": calls["create"], "patch": calls["patch"],
    }  # fmt: skip


def _cpu(rounds: list[Result]) -> float:
    return statistics.median(each.app_ms + each.database_ms for each in rounds)


def _measure(found: Register, asked: argparse.Namespace) -> bool:
    calls = _calls(found.measured, asyncio.run(_editor(found.address)))
    calls = {name: call for name, call in calls.items() if not asked.only or name in asked.only}
    rounds: dict[str, dict[bool, list[Result]]] = {name: {True: [], False: []} for name in calls}
    for number in range(asked.rounds):
        console.print(f"Round {number + 1} of {asked.rounds} …")
        asyncio.run(data.settle(found.address))
        for name, call in calls.items():
            for on in (True, False) if number % 2 else (False, True):
                asyncio.run(_switch(found.address, on=on))
                result = wrk(found.server, call, asked.seconds, found.postmaster, found.folder)
                rounds[name][on].append(result)
    asyncio.run(_switch(found.address, on=True))
    table = Table("operation", "CPU ms without", "CPU ms with", "with / without", "asked", "met")
    good = True
    for name, known in rounds.items():
        without, guarded = _cpu(known[False]), _cpu(known[True])
        met = guarded / without <= _MOST
        good = good and met
        cells = (f"{without:.3f}", f"{guarded:.3f}", f"{guarded / without:.2f}", f"≤ {_MOST}")
        table.add_row(name, *cells, "yes" if met else "[red]no")
    console.print(table)
    return good


def main() -> None:
    """Measure, and print the table; ends with 1 if an operation costs more."""
    parser = argparse.ArgumentParser(prog="python -m bench.guards", description=__doc__)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", nargs="*", help="only these operations")
    parser.add_argument("--quick", action="store_true", help="20 000 events, 2 s")
    asked = parser.parse_args()
    if asked.quick:
        asked.rows, asked.seconds = 20_000, 2
    os.sched_setaffinity(0, {OTHER_CORE})
    with folder_for() as folder, register(asked.rows, folder) as found:
        good = _measure(found, asked)
    raise SystemExit(not good)


if __name__ == "__main__":
    main()
