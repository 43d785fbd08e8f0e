"""How focal points are read, and how fresh they are."""

from typing import Any

from sqlalchemy import Date, case, func, literal_column, or_
from sqlalchemy.sql.elements import ColumnElement

from app.collection.collection import Collection
from app.collection.projection import Computed, Ref
from app.focal_points.models import FocalPoint
from app.focal_points.schemas import FocalPoint as FocalPointSchema
from app.organisations.queries import ORGANISATIONS


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


FOCAL_POINTS = Collection(
    FocalPoint,
    FocalPointSchema,
    owner="country",
    drafts=True,
    singular="focal point",
    sources={"organisation": Ref(ORGANISATIONS), "freshness": Computed(freshness)},
    sorts=("country",),
    default_sort="country",
)
FOCAL_POINTS.outputs["successor"] = Ref(FOCAL_POINTS)
