"""What is stored of an item of another framework."""

from datetime import date
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Recorded


class FrameworkItem(Recorded, Base):
    """An item; `goals` is mirrored by `framework_item_goals`."""

    __tablename__ = "framework_items"
    __table_args__ = (
        CheckConstraint("end_date is null or start_date is null or end_date >= start_date", name="end_date"),
    )

    framework: Mapped[str]
    title: Mapped[str]
    summary: Mapped[str | None]
    body_id: Mapped[UUID | None] = mapped_column(ForeignKey("organisations.id"), index=True)
    countries: Mapped[list[str]] = mapped_column(server_default=text("'{}'"), info={"code_of": "countries"})
    start_date: Mapped[date | None]
    end_date: Mapped[date | None]
    goals: Mapped[str] = mapped_column(JSONB, server_default=text("'[]'"))
    sources: Mapped[str] = mapped_column(JSONB, server_default=text("'[]'"))


class FrameworkItemGoal(Base):
    """The goals of the plan that an item touches; filled by a trigger."""

    __tablename__ = "framework_item_goals"
    __table_args__ = {"info": {"mirrors": "framework_items"}}

    framework_item_id: Mapped[UUID] = mapped_column(
        ForeignKey("framework_items.id", ondelete="cascade"), primary_key=True
    )
    field: Mapped[str] = mapped_column(primary_key=True)
    goal_id: Mapped[UUID] = mapped_column(ForeignKey("goals.id"), primary_key=True, index=True)
