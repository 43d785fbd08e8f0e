"""Callers' own keys, `system:key`: mirrored from every record by a trigger, so that each is unique in its kind."""

from uuid import UUID

from sqlalchemy import Table
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base


class OwnKeyOf(Base):
    """An own key and the record that it stands for."""

    __tablename__ = "own_keys"

    kind: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    record_id: Mapped[UUID] = mapped_column(index=True)


OWN_KEYS: Table = OwnKeyOf.__table__  # type: ignore[assignment]
