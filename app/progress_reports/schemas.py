"""What travels of a progress report."""

from typing import Literal

from pydantic import ConfigDict, Field
from pydantic_core import PydanticCustomError

from app.collection.across import across
from app.collection.days import Instant
from app.collection.records import READ_ONLY, Kept, Record
from app.collection.values import CodeReference, Country, NumberReference, Paragraphs, Value


class ProgressReport(Record, Kept):
    """What a country or a body reports to one Consultation. Its lines are in `report-lines`."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "keys": ["moj-th:REPORT-2"],
                    "consultation": {"number": 2},
                    "country": "TH",
                    "overview": "Two trainings were held; one seminar moved to next year (example).",
                }
            ]
        }
    )

    consultation: NumberReference = Field(
        description="Consultation to which it is made.", examples=[{"number": 2}]
    )
    country: Country | None = Field(
        None, description="Country that reports, ISO 3166-1; null if a body does.", examples=["TH"]
    )
    organisation: CodeReference | None = Field(
        None,
        description="Body that reports, such as the ASEAN Secretariat or a UN body; null if a country does.",
        examples=[None],
    )
    state: Literal["open", "submitted", "returned", "accepted", "frozen"] = Field(
        description="Where it stands; changed by submit, return, accept and by the freeze of the Consultation.",
        examples=["open"],
        json_schema_extra=READ_ONLY,
    )
    state_since: Instant = Field(
        description="When it came into this state.",
        examples=["2026-11-23T09:00:00.000000+00:00"],
        json_schema_extra=READ_ONLY,
    )
    return_reason: Paragraphs | None = Field(
        None,
        description="Why it was returned; null in every other state.",
        examples=[None],
        json_schema_extra=READ_ONLY,
    )
    visibility: Literal["public", "own"] = Field(
        description="`own` until the report is accepted: only its country and the Secretariat see it; then `public`.",
        examples=["own"],
        json_schema_extra=READ_ONLY,
    )
    overview: Paragraphs | None = Field(
        None, description="The report as a whole, in words.", examples=["Two trainings were held."]
    )

    @across("country", "organisation")
    def _one_reporter(self) -> None:
        if (self.country is None) == (self.organisation is None):
            raise PydanticCustomError(
                "one_reporter", "Either a country reports, or a body.", {"field": "country"}
            )


class ReturnReason(Value):
    """Why a report goes back."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"reason": "The line on activity 6.1 names no result."}]}
    )

    reason: Paragraphs = Field(
        description="What is missing or wrong, for those who mend it.",
        examples=["The line on activity 6.1 names no result."],
    )
