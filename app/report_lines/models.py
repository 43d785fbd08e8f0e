"""What is stored of a line."""

from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.activities.models import STATUS_WORDS
from app.db import Base, Recorded


class ReportLine(Recorded, Base):
    """A line of a report. A trigger refuses changes while the report is not open or returned."""

    __tablename__ = "report_lines"
    __table_args__ = (
        UniqueConstraint("report_id", "activity_id"),
        CheckConstraint(
            "response in ('reported', 'nothing_to_report', 'not_reported', 'not_applicable')", name="response"
        ),
        CheckConstraint("(response = 'reported') = (status is not null)", name="status_if_reported"),
        CheckConstraint(f"status in {STATUS_WORDS!r}", name="status"),
        CheckConstraint("response <> 'not_applicable' or narrative is not null", name="narrative"),
        CheckConstraint("participants >= 0", name="participants"),
    )

    report_id: Mapped[UUID] = mapped_column(ForeignKey("progress_reports.id"))
    activity_id: Mapped[UUID] = mapped_column(ForeignKey("activities.id"), index=True)
    country: Mapped[str | None] = mapped_column(info={"code_of": "countries"})
    """Whose report it is in; kept by a trigger, as is the visibility."""
    visibility: Mapped[str] = mapped_column(server_default=text("'own'"))
    response: Mapped[str]
    status: Mapped[str | None]
    narrative: Mapped[str | None]
    results: Mapped[list[str]] = mapped_column(server_default=text("'{}'"))
    participants: Mapped[int | None]
    obstacles: Mapped[str | None]
    next_steps: Mapped[str | None]
    funding: Mapped[str] = mapped_column(JSONB, server_default=text("'[]'"))
