"""What travels of a consultation."""

from typing import Annotated, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from app.collection.values import (
    Country,
    DatePrecision,
    Day,
    IdReference,
    Kept,
    Line,
    LongLine,
    Mode,
    Number,
    Paragraphs,
    Record,
    Source,
)


class Consultation(Record, Kept):
    """An ASLOM-Japan Consultation: the meeting to which periodic reports on the plan are made."""

    number: Number = Field(description="Which Consultation it is; permanent.", examples=[2])
    title: LongLine = Field(description="Title.", examples=["2nd ASLOM-Japan Consultation"])
    status: Literal["planned", "held", "postponed", "cancelled"] = Field(
        "planned", description="Where it stands."
    )
    start_date: Day | None = Field(
        None, description="First day; null only with precision `unknown`.", examples=["2022-10-01"]
    )
    end_date: Day | None = Field(None, description="Last day.")
    date_precision: DatePrecision = Field("day", description="How exactly the date is known.")
    mode: Mode | None = Field(None, description="How people take part; null where it is not known.")
    city: Line | None = Field(None, description="City.")
    country: Country | None = Field(None, description="ISO 3166-1 code of the venue.", examples=["PH"])
    period_start: Day | None = Field(None, description="First day of the reporting period.")
    period_end: Day | None = Field(None, description="Last day of the reporting period.")
    event: IdReference | None = Field(None, description="The meeting as an event.")
    summary: Paragraphs | None = Field(None, description="What was discussed.")
    sources: Annotated[list[Source], Field(max_length=100)] = Field(
        [], description="Where this is known from."
    )

    @model_validator(mode="after")
    def _date_as_precise_as_said(self) -> "Consultation":
        if (self.start_date is None) != (self.date_precision == "unknown"):
            raise PydanticCustomError(
                "start_date_and_precision",
                "start_date is needed, unless date_precision is `unknown`; then it is left out.",
            )
        return self

    @model_validator(mode="after")
    def _dates_in_order(self) -> "Consultation":
        if self.end_date and (self.start_date is None or self.end_date < self.start_date):
            raise PydanticCustomError("end_before_start", "end_date lies before start_date.")
        if self.period_start and self.period_end and self.period_end < self.period_start:
            raise PydanticCustomError("period_end_before_start", "period_end lies before period_start.")
        return self
