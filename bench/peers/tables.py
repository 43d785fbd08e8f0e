"""The tables of the register as SQLAlchemy models, the way an application of this size writes them."""

import os
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, ForeignKey, Text, func, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TSVECTOR
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

ADDRESS = os.environ["DATABASE_URL"].replace("postgresql://", "postgresql+asyncpg://")
POOL = int(os.environ["POOL"])
engine = create_async_engine(
    ADDRESS, pool_size=POOL, max_overflow=0, connect_args={"statement_cache_size": 1024}
)
Session = async_sessionmaker(engine, expire_on_commit=False)


class Base(DeclarativeBase):
    type_annotation_map = {
        str: Text(), datetime: DateTime(timezone=True), list[str]: ARRAY(Text()), list[Any]: JSONB,
    }  # fmt: skip


class Kept:
    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=text("uuidv7()"))
    keys: Mapped[list[str]] = mapped_column(server_default=text("'{}'"))
    version: Mapped[int] = mapped_column(server_default=text("1"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Goal(Base):
    __tablename__ = "goals"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int]


class Organisation(Base):
    __tablename__ = "organisations"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str]


class Event(Kept, Base):
    __tablename__ = "events"
    title: Mapped[str]
    kind: Mapped[str]
    status: Mapped[str]
    start_date: Mapped[date | None]
    end_date: Mapped[date | None]
    date_precision: Mapped[str]
    mode: Mapped[str | None]
    city: Mapped[str | None]
    country: Mapped[str | None]
    countries: Mapped[list[str]] = mapped_column(server_default=text("'{}'"))
    goals: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"))
    activities: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"))
    organisations: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"))
    summary: Mapped[str | None]
    outcome: Mapped[str | None]
    registered: Mapped[int | None]
    attended: Mapped[int | None]
    aliases: Mapped[list[str]] = mapped_column(server_default=text("'{}'"))
    former_dates: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"))
    note: Mapped[str | None]
    sources: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"))


class Activity(Kept, Base):
    __tablename__ = "activities"
    code: Mapped[str | None]
    title: Mapped[str]
    goal_id: Mapped[UUID] = mapped_column(ForeignKey("goals.id"))
    lead_id: Mapped[UUID | None] = mapped_column(ForeignKey("organisations.id"))
    countries: Mapped[list[str]] = mapped_column(server_default=text("'{}'"))
    start_date: Mapped[date | None]
    end_date: Mapped[date | None]
    status: Mapped[str]
    description: Mapped[str | None]
    goal: Mapped[Goal] = relationship()
    lead: Mapped[Organisation | None] = relationship()


class SearchText(Base):
    __tablename__ = "search_texts"
    record_id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    title: Mapped[str]
    words: Mapped[str] = mapped_column(TSVECTOR, deferred=True)
