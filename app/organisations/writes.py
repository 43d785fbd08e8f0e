"""What the database alone knows of a change to organisations."""

from typing import Any

from sqlalchemy import exists, select
from sqlalchemy.sql.elements import ColumnElement

from app.collection.collection import Rule
from app.organisations.models import Organisation


def _is_its_own_ancestor(row: Any) -> ColumnElement[bool]:
    table = Organisation.__table__
    above = (
        select(table.c.id, table.c.parent_id)
        .where(table.c.id == row.c.parent_id)
        .cte("above", recursive=True)
    )
    step = select(table.c.id, table.c.parent_id).where(table.c.id == above.c.parent_id)
    above = above.union(step)
    return exists(select(above.c.id).where(above.c.id == row.c.id))


RULES = (
    Rule(
        "parent_cycle",
        "An organisation cannot be part of itself, by any path.",
        "parent",
        _is_its_own_ancestor,
    ),
)
