"""What travels of overlaps, and of the verdicts about them."""

from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field

from app.collection.days import Instant
from app.collection.records import READ_ONLY, Answered, Kept, Record
from app.collection.values import Code, CountryCode, LongLine, Paragraphs, Value, formed

_ONE, _OTHER = "019aa5d0-6b7c-7c3e-9c39-0d1f5b3a7e11", "019aa5d0-6b7c-7c3e-9c39-0d1f5b3a7e12"
_PAIR = f"{_ONE}:{_OTHER}"
PAIR_PATTERN = "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"
PairId = Annotated[
    str, formed(PAIR_PATTERN, "A pair is named by the ids of its two records, joined by `:`.", max_length=73)
]
VerdictWord = Literal["same", "related", "distinct"]
Text = Annotated[str, Field(max_length=4000)]
RowNumber = Annotated[int, Field(ge=1, le=2**31 - 1, json_schema_extra={"format": "int32"})]
Share = Annotated[float, Field(ge=0, le=1, json_schema_extra={"format": "double"})]
_VERDICT = Field(
    description="`same`: one of them should go, or be merged into the other; `related`: both stay, and know of each "
    "other; `distinct`: they only look alike.",
    examples=["distinct"],
)
_REASON = Field(description="Why.", examples=["The one is for judges, the other for prosecutors (example)."])


class OverlapVerdict(Record, Kept):
    """What somebody decided about two records that look alike. It holds as long as both are about the same words."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "overlap": _PAIR,
                    "verdict": "distinct",
                    "reason": "The one is for judges, the other for prosecutors (example).",
                }
            ]
        }
    )

    overlap: PairId = Field(
        description="The two records: their ids, the smaller one first.", examples=[_PAIR]
    )
    verdict: VerdictWord = _VERDICT
    reason: Paragraphs = _REASON
    titles: Annotated[list[LongLine], Field(max_length=2)] = Field(
        description="Their titles when it was decided, in this order.",
        examples=[["Training of judges", "Training of prosecutors"]],
        json_schema_extra=READ_ONLY,
    )
    decided_by: Annotated[str, Field(max_length=60)] | None = Field(
        None,
        description="Who decided: a country, or a role such as `secretariat`.",
        examples=["secretariat"],
        json_schema_extra=READ_ONLY,
    )
    owner: CountryCode | None = Field(
        None,
        description="Country to which both records belong, and which may decide; null: the Secretariat.",
        examples=[None],
        json_schema_extra=READ_ONLY,
    )
    visibility: Literal["public", "partners", "own"] = Field(
        description="That of the record that fewer people see.",
        examples=["public"],
        json_schema_extra=READ_ONLY,
    )


class OverlapDecided(Value):
    """What is decided about two records, and why."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"verdict": "distinct", "reason": "The one is for judges, the other for prosecutors."}
            ]
        }
    )

    verdict: VerdictWord = _VERDICT
    reason: Paragraphs = _REASON


class OverlapReason(Answered):
    """One thing that speaks for it that two records are about the same."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"about": "title", "score": 0.73, "why": "The titles are similar."}]}
    )

    about: Literal["title", "dates", "place", "countries", "organisations", "goals"] = Field(
        description="What was compared.", examples=["title"]
    )
    score: Share = Field(description="How much alike it is, to 1.", examples=[0.73])
    why: Text = Field(description="The same in words.", examples=["The titles are similar."])


class OverlapRecord(Answered):
    """One of the two records."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "kind": "activities", "id": _ONE, "code": "7.2", "title": "Conduct activities …",
                    "start_date": None, "end_date": None, "href": f"/v1/activities/{_ONE}",
                }
            ]
        }
    )  # fmt: skip

    kind: Literal["activities", "events", "framework-items"] = Field(
        description="Its collection.", examples=["activities"]
    )
    id: UUID = Field(description="Its id.", examples=[_ONE])
    code: Code | None = Field(description="Its code, if it has one.", examples=["7.2"])
    title: Text = Field(description="Its title.", examples=["Conduct activities …"])
    start_date: date | None = Field(description="First day.", examples=[None])
    end_date: date | None = Field(description="Last day.", examples=[None])
    href: Text = Field(description="Its address.", examples=[f"/v1/activities/{_ONE}"])


class OverlapSettled(Answered):
    """What was decided about the two."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "verdict": "related", "reason": "Two wordings of one activity.", "decided_by": "secretariat",
                    "decided_at": "2026-11-24T09:00:00.000000+00:00", "holds": True,
                    "href": f"/v1/overlap-verdicts/{_ONE}",
                }
            ]
        }
    )  # fmt: skip

    verdict: VerdictWord = Field(description="What.", examples=["related"])
    reason: Text = Field(description="Why.", examples=["Two wordings of one activity."])
    decided_by: Text | None = Field(description="By whom.", examples=["secretariat"])
    decided_at: Instant = Field(description="When.", examples=["2026-11-24T09:00:00.000000+00:00"])
    holds: bool = Field(
        description="False if a title has changed since, so much that it has to be decided again.",
        examples=[True],
    )
    href: Text = Field(description="The verdict.", examples=[f"/v1/overlap-verdicts/{_ONE}"])


class OverlapFix(Answered):
    """The request that settles it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "method": "POST", "path": f"/v1/overlaps/{_PAIR}/decide",
                    "example": {"verdict": "distinct", "reason": "…"},
                }
            ]
        }
    )  # fmt: skip

    method: Annotated[str, Field(max_length=10)] = Field(description="Its method.", examples=["POST"])
    path: Text = Field(description="Its address.", examples=[f"/v1/overlaps/{_PAIR}/decide"])
    example: dict[str, Any] = Field(
        description="A body; `…` stands for what only people know.",
        examples=[{"verdict": "distinct", "reason": "…"}],
        json_schema_extra={"maxProperties": 20},
    )


_EXAMPLE: dict[str, Any] = {
    "id": _PAIR,
    "score": 0.77,
    "reasons": [{"about": "title", "score": 0.73, "why": "The titles are similar."}],
    "records": [
        {
            "kind": "activities", "id": each, "code": code, "title": "Conduct activities …", "start_date": None,
            "end_date": None, "href": f"/v1/activities/{each}",
        }
        for each, code in ((_ONE, "7.2"), (_OTHER, "7.3"))
    ],
    "verdict": None,
    "fix": {
        "method": "POST", "path": f"/v1/overlaps/{_PAIR}/decide",
        "example": {"verdict": "distinct", "reason": "…"},
    },
}  # fmt: skip


class Overlap(Answered):
    """Two records that may be about the same thing."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    id: PairId = Field(
        description="The ids of both, the smaller one first: always the same.", examples=[_PAIR]
    )
    score: Share = Field(
        description="How likely they are one: the mean of what is known of both, the title weighing as much as all the "
        "rest (title 6, dates 2, place, countries, organisations and goals 1 each).",
        examples=[0.77],
    )
    reasons: Annotated[list[OverlapReason], Field(max_length=6)] = Field(
        description="What speaks for it, the weightiest first.", examples=[_EXAMPLE["reasons"]]
    )
    records: Annotated[list[OverlapRecord], Field(min_length=2, max_length=2)] = Field(
        description="The two records.", examples=[_EXAMPLE["records"]]
    )
    verdict: OverlapSettled | None = Field(
        description="What was decided about them; null if nobody has.", examples=[None]
    )
    fix: OverlapFix = Field(
        description="What settles it.",
        examples=[{**_EXAMPLE["fix"], "example": {"verdict": "same", "reason": "…"}}],
    )


class RowsAlike(Answered):
    """Two records that may be the same, and the rows of a load that make one or both of them."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"rows": [17], "overlap": _EXAMPLE}]})

    rows: Annotated[list[RowNumber], Field(min_length=1, max_length=2)] = Field(
        description="Rows; 1 is the first row of data.", examples=[[17]]
    )
    overlap: Overlap = Field(description="The two records.", examples=[{**_EXAMPLE, "score": 0.91}])


class Overlaps(Answered):
    """A page of overlaps, the likeliest first."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [_EXAMPLE], "next": None}]})

    items: Annotated[list[Overlap], Field(max_length=1000)] = Field(
        description="The overlaps.", examples=[[_EXAMPLE]]
    )
    next: Text | None = Field(
        description="Address of the next page; null on the last.", examples=["/v1/overlaps?cursor=0.77"]
    )
