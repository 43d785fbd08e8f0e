"""How goals are read."""

from app.areas.queries import AREAS
from app.collection.collection import Collection
from app.collection.projection import Ref, Reverse
from app.goals.models import Goal
from app.goals.schemas import Goal as GoalSchema
from app.goals.writes import RULES

GOALS = Collection(
    Goal,
    GoalSchema,
    singular="goal",
    key="number",
    sources={"area": Ref(AREAS)},
    rules=RULES,
    sorts=("number", "title"),
    default_sort="number",
)
AREAS.reverse["goals"] = Reverse(
    lambda: GOALS, lambda area, goal: goal.c.area_id == area.c.id, "area", "Goals that stand under it."
)
