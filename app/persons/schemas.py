"""What travels of a person: official contact data only. There is no field for anything private."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from app.collection.values import (
    CodeReference,
    Country,
    Day,
    Kept,
    LanguageTag,
    Line,
    MailAddress,
    Phone,
    Record,
)

LegalBasis = Literal["official_duty", "legal_obligation", "agreement", "consent"]


class Person(Record, Kept):
    """Somebody who answers for an office. Personal data: seen by partners, never by the public."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "country": "JP",
                    "display": "見本 太郎 (example)",
                    "romanised": "MIHON Taro (example)",
                    "title": "Director",
                    "email": "director@example.org",
                    "languages": ["ja", "en"],
                }
            ]
        }
    )

    country: Country = Field(
        description="Country whose ministry keeps the entry, ISO 3166-1.", examples=["JP"]
    )
    organisation: CodeReference | None = Field(
        None, description="Body that the person works for.", examples=[{"code": "JP-MOJ-IAD"}]
    )
    display: Line = Field(
        description="The name as the person writes it: own order, own script, no part of it is needed.",
        examples=["見本 太郎 (example)"],
    )
    romanised: Line | None = Field(
        None, description="The name in Latin letters.", examples=["MIHON Taro (example)"]
    )
    sort_as: Line | None = Field(
        None,
        description="By what the name is sorted. If nothing is said: the romanised name, else the name.",
        examples=["Mihon Taro"],
    )
    title: Line | None = Field(None, description="Office that the person holds.", examples=["Director"])
    email: MailAddress | None = Field(
        None, description="Official mail address.", examples=["director@example.org"]
    )
    phone: Phone | None = Field(
        None,
        description="Official telephone, with `+` and country code. No private numbers.",
        examples=["+81 3 3580 4111"],
    )
    languages: Annotated[list[LanguageTag], Field(max_length=20)] = Field(
        [], description="Languages that one may write in (BCP 47).", examples=[["ja", "en"]]
    )
    held_for: Line | None = Field(
        None,
        description="Why the register holds this, if it is for more than to reach the office.",
        examples=["Urgent requests for mutual legal assistance"],
    )
    legal_basis: LegalBasis = Field(
        "official_duty",
        description="On what ground the entry is held: the duty of the office, a law, an agreement between States, or "
        "the person's consent.",
        examples=["official_duty"],
    )
    keep_until: Day | None = Field(
        None,
        description="Last day on which the entry is held; then it is erased. If nothing is said: two years ahead.",
        examples=["2028-11-30"],
    )
    restricted: bool = Field(
        False,
        description="Whether others than the country and the Secretariat are shown mail and telephone only on request "
        "(`/reveal`), for a reason that is recorded.",
        examples=[False],
    )
    visibility: Literal["partners", "own"] = Field(
        "partners",
        description="Who sees the entry: partners whose key may read contacts, or only the country itself and the "
        "Secretariat.",
        examples=["partners"],
    )
