"""What is stored of a focal point: the office. Of a person only who it is; personal data stands with persons."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Recorded


class FocalPoint(Recorded, Base):
    """An office, for a country and purposes, for a time."""

    __tablename__ = "focal_points"
    __table_args__ = (
        CheckConstraint("country ~ '^[A-Z]{2}$'", name="country"),
        CheckConstraint("cardinality(purposes) > 0", name="purposes"),
        CheckConstraint(
            "valid_until is null or valid_from is null or valid_until >= valid_from", name="valid_until"
        ),
        CheckConstraint("successor_id <> id", name="successor"),
        CheckConstraint("visibility in ('public', 'partners', 'own')", name="visibility"),
        Index("ix_focal_points_country", "country", "id"),
        Index(
            "ix_focal_points_visibility", "visibility", "id", postgresql_where=text("visibility <> 'public'")
        ),
        Index("ix_focal_points_created_at", "created_at", "id"),
        Index("ix_focal_points_updated_at", "updated_at", "id"),
        Index("ix_focal_points_purposes", "purposes", postgresql_using="gin"),
    )

    country: Mapped[str] = mapped_column(info={"code_of": "countries"})
    organisation_id: Mapped[UUID | None] = mapped_column(ForeignKey("organisations.id"), index=True)
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"), index=True)
    purposes: Mapped[list[str]]
    office: Mapped[str] = mapped_column(JSONB)
    valid_from: Mapped[date | None]
    valid_until: Mapped[date | None]
    successor_id: Mapped[UUID | None] = mapped_column(ForeignKey("focal_points.id"), index=True)
    verified_at: Mapped[datetime | None]
    verified_by: Mapped[str | None]
    confirmed_by: Mapped[str | None]
    """Always empty: a trigger makes of it who verified the entry, and when."""
    bounced: Mapped[bool] = mapped_column(server_default=text("false"))
    phone_bounced: Mapped[bool] = mapped_column(server_default=text("false"))
    note: Mapped[str | None]
    visibility: Mapped[str] = mapped_column(server_default=text("'public'"))
