"""What travels of why an activity has its status."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from app.activities.schemas import ActivityStatus
from app.collection.values import CountryCode
from app.report_lines.schemas import Response
from app.status_reports.explaining import REASONS
from app.status_reports.schemas import Address, Answer, Reporter, Text

_ID = "019aa5d0-6b7c-7c3e-9c39-0d1f5b3a7e11"


class DatedEvent(Answer):
    """An event from which a status follows."""

    id: UUID = Field(description="Its id.", examples=[_ID])
    title: Text = Field(description="Its title.", examples=["Opening seminar"])
    status: Annotated[str, Field(max_length=40)] = Field(description="Where it stands.", examples=["planned"])
    start_date: date = Field(description="First day.", examples=["2026-12-01"])
    end_date: date | None = Field(description="Last day.", examples=[None])
    href: Address = Field(description="Its address.", examples=[f"/v1/events/{_ID}"])


class SaidStatus(Answer):
    """What a report says of the status of an activity."""

    consultation: int = Field(
        ge=1, le=32_767, description="The Consultation.", examples=[2], json_schema_extra={"format": "int32"}
    )
    country: CountryCode | None = Field(description="The country that reports.", examples=["TH"])
    organisation: Annotated[str, Field(max_length=40)] | None = Field(
        description="The body that reports.", examples=[None]
    )
    state: Reporter = Field(description="State of its report.", examples=["accepted"])
    response: Response = Field(description="Its answer.", examples=["reported"])
    status: ActivityStatus | None = Field(description="The status it reports.", examples=["ongoing"])
    href: Address = Field(description="The line.", examples=[f"/v1/report-lines/{_ID}"])


class WhyStatus(Answer):
    """Why an activity has the status that it has."""

    id: UUID = Field(description="The activity.", examples=[_ID])
    href: Address = Field(description="Its address.", examples=[f"/v1/activities/{_ID}"])
    status: ActivityStatus = Field(description="As reported.", examples=["planned"])
    status_reported_by: Annotated[str, Field(max_length=40)] | None = Field(
        description="Who reported it.", examples=["TH-MOJ"]
    )
    status_reported_on: date | None = Field(description="When.", examples=["2026-10-01"])
    status_period: Text | None = Field(description="For which period.", examples=["2025-11-01/2026-10-31"])
    derived_status: ActivityStatus = Field(description="As dates and events have it.", examples=["ongoing"])
    because: Literal[
        "end_date_passed",
        "start_date_reached",
        "event_held",
        "start_date_ahead",
        "event_ahead",
        "nothing_dated",
    ] = Field(
        description="From what the derived status follows: "
        + " ".join(f"`{word}`: {text}" for word, text in REASONS.items()),
        examples=["start_date_reached"],
    )
    today: date = Field(description="The day on which it was looked at.", examples=["2026-11-24"])
    start_date: date | None = Field(description="First day of the activity.", examples=["2026-11-01"])
    end_date: date | None = Field(description="Last day of the activity.", examples=["2027-03-31"])
    conflicts: Annotated[list[Annotated[str, Field(max_length=60)]], Field(max_length=10)] = Field(
        description="What contradicts what.", examples=[["reported_planned_dates_say_ongoing"]]
    )
    events: Annotated[list[DatedEvent], Field(max_length=100)] = Field(
        description="Events under it that count, earliest first.", examples=[[]]
    )
    reported: Annotated[list[SaidStatus], Field(max_length=10_000)] = Field(
        description="What reports say of it, latest Consultation first.", examples=[[]]
    )
