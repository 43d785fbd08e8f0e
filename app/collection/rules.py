"""Rules that only the database knows: looked at after a write, which they roll back."""

from collections.abc import Mapping, Sequence, Set
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Column,
    Integer,
    Text,
    bindparam,
    case,
    cast,
    column,
    func,
    literal_column,
    null,
    select,
    union_all,
)
from sqlalchemy.dialects.postgresql import JSONB, array
from sqlalchemy.sql import visitors
from sqlalchemy.sql.elements import ColumnElement

from app.collection.collection import Collection, Rule
from app.collection.projection import Row
from app.collection.sets import Among, these
from app.db import Compiled, Connection
from app.errors import Unprocessable


async def check_rules(
    connection: Connection, collection: Collection, ids: Sequence[UUID], changed: Set[str] | None = None
) -> None:
    """Refuse what records break, of which these columns changed; none: they are new, or as good as new."""
    among = these(ids)
    asked = dict.fromkeys(rules_on(collection, changed), among)
    if not asked:
        return
    statement = broken_rules(collection, asked)
    rows = await connection.fetch(statement.sql, *statement.args(among.values))
    _refuse(collection, rows)


async def check_rules_as_stored(connection: Connection, collection: Collection, stored: str) -> None:
    """Refuse what a record would break that is not there, by the JSON of its row."""
    places = rules_on(collection)
    if not places:
        return

    def build() -> Any:
        nothing: ColumnElement[Any] = literal_column(f"null::{collection.name}")
        columns = [column(each.name, each.type) for each in collection.table.columns]
        image = cast(bindparam("stored", type_=Text()), JSONB)
        row = func.jsonb_populate_record(nothing, image).table_valued(*columns, name="stored")
        return select(_which(collection, row, places)).select_from(row)

    statement = collection.statement(("rules", "stored"), build)
    _refuse(collection, await connection.fetch(statement.sql, *statement.args({"stored": stored})))


def _refuse(collection: Collection, rows: Sequence[Any]) -> None:
    broken = [collection.rules[row["rule"]] for row in rows]
    if broken:
        raise Unprocessable(broken[0].message, errors=[broken_rule(rule) for rule in broken])


def broken_rule(rule: Rule) -> dict[str, Any]:
    """A broken rule as an error."""
    return {"pointer": f"/{rule.field}", "code": rule.code, "message": rule.message}


def rules_on(collection: Collection, changed: Set[str] | None = None) -> list[int]:
    """The rules, by their places, that look at a column that changed; if nothing is said of that, those of new ones."""
    asked = zip(collection.rules, _columns(collection), strict=True)
    return [
        place
        for place, (rule, looks) in enumerate(asked)
        if (rule.of_new if changed is None else looks & changed)
    ]


def broken_rules(collection: Collection, asked: Mapping[int, Among]) -> Compiled:
    """The records that break a rule (`id`), and which of the collection's rules it is (`rule`, its place).

    `asked`: of which records each rule is asked.
    """

    def build() -> Any:
        row = collection.table
        together: dict[str, list[int]] = {}  # a record is looked at once, whatever it is asked
        for place, among in asked.items():
            together.setdefault(among.name, []).append(place)
        found = []
        for places in together.values():
            which = _which(collection, row, places)
            found.append(select(row.c.id, which).where(asked[places[0]].has(row.c.id)))
        return union_all(*found)

    shape = tuple((place, among.name) for place, among in asked.items())
    return collection.statement(("rules", *shape), build)


def _which(collection: Collection, row: Row, places: Sequence[int]) -> ColumnElement[int]:
    """Those of some rules that a row breaks (`rule`), by their places: a row for each."""
    broken = [case((collection.rules[place].broken(row), literal_column(str(place)))) for place in places]
    return func.unnest(func.array_remove(array(broken), null()), type_=Integer).label("rule")


@cache
def _columns(collection: Collection) -> list[set[str]]:
    """The columns of a record that each rule looks at, as its condition names them."""
    table = collection.table
    conditions = [visitors.iterate(rule.broken(table)) for rule in collection.rules]
    return [
        {part.name for part in parts if isinstance(part, Column) and part.table is table}
        for parts in conditions
    ]
