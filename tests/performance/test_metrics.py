"""What Prometheus is told of requests: all of them, by method, route and status, and how long they took."""

import httpx
from prometheus_client.parser import text_string_to_metric_families

from tests import make

Samples = dict[tuple[str, ...], float]


async def told(client: httpx.AsyncClient) -> Samples:
    """Samples by name and by the values of their labels, in the order of the labels' names."""
    families = text_string_to_metric_families((await client.get("/metrics")).text)
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
        if sample.name.startswith("workplan_request")
    }


async def test_every_request_is_counted_and_timed(client: httpx.AsyncClient) -> None:
    made = await make.record(client, "goals")
    before = await told(client)
    for path in (f"/v1/goals/{made['id']}", f"/v1/goals/{made['number']}", "/v1/goals/32000", "/nowhere"):
        await client.get(path)
    after = await told(client)
    more = {name: number - before.get(name, 0) for name, number in after.items()}
    assert {name[1:]: number for name, number in more.items() if name[0].endswith("total") and number} == {
        ("GET", "/v1/goals/{name}", "200"): 2, ("GET", "/v1/goals/{name}", "404"): 1, ("GET", "none", "404"): 1,
        ("GET", "/metrics", "200"): 1,
    }  # fmt: skip
    assert more["workplan_request_seconds_count", "GET"] == 5
    assert 0 < more["workplan_request_seconds_sum", "GET"] < 60


async def test_the_bounds_of_times_hold_all_that_are_below(client: httpx.AsyncClient) -> None:
    await client.get("/v1/goals")
    after = await told(client)
    name = "workplan_request_seconds_bucket"
    within = [after[name, bound, "GET"] for bound in ("0.002", "0.01", "0.5", "1.0", "8.0", "+Inf")]
    assert within == sorted(within)
    assert within[-1] == after["workplan_request_seconds_count", "GET"] > 0
