"""How activities are read, and how their status is derived."""

from typing import Any

from sqlalchemy import (
    ARRAY,
    Date,
    Table,
    Text,
    and_,
    case,
    column,
    func,
    literal_column,
    null,
    or_,
    select,
    table,
    true,
)
from sqlalchemy.dialects.postgresql import array
from sqlalchemy.sql.elements import ColumnElement

from app.activities.models import Activity, ActivityOrganisation
from app.activities.schemas import Activity as ActivitySchema
from app.activities.writes import RULES
from app.collection.collection import Collection
from app.collection.projection import Computed, Links, Ref, Reverse
from app.goals.queries import GOALS
from app.organisations.queries import ORGANISATIONS

_EVENTS = table(
    "events", column("id"), column("start_date", Date), column("end_date", Date), column("status")
)
_LINKS = table("event_activities", column("event_id"), column("activity_id"))
_PLANS = table("plans", column("adopted_on", Date))
_PARTIES: Table = ActivityOrganisation.__table__  # type: ignore[assignment]


def _by_events(row: Any) -> ColumnElement[str]:
    """What the events under it say, held since the plan was adopted or ahead of us; null: there is none."""
    adopted = func.coalesce(
        select(_PLANS.c.adopted_on).scalar_subquery(), literal_column("'-infinity'::date", Date)
    )
    # Looked up one by one: no join is pushed into the past of a table, a union, which was read whole for each row.
    linked = select(_EVENTS.c.start_date, _EVENTS.c.status).where(_EVENTS.c.id == _LINKS.c.event_id)
    event = linked.correlate(_LINKS).offset(0).lateral()
    held = and_(*(event.c.status != word for word in ("cancelled", "postponed", "suspended")))
    said = case((event.c.start_date <= func.today(type_=Date), "ongoing"), else_="planned")
    return (
        select(func.min(said))  # one that has begun comes first, also in the alphabet
        .select_from(_LINKS.join(event, true()))
        .where(_LINKS.c.activity_id == row.c.id, event.c.start_date >= adopted, held)
        .correlate_except(event, _LINKS)
        .scalar_subquery()
    )


def derived_status(row: Any) -> ColumnElement[str]:
    """`implemented` after its last day; `ongoing` from its first day or its first event since the plan was adopted;
    else `planned` if it has a date or an event ahead; else `proposed`. Words that only people can say (suspended,
    cancelled) are not derived.
    """
    if "derived_status" in row.c:  # worked out already
        known: ColumnElement[str] = row.c.derived_status
        return known
    today = func.today(type_=Date)
    undated = case((row.c.start_date > today, "planned"), else_="proposed")
    return case(
        (row.c.end_date < today, "implemented"),
        (row.c.start_date <= today, "ongoing"),
        else_=func.coalesce(_by_events(row), undated),
    )


def _contradicting(row: Any) -> ColumnElement[str]:
    """The derived status if it contradicts the reported one, else null. Names the costly part, the events, once."""
    settled = or_(row.c.status == "suspended", row.c.status == "cancelled")
    may_go_on = case((and_(row.c.status == "implemented", row.c.end_date.is_(None)), "ongoing"))
    return case((~settled, func.nullif(func.nullif(derived_status(row), row.c.status), may_go_on)))


def status_conflict(row: Any) -> ColumnElement[bool]:
    """A reported status that the dates and events do not bear out."""
    return _contradicting(row).is_not(None)


def status_conflicts(row: Any) -> ColumnElement[Any]:
    """What contradicts what, as words: `reported_implemented_dates_say_ongoing`."""
    said = literal_column("'reported_'", Text) + row.c.status + "_dates_say_" + _contradicting(row)
    return func.array_remove(array([said]), null(), type_=ARRAY(Text))


ACTIVITIES = Collection(
    Activity,
    ActivitySchema,
    owner="owner",
    drafts=True,
    duplicates=True,
    singular="activity",
    key="code",
    sources={
        "goal": Ref(GOALS),
        "lead": Ref(ORGANISATIONS),
        "status_reported_by": Ref(ORGANISATIONS),
        "partners": Links(ORGANISATIONS, _PARTIES, "partner", owner="activity_id", target="organisation_id"),
        "consulted_bodies": Links(
            ORGANISATIONS, _PARTIES, "consulted_body", owner="activity_id", target="organisation_id"
        ),
        "derived_status": Computed(derived_status, shared=True),
        "status_conflict": Computed(status_conflict, tagged=False),
        "status_conflicts": Computed(status_conflicts, tagged=False),
    },
    sorts=("start_date", "end_date", "title", "status"),
    rules=RULES,
)
ACTIVITIES.outputs["parent"] = Ref(ACTIVITIES)
GOALS.reverse["activities"] = Reverse(
    lambda: ACTIVITIES,
    lambda goal, activity: activity.c.goal_id == goal.c.id,
    "goal",
    "Activities that serve it.",
)
ACTIVITIES.reverse["activities"] = Reverse(
    lambda: ACTIVITIES,
    lambda parent, activity: activity.c.parent_id == parent.c.id,
    "parent",
    "Activities carried out under it.",
)
ORGANISATIONS.reverse["leads"] = Reverse(
    lambda: ACTIVITIES,
    lambda body, activity: activity.c.lead_id == body.c.id,
    "lead",
    "Activities that it leads.",
)
