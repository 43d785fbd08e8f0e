"""How focal points are read, and how fresh they are."""

from typing import Any

from sqlalchemy import Date, and_, case, cast, func, literal_column, or_, select, union_all
from sqlalchemy.dialects.postgresql import JSON, aggregate_order_by
from sqlalchemy.sql.elements import ColumnElement

from app.collection.collection import Collection, Rule
from app.collection.projection import Computed, Personal, Ref, Reverse, Row
from app.focal_points.cards import CARDS
from app.focal_points.models import FocalPoint
from app.focal_points.schemas import FocalPoint as FocalPointSchema
from app.operations.bouncing import COLUMNS
from app.organisations.queries import ORGANISATIONS
from app.persons.queries import MAY_READ, PERSONS

_URGENT = "array['mutual_legal_assistance', 'extradition']"


def _confirmed(row: Row, urgent: ColumnElement[bool]) -> ColumnElement[str]:
    """Contacts for requests between authorities age faster than general ones. Nothing is fresh unverified."""
    term: ColumnElement[Any] = case(
        (urgent, literal_column("interval '90 days'")), else_=literal_column("interval '365 days'")
    )
    age = func.today(type_=Date) - row.c.verified_at
    unverified = or_(row.c.verified_at.is_(None), row.c.verified_by.is_(None))
    return case((unverified, "stale"), (age > 2 * term, "stale"), (age > term, "due"), else_="fresh")


def _urgent(row: Row) -> ColumnElement[bool]:
    return row.c.purposes.op("&&", is_comparison=True)(literal_column(_URGENT))


def freshness(row: Row) -> ColumnElement[str]:
    """Of the whole entry: as of what ages soonest."""
    return case((row.c.bounced, "bounced"), else_=_confirmed(row, _urgent(row)))


def _of_purpose(row: Row, purpose: ColumnElement[Any]) -> ColumnElement[str]:
    urgent = purpose == func.any(literal_column(_URGENT))
    return case((row.c.bounced, "bounced"), else_=_confirmed(row, urgent))


def _by_purpose(row: Row) -> ColumnElement[Any]:
    each = func.unnest(row.c.purposes).table_valued("purpose", with_ordinality="place").render_derived()
    said = func.json_build_object("purpose", each.c.purpose, "freshness", _of_purpose(row, each.c.purpose))
    return (
        select(func.json_agg(aggregate_order_by(said, each.c.place), type_=JSON))
        .select_from(each)
        .correlate(row)
        .scalar_subquery()
    )


def _of_channel(row: Row, column: str) -> ColumnElement[str]:
    return case((row.c[column], "bounced"), else_=_confirmed(row, _urgent(row)))


def _channels(row: Row) -> ColumnElement[Any]:
    said = [
        select(
            func.json_build_object("channel", channel, "freshness", _of_channel(row, column)).label("said")
        )
        .where(row.c.office[channel].astext.is_not(None))
        .correlate(row)
        for channel, column in COLUMNS.items()
    ]
    listed = union_all(*said).subquery()
    return select(func.coalesce(func.json_agg(listed.c.said), cast("[]", JSON), type_=JSON)).scalar_subquery()


def _letters(row: Row) -> ColumnElement[str]:
    """What of all that may change from day to day."""
    urgent, other = (_confirmed(row, literal_column(each)) for each in ("true", "false"))
    return func.concat(func.left(urgent, 1), func.left(other, 1))


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
        "freshness_by_purpose": Computed(_by_purpose, tag_as=_letters),
        "channels": Computed(_channels, tagged=False),
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
    renditions=CARDS,
)
FOCAL_POINTS.outputs["successor"] = Ref(FOCAL_POINTS)
PERSONS.reverse["focal_points"] = Reverse(
    lambda: FOCAL_POINTS,
    lambda person, focal_point: focal_point.c.person_id == person.c.id,
    "person",
    "Focal points for which the person answers.",
)
