"""How the plan is read: the whole text in one statement."""

from typing import Any

from sqlalchemy import Select, Table, cast, func, select, true
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


def whole_plan(*, retired: bool = False) -> Select[Any]:
    """Feed position, and the JSON of the plan with its areas, their goals, and the printed activities; beside the areas
    the goals that stand under none; also with those that were retired, if asked for.
    """
    area, goal, activity = AREAS.table, GOALS.table, ACTIVITIES.table
    standing = (lambda row: true()) if retired else (lambda row: row.c.retired_on.is_(None))
    printed = _under(
        ACTIVITIES, "code", activity.c.goal_id == goal.c.id, activity.c.origin == "plan", standing(activity)
    )
    goals = _under(GOALS, "number", goal.c.area_id == area.c.id, standing(goal), activities=printed)
    others = _under(GOALS, "number", goal.c.area_id.is_(None), standing(goal), activities=printed)
    inside = {"areas": _under(AREAS, "number", goals=goals), "goals": others}
    document = record_json(PLANS, PLANS.table, PLANS.outputs, {}, inside)
    return select(JOURNAL_HEAD.c.position, document.label("j")).select_from(PLANS.table, JOURNAL_HEAD)


TEXT_RECORD = """select json_build_object(
  'title', p.title, 'adopted_on', p.adopted_on, 'preamble', p.preamble,
  'area', (select coalesce(json_agg(json_build_object('name', r.number::text, 'text', r.title)), '[]') from areas r),
  'goal', (select coalesce(json_agg(json_build_object('name', r.number::text, 'under', a.number::text, 'text', r.title,
      'sub_items', r.sub_items, 'retired', r.retired_on is not null)), '[]')
    from goals r left join areas a on a.id = r.area_id),
  'activity', (select coalesce(json_agg(json_build_object('name', r.code, 'under', g.number::text, 'text', r.title,
      'sub_items', r.sub_items, 'retired', r.retired_on is not null)), '[]')
    from activities r join goals g on g.id = r.goal_id where r.origin = 'plan'),
  'amendments', (select coalesce(json_agg(json_build_object('number', r.number, 'title', r.title, 'state', r.state,
      'on', coalesce(r.took_effect_on, r.effective_on), 'changes', r.changes,
      'taken', r.state = 'concurred' and taken_place(r.changes) is not null)
      order by coalesce(r.took_effect_on, r.effective_on), case r.state when 'in_force' then r.state_since end,
      r.number), '[]')
    from amendments r where r.state in ('concurred', 'in_force') or r.number = $1))
from plans p"""
"""What `texts.Record` is read from: the text as it stands, and the amendments that change it; $1 is one more."""
