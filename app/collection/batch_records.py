"""The records that the rows of a load name: found, and held where they may be written."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg
from sqlalchemy import Text, bindparam, cast, func, select
from sqlalchemy.dialects.postgresql import ARRAY

from app.collection.batch_rows import Row
from app.collection.collection import Collection
from app.collection.holding import fetch_held, version_seen
from app.collection.merged import survivors
from app.collection.own_keys import OWN_KEYS
from app.collection.projection import stored_json
from app.collection.validation import looked_at
from app.db import Compiled, Connection

ByName = dict[str, asyncpg.Record]
"""Records by the names that rows have for them: `id`, `version`, and what can be written of them as JSON (`j`)."""


class Meant(NamedTuple):
    """The records that rows mean."""

    ours: Mapping[str, asyncpg.Record]
    """Held until the transaction ends."""
    not_ours: Mapping[str, asyncpg.Record]
    """Those that are seen, but may not be written: rows may leave them as they are."""

    def by(self, row: Row) -> asyncpg.Record | None:
        """The one that a row means."""
        if row.match is None:
            return None
        return self.ours.get(row.match) or self.not_ours.get(row.match)


class Records:
    """Finds the records that rows name, in one way for a whole load."""

    def __init__(self, connection: Connection, collection: Collection, by: str, patience: float) -> None:
        self._connection, self._collection, self._by, self._patience = connection, collection, by, patience
        self._given = {collection.writable[0]}
        """The fields that rows have given so far, and one, as a record is never read without any."""

    async def meant(self, rows: Iterable[Row]) -> Meant:
        """The records that rows name, or those into which they were merged."""
        naming = [row for row in rows if row.match is not None and not row.hopeless]
        if not naming:
            return Meant({}, {})
        self._given |= set().union(*(row.body for row in naming)) & set(self._collection.writable)
        ours, not_ours = await self._both(self._by, [str(row.match) for row in naming])
        if not_ours:  # or they were made meanwhile
            ours |= await self._named(self._by, list(not_ours), hold=True)
            not_ours = {name: record for name, record in not_ours.items() if name not in ours}
        if unknown := [row for row in naming if row.match not in ours and row.match not in not_ours]:
            await self._follow_merged(unknown, ours, not_ours)
        return Meant(ours, not_ours)

    async def _follow_merged(self, rows: Sequence[Row], ours: ByName, not_ours: ByName) -> None:
        """Rows that name a record that was merged mean the one that stands for it."""
        known = await survivors(
            self._connection, self._collection, self._by, [str(row.match) for row in rows]
        )
        if not known:
            return
        alive = {name: str(survivor) for name, (survivor, _) in known.items()}
        for found, here in zip(await self._both("id", list(alive.values())), (ours, not_ours), strict=True):
            here |= {name: found[survivor] for name, survivor in alive.items() if survivor in found}
        for row in rows:
            if row.match in ours or row.match in not_ours:
                row.body.pop(self._by, None)  # its former name, which is not to be written

    async def _both(self, by: str, names: Sequence[str]) -> tuple[ByName, ByName]:
        """The records of these names that may be written, held, and those that are only seen."""
        held = await self._named(by, names, hold=True)
        others = [name for name in names if name not in held]
        return held, await self._named(by, others, hold=False) if others else {}

    async def _named(self, by: str, names: Sequence[str], *, hold: bool) -> ByName:
        """The records of these names, as far as rows may change them; held are only those that may be written."""
        read = {"id": UUID, "number": int}.get(by, str)
        statement = self._statement(by, hold=hold)
        args = statement.args({"asked": [read(name) for name in names]})
        if hold:
            found = await fetch_held(self._connection, statement.sql, args, self._patience)
        else:
            found = await self._connection.fetch(statement.sql, *args, timeout=self._patience)
        return {each["named"]: each for each in found}

    def _statement(self, by: str, *, hold: bool) -> Compiled:
        collection = self._collection
        known = looked_at(collection, self._given)
        fields = tuple(each for each in collection.writable if each in known)

        def build() -> Any:
            table, own = collection.table, OWN_KEYS.alias()
            json_text = stored_json(collection, table, {name: collection.outputs[name] for name in fields})
            name: Any = own.c.key if by == "by-key" else table.c[by]
            columns = (cast(name, Text).label("named"), table.c.id, table.c.version, json_text.label("j"))
            asked = bindparam("asked", type_=ARRAY(name.type))
            found = select(*columns).where(name == func.any(asked))
            if by == "by-key":
                found = found.where(own.c.record_id == table.c.id, own.c.kind == collection.name)
            if not hold:
                return found
            ordered = found.add_columns(version_seen(table)).order_by(table.c.id)  # one order: no deadlocks
            return ordered.with_for_update(of=table)

        return collection.statement(("batch", by, hold, fields), build)
