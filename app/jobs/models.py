"""What is stored of a job. Not a record: the journal says what a job has changed, not that there was one."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import BYTEA, JSON, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base

STATES = ("waiting", "running", "succeeded", "failed", "cancelled")


class Job(Base):
    """A file that was accepted, how it is to be loaded, and what became of it."""

    __tablename__ = "jobs"
    __table_args__ = (
        CheckConstraint(f"state in {STATES}", name="state"),
        CheckConstraint("(finished_at is null) = (state in ('waiting', 'running'))", name="finished_at"),
        Index("ix_jobs_caller_id", "caller_id", "id"),
        Index("ix_jobs_unfinished", "id", postgresql_where=text("finished_at is null")),
        Index("ix_jobs_finished_at", "finished_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=text("uuidv7()"))
    caller_id: Mapped[UUID]
    collection: Mapped[str]
    request: Mapped[Any] = mapped_column(JSONB)
    """What was asked beside the file: query, media type, charset, plan, request id, reason."""
    state: Mapped[str] = mapped_column(server_default=text("'waiting'"))
    step: Mapped[str] = mapped_column(server_default=text("'reading'"))
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    bytes: Mapped[int] = mapped_column(BigInteger)
    bytes_read: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    rows_read: Mapped[int] = mapped_column(server_default=text("0"))
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    due_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    """Not to be taken up before: after a failure that may pass."""
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    status: Mapped[int | None]
    """That the answer would have had."""
    report: Mapped[Any | None] = mapped_column(JSON)
    refused_type: Mapped[str | None]
    """Media type of the refused rows, if there are any."""


class JobPiece(Base):
    """A part of the file of a job, or of its refused rows."""

    __tablename__ = "job_pieces"
    __table_args__ = (CheckConstraint("part in ('file', 'refused')", name="part"),)

    job_id: Mapped[UUID] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    part: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    content: Mapped[bytes] = mapped_column(BYTEA)
