"""How decisions are read."""

from typing import Any

from sqlalchemy.sql.elements import ColumnElement

from app.activities.queries import ACTIVITIES
from app.amendments.queries import AMENDMENTS
from app.collection.collection import Collection
from app.collection.projection import Computed, Ref, Reverse
from app.consultations.queries import CONSULTATIONS
from app.decisions.models import Decision
from app.decisions.schemas import Decision as DecisionSchema
from app.decisions.writes import RULES
from app.organisations.queries import ORGANISATIONS


def _open(row: Any) -> ColumnElement[bool]:
    closed: ColumnElement[Any] = row.c.closed_at_id
    return closed.is_(None)


DECISIONS = Collection(
    Decision,
    DecisionSchema,
    singular="decision",
    key="code",
    sources={
        "consultation": Ref(CONSULTATIONS),
        "amendment": Ref(AMENDMENTS),
        "activity": Ref(ACTIVITIES),
        "responsible": Ref(ORGANISATIONS),
        "open": Computed(_open, tagged=False),
        "closed_at": Ref(CONSULTATIONS),
    },
    sorts=("due_on",),
    rules=RULES,
)
CONSULTATIONS.reverse["decisions"] = Reverse(
    lambda: DECISIONS,
    lambda consultation, decision: decision.c.consultation_id == consultation.c.id,
    "consultation",
    "What it decided.",
)
CONSULTATIONS.reverse["closed_decisions"] = Reverse(
    lambda: DECISIONS,
    lambda consultation, decision: decision.c.closed_at_id == consultation.c.id,
    "closed_at",
    "Decisions of earlier ones that it closed.",
)
AMENDMENTS.reverse["decisions"] = Reverse(
    lambda: DECISIONS,
    lambda amendment, decision: decision.c.amendment_id == amendment.c.id,
    "amendment",
    "Decisions that led to it.",
)
ACTIVITIES.reverse["decisions"] = Reverse(
    lambda: DECISIONS,
    lambda activity, decision: decision.c.activity_id == activity.c.id,
    "activity",
    "Decisions of Consultations about it.",
)
