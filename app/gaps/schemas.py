"""What travels of gaps, of the catalogue of checks, and of dismissals."""

from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field

from app.collection.days import Day
from app.collection.records import Answered, Kept, Record
from app.collection.values import CountryCode, Paragraphs, Value, formed

_ID = "019aa5d0-6b7c-7c3e-9c39-0d1f5b3a7e11"
_GAP = f"event_without_outcome:{_ID}"
GAP_ID = "^[a-z_]{1,60}:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(:[a-z_]{1,60})?$"
"""The check, the record that has the gap, and what of it."""
GapId = Annotated[
    str,
    formed(GAP_ID, f"A gap is named by its check and the id of its record, as in `{_GAP}`.", max_length=160),
]
SeverityWord = Literal["critical", "warning", "info"]
Word = Annotated[str, Field(max_length=60)]
Text = Annotated[str, Field(max_length=4000)]
Count = Annotated[int, Field(ge=0, le=2**53, json_schema_extra={"format": "int64"})]


class GapDismissal(Record, Kept):
    """Why a gap may stay, and until when. It is in the feed and in the history like every record."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"gap": _GAP, "reason": "The host reports in spring (example).", "until": "2027-03-31"}
            ]
        }
    )  # fmt: skip

    gap: GapId = Field(description="Id of the gap.", examples=[_GAP])
    reason: Paragraphs = Field(description="Why it may stay.", examples=["The host reports in spring."])
    until: Day = Field(description="Last day on which it may.", examples=["2027-03-31"])
    visibility: Literal["public", "partners", "own"] = Field(
        description="That of the record that has the gap; `own`: the Secretariat alone sees it.",
        examples=["public"],
        json_schema_extra={"readOnly": True},
    )


class Dismissal(Value):
    """Why a gap may stay, and until when."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"reason": "The host reports in spring.", "until": "2027-03-31"}]}
    )

    reason: Paragraphs = Field(description="Why it may stay.", examples=["The host reports in spring."])
    until: Day = Field(description="Last day on which it may.", examples=["2027-03-31"])


class GapSubject(Answered):
    """The record that has a gap."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"kind": "events", "id": _ID, "href": f"/v1/events/{_ID}"}]}
    )

    kind: Word = Field(description="Its collection.", examples=["events"])
    id: UUID = Field(description="Its id.", examples=[_ID])
    href: Text = Field(description="Its address.", examples=[f"/v1/events/{_ID}"])


class GapFix(Answered):
    """The request that would fill a gap."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"method": "PATCH", "path": f"/v1/events/{_ID}", "example": {"outcome": "…"}}]
        }
    )

    method: Literal["POST", "PATCH"] = Field(description="Its method.", examples=["PATCH"])
    path: Text = Field(description="Its address.", examples=[f"/v1/events/{_ID}"])
    example: dict[str, Any] = Field(
        description="A body; `…` stands for what only people know.",
        examples=[{"outcome": "…"}],
        json_schema_extra={"maxProperties": 20},
    )


class Gap(Answered):
    """Something that the plan asks for and the record lacks."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": _GAP, "check": "event_without_outcome", "severity": "warning",
                    "subject": {"kind": "events", "id": _ID, "href": f"/v1/events/{_ID}"}, "country": "JP",
                    "owner": "JP", "since": "2025-06-26", "days": 516, "why": "“4th Crim-AP” has passed; …",
                    "fix": {"method": "PATCH", "path": f"/v1/events/{_ID}", "example": {"outcome": "…"}},
                    "dismissed": None,
                }
            ]
        }
    )  # fmt: skip

    id: GapId = Field(description="Its id: the same gap has the same one on every day.", examples=[_GAP])
    check: Word = Field(description="The check that found it.", examples=["event_without_outcome"])
    severity: SeverityWord = Field(
        description="How grave it is; a `critical` one stops a freeze until it is filled or dismissed.",
        examples=["warning"],
    )
    subject: GapSubject = Field(
        description="The record that has it.",
        examples=[{"kind": "activities", "id": _ID, "href": f"/v1/activities/{_ID}"}],
    )
    country: CountryCode | None = Field(description="The country concerned.", examples=["JP"])
    owner: Annotated[str, Field(max_length=20)] = Field(
        description="Who can fill it: a country, or `secretariat`.", examples=["JP"]
    )
    since: date = Field(description="Since when it is there.", examples=["2025-06-26"])
    days: Count = Field(description="For how many days.", examples=[516])
    why: Text = Field(description="What is missing, in a sentence.", examples=["“4th Crim-AP” has passed; …"])
    fix: GapFix = Field(
        description="What would fill it.",
        examples=[{"method": "PATCH", "path": f"/v1/activities/{_ID}", "example": {"status": "ongoing"}}],
    )
    dismissed: Dismissal | None = Field(description="Why it may stay; null if nobody said.", examples=[None])


class Gaps(Answered):
    """A page of gaps, in the order of their ids."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [], "next": None}]})

    items: Annotated[list[Gap], Field(max_length=1000)] = Field(description="The gaps.", examples=[[]])
    next: Text | None = Field(
        description="Address of the next page; null on the last.", examples=["/v1/gaps?cursor=abc"]
    )


class CheckAbout(Answered):
    """A check of the catalogue."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "name": "event_without_outcome", "severity": "warning", "subject": "events",
                    "about": "An event that has passed and of which no outcome is told.",
                    "source": "What came of it is what a report can say.", "open": 12, "dismissed": 1,
                    "href": "/v1/gaps?check=event_without_outcome",
                }
            ]
        }
    )  # fmt: skip

    name: Word = Field(description="Its name.", examples=["event_without_outcome"])
    severity: SeverityWord = Field(description="How grave its gaps are.", examples=["warning"])
    subject: Word = Field(description="Collection in which it looks.", examples=["events"])
    about: Text = Field(description="What it looks for.", examples=["An event without an outcome."])
    source: Text = Field(description="What asks for it.", examples=["Periodic reporting."])
    open: Count = Field(description="Gaps that nobody has explained.", examples=[12])
    dismissed: Count = Field(description="Gaps that are explained for the time being.", examples=[1])
    href: Text = Field(description="The gaps.", examples=["/v1/gaps?check=event_without_outcome"])


class Checks(Answered):
    """The catalogue of checks."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"items": []}]})

    items: Annotated[list[CheckAbout], Field(max_length=100)] = Field(
        description="The checks.", examples=[[]]
    )
