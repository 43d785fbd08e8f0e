"""What was measured, as medians, and how it stands to the bars."""

import statistics
from collections.abc import Iterator, Sequence
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

    def rate(self, operation: str, who: str = OURS) -> list[float]:
        return [each.rate for each in self.rounds[operation][who]]

    def app(self, operation: str, who: str = OURS) -> list[float]:
        return [each.app_ms for each in self.rounds[operation][who]]

    def database(self, operation: str, who: str = OURS) -> list[float]:
        return [each.database_ms for each in self.rounds[operation][who]]

    def time(self, name: str) -> float:
        return statistics.median(self.seconds[name])

    def times(self, one: str, other: str) -> float:
        return ratio(self.seconds[one], self.seconds[other])

    @property
    def peers(self) -> list[str]:
        known = {who for each in self.rounds.values() for who in each}
        return [who for who in known if who not in {OURS, BARE, PGBENCH}]


def median(rounds: list[Result]) -> Result:
    return Result(*(statistics.median(getattr(each, name) for each in rounds) for name in FIELDS))


def ratio(ones: Sequence[float], others: Sequence[float]) -> float:
    """The median of the ratios of each round: what slowed the machine in one slowed both."""
    return statistics.median(one / other for one, other in zip(ones, others, strict=False))


def _cpu(rounds: Sequence[Result]) -> list[float]:
    return [each.app_ms + each.database_ms for each in rounds]


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
    app, database, rate = results.app, results.database, results.rate
    if has("get"):
        yield Bar("get: CPU of bare FastAPI / ours", ratio(app("get", BARE), app("get")), 0.55)
        if has("304"):
            yield Bar("304: application CPU / that of get", ratio(app("304"), app("get")), 1.0, most=True)
            used = ratio(database("304"), database("get"))
            yield Bar("304: database CPU / that of get", used, 0.6, most=True)
    for operation, least in (("list", 0.75), ("search", 0.8), ("create", 0.65), ("patch", 0.65)):
        if has(operation):
            share = ratio(rate(operation), rate(operation, PGBENCH))
            yield Bar(f"{operation}: requests/s / pgbench", share, least)
    yield from _against_peers(results)
    if has("deep page") and has("first page"):
        used = ratio(*(_cpu(results.rounds[name][OURS]) for name in ("deep page", "first page")))
        yield Bar("page behind 50 000: CPU / first page", used, 1.1, most=True)
    if "counts, just changed: register" in results.seconds:
        share = results.times("counts, just changed: pgbench", "counts, just changed: register")
        yield Bar("counts, uncached: time of pgbench / ours", share, 0.9)
    if has("counts"):
        share = ratio(app("counts", BARE), app("counts"))
        yield Bar("counts, unchanged data: CPU of bare FastAPI / ours", share, 0.4)
    if has("one caller"):
        taken = {who: [each.p50 for each in rounds] for who, rounds in results.rounds["one caller"].items()}
        limit = [sum(both) for both in zip(taken[BARE], taken[PGBENCH], strict=False)]
        yield Bar("one caller: p50 / (bare FastAPI + pgbench)", ratio(taken[OURS], limit), 2.5, most=True)
    yield from _of_whole_loads(results)
    if "idle memory, MB" in results.seconds:
        yield Bar("idle memory of a worker, MB", results.time("idle memory, MB"), 110, most=True)
    yield from _by_size(results)


def _against_peers(results: Results) -> Iterator[Bar]:
    times = {"get": 7.0, "list": 3.0, "search": 3.0, "create": 4.0, "patch": 4.0}
    for operation, known in results.rounds.items():
        python = [who for who in known if who in PYTHON_PEERS]
        if operation == "get" and python:
            used = min(ratio(results.app(operation, who), results.app(operation)) for who in python)
            yield Bar("get: CPU of the best Python peer / ours", used, times[operation])
        elif operation in times and python:
            least = min(ratio(results.rate(operation), results.rate(operation, who)) for who in python)
            yield Bar(f"{operation}: requests/s / best Python peer", least, times[operation])
        for who in results.peers:
            if who in known and who not in PYTHON_PEERS:
                share = ratio(results.rate(operation), results.rate(operation, who))
                yield Bar(f"{operation}: requests/s / {who}", share, 1.0)
    for operation, ours in (("bulk", "bulk: ndjson"), ("export ndjson", "export ndjson: register")):
        for who in results.peers:
            if f"{operation}: {who}" in results.seconds:
                share = results.times(f"{operation}: {who}", ours)
                yield Bar(f"{operation}: time of {who} / ours", share, 1.0)


def _of_whole_loads(results: Results) -> Iterator[Bar]:
    if "bulk: csv" in results.seconds:
        for style in ("csv", "ndjson"):
            taken = results.times(f"bulk: {style}", "bulk: by hand")
            yield Bar(f"bulk {style}: time / COPY and merge by hand", taken, 1.5, most=True)
        taken = results.times("bulk: csv, dates", "bulk: by hand")
        yield Bar("bulk csv, only dates and status differ: time / the same", taken, 0.7, most=True)
    for style, least in (("csv", 0.75), ("ndjson", 0.5)):
        name = f"export {style}"
        if f"{name}: register" in results.seconds:
            yield Bar(
                f"{name}: time of COPY / ours", results.times(f"{name}: COPY", f"{name}: register"), least
            )
            first = 1000 * results.time(f"{name}: register, first byte")
            yield Bar(f"{name}: first byte, ms", first, 50, most=True)
            yield Bar(f"{name}: memory grown, MB", results.time(f"{name}: register, grown MB"), 8, most=True)


def _by_size(results: Results) -> Iterator[Bar]:
    for operation, sizes in results.sizes.items():
        least, middle, most = (sizes[size] for size in sorted(sizes))
        if operation in {"get", "create", "patch"}:
            used = ratio(_cpu(most), _cpu(least))
            yield Bar(f"{operation}: CPU at 1 000 000 / at 1 000", used, 1.15, most=True)
        elif operation == "bulk":
            taken = ratio([each.rate for each in least], [each.rate for each in most])
            yield Bar("bulk: time at 1 000 000 / at 1 000", taken, 2.5, most=True)
        elif operation != "search":  # of which a bound is asked: that of common words
            used = ratio(_cpu(most), _cpu(middle))
            yield Bar(f"{operation}: CPU at 1 000 000 / at {results.events}", used, 1.3, most=True)
