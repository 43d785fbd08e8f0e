"""How the plan is read: the whole text in one statement."""

from typing import Any

from sqlalchemy import Select, Table, cast, func, select
from sqlalchemy.dialects.postgresql import JSON, aggregate_order_by
from sqlalchemy.sql.elements import ColumnElement

from app.activities.queries import ACTIVITIES
from app.areas.queries import AREAS
from app.collection.collection import Collection
from app.collection.projection import record_json
from app.goals.queries import GOALS
from app.journal import JOURNAL_HEAD
from app.plan.models import Plan
from app.plan.schemas import Plan as PlanSchema

PLANS = Collection(Plan, PlanSchema, singular="plan", path="plan")


def _under(
    collection: Collection, order: str, *conditions: ColumnElement[bool], **inside: ColumnElement[Any]
) -> ColumnElement[Any]:
    """The records of a table that stand under another, in order, with what stands under them in turn."""
    table: Table = collection.table
    record = record_json(collection, table, collection.outputs, {}, inside)
    listed = func.json_agg(aggregate_order_by(record, table.c[order]))
    rows = select(func.coalesce(listed, cast("[]", JSON))).select_from(table).where(*conditions)
    return rows.correlate_except(table).scalar_subquery()


def whole_plan() -> Select[Any]:
    """Feed position, and the JSON of the plan with its areas, their goals, and the printed activities."""
    area, goal, activity = AREAS.table, GOALS.table, ACTIVITIES.table
    printed = _under(
        ACTIVITIES,
        "code",
        activity.c.goal_id == goal.c.id,
        activity.c.origin == "plan",
        activity.c.retired_on.is_(None),
    )
    goals = _under(
        GOALS, "number", goal.c.area_id == area.c.id, goal.c.retired_on.is_(None), activities=printed
    )
    areas = _under(AREAS, "number", goals=goals)
    document = record_json(PLANS, PLANS.table, PLANS.outputs, {}, {"areas": areas})
    return select(JOURNAL_HEAD.c.position, document.label("j")).select_from(PLANS.table, JOURNAL_HEAD)
