"""How focal points are read, and how fresh they are."""

from typing import Any

from sqlalchemy import Date, and_, case, func, literal_column, or_, select
from sqlalchemy.sql.elements import ColumnElement

from app.collection.collection import Collection, Rule
from app.collection.projection import Computed, Personal, Ref, Reverse, Row
from app.focal_points.models import FocalPoint
from app.focal_points.schemas import FocalPoint as FocalPointSchema
from app.organisations.queries import ORGANISATIONS
from app.persons.queries import MAY_READ, PERSONS


def freshness(row: Any) -> ColumnElement[str]:
    """Contacts for requests between authorities age faster than general ones. Nothing is fresh unverified."""
    urgent = row.c.purposes.op("&&")(literal_column("array['mutual_legal_assistance', 'extradition']"))
    term = case((urgent, literal_column("interval '90 days'")), else_=literal_column("interval '365 days'"))
    age = func.today(type_=Date) - row.c.verified_at
    unverified = or_(row.c.verified_at.is_(None), row.c.verified_by.is_(None))
    return case(
        (row.c.bounced, "bounced"),
        (unverified, "stale"),
        (age > 2 * term, "stale"),
        (age > term, "due"),
        else_="fresh",
    )


def _person_shown(row: Row) -> ColumnElement[bool]:
    """Who sees the person sees it here; that there is none is told to whoever may see people at all."""
    person = PERSONS.table.alias()
    seen = select(person.c.id).where(person.c.id == row.c.person_id).correlate(row).exists()
    return or_(seen, and_(row.c.person_id.is_(None), MAY_READ))


def _of_another_country(row: Row) -> ColumnElement[bool]:
    person = PERSONS.table.alias()
    other = (person.c.id == row.c.person_id) & (person.c.country != row.c.country)
    return select(person.c.id).where(other).correlate(row).exists()


FOCAL_POINTS = Collection(
    FocalPoint,
    FocalPointSchema,
    owner="country",
    drafts=True,
    singular="focal point",
    sources={
        "organisation": Ref(ORGANISATIONS),
        "person": Ref(PERSONS),
        "freshness": Computed(freshness),
    },
    personal=Personal(("person",), _person_shown),
    rules=(
        Rule(
            "person_elsewhere",
            "The person belongs to another country.",
            "person",
            _of_another_country,
        ),
    ),
    sorts=("country",),
    default_sort="country",
)
FOCAL_POINTS.outputs["successor"] = Ref(FOCAL_POINTS)
PERSONS.reverse["focal_points"] = Reverse(
    lambda: FOCAL_POINTS,
    lambda person, focal_point: focal_point.c.person_id == person.c.id,
    "person",
    "Focal points for which the person answers.",
)
