"""What travels of an amendment."""

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from app.collection.days import Day, Instant
from app.collection.records import READ_ONLY, Kept, Record
from app.collection.values import Code, Line, LongLine, Number, NumberReference, Paragraphs, Value, formed

_OLD: Any = {
    "text": "Continue to implement the Kyoto Declaration through ongoing national efforts",
    "sub_items": [],
}
_NEW: Any = {
    "text": "Continue to implement the Kyoto Declaration through ongoing national efforts and joint reviews",
    "sub_items": [],
}
_HASH = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
TextHash = Annotated[
    str,
    formed(
        r"^sha256:[0-9a-f]{64}$", "A hash is written `sha256:` and 64 digits, 0-9 and a-f.", max_length=71
    ),
]
Side = Literal["asean", "japan"]


class Wording(Value):
    """The words of one place of the plan."""

    model_config = ConfigDict(json_schema_extra={"examples": [_NEW]})

    text: LongLine = Field(description="The text, to the letter.", examples=[_NEW["text"]])
    sub_items: Annotated[list[LongLine], Field(max_length=50)] = Field(
        [], description="The items that stand under it.", examples=[["Mutual legal assistance"]]
    )


class TextChange(Value):
    """One change to the plan's text: of a goal, an activity, or a paragraph of the preamble."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"action": "modify", "kind": "activity", "name": "6.3", "old": _OLD, "new": _NEW}]
        }
    )

    action: Literal["modify", "add", "retire"] = Field(description="What is done to it.", examples=["modify"])
    kind: Literal["goal", "activity", "preamble"] = Field(
        description="What is changed; of the preamble, paragraphs are modified only.", examples=["activity"]
    )
    name: Code = Field(
        description="Number of the goal, code of the activity, or place of the paragraph, from 1.",
        examples=["6.3"],
    )
    under: Number | None = Field(
        None,
        description="What is added stands under it: an activity under the goal with this number, a goal under the "
        "area; a goal without one stands beside the areas.",
        examples=[None],
    )
    old: Wording | None = Field(
        None,
        description="The text as it stands; filled in if it is left out. Null for what is added.",
        examples=[_OLD],
    )
    new: Wording | None = Field(
        None, description="The text as it shall be. Null for what is retired.", examples=[_NEW]
    )

    @model_validator(mode="after")
    def _as_the_action_needs(self) -> "TextChange":
        wrong = (
            "new" if (self.new is None) != (self.action == "retire")
            else "old" if self.action == "add" and self.old is not None
            else "under" if (self.action == "add" and self.kind == "activity" and self.under is None)
            or (self.action != "add" and self.under is not None)
            else "kind" if self.kind == "preamble" and self.action != "modify"
            else "name" if self.kind != "activity" and not re.fullmatch("[1-9][0-9]{0,3}", self.name)
            else ""
        )  # fmt: skip
        if wrong:
            raise PydanticCustomError(
                "change_and_action",
                "`new` is the text that stands afterwards, `old` the one before, `under` is for what is added, and "
                "goals and paragraphs are named by a number.",
                {"field": wrong},
            )
        return self


def _each_place_once(changes: list[TextChange]) -> list[TextChange]:
    if len({(change.kind, change.name) for change in changes}) != len(changes):
        raise PydanticCustomError("repeated", "An amendment changes each place of the text once.")
    return changes


class Concurrence(Value):
    """That a side has concurred, when, and to what."""

    side: Side = Field(description="Whose it is.", examples=["asean"])
    at: Instant = Field(description="When.", examples=["2026-11-23T09:00:00.000000+00:00"])
    by: Line = Field(description="Name of the key with which it was given.", examples=["ASLOM Chair"])
    text_hash: TextHash = Field(description="Of the text that it was given to.", examples=[_HASH])


class Amendment(Record, Kept):
    """A change to the plan's text, from draft to in force. It needs the concurrence of ASEAN and of Japan."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "number": 9,
                    "title": "Joint reviews of the Kyoto Declaration (example)",
                    "rationale": "Discussed at the 2nd Consultation (example).",
                    "proposed_by": "japan",
                    "changes": [{"action": "modify", "kind": "activity", "name": "6.3", "new": _NEW}],
                }
            ]
        }
    )

    number: Number = Field(description="Which amendment it is; permanent.", examples=[9])
    title: LongLine = Field(description="Title.", examples=["Joint reviews of the Kyoto Declaration"])
    rationale: Paragraphs | None = Field(
        None,
        description="Why it is proposed; part of the text.",
        examples=["Discussed at the 2nd Consultation."],
    )
    proposed_by: Side | None = Field(None, description="Side that proposes it.", examples=["japan"])
    consultation: NumberReference | None = Field(
        None, description="Consultation before which it is laid.", examples=[{"number": 2}]
    )
    effective_on: Day | None = Field(
        None,
        description="Day from which it is to hold; null: the day on which the second side concurs. Part of the "
        "text.",
        examples=["2027-04-01"],
    )
    changes: Annotated[
        list[TextChange], Field(min_length=1, max_length=100), AfterValidator(_each_place_once)
    ] = Field(
        description="What is changed, place by place.",
        examples=[[{"action": "modify", "kind": "activity", "name": "6.3", "old": _OLD, "new": _NEW}]],
    )
    state: Literal["draft", "tabled", "concurred", "in_force", "withdrawn", "lapsed"] = Field(
        description="Where it stands. `concurred`: by both sides, and its day has not come.",
        examples=["tabled"],
        json_schema_extra=READ_ONLY,
    )
    state_since: Instant = Field(
        description="When it came into this state.",
        examples=["2026-11-23T09:00:00.000000+00:00"],
        json_schema_extra=READ_ONLY,
    )
    text_hash: TextHash = Field(
        description="SHA-256 of the exact text, as `/v1/amendments/{number}/text` answers it. Any edit of the text "
        "gives another hash, and voids what was concurred to.",
        examples=[_HASH],
        json_schema_extra=READ_ONLY,
    )
    concurrences: Annotated[list[Concurrence], Field(max_length=2)] = Field(
        description="Who has concurred to this text.", examples=[[]], json_schema_extra=READ_ONLY
    )
    took_effect_on: Day | None = Field(
        description="Day from which it holds; null unless it is in force.",
        examples=[None],
        json_schema_extra=READ_ONLY,
    )
    closed_reason: Paragraphs | None = Field(
        description="Why it was withdrawn or has lapsed; else null.",
        examples=[None],
        json_schema_extra=READ_ONLY,
    )
    visibility: Literal["public", "partners", "own"] = Field(
        description="`own`: a draft, for the Secretariat; `partners`: once it is tabled, for everybody with a key; "
        "`public` when both sides have concurred.",
        examples=["partners"],
        json_schema_extra=READ_ONLY,
    )


class TextRead(Value):
    """What a side has read and concurs to."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"text_hash": _HASH}]})

    text_hash: TextHash = Field(description="`text_hash` of the amendment that was read.", examples=[_HASH])


class ClosingReason(Value):
    """Why an amendment is not pursued."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "Taken up in amendment 10."}]})

    reason: Paragraphs = Field(description="Why.", examples=["Taken up in amendment 10."])
