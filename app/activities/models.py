"""What is stored of an activity, and how its status is derived from dates and events."""

from datetime import date
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Recorded, dated

STATUS_WORDS = ("proposed", "planned", "ongoing", "implemented", "suspended", "cancelled")


class Activity(Recorded, Base):
    """An activity. Link columns hold `[{"id", "code", ...}]`; `activity_organisations` mirrors them with keys."""

    __tablename__ = "activities"
    __table_args__ = (
        CheckConstraint("origin in ('plan', 'member')", name="origin"),
        CheckConstraint("origin = 'member' or (code is not null and parent_id is null)", name="plan_code"),
        CheckConstraint("parent_id <> id", name="parent"),
        CheckConstraint("end_date is null or start_date is null or end_date >= start_date", name="end_date"),
        CheckConstraint(f"status in {STATUS_WORDS!r}", name="status"),
        CheckConstraint("owner ~ '^[A-Z]{2}$'", name="owner"),
        CheckConstraint("visibility in ('public', 'partners', 'own')", name="visibility"),
        Index("ix_activities_start_date", dated("start_date", "infinity"), "id"),
        Index("ix_activities_start_date_desc", dated("start_date", "-infinity"), "id"),
        Index("ix_activities_end_date", dated("end_date", "infinity"), "id"),
        Index("ix_activities_end_date_desc", dated("end_date", "-infinity"), "id"),
        Index("ix_activities_title", text("left(title, 250)"), "id"),
        Index("ix_activities_created_at", "created_at", "id"),
        Index("ix_activities_updated_at", "updated_at", "id"),
        Index("ix_activities_countries", "countries", postgresql_using="gin"),
        Index("ix_activities_owner", "owner", "id", postgresql_where=text("owner IS NOT NULL")),
        Index("ix_activities_parent_id", "parent_id", postgresql_where=text("parent_id IS NOT NULL")),
        Index(
            "ix_activities_status_reported_by_id",
            "status_reported_by_id",
            postgresql_where=text("status_reported_by_id IS NOT NULL"),
        ),
        Index(
            "ix_activities_visibility", "visibility", "id", postgresql_where=text("visibility <> 'public'")
        ),
    )

    code: Mapped[str | None] = mapped_column(unique=True)
    origin: Mapped[str] = mapped_column(server_default=text("'member'"))
    goal_id: Mapped[UUID] = mapped_column(ForeignKey("goals.id"))
    parent_id: Mapped[UUID | None] = mapped_column(ForeignKey("activities.id"))
    title: Mapped[str]
    sub_items: Mapped[list[str]] = mapped_column(server_default=text("'{}'"))
    description: Mapped[str | None]
    lead_id: Mapped[UUID | None] = mapped_column(ForeignKey("organisations.id"), index=True)
    partners: Mapped[str] = mapped_column(JSONB, server_default=text("'[]'"))
    consulted_bodies: Mapped[str] = mapped_column(JSONB, server_default=text("'[]'"))
    countries: Mapped[list[str]] = mapped_column(server_default=text("'{}'"), info={"code_of": "countries"})
    start_date: Mapped[date | None]
    end_date: Mapped[date | None]
    funding: Mapped[str] = mapped_column(JSONB, server_default=text("'[]'"))
    outputs: Mapped[list[str]] = mapped_column(server_default=text("'{}'"))
    links: Mapped[str] = mapped_column(JSONB, server_default=text("'[]'"))
    status: Mapped[str] = mapped_column(server_default=text("'proposed'"))
    status_reported_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("organisations.id"))
    status_reported_on: Mapped[date | None]
    status_period: Mapped[str | None]
    editorial_notes: Mapped[str] = mapped_column(JSONB, server_default=text("'[]'"))
    retired_on: Mapped[date | None]
    owner: Mapped[str | None] = mapped_column(info={"code_of": "countries"})
    visibility: Mapped[str] = mapped_column(server_default=text("'public'"))


Index("ix_activities_goal_id", Activity.goal_id, Activity.id)
Index("ix_activities_status", Activity.status, Activity.id)


class ActivityOrganisation(Base):
    """The organisations that an activity names; filled by a trigger, so that the database holds the references."""

    __tablename__ = "activity_organisations"
    __table_args__ = {"info": {"mirrors": "activities"}}

    activity_id: Mapped[UUID] = mapped_column(
        ForeignKey("activities.id", ondelete="cascade"), primary_key=True
    )
    field: Mapped[str] = mapped_column(primary_key=True)
    organisation_id: Mapped[UUID] = mapped_column(
        ForeignKey("organisations.id"), primary_key=True, index=True
    )
