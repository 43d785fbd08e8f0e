"""What is stored of overlaps: what somebody decided about two records. Overlaps themselves are found, never stored."""

from sqlalchemy import CheckConstraint, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Recorded


class OverlapVerdict(Recorded, Base):
    """A verdict. Titles, owner, visibility and who decided are kept by a trigger."""

    __tablename__ = "overlap_verdicts"
    __table_args__ = (
        UniqueConstraint("overlap"),
        CheckConstraint("verdict in ('same', 'related', 'distinct')", name="verdict"),
    )

    overlap: Mapped[str]
    verdict: Mapped[str]
    reason: Mapped[str]
    titles: Mapped[list[str]] = mapped_column(server_default=text("'{}'"))
    """Of the two records when it was decided: a verdict holds as long as they are about the same words."""
    decided_by: Mapped[str | None]
    owner: Mapped[str | None] = mapped_column(info={"code_of": "countries"})
    """The country to which both records belong; none: the Secretariat decides."""
    visibility: Mapped[str] = mapped_column(server_default=text("'public'"))
    """That of the record that fewer people see."""
