"""How a record is deleted, and who stands against it."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Text, Uuid, bindparam, delete, func, literal_column, not_, select, union_all

from app.collection.collection import Collection
from app.collection.referring import Referrer, named_by_code, referrers
from app.collection.refusals import referred_unseen
from app.collection.sets import Among, these
from app.collection.writing import Current
from app.db import Compiled, Connection, compiled
from app.errors import StillReferred


async def remove(connection: Connection, collection: Collection, current: Current, *, cascade: bool) -> None:
    """Delete a record; the journal keeps it. Whoever refers to it blocks that, or goes along with `cascade`."""
    if cascade:
        await refuse_if_named(connection, collection, current.id)
        await _let_go(connection, collection.table, [current.id])
    else:
        await refuse_if_referred(connection, collection, current.id)
    statement = compiled(
        delete(collection.table).where(collection.table.c.id == bindparam("this", type_=Uuid()))
    )
    await connection.execute(statement.sql, current.id)


async def hold_what_goes(connection: Connection, table: Any, ids: list[UUID]) -> None:
    """Hold the records that go along, before those that they need: who writes one holds them in this order, too."""
    for referrer in referrers(table):
        if referrer.required:
            name, column = referrer.table.name, referrer.column
            rows = await connection.fetch(f"select id from {name} where {column} = any($1)", ids)  # noqa: S608
            if rows:
                going = [row[0] for row in rows]
                await hold_what_goes(connection, referrer.table, going)
                held = f"select from {name} where id = any($1) order by id for update"
                await connection.execute(held, going)


async def refuse_if_referred(connection: Connection, collection: Collection, record_id: UUID) -> None:
    """Refuse to delete what others refer to."""
    among = these([record_id])
    if by := await _counted(connection, referring(collection, among), among):
        raise StillReferred(f"{_listed(by)} refer to this {collection.singular}.", referred_by=by)


async def refuse_if_named(connection: Connection, collection: Collection, record_id: UUID) -> None:
    """Refuse to let go of a code that others name: it stands for nothing else."""
    among = these([record_id])
    known = _counting(collection, among, named_by_code(collection.table), "naming")
    if by := await _counted(connection, known, among):
        raise StillReferred(
            f"{_listed(by)} name this {collection.singular} by its code, which stays as it is: change them first.",
            referred_by=by,
        )


async def refuse_if_referred_unseen(connection: Connection, collection: Collection, record_id: UUID) -> None:
    """Refuse what the database would: it knows of those too that the caller does not see."""
    if await connection.fetchval("select is_referred($1, $2)", collection.name, record_id):
        raise referred_unseen()


async def _counted(connection: Connection, statement: Compiled | None, among: Among) -> dict[str, int]:
    """How many of which records a statement finds to refer to one."""
    if statement is None:
        return {}
    rows = await connection.fetch(statement.sql, *statement.args(among.values))
    return {row["records"]: row["count"] for row in rows}


def _listed(by: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {records}" for records, count in by.items())


def referring(collection: Collection, among: Among) -> Compiled | None:
    """How many (`count`) of which records (`records`) refer to each (`id`); those of the set itself do not count."""
    table = collection.table
    return _counting(collection, among, (*referrers(table), *named_by_code(table)), "referring")


def _counting(collection: Collection, among: Among, known: Sequence[Referrer], shape: str) -> Compiled | None:
    """The same of some columns. A record that refers in several ways is one record."""
    if not known:
        return None

    def build() -> Any:
        target = collection.table.alias("target")
        found = []
        for referrer in known:
            records = literal_column(f"'{referrer.records}'", Text).label("records")
            each = select(target.c.id, records, referrer.record.label("record"))
            each = each.join_from(target, referrer.table, referrer.hits(target)).where(among.has(target.c.id))
            if referrer.table is collection.table:
                each = each.where(not_(among.has(referrer.record)))
            found.append(each)
        all_of_them = union_all(*found).subquery()
        columns = all_of_them.c.id, all_of_them.c.records
        counted = func.count(all_of_them.c.record.distinct()).label("count")
        return select(*columns, counted).group_by(*columns).order_by(*columns)

    return collection.statement((shape, among.name), build)


async def _let_go(connection: Connection, table: Any, ids: list[UUID]) -> None:
    """Delete the records that need these, and take them out of those that only name them."""
    for referrer in referrers(table):
        name, column = referrer.table.name, referrer.column
        if referrer.mirrors:
            fields = await connection.fetch(
                f"select distinct field from {name} where {column} = any($1)",  # noqa: S608
                ids,
            )
            for field in (row[0] for row in fields):
                await connection.execute(
                    f"update {referrer.mirrors} r set {field} = (select coalesce(jsonb_agg(link order by at), '[]') "  # noqa: S608
                    f"from jsonb_array_elements(r.{field}) with ordinality listed(link, at) "
                    "where not (link ->> 'id')::uuid = any($1)) "
                    f"where r.id in (select {referrer.owner} from {name} where field = $2 and {column} = any($1))",
                    ids,
                    field,
                )
        elif referrer.required:
            rows = await connection.fetch(f"select id from {name} where {column} = any($1) for update", ids)  # noqa: S608
            if rows:
                inner = [row[0] for row in rows]
                await _let_go(connection, referrer.table, inner)
                await connection.execute(f"delete from {name} where id = any($1)", inner)  # noqa: S608
        else:
            await connection.execute(f"update {name} set {column} = null where {column} = any($1)", ids)  # noqa: S608
