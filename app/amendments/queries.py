"""How amendments are read."""

from app.amendments.models import Amendment
from app.amendments.schemas import Amendment as AmendmentSchema
from app.amendments.writes import RULES
from app.collection.collection import Collection
from app.collection.projection import Ref, Reverse
from app.consultations.queries import CONSULTATIONS
from app.db import Compiled

AMENDMENTS = Collection(
    Amendment,
    AmendmentSchema,
    singular="amendment",
    key="number",
    drafts=True,
    sources={"consultation": Ref(CONSULTATIONS)},
    sorts=("number", "state", "state_since"),
    default_sort="number",
    rules=RULES,
    lasting="case when state <> 'draft' then state end",
)
CONSULTATIONS.reverse["amendments"] = Reverse(
    lambda: AMENDMENTS,
    lambda consultation, amendment: amendment.c.consultation_id == consultation.c.id,
    "consultation",
    "Amendments that were laid before it.",
)
EXACT_TEXT = Compiled(
    "select amendment_text(number, title, rationale, effective_on, changes) from amendments where id = $1",
    ("id",),
    {},
)
"""The text that sides concur to, and of which `text_hash` is the hash."""
