"""What travels, as Pydantic models; the references of a body are looked up by number and code."""

from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

Kind = Literal["seminar", "training", "forum", "symposium", "meeting"]
Status = Literal["proposed", "planned", "ongoing", "implemented", "suspended", "postponed", "cancelled"]


class GoalLink(BaseModel):
    id: UUID | None = None
    number: int
    link: str


class Participation(BaseModel):
    id: UUID | None = None
    code: str
    role: str


class EventFields(BaseModel):
    title: str = Field(max_length=1000)
    kind: Kind
    status: Status = "planned"
    start_date: date | None = None
    end_date: date | None = None
    date_precision: Literal["day", "month", "year", "unknown"] = "day"
    mode: Literal["in_person", "online", "hybrid"] | None = None
    city: str | None = None
    country: str | None = Field(None, pattern="^[A-Z]{2}$")
    countries: list[str] = []
    goals: list[GoalLink] = []
    organisations: list[Participation] = []
    summary: str | None = None
    outcome: str | None = None
    registered: int | None = Field(None, ge=0)
    attended: int | None = Field(None, ge=0)
    note: str | None = None


class EventCreate(EventFields):
    model_config = ConfigDict(extra="forbid")


class EventUpdate(BaseModel):
    model_config = ConfigDict(extra="forbid")
    title: str | None = Field(None, max_length=1000)
    status: Status | None = None
    city: str | None = None
    registered: int | None = Field(None, ge=0)
    attended: int | None = Field(None, ge=0)
    note: str | None = None


class EventRead(EventFields):
    model_config = ConfigDict(from_attributes=True)
    id: UUID
    activities: list[Any]
    aliases: list[str]
    former_dates: list[Any]
    sources: list[Any]
    keys: list[str]
    version: int
    created_at: datetime
    updated_at: datetime


class Page(BaseModel):
    items: list[EventRead]


class Hit(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    kind: str
    id: UUID
    title: str
    score: float


class Hits(BaseModel):
    items: list[Hit]


class ByNumber(BaseModel):
    number: int


class ByCode(BaseModel):
    code: str


class ActivityUpsert(BaseModel):
    model_config = ConfigDict(extra="forbid")
    code: str = Field(max_length=40)
    title: str = Field(max_length=1000)
    goal: ByNumber
    lead: ByCode | None = None
    countries: list[str] = []
    start_date: date | None = None
    end_date: date | None = None
    status: Status = "proposed"
    description: str | None = None
