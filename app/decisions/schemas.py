"""What travels of a decision."""

from typing import Literal

from pydantic import ConfigDict, Field
from pydantic_core import PydanticCustomError

from app.collection.across import across
from app.collection.days import Day
from app.collection.records import READ_ONLY, Kept, Record
from app.collection.values import Code, CodeReference, Countries, Line, LongLine, NumberReference, Paragraphs


class Decision(Record, Kept):
    """What a Consultation decided under an item of its agenda, and what became of it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "code": "D2-9",
                    "consultation": {"number": 1},
                    "agenda_item": "5. Status of implementation (example)",
                    "title": "Points of contact for requests (example)",
                    "text": "The Secretariat will collect points of contact for requests (example).",
                    "kind": "follow_up",
                    "activity": {"code": "6.1"},
                    "responsible": {"code": "ASEC"},
                    "due_on": "2027-06-30",
                }
            ]
        }
    )

    code: Code | None = Field(None, description="Your code for it; permanent.", examples=["D2-9"])
    consultation: NumberReference = Field(
        description="Consultation that decided it.", examples=[{"number": 1}]
    )
    agenda_item: Line | None = Field(
        None,
        description="Item of the agenda under which it was taken.",
        examples=["5. Status of implementation"],
    )
    title: LongLine = Field(
        description="The decision in a line.", examples=["Points of contact for requests"]
    )
    text: Paragraphs | None = Field(
        None,
        description="The decision, to the letter.",
        examples=["The Secretariat will collect points of contact for requests."],
    )
    kind: Literal["amendment", "activity", "follow_up", "other"] = Field(
        description="What is to follow from it: an amendment of the plan, an activity, or something else to be done; "
        "`other` needs nothing.",
        examples=["follow_up"],
    )
    amendment: NumberReference | None = Field(
        None, description="Amendment that it leads to.", examples=[None]
    )
    activity: CodeReference | None = Field(
        None, description="Activity that it leads to, or is about.", examples=[{"code": "6.1"}]
    )
    responsible: CodeReference | None = Field(
        None, description="Body that is to see to it.", examples=[{"code": "ASEC"}]
    )
    countries: Countries = Field(
        [], description="Countries that are to see to it, ISO 3166-1.", examples=[["TH", "JP"]]
    )
    due_on: Day | None = Field(None, description="Day by which it is to be done.", examples=["2027-06-30"])
    open: bool = Field(
        description="Whether no later Consultation has closed it.",
        examples=[True],
        json_schema_extra=READ_ONLY,
    )
    closed_at: NumberReference | None = Field(
        None,
        description="Later Consultation that closed it; null while it is open.",
        examples=[{"number": 2}],
    )
    outcome: Paragraphs | None = Field(
        None, description="What came of it; said when it is closed.", examples=["The list was circulated."]
    )

    @across("closed_at", "outcome")
    def _closed_with_an_outcome(self) -> None:
        if (self.closed_at is None) != (self.outcome is None):
            raise PydanticCustomError(
                "closed_with_an_outcome",
                "A decision is closed by a later Consultation and with an outcome: say both.",
                {"field": "outcome" if self.outcome is None else "closed_at"},
            )
