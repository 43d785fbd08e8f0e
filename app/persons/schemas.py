"""What travels of a person: official contact data only. There is no field for anything private."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field

from app.collection.days import Day, Instant
from app.collection.records import Answered, Kept, Record
from app.collection.values import CodeReference, Country, LanguageTag, Line, MailAddress, Phone

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
    bounced: bool = Field(
        False,
        description="Whether the mail address refused a message; another address ends it.",
        examples=[False],
    )
    phone_bounced: bool = Field(
        False, description="Whether the telephone leads to nobody; another number ends it.", examples=[False]
    )
    visibility: Literal["partners", "own"] = Field(
        "partners",
        description="Who sees the entry: partners whose key may read contacts, or only the country itself and the "
        "Secretariat.",
        examples=["partners"],
    )


_ID = "019aa5d0-6b7c-7c3e-9c39-0d1f5b3a7e11"
_AT = "2026-11-23T09:00:00Z"
Count = Annotated[int, Field(ge=0, le=2**53, json_schema_extra={"format": "int64"})]
Address = Annotated[str, Field(max_length=200, json_schema_extra={"format": "uri-reference"})]
Text = Annotated[str, Field(max_length=500)]


PERSONAL: dict[str, Any] = {"x-personal": True}
"""Marks personal data in the API document. Of records it is known from their collections."""


class HeldBeside(Answered):
    """What is kept of a person beside records and their history."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"place": "reports of jobs", "held": 1}]})

    place: Text = Field(description="Where.", examples=["reports of jobs"])
    held: Count = Field(description="How often.", examples=[1])


class Erasure(Answered):
    """What was erased. That there was somebody, and that they were erased, stays in the journal."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": _ID,
                    "versions": 3,
                    "focal_points": 1,
                    "former_mentions": 0,
                    "mentions_kept": [],
                    "held_beside": [{"place": "reports of jobs", "held": 1}],
                }
            ]
        }
    )

    id: UUID = Field(description="The id that the person had.", examples=[_ID])
    versions: Count = Field(description="Versions that the journal had.", examples=[3])
    focal_points: Count = Field(
        description="Focal points that named the person, and name nobody now.", examples=[1]
    )
    former_mentions: Count = Field(
        description="Other records that named the person formerly: those versions are erased, too.",
        examples=[0],
    )
    mentions_kept: Annotated[list[Address], Field(max_length=10_000)] = Field(
        description="Records that name the person still, as was asked by `keep_mentions`.", examples=[[]]
    )
    held_beside: Annotated[list[HeldBeside], Field(max_length=20)] = Field(
        description="What was kept beside the records.", examples=[[]]
    )


class ErasedPerson(Answered):
    """Somebody who was erased."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"id": _ID, "at": _AT}]})

    id: UUID = Field(description="The id that the person had.", examples=[_ID])
    at: Instant = Field(description="When they were erased.", examples=[_AT])


class ErasedPersons(Answered):
    """Those who were erased: to be erased again when a backup from before is restored."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [{"id": _ID, "at": _AT}]}]})

    items: Annotated[list[ErasedPerson], Field(max_length=100_000)] = Field(
        description="Oldest erasure first.", examples=[[]]
    )


class NamedBy(Answered):
    """A focal point that names or named a person."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"href": f"/v1/focal-points/{_ID}", "first_at": _AT, "last_at": _AT, "now": True}]
        }
    )

    href: Address = Field(description="Its address.", examples=[f"/v1/focal-points/{_ID}"])
    first_at: Instant = Field(description="First change that had the person.", examples=[_AT])
    last_at: Instant = Field(description="Last change that had the person.", examples=[_AT])
    now: bool = Field(description="Whether it names the person now.", examples=[True])


class PersonVersion(Answered):
    """The entry as a change left it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"version": 1, "action": "create", "at": _AT, "by": "Ministry", "reason": None, "record": {}}
            ]
        }
    )

    version: Annotated[int, Field(ge=1, le=2**31 - 1, json_schema_extra={"format": "int32"})] = Field(
        description="Its version.", examples=[1]
    )
    action: Literal["create", "update", "delete", "restore", "merge"] = Field(
        description="What was done.", examples=["create"]
    )
    at: Instant = Field(description="When.", examples=[_AT])
    by: Text | None = Field(
        description="Name of the key; null: in the database itself.", examples=["Ministry"]
    )
    reason: Text | None = Field(description="Why, if it was said.", examples=[None])
    record: dict[str, Any] = Field(
        description="What is stored of it, column by column.", examples=[{}], json_schema_extra=PERSONAL
    )


class Revealed(Answered):
    """Mail and telephone were shown to a key."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"at": _AT, "by": "UN office", "reason": "Urgent request."}]}
    )

    at: Instant = Field(description="When.", examples=[_AT])
    by: Text | None = Field(description="Name of the key.", examples=["UN office"])
    reason: Text = Field(description="Why.", examples=["Urgent request."])


class SubjectReport(Answered):
    """All that is held about a person."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": _ID, "at": _AT, "person": None, "seen_by": "The country itself and the Secretariat.",
                    "focal_points": [], "versions": [], "reveals": [], "mentions": [], "held_beside": [],
                }
            ]
        }
    )  # fmt: skip

    id: UUID = Field(description="The id of the person.", examples=[_ID])
    at: Instant = Field(description="When the report was made.", examples=[_AT])
    person: Person | None = Field(
        description="The entry as it is; null: it was deleted.", examples=[None], json_schema_extra=PERSONAL
    )
    seen_by: Text = Field(
        description="Who sees the entry.", examples=["The country itself and the Secretariat."]
    )
    focal_points: Annotated[list[NamedBy], Field(max_length=10_000)] = Field(
        description="Focal points that name the person, or did.", examples=[[]]
    )
    versions: Annotated[list[PersonVersion], Field(max_length=100_000)] = Field(
        description="Everything that the entry ever was.", examples=[[]]
    )
    reveals: Annotated[list[Revealed], Field(max_length=100_000)] = Field(
        description="To whom mail and telephone were shown on request.", examples=[[]]
    )
    mentions: Annotated[list[Address], Field(max_length=10_000)] = Field(
        description="Other records that have the name, mail or telephone in what they say, or had.",
        examples=[[]],
    )
    held_beside: Annotated[list[HeldBeside], Field(max_length=20)] = Field(
        description="What is kept beside the records, such as reports of loads.", examples=[[]]
    )
