"""Measures whether the service grows: its memory while it is asked for everything, for an hour.

Run: `python -m bench.endurance`. Sixteen connections read, search, count, create and change as fast as they are answered;
beside them records are loaded and exported, again and again. Memory is what one worker holds (resident, with all that it has
started), looked at every second; of each minute the least and the most are told.
"""

import argparse
import statistics
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from operator import attrgetter

from rich.console import Console
from rich.table import Table

from bench.bulk import by_request, next_turn, rows_of
from bench.exports import download
from bench.load import Call, InTurn, wrk
from bench.operations import EXPORT
from bench.registers import Register, folder_for, register

console = Console(width=120)
_MOST, _GROWN = 110, 2
"""MB when idle, before and after; and between the second and the last quarter of the minutes."""
_PER_COSTLY = 20
"""So often everything else is asked for per count of all events (after a change, anew) and per record as it was."""
_SETTINGS = {"max_wal_size": "4GB"}
"""Autovacuum runs, as in production."""


@dataclass(frozen=True)
class Minute:
    """Requests of the load generator; loads and exports; resident MB."""

    requests: int
    others: int
    least: float
    most: float


class _Beside:
    """Does something again and again in a thread of its own; what goes wrong there is raised where it is ended."""

    def __init__(self, *ways: Callable[[], object], pause: float) -> None:
        self.done = 0
        self._ways, self._pause = ways, pause
        self._end = threading.Event()
        self._wrong: Exception | None = None
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        try:
            while not self._end.is_set():
                for way in self._ways:
                    way()
                    self.done += 1
                    if self._end.wait(self._pause):
                        return
        except Exception as error:
            self._wrong = error

    def end(self) -> None:
        self._end.set()
        self._thread.join()
        if self._wrong:
            raise self._wrong


def _everything(found: Register, begun: str) -> InTurn:
    calls = found.measured.calls()
    costly = calls.pop("counts"), Call(f"/v1/events/{{id}}?as_of={begun}")
    others = (
        Call("/v1/events/{read}/history"),
        Call("/v1/events?q={word}&limit=20"),
        Call("/v1/activities?sort=-start_date&limit=20&expand=goal,lead"),
        Call("/v1/changes?limit=20"),
    )
    return InTurn((*calls.values(), *others) * _PER_COSTLY + costly)


def _minute(found: Register, begun: str, seconds: int) -> Minute:
    key = found.measured.key
    seen: list[float] = []
    watch = _Beside(lambda: seen.append(found.server.memory), pause=1)
    others = _Beside(
        lambda: by_request(found.server, key, rows_of("CSV", 10_000, turn=next_turn()), "csv"),
        partial(download, found.server, f"/v1/events?{EXPORT}", "text/csv"),
        lambda: by_request(found.server, key, rows_of("LINES", 10_000, turn=next_turn()), "ndjson"),
        partial(download, found.server, f"/v1/events?{EXPORT}", "application/x-ndjson"),
        pause=2,
    )
    try:
        result = wrk(found.server, _everything(found, begun), seconds, found.postmaster, found.folder)
    finally:
        others.end()
        watch.end()
    return Minute(round(result.rate * seconds), others.done, min(seen), max(seen))


def _measure(found: Register, minutes: int, seconds: int) -> bool:
    time.sleep(2)
    before = found.server.memory
    console.print(f"Idle: {before:.1f} MB")
    begun = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    known: list[Minute] = []
    for number in range(minutes):
        known.append(minute := _minute(found, begun, seconds))
        console.print(
            f"Minute {number + 1}: {minute.requests} requests, {minute.others} loads and exports, "
            f"{minute.least:.1f} to {minute.most:.1f} MB"
        )
    time.sleep(5)
    after = found.server.memory
    quarter = max(1, minutes // 4)
    early, late = (
        tuple(
            statistics.median(pick(each) for each in part)
            for pick in (attrgetter("least"), attrgetter("most"))
        )
        for part in (known[quarter : 2 * quarter] or known, known[-quarter:])
    )
    table = Table("", "Least MB", "Most MB")
    table.add_row("idle, before", f"{before:.1f}", "")
    table.add_row("second quarter, medians of minutes", *(f"{each:.1f}" for each in early))
    table.add_row("last quarter", *(f"{each:.1f}" for each in late))
    table.add_row("idle, afterwards", f"{after:.1f}", "")
    console.print(table)
    console.print(
        f"{sum(each.requests for each in known)} requests, {sum(each.others for each in known)} loads and exports"
    )
    return before <= _MOST and all(grown - was <= _GROWN for was, grown in zip(early, late, strict=True))


def main() -> None:
    """Measure, and tell it; ends with 1 if the service grows."""
    parser = argparse.ArgumentParser(prog="python -m bench.endurance", description=__doc__)
    parser.add_argument("--rows", type=int, default=200_000, help="events that are there")
    parser.add_argument("--minutes", type=int, default=60)
    parser.add_argument("--seconds", type=int, default=60, help="of a minute, to try it")
    asked = parser.parse_args()
    with folder_for() as folder, register(asked.rows, folder, settings=_SETTINGS) as found:
        good = _measure(found, asked.minutes, asked.seconds)
    raise SystemExit(not good)


if __name__ == "__main__":
    main()
