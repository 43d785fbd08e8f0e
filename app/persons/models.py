"""What is stored of a person. No other table holds personal data; the journal's images of this one can be erased."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Recorded


class Person(Recorded, Base):
    """Somebody who answers for an office."""

    __tablename__ = "persons"
    __table_args__ = (
        CheckConstraint("country ~ '^[A-Z]{2}$'", name="country"),
        CheckConstraint("visibility in ('partners', 'own')", name="visibility"),
        CheckConstraint(
            "legal_basis in ('official_duty', 'legal_obligation', 'agreement', 'consent')", name="legal_basis"
        ),
        Index("ix_persons_country", "country", "id"),
        Index("ix_persons_display", text("left(display, 250)"), "id"),
        Index("ix_persons_sort_as", text("left(sort_as, 250)"), "id"),
        Index("ix_persons_keep_until", "keep_until", "id"),
        Index("ix_persons_created_at", "created_at", "id"),
        Index("ix_persons_updated_at", "updated_at", "id"),
    )

    country: Mapped[str] = mapped_column(info={"code_of": "countries"})
    organisation_id: Mapped[UUID | None] = mapped_column(ForeignKey("organisations.id"), index=True)
    display: Mapped[str]
    romanised: Mapped[str | None]
    sort_as: Mapped[str]
    """Where nothing is said: the romanised name, else the name. Kept by a trigger, as is the next."""
    title: Mapped[str | None]
    email: Mapped[str | None]
    phone: Mapped[str | None]
    languages: Mapped[list[str]] = mapped_column(server_default=text("'{}'"))
    held_for: Mapped[str | None]
    legal_basis: Mapped[str] = mapped_column(server_default=text("'official_duty'"))
    keep_until: Mapped[date]
    restricted: Mapped[bool] = mapped_column(server_default=text("false"))
    bounced: Mapped[bool] = mapped_column(server_default=text("false"))
    phone_bounced: Mapped[bool] = mapped_column(server_default=text("false"))
    """Until there is another address or number; a trigger sees to that."""
    visibility: Mapped[str] = mapped_column(server_default=text("'partners'"))


class Reveal(Base):
    """Mail and telephone of a person were shown to a key, for a reason. Kept as long as the person."""

    __tablename__ = "reveals"

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=text("uuidv7()"))
    person_id: Mapped[UUID] = mapped_column(index=True)
    at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    key_id: Mapped[UUID]
    request_id: Mapped[str]
    reason: Mapped[str]
