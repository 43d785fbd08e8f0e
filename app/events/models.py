"""What is stored of an event."""

from datetime import date
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Recorded, dated

STATUS_WORDS = ("proposed", "planned", "ongoing", "implemented", "suspended", "postponed", "cancelled")


class Event(Recorded, Base):
    """A dated occurrence. Link columns hold `[{"id", …}]`; the `event_…` tables mirror them with keys."""

    __tablename__ = "events"
    __table_args__ = (
        CheckConstraint("(start_date is null) = (date_precision = 'unknown')", name="date_precision"),
        CheckConstraint("end_date is null or end_date >= start_date", name="end_date"),
        CheckConstraint("end_date is null or start_date is not null", name="end_without_start"),
        CheckConstraint("date_precision in ('day', 'month', 'year', 'unknown')", name="date_precision_word"),
        CheckConstraint("mode in ('in_person', 'online', 'hybrid')", name="mode"),
        CheckConstraint(f"status in {STATUS_WORDS!r}", name="status"),
        CheckConstraint("country ~ '^[A-Z]{2}$'", name="country"),
        CheckConstraint("registered >= 0", name="registered"),
        CheckConstraint("owner ~ '^[A-Z]{2}$'", name="owner"),
        CheckConstraint("visibility in ('public', 'partners', 'own')", name="visibility"),
        CheckConstraint("attended >= 0", name="attended"),
        Index("ix_events_start_date", dated("start_date", "infinity"), "id"),
        Index("ix_events_start_date_desc", dated("start_date", "-infinity"), "id"),
        Index("ix_events_end_date", dated("end_date", "infinity"), "id"),
        Index("ix_events_end_date_desc", dated("end_date", "-infinity"), "id"),
        Index("ix_events_title", text("left(title, 250)"), "id"),
        Index("ix_events_created_at", "created_at", "id"),
        Index("ix_events_updated_at", "updated_at", "id"),
        Index("ix_events_countries", "countries", postgresql_using="gin"),
        Index("ix_events_owner", "owner", "id", postgresql_where=text("owner IS NOT NULL")),
        Index("ix_events_visibility", "visibility", "id", postgresql_where=text("visibility <> 'public'")),
        Index("ix_events_kind", "kind", "id"),
        Index("ix_events_status", "status", "id"),
        Index("ix_events_country", "country", "id"),
    )

    title: Mapped[str]
    kind: Mapped[str]
    status: Mapped[str]
    start_date: Mapped[date | None]
    end_date: Mapped[date | None]
    date_precision: Mapped[str]
    mode: Mapped[str | None]
    city: Mapped[str | None]
    country: Mapped[str | None] = mapped_column(info={"code_of": "countries"})
    countries: Mapped[list[str]] = mapped_column(server_default=text("'{}'"), info={"code_of": "countries"})
    goals: Mapped[str] = mapped_column(JSONB, server_default=text("'[]'"))
    activities: Mapped[str] = mapped_column(JSONB, server_default=text("'[]'"))
    organisations: Mapped[str] = mapped_column(JSONB, server_default=text("'[]'"))
    funding: Mapped[str] = mapped_column(JSONB, server_default=text("'[]'"))
    summary: Mapped[str | None]
    outcome: Mapped[str | None]
    registered: Mapped[int | None]
    attended: Mapped[int | None]
    aliases: Mapped[list[str]] = mapped_column(server_default=text("'{}'"))
    former_dates: Mapped[str] = mapped_column(JSONB, server_default=text("'[]'"))
    note: Mapped[str | None]
    sources: Mapped[str] = mapped_column(JSONB, server_default=text("'[]'"))
    owner: Mapped[str | None] = mapped_column(info={"code_of": "countries"})
    visibility: Mapped[str] = mapped_column(server_default=text("'public'"))


class EventGoal(Base):
    """The goals that an event serves; filled by a trigger."""

    __tablename__ = "event_goals"
    __table_args__ = {"info": {"mirrors": "events"}}

    event_id: Mapped[UUID] = mapped_column(ForeignKey("events.id", ondelete="cascade"), primary_key=True)
    field: Mapped[str] = mapped_column(primary_key=True)
    goal_id: Mapped[UUID] = mapped_column(ForeignKey("goals.id"), primary_key=True, index=True)


class EventActivity(Base):
    """The activities that an event serves; filled by a trigger."""

    __tablename__ = "event_activities"
    __table_args__ = {"info": {"mirrors": "events"}}

    event_id: Mapped[UUID] = mapped_column(ForeignKey("events.id", ondelete="cascade"), primary_key=True)
    field: Mapped[str] = mapped_column(primary_key=True)
    activity_id: Mapped[UUID] = mapped_column(ForeignKey("activities.id"), primary_key=True, index=True)


class EventOrganisation(Base):
    """The organisations that take part in an event; filled by a trigger."""

    __tablename__ = "event_organisations"
    __table_args__ = {"info": {"mirrors": "events"}}

    event_id: Mapped[UUID] = mapped_column(ForeignKey("events.id", ondelete="cascade"), primary_key=True)
    field: Mapped[str] = mapped_column(primary_key=True)
    organisation_id: Mapped[UUID] = mapped_column(
        ForeignKey("organisations.id"), primary_key=True, index=True
    )
