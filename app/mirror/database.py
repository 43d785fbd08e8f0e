"""A copy in PostgreSQL: `mirror.records`, and `mirror.state` in the same transaction."""

import json
from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import UUID

import asyncpg

from app.mirror.copies import Digest, Record, Trouble, digest_of
from app.wires import tend

_TABLES = """
create schema if not exists mirror;
create table if not exists mirror.records (
  kind text, id uuid, version integer not null, record jsonb not null, primary key (kind, id));
create table if not exists mirror.state (
  only_row boolean primary key default true check (only_row),
  source text not null, kinds text not null, position bigint not null)
"""
_PUT = """insert into mirror.records (kind, id, version, record) values ($1, $2, $3, $4)
on conflict (kind, id) do update set version = excluded.version, record = excluded.record"""
_BATCH = 5000


class Tables:
    """The tables, held by one process at a time."""

    def __init__(self, connection: Any, source: str, kinds: str) -> None:
        self._connection = connection
        self._is_of = (source, kinds)

    @classmethod
    async def opened(cls, address: str, source: str, kinds: str, *, anew: bool = False) -> "Tables":
        connection = await asyncpg.connect(address, server_settings={"application_name": "workplan mirror"})
        tend(connection)
        try:
            await cls._hold(connection, source, kinds, anew=anew)
        except BaseException:
            await connection.close()
            raise
        return cls(connection, source, kinds)

    @staticmethod
    async def _hold(connection: Any, source: str, kinds: str, *, anew: bool) -> None:
        if not await connection.fetchval("select pg_try_advisory_lock(hashtextextended('mirror', 0))"):
            raise Trouble("Another process keeps the copy in this database.")
        await connection.execute(_TABLES)
        known = await connection.fetchrow("select source, kinds from mirror.state")
        if known is not None and tuple(known) != (source, kinds) and not anew:
            raise Trouble(
                f"The database holds a copy of something else: {known['source']} {known['kinds']}".rstrip()
                + ". `--anew` replaces it."
            )

    async def position(self) -> int | None:
        found: int | None = await self._connection.fetchval("select position from mirror.state")
        return found

    async def begin(self, position: int, records: AsyncIterator[Record]) -> None:
        async with self._connection.transaction():
            await self._connection.execute("delete from mirror.records")
            batch: list[tuple[Any, ...]] = []
            async for record in records:
                batch.append(_row(record))
                if len(batch) == _BATCH:
                    await self._load(batch)
                    batch = []
            await self._load(batch)
            await self._move(position)

    async def apply(self, changed: Sequence[Record], position: int) -> None:
        async with self._connection.transaction():
            for record in changed:
                if record.record is None:
                    await self._connection.execute(
                        "delete from mirror.records where kind = $1 and id = $2", record.kind, UUID(record.id)
                    )
                else:
                    await self._connection.execute(_PUT, *_row(record))
            await self._move(position)

    async def digests(self) -> dict[str, Digest]:
        async with self._connection.transaction():
            rows = self._connection.cursor("select kind, id, version from mirror.records", prefetch=_BATCH)
            return digest_of([tuple(row) async for row in rows])

    async def close(self) -> None:
        await self._connection.close()

    async def _load(self, batch: list[tuple[Any, ...]]) -> None:
        await self._connection.copy_records_to_table(
            "records", schema_name="mirror", columns=("kind", "id", "version", "record"), records=batch
        )

    async def _move(self, position: int) -> None:
        await self._connection.execute(
            "insert into mirror.state (source, kinds, position) values ($1, $2, $3) "
            "on conflict (only_row) do update "
            "set source = excluded.source, kinds = excluded.kinds, position = excluded.position",
            *self._is_of,
            position,
        )


def _row(record: Record) -> tuple[Any, ...]:
    return record.kind, UUID(record.id), record.version, json.dumps(record.record, ensure_ascii=False)
