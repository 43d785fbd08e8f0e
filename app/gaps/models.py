"""What is stored of gaps: that somebody has said why one may stay, and until when."""

from datetime import date

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Recorded


class GapDismissal(Recorded, Base):
    """A gap that is explained. Gaps themselves are counted, never stored."""

    __tablename__ = "gap_dismissals"
    __table_args__ = (
        UniqueConstraint("gap"),
        CheckConstraint("visibility in ('public', 'partners', 'own')", name="visibility"),
        Index("ix_gap_dismissals_subject", text("split_part(gap, ':', 2)")),
    )

    gap: Mapped[str]
    reason: Mapped[str]
    until: Mapped[date]
    visibility: Mapped[str] = mapped_column(server_default=text("'public'"))
    """That of the record that has the gap; kept by a trigger."""
