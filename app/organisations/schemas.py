"""What travels of an organisation."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field
from pydantic_core import PydanticCustomError

from app.collection.across import across
from app.collection.days import Day
from app.collection.records import Kept, Record
from app.collection.values import Code, CodeReference, Country, Line, Paragraphs, Source, Value, WebAddress

OrganisationKind = Literal[
    "member_state", "dialogue_partner", "ministry", "government_body", "court", "asean_body", "un_body",
    "international_organisation", "japan_moj_body", "japan_body", "dispute_resolution_body", "professional_body",
    "training_body", "research_body", "network", "fund", "ngo", "other",
]  # fmt: skip


class FormerName(Value):
    """A name that the body had before."""

    name: Line = Field(description="The name.", examples=["Ministry of Law and Human Rights"])
    until: Day | None = Field(None, description="Last day of that name.", examples=["2024-10-20"])


class Organisation(Record, Kept):
    """A body that leads, hosts, funds, supports or takes part."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "code": "AALCO",
                    "name": "Asian-African Legal Consultative Organization",
                    "kind": "international_organisation",
                    "website": "https://www.aalco.int/",
                }
            ]
        }
    )

    code: Code = Field(description="Permanent code, never used again.", examples=["JP-MOJ"])
    name: Line = Field(description="Name in English.", examples=["Ministry of Justice, Japan"])
    kind: OrganisationKind = Field(description="What sort of body it is.", examples=["ministry"])
    country: Country | None = Field(
        None, description="ISO 3166-1 code of its State; null for regional and UN bodies.", examples=["JP"]
    )
    parent: CodeReference | None = Field(None, description="The body that it is part of.", examples=[None])
    former_names: Annotated[list[FormerName], Field(max_length=50)] = Field(
        [], description="Names that it had before.", examples=[[]]
    )
    valid_from: Day | None = Field(
        None, description="First day of its existence, where known.", examples=[None]
    )
    valid_until: Day | None = Field(
        None, description="Last day of its existence, if it ended.", examples=[None]
    )
    website: WebAddress | None = Field(
        None, description="Its public site.", examples=["https://www.moj.go.jp/EN/"]
    )
    note: Paragraphs | None = Field(
        None, description="What a reader should know of this entry.", examples=[None]
    )
    sources: Annotated[list[Source], Field(max_length=50)] = Field(
        [],
        description="Where this is known from.",
        examples=[
            [
                {
                    "title": "Ministry of Justice of Japan: ASEAN-Japan Special Meeting of Justice Ministers",
                    "url": "https://www.moj.go.jp/EN/kokusai/m_kokusai08_00013.html",
                }
            ]
        ],
    )

    @across("valid_from", "valid_until")
    def _ends_after_it_began(self) -> None:
        if self.valid_from and self.valid_until and self.valid_until < self.valid_from:
            raise PydanticCustomError(
                "valid_until_before_from", "valid_until lies before valid_from.", {"field": "valid_until"}
            )
