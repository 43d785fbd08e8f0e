"""Bringing a database up to date: migrations, the seed, and the first administrator's key."""

import asyncio
import os
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import asyncpg

from app import seeding
from app.access.keys import beginning, digest, new_key
from app.access.permissions import Role

if TYPE_CHECKING:
    from alembic.config import Config

_ROOT = Path(__file__).resolve().parent.parent
KEY_FILE = "admin-key"
_ANY_KEY = "select exists (select from api_keys)"


def alembic_config(address: str = "") -> "Config":
    """Alembic's configuration for a database."""
    from alembic.config import Config  # ten megabytes that a service at work has no use for

    config = Config(str(_ROOT / "alembic.ini"))
    config.attributes["dsn"] = address
    return config


@cache
def newest() -> str:
    """The migration that this code needs: the last, by the number that begins its file's name."""
    return max(path.name[:4] for path in (_ROOT / "migrations" / "versions").glob("[0-9]*.py"))


class TooNew(Exception):
    """A later version has migrated the database: this code does not know what it is now."""


async def migration_of(address: str) -> str | None:
    """The migration that a database is at; None before the first."""
    connection = await asyncpg.connect(address)
    try:
        known = await connection.fetchval("select to_regclass('alembic_version')::text")
        return await connection.fetchval("select version_num from alembic_version") if known else None
    finally:
        await connection.close()


async def misfit(address: str) -> str:
    """What keeps this code from serving a database; empty if nothing does."""
    from app import guards  # with all collections, which most commands have no use for

    found, known = await migration_of(address), newest()
    if found is not None and found > known:
        return f"the database is at migration {found}, this code knows {known}. Run the version that migrated it."
    if found != known:
        return f"the database is at migration {found}, this code needs {known}. Run `workplan migrate` first."
    connection = await asyncpg.connect(address)
    try:
        guarded = await connection.fetchval(guards.KNOWN) == guards.digest()
    finally:
        await connection.close()
    return (
        ""
        if guarded
        else "who sees and writes what is not settled in the database as this code says. Run `workplan migrate` first."
    )


def migrate(address: str) -> None:
    """Run the migrations that are missing."""
    from alembic import command

    found = asyncio.run(migration_of(address))
    if found is not None and found > newest():
        raise TooNew(asyncio.run(misfit(address)))
    command.upgrade(alembic_config(address), "head")


async def prepare(address: str, data_dir: Path, *, seed: bool) -> Path | None:
    """Migrate, seed an empty register, and make the first key. Returns the key's file if it was made now."""
    if await misfit(address):
        await asyncio.to_thread(migrate, address)
    connection = await asyncpg.connect(address)
    try:
        if seed and await connection.fetchval("select position = 0 from journal_head"):
            await seeding.seed(connection)
        return await first_key(connection, data_dir)
    finally:
        await connection.close()


async def first_key(connection: "asyncpg.Connection[asyncpg.Record]", data_dir: Path) -> Path | None:
    """The first administrator key, if there is no key yet: written to a file that only its owner can read."""
    if await connection.fetchval(_ANY_KEY):  # asked before the lock, which a standby does not give
        return None
    async with connection.transaction():
        await connection.execute("lock table api_keys in share row exclusive mode")
        if await connection.fetchval(_ANY_KEY):
            return None
        key = new_key()
        await add_key(connection, key, "first administrator", Role.ADMINISTRATOR)
        return await asyncio.to_thread(_keep, key, data_dir)


def _keep(key: str, data_dir: Path) -> Path:
    """Write the key to a file that only its owner can read."""
    data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = data_dir / KEY_FILE
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w") as file:
        os.fchmod(descriptor, 0o600)
        file.write(key + "\n")
    return path


async def add_key(
    connection: "asyncpg.Connection[asyncpg.Record]",
    key: str,
    name: str,
    role: Role,
    **more: Any,
) -> str:
    """Store a key's digest; returns its id. `more` are other columns of `api_keys`."""
    columns = {"name": name, "role": str(role), **more}
    async with connection.transaction():
        made = await connection.fetchval(
            f"insert into api_keys ({', '.join(columns)}) "  # noqa: S608  (names of our own columns)
            f"values ({', '.join(f'${number + 1}' for number in range(len(columns)))}) returning id",
            *columns.values(),
        )
        await connection.execute(
            "insert into api_key_secrets (digest, key_id, begins) values ($1, $2, $3)",
            digest(key),
            made,
            beginning(key),
        )
    return str(made)
