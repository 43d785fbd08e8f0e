"""What travels of an event."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field
from pydantic_core import PydanticCustomError

from app.activities.schemas import Funding
from app.collection.across import across
from app.collection.days import Day
from app.collection.records import Kept, Owned, Record
from app.collection.values import (
    Code,
    CodeReference,
    Countries,
    Country,
    DatePrecision,
    Line,
    LongLine,
    Mode,
    NumberReference,
    Paragraphs,
    Source,
    Value,
    Whole,
)

EventStatus = Literal["proposed", "planned", "ongoing", "implemented", "suspended", "postponed", "cancelled"]
EventKind = Literal[
    "consultation", "ministerial_meeting", "senior_officials_meeting", "summit", "adoption", "working_group",
    "bilateral_meeting", "forum", "symposium", "seminar", "training", "study_visit", "congress", "conference",
    "workshop", "other",
]  # fmt: skip
Link = Annotated[
    Literal["stated", "assigned"],
    Field(
        description="`stated`: a source ties the event to it; `assigned`: the editors' judgement.",
        examples=["assigned"],
    ),
]


class GoalLink(NumberReference):
    """A goal that an event serves, and who says so."""

    link: Link = "assigned"


class ActivityLink(CodeReference):
    """An activity that an event serves, and who says so."""

    code: Code | None = Field(None, description="The code of the activity.", examples=["6.1"])
    link: Link = "assigned"


class Participation(CodeReference):
    """A body that takes part, and as what."""

    role: Literal["host", "co_host", "organiser", "supporter", "funder", "participant"] = Field(
        "organiser", description="As what it takes part.", examples=["co_host"]
    )


class FormerDates(Value):
    """Dates that the event had before it was moved."""

    start_date: Day | None = Field(None, description="First day, as it was.", examples=["2025-06-17"])
    end_date: Day | None = Field(None, description="Last day, as it was.", examples=["2025-06-19"])
    date_precision: DatePrecision = Field(description="How exactly the date was known.", examples=["day"])
    until: str = Field(
        description="When the dates were changed.",
        examples=["2025-03-01T02:00:00.000000+00:00"],
        json_schema_extra={"format": "date-time"},
    )


class Event(Record, Owned, Kept):
    """Something that takes place: a meeting, a seminar, a training, a visit."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "title": "5th Criminal Justice Forum for Asia and the Pacific (example)",
                    "kind": "forum",
                    "start_date": "2027-06-22",
                    "end_date": "2027-06-24",
                    "mode": "hybrid",
                    "country": "JP",
                    "goals": [{"number": 6, "link": "assigned"}],
                    "activities": [{"code": "6.2", "link": "assigned"}],
                    "organisations": [
                        {"code": "JP-MOJ", "role": "co_host"},
                        {"code": "UNODC", "role": "co_host"},
                    ],
                }
            ]
        }
    )

    title: LongLine = Field(
        description="Title.", examples=["4th Criminal Justice Forum for Asia and the Pacific (Crim-AP)"]
    )
    kind: EventKind = Field(description="What sort of event it is.", examples=["forum"])
    status: EventStatus = Field("planned", description="Where it stands.", examples=["implemented"])
    start_date: Day | None = Field(
        None,
        description="First day. With precision `month` or `year`, the first day of that month or year; "
        "null only with precision `unknown`.",
        examples=["2025-06-24"],
    )
    end_date: Day | None = Field(None, description="Last day.", examples=["2025-06-26"])
    date_precision: DatePrecision = Field(
        "day", description="How exactly the date is known.", examples=["day"]
    )
    mode: Mode | None = Field(
        None, description="How people take part; null where it is not known.", examples=["hybrid"]
    )
    city: Line | None = Field(None, description="City.", examples=["Akishima"])
    country: Country | None = Field(None, description="ISO 3166-1 code of the venue.", examples=["JP"])
    countries: Countries = Field([], description="Countries that take part, ISO 3166-1.", examples=[["JP"]])
    goals: Annotated[list[GoalLink], Field(max_length=50)] = Field(
        [], description="Goals that it serves.", examples=[[{"number": 6, "link": "assigned"}]]
    )
    activities: Annotated[list[ActivityLink], Field(max_length=200)] = Field(
        [], description="Activities that it serves.", examples=[[{"code": "6.2", "link": "assigned"}]]
    )
    organisations: Annotated[list[Participation], Field(max_length=200)] = Field(
        [],
        description="Bodies that take part, with their role.",
        examples=[[{"code": "JP-MOJ", "role": "co_host"}, {"code": "UNODC", "role": "co_host"}]],
    )
    funding: Annotated[list[Funding], Field(max_length=100)] = Field(
        [], description="Who pays for it.", examples=[[{"source": "Japan-ASEAN Integration Fund (JAIF)"}]]
    )
    summary: Paragraphs | None = Field(
        None,
        description="What it is about.",
        examples=["Hybrid forum of 22 countries and bodies with a special session with SEAJust."],
    )
    outcome: Paragraphs | None = Field(None, description="What came out of it.", examples=[None])
    registered: Whole | None = Field(None, description="People registered.", examples=[None])
    attended: Whole | None = Field(None, description="People who came.", examples=[None])
    aliases: Annotated[list[LongLine], Field(max_length=50)] = Field(
        [], description="Other names of it.", examples=[["4th Crim-AP"]]
    )
    former_dates: Annotated[list[FormerDates], Field(max_length=10_000)] = Field(
        description="Dates that it had before it was moved, oldest first.",
        examples=[[]],
        json_schema_extra={"readOnly": True},
    )
    note: Paragraphs | None = Field(
        None, description="What a reader should know of this entry.", examples=[None]
    )
    sources: Annotated[list[Source], Field(max_length=100)] = Field(
        [],
        description="Where this is known from.",
        examples=[
            [
                {
                    "title": "Ministry of Justice of Japan: 4th Crim-AP",
                    "url": "https://www.moj.go.jp/kokusai/kokusai08_00049.html",
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

    @across("start_date", "end_date")
    def _dates_in_order(self) -> None:
        if self.end_date and (self.start_date is None or self.end_date < self.start_date):
            raise PydanticCustomError(
                "end_before_start", "end_date lies before start_date.", {"field": "end_date"}
            )
