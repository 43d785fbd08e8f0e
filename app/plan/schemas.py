"""What travels of the plan: its frame, and a redline of two of its texts."""

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from app.collection.days import Day
from app.collection.records import Kept, Record
from app.collection.values import EditorialNote, Line, LongLine, Paragraphs, Source, Value, Whole


class Plan(Record, Kept):
    """The frame of the Work Plan: preamble, dates and notes. The English text is authoritative."""

    title: Line = Field(
        description="Title as printed.", examples=["ASEAN-Japan Work Plan on Law and Justice"]
    )
    preamble: Annotated[list[Paragraphs], Field(max_length=50)] = Field(
        description="Paragraphs before the table, to the letter.",
        examples=[
            [
                "Periodic reporting on the status of implementation is expected to take place in the forthcoming …"
            ]
        ],
    )
    adopted_on: Day | None = Field(
        None, description="Adopted by the senior officials.", examples=["2023-02-13"]
    )
    adoption_note: LongLine | None = Field(
        None,
        description="What is known of the adoption date.",
        examples=["The year is inferred."],
    )
    endorsed_on: Day | None = Field(None, description="Endorsed by the ministers.", examples=["2023-07-06"])
    endorsed_at: Line | None = Field(
        None,
        description="Meeting at which the ministers endorsed it.",
        examples=["ASEAN-Japan Special Meeting of Justice Ministers, Tokyo"],
    )
    editorial_notes: Annotated[list[EditorialNote], Field(max_length=50)] = Field(
        [], description="Remarks beside slips of the original, which is kept as printed.", examples=[[]]
    )
    sources: Annotated[list[Source], Field(max_length=50)] = Field(
        [],
        description="Where the text is published.",
        examples=[
            [
                {
                    "title": "Ministry of Justice of Japan: ASEAN-Japan Special Meeting of Justice Ministers",
                    "url": "https://www.moj.go.jp/EN/kokusai/m_kokusai08_00013.html",
                }
            ]
        ],
    )


_STATE: Any = {"said": "original", "about": "as adopted", "on": "2023-02-13"}
_DAY: Any = {"said": "2024-01-01", "about": "in force on 2024-01-01", "on": "2024-01-01"}
_NOW: Any = {"said": "now", "about": "as it stands", "on": "2027-04-01"}
_PIECES: Any = [
    {"op": "equal", "text": "through ongoing national efforts"},
    {"op": "insert", "text": " and joint reviews"},
]
_PLACE: Any = {
    "kind": "activity", "name": "6.3", "under": "6", "change": "modified", "text": _PIECES, "sub_items": [],
}  # fmt: skip
_Short = Annotated[str, Field(max_length=200)]
_Pieces = Annotated[list["RedlinePiece"], Field(max_length=10_000)]


class RedlinePiece(Value):
    """Words that stayed, went or came."""

    model_config = ConfigDict(json_schema_extra={"examples": [_PIECES[1]]})

    op: Literal["equal", "delete", "insert"] = Field(description="What became of them.", examples=["insert"])
    text: Annotated[str, Field(max_length=20_000)] = Field(
        description="The words.", examples=["joint reviews"]
    )


class RedlinePlace(Value):
    """One place of the plan in both texts."""

    model_config = ConfigDict(json_schema_extra={"examples": [_PLACE]})

    kind: Literal["preamble", "area", "goal", "activity"] = Field(
        description="What it is.", examples=["activity"]
    )
    name: _Short = Field(
        description="Its number or code; of the preamble, which paragraph.", examples=["6.3"]
    )
    under: _Short | None = Field(
        description="Number of the area of a goal, of the goal of an activity; else null.", examples=["6"]
    )
    change: Literal["same", "modified", "added", "retired"] = Field(
        description="What became of it.", examples=["modified"]
    )
    text: _Pieces = Field(description="Its text, word by word.", examples=[_PIECES])
    sub_items: Annotated[list[_Pieces], Field(max_length=100)] = Field(
        description="The items under it, word by word.", examples=[[]]
    )


class RedlineState(Value):
    """One of the two texts."""

    model_config = ConfigDict(json_schema_extra={"examples": [_STATE]})

    said: _Short = Field(description="How it was asked for.", examples=["original"])
    about: _Short = Field(description="Which text it is, in words.", examples=["as adopted"])
    on: date | None = Field(
        description="A day on which it is in force, if one is known.", examples=["2023-02-13"]
    )


class RedlineCounts(Value):
    """How many places were changed."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"modified": 1, "added": 0, "retired": 0}]})

    modified: Whole = Field(description="Places that read otherwise.", examples=[1])
    added: Whole = Field(description="Places that came.", examples=[0])
    retired: Whole = Field(description="Places that went.", examples=[0])


class Redline(Value):
    """Two texts of the plan, compared word by word, in the order in which it is read."""

    model_config = ConfigDict(
        populate_by_name=True,
        json_schema_extra={
            "examples": [
                {
                    "title": "ASEAN-Japan Work Plan on Law and Justice",
                    "from": _STATE,
                    "to": _NOW,
                    "counts": {"modified": 1, "added": 0, "retired": 0},
                    "places": [_PLACE],
                }
            ]
        },
    )

    title: Line = Field(
        description="Title of the plan.", examples=["ASEAN-Japan Work Plan on Law and Justice"]
    )
    earlier: RedlineState = Field(alias="from", description="The one text.", examples=[_DAY])
    to: RedlineState = Field(
        description="The other.",
        examples=[_NOW],
    )
    counts: RedlineCounts = Field(
        description="How many places differ.", examples=[{"modified": 2, "added": 1, "retired": 0}]
    )
    places: Annotated[list[RedlinePlace], Field(max_length=2000)] = Field(
        description="Every place that one of them has.", examples=[[_PLACE]]
    )
