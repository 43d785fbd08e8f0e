"""What is measured of requests, for Prometheus.

Kept in plain numbers of this process and put into Prometheus' form when it asks. Its own counters, which many threads
may use, take a twentieth of reading a record.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator
from itertools import accumulate

from prometheus_client import REGISTRY
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

_BOUNDS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 8.0)
_NAMES = (*map(str, _BOUNDS), "+Inf")


class Requests(Collector):
    """How many requests were answered, and how long each took until its answer began."""

    def __init__(self) -> None:
        self._answered: defaultdict[tuple[str, str, int], int] = defaultdict(int)
        self._times: defaultdict[str, list[int]] = defaultdict(lambda: [0] * len(_NAMES))
        """How many were answered within each bound, and not within the one before, by method."""
        self._seconds: defaultdict[str, float] = defaultdict(float)

    def begins(self, method: str, seconds: float) -> None:
        """The answer to a request begins after so many seconds."""
        self._times[method][bisect_left(_BOUNDS, seconds)] += 1
        self._seconds[method] += seconds

    def ends(self, method: str, route: str, status: int) -> None:
        """A request was answered."""
        self._answered[method, route, status] += 1

    def collect(self) -> Iterator[Metric]:
        answered = CounterMetricFamily(
            "workplan_requests", "Requests answered.", labels=["method", "route", "status"]
        )
        for (method, route, status), number in self._answered.items():
            answered.add_metric([method, route, str(status)], number)
        yield answered
        times = HistogramMetricFamily(
            "workplan_request_seconds", "Time from request to the start of the answer.", labels=["method"]
        )
        for method, numbers in self._times.items():
            within = zip(_NAMES, accumulate(numbers), strict=True)
            times.add_metric([method], list(within), self._seconds[method])
        yield times


REQUESTS = Requests()
REGISTRY.register(REQUESTS)
