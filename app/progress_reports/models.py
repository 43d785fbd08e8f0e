"""What is stored of a progress report; its lines have their own folder."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Recorded

STATE_WORDS = ("open", "submitted", "returned", "accepted", "frozen")


class ProgressReport(Recorded, Base):
    """A report, by its Consultation and who makes it. Moves between states are held by a trigger."""

    __tablename__ = "progress_reports"
    __table_args__ = (
        UniqueConstraint("consultation_id", "country"),
        UniqueConstraint("consultation_id", "organisation_id"),
        CheckConstraint("(country is null) <> (organisation_id is null)", name="reporter"),
        CheckConstraint("country ~ '^[A-Z]{2}$'", name="country"),
        CheckConstraint(f"state in {STATE_WORDS!r}", name="state"),
        CheckConstraint("(state = 'returned') = (return_reason is not null)", name="return_reason"),
    )

    consultation_id: Mapped[UUID] = mapped_column(ForeignKey("consultations.id"))
    country: Mapped[str | None] = mapped_column(info={"code_of": "countries"})
    organisation_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("organisations.id"), index=True, info={"required": True}
    )
    state: Mapped[str] = mapped_column(server_default=text("'open'"))
    visibility: Mapped[str] = mapped_column(server_default=text("'own'"))
    """Kept by a trigger: `public` once it is accepted."""
    state_since: Mapped[datetime] = mapped_column(server_default=text("now()"))
    return_reason: Mapped[str | None]
    overview: Mapped[str | None]
