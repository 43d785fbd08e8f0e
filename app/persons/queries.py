"""How persons are read, and who sees what of them."""

from sqlalchemy import Boolean, Uuid, cast, column, func, literal_column, not_, or_, select, table
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.types import Text

from app.access.permissions import Permission
from app.access.policies import Guarded
from app.collection.collection import Collection, Rule
from app.collection.projection import Personal, Ref, Row
from app.journal import CHANGES
from app.organisations.queries import ORGANISATIONS
from app.persons.models import Person
from app.persons.schemas import Person as PersonSchema

_GUARD = Guarded("persons", "persons", owner="country")
_NOW = table("persons", column("id", Uuid), column("restricted", Boolean), schema="public")
"""The entries of today, also where the past is read under the names of the present."""
_OFFICES = table("focal_points", column("person_id", Uuid), column("country", Text))
MAY_READ: ColumnElement[bool] = literal_column(_GUARD.any_of(Permission.READ_CONTACTS))
"""Whether the caller sees the people behind offices."""


def _reachable(row: Row) -> ColumnElement[bool]:
    """Mail and telephone are shown: to who keeps the entry, to all that see it, or to whom they were just revealed.

    What is restricted now is so in its earlier versions and in the past, too; of one that is gone, what it last was
    counts.
    """
    now, last = _NOW.alias(), CHANGES.alias()
    by_now = select(now.c.restricted).where(now.c.id == row.c.id).correlate(row).scalar_subquery()
    at_last = (
        select(cast(last.c.record.op("->>")("restricted"), Boolean))
        .where(last.c.record_id == row.c.id, last.c.kind == "persons")
        .order_by(last.c.version.desc())
        .limit(literal_column("1"))
        .correlate(row)
        .scalar_subquery()
    )
    restricted = or_(row.c.restricted, func.coalesce(by_now, at_last, False))
    own = or_(
        literal_column(_GUARD.any_of(Permission.READ_DRAFTS)),
        row.c.country == literal_column(_GUARD.country_of(Permission.READ_DRAFTS)),
    )
    revealed = cast(row.c.id, Text) == func.current_setting("register.revealed", True)
    return or_(not_(restricted), func.coalesce(own, False), func.coalesce(revealed, False))


def _of_an_office_elsewhere(row: Row) -> ColumnElement[bool]:
    elsewhere = (_OFFICES.c.person_id == row.c.id) & (_OFFICES.c.country != row.c.country)
    return select(_OFFICES.c.person_id).where(elsewhere).correlate(row).exists()


PERSONS = Collection(
    Person,
    PersonSchema,
    singular="person",
    owner="country",
    drafts=True,
    reads=Permission.READ_CONTACTS,
    shared=Permission.READ_CONTACTS,
    personal=Personal(("email", "phone"), _reachable),
    sources={"organisation": Ref(ORGANISATIONS)},
    rules=(
        Rule(
            "person_elsewhere",
            "The person answers for an office of another country.",
            "country",
            _of_an_office_elsewhere,
            of_new=False,
        ),
    ),
    sorts=("country", "display", "sort_as", "keep_until"),
    default_sort="sort_as",
)
