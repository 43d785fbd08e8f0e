"""How items of other frameworks are read."""

from app.collection.collection import Collection
from app.collection.projection import Links, Ref, Reverse
from app.framework_items.models import FrameworkItem, FrameworkItemGoal
from app.framework_items.schemas import FrameworkItem as FrameworkItemSchema
from app.goals.queries import GOALS
from app.organisations.queries import ORGANISATIONS

FRAMEWORK_ITEMS = Collection(
    FrameworkItem,
    FrameworkItemSchema,
    singular="framework item",
    sources={
        "body": Ref(ORGANISATIONS),
        "goals": Links(
            GOALS,
            FrameworkItemGoal.__table__,
            "goal",
            owner="framework_item_id",
            target="goal_id",
        ),
    },
    sorts=("framework", "title"),
)
ORGANISATIONS.reverse["framework_items"] = Reverse(
    lambda: FRAMEWORK_ITEMS,
    lambda body, item: item.c.body_id == body.c.id,
    "body",
    "Items of other frameworks that it carries out.",
)
