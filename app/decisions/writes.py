"""What the database alone knows of a change to decisions."""

from typing import Any

from sqlalchemy import exists, select
from sqlalchemy.sql.elements import ColumnElement

from app.collection.collection import Rule
from app.consultations.models import Consultation

_CONSULTATIONS = Consultation.__table__


def _closed_too_early(row: Any) -> ColumnElement[bool]:
    taken, closed = _CONSULTATIONS.alias(), _CONSULTATIONS.alias()
    pair = select(taken.c.id).where(
        taken.c.id == row.c.consultation_id,
        closed.c.id == row.c.closed_at_id,
        closed.c.number <= taken.c.number,
    )
    return exists(pair.correlate_except(taken, closed))


RULES = (
    Rule(
        "closed_too_early",
        "A decision is closed at a later Consultation than the one that took it.",
        "closed_at",
        _closed_too_early,
    ),
)
