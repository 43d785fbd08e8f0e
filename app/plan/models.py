"""What is stored of the plan itself; areas, goals and activities have their own folders."""

from datetime import date

from sqlalchemy import Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Recorded


class Plan(Recorded, Base):
    """The one plan."""

    __tablename__ = "plans"
    __table_args__ = (Index("uq_plans_only_one", text("(true)"), unique=True),)

    title: Mapped[str]
    preamble: Mapped[list[str]]
    adopted_on: Mapped[date | None]
    adoption_note: Mapped[str | None]
    endorsed_on: Mapped[date | None]
    endorsed_at: Mapped[str | None]
    editorial_notes: Mapped[str] = mapped_column(JSONB, server_default=text("'[]'"))
    sources: Mapped[str] = mapped_column(JSONB, server_default=text("'[]'"))
