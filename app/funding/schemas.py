"""What travels of the money."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import ConfigDict, Field, JsonValue

from app.activities.schemas import Commitment
from app.collection.records import Answered
from app.events.schemas import EventStatus

_ID = "019aa5d0-6b7c-7c3e-9c39-0d1f5b3a7e11"
_JAIF = "Japan-ASEAN Integration Fund (JAIF)"
Part = Literal["activities", "events"]
Text = Annotated[str, Field(max_length=2000)]
Amount = Annotated[str, Field(pattern=r"^[0-9]{1,30}(\.[0-9]{1,2})?$")]
Currency = Annotated[str, Field(pattern="^[A-Z]{3}$")]
Count = Annotated[int, Field(ge=0, le=2**53, json_schema_extra={"format": "int64"})]
_TOTAL: dict[str, JsonValue] = {
    "part": "activities", "currency": "USD", "amount": "120000.00", "entries": 2, "without_amount": 0,
    "href": "/v1/funding?part=activities&currency=USD",
}  # fmt: skip


class CurrencyTotal(Answered):
    """Money in one currency, as given. Parts are not added: they may name the same money."""

    model_config = ConfigDict(json_schema_extra={"examples": [_TOTAL]})

    part: Part = Field(description="Whose money: that of activities, or of events.", examples=["activities"])
    currency: Currency | None = Field(
        description="ISO 4217 code; null where no amount is given.", examples=["USD"]
    )
    amount: Amount | None = Field(description="The sum, as a decimal number.", examples=["120000.00"])
    entries: Count = Field(description="Entries that it is made of.", examples=[2])
    without_amount: Count = Field(description="Entries that give no amount.", examples=[0])
    href: Text = Field(description="The entries.", examples=["/v1/funding?part=activities&currency=USD"])


class FundingTotal(CurrencyTotal):
    """Money of one source in one currency, so firm."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{**_TOTAL, "source": _JAIF, "commitment": "committed"}]}
    )

    source: Text = Field(description="Who pays.", examples=[_JAIF])
    commitment: Commitment | None = Field(
        description="How firm it is; null if nobody said.", examples=["committed"]
    )


class FundingEntry(Answered):
    """What a record says of one source of its money."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "part": "activities", "id": _ID, "code": "6.1", "title": "Enhance mutual legal assistance",
                    "status": "ongoing", "goals": [6], "source": _JAIF, "implementer": "UNODC",
                    "commitment": "committed", "amount": "120000.00", "currency": "USD", "note": None,
                    "href": f"/v1/activities/{_ID}",
                }
            ]
        }
    )  # fmt: skip

    part: Part = Field(description="Collection of the record.", examples=["activities"])
    id: UUID = Field(description="The record.", examples=[_ID])
    code: Annotated[str, Field(max_length=40)] | None = Field(
        description="Its code, if it has one.", examples=["6.1"]
    )
    title: Text = Field(description="Its title.", examples=["Enhance mutual legal assistance"])
    status: EventStatus = Field(description="Where it stands.", examples=["ongoing"])
    goals: Annotated[
        list[Annotated[int, Field(ge=1, le=32_767, json_schema_extra={"format": "int32"})]],
        Field(max_length=50),
    ] = Field(description="Goals that it serves.", examples=[[6]])
    source: Text = Field(description="Who pays.", examples=[_JAIF])
    implementer: Text | None = Field(description="Who carries it out, if another.", examples=["UNODC"])
    commitment: Commitment | None = Field(
        description="How firm it is; null if nobody said.", examples=["committed"]
    )
    amount: Amount | None = Field(description="As given.", examples=["120000.00"])
    currency: Currency | None = Field(description="ISO 4217 code.", examples=["USD"])
    note: Text | None = Field(description="What else is known of it.", examples=[None])
    href: Text = Field(description="The record.", examples=[f"/v1/activities/{_ID}"])


class FundingEntries(Answered):
    """A page of entries, by part, record and place."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [], "next": None}]})

    items: Annotated[list[FundingEntry], Field(max_length=1000)] = Field(
        description="The entries.", examples=[[]]
    )
    next: Text | None = Field(
        description="Address of the next page; null on the last.",
        examples=[f"/v1/funding?cursor=activities:{_ID}:1"],
    )


class FundingTotals(Answered):
    """Sums of the money that the register knows of."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"by_currency": [_TOTAL], "by_source": []}]})

    by_currency: Annotated[list[CurrencyTotal], Field(max_length=10_000)] = Field(
        description="By currency.", examples=[[_TOTAL]]
    )
    by_source: Annotated[list[FundingTotal], Field(max_length=100_000)] = Field(
        description="By currency, source and commitment.", examples=[[]]
    )
