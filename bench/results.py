"""What was measured, as medians, and how it stands to the bars."""

import statistics
from collections.abc import Iterator
from dataclasses import dataclass, field

from bench.load import Result

OURS, BARE, PGBENCH = "register", "bare FastAPI", "pgbench"
FIELDS = ("rate", "p50", "p99", "app_ms", "database_ms")


@dataclass
class Results:
    """The rounds of one run."""

    events: int
    each: int
    repeated: int
    rounds: dict[str, dict[str, list[Result]]] = field(default_factory=dict)
    """By operation and by who did it."""
    seconds: dict[str, list[float]] = field(default_factory=dict)
    """What is done once a round, by `operation: who`."""
    sizes: dict[str, dict[int, list[Result]]] = field(default_factory=dict)
    """By operation and number of events."""

    def median(self, operation: str, who: str = OURS) -> Result:
        return median(self.rounds[operation][who])

    def time(self, name: str) -> float:
        return statistics.median(self.seconds[name])

    @property
    def peers(self) -> list[str]:
        known = {who for each in self.rounds.values() for who in each}
        return [who for who in known if who not in {OURS, BARE, PGBENCH}]


def median(rounds: list[Result]) -> Result:
    return Result(*(statistics.median(getattr(each, name) for each in rounds) for name in FIELDS))


@dataclass(frozen=True)
class Bar:
    """A ratio (or an amount), what it is to be, and whether it is."""

    name: str
    value: float
    bar: float
    most: bool = False

    @property
    def met(self) -> bool:
        return self.value <= self.bar if self.most else self.value >= self.bar

    @property
    def asked(self) -> str:
        return f"{'≤' if self.most else '≥'} {self.bar:g}"


PYTHON_PEERS = ("FastAPI + SQLAlchemy", "FastCRUD", "Django REST framework", "Django Ninja", "Litestar")


def bars(results: Results) -> Iterator[Bar]:
    """Every bar that this run has measured (issue 3)."""
    has = results.rounds.__contains__
    if has("get"):
        get = results.median("get")
        yield Bar("get: CPU of bare FastAPI / ours", results.median("get", BARE).app_ms / get.app_ms, 0.55)
        if has("304"):
            known = results.median("304")
            yield Bar("304: application CPU / that of get", known.app_ms / get.app_ms, 1.0, most=True)
            yield Bar("304: database CPU / that of get", known.database_ms / get.database_ms, 0.6, most=True)
    for operation, least in (("list", 0.75), ("search", 0.8), ("create", 0.65), ("patch", 0.65)):
        if has(operation):
            ratio = results.median(operation).rate / results.median(operation, PGBENCH).rate
            yield Bar(f"{operation}: requests/s / pgbench", ratio, least)
    yield from _against_peers(results)
    if has("deep page") and has("first page"):
        first, deep = (results.median(name) for name in ("first page", "deep page"))
        ratio = (deep.app_ms + deep.database_ms) / (first.app_ms + first.database_ms)
        yield Bar("page behind 50 000: CPU / first page", ratio, 1.1, most=True)
    if "counts, just changed: register" in results.seconds:
        ratio = results.time("counts, just changed: pgbench") / results.time("counts, just changed: register")
        yield Bar("counts, uncached: time of pgbench / ours", ratio, 0.9)
    if has("counts"):
        ratio = results.median("counts", BARE).app_ms / results.median("counts").app_ms
        yield Bar("counts, unchanged data: CPU of bare FastAPI / ours", ratio, 0.4)
    if has("one caller"):
        limit = results.median("one caller", BARE).p50 + results.median("one caller", PGBENCH).p50
        ratio = results.median("one caller").p50 / limit
        yield Bar("one caller: p50 / (bare FastAPI + pgbench)", ratio, 2.5, most=True)
    yield from _of_whole_loads(results)
    if "idle memory, MB" in results.seconds:
        yield Bar("idle memory of a worker, MB", results.time("idle memory, MB"), 110, most=True)
    yield from _by_size(results)


def _against_peers(results: Results) -> Iterator[Bar]:
    times = {"get": 7.0, "list": 3.0, "search": 3.0, "create": 4.0, "patch": 4.0}
    for operation, known in results.rounds.items():
        best = {who: median(known[who]) for who in known if who in PYTHON_PEERS}
        ours = results.median(operation)
        if operation == "get" and best:
            ratio = min(each.app_ms for each in best.values()) / ours.app_ms
            yield Bar("get: CPU of the best Python peer / ours", ratio, times[operation])
        elif operation in times and best:
            ratio = ours.rate / max(each.rate for each in best.values())
            yield Bar(f"{operation}: requests/s / best Python peer", ratio, times[operation])
        for who in results.peers:
            if who in known and who not in PYTHON_PEERS:
                yield Bar(f"{operation}: requests/s / {who}", ours.rate / median(known[who]).rate, 1.0)
    for operation, ours_name in (("bulk", "ndjson"), ("export ndjson", "register")):
        for who in results.peers:
            if f"{operation}: {who}" in results.seconds:
                ratio = results.time(f"{operation}: {who}") / results.time(f"{operation}: {ours_name}")
                yield Bar(f"{operation}: time of {who} / ours", ratio, 1.0)


def _of_whole_loads(results: Results) -> Iterator[Bar]:
    if "bulk: csv" in results.seconds:
        hand = results.time("bulk: by hand")
        for style in ("csv", "ndjson"):
            ratio = results.time(f"bulk: {style}") / hand
            yield Bar(f"bulk {style}: time / COPY and merge by hand", ratio, 1.5, most=True)
        ratio = results.time("bulk: csv, dates") / hand
        yield Bar("bulk csv, only dates and status differ: time / the same", ratio, 0.7, most=True)
    for style, least in (("csv", 0.75), ("ndjson", 0.5)):
        name = f"export {style}"
        if f"{name}: register" in results.seconds:
            ratio = results.time(f"{name}: COPY") / results.time(f"{name}: register")
            yield Bar(f"{name}: time of COPY / ours", ratio, least)
            first = 1000 * results.time(f"{name}: register, first byte")
            yield Bar(f"{name}: first byte, ms", first, 50, most=True)
            yield Bar(f"{name}: memory grown, MB", results.time(f"{name}: register, grown MB"), 8, most=True)


def _by_size(results: Results) -> Iterator[Bar]:
    for operation, known in results.sizes.items():
        sizes = {size: median(rounds) for size, rounds in known.items()}
        least, middle, most = (sizes[size] for size in sorted(sizes))
        if operation in {"get", "create", "patch"}:
            ratio = (most.app_ms + most.database_ms) / (least.app_ms + least.database_ms)
            yield Bar(f"{operation}: CPU at 1 000 000 / at 1 000", ratio, 1.15, most=True)
        elif operation == "bulk":
            yield Bar("bulk: time at 1 000 000 / at 1 000", least.rate / most.rate, 2.5, most=True)
        elif operation != "search":  # of which a bound is asked: that of common words
            ratio = (most.app_ms + most.database_ms) / (middle.app_ms + middle.database_ms)
            yield Bar(f"{operation}: CPU at 1 000 000 / at {results.events}", ratio, 1.3, most=True)
