"""What travels of the plan's frame."""

from typing import Annotated

from pydantic import Field

from app.collection.values import Day, EditorialNote, Kept, Line, LongLine, Paragraphs, Record, Source


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
