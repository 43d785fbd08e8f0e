"""What is stored of a goal."""

from datetime import date
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, SmallInteger, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Recorded


class Goal(Recorded, Base):
    """A goal, by its number in the plan."""

    __tablename__ = "goals"
    __table_args__ = (CheckConstraint("number > 0", name="number"),)

    number: Mapped[int] = mapped_column(SmallInteger, unique=True)
    title: Mapped[str]
    sub_items: Mapped[list[str]] = mapped_column(server_default=text("'{}'"))
    area_id: Mapped[UUID | None] = mapped_column(ForeignKey("areas.id"), index=True)
    editorial_notes: Mapped[str] = mapped_column(JSONB, server_default=text("'[]'"))
    retired_on: Mapped[date | None]
