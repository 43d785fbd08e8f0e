"""How consultations are read."""

from app.collection.collection import Collection
from app.collection.projection import Ref
from app.consultations.models import Consultation
from app.consultations.schemas import Consultation as ConsultationSchema
from app.db import Compiled
from app.events.queries import EVENTS
from app.operations.moments import NAMED

CONSULTATIONS = Collection(
    Consultation,
    ConsultationSchema,
    singular="consultation",
    key="number",
    sources={"event": Ref(EVENTS)},
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
