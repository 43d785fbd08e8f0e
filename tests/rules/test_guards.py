"""Rules of row-level security: it is on everywhere, it is what the code says, and the service's role owns nothing."""

import asyncpg
import pytest

from app import guards
from app.db import APP_ROLE

_POLICIES = """select tablename, policyname, cmd, roles::text, qual, with_check from pg_policies
where schemaname = 'public' order by 1, 2"""
_GRANTED = f"""select distinct c.relname, c.relrowsecurity, has_policy.found from pg_class c
cross join lateral (select exists (select from pg_policy p where p.polrelid = c.oid) as found) has_policy
where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and (
  has_table_privilege('{APP_ROLE}', c.oid, 'select') or has_table_privilege('{APP_ROLE}', c.oid, 'insert')
  or has_table_privilege('{APP_ROLE}', c.oid, 'update') or has_table_privilege('{APP_ROLE}', c.oid, 'delete'))"""


async def test_the_policies_of_the_database_are_those_of_the_code(database_address: str) -> None:
    connection = await asyncpg.connect(database_address)
    there = [tuple(row) for row in await connection.fetch(_POLICIES)]
    transaction = connection.transaction()
    await transaction.start()
    for statement in guards.statements():
        await connection.execute(statement)
    made = [tuple(row) for row in await connection.fetch(_POLICIES)]
    await transaction.rollback()
    await connection.close()
    assert there == made


async def test_every_table_that_the_service_uses_is_guarded(database_address: str) -> None:
    connection = await asyncpg.connect(database_address)
    granted = await connection.fetch(_GRANTED)
    await connection.close()
    assert {row[0] for row in granted} >= {"events", "changes", "api_keys"}
    open_to_all = {row[0] for row in granted if not (row[1] and row[2])}
    assert not open_to_all, "say in app/guards.py, or in its collection, who sees and writes it"


async def test_the_service_owns_nothing_and_cannot_pass_the_guards(database_address: str) -> None:
    connection = await asyncpg.connect(database_address)
    role = await connection.fetchrow(
        "select rolsuper, rolbypassrls, rolcreaterole, rolcreatedb from pg_roles where rolname = $1", APP_ROLE
    )
    owned = await connection.fetchval(
        "select count(*) from pg_class c join pg_roles r on r.oid = c.relowner where rolname = $1", APP_ROLE
    )
    await connection.close()
    assert role is not None
    assert not any(role)
    assert owned == 0


@pytest.mark.parametrize("statement", ["select title from search_texts", "select owner from hidden_records"])
async def test_what_is_hidden_cannot_be_read_beside_its_record(database_address: str, statement: str) -> None:
    connection = await asyncpg.connect(database_address)
    await connection.execute(f"set role {APP_ROLE}")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.fetch(statement)
    await connection.close()
