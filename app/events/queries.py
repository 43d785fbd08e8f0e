"""How events are read."""

from typing import Any

from sqlalchemy import Table, any_, func, select

from app.activities.queries import ACTIVITIES
from app.collection.collection import Collection
from app.collection.projection import Links, Reverse
from app.events.calendars import CALENDARS
from app.events.models import Event, EventActivity, EventGoal, EventOrganisation
from app.events.schemas import Event as EventSchema
from app.goals.queries import GOALS
from app.organisations.queries import ORGANISATIONS


def _links(to: Collection, mirror: Any, singular: str, target: str, extra: str) -> Links:
    through: Table = mirror.__table__
    return Links(to, through, singular, extras=(extra,), owner="event_id", target=target)


EVENTS = Collection(
    Event,
    EventSchema,
    owner="owner",
    drafts=True,
    duplicates=True,
    singular="event",
    sources={
        "goals": _links(GOALS, EventGoal, "goal", "goal_id", "link"),
        "activities": _links(ACTIVITIES, EventActivity, "activity", "activity_id", "link"),
        "organisations": _links(ORGANISATIONS, EventOrganisation, "organisation", "organisation_id", "role"),
    },
    sorts=("start_date", "end_date", "title", "kind", "status"),
    default_sort="-start_date",
    renditions=CALENDARS,
)


def _linked(mirror: Any, target: str) -> Any:
    table: Table = mirror.__table__

    def condition(row: Any, event: Any) -> Any:
        link = table.alias()
        mine = select(link.c.event_id).where(link.c[target] == row.c.id).correlate_except(link)
        # By their ids: no join is pushed into the past of a table.
        return event.c.id == any_(func.array(mine.scalar_subquery()))

    return condition


GOALS.reverse["events"] = Reverse(
    lambda: EVENTS, _linked(EventGoal, "goal_id"), "goal", "Events that serve it."
)
ACTIVITIES.reverse["events"] = Reverse(
    lambda: EVENTS, _linked(EventActivity, "activity_id"), "activity", "Events that serve it."
)
ORGANISATIONS.reverse["events"] = Reverse(
    lambda: EVENTS,
    _linked(EventOrganisation, "organisation_id"),
    "organisation",
    "Events that it takes part in.",
)
