"""What travels of an item of another framework."""

from typing import Annotated, Any

from pydantic import ConfigDict, Field
from pydantic_core import PydanticCustomError

from app.collection.across import across
from app.collection.days import Day
from app.collection.records import Kept, Record
from app.collection.values import (
    CodeReference,
    Countries,
    Line,
    LongLine,
    NumberReference,
    Paragraphs,
    Source,
)

_SOURCE: Any = {
    "title": "ASEANAPOL Secretariat: participation in the SEAJust plenary",
    "url": "http://svr.aseanapol.org/display/2024/08/31/",
}


class FrameworkItem(Record, Kept):
    """What another framework does in the field of the plan: enough to see that two do the same."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "framework": "South East Asia Justice Network (SEAJust)",
                    "title": "Regional network for cooperation in criminal matters (example)",
                    "body": {"code": "SEAJUST"},
                    "goals": [{"number": 6}],
                    "sources": [_SOURCE],
                }
            ]
        }
    )

    framework: Line = Field(
        description="Name of the framework, plan or network.",
        examples=["South East Asia Justice Network (SEAJust)"],
    )
    title: LongLine = Field(
        description="What is done, in a line.",
        examples=["Regional network for cooperation in criminal matters"],
    )
    summary: Paragraphs | None = Field(
        None, description="What it is about.", examples=["Central authorities meet once a year (example)."]
    )
    body: CodeReference | None = Field(
        None, description="The body that carries it out.", examples=[{"code": "SEAJUST"}]
    )
    countries: Countries = Field(
        [], description="Countries that take part, ISO 3166-1.", examples=[["LA", "TH"]]
    )
    start_date: Day | None = Field(None, description="First day, where known.", examples=["2024-08-27"])
    end_date: Day | None = Field(None, description="Last day, where known.", examples=["2024-08-29"])
    goals: Annotated[list[NumberReference], Field(max_length=50)] = Field(
        [], description="Goals of the plan that it touches.", examples=[[{"number": 6}]]
    )
    sources: Annotated[list[Source], Field(max_length=50)] = Field(
        [], description="Where this is known from.", examples=[[_SOURCE]]
    )

    @across("start_date", "end_date")
    def _ends_after_it_began(self) -> None:
        if self.start_date and self.end_date and self.end_date < self.start_date:
            raise PydanticCustomError("end_before_start", "It ends before it begins.", {"field": "end_date"})
