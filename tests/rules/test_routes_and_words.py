"""Rules of the routes and their words: a permission for each, a description for everything."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from app import api
from app.api import COLLECTIONS
from app.collection.asked import every_parameter
from app.collection.collection import Collection
from app.operations.doors import POLICY, TREE
from tests.openapi.conforming import DOCUMENT

APP = Path(api.__file__).parent
READERS_WRITE = {"reveal_person", "revoke_own_key"}
"""What a reader does and a record is kept of: seeing a person, and ending the key that asks."""
UNSAFE = {"POST", "PUT", "PATCH", "DELETE"}


def operations() -> Iterator[tuple[str, str, str]]:
    """Method, path and operation id of everything that the document has under `/v1`."""
    for path, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
            if path.startswith("/v1") and method.upper() in UNSAFE | {"GET"}:
                yield method.upper(), path, operation["operationId"]


def test_every_operation_states_its_permission_and_every_permission_is_of_an_operation() -> None:
    assert {name for _, _, name in operations()} == POLICY.keys()


def test_writing_needs_a_permission_that_reading_does_not() -> None:
    for method, _, name in operations():
        assert method == "GET" or POLICY[name].verb != "read" or name in READERS_WRITE, name


def test_operation_ids_are_unique() -> None:
    names = [name for _, _, name in operations()]
    assert len(names) == len(set(names))


def test_the_short_way_leads_to_every_documented_operation() -> None:
    for method, path, _ in operations():
        _, template, _ = TREE.find(method, path)
        assert template == path, "open it a door (app/operations/doors.py)"


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
            assert not re.search(r'commit\(|execute\("(commit|rollback(?! to))', path.read_text()), path


def test_shared_code_names_no_resource() -> None:
    names = [name for each in COLLECTIONS for name in (each.name, each.singular.replace(" ", "_"))]
    imported = re.compile(rf"(from|import) app\.({'|'.join(names)})\b")
    for folder in ("collection", "http", "operations", "access"):
        for path in (APP / folder).rglob("*.py"):
            assert not imported.search(path.read_text()), path
