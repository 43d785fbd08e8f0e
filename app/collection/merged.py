"""Records that were merged into others: their old names lead to the record that lived on."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from app.collection.collection import Collection
from app.db import Compiled, Connection
from app.errors import NotFound, Problem


class MergedAway(Problem):
    """The record was merged into another. `Location` leads to that one; its own keys and references are there, too.

    The same request, sent there, is meant for that record. The history of this one stays at its old address.
    """

    status = 308
    title = "Merged into another record"

    def __init__(self, collection: Collection, survivor: UUID) -> None:
        self.survivor = survivor
        self._endings = tuple(f".{each.ending}" for each in collection.renditions)
        super().__init__(f"This {collection.singular} was merged into {survivor}.")

    def headers_for(self, scope: Mapping[str, Any]) -> Mapping[str, str]:
        """To the other record; what was asked of this one, and with what parameters, holds there as well."""
        _, version, collection, name, *rest = scope["path"].split("/")
        ending = next((each for each in self._endings if name.endswith(each)), "")
        there = "/".join(["", version, collection, f"{self.survivor}{ending}", *rest])
        query = scope["query_string"].decode("latin-1")
        return {**self.headers, "Location": f"{there}?{query}" if query else there}


def survivors_plan(collection: Collection, by: str) -> Compiled:
    """The living records (`id`) into which records of these names were merged, over however many merges."""
    return Compiled(
        f"""{_trail(collection, by)}
select t.name, r.id, r.{collection.key or "id"}::text as key from trail t join {collection.name} r on r.id = t.id""",  # noqa: S608  (our own names)
        ("names",),
        {},
    )


def ended_plan(collection: Collection, by: str) -> Compiled:
    """The record (`id`) into which that of a name was merged, and which was deleted or erased since (`at`)."""
    return Compiled(
        f"""{_trail(collection, by)}
select t.id, c.at, h.salt is null as erased
from trail t join changes h on h.record_id = t.id join commits c on c.number = h.commit_number
where h.kind = '{collection.name}' and h.action = 'delete' order by h.version desc limit 1""",  # noqa: S608  (our own names)
        ("names",),
        {},
    )


def ended(collection: Collection, survivor: UUID, at: datetime, erased: bool) -> NotFound:
    """What is said of a record whose survivor is not there any more."""
    if erased:
        return NotFound(f"This {collection.singular} was merged into {survivor}, which was erased.")
    return NotFound(
        f"This {collection.singular} was merged into {survivor}, which was deleted on {at:%Y-%m-%d}. "
        f"POST /v1/{collection.path}/{survivor}/restore brings it back, and stands for both."
    )


def _trail(collection: Collection, by: str) -> str:
    """The steps from records of these names to what they were merged into."""
    named = "h.record_id = a.name::uuid" if by == "id" else (
        "coalesce(h.record ->> 'code', h.record ->> 'number') = a.name"
    )  # fmt: skip
    merges = (
        "join commits c on c.number = h.commit_number and c.position is not null "
        f"where h.kind = '{collection.name}' and h.action = 'merge'"
    )
    return f"""with recursive trail(name, id) as (
  select a.name, h.survivor_id from unnest($1::text[]) a(name) join changes h on {named} {merges}
  union all
  select t.name, h.survivor_id from trail t join changes h on h.record_id = t.id {merges})"""  # noqa: S608  (our own names)


async def survivors(
    connection: Connection, collection: Collection, by: str, names: Iterable[str]
) -> dict[str, tuple[UUID, str | None]]:
    """Id and human key of the records into which those of these names were merged."""
    if by not in {"id", collection.key}:
        return {}
    rows = await connection.fetch(survivors_plan(collection, by).sql, list(names))
    return {row["name"]: (row["id"], row["key"] if collection.key else None) for row in rows}


async def refuse_merged(connection: Connection, collection: Collection, by: str, value: Any) -> None:
    """Point to the record into which the one of this name was merged, if it was."""
    found = await survivors(connection, collection, by, [str(value)])
    if found:
        raise MergedAway(collection, found[str(value)][0])
    if by in {"id", collection.key} and (
        last := await connection.fetchrow(ended_plan(collection, by).sql, [str(value)])
    ):
        raise ended(collection, *last)
