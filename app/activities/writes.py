"""What the database alone knows of a change to activities."""

from typing import Any

from sqlalchemy import and_, exists, or_, select
from sqlalchemy.sql.elements import ColumnElement

from app.activities.models import Activity
from app.collection.collection import Rule
from app.goals.models import Goal

_TABLE = Activity.__table__
_GOALS = Goal.__table__


def _parent_does_not_fit(row: Any) -> ColumnElement[bool]:
    parent = _TABLE.alias()
    other = or_(parent.c.goal_id != row.c.goal_id, parent.c.origin != "plan")
    return exists(select(parent.c.id).where(parent.c.id == row.c.parent_id, other).correlate_except(parent))


def _children_do_not_fit(row: Any) -> ColumnElement[bool]:
    child = _TABLE.alias()
    other = or_(child.c.goal_id != row.c.goal_id, row.c.origin != "plan")
    return exists(select(child.c.id).where(child.c.parent_id == row.c.id, other).correlate_except(child))


def _of_a_country(row: Any) -> ColumnElement[bool]:
    return and_(row.c.origin == "plan", row.c.owner.is_not(None))


def _under_a_retired_goal(row: Any) -> ColumnElement[bool]:
    retired = exists(
        select(_GOALS.c.id).where(_GOALS.c.id == row.c.goal_id, _GOALS.c.retired_on.is_not(None))
    )
    return and_(row.c.origin == "plan", row.c.retired_on.is_(None), retired)


RULES = (
    Rule(
        "plan_of_a_country",
        "What the plan itself proposes belongs to no country: yours is carried out under it, `origin` is `member`.",
        "origin",
        _of_a_country,
    ),
    Rule(
        "parent_elsewhere", "The parent is a plan activity of the same goal.", "parent", _parent_does_not_fit
    ),
    Rule(
        "children_elsewhere",
        "Activities under this one belong to its present goal.",
        "goal",
        _children_do_not_fit,
    ),
    Rule(
        "goal_retired",
        "The plan proposes nothing under a goal that is retired.",
        "goal",
        _under_a_retired_goal,
    ),
)
