"""Who refers to a table, read from its foreign keys: for refusals of a delete, and for cascades."""

from dataclasses import dataclass
from functools import cache

from sqlalchemy import Column, Table


@dataclass(frozen=True)
class Referrer:
    """A column that refers to a table. `mirrors` names the table whose JSON list it mirrors, if it does."""

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


@cache
def referrers(table: Table) -> tuple[Referrer, ...]:
    """Every column that refers to the table's records."""
    found = []
    for other in table.metadata.sorted_tables:
        for key in other.foreign_keys:
            if key.column.table is table and key.ondelete is None:
                mirrors = other.info.get("mirrors")
                owner = _owner(other) if mirrors else None
                found.append(Referrer(other, key.parent.name, owner, mirrors))
    return tuple(found)


def _owner(mirror: Table) -> str:
    column: Column[object] = next(key.parent for key in mirror.foreign_keys if key.ondelete is not None)
    return column.name
