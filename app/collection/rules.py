"""Rules that only the database knows: looked at after a write, which they roll back."""

from typing import Any
from uuid import UUID

from sqlalchemy import literal_column, select, union_all

from app.collection.collection import Collection, Rule
from app.collection.sets import Among, these
from app.db import Compiled, Connection
from app.errors import Unprocessable


async def check_rules(connection: Connection, collection: Collection, record_id: UUID) -> None:
    """Refuse what a record breaks."""
    if not collection.rules:
        return
    among = these([record_id])
    statement = broken_rules(collection, among)
    rows = await connection.fetch(statement.sql, *statement.args(among.values))
    broken = [collection.rules[row["rule"]] for row in rows]
    if broken:
        raise Unprocessable(broken[0].message, errors=[broken_rule(rule) for rule in broken])


def broken_rule(rule: Rule) -> dict[str, Any]:
    """A broken rule as an error."""
    return {"pointer": f"/{rule.field}", "code": rule.code, "message": rule.message}


def broken_rules(collection: Collection, among: Among) -> Compiled:
    """The records that break a rule (`id`), and which of the collection's rules it is (`rule`, its place)."""

    def build() -> Any:
        row = collection.table
        return union_all(
            *(
                select(row.c.id.label("id"), literal_column(str(place)).label("rule")).where(
                    among.has(row.c.id), rule.broken(row)
                )
                for place, rule in enumerate(collection.rules)
            )
        )

    return collection.statement(("rules", among.name), build)
