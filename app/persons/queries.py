"""How persons are read, and who sees what of them."""

from sqlalchemy import cast, func, literal_column, not_, or_, select
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.types import Text

from app.access.permissions import Permission
from app.access.policies import Guarded
from app.collection.collection import Collection
from app.collection.projection import Personal, Ref, Row
from app.organisations.queries import ORGANISATIONS
from app.persons.models import Person
from app.persons.schemas import Person as PersonSchema

_GUARD = Guarded("persons", "persons", owner="country")
MAY_READ: ColumnElement[bool] = literal_column(_GUARD.any_of(Permission.READ_CONTACTS))
"""Whether the caller sees the people behind offices."""


def _reachable(row: Row) -> ColumnElement[bool]:
    """Mail and telephone are shown: to who keeps the entry, to all that see it, or to whom they were just revealed.

    What is restricted now is so in its earlier versions, too.
    """
    now = Person.__table__.alias()
    restricted = or_(
        row.c.restricted, select(now.c.id).where(now.c.id == row.c.id, now.c.restricted).exists()
    )
    own = or_(
        literal_column(_GUARD.any_of(Permission.READ_DRAFTS)),
        row.c.country == literal_column(_GUARD.country_of(Permission.READ_DRAFTS)),
    )
    revealed = cast(row.c.id, Text) == func.current_setting("register.revealed", True)
    return or_(not_(restricted), func.coalesce(own, False), func.coalesce(revealed, False))


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
    sorts=("country", "display", "sort_as", "keep_until"),
    default_sort="sort_as",
)
