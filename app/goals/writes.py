"""What the database alone knows of a change to goals."""

from sqlalchemy import Date, Text, Uuid, and_, column, select, table
from sqlalchemy.sql.elements import ColumnElement

from app.collection.collection import Rule
from app.collection.projection import Row

_ACTIVITIES = table("activities", column("goal_id", Uuid), column("origin", Text), column("retired_on", Date))


def _left_by_the_plan(row: Row) -> ColumnElement[bool]:
    proposed = and_(_ACTIVITIES.c.origin == "plan", _ACTIVITIES.c.retired_on.is_(None))
    under_it = select(_ACTIVITIES.c.goal_id).where(_ACTIVITIES.c.goal_id == row.c.id, proposed)
    return and_(row.c.retired_on.is_not(None), under_it.correlate(row).exists())


RULES = (
    Rule(
        "goal_with_activities",
        "The goal is retired, and the plan proposes activities for the other one.",
        "retired_on",
        _left_by_the_plan,
        of_new=False,
    ),
)
"""Asked of a goal that another is merged into: an amendment asks by itself, and activities ask of their goal."""
