"""What is stored of an organisation."""

from datetime import date
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Recorded


class Organisation(Recorded, Base):
    """A body, by its permanent code."""

    __tablename__ = "organisations"
    __table_args__ = (
        CheckConstraint("country ~ '^[A-Z]{2}$'", name="country"),
        CheckConstraint(
            "valid_until is null or valid_from is null or valid_until >= valid_from", name="valid_until"
        ),
        CheckConstraint("parent_id <> id", name="parent"),
        Index("ix_organisations_kind", "kind", "id"),
        Index("ix_organisations_name", text("left(name, 250)"), "id"),
        Index("ix_organisations_created_at", "created_at", "id"),
        Index("ix_organisations_updated_at", "updated_at", "id"),
    )

    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    kind: Mapped[str]
    country: Mapped[str | None] = mapped_column(index=True, info={"code_of": "countries"})
    parent_id: Mapped[UUID | None] = mapped_column(ForeignKey("organisations.id"), index=True)
    former_names: Mapped[str] = mapped_column(JSONB, server_default=text("'[]'"))
    valid_from: Mapped[date | None]
    valid_until: Mapped[date | None]
    website: Mapped[str | None]
    note: Mapped[str | None]
    sources: Mapped[str] = mapped_column(JSONB, server_default=text("'[]'"))
