"""At 100 000 events no list reads its table from end to end: every order has an index, and a page reads a page."""

import json
from collections.abc import AsyncIterator, Iterator
from datetime import date
from typing import Any, get_args
from uuid import UUID

import asyncpg
import pytest

from app.api import COLLECTIONS
from app.collection.asked import read
from app.collection.collection import Collection
from app.collection.items import items_plan
from app.collection.pages import page_plan
from app.db import Compiled
from app.search.queries import Way, found, found_rare
from tests.conftest import Register

ROWS = {"organisations": 10_000, "focal_points": 10_000, "activities": 20_000, "events": 100_000}
LARGE = {
    "organisations": "(code, name, kind, country) select 'O-' || n, 'Organisation ' || n, "
    "(array['ministry', 'court'])[1 + n % 2], chr(65 + n % 12) || 'X'",
    "activities": "(title, goal_id, status, start_date, end_date, countries) select 'Activity ' || n, "
    "(select id from goals), (array['proposed', 'ongoing'])[1 + n % 2], day, day + 9, array[chr(65 + n % 12) || 'X']",
    "events": "(title, kind, status, start_date, end_date, date_precision, country) select 'Event ' || n, "
    "(array['seminar', 'training'])[1 + n % 2], (array['planned', 'implemented'])[1 + n % 2], day, day + n % 3, "
    "'day', chr(65 + n % 12) || 'X'",
    "focal_points": "(country, purposes, office) select chr(65 + n % 12) || 'X', '{general}', "
    "jsonb_build_object('name', 'Office ' || n)",
}
"""Kinds that may become many. The others are limited by what they count: goals, areas, countries, meetings."""


@pytest.fixture(scope="module")
async def large() -> AsyncIterator[Register]:
    """A register with many rows, made without its triggers."""
    async with Register.of("template") as register:
        await register.superuser.execute("set session_replication_role = replica")
        await register.superuser.execute("insert into goals (number, title) values (1, 'Goal')")
        for table, values in LARGE.items():
            await register.superuser.execute(
                _INDEXES.format("false", table)
            )  # made in one go they cost a third
            await register.superuser.execute(
                f"insert into {table} {values} from generate_series(1, {ROWS[table]}) n, "
                "lateral (select date '2000-01-01' + (n::bigint * 7919 % 9000)::int) as at(day)"
            )
            await register.superuser.execute(_INDEXES.format("true", table))
            await register.superuser.execute(f"reindex table {table}")
            await register.superuser.execute(f"analyze {table}")
        yield register


_INDEXES = "update pg_index set indisready = {} where indrelid = '{}'::regclass"


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for each in plan.get("Plans", ()):
        yield from nodes(each)


async def plan_of(register: Register, collection: Collection, query: str) -> dict[str, Any]:
    """How the first page of a list is read, and how many rows of each table."""
    asked = read(collection, query.encode())
    statement = page_plan(collection, asked)
    args = statement.args({**asked.values, "limit": 51, "known": -1})
    explained = await register.superuser.fetchval(
        f"explain (analyze, timing off, summary off, format json) {statement.sql}", *args
    )
    plan: dict[str, Any] = json.loads(explained)[0]["Plan"]
    return plan


def read_by(plan: dict[str, Any]) -> dict[str, float]:
    """Rows looked at, by table."""
    looked: dict[str, float] = {}
    for node in nodes(plan):
        if table := node.get("Relation Name"):
            rows = node["Actual Rows"] + node.get("Rows Removed by Filter", 0)
            looked[table] = looked.get(table, 0) + rows * node["Actual Loops"]
    return looked


@pytest.mark.parametrize(
    ("collection", "sort"),
    [
        (collection, sign + name)
        for collection in COLLECTIONS
        if collection.name in LARGE
        for name in collection.sorts
        for sign in ("", "-")
    ],
    ids=lambda each: each if isinstance(each, str) else each.path,
)
async def test_a_page_in_any_order_reads_a_page(large: Register, collection: Collection, sort: str) -> None:
    looked = read_by(await plan_of(large, collection, f"sort={sort}"))
    assert looked.pop(collection.name) <= 60, f"sort={sort} has no index"
    assert sum(looked.values()) < 1000, looked


async def test_records_that_are_asked_for_together_are_found_by_their_index(large: Register) -> None:
    for collection in COLLECTIONS:
        if collection.name in LARGE:
            statement = items_plan(collection, "id", read(collection, b"", only=()))
            ids = await large.superuser.fetch(f"select id from {collection.name} limit 20")
            args = statement.args({"name": [row[0] for row in ids], "known": -1})
            explained = await large.superuser.fetchval(
                f"explain (analyze, timing off, summary off, format json) {statement.sql}", *args
            )
            assert read_by(json.loads(explained)[0]["Plan"])[collection.name] == 20, collection.name


async def kept_plan_of(register: Register, collection: Collection, query: str) -> dict[str, Any]:
    """The same by the plan that is made once for all values."""
    asked = read(collection, query.encode())
    statement = page_plan(collection, asked)
    args = statement.args({**asked.values, "limit": 51, "known": -1})
    written = ", ".join(
        f"'{{{','.join(map(str, arg))}}}'" if isinstance(arg, list) else f"'{arg}'" for arg in args
    )
    async with register.superuser.transaction():
        await register.superuser.execute("set local plan_cache_mode = force_generic_plan")
        await register.superuser.execute(f"prepare kept as {statement.sql}")
        explained = await register.superuser.fetchval(
            f"explain (analyze, timing off, summary off, format json) execute kept({written})"
        )
        await register.superuser.execute("deallocate kept")
    plan: dict[str, Any] = json.loads(explained)[0]["Plan"]
    return plan


async def test_whether_records_moved_is_asked_once_for_a_page(large: Register) -> None:
    """Whatever was written since its walk began, and however many rows it has."""
    events = next(each for each in COLLECTIONS if each.name == "events")
    asked = read(events, b"sort=id")
    asked.shape = asked.shape._replace(after=True)
    statement = page_plan(events, asked, settled=True)
    args = statement.args({"since": -1, "c0": UUID(int=0), "limit": 51})
    async with large.superuser.transaction():
        await large.superuser.execute("set local track_functions = 'all'")
        assert len(await large.superuser.fetch(statement.sql, *args)) == 51
        assert await large.superuser.fetchval(_CALLS) == 1


_CALLS = "select calls from pg_stat_xact_user_functions where funcname = 'has_changed'"


@pytest.mark.parametrize("rare", ["visibility=own", "owner=TH"])
async def test_what_is_rare_is_found_by_its_index_in_any_order(large: Register, rare: str) -> None:
    """Also by a plan that is made once for all values: few of 100 000 are drafts, or a country's own."""
    events = next(each for each in COLLECTIONS if each.name == "events")
    plan = await kept_plan_of(large, events, f"{rare}&sort=-start_date")
    assert read_by(plan).pop("events", 0) <= 60


@pytest.mark.parametrize(
    "query",
    [
        "start_date__gte=2012-01-01&sort=start_date",
        "start_date__lte=2012-01-01&sort=-start_date",
        "start_date__between=2012-01-01,2012-01-05&sort=title",
        "end_date=2012-01-01&sort=end_date",
        "end_date=2012-01-01,2012-01-05&sort=-id",
        "title=Event%2017&sort=end_date",
        "keys__has=moj:17",
    ],
)
async def test_a_date_a_title_and_an_own_key_are_found_by_their_index(large: Register, query: str) -> None:
    for name in ("events", "activities"):
        collection = next(each for each in COLLECTIONS if each.name == name)
        for plan_of_it in (plan_of, kept_plan_of):
            looked = read_by(await plan_of_it(large, collection, query))
            assert looked.pop(name) <= 80, query


async def plans_kept(register: Register, statement: Compiled, args: list[Any]) -> int:
    """How often of seven times a prepared statement went by the plan that was kept; never by it are the first five."""
    prepared = await register.superuser.prepare(statement.sql)
    for _ in range(7):
        await prepared.fetch(*args)
    asked = "select generic_plans from pg_prepared_statements where statement = $1"
    return int(await register.superuser.fetchval(asked, statement.sql))


@pytest.mark.parametrize("query", ["sort=-start_date", "kind=seminar&sort=-start_date"])
async def test_a_deep_page_is_planned_once(large: Register, query: str) -> None:
    """Planning takes five times as long as reading fifty rows."""
    events = next(each for each in COLLECTIONS if each.name == "events")
    asked = read(events, query.encode())
    asked.shape = asked.paged(50)._replace(after=True)
    place = {"c0": date(2012, 6, 1), "c1": UUID(int=0)}
    statement = page_plan(events, asked, settled=True)
    args = statement.args({**asked.values, **place, "limit": 51, "since": 0})
    assert await plans_kept(large, statement, args) >= 1


_EVENT = {"q": "event", "t0": "event", "limit": 20}


@pytest.mark.parametrize("way", get_args(Way))
async def test_a_search_is_planned_with_its_words(large: Register, way: Way) -> None:
    """Of a plan for all words one kind would be slow: the rare ones, or those that every record has."""
    statement = found(1, way, some_kinds=False)
    assert await plans_kept(large, statement, statement.args(_EVENT)) == 0


_LOOKED_INTO = {
    "by stem": {"ix_search_texts_words"},
    "by stem first": {"ix_search_texts_words", "ix_search_texts_folded"},
    "anywhere": {"ix_search_texts_words", "ix_search_texts_folded"},
}


@pytest.mark.parametrize("way", get_args(Way))
@pytest.mark.parametrize("counted", [False, True], ids=["known", "counted"])
async def test_a_search_for_words_that_few_records_have_is_planned_once(
    large: Register, way: Way, *, counted: bool
) -> None:
    """What plans take is most of such a search; and the plan that is kept goes by the words, whatever they are."""
    statement = found_rare(1, way, some_kinds=False, counted=counted)
    assert await plans_kept(large, statement, statement.args(_EVENT)) == 2
    prepared = await large.superuser.prepare(statement.sql)
    plan = json.dumps(await prepared.explain(*statement.args({**_EVENT, "q": "qux", "t0": "qux"})))
    assert {index for index in _LOOKED_INTO["anywhere"] if index in plan} == _LOOKED_INTO[way]
    assert (
        '"Seq Scan", "Parallel Aware": false, "Async Capable": false, "Relation Name": "search_texts"'
        not in plan
    )


@pytest.mark.parametrize("way", get_args(Way))
@pytest.mark.parametrize("number", [1, 2, 32])
@pytest.mark.parametrize("kinds", [{}, {"kinds": "goals,events"}], ids=["all kinds", "some kinds"])
async def test_searches_that_are_asked_together_are_planned_once(
    large: Register, number: int, kinds: dict[str, str], way: Way
) -> None:
    """Whatever their words, and however many they are."""
    statement = found_rare(1, way, some_kinds=bool(kinds), together=True)
    rare = {"q": "qux", "t0": "qux", "limit": 20, **kinds}
    args = statement.args({name: [value] * number for name, value in rare.items()})
    assert await plans_kept(large, statement, args) == 2
    prepared = await large.superuser.prepare(statement.sql)
    plan = json.dumps(await prepared.explain(*args))
    assert {index for index in _LOOKED_INTO["anywhere"] if index in plan} == _LOOKED_INTO[way]


_READ = "select idx_tup_fetch + seq_tup_read from pg_stat_xact_user_tables where relname = 'hidden_records'"
_SEVERAL = """insert into events (title, kind, status, date_precision, mode)
select 'Event', 'seminar', 'planned', 'unknown', 'hybrid' from generate_series(1, 8)"""


async def test_whether_a_record_was_ever_hidden_is_looked_up_for_it_alone(database_address: str) -> None:
    connection = await asyncpg.connect(database_address)
    transaction = connection.transaction()
    await transaction.start()
    await connection.execute(
        "insert into hidden_records (record_id, kind, visibility) "
        "select uuidv7(), 'events', 'own' from generate_series(1, 500)"
    )
    await connection.execute(_SEVERAL)
    assert await connection.fetchval(_READ) == 0
    await transaction.rollback()
    await connection.close()
