"""What travels of an area."""

from pydantic import ConfigDict, Field

from app.collection.records import Kept, Record
from app.collection.values import Line, Number


class Area(Record, Kept):
    """One of the plan's four headings, under which its goals stand."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"number": 5, "title": "Other matters (example)"}]}
    )

    number: Number = Field(description="Position in the plan; permanent.", examples=[3])
    title: Line = Field(
        description="Heading as printed.", examples=["Cooperation in Crime Prevention and Criminal Justice"]
    )
