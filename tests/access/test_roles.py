"""Roles: one page that code and document share; what a role may not do is refused, and said."""

from pathlib import Path
from uuid import uuid4

import pytest

from app.access.caller import Caller, Forbidden, KeyMissing
from app.access.permissions import MATRIX, Permission, Reach, Role, as_table
from app.access.scopes import SCOPE
from tests import make
from tests.cast import CALLERS, Cast

DOCUMENT = Path(__file__).parents[2] / "docs" / "access.md"


def test_the_document_has_the_page_of_roles() -> None:
    assert as_table() in DOCUMENT.read_text(), f"put this into docs/access.md:\n{as_table()}"


def test_every_role_has_a_caller_in_the_tests() -> None:
    assert {role for role, _ in CALLERS.values()} == set(MATRIX) - {Role.PUBLIC}


def test_nobody_reads_less_than_the_public() -> None:
    for role, reaches in MATRIX.items():
        assert reaches[Permission.READ] is Reach.ANY, role


@pytest.mark.parametrize("name", CALLERS)
async def test_only_those_who_edit_everything_write_what_the_secretariat_keeps(cast: Cast, name: str) -> None:
    client, body = getattr(cast, name), await make.body(cast.secretariat, "goals")
    answer = await client.post("/v1/goals", json=body)
    may = MATRIX[CALLERS[name][0]].get(Permission.EDIT) is Reach.ANY
    assert answer.status_code == (201 if may else 403), answer.text
    if not may:
        assert answer.json()["missing"]["permission"] == "edit"


def test_scopes_narrow_a_role_and_say_which_is_missing() -> None:
    caller = Caller(Role.SECRETARIAT, scopes=("activities:write", "*:read"))
    caller.require(Permission.EDIT, "activities")
    caller.require(Permission.READ_SHARED, "events")
    with pytest.raises(KeyMissing):
        Caller().require(Permission.READ_SHARED, "events")
    caller = Caller(Role.SECRETARIAT, uuid4(), scopes=("activities:write",))
    with pytest.raises(Forbidden) as refused:
        caller.require(Permission.EDIT, "events")
    assert refused.value.extra == {"missing": {"scope": "events:write"}}
    caller.require(Permission.READ, "events")
    with pytest.raises(Forbidden):
        caller.require(Permission.READ_CONTACTS, "focal-points")


def test_scopes_never_add_to_a_role() -> None:
    for role, reaches in MATRIX.items():
        caller = Caller(role, scopes=("*:*",))
        assert {
            each: caller.reach(each, "events") for each in Permission if caller.reach(each, "events")
        } == reaches


@pytest.mark.parametrize(
    "scope", ["activities", "activities:", ":read", "a b:read", "Events:read", "events:sing"]
)
def test_what_is_no_scope_is_told(scope: str) -> None:
    assert SCOPE.fullmatch(scope) is None
