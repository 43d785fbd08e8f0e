"""What travels of a focal point."""

from typing import Annotated, Literal

from pydantic import AfterValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from app.collection.across import across
from app.collection.days import Day, Instant, Moment
from app.collection.records import Kept, Record
from app.collection.values import (
    CodeReference,
    Country,
    IdReference,
    LanguageTag,
    Line,
    MailAddress,
    Paragraphs,
    Phone,
    Value,
    Visibility,
    each_once,
    formed,
)
from app.operations.bouncing import Channel

Purpose = Literal[
    "general", "national_coordination", "mutual_legal_assistance", "extradition", "arbitration_and_mediation",
    "offender_rehabilitation", "intellectual_property", "access_to_justice", "legal_technical_assistance",
    "research_and_training", "reporting",
]  # fmt: skip

Freshness = Literal["fresh", "due", "stale", "bounced"]


class Office(Value):
    """An office as its public would write to it."""

    name: Line = Field(description="Name of the office.", examples=["International Affairs Division"])
    email: MailAddress | None = Field(
        None, description="Mailbox of the office, not of a person.", examples=["office@example.org"]
    )
    phone: Phone | None = Field(
        None, description="Telephone, with `+` and country code.", examples=["+81 3 0000 0000"]
    )
    languages: Annotated[list[LanguageTag], Field(max_length=20)] = Field(
        [], description="Languages that it works in (BCP 47).", examples=[["en", "ja"]]
    )
    hours: Line | None = Field(None, description="Office hours.", examples=["Mon-Fri 09:30-17:00"])
    time_zone: (
        Annotated[
            str,
            formed(
                r"^[A-Za-z_]+(/[A-Za-z_+-]+){0,2}$",
                "A time zone has the name that it has with IANA, as in `Asia/Tokyo`.",
                max_length=60,
            ),
        ]
        | None
    ) = Field(None, description="IANA time zone of the hours.", examples=["Asia/Tokyo"])
    address: Paragraphs | None = Field(
        None, description="Postal address.", examples=["1-1-1 Kasumigaseki, Chiyoda-ku\nTokyo"]
    )


class PurposeFreshness(Value):
    """How far an entry can be relied on for one purpose."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"purpose": "mutual_legal_assistance", "freshness": "due"}]}
    )

    purpose: Purpose = Field(description="The purpose.", examples=["mutual_legal_assistance"])
    freshness: Freshness = Field(description="`bounced` if its mailbox is.", examples=["due"])


class ChannelFreshness(Value):
    """How far a channel can be relied on."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"channel": "email", "freshness": "bounced"}]})

    channel: Channel = Field(description="The channel.", examples=["email"])
    freshness: Freshness = Field(description="Its own: another may have bounced.", examples=["bounced"])


class FocalPoint(Record, Kept):
    """An office that answers for a country and purposes. Nothing is fresh without a date and a verifier."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "country": "JP",
                    "organisation": {"code": "JP-MOJ-IAD"},
                    "purposes": ["general"],
                    "office": {
                        "name": "International Affairs Division (example)",
                        "email": "office@example.org",
                        "languages": ["en", "ja"],
                        "time_zone": "Asia/Tokyo",
                    },
                }
            ]
        }
    )

    country: Country = Field(description="ISO 3166-1 code of the country it speaks for.", examples=["JP"])
    organisation: CodeReference | None = Field(
        None, description="Body that the office belongs to.", examples=[{"code": "JP-MOJ-IAD"}]
    )
    purposes: Annotated[list[Purpose], Field(min_length=1, max_length=20), AfterValidator(each_once)] = Field(
        description="What it may be asked about.", examples=[["mutual_legal_assistance"]]
    )
    office: Office = Field(description="The office.", examples=[{"name": "International Affairs Division"}])
    person: IdReference | None = Field(
        None,
        description="Person who answers, shown to those whose key may read contacts. Of the same country.",
        examples=[None],
    )
    valid_from: Day | None = Field(
        None, description="First day on which it answers.", examples=["2026-04-01"]
    )
    valid_until: Day | None = Field(None, description="Last day on which it answers.", examples=[None])
    successor: IdReference | None = Field(None, description="Focal point that took over.", examples=[None])
    verified_at: Moment | None = Field(
        None, description="When the entry was last confirmed.", examples=["2026-10-01T02:00:00+00:00"]
    )
    verified_by: Line | None = Field(
        None, description="Office that confirmed it.", examples=["ASEAN Secretariat"]
    )
    confirmed_by: Line | None = Field(
        None,
        description="Written by who confirms that the entry, as this write leaves it, is right: `verified_by` and "
        "`verified_at` follow, and nothing bounces any more. Empty when it is read.",
        examples=[None],
    )
    bounced: bool = Field(False, description="Whether its mailbox refused a message.", examples=[False])
    phone_bounced: bool = Field(False, description="Whether its telephone leads to nobody.", examples=[False])
    freshness: Freshness = Field(
        description="How far the entry can be relied on: `bounced`; `stale` if never verified or older than twice "
        "its term; `due` if older than its term (90 days for mutual legal assistance and extradition, else 365).",
        examples=["fresh"],
        json_schema_extra={"readOnly": True},
    )
    freshness_by_purpose: Annotated[list[PurposeFreshness], Field(max_length=20)] = Field(
        description="The same for each purpose: those of requests between authorities age sooner.",
        examples=[[{"purpose": "general", "freshness": "fresh"}]],
        json_schema_extra={"readOnly": True},
    )
    channels: Annotated[list[ChannelFreshness], Field(max_length=2)] = Field(
        description="How far each channel of the office can be relied on.",
        examples=[[{"channel": "email", "freshness": "fresh"}]],
        json_schema_extra={"readOnly": True},
    )
    note: Paragraphs | None = Field(None, description="What a user should know.", examples=[None])
    visibility: Visibility = Field(
        "public",
        description="Who sees it: everybody, everybody with a key, or only the country itself and the Secretariat.",
        examples=["public"],
    )

    @across("valid_from", "valid_until")
    def _ends_after_it_began(self) -> None:
        if self.valid_from and self.valid_until and self.valid_until < self.valid_from:
            raise PydanticCustomError(
                "valid_until_before_from", "valid_until lies before valid_from.", {"field": "valid_until"}
            )


class MissingOffice(Value):
    """What a country lacks."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "message": "LA names no office for extradition on 2026-11-23.",
                    "others": "/v1/focal-points?country=LA&purposes__has=extradition",
                }
            ]
        }
    )

    message: Annotated[str, Field(max_length=500)] = Field(
        description="In words.", examples=["LA names no office for extradition on 2026-11-23."]
    )
    others: Annotated[str, Field(max_length=200, json_schema_extra={"format": "uri-reference"})] = Field(
        description="Those of other days, if there are any.",
        examples=["/v1/focal-points?country=LA&purposes__has=extradition"],
    )


class FoundFocalPoints(Value):
    """Whom to ask."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "country": "JP", "purpose": "mutual_legal_assistance", "on": "2026-11-23",
                    "answered_for": "mutual_legal_assistance", "fallback": False, "items": [], "gap": None,
                }
            ]
        }
    )  # fmt: skip

    country: Country = Field(description="The country.", examples=["JP"])
    purpose: Purpose = Field(description="What was asked for.", examples=["mutual_legal_assistance"])
    on: Day = Field(description="The day.", examples=["2026-11-23"])
    answered_for: Purpose | None = Field(
        description="For what those that were found answer; null: nobody was found.",
        examples=["mutual_legal_assistance"],
    )
    fallback: bool = Field(description="Whether they answer for something else.", examples=[False])
    items: Annotated[list[FocalPoint], Field(max_length=1000)] = Field(
        description="The offices, best confirmed first.", examples=[[]]
    )
    gap: MissingOffice | None = Field(description="What is missing, if something is.", examples=[None])


class VerificationLink(Value):
    """A link by which an office confirms its entry."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"url": "http://127.0.0.1:8000/confirm/AZqp…", "version": 3, "expires_at": "2026-12-07T09:00:00Z"}
            ]
        }
    )  # fmt: skip

    url: Annotated[str, Field(max_length=2000)] | None = Field(
        description="The link; null where an answer is repeated.",
        examples=["http://127.0.0.1:8000/confirm/AZqp…"],
    )
    version: Annotated[int, Field(ge=1, le=2**31 - 1, json_schema_extra={"format": "int32"})] = Field(
        description="The version that it shows.", examples=[3]
    )
    expires_at: Instant = Field(description="Until when it holds.", examples=["2026-12-07T09:00:00Z"])
