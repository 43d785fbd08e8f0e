"""Migrations go up, down and up again, and leave exactly the tables that the code describes."""

import asyncio
from collections.abc import AsyncIterator, Callable
from io import StringIO

import asyncpg
import pytest
from alembic import command
from alembic.script import ScriptDirectory

from app import preparing
from app.audit.verifying import verify
from tests.conftest import copy_of, drop

_SCHEMA = """
select 'column', table_name, column_name, data_type || is_nullable || coalesce(column_default, '')
from information_schema.columns where table_schema = 'public'
union all select 'index', tablename, indexname, indexdef from pg_indexes where schemaname = 'public'
union all select 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid)
  from pg_constraint where connamespace = 'public'::regnamespace
union all select 'trigger', tgrelid::regclass::text, tgname, pg_get_triggerdef(oid)
  from pg_trigger where not tgisinternal
union all select 'function', proname, '', pg_get_functiondef(p.oid) from pg_proc p
  join pg_language l on l.oid = prolang where pronamespace = 'public'::regnamespace and lanname in ('sql', 'plpgsql')
union all select 'grant', table_name, grantee, privilege_type from information_schema.table_privileges
  where table_schema = 'public' and grantee = 'workplan_app'
order by 1, 2, 3, 4
"""

_GUARDED = """
select tablename, concat_ws(' ', relrowsecurity, policyname, qual) from pg_policies join pg_class on relname = tablename
union all select viewname, definition from pg_views where viewname = 'withheld'
order by 1, 2
"""


@pytest.fixture
async def migrated() -> AsyncIterator[str]:
    """A database that was migrated from nothing, by a copy."""
    address = await copy_of("template")
    yield address
    await drop(address)


async def _alembic(address: str, does: Callable[..., None], *arguments: str, **options: bool) -> str:
    said = StringIO()
    config = preparing.alembic_config(address)
    config.output_buffer = config.stdout = said
    await asyncio.to_thread(does, config, *arguments, **options)
    return said.getvalue()


async def _schema(address: str) -> list[tuple[str, ...]]:
    connection = await asyncpg.connect(address)
    try:
        return [tuple(row) for row in await connection.fetch(_SCHEMA)]
    finally:
        await connection.close()


async def test_up_down_and_up_again_is_the_same(migrated: str) -> None:
    first = await _schema(migrated)
    await _alembic(migrated, command.downgrade, "base")
    left = {(kind, table) for kind, table, *_ in await _schema(migrated) if table != "alembic_version"}
    assert not left
    await _alembic(migrated, command.upgrade, "head")
    assert await _schema(migrated) == first


async def test_the_chain_holds_whether_or_not_changes_say_their_system(migrated: str) -> None:
    async def grown(system: str | None = None) -> None:
        connection = await asyncpg.connect(migrated)
        try:
            if system:
                await connection.execute("select set_config('register.system', $1, false)", system)
            await connection.execute(
                "insert into events (title, kind, date_precision, status) values ('S', 'seminar', 'unknown', 'planned')"
            )
            verdict = await verify(connection)
            assert verdict.broken_at is None, verdict
        finally:
            await connection.close()

    await _alembic(migrated, command.downgrade, "0030")
    await grown()
    await _alembic(migrated, command.upgrade, "0031")
    await grown("moj-th")
    await grown()
    await _alembic(migrated, command.downgrade, "0030")
    await grown()
    await _alembic(migrated, command.upgrade, "head")
    await grown("moj-th")


async def test_after_some_steps_back_and_forth_the_tables_are_guarded_again(migrated: str) -> None:
    async def guarded() -> list[tuple[str, str]]:
        connection = await asyncpg.connect(migrated)
        try:
            return [tuple(row) for row in await connection.fetch(_GUARDED)]
        finally:
            await connection.close()

    before = await guarded()
    await _alembic(migrated, command.downgrade, "0034")  # beyond one that forgets the guards
    await _alembic(migrated, command.upgrade, "head")
    assert await guarded() == before


async def test_words_that_were_there_say_who_may_see_them(migrated: str) -> None:
    await _alembic(migrated, command.downgrade, "0066")
    connection = await asyncpg.connect(migrated)
    for visibility in ("own", "public"):
        await connection.execute(
            "insert into events (title, kind, date_precision, status, owner, visibility) "
            "values ($1, 'seminar', 'unknown', 'planned', 'TH', $1)",
            visibility,
        )
    await _alembic(migrated, command.upgrade, "head")
    said = await connection.fetch("select title, visibility, owner from search_texts order by title")
    await connection.close()
    assert [tuple(each) for each in said] == [("own", "own", "TH"), ("public", "public", None)]


async def test_no_trigger_waits_for_the_guards(migrated: str) -> None:
    """They come last, and those of a former version do not make all that those of today do."""
    await _alembic(migrated, command.downgrade, "0064")
    await _alembic(migrated, command.upgrade, "0065")
    connection = await asyncpg.connect(migrated)
    await connection.execute("insert into countries (code, alpha3, name) values ('TH', 'THA', 'Thailand')")
    assert await connection.execute("delete from countries") == "DELETE 1"
    await connection.close()


async def test_the_tables_are_those_that_the_code_describes(migrated: str) -> None:
    assert "No new upgrade operations detected" in await _alembic(migrated, command.check)


async def test_every_migration_gives_up_waiting_for_a_lock() -> None:
    assert "lock_timeout" in await _alembic("", command.upgrade, "head", sql=True)


async def test_the_newest_is_the_one_that_alembic_would_go_to() -> None:
    heads = ScriptDirectory.from_config(preparing.alembic_config()).get_heads()
    assert heads == [preparing.newest()]


@pytest.mark.parametrize(("first", "second"), [("begin_write", "open_write"), ("open_write", "begin_write")])
async def test_while_versions_are_replaced_a_key_is_one_key_to_both(
    migrated: str, first: str, second: str
) -> None:
    """Migrations run before the last instance of the version before has ended."""
    caller = "019aa5d0-6b7c-7c3e-9c39-0d1f5b3a7e11"
    claim = (
        f"select busy, replay, same from {{}}(jsonb_build_object('register.key', '{caller}'), 'K', '\\x01')"
    )
    one, other = [await asyncpg.connect(migrated) for _ in range(2)]
    async with one.transaction():
        assert tuple(await one.fetchrow(claim.format(first))) == (False, False, None)
        async with other.transaction():
            assert tuple(await other.fetchrow(claim.format(second))) == (True, False, None)
        if first == "open_write":
            await one.execute(
                "insert into idempotency_keys (caller_id, key, fingerprint, status) "
                "values ($1, 'K', '\\x01', 201)",
                caller,
            )
    async with other.transaction():
        assert tuple(await other.fetchrow(claim.format(second))) == (False, True, True)
    await asyncio.gather(one.close(), other.close())
