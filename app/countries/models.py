"""What is stored of a country."""

from datetime import date

from sqlalchemy import CheckConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Recorded


class Country(Recorded, Base):
    """A State, by its ISO 3166 code."""

    __tablename__ = "countries"
    __table_args__ = (
        CheckConstraint("code ~ '^[A-Z]{2}$'", name="code"),
        CheckConstraint("alpha3 ~ '^[A-Z]{3}$'", name="alpha3"),
        CheckConstraint("side in ('asean', 'japan')", name="side"),
        CheckConstraint(
            "asean_member_until is null or asean_member_until >= asean_member_since",
            name="asean_member_until",
        ),
    )

    code: Mapped[str] = mapped_column(unique=True)
    alpha3: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    side: Mapped[str | None]
    asean_member_since: Mapped[date | None]
    asean_member_until: Mapped[date | None]
    sources: Mapped[str] = mapped_column(JSONB, server_default=text("'[]'"))
