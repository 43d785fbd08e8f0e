"""Whatever one side does, alone or with whoever keeps the register: no amendment comes into force.

`WORKPLAN_AMENDING_SEQUENCES=2000 pytest tests/amendments/test_one_side_alone.py` tries more of them.
"""

import os
from contextlib import suppress
from typing import Any

import asyncpg
import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.db import APP_ROLE
from tests import make
from tests.cast import CALLERS, Cast
from tests.conftest import Register

_SEQUENCES = int(os.environ.get("WORKPLAN_AMENDING_SEQUENCES", "12"))
_CALLERS = ("secretariat", "administrator", "thailand_editor", "thailand_approver", "partner")
_VERBS = ("table", "withdraw", "lapse", "restore", "concur")
_FORGED = {
    "state": "in_force", "took_effect_on": "2025-01-01", "concurrences": [{"side": "japan"}], "title": "Other",
}  # fmt: skip
_SQL = (
    "update amendments set state = 'in_force', took_effect_on = current_date",
    "update amendments set state = 'concurred'",
    """update amendments set state = 'in_force', took_effect_on = current_date, concurrences = jsonb_build_array(
      jsonb_build_object('side', 'asean', 'text_hash', text_hash),
      jsonb_build_object('side', 'japan', 'text_hash', text_hash))""",
    """insert into amendments (number, title, changes, state, took_effect_on, text_hash, concurrences, visibility)
      select number + 1000, title, changes, 'in_force', current_date, text_hash, concurrences, 'public'
      from amendments""",
    "select bring_into_force(a) from amendments a",
    "select concur(id, text_hash, 'ajwp_' || repeat('0', 46)) from amendments",
    "select enact_due_amendments()",
    "alter table amendments disable trigger all",
    "set session_replication_role = replica",
    "create or replace function keep_amendment() returns trigger language sql as 'select null'",
)
"""What the service's role may try in the database, saying that it is whoever it likes."""
_deeds = st.one_of(
    st.tuples(st.just("sql"), st.sampled_from(_SQL)),
    st.tuples(st.just("patch"), st.sampled_from(sorted(_FORGED))),
    st.tuples(
        st.sampled_from((*_VERBS, "delete", "bulk", "partial", "put", "merge", "bundle", "post")), st.just("")
    ),
)
_steps = st.lists(st.tuples(st.sampled_from(("side", "side", *_CALLERS)), _deeds), min_size=2, max_size=8)


async def attempt(client: httpx.AsyncClient, deed: str, what: str, at: dict[str, Any], other: str) -> int:
    """One request of a sequence."""
    address = f"/v1/amendments/{at['id']}"
    body = {"number": 900, "title": "T", "changes": at["changes"], **_FORGED}
    row = {"id": at["id"], "state": "in_force"}
    entry = {
        "op": "update",
        "collection": "amendments",
        "record": {"id": at["id"]},
        "body": {"state": "in_force"},
    }
    method, path, said = {
        "patch": ("PATCH", address, {what: _FORGED.get(what)}),
        "table": ("POST", f"{address}/table", None),
        "withdraw": ("POST", f"{address}/withdraw", {"reason": "No."}),
        "lapse": ("POST", f"{address}/lapse", {"reason": "No."}),
        "restore": ("POST", f"{address}/restore", None),
        "concur": ("POST", f"{address}/concur", {"text_hash": at["text_hash"]}),
        "delete": ("DELETE", address, None),
        "bulk": ("POST", "/v1/amendments/bulk?match=id", [row]),
        "partial": ("POST", "/v1/amendments/bulk?mode=partial&match=id", [row, {**row, "_delete": True}]),
        "put": ("PUT", "/v1/amendments/by-key/moj/1", body),
        "merge": ("POST", f"{address}/merge", {"into": {"id": other}}),
        "bundle": ("POST", "/v1/bundle", {"entries": [entry]}),
        "post": ("POST", "/v1/amendments", body),
    }[deed]
    return (await client.request(method, path, json=said)).status_code


async def by_the_services_role(connection: asyncpg.Connection, statement: str, role: str) -> None:
    """Run a statement as the service's role, which says that somebody of this role asks."""
    try:
        async with connection.transaction():
            await connection.execute(f"set local role {APP_ROLE}")
            await connection.execute("select set_config('register.role', $1, true)", role)
            await connection.execute(statement)
    except asyncpg.PostgresError:
        return


async def plan(client: httpx.AsyncClient) -> list[tuple[int, str]]:
    return [(goal["number"], goal["title"]) for goal in (await client.get("/v1/goals")).json()["items"]]


@pytest.mark.parametrize("side", ["asean_authority", "japan_authority"])
@settings(
    max_examples=_SEQUENCES // 2, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=_steps)
async def test_one_side_alone_brings_nothing_into_force(
    cast: Cast, empty: Register, side: str, steps: list[tuple[str, tuple[str, str]]]
) -> None:
    await empty.begin_anew()
    await make.record(cast.secretariat, "goals", number=1, title="As agreed")
    change = {"action": "modify", "kind": "goal", "name": "1", "new": {"text": "As one side would like it"}}
    made = [await make.record(cast.secretariat, "amendments", changes=[change]) for _ in range(2)]
    await cast.secretariat.post(f"/v1/amendments/{made[0]['id']}/table")
    at = made[0]
    assert await attempt(getattr(cast, side), "concur", "", at, "") == 200
    connection = await asyncpg.connect(empty.address)
    for name, (deed, what) in steps:
        caller = side if name == "side" else name
        if deed == "sql":
            await by_the_services_role(connection, what, CALLERS[caller][0])
        else:
            status = await attempt(getattr(cast, caller), deed, what, at, made[1]["id"])
            assert status < 500, (name, deed)
        answer = await cast.secretariat.get(f"/v1/amendments/{at['id']}")
        at = answer.json() if answer.status_code == 200 else at
    found = await connection.fetch(
        "select state, jsonb_path_query_array(concurrences, '$[*].side') from amendments"
    )
    await connection.close()
    assert {row[0] for row in found} <= {"draft", "tabled", "withdrawn", "lapsed"}
    assert {row[1] for row in found} <= {"[]", f'["{side.removesuffix("_authority")}"]'}
    assert await plan(cast.anonymous) == [(1, "As agreed")]


@pytest.mark.parametrize("statement", [
    "insert into api_keys (name, role) values ('forged', 'japan_authority')",
    "insert into api_keys (name, role) values ('forged', 'administrator')",
    "update api_keys set role = 'japan_authority', country = null where role = 'editor'",
    "update api_keys set revoked_at = null where role = 'japan_authority'",
    """insert into api_key_secrets (digest, key_id, begins)
      select sha256('mine'), id, 'ajwp_mine' from api_keys where role = 'japan_authority'""",
    """update api_key_secrets set key_id = (select id from api_keys where role = 'japan_authority')
      where key_id = (select id from api_keys where role = 'partner')""",
])  # fmt: skip
async def test_the_services_role_forges_no_key_of_a_side(empty: Register, statement: str) -> None:
    connection = await asyncpg.connect(empty.address)
    transaction = connection.transaction()
    await transaction.start()
    await connection.execute(f"set local role {APP_ROLE}")
    await connection.execute("select set_config('register.role', 'administrator', true)")
    refused = "made and changed with an administrator's own key"
    with pytest.raises(asyncpg.PostgresError, match=refused):
        async with connection.transaction():
            await connection.execute(statement)
    await connection.execute("select set_config('register.secret', $1, true)", empty.keys["japan_authority"])
    with pytest.raises(asyncpg.PostgresError, match=refused):
        async with connection.transaction():
            await connection.execute(statement)
    await connection.execute("select set_config('register.role', 'approver', true)")
    done = "0"
    with suppress(asyncpg.InsufficientPrivilegeError):
        async with connection.transaction():
            done = await connection.execute(statement)
    assert done.endswith("0")  # refused, or nothing was found that it could be done to
    await connection.execute("select set_config('register.role', 'administrator', true)")
    await connection.execute("select set_config('register.secret', $1, true)", empty.keys["administrator"])
    await connection.execute(statement)
    await transaction.rollback()
    await connection.close()


async def test_a_stored_amendment_of_one_side_is_refused_by_the_table_itself(
    cast: Cast, empty: Register
) -> None:
    """Not even who owns the tables can say that it is in force."""
    made = await make.record(cast.secretariat, "amendments")
    connection = await asyncpg.connect(empty.address)
    for statement in _SQL[:2]:
        with pytest.raises(asyncpg.CheckViolationError):
            await connection.execute(f"{statement} where id = $1", made["id"])
    await connection.close()
