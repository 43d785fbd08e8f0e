"""The base of all tables, the two pools, and one transaction per write."""

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import asyncpg
from sqlalchemy import ARRAY, BigInteger, DateTime, Integer, MetaData, Text, text
from sqlalchemy.dialects.postgresql import asyncpg as asyncpg_dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.sql.expression import ClauseElement

from app.settings import Settings

if TYPE_CHECKING:
    Connection = asyncpg.pool.PoolConnectionProxy[asyncpg.Record]
    Pool = asyncpg.Pool[asyncpg.Record]
else:
    Connection = asyncpg.pool.PoolConnectionProxy
    Pool = asyncpg.Pool

APP_ROLE = "workplan_app"
"""The role as which the service works: it owns nothing and cannot alter history (migration 0001)."""


class Base(DeclarativeBase):
    """Base of all tables; the names of constraints are how a refusal finds its field."""

    metadata = MetaData(
        naming_convention={
            "pk": "pk_%(table_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
        }
    )
    type_annotation_map = {
        str: Text(),
        int: Integer(),
        datetime: DateTime(timezone=True),
        list[str]: ARRAY(Text()),
    }


class Recorded:
    """The columns of every record. Versions and times are kept by the database (migration 0001)."""

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=text("uuidv7()"), sort_order=-9)
    keys: Mapped[list[str]] = mapped_column(server_default=text("'{}'"), sort_order=90)
    version: Mapped[int] = mapped_column(server_default=text("1"), sort_order=91)
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"), sort_order=92)
    updated_at: Mapped[datetime] = mapped_column(server_default=text("now()"), sort_order=93)


_DIALECT = asyncpg_dialect.dialect()


@dataclass(frozen=True, slots=True)
class Compiled:
    """A statement compiled once: its SQL, the order of its parameters, and its own literals."""

    sql: str
    names: tuple[str, ...]
    literals: Mapping[str, Any]

    def args(self, values: Mapping[str, Any]) -> list[Any]:
        literals = self.literals
        return [values[name] if name in values else literals[name] for name in self.names]


def compiled(statement: ClauseElement) -> Compiled:
    """Compile a Core statement for the driver. The costly part of SQLAlchemy, so it is done once a shape."""
    done = statement.compile(dialect=_DIALECT, compile_kwargs={"render_postcompile": True})
    return Compiled(str(done), tuple(done.positiontup or ()), dict(done.params))  # type: ignore[attr-defined]


class Database:
    """The connections of one process: one pool that cannot write, one that can."""

    def __init__(self, dsn: str, settings: Settings) -> None:
        self.dsn = dsn
        self.settings = settings
        self._reading: Pool | None = None
        self._writing: Pool | None = None

    async def open(self) -> None:
        self._reading = self._pool(self.settings.read_connections, default_transaction_read_only="on")
        self._writing = self._pool(self.settings.write_connections)
        await asyncio.gather(self._reading, self._writing)

    def _pool(self, size: int, **session: str) -> Pool:
        seconds = self.settings.statement_timeout
        return asyncpg.create_pool(
            self.dsn,
            min_size=min(2, size),
            max_size=size,
            connect=_connect,
            reset=_no_reset,  # nothing is ever set on a session, so there is no round trip to undo it
            timeout=3,
            command_timeout=seconds + 2,
            max_inactive_connection_lifetime=300,
            statement_cache_size=1024,
            max_cached_statement_lifetime=0,
            max_cacheable_statement_size=100_000,
            server_settings={
                "application_name": "workplan",
                "role": APP_ROLE,
                "timezone": "UTC",
                "jit": "off",
                "statement_timeout": f"{seconds * 1000:.0f}",
                "lock_timeout": f"{self.settings.lock_timeout * 1000:.0f}",
                "idle_in_transaction_session_timeout": "10000",
                "transaction_timeout": "30000",
                **session,
            },
        )

    async def close(self) -> None:
        for pool in (self._reading, self._writing):
            if pool is not None:
                try:
                    await asyncio.wait_for(pool.close(), timeout=5)
                except TimeoutError:
                    pool.terminate()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Connection]:
        """A connection whose transactions are read-only."""
        assert self._reading is not None
        async with self._reading.acquire(timeout=self.settings.pool_timeout) as connection:
            yield connection

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[Connection]:
        """A connection that may write; the caller opens the transaction."""
        assert self._writing is not None
        async with self._writing.acquire(timeout=self.settings.pool_timeout) as connection:
            yield connection

    async def fetch(self, statement: Compiled, values: Mapping[str, Any]) -> Sequence[asyncpg.Record]:
        """Run one reading statement."""
        async with self.reading() as connection:
            rows: Sequence[asyncpg.Record] = await connection.fetch(statement.sql, *statement.args(values))
            return rows


async def _no_reset(connection: Connection) -> None:
    return


async def _connect(*args: Any, **kwargs: Any) -> Any:
    """Connect, and let the kernel notice a peer that no longer acknowledges."""
    connection = await asyncpg.connect(*args, **kwargs)
    wire = connection._transport.get_extra_info("socket")  # noqa: SLF001  (asyncpg offers no other way)
    if wire is not None and wire.family != socket.AF_UNIX:
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, value in (
            ("TCP_KEEPIDLE", 5),
            ("TCP_KEEPINTVL", 2),
            ("TCP_KEEPCNT", 2),
            ("TCP_USER_TIMEOUT", 8000),
        ):
            if hasattr(socket, option):
                wire.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
    return connection


__all__ = ["APP_ROLE", "Base", "BigInteger", "Compiled", "Connection", "Database", "Recorded", "compiled"]
