"""Whatever is asked of a list: an answer or a clear refusal, never an error of ours, never a full list by mistake."""

from urllib.parse import quote

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.api import COLLECTIONS
from app.collection.asked import RESERVED, read
from app.collection.collection import Collection
from app.collection.fields import OPERATORS
from app.errors import Problem
from app.events.queries import EVENTS
from tests import make
from tests.cast import Cast

LISTS = [each for each in COLLECTIONS if each.path in make.PATHS]
_NAMES = st.sampled_from([*EVENTS.filters, *RESERVED, "group_by"])
_OPERATORS = st.sampled_from([f"__{each}" if each else "" for each in OPERATORS])
_VALUES = st.text(max_size=20) | st.sampled_from([
    "TH", "TH,JP", "2025-01-01", "-30d", "2025-01-01,2025-12-31", "6", "2147483647", "true", "title",
    "-start_date,title",
    "goals.area", "exact", "0001-01-01", "2399-12-31T23:59:59-14:00", "019aa5d0-6b7c-7c3e-9c39-0d1f5b3a7e11",
    "stated", "\\", "%_'\"",
])  # fmt: skip
_PAIRS = st.lists(st.tuples(_NAMES, _OPERATORS, _VALUES), min_size=1, max_size=3)


@given(
    _PAIRS,
    st.sampled_from(["/v1/events", "/v1/events/stats", "/v1/events.csv", "/v1/events.ndjson", "/v1/search"]),
)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_any_question_is_answered_or_refused(
    cast: Cast, pairs: list[tuple[str, str, str]], path: str
) -> None:
    query = "&".join(f"{name}{operator}={quote(value, errors='replace')}" for name, operator, value in pairs)
    answer = await cast.anonymous.get(f"{path}?{query}")
    assert answer.status_code in {200, 400}, (query, answer.text)


@given(st.binary(max_size=60))
@settings(max_examples=300)
def test_any_bytes_are_read_or_refused(query: bytes) -> None:
    status = 200
    try:
        read(EVENTS, query)
    except Problem as problem:
        status = problem.status
    assert status in {200, 400}


@pytest.mark.parametrize("collection", LISTS, ids=lambda each: each.path)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
async def test_a_misspelt_name_is_never_a_full_list(
    cast: Cast, collection: Collection, data: st.DataObject
) -> None:
    """One letter more, one less, or two changed places, in any name that the list knows."""
    name = data.draw(st.sampled_from([*collection.filters, *RESERVED]))
    at = data.draw(st.integers(0, len(name) - 1))
    letter = data.draw(st.sampled_from("abcdefghijklmnopqrstuvwxyz_."))
    misspelt = data.draw(st.sampled_from([name[:at] + letter + name[at:], name[:at] + name[at + 1 :]]))
    value = data.draw(st.sampled_from(["TH", "1", "true", "2025-01-01"]))
    if misspelt in {*collection.filters, *RESERVED}:
        return
    answer = await cast.secretariat.get(f"/v1/{collection.path}", params={misspelt: value})
    assert answer.status_code == 400, misspelt
    error = answer.json()["errors"][0]
    assert error["parameter"] == misspelt
    assert error["allowed"]
    if len(name) > 4:
        assert error["did_you_mean"]


async def test_what_looks_like_an_operator_may_be_another_field(client: httpx.AsyncClient) -> None:
    answer = await client.get("/v1/decisions?amendment.state__since=2025-01-01")
    error = answer.json()["errors"][0]
    assert (answer.status_code, error["code"]) == (400, "unknown_operator")
    assert "amendment.state_since" in error["did_you_mean"]
    assert "isnull" in error["allowed"]


@pytest.mark.parametrize(
    "path", [*(f"{each.path}/stats" for each in LISTS), "search", "plan", "goals/1", "events.csv"]
)
async def test_every_read_refuses_a_parameter_that_it_does_not_know(
    client: httpx.AsyncClient, path: str
) -> None:
    answer = await client.get(f"/v1/{path}?colour=red")
    assert answer.status_code == 400, answer.text
    assert answer.json()["errors"][0]["code"] == "unknown_parameter"


@pytest.mark.parametrize(
    "more", ["limit=1", "cursor=x", "sort=title", "fields=id", "expand=goals", "count=exact"]
)
async def test_counts_refuse_what_only_lists_know(client: httpx.AsyncClient, more: str) -> None:
    answer = await client.get(f"/v1/events/stats?group_by=kind&{more}")
    assert answer.status_code == 400


async def test_nothing_that_is_asked_of_a_csv_is_ignored(client: httpx.AsyncClient) -> None:
    assert (await client.get("/v1/events.csv?expand=goals")).status_code == 400
    assert (await client.get("/v1/events.csv?count=exact")).headers["total-count"] == "0"
