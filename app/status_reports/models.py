"""What is stored of a frozen status report: the very text, and the very files, that are answered for ever after."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, LargeBinary, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base


class FrozenReport(Base):
    """The report of one Consultation. A trigger keeps it as it is; its digest stands in the Consultation, and so in
    the journal.
    """

    __tablename__ = "frozen_reports"

    consultation_id: Mapped[UUID] = mapped_column(
        ForeignKey("consultations.id", ondelete="restrict"), primary_key=True
    )
    position: Mapped[int] = mapped_column(BigInteger)
    content: Mapped[str]
    frozen_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class FrozenFile(Base):
    """A file of a frozen report, as it was first asked for: later versions of the programs might make other bytes."""

    __tablename__ = "frozen_files"

    consultation_id: Mapped[UUID] = mapped_column(
        ForeignKey("frozen_reports.consultation_id", ondelete="restrict"), primary_key=True
    )
    name: Mapped[str] = mapped_column(primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)
    made_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
