"""Callers' own keys, `system:key`: mirrored from every record by a trigger, so that each is unique in its kind."""

import re
from typing import Any
from uuid import UUID

from sqlalchemy import Table, select
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.sql.elements import ColumnElement

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
