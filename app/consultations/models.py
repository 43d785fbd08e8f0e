"""What is stored of a consultation."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, SmallInteger, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Recorded


class Consultation(Recorded, Base):
    """A meeting, by its number, and the period on which it is reported to."""

    __tablename__ = "consultations"
    __table_args__ = (
        CheckConstraint("number > 0", name="number"),
        CheckConstraint("status in ('planned', 'held', 'postponed', 'cancelled')", name="status"),
        CheckConstraint("date_precision in ('day', 'month', 'year', 'unknown')", name="date_precision_word"),
        CheckConstraint("(start_date is null) = (date_precision = 'unknown')", name="date_precision"),
        CheckConstraint(
            "end_date is null or (start_date is not null and end_date >= start_date)", name="end_date"
        ),
        CheckConstraint("mode in ('in_person', 'online', 'hybrid')", name="mode"),
        CheckConstraint("country ~ '^[A-Z]{2}$'", name="country"),
        CheckConstraint(
            "period_end is null or period_start is null or period_end >= period_start", name="period_end"
        ),
    )

    number: Mapped[int] = mapped_column(SmallInteger, unique=True)
    title: Mapped[str]
    status: Mapped[str]
    start_date: Mapped[date | None]
    end_date: Mapped[date | None]
    date_precision: Mapped[str]
    mode: Mapped[str | None]
    city: Mapped[str | None]
    country: Mapped[str | None] = mapped_column(info={"code_of": "countries"})
    period_start: Mapped[date | None]
    period_end: Mapped[date | None]
    event_id: Mapped[UUID | None] = mapped_column(ForeignKey("events.id"), index=True)
    summary: Mapped[str | None]
    frozen_at: Mapped[datetime | None]
    report_hash: Mapped[str | None]
    sources: Mapped[str] = mapped_column(JSONB, server_default=text("'[]'"))
