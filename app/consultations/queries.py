"""How consultations are read."""

from app.collection.collection import Collection
from app.collection.projection import Ref
from app.consultations.models import Consultation
from app.consultations.schemas import Consultation as ConsultationSchema
from app.events.queries import EVENTS

CONSULTATIONS = Collection(
    Consultation,
    ConsultationSchema,
    singular="consultation",
    key="number",
    sources={"event": Ref(EVENTS)},
    sorts=("number", "start_date"),
    default_sort="number",
)
