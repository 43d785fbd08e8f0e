"""Every sortable field of every list, both ways: total order, missing values last."""

from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.api import COLLECTIONS
from app.collection.collection import Collection
from tests import make, rows
from tests.collection.test_walks import walk

LISTS = [each for each in COLLECTIONS if each.path in make.PATHS]


def in_order(records: list[dict[str, Any]], *sort: str) -> list[dict[str, Any]]:
    """Records as the contract orders them: missing values last, the id closes the order in the last direction."""
    order = (
        [*sort]
        if "id" in {name.strip("-") for name in sort}
        else [*sort, "-id" if sort[-1][0] == "-" else "id"]
    )
    for part in reversed(order):
        name = part.removeprefix("-")
        there = [record for record in records if record[name] is not None]
        there.sort(key=lambda record: record[name], reverse=part.startswith("-"))
        records = there + [record for record in records if record[name] is None]
    return records


@pytest.mark.parametrize("collection", LISTS, ids=lambda each: each.path)
async def test_a_list_is_in_the_order_asked_for(varied: httpx.AsyncClient, collection: Collection) -> None:
    for sort in (sign + name for name in collection.sorts for sign in ("", "-")):
        address = f"/v1/{collection.path}?sort={sort}"
        whole = (await varied.get(f"{address}&limit=1000")).json()["items"]
        assert len(whole) > 1
        assert whole == in_order(whole, sort), sort
        assert await walk(varied, f"{address}&limit={1 + len(whole) // 2}") == whole, sort


_TITLES = ["!", "a", "b", "Ω", "é", "日本", "x" * 400 + "1", "x" * 400 + "0"]
_ROW = st.tuples(
    st.sampled_from(_TITLES),
    st.sampled_from(["forum", "seminar"]),
    st.none() | st.integers(0, 2),
    st.integers(0, 1),
)
_SORT = st.permutations(["title", "kind", "start_date", "end_date", "created_at"]).flatmap(
    lambda names: st.lists(st.sampled_from(["", "-"]), min_size=1, max_size=3).map(
        lambda signs: ",".join(sign + name for sign, name in zip(signs, names, strict=False))
    )
)


@given(st.lists(_ROW, max_size=14), _SORT, st.integers(1, 4))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_pages_of_any_size_in_any_order_are_the_whole_list(
    client: httpx.AsyncClient,
    database_address: str,
    records: list[tuple[str, str, int | None, int]],
    sort: str,
    limit: int,
) -> None:
    await rows.some_events(database_address, records)
    whole = (await client.get(f"/v1/events?limit=1000&sort={sort}")).json()["items"]
    assert len(whole) == len(records)
    cut = [{**each, "title": each["title"][:250]} for each in whole]
    assert cut == in_order(cut, *sort.split(","))
    assert await walk(client, f"/v1/events?limit={limit}&sort={sort}") == whole
