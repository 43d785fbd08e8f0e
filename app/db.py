"""The base of all tables, compiled statements, and transactions."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    DateTime,
    Integer,
    MetaData,
    Select,
    String,
    Text,
    TextClause,
    text,
)
from sqlalchemy.dialects.postgresql import asyncpg as asyncpg_dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.sql.expression import ClauseElement

from app.errors import Unavailable
from app.gathering import Alone, Found, Gathering, Through, Together
from app.pool import Connection, Lost, Pool
from app.settings import Settings

APP_ROLE = "workplan_app"
"""The role as which the service works: it owns nothing and cannot alter history (migration 0001)."""


Context = Mapping[str, str]
"""Settings of a transaction, by name: what the database is to know of a request (`operations/serving.py`)."""
PLAIN: Context = MappingProxyType({})
"""Of a request of the public."""
SERVICE: Context = MappingProxyType({"register.role": "service"})
"""Of the service's own work, which touches no record. Who writes records says first for whom (`open_write`)."""


Statement = Select[Any]
"""A statement to be compiled. It has a name since types of functions inside others are looked up at each call."""


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


def dated(column: str, missing: str) -> TextClause:
    """A date to sort by, with another in place of none; laid out as PostgreSQL tells it, so that Alembic knows it."""
    return text(f"(\nCASE\n    WHEN {column} IS NULL THEN '{missing}'::date\n    ELSE {column}\nEND)")


class Recorded:
    """The columns of every record. Versions and times are kept by the database (migration 0001)."""

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=text("uuidv7()"), sort_order=-9)
    keys: Mapped[list[str]] = mapped_column(server_default=text("'{}'"), sort_order=90)
    version: Mapped[int] = mapped_column(server_default=text("1"), sort_order=91)
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"), sort_order=92)
    updated_at: Mapped[datetime] = mapped_column(server_default=text("now()"), sort_order=93)


class _Compiler(asyncpg_dialect.PGCompiler_asyncpg):
    """Writes a statement's own constants into its text: they need not be sent each time, and the planner sees them."""

    def visit_bindparam(self, bindparam: Any, *args: Any, **how: Any) -> Any:
        if not bindparam.required and isinstance(bindparam.type, String | Integer | Boolean):
            how["literal_binds"] = True
        return super().visit_bindparam(bindparam, *args, **how)  # type: ignore[no-untyped-call]


class _Dialect(asyncpg_dialect.dialect):
    statement_compiler = _Compiler
    _backslash_escapes = False  # nor has PostgreSQL any in '…'


_DIALECT = _Dialect()  # type: ignore[no-untyped-call]


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


def written_out(statement: ClauseElement) -> str:
    """A Core statement as SQL text with its own literals in it, for a longer statement that is written by hand."""
    return str(statement.compile(dialect=_DIALECT, compile_kwargs={"literal_binds": True}))


class Database:
    """The connections of one process: some that cannot write, some that can."""

    def __init__(self, dsn: str, settings: Settings) -> None:
        self.dsn = dsn
        self.settings = settings
        session = _session(settings)
        self._each = session if settings.pooler else PLAIN
        """What every transaction sets anew, behind a pooler that gives each one another session."""
        kept = PLAIN if settings.pooler else session
        only_reading = PLAIN if settings.pooler else {"default_transaction_read_only": "on"}
        self._readers = self._pool(settings.read_connections, {**kept, **only_reading})
        self._writers = self._pool(settings.write_connections, kept)
        self._loaders = self._pool(1, kept)
        self._asked: dict[tuple[object, ...], Gathering] = {}

    def _pool(self, size: int, session: Context) -> Pool:
        return Pool(
            self.dsn,
            size,
            patience=self.settings.pool_timeout,
            command_timeout=self.settings.statement_timeout + 2,
            session=session,
        )

    async def close(self) -> None:
        await asyncio.gather(self._readers.close(), self._writers.close(), self._loaders.close())

    @asynccontextmanager
    async def reading(self, context: Context = PLAIN, *, one_view: bool = False) -> AsyncIterator[Connection]:
        """A transaction that cannot write; with one view of the register for all its statements, if asked for."""
        begin = "begin read only, isolation level repeatable read" if one_view else "begin read only"
        begin += _with({**self._each, **context})
        async with self._readers.lend() as connection, _transaction(connection, begin):
            yield connection

    @asynccontextmanager
    async def writing(self, context: Context = SERVICE) -> AsyncIterator[Connection]:
        """A transaction. It is committed when the block has ended well: nothing may be answered before."""
        begin = "begin" + _with({**self._each, **context})
        async with self._writers.lend() as connection, _transaction(connection, begin):
            yield connection

    @asynccontextmanager
    async def asking(
        self, question: str, context: Context = PLAIN, *, patience: float | None = None
    ) -> AsyncIterator[tuple[Connection, bool]]:
        """A transaction that begins with a question, asked in the same trip; and whether that brought rows.

        `patience`: so many seconds, and not as long as others, it waits for what somebody holds, until its commit.
        """
        begin, commit = "begin" + _with({**self._each, **context}), "commit"
        if patience is not None:
            begin += f"; {_waits(patience)}"
            commit = f"{_waits(self.settings.lock_timeout)}; commit"
        begin += f"; {question}"
        async with self._writers.lend() as connection, _transaction(connection, begin, commit) as said:
            yield connection, said != "SELECT 0"

    @asynccontextmanager
    async def loading(self) -> AsyncIterator[Connection]:
        """A transaction that takes long: it has a connection that no request waits for."""
        begin = "begin" + _with({**self._each, **SERVICE})
        async with self._loaders.lend() as connection, _transaction(connection, begin):
            yield connection

    async def fetch(
        self, statement: Compiled, values: Mapping[str, Any], context: Context = PLAIN
    ) -> Sequence[asyncpg.Record]:
        """Run one reading statement; once more, if the connection broke."""
        args = statement.args(values)
        try:
            return await self._fetched(statement.sql, args, context)
        except Lost:
            return await self._fetched(statement.sql, args, context)

    async def one(
        self,
        values: Mapping[str, Any],
        alone: Compiled,
        together: Callable[[], Compiled],
        context: Context = PLAIN,
        *,
        abreast: int = 1,
    ) -> Found:
        """The row that a statement has for these values, if any. Those who ask at the same time are answered by one
        statement for all: it is given an array in place of each value, and tells the place of each row in these first.
        `abreast`: of how many such statements the database has to do at once.
        """
        form = (alone.sql, *context.items())
        if (gathering := self._asked.get(form)) is None:
            names = tuple(values)

            async def only(asked: tuple[Any, ...]) -> Found:
                rows = await self.fetch(alone, dict(zip(names, asked, strict=True)), context)
                return rows[0] if rows else None

            async def many(party: list[tuple[Any, ...]], _: Through) -> list[Found]:
                found: dict[tuple[Any, ...], Found] = dict.fromkeys(party)  # the same is looked up once
                different = list(found)
                arrays = dict(zip(names, zip(*different, strict=True), strict=True))
                for row in await self.fetch(together(), arrays, context):
                    found[different[row[0] - 1]] = row[1:]
                return [found[asked] for asked in party]

            gathering = self._gathering(form, context, only, many, abreast)
        return await gathering.ask(tuple(values.values()))

    async def same(self, statement: Compiled, context: Context = PLAIN) -> Any:
        """The row of a statement that takes no values and always has one: the same for all who ask at a time."""
        form = (statement.sql, *context.items())
        if (gathering := self._asked.get(form)) is None:

            async def once(_: Any = None) -> Found:
                return (await self.fetch(statement, {}, context))[0]

            async def for_all(values: list[Any], _: Through) -> list[Found]:
                return [await once()] * len(values)

            gathering = self._gathering(form, context, once, for_all)
        return await gathering.ask(None)

    def _gathering(
        self,
        form: tuple[object, ...],
        context: Context,
        alone: Alone,
        together: Together,
        abreast: int = 1,
    ) -> Gathering:
        def done() -> None:
            if context:  # the forms of the public are few
                del self._asked[form]

        made = self._asked[form] = Gathering(alone, together, done, abreast=abreast)
        return made

    async def _fetched(self, sql: str, args: list[Any], context: Context) -> Sequence[asyncpg.Record]:
        if not context and not self._each:
            async with self._readers.lend() as connection:
                return await connection.fetch(sql, *args)
        if (
            "search_path" in context
        ):  # other tables under the same names: to the driver it is another statement
            sql = f"/* {context['search_path']} */ {sql}"
        async with self.reading(context) as connection:
            return await connection.fetch(sql, *args)


def _session(settings: Settings) -> Context:
    """How every session of ours is set up."""
    return {
        "role": APP_ROLE,
        "timezone": "UTC",
        "jit": "off",
        "statement_timeout": f"{settings.statement_timeout * 1000:.0f}",
        **_lock_timeout(settings.lock_timeout),
        "idle_in_transaction_session_timeout": "5000",  # a lost client holds its locks and key so long
        "transaction_timeout": "30000",
        "client_connection_check_interval": "2000",  # what a killed worker asked for ends by itself
    }


def _lock_timeout(seconds: float) -> Context:
    return {"lock_timeout": f"{seconds * 1000:.0f}"}


def _waits(seconds: float) -> str:
    """The rest of the transaction waits so long for what somebody holds. No plan is made for it, as for a function."""
    return f"set local lock_timeout = {seconds * 1000:.0f}"


def _with(context: Context) -> str:
    """The settings of a transaction, sent with its beginning in one trip to the database."""
    settings = ", ".join(
        f"set_config({quoted(name)}, {quoted(value)}, true)" for name, value in context.items()
    )
    return f"; select {settings}" if settings else ""


def quoted(text: str) -> str:
    """A text as a constant of SQL, where no parameters can go; read in one way whatever the server is told."""
    return "E'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


async def patient(connection: Connection, seconds: float) -> None:
    """Let this transaction, and each of its statements, take so long."""
    await connection.execute(  # a transaction's clock that runs already is only set anew once it was stopped
        "select set_config('statement_timeout', $1, true), set_config('transaction_timeout', '0', true), "
        "set_config('transaction_timeout', $1, true), set_config('idle_in_transaction_session_timeout', $1, true)",
        f"{seconds:.0f}s",
    )


@asynccontextmanager
async def _transaction(connection: Connection, begin: str, commit: str = "commit") -> AsyncIterator[str]:
    """Unlike the driver's own, says when a commit is in doubt, and leaves a connection that hangs alone.
    It brings what was said to the last statement of the beginning.
    """
    try:
        yield await connection.execute(begin)
    except (TimeoutError, ConnectionError, asyncpg.InternalClientError):
        raise
    except Exception:
        if not connection.is_closed():
            await connection.execute("rollback")
        raise
    try:
        done = await connection.execute(commit)
    except asyncpg.LockNotAvailableError:  # of the journal's head, which every write passes
        raise Unavailable("Too many writes at a time. Nothing was changed. Try again.") from None
    except (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError) as error:
        if not connection.is_closed() and isinstance(error, asyncpg.PostgresError):
            raise  # the database refused: nothing was changed
        connection.terminate()
        raise Unavailable(
            "The connection was lost at the last moment: the change may have been made or not. "
            "Look, or repeat the request under the same Idempotency-Key."
        ) from error
    if done != "COMMIT":  # an error inside was caught by somebody, and the database has rolled back
        raise RuntimeError("The transaction was not committed.")


__all__ = [
    "APP_ROLE", "PLAIN", "SERVICE", "Base", "BigInteger", "Compiled", "Connection", "Context", "Database", "Recorded",
    "compiled", "dated", "patient", "quoted", "written_out",
]  # fmt: skip
