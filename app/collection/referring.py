"""Who refers to a table, read from its foreign keys, and who names its records by their codes: for refusals of a
delete, and for cascades.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import ARRAY, Boolean, Column, Table, and_, literal_column, select
from sqlalchemy.dialects.postgresql import array
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.expression import FromClause

from app.db import written_out


@dataclass(frozen=True)
class Referrer:
    """A column that refers to a table. `mirrors` names the table whose JSON list it mirrors, if it does.

    Or one that names its records by their codes, as its `info` says: `code_of` which table, `while` which rows count.
    """

    table: Table
    column: str
    owner: str | None = None
    mirrors: str | None = None

    @property
    def required(self) -> bool:
        """Whether those that refer cannot be without it. `info` says so of a column that others may stand in for."""
        column = self.table.c[self.column]
        return self.mirrors is None and bool(not column.nullable or column.info.get("required"))

    @property
    def lasting(self) -> str:
        """As SQL over one that refers: the state in which nobody deletes it any more; null: somebody may."""
        return str(self.table.info.get("lasting", "null"))

    @property
    def records(self) -> str:
        """Plural name of the records that refer."""
        return (self.mirrors or self.table.name).replace("_", " ")

    @property
    def record(self) -> Column[Any]:
        """The column with the id of the record that refers."""
        return self.table.c[self.owner or "id"]

    def hits(self, target: FromClause) -> ColumnElement[bool]:
        """Whether it refers to a row of its target."""
        column = self.table.c[self.column]
        if "code_of" not in column.info:
            return column == target.c.id
        if isinstance(column.type, ARRAY):
            return column.bool_op("@>")(array([target.c.code]))
        return and_(column == target.c.code, literal_column(column.info.get("while", "true"), Boolean))


@cache
def referrers(table: Table) -> tuple[Referrer, ...]:
    """Every column that refers to the table's records."""
    found = []
    for other in table.metadata.sorted_tables:
        # They are a set, with another order in each process.
        for key in sorted(other.foreign_keys, key=lambda each: each.parent.name):
            if key.column.table is table and key.ondelete is None:
                mirrors = other.info.get("mirrors")
                owner = _owner(other) if mirrors else None
                found.append(Referrer(other, key.parent.name, owner, mirrors))
    return tuple(found)


@cache
def named_by_code(table: Table) -> tuple[Referrer, ...]:
    """Every column that holds codes of the table's records, alone or in a list.

    There may be codes without a record. One that has a record keeps it: nothing else is written in the place of a code.
    """
    columns = (column for other in table.metadata.sorted_tables for column in other.c)
    return tuple(
        Referrer(each.table, each.name) for each in columns if each.info.get("code_of") == table.name
    )


def is_referred(tables: Iterable[Table]) -> str:
    """The function that says whether anything refers to a record or names it by its code, seen by the caller or not."""
    kinds = "\n    ".join(
        f"when '{table.name}' then return {' or '.join(found)};"
        for table in tables
        if (found := list(_exists(table)))
    )
    return f"""create or replace function is_referred(of_kind text, of_record uuid) returns boolean
language plpgsql stable security definer set search_path = public, pg_temp as $$ begin
  case of_kind
    {kinds}
    else return false;
  end case;
end $$"""


def _exists(table: Table) -> Iterator[str]:
    target = table.alias("target")
    this = target.c.id == literal_column("of_record")
    for each in (*referrers(table), *named_by_code(table)):
        found = select(each.record).join_from(each.table, target, each.hits(target)).where(this)
        if each.table is table:
            found = found.where(each.record != target.c.id)
        yield f"exists ({written_out(found)})"


def _owner(mirror: Table) -> str:
    column: Column[object] = next(key.parent for key in mirror.foreign_keys if key.ondelete is not None)
    return column.name
