"""What travels of a line of a progress report."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field
from pydantic_core import PydanticCustomError

from app.activities.schemas import ActivityStatus, Funding
from app.collection.across import across
from app.collection.records import READ_ONLY, Kept, Record
from app.collection.values import CodeReference, CountryCode, IdReference, LongLine, Paragraphs, Whole

Response = Literal["reported", "nothing_to_report", "not_reported", "not_applicable"]


class ReportLine(Record, Kept):
    """What a reporter says of one activity. Silence, nothing to report and not applicable are told apart."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "report": {"key": "moj-th:REPORT-2"},
                    "activity": {"code": "6.1"},
                    "response": "reported",
                    "status": "ongoing",
                    "narrative": "Two trainings on requests for mutual legal assistance were held (example).",
                    "results": ["A handbook in Thai"],
                    "participants": 48,
                }
            ]
        }
    )

    report: IdReference = Field(
        description="Progress report that it belongs to.",
        examples=[{"id": "019aa5d0-6b7c-7c3e-9c39-0d1f5b3a7e11"}],
    )
    activity: CodeReference = Field(description="Activity that it speaks of.", examples=[{"code": "6.1"}])
    country: CountryCode | None = Field(
        description="Country whose report it is in; null if a body reports.",
        examples=["TH"],
        json_schema_extra=READ_ONLY,
    )
    visibility: Literal["public", "own"] = Field(
        description="`own` until the report is accepted: only its country and the Secretariat see it; then `public`.",
        examples=["own"],
        json_schema_extra=READ_ONLY,
    )
    response: Response = Field(
        description="`reported`: the line says where the activity stands; `nothing_to_report`: nothing happened, and "
        "that is the report; `not_reported`: nothing was said; `not_applicable`: the activity is not the reporter's.",
        examples=["reported"],
    )
    status: ActivityStatus | None = Field(
        None,
        description="Where the activity stands; said with `reported`, and only then.",
        examples=["ongoing"],
    )
    narrative: Paragraphs | None = Field(
        None,
        description="What was done; with `not_applicable`, why it is not.",
        examples=["Two trainings were held."],
    )
    results: Annotated[list[LongLine], Field(max_length=100)] = Field(
        [], description="What came of it.", examples=[["A handbook in Thai"]]
    )
    participants: Whole | None = Field(None, description="How many people took part.", examples=[48])
    obstacles: Paragraphs | None = Field(None, description="What stood in the way.", examples=[None])
    next_steps: Paragraphs | None = Field(None, description="What comes next.", examples=[None])
    funding: Annotated[list[Funding], Field(max_length=100)] = Field(
        [], description="Who paid.", examples=[[{"source": "Japan-ASEAN Integration Fund (JAIF)"}]]
    )

    @across("response", "status", "narrative")
    def _says_what_its_response_needs(self) -> None:
        if (self.response == "reported") != (self.status is not None):
            raise PydanticCustomError(
                "status_if_reported",
                "`reported` says a status; the other responses say none.",
                {"field": "status"},
            )
        if self.response == "not_applicable" and self.narrative is None:
            raise PydanticCustomError(
                "narrative_missing", "Say why the activity is not applicable.", {"field": "narrative"}
            )
