"""What is stored of a decision."""

from datetime import date
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Recorded, dated

KIND_WORDS = ("amendment", "activity", "follow_up", "other")


class Decision(Recorded, Base):
    """A decision of a Consultation. It is open until a later one closes it."""

    __tablename__ = "decisions"
    __table_args__ = (
        CheckConstraint(f"kind in {KIND_WORDS!r}", name="kind"),
        CheckConstraint("(closed_at_id is null) = (outcome is null)", name="outcome"),
        Index("ix_decisions_due_on", dated("due_on", "infinity"), "id"),
        Index("ix_decisions_due_on_desc", dated("due_on", "-infinity"), "id"),
    )

    code: Mapped[str | None] = mapped_column(unique=True)
    consultation_id: Mapped[UUID] = mapped_column(ForeignKey("consultations.id"), index=True)
    agenda_item: Mapped[str | None]
    title: Mapped[str]
    text: Mapped[str | None]
    kind: Mapped[str]
    amendment_id: Mapped[UUID | None] = mapped_column(ForeignKey("amendments.id"), index=True)
    activity_id: Mapped[UUID | None] = mapped_column(ForeignKey("activities.id"), index=True)
    responsible_id: Mapped[UUID | None] = mapped_column(ForeignKey("organisations.id"), index=True)
    countries: Mapped[list[str]] = mapped_column(server_default=sql("'{}'"), info={"code_of": "countries"})
    due_on: Mapped[date | None]
    closed_at_id: Mapped[UUID | None] = mapped_column(ForeignKey("consultations.id"), index=True)
    outcome: Mapped[str | None]
