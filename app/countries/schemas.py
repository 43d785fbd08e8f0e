"""What travels of a country."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field
from pydantic_core import PydanticCustomError

from app.collection.across import across
from app.collection.days import Day
from app.collection.records import Kept, Record
from app.collection.values import CountryCode, Line, Source, ThreeLetters


class Country(Record, Kept):
    """A State of the plan. Who was a Member State on a day follows from the dates, never from a list."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"code": "PG", "alpha3": "PNG", "name": "Papua New Guinea"}]}
    )

    code: CountryCode = Field(description="ISO 3166-1 alpha-2 code; permanent.", examples=["TH"])
    alpha3: ThreeLetters = Field(description="ISO 3166-1 alpha-3 code.", examples=["THA"])
    name: Line = Field(description="Short name as ASEAN writes it.", examples=["Thailand"])
    side: Literal["asean", "japan"] | None = Field(
        None,
        description="The side of the plan that the State belongs to; null for a State outside it.",
        examples=["asean"],
    )
    asean_member_since: Day | None = Field(
        None, description="Day of accession to ASEAN.", examples=["1967-08-08"]
    )
    asean_member_until: Day | None = Field(
        None, description="Last day of membership, if it ended.", examples=[None]
    )
    sources: Annotated[list[Source], Field(max_length=50)] = Field(
        [],
        description="Where this is known from.",
        examples=[
            [
                {
                    "title": "IANS: Timor-Leste becomes 11th member of ASEAN",
                    "url": "https://ianslive.in/timor-leste-becomes-11th-member-of-asean--20251026134029",
                }
            ]
        ],
    )

    @across("asean_member_since", "asean_member_until")
    def _ends_after_it_began(self) -> None:
        since, until = self.asean_member_since, self.asean_member_until
        if since and until and until < since:
            raise PydanticCustomError(
                "end_before_start",
                "asean_member_until lies before asean_member_since.",
                {"field": "asean_member_until"},
            )
