"""What the database alone knows of a change to organisations."""

from typing import Any

from sqlalchemy import exists, select
from sqlalchemy.sql.elements import ColumnElement

from app.collection.collection import Rule
from app.organisations.models import Organisation


def _is_its_own_ancestor(row: Any) -> ColumnElement[bool]:
    first, next_ = Organisation.__table__.alias(), Organisation.__table__.alias()
    start = select(first.c.id, first.c.parent_id).where(first.c.id == row.c.parent_id).correlate(row)
    above = start.cte("above", recursive=True, nesting=True)
    above = above.union(select(next_.c.id, next_.c.parent_id).where(next_.c.id == above.c.parent_id))
    return exists(select(above.c.id).where(above.c.id == row.c.id).correlate(row))


RULES = (
    Rule(
        "parent_cycle",
        "An organisation cannot be part of itself, by any path.",
        "parent",
        _is_its_own_ancestor,
    ),
)
