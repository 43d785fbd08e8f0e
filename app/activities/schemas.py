"""What travels of an activity."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from app.collection.across import across
from app.collection.days import Day
from app.collection.records import READ_ONLY, Kept, Owned, Record
from app.collection.values import (
    Code,
    CodeReference,
    Countries,
    EditorialNote,
    Line,
    LongLine,
    NumberReference,
    Paragraphs,
    Source,
    ThreeLetters,
    Value,
    formed,
)

ActivityStatus = Literal["proposed", "planned", "ongoing", "implemented", "suspended", "cancelled"]


Amount = Annotated[
    str,
    formed(
        r"^[0-9]{1,15}(\.[0-9]{1,2})?$",
        "An amount is written in digits, with one or two after a point if need be, as in `120000.00`.",
    ),
]
Commitment = Literal["sought", "pledged", "committed", "disbursed"]


class Funding(Value):
    """Money for an activity or an event, as given: who pays is told apart from who carries it out."""

    source: Line = Field(description="Who pays.", examples=["Japan-ASEAN Integration Fund (JAIF)"])
    implementer: Line | None = Field(None, description="Who carries it out, if another.", examples=["UNODC"])
    amount: Amount | None = Field(
        None, description="Decimal number, never converted; with its currency.", examples=["120000.00"]
    )
    currency: ThreeLetters | None = Field(None, description="ISO 4217 code.", examples=["USD"])
    commitment: Commitment | None = Field(
        None,
        description="How firm it is: `sought`: asked for; `pledged`: promised; `committed`: bound by agreement; "
        "`disbursed`: paid out. Null if nobody said.",
        examples=["committed"],
    )
    note: LongLine | None = Field(
        None, description="What else is known of the money.", examples=["Approved for two years."]
    )

    @model_validator(mode="after")
    def _amount_of_a_currency(self) -> "Funding":
        if self.amount is not None and self.currency is None:
            raise PydanticCustomError("currency_missing", "An amount has a currency.", {"field": "currency"})
        return self


class Activity(Record, Owned, Kept):
    """An activity: one that the plan proposes, or one that countries carry out under it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "title": "Seminar on mutual legal assistance for central authorities (example)",
                    "goal": {"number": 6},
                    "parent": {"code": "6.1"},
                    "lead": {"code": "JP-MOJ"},
                    "countries": ["TH", "JP"],
                    "start_date": "2027-02-01",
                    "end_date": "2027-02-05",
                    "status": "planned",
                }
            ]
        }
    )

    code: Code | None = Field(None, description="The plan's own code, or yours; permanent.", examples=["6.3"])
    origin: Literal["plan", "member"] = Field(
        "member",
        description="`plan`: printed in the plan; `member`: carried out under it.",
        examples=["plan"],
    )
    goal: NumberReference = Field(description="Goal that it serves.", examples=[{"number": 6}])
    parent: CodeReference | None = Field(
        None, description="Plan activity under which a member's activity is carried out.", examples=[None]
    )
    title: LongLine = Field(
        description="Text as printed, or title.",
        examples=["Continue to implement the Kyoto Declaration through ongoing national efforts"],
    )
    sub_items: Annotated[list[LongLine], Field(max_length=50)] = Field(
        [], description="Items that it lists.", examples=[[]]
    )
    description: Paragraphs | None = Field(None, description="More about it.", examples=[None])
    lead: CodeReference | None = Field(None, description="Body that leads.", examples=[{"code": "JP-MOJ"}])
    partners: Annotated[list[CodeReference], Field(max_length=200)] = Field(
        [], description="Bodies that take part.", examples=[[{"code": "UNODC"}, {"code": "UNAFEI"}]]
    )
    consulted_bodies: Annotated[list[CodeReference], Field(max_length=200)] = Field(
        [],
        description="ASEAN sectoral bodies and line ministries consulted, as the plan asks.",
        examples=[[{"code": "SOMTC"}]],
    )
    countries: Countries = Field([], description="Countries concerned, ISO 3166-1.", examples=[["TH", "JP"]])
    start_date: Day | None = Field(None, description="First day of its period.", examples=["2025-04-01"])
    end_date: Day | None = Field(None, description="Last day of its period.", examples=["2026-03-31"])
    funding: Annotated[list[Funding], Field(max_length=100)] = Field(
        [], description="Who pays for it.", examples=[[{"source": "Japan-ASEAN Integration Fund (JAIF)"}]]
    )
    outputs: Annotated[list[LongLine], Field(max_length=200)] = Field(
        [], description="What came out of it.", examples=[["Report of the 4th Crim-AP"]]
    )
    links: Annotated[list[Source], Field(max_length=200)] = Field(
        [],
        description="Where more is to be read.",
        examples=[[{"title": "UNAFEI", "url": "https://unafei.or.jp/"}]],
    )
    status: ActivityStatus = Field(
        "proposed", description="Status as reported by those who carry it out.", examples=["ongoing"]
    )
    status_reported_by: CodeReference | None = Field(
        None, description="Body that reported the status.", examples=[{"code": "JP-MOJ"}]
    )
    status_reported_on: Day | None = Field(None, description="Day of that report.", examples=["2026-03-31"])
    status_period: Line | None = Field(
        None, description="Period that the report covers.", examples=["2024/25"]
    )
    derived_status: ActivityStatus = Field(
        description="Status that follows from dates and events today; stands beside `status`, never replaces it.",
        examples=["ongoing"],
        json_schema_extra={"readOnly": True},
    )
    status_conflict: bool = Field(
        description="Whether the reported status contradicts the dates and events.",
        examples=[False],
        json_schema_extra={"readOnly": True},
    )
    status_conflicts: Annotated[
        list[Annotated[str, StringConstraints(pattern=r"^[a-z_]+$", max_length=60)]], Field(max_length=10)
    ] = Field(
        description="What contradicts what; `why-status` explains it.",
        examples=[["reported_planned_dates_say_ongoing"]],
        json_schema_extra={"readOnly": True},
    )
    editorial_notes: Annotated[list[EditorialNote], Field(max_length=50)] = Field(
        [], description="Remarks beside slips of the original, which is kept as printed.", examples=[[]]
    )
    retired_on: Day | None = Field(
        description="Day from which the plan proposes it no more, by an amendment; null while it does.",
        examples=[None],
        json_schema_extra=READ_ONLY,
    )

    @across("start_date", "end_date")
    def _dates_in_order(self) -> None:
        if self.start_date and self.end_date and self.end_date < self.start_date:
            raise PydanticCustomError(
                "end_before_start", "end_date lies before start_date.", {"field": "end_date"}
            )

    @across("origin", "code", "parent")
    def _plan_activities_stand_alone(self) -> None:
        if self.origin == "plan" and self.code is None:
            raise PydanticCustomError(
                "code_missing", "An activity of the plan has its printed code.", {"field": "code"}
            )
        if self.origin == "plan" and self.parent is not None:
            raise PydanticCustomError(
                "parent_not_allowed", "An activity of the plan has no parent.", {"field": "parent"}
            )
