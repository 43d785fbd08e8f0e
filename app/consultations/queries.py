"""How consultations are read."""

from sqlalchemy import SmallInteger, Uuid, column, or_, select, table
from sqlalchemy.sql.elements import ColumnElement

from app.collection.collection import Collection, Rule
from app.collection.projection import Ref, Row
from app.consultations.models import Consultation
from app.consultations.schemas import Consultation as ConsultationSchema
from app.db import Compiled
from app.events.queries import EVENTS
from app.operations.moments import NAMED

_DECISIONS = table("decisions", column("consultation_id", Uuid), column("closed_at_id", Uuid))
_NUMBERS = table("consultations", column("id", Uuid), column("number", SmallInteger))


def _closes_too_early(row: Row) -> ColumnElement[bool]:
    taken, closed = _NUMBERS.alias(), _NUMBERS.alias()
    decided = select(_DECISIONS.c.consultation_id).where(
        or_(_DECISIONS.c.consultation_id == row.c.id, _DECISIONS.c.closed_at_id == row.c.id),
        taken.c.id == _DECISIONS.c.consultation_id,
        closed.c.id == _DECISIONS.c.closed_at_id,
        closed.c.number <= taken.c.number,
    )
    return decided.correlate(row).exists()


CONSULTATIONS = Collection(
    Consultation,
    ConsultationSchema,
    singular="consultation",
    key="number",
    sources={"event": Ref(EVENTS)},
    rules=(
        Rule(
            "closed_too_early",
            "A decision would be closed at no later Consultation than the one that took it: change it first.",
            "number",
            _closes_too_early,
            of_new=False,
        ),
    ),
    sorts=("number", "start_date"),
    default_sort="number",
    lasting="case when frozen_at is not null then 'frozen' end",
)

NAMED["consultation"] = Compiled(
    "select case date_precision when 'day' then coalesce(end_date, start_date) end from consultations "
    "where number = $1",
    ("number",),
    {},
)
