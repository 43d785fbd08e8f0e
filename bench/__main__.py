"""Measures the register beside the limits of the same machine and beside its peers, in alternating rounds."""

import argparse
import asyncio
import os
import shutil
import statistics
import time
from collections.abc import Sequence
from contextlib import ExitStack
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

from rich.console import Console

from bench import bulk, data, exports, peers, recording, report
from bench.load import Call, Result, Script, pgbench, wrk
from bench.operations import COUNTS, DEPTH, EXPORT, LIST, body_of, deep_page, peer_calls
from bench.processes import OTHER_CORE, Server, serving
from bench.registers import Register, folder_for, register
from bench.results import BARE, OURS, PGBENCH, Results

Others = Sequence[tuple[peers.Peer, Server]]
BARE_PORT, SCALE_PORT = 8124, 8130
_SAME_SQL = ("get", "list", "search", "create", "patch")
_BESIDE_GET = "304"
"""It is compared with `get`."""
_NEAR = ("get", "first page", "search", "create")
"""They are, or stand beside, what is met or missed by some hundredths: done twice in a round."""
_BULK_ROWS = 10_000
console = Console(stderr=True)


def main() -> None:
    """Run the rounds, print the table, and write it."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--rows", type=int, help="events in the register (200000)")
    parser.add_argument("--seconds", type=int, help="of one measurement (3)")
    parser.add_argument("--rounds", type=int, help="of which the medians are taken (3)")
    parser.add_argument("--quick", action="store_true", help="50 000 events, shorter, no peers, no scale")
    parser.add_argument("--peers", nargs="*", help="which of the peers; none: all that are installed")
    parser.add_argument("--no-scale", action="store_true", help="leave 1 000 and 1 000 000 events out")
    parser.add_argument("--only", nargs="*", help="only these operations of the first part")
    parser.add_argument(
        "--keep", type=Path, help="a folder for filled registers, which a later run uses again"
    )
    parser.add_argument("--write", type=Path, help="a folder for the results as JSON and as a picture")
    asked = parser.parse_args()
    if shutil.which("wrk") is None:
        raise SystemExit("bench: the load generator `wrk` is needed (Debian: apt-get install wrk).")
    rows, seconds, rounds = (50_000, 2, 2) if asked.quick else (200_000, 3, 3)
    asked.rows, asked.seconds, asked.rounds = (
        asked.rows or rows,
        asked.seconds or seconds,
        asked.rounds or rounds,
    )
    os.sched_setaffinity(0, {OTHER_CORE})
    results = Results(asked.rows, asked.seconds, asked.rounds)
    try:
        with folder_for(asked.keep) as folder:
            _run(folder, asked, results)
    finally:
        report.show(results)  # what was measured before something failed, too
    if asked.write:
        report.write(results, asked.write)


def _run(folder: Path, asked: argparse.Namespace, results: Results) -> None:
    chosen = [] if asked.quick and asked.peers is None else peers.chosen(asked.peers)
    console.print(f"A register of {asked.rows} generated events …")
    with register(asked.rows, folder) as found:
        results.seconds["idle memory, MB"] = [found.server.memory]
        Part(found, asked, results).run(chosen)
        if not (asked.quick or asked.no_scale or asked.only):
            _scale(found, folder, asked, results)


class Part:
    """The rounds on one register."""

    def __init__(self, found: Register, asked: argparse.Namespace, results: Results) -> None:
        self.found, self.asked, self.results = found, asked, results
        self.calls = found.measured.calls()
        self.peer_calls = peer_calls(found.measured)
        bodies = found.folder / "bodies"
        bodies.mkdir(exist_ok=True)
        self.bodies = bodies
        pages = {
            "get": self.calls["get"].at(0).path,
            "list": f"/v1/events?{LIST}",
            "counts": self.calls["counts"].path,
        }
        for name, path in pages.items():
            (bodies / f"{name}.json").write_bytes(body_of(found.server.address, path))
        copies = {
            f"export {style}": Call(f"/v1/events?{EXPORT}", headers={"Accept": kind})
            for style, kind in _FORMATS.items()
        }
        same = {name: self.calls[name] for name in (*_SAME_SQL, "counts")}
        self.scripts = asyncio.run(
            recording.recorded(
                found.address, found.folder, same | copies, number=734_511_997_971 + int(time.time()) % 80_000
            )
        )

    def run(self, chosen: list[peers.Peer]) -> None:
        bare = [*_UVICORN, "bench.bare:app", "--port", str(BARE_PORT)]
        if chosen:
            asyncio.run(data.help_peers(self.found.address))
        with ExitStack() as stack:
            limit = stack.enter_context(serving(bare, BARE_PORT, {"BENCH_BODIES": str(self.bodies)}))
            others = [
                (peer, stack.enter_context(peer.running(self.found, port)))
                for port, peer in enumerate(chosen, peers.PORT)
            ]
            for number in range(self.asked.rounds):
                console.print(f"Round {number + 1} of {self.asked.rounds} …")
                self._round(limit, others)

    def _round(self, limit: Server, others: Others) -> None:
        """Each operation by all who have it, one right after the other: the machine is as fast for all of them."""
        asyncio.run(data.settle(self.found.address))
        self.found.checkpoint()
        ours = self.found.server
        for name, call in self.calls.items():
            if self._wanted(name) and name != _BESIDE_GET:
                for _ in range(2 if name in _NEAR else 1):
                    self._operation(name, call, limit, others)
        if self._wanted("one caller"):
            self._keep("one caller", OURS, self._wrk(ours, self.calls["get"], 1))
            self._keep("one caller", BARE, self._wrk(limit, self.calls["get"], 1))
            self._keep("one caller", PGBENCH, self._pgbench(self.scripts["get"], 1))
        if self._wanted("uncached counts"):
            self._add("counts, just changed", OURS, self._uncached_counts())
            self._add("counts, just changed", PGBENCH, self._pgbench(self.scripts["counts"], 1).p50 / 1000)
        if self._wanted("export"):
            self._exports(others)
        if self._wanted("bulk"):
            self._loads(others)

    def _operation(self, name: str, call: Call, limit: Server, others: Others) -> None:
        ours = self.found.server
        self._keep(name, OURS, self._wrk(ours, call))
        if name == "get" and self._wanted(_BESIDE_GET):
            self._keep(_BESIDE_GET, OURS, self._wrk(ours, self.calls[_BESIDE_GET]))
        if name == "first page":
            depth = min(DEPTH, self.found.events * 3 // 4)
            self._keep("deep page", OURS, self._wrk(ours, deep_page(ours.address, depth)))
        if name in ("get", "list", "counts"):
            self._keep(name, BARE, self._wrk(limit, call))
        if name in _SAME_SQL:
            self._keep(name, PGBENCH, self._pgbench(self.scripts[name]))
        for peer, server in others:
            if name in self.peer_calls and peer.has(name):
                self._keep(name, peer.name, self._wrk(server, self.peer_calls[name]))

    def _loads(self, others: Others) -> None:
        found = self.found
        times = bulk.one_round(found.address, found.server, found.measured.key, _BULK_ROWS)
        for name, seconds in times.items():
            self._add("bulk", name, seconds)
        for peer, server in others:
            if peer.has("bulk"):
                asyncio.run(data.settle(found.address))
                self._add("bulk", peer.name, peer.load(server, _BULK_ROWS))

    def _exports(self, others: Others) -> None:
        for style, kind in _FORMATS.items():
            name = f"export {style}"
            done = exports.download(self.found.server, f"/v1/events?{EXPORT}", kind)
            self._add(name, OURS, done.seconds)
            self._add(name, f"{OURS}, first byte", done.first)
            self._add(name, f"{OURS}, grown MB", done.grown)
            statement = next(
                line for line in self.scripts[name].text.splitlines() if line.upper().startswith("COPY")
            )
            copied = exports.copied(self.found.address, statement.rstrip(";"), self.found.folder, os.environ)
            self._add(name, "COPY", copied)
        for peer, server in others:
            if peer.has("export"):
                seconds = exports.download(server, f"/export?{EXPORT}", "*/*").seconds
                self._add("export ndjson", peer.name, seconds)

    def _uncached_counts(self) -> float:
        """Median seconds of the counts when something has changed since they were asked for last."""
        connection = HTTPConnection(urlsplit(self.found.server.address).netloc)
        times = []
        for number in range(5):
            call = self.calls["patch"].at(time.time_ns() // 1000 + number)
            connection.request(call.method, call.path, call.body, dict(call.headers))
            connection.getresponse().read()
            begun = time.perf_counter()
            connection.request("GET", f"/v1/events/stats?{COUNTS}")
            connection.getresponse().read()
            times.append(time.perf_counter() - begun)
        return statistics.median(times)

    def _wanted(self, operation: str) -> bool:
        return not self.asked.only or operation in self.asked.only

    def _wrk(self, server: Server, call: Call, connections: int = 16) -> Result:
        found = self.found
        return wrk(server, call, self.asked.seconds, found.postmaster, found.folder, connections)

    def _pgbench(self, script: Script, connections: int = 16) -> Result:
        found = self.found
        return pgbench(found.address, script, self.asked.seconds, found.postmaster, found.folder, connections)

    def _keep(self, operation: str, who: str, result: Result) -> None:
        self.results.rounds.setdefault(operation, {}).setdefault(who, []).append(result)

    def _add(self, operation: str, who: str, value: float) -> None:
        self.results.seconds.setdefault(f"{operation}: {who}", []).append(value)


_FORMATS = {"csv": "text/csv", "ndjson": "application/x-ndjson"}
_UVICORN = [
    *(os.sys.executable, "-m", "uvicorn", "--loop", "uvloop", "--http", "httptools", "--no-access-log"),
    *("--no-server-header", "--log-level", "warning"),
]


def _scale(middle: Register, folder: Path, asked: argparse.Namespace, results: Results) -> None:
    """What the register costs with 1 000 and with 1 000 000 events, in alternation with what it has now."""
    console.print("Registers of 1 000 and 1 000 000 generated events …")
    with (
        register(1_000, folder, SCALE_PORT) as small,
        register(1_000_000, folder, SCALE_PORT + 1) as large,
    ):
        for number in range(asked.rounds):
            console.print(f"Round {number + 1} of {asked.rounds}, by size …")
            for found in (small, middle, large):
                calls = found.measured.calls() | {
                    "common word": Call("/v1/search?q={new common word}&limit=20")
                }
                for name in ("get", "list", "search", "common word", "create", "patch"):
                    result = wrk(found.server, calls[name], asked.seconds, found.postmaster, found.folder)
                    results.sizes.setdefault(name, {}).setdefault(found.events, []).append(result)
                rows = bulk.rows_of("CSV", _BULK_ROWS, turn=bulk.next_turn())
                seconds = bulk.by_request(found.server, found.measured.key, rows, "csv")
                results.sizes.setdefault("bulk", {}).setdefault(found.events, []).append(Result(1 / seconds))


if __name__ == "__main__":
    main()
