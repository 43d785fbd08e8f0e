"""What travels of a consultation."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

from app.collection.across import across
from app.collection.days import Day, Instant
from app.collection.records import READ_ONLY, Kept, Record
from app.collection.values import (
    Country,
    DatePrecision,
    IdReference,
    Line,
    LongLine,
    Mode,
    Number,
    Paragraphs,
    Source,
)


class Consultation(Record, Kept):
    """An ASLOM-Japan Consultation: the meeting to which periodic reports on the plan are made."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "number": 9,
                    "title": "9th ASLOM-Japan Consultation (example)",
                    "start_date": "2027-10-01",
                    "date_precision": "month",
                    "period_start": "2026-10-01",
                    "period_end": "2027-09-30",
                }
            ]
        }
    )

    number: Number = Field(description="Which Consultation it is; permanent.", examples=[2])
    title: LongLine = Field(description="Title.", examples=["2nd ASLOM-Japan Consultation"])
    status: Literal["planned", "held", "postponed", "cancelled"] = Field(
        "planned", description="Where it stands.", examples=["held"]
    )
    start_date: Day | None = Field(
        None, description="First day; null only with precision `unknown`.", examples=["2022-10-01"]
    )
    end_date: Day | None = Field(None, description="Last day.", examples=[None])
    date_precision: DatePrecision = Field(
        "day", description="How exactly the date is known.", examples=["month"]
    )
    mode: Mode | None = Field(
        None, description="How people take part; null where it is not known.", examples=["in_person"]
    )
    city: Line | None = Field(None, description="City.", examples=[None])
    country: Country | None = Field(None, description="ISO 3166-1 code of the venue.", examples=["PH"])
    period_start: Day | None = Field(
        None, description="First day of the reporting period.", examples=["2021-10-01"]
    )
    period_end: Day | None = Field(
        None, description="Last day of the reporting period.", examples=["2022-09-30"]
    )
    event: IdReference | None = Field(
        None,
        description="The meeting as an event.",
        examples=[{"id": "019aa5d0-6b7c-7c3e-9c39-0d1f5b3a7e11"}],
    )
    summary: Paragraphs | None = Field(
        None,
        description="What was discussed.",
        examples=["Second round of the consultation with Japan, held within the 21st ASLOM window."],
    )
    frozen_at: Instant | None = Field(
        description="When its status report was frozen; null while it is live.",
        examples=[None],
        json_schema_extra=READ_ONLY,
    )
    report_hash: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")] | None = Field(
        description="SHA-256 of the frozen status report, as it is answered.",
        examples=[None],
        json_schema_extra=READ_ONLY,
    )
    sources: Annotated[list[Source], Field(max_length=100)] = Field(
        [],
        description="Where this is known from.",
        examples=[
            [
                {
                    "title": "Department of Justice Philippines, news item 766",
                    "url": "https://doj.gov.ph/news_article.html?newsid=766",
                }
            ]
        ],
    )

    @across("start_date", "date_precision")
    def _date_as_precise_as_said(self) -> None:
        if (self.start_date is None) != (self.date_precision == "unknown"):
            raise PydanticCustomError(
                "start_date_and_precision",
                "start_date is needed, unless date_precision is `unknown`; then it is left out.",
                {"field": "start_date"},
            )

    @across("start_date", "end_date", "period_start", "period_end")
    def _dates_in_order(self) -> None:
        if self.end_date and (self.start_date is None or self.end_date < self.start_date):
            raise PydanticCustomError(
                "end_before_start", "end_date lies before start_date.", {"field": "end_date"}
            )
        if self.period_start and self.period_end and self.period_end < self.period_start:
            raise PydanticCustomError(
                "period_end_before_start", "period_end lies before period_start.", {"field": "period_end"}
            )
