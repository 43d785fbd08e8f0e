"""What travels of webhooks: the subscription, the events that it is sent, and what became of them."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from pydantic.json_schema import SkipJsonSchema

from app.collection.days import Instant
from app.collection.values import Country, Line, Value, each_once
from app.webhooks.sending import Result
from app.webhooks.targets import URL_MOST

Action = Literal["create", "update", "delete", "restore", "merge", "hide"]
State = Literal["active", "paused", "disabled"]
DeliveryState = Literal["pending", "delivered", "given_up", "dropped"]
REPLAYED_MOST = 10_000
_ID = "019aa5d0-6b7c-7c3e-9c39-0d1f5b3a7e11"
_RECORD = "019aa5d0-7c11-7d52-8a41-2b6f1c9d0e34"
_AT = "2026-11-23T09:00:00.000000+00:00"
_SECRET = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"  # noqa: S105  (the example of Standard Webhooks)

_EVENT = {
    "type": "events.update", "position": 128, "kind": "events", "id": _RECORD, "version": 3, "action": "update",
    "at": _AT, "href": f"https://register.example.org/v1/events/{_RECORD}",
}  # fmt: skip


def _with_example(schema: dict[str, Any]) -> None:
    """An example made of those of the fields."""
    fields = schema["properties"].items()
    schema["examples"] = [{name: field["examples"][0] for name, field in fields}]


class Told(BaseModel):
    """What is only answered or posted."""

    model_config = ConfigDict(json_schema_extra=_with_example)


Url = Annotated[
    str,
    StringConstraints(min_length=9, max_length=URL_MOST, pattern=r"^https?://[!-~]+$"),
]
Kinds = Annotated[
    list[Annotated[str, StringConstraints(min_length=1, max_length=40, pattern="^[a-z-]+$")]],
    Field(max_length=50),
    AfterValidator(each_once),
]
Actions = Annotated[list[Action], Field(max_length=6), AfterValidator(each_once)]
Position = Annotated[int, Field(ge=0, le=2**53, json_schema_extra={"format": "int64"})]
Whole = Annotated[int, Field(ge=0, le=2**31 - 1, json_schema_extra={"format": "int32"})]

_URL = Field(
    description="Where events are posted: https, port 443 or 8443, a host in the public Internet.",
    examples=["https://hooks.example.org/workplan"],
)
_KINDS = (
    "Only these collections, as they stand in addresses; empty: all. For who administers or audits them `keys` as "
    "well, only if they are named."
)
_ACTIONS = "Only these; empty: all."
_COUNTRY = (
    "Only records of this country, as far as they name one in `country` or `countries`; the change with which one "
    "leaves it is sent, too."
)


class NewWebhook(Value):
    """A new subscription: what it cannot be without is the address."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"url": "https://hooks.example.org/workplan", "kinds": ["events", "activities"]}]
        }
    )

    url: Url = _URL
    kinds: Kinds = Field([], description=_KINDS, examples=[["events", "activities"]])
    actions: Actions = Field([], description=_ACTIONS, examples=[["create", "update"]])
    country: Country | None = Field(None, description=_COUNTRY, examples=["TH"])
    description: Line | None = Field(None, description="For yourself.", examples=["Case system, production"])
    from_position: Position | None = Field(
        None,
        description="Changes after this position of the feed are sent; without it, those after now.",
        examples=[0],
    )


class WebhookPatch(Value):
    """A merge patch (RFC 7396): what is absent stays, null clears."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"state": "paused"}]})

    url: Url | SkipJsonSchema[None] = Field(None, description=_URL.description, examples=_URL.examples)
    kinds: Kinds | None = Field(None, description=_KINDS, examples=[["events"]])
    actions: Actions | None = Field(None, description=_ACTIONS, examples=[["create"]])
    country: Country | None = Field(None, description=_COUNTRY, examples=["TH"])
    description: Line | None = Field(None, description="For yourself.", examples=["Case system, test"])
    state: Literal["active", "paused"] | SkipJsonSchema[None] = Field(
        None,
        description="`paused` sends nothing; `active` goes on where it stopped, also after it was disabled.",
        examples=["paused"],
    )


class Webhook(Told):
    """A subscription to changes."""

    id: UUID = Field(description="The register's own id (UUIDv7).", examples=[_ID])
    url: str = Field(
        description=_URL.description,
        examples=_URL.examples,
        json_schema_extra={"format": "uri", "maxLength": URL_MOST},
    )
    kinds: Kinds = Field(description=_KINDS, examples=[["events", "activities"]])
    actions: Actions = Field(description=_ACTIONS, examples=[["create", "update"]])
    country: Country | None = Field(description=_COUNTRY, examples=["TH"])
    description: Line | None = Field(description="For yourself.", examples=["Case system, production"])
    state: State = Field(description="Whether it is sent to.", examples=["active"])
    disabled_reason: Annotated[str, StringConstraints(max_length=200)] | None = Field(
        description="Why the register sends no more: `410 Gone`, or no success for days.", examples=[None]
    )
    from_position: Position = Field(description="Changes after this position are sent.", examples=[0])
    position: Position = Field(description="How far it has come in the feed.", examples=[128])
    pending: Whole = Field(description="Events that are waiting or being sent.", examples=[0])
    failing_since: Instant | None = Field(
        description="Since when no attempt has succeeded; null if the last one did.", examples=[None]
    )
    former_secret_until: Instant | None = Field(
        description="Until when the former secrets sign as well.", examples=[None]
    )
    version: Annotated[int, Field(ge=1, le=2**31 - 1, json_schema_extra={"format": "int32"})] = Field(
        description="Counts its changes from 1.", examples=[1]
    )
    created_at: Instant = Field(description="When it was made.", examples=[_AT])
    updated_at: Instant = Field(description="When it was last changed.", examples=[_AT])


class WebhookWithSecret(Webhook):
    """A subscription, this once with its secret."""

    secret: Annotated[str, StringConstraints(max_length=100)] | None = Field(
        description="Signs its events. Shown this once, and not again: null where an Idempotency-Key was repeated.",
        examples=[_SECRET],
    )


class WebhookEvent(Told):
    """What is posted for a change: which record, never what it says. Read it from `href`."""

    type: Annotated[str, StringConstraints(max_length=60)] = Field(
        description="Kind and action.", examples=["events.update"]
    )
    position: Position = Field(
        description="Its place in the feed: later changes have higher ones.", examples=[128]
    )
    kind: Annotated[str, StringConstraints(max_length=40)] = Field(
        description="The collection.", examples=["events"]
    )
    id: UUID = Field(description="The id of the record.", examples=[_RECORD])
    version: Annotated[int, Field(ge=1, le=2**31 - 1, json_schema_extra={"format": "int32"})] = Field(
        description="The version of the record after the change; for a delete, its last.", examples=[3]
    )
    action: Action = Field(
        description="What was done; `hide`: you may not see the record any longer.", examples=["update"]
    )
    at: Instant = Field(description="When it was committed.", examples=[_AT])
    href: Annotated[str, StringConstraints(max_length=2000)] = Field(
        description="The address of the record.",
        examples=[f"https://register.example.org/v1/events/{_RECORD}"],
    )


class WebhookPing(Told):
    """What `test` posts."""

    type: Annotated[str, StringConstraints(pattern="^ping$")] = Field(
        description="That it is no change.", examples=["ping"]
    )
    at: Instant = Field(description="When it was asked for.", examples=[_AT])


class WebhookDelivery(Told):
    """What became of one event. Of the receiver's answer only the status is kept."""

    webhook_id: Annotated[str, StringConstraints(max_length=100)] = Field(
        description="The header `webhook-id` of every attempt.",
        examples=[f"msg_{_ID.replace('-', '')}_128_660edd1954400"],
    )
    event: WebhookEvent = Field(description="What is posted.", examples=[{**_EVENT, "version": 4}])
    state: DeliveryState = Field(
        description="`given_up` after the last attempt; `dropped` when the receiver said 410.",
        examples=["delivered"],
    )
    attempts: Whole = Field(description="Attempts so far.", examples=[1])
    next_attempt_at: Instant | None = Field(description="When it is tried next, if it is.", examples=[None])
    attempted_at: Instant | None = Field(description="When it was tried last.", examples=[_AT])
    result: Result | None = Field(description="What the last attempt came to.", examples=["delivered"])
    status: Annotated[int, Field(ge=100, le=999, json_schema_extra={"format": "int32"})] | None = Field(
        description="The HTTP status that came back.", examples=[204]
    )
    duration_ms: Whole | None = Field(description="How long the last attempt took.", examples=[83])


class WebhookTest(Told):
    """What became of a ping."""

    webhook_id: Annotated[str, StringConstraints(max_length=100)] = Field(
        description="The header `webhook-id` of the ping.",
        examples=[f"msg_{_ID.replace('-', '')}_test_1764000000"],
    )
    delivered: bool = Field(description="Whether an event sent so would have been taken.", examples=[True])
    result: Result = Field(description="What it came to.", examples=["delivered"])
    status: Annotated[int, Field(ge=100, le=999, json_schema_extra={"format": "int32"})] | None = Field(
        description="The HTTP status that came back.", examples=[204]
    )
    duration_ms: Whole = Field(description="How long it took.", examples=[83])


class WebhookReplay(Value):
    """A range of the feed that is to be sent again."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"from_position": 1, "to_position": 500}]})

    from_position: Annotated[Position, Field(ge=1)] = Field(
        description="The first position.", examples=[1], json_schema_extra={"minimum": 1}
    )
    to_position: Annotated[Position, Field(ge=1)] | None = Field(
        None,
        description=f"The last position, at most {REPLAYED_MOST} in all; without it, as far as the webhook has come.",
        examples=[500],
    )


class WebhookReplayed(Told):
    """What is sent again."""

    from_position: Position = Field(description="The first position.", examples=[1])
    to_position: Position = Field(description="The last position.", examples=[500])
    replayed: Whole = Field(description="Events that fit the webhook, and are sent.", examples=[42])


def page_of(name: str, about: str) -> dict[str, Any]:
    """The schema of a page."""
    return {
        "type": "object",
        "description": about,
        "required": ["items", "next"],
        "properties": {
            "items": {
                "type": "array",
                "maxItems": 1000,
                "items": {"$ref": f"#/components/schemas/{name}"},
                "description": "Newest first.",
                "examples": [[]],
            },
            "next": {
                "type": ["string", "null"],
                "maxLength": 2000,
                "description": "Address of the next page; null on the last.",
                "examples": [None],
            },
        },
        "additionalProperties": False,
        "examples": [{"items": [], "next": None}],
    }
