"""Callers' own keys, `system:key`: mirrored from every record by a trigger, so that each is unique in its kind."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from sqlalchemy import BindParameter, Table, any_, select
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.sql.elements import ColumnElement

from app.collection.fields import Kind
from app.collection.projection import Filter, Row, Source
from app.db import Base


class OwnKeyOf(Base):
    """An own key and the record that it stands for."""

    __tablename__ = "own_keys"

    kind: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    record_id: Mapped[UUID] = mapped_column(index=True)


OWN_KEYS: Table = OwnKeyOf.__table__  # type: ignore[assignment]

OWN_KEY = "own key"
"""Stands where a column is named: the record is looked for by a caller's key."""

SYSTEM, KEY = "[a-z0-9][a-z0-9-]{0,39}", "[A-Za-z0-9][A-Za-z0-9._-]{0,119}"
_WRITTEN = re.compile(f"{SYSTEM}:{KEY}")


def is_own_key(written: str) -> bool:
    """Whether a text has the form `system:key`."""
    return _WRITTEN.fullmatch(written) is not None


def record_of(kind: str, key: ColumnElement[Any]) -> ColumnElement[UUID]:
    """The id of the record that an own key stands for."""
    own = OWN_KEYS.alias()
    found = select(own.c.record_id).where(own.c.kind == kind, own.c.key == key)
    return found.scalar_subquery()


@dataclass(frozen=True)
class Keys(Source):
    """The field `keys`. Whose keys are among some is looked up in the mirror, which has the index."""

    of: str
    """The kind of record."""

    def filters(
        self, name: str, kind: Kind | None, description: str, *, deep: bool = True
    ) -> Iterator[tuple[str, Filter]]:
        for path, known in super().filters(name, kind, description, deep=deep):

            def build(
                row: Row, operator: str, value: BindParameter[Any], known: Filter = known
            ) -> ColumnElement[bool]:
                if operator != "has":
                    return known.build(row, operator, value)
                own = OWN_KEYS.alias()
                return row.c.id.in_(
                    select(own.c.record_id).where(own.c.kind == self.of, own.c.key == any_(value))
                )

            yield path, replace(known, build=build)
