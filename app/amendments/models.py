"""What is stored of an amendment. Moves, hash and concurrences are kept by the database (`migrations/amending.py`)."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, SmallInteger, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Recorded

STATE_WORDS = ("draft", "tabled", "concurred", "in_force", "withdrawn", "lapsed")
_OF_BOTH = " and ".join(
    f"concurrences @> jsonb_build_array(jsonb_build_object('side', '{side}', 'text_hash', text_hash))"
    for side in ("asean", "japan")
)


class Amendment(Recorded, Base):
    """An amendment. Only the functions of the database write concurrences, and only they bring it into force."""

    __tablename__ = "amendments"
    __table_args__ = (
        CheckConstraint("number > 0", name="number"),
        CheckConstraint("proposed_by in ('asean', 'japan')", name="proposed_by"),
        CheckConstraint(f"state in {STATE_WORDS!r}", name="state"),
        CheckConstraint("visibility in ('public', 'partners', 'own')", name="visibility"),
        CheckConstraint("(state = 'in_force') = (took_effect_on is not null)", name="took_effect_on"),
        CheckConstraint(
            "(state in ('withdrawn', 'lapsed')) = (closed_reason is not null)", name="closed_reason"
        ),
        CheckConstraint(f"state not in ('concurred', 'in_force') or {_OF_BOTH}", name="of_both_sides"),
    )

    number: Mapped[int] = mapped_column(SmallInteger, unique=True)
    title: Mapped[str]
    rationale: Mapped[str | None]
    proposed_by: Mapped[str | None]
    consultation_id: Mapped[UUID | None] = mapped_column(ForeignKey("consultations.id"), index=True)
    effective_on: Mapped[date | None]
    changes: Mapped[str] = mapped_column(JSONB)
    state: Mapped[str] = mapped_column(server_default=text("'draft'"))
    state_since: Mapped[datetime] = mapped_column(server_default=text("now()"))
    text_hash: Mapped[str] = mapped_column(server_default=text("''"))
    concurrences: Mapped[str] = mapped_column(JSONB, server_default=text("'[]'"))
    took_effect_on: Mapped[date | None]
    closed_reason: Mapped[str | None]
    visibility: Mapped[str] = mapped_column(server_default=text("'own'"))
