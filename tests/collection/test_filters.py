"""Every operator of every kind of field, own, referred to and linked, against a model in plain Python."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from app.api import COLLECTIONS
from app.collection.collection import Collection
from app.collection.fields import INSTANT, Kind
from app.collection.projection import Links, Ref
from tests import make

LISTS = [each for each in COLLECTIONS if each.path in make.PATHS]
MATCHES: dict[str, Callable[[list[Any], list[Any]], bool]] = {
    "": lambda has, given: any(value in given for value in has),
    "ne": lambda has, given: not any(value in given for value in has),
    "nin": lambda has, given: not any(value in given for value in has),
    "has": lambda has, given: any(value in given for value in has),
    "lt": lambda has, given: any(value < given[0] for value in has),
    "lte": lambda has, given: any(value <= given[0] for value in has),
    "gt": lambda has, given: any(value > given[0] for value in has),
    "gte": lambda has, given: any(value >= given[0] for value in has),
    "between": lambda has, given: any(given[0] <= value <= given[-1] for value in has),
    "contains": lambda has, given: any(given[0].lower() in value.lower() for value in has),
    "starts": lambda has, given: any(value.lower().startswith(given[0].lower()) for value in has),
    "isnull": lambda has, given: bool(has) != given[0],
}


def _inner(record: dict[str, Any], collection: Collection, part: str) -> tuple[Any, Collection | None]:
    """What stands at one step of a path, and the collection that it is of."""
    for name, source in collection.outputs.items():
        if name == part or (isinstance(source, Links) and source.singular == part and name in record):
            return record[name], source.to if isinstance(source, Ref | Links) else None
    raise AssertionError(part)


def values_at(record: dict[str, Any], collection: Collection, path: str, kind: Kind) -> list[Any]:
    """Every value that a record has at a path; nulls are no values."""
    here, (part, _, rest) = collection, path.partition(".")
    value, further = _inner(record, here, part)
    several = value if isinstance(value, list) else [] if value is None else [value]
    if rest:
        assert further is not None
        return [found for each in several for found in values_at(each, further, rest, kind)]
    return [datetime.fromisoformat(each) if kind is INSTANT else each for each in several]


def _one_of_each_sort() -> Iterator[tuple[Collection, str, Kind]]:
    """One path for every kind of field and every way to reach it, and one over every relation of every list."""
    seen = set()
    for collection in LISTS:
        for path, known in collection.filters.items():
            parts = path.split(".")
            way = tuple(type(collection.outputs.get(part)).__name__ for part in parts[:-1])
            nullable = path in collection.table.c and bool(collection.table.c[path].nullable)
            sort = (way, len(parts), known.kind.name, known.kind.many, nullable)
            relation = (collection.path, *parts[:-1])
            if sort not in seen or (len(parts) > 1 and relation not in seen):
                seen |= {sort, relation}
                yield collection, path, known.kind


SORTS: dict[str, list[tuple[str, Kind]]] = {}
for _collection, _path, _kind in _one_of_each_sort():
    SORTS.setdefault(_collection.path, []).append((_path, _kind))


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return quote(value.isoformat() if isinstance(value, datetime) else str(value), safe="")


def _questions(operator: str, values: list[Any]) -> Iterator[tuple[str, list[Any]]]:
    if operator == "isnull":
        yield from (("true", [True]), ("false", [False]))
        return
    some = sorted(values, key=None if operator == "between" else str)[len(values) // 2]
    if operator == "starts":
        some = some[:4]
    if operator == "contains":
        some = some[1:9]
    least = min(values, key=None if operator == "between" else str)
    if operator == "between":
        yield f"{_written(least)},{_written(some)}", [least, some]
        return
    yield _written(some), [some]
    if operator in {"", "nin"} and least != some:
        yield f"{_written(least)},{_written(some)}", [least, some]


@pytest.mark.parametrize(
    "collection", [each for each in LISTS if each.path in SORTS], ids=lambda each: each.path
)
async def test_every_operator_leaves_the_rows_that_it_says(
    varied: httpx.AsyncClient, collection: Collection
) -> None:
    paths = {f"{path}.{further}" for path, to in collection.expandable.items() if path not in collection.reverse
             for further in to.expandable if further not in to.reverse}  # fmt: skip
    paths |= collection.expandable.keys() - collection.reverse.keys()
    expand = f"&expand={','.join(sorted(paths))}" if paths else ""
    records = (await varied.get(f"/v1/{collection.path}?limit=1000{expand}")).json()["items"]
    for path, kind in SORTS[collection.path]:
        values = [value for record in records for value in values_at(record, collection, path, kind)]
        for operator in kind.operators if values else ("isnull",):
            for written, given in _questions(operator, values):
                name = f"{path}__{operator}" if operator else path
                wanted = {
                    r["id"] for r in records if MATCHES[operator](values_at(r, collection, path, kind), given)
                }
                for order in ("", f"&sort={path}", f"&sort=-{path}") if path in collection.sorts else ("",):
                    address = f"/v1/{collection.path}?limit=1000&fields=id&{name}={written}{order}"
                    answer = await varied.get(address)
                    assert answer.status_code == 200, (address, answer.text)
                    assert {r["id"] for r in answer.json()["items"]} == wanted, address


async def test_a_comma_in_a_value_is_written_percent_2c(client: httpx.AsyncClient) -> None:
    made = await make.record(client, "events", title="Bangkok, Thailand")
    await make.record(client, "events", title="Bangkok")
    both = (await client.get("/v1/events?title=Bangkok,Bangkok%2C%20Thailand")).json()["items"]
    one = (await client.get("/v1/events?title=Bangkok%2C+Thailand")).json()["items"]
    assert len(both) == 2
    assert [each["id"] for each in one] == [made["id"]]


async def test_several_filters_all_hold(client: httpx.AsyncClient) -> None:
    made = await make.record(client, "events", kind="forum", country="JP")
    await make.record(client, "events", kind="forum", country="TH")
    await make.record(client, "events", kind="seminar", country="JP")
    found = (await client.get("/v1/events?kind=forum&country=JP")).json()["items"]
    assert [each["id"] for each in found] == [made["id"]]


async def test_percent_and_underscore_are_plain_letters_in_contains_and_starts(
    client: httpx.AsyncClient,
) -> None:
    made = await make.record(client, "events", title="100%_sure")
    await make.record(client, "events", title="1000 sure")
    for question in ("contains=%25_s", "contains=0%25", "starts=100%25"):
        found = (await client.get(f"/v1/events?title__{question}")).json()["items"]
        assert [each["id"] for each in found] == [made["id"]]


async def test_a_missing_date_is_neither_before_nor_after_any(client: httpx.AsyncClient) -> None:
    dated = await make.record(client, "activities", start_date="2025-06-24", end_date=None)
    await make.record(client, "activities", start_date=None, end_date=None)
    for question in ("gte=1900-01-01", "lte=2399-12-31", "gt=1900-01-01", "lt=2399-12-31"):
        for sort in ("id", "start_date", "-start_date"):
            found = (await client.get(f"/v1/activities?start_date__{question}&sort={sort}")).json()["items"]
            assert [each["id"] for each in found] == [dated["id"]], (question, sort)
