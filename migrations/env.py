"""How migrations run: one connection, impatient with locks, so that a waiting migration never stops the service."""

import asyncio
import os

from alembic import context
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, pool, text
from sqlalchemy.ext.asyncio import create_async_engine

from app import guards, turns
from app.tables import METADATA

LOCK_TIMEOUT = "500ms"
STATEMENT_TIMEOUT = "10min"


def _address() -> str:
    address = context.config.attributes.get("dsn") or os.environ["DATABASE_URL"]
    return address.replace("postgres://", "postgresql://", 1).replace(
        "postgresql://", "postgresql+asyncpg://", 1
    )


def _include(thing: object, name: str | None, kind: str, reflected: bool, other: object) -> bool:
    return not (kind == "table" and name == "alembic_version")


def _run(connection: Connection) -> None:
    connection.execute(text(f"set lock_timeout = '{LOCK_TIMEOUT}'"))
    connection.execute(text(f"set statement_timeout = '{STATEMENT_TIMEOUT}'"))
    connection.commit()
    context.configure(
        connection=connection,
        target_metadata=METADATA,
        transaction_per_migration=True,
        compare_type=True,
        include_object=_include,
    )
    with context.begin_transaction():
        context.run_migrations()
    _guard(connection)


def _guard(connection: Connection) -> None:
    """Row-level security as the code says it, once the tables are as the code says."""
    known = MigrationContext.configure(connection).get_current_revision()
    newest = known == context.script.get_current_head()
    if newest and connection.exec_driver_sql(guards.KNOWN).scalar() != guards.digest():
        for statement in guards.statements():
            connection.exec_driver_sql(statement)
    connection.commit()


async def _online() -> None:
    engine = create_async_engine(_address(), poolclass=pool.NullPool)
    async with engine.connect() as connection:
        await turns.turn((await connection.get_raw_connection()).driver_connection, turns.FOR_SESSION)
        await connection.run_sync(_run)
        await connection.commit()
    await engine.dispose()


def _offline() -> None:
    context.configure(
        dialect_name="postgresql",
        target_metadata=METADATA,
        literal_binds=True,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.execute(f"set lock_timeout = '{LOCK_TIMEOUT}'")
        context.run_migrations()
        for statement in guards.statements():
            context.execute(statement)


if context.is_offline_mode():
    _offline()
else:
    asyncio.run(_online())
