"""What is stored of an area."""

from sqlalchemy import CheckConstraint, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Recorded


class Area(Recorded, Base):
    """A heading of the plan's table."""

    __tablename__ = "areas"
    __table_args__ = (CheckConstraint("number > 0", name="number"),)

    number: Mapped[int] = mapped_column(SmallInteger, unique=True)
    title: Mapped[str]
