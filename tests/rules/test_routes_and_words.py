"""Rules of the routes and their words: a permission for each, a description for everything."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.routing import APIRoute

from app import api
from app.access.permissions import Permission
from app.api import COLLECTIONS
from app.collection.asked import every_parameter
from app.collection.collection import Collection
from app.operations.doors import TREE
from app.operations.routes import POLICY

APP = Path(api.__file__).parent
UNSAFE = {"POST", "PUT", "PATCH", "DELETE"}


def routes() -> Iterator[APIRoute]:
    """Every documented route under `/v1`."""
    for router in api.ROUTERS:
        for route in router.routes:
            assert isinstance(route, APIRoute)
            yield route


def test_every_route_states_its_permission() -> None:
    assert {route.operation_id for route in routes()} - POLICY.keys() == set()


def test_every_permission_is_of_a_route() -> None:
    assert POLICY.keys() - {route.operation_id for route in routes()} == set()


def test_writing_needs_a_permission_that_reading_does_not() -> None:
    for route in routes():
        assert route.operation_id is not None
        assert (POLICY[route.operation_id] is Permission.READ) == (not route.methods & UNSAFE), (
            route.operation_id
        )


def test_operation_ids_are_unique() -> None:
    names = [route.operation_id for route in routes()]
    assert len(names) == len(set(names))


def test_the_short_way_leads_to_the_documented_routes() -> None:
    for route in routes():
        for method in route.methods:
            handler, template, _ = TREE.find(method, f"/v1{route.path}".replace("{name}", "x"))
            assert handler is None or (handler is route.endpoint and template == f"/v1{route.path}")


@pytest.mark.parametrize("collection", COLLECTIONS, ids=lambda each: each.path)
def test_every_filter_and_every_field_has_a_description(collection: Collection) -> None:
    for path, operator, _, description in every_parameter(collection):
        assert len(description) > 3, (path, operator)
    for name, schema in collection.schema.model_json_schema(mode="serialization")["properties"].items():
        assert len(schema.get("description", "")) > 3, name


@pytest.mark.parametrize("collection", COLLECTIONS, ids=lambda each: each.path)
def test_every_sort_key_can_be_carried_by_a_cursor(collection: Collection) -> None:
    """Where a key may be missing it is a date: only dates are told where the missing ones stand."""
    for name in collection.sorts:
        assert not collection.table.c[name].nullable or collection.filters[name].kind.name == "date", name


def test_nobody_commits_outside_the_modules_of_transactions() -> None:
    allowed = {"db.py", "cli.py", "operations/transactions.py"}
    for path in APP.rglob("*.py"):
        if path.relative_to(APP).as_posix() not in allowed:
            assert not re.search(r'commit\(|execute\("(commit|rollback)', path.read_text()), path


def test_shared_code_names_no_resource() -> None:
    names = [name for each in COLLECTIONS for name in (each.name, each.singular.replace(" ", "_"))]
    imported = re.compile(rf"(from|import) app\.({'|'.join(names)})\b")
    for folder in ("collection", "http", "operations", "access"):
        for path in (APP / folder).rglob("*.py"):
            assert not imported.search(path.read_text()), path
