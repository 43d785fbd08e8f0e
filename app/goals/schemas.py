"""What travels of a goal."""

from typing import Annotated

from pydantic import ConfigDict, Field

from app.collection.days import Day
from app.collection.records import READ_ONLY, Kept, Record
from app.collection.values import EditorialNote, LongLine, Number, NumberReference


class Goal(Record, Kept):
    """A goal of the plan."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"number": 9, "title": "A goal added by an amendment (example)", "area": {"number": 4}}
            ]
        }
    )

    number: Number = Field(description="Number in the plan; permanent.", examples=[6])
    title: LongLine = Field(
        description="Text as printed.",
        examples=[
            "Strengthen the mechanisms for effective international cooperation in criminal matters including:"
        ],
    )
    sub_items: Annotated[list[LongLine], Field(max_length=50)] = Field(
        [], description="Items that the goal lists.", examples=[["Mutual legal assistance"]]
    )
    area: NumberReference | None = Field(
        None, description="Heading under which it stands.", examples=[{"number": 3}]
    )
    editorial_notes: Annotated[list[EditorialNote], Field(max_length=50)] = Field(
        [], description="Remarks beside slips of the original, which is kept as printed.", examples=[[]]
    )
    retired_on: Day | None = Field(
        description="Day from which the plan has it no more, by an amendment; null while it stands.",
        examples=[None],
        json_schema_extra=READ_ONLY,
    )
