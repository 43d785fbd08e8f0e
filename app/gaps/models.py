"""What is stored of gaps: that somebody has said why one may stay, and until when."""

from datetime import date

from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import Mapped

from app.db import Base, Recorded


class GapDismissal(Recorded, Base):
    """A gap that is explained. Gaps themselves are counted, never stored."""

    __tablename__ = "gap_dismissals"
    __table_args__ = (UniqueConstraint("gap"),)

    gap: Mapped[str]
    reason: Mapped[str]
    until: Mapped[date]
