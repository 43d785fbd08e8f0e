"""What travels of API keys. The key itself travels once."""

from ipaddress import ip_network
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from pydantic.json_schema import SkipJsonSchema
from pydantic_core import PydanticCustomError

from app.access.permissions import Permission, Reach
from app.access.scopes import VERBS
from app.collection.days import Instant, Moment
from app.collection.values import Country, Line, Value, each_once, formed

RoleWord = Literal[
    "reader", "partner", "editor", "approver", "asean_authority", "japan_authority", "secretariat", "auditor",
    "administrator",
]  # fmt: skip
_ID = "019aa5d0-6b7c-7c3e-9c39-0d1f5b3a7e11"
_AT = "2026-11-23T09:00:00.000000+00:00"


def _network(written: str) -> str:
    try:
        return str(ip_network(written))
    except ValueError:
        raise PydanticCustomError(
            "network", "A network is written as 203.0.113.0/24 or 2001:db8::/32."
        ) from None


Scope = Annotated[
    str,
    formed(
        rf"^(\*|[a-z]+(-[a-z]+)*):(\*|{'|'.join(VERBS)})$",
        f"A scope is a collection or `*`, `:`, and {', '.join(VERBS)} or `*`, as in `events:read`.",
        max_length=60,
    ),
]
Scopes = Annotated[list[Scope], Field(max_length=50), AfterValidator(each_once)]
Network = Annotated[str, StringConstraints(min_length=2, max_length=49), AfterValidator(_network)]
Networks = Annotated[list[Network], Field(max_length=50), AfterValidator(each_once)]
Name = Annotated[Line, StringConstraints(min_length=1, max_length=200)]

_NAME: dict[str, Any] = {"description": "Which system has it.", "examples": ["Case system of the ministry"]}
_ROLE: dict[str, Any] = {"description": "What it may do.", "examples": ["editor"]}
_COUNTRY: dict[str, Any] = {
    "description": "The country for which an editor or approver speaks, ISO 3166-1; for other roles none.",
    "examples": ["TH"],
}
_BODY: dict[str, Any] = {"description": "Id of the organisation for which it speaks.", "examples": [None]}
_SCOPES: dict[str, Any] = {
    "description": "What it may do less than its role, `collection:verb`; none: all that its role may.",
    "examples": [["activities:write", "*:read"]],
}
_NETWORKS: dict[str, Any] = {
    "description": "From where it opens, in CIDR notation; none: from everywhere.",
    "examples": [["203.0.113.0/24"]],
}
_EXPIRES: dict[str, Any] = {"description": "When it ends; null: never.", "examples": ["2027-12-31T00:00:00Z"]}
_IF_MATCH: dict[str, Any] = {
    "description": "Whether it has to say with `If-Match` which version it changes.",
    "examples": [False],
}


class NewKey(Value):
    """A new key."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"name": "Case system of the ministry", "role": "editor", "country": "TH"}]
        }
    )

    name: Name = Field(**_NAME)
    role: RoleWord = Field(**_ROLE)
    country: Country | None = Field(None, **_COUNTRY)
    body_id: UUID | None = Field(None, **_BODY)
    scopes: Scopes = Field([], **_SCOPES)
    networks: Networks = Field([], **_NETWORKS)
    expires_at: Moment | None = Field(None, **_EXPIRES)
    require_if_match: bool = Field(False, **_IF_MATCH)


class KeyPatch(Value):
    """A merge patch (RFC 7396): what is absent stays, null clears. Role and country stay: make another key."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"scopes": ["*:read"]}]})

    name: Name | SkipJsonSchema[None] = Field(None, **_NAME)
    scopes: Scopes | None = Field(None, **_SCOPES)
    networks: Networks | None = Field(None, **_NETWORKS)
    expires_at: Moment | None = Field(None, **_EXPIRES)
    require_if_match: bool | SkipJsonSchema[None] = Field(None, **_IF_MATCH)


def _with_example(schema: dict[str, Any]) -> None:
    schema["examples"] = [{name: field["examples"][0] for name, field in schema["properties"].items()}]


class KeySecret(BaseModel):
    """What opens a key; two of them while it is rotated."""

    model_config = ConfigDict(json_schema_extra=_with_example)

    begins: Annotated[str, StringConstraints(max_length=20)] = Field(
        description="Its first characters.", examples=["ajwp_Xk3f"]
    )
    created_at: Instant = Field(description="When it was made.", examples=[_AT])
    ends_at: Instant | None = Field(description="When it stops opening, after a rotation.", examples=[None])
    last_used_on: Annotated[str, StringConstraints(pattern=r"^\d{4}-\d{2}-\d{2}$")] | None = Field(
        description="The last day on which it was used.", examples=["2026-11-23"]
    )


class Key(BaseModel):
    """A key, without what opens it."""

    model_config = ConfigDict(json_schema_extra=_with_example)

    id: UUID = Field(description="The register's own id (UUIDv7).", examples=[_ID])
    name: Name = Field(**_NAME)
    role: RoleWord = Field(**_ROLE)
    country: Country | None = Field(**_COUNTRY)
    body_id: UUID | None = Field(**_BODY)
    scopes: Scopes = Field(**_SCOPES)
    networks: Networks = Field(**_NETWORKS)
    expires_at: Instant | None = Field(**_EXPIRES)
    require_if_match: bool = Field(**_IF_MATCH)
    rotated_at: Instant | None = Field(description="When it was last rotated.", examples=[None])
    revoked_at: Instant | None = Field(description="When it was revoked, for good.", examples=[None])
    secrets: Annotated[list[KeySecret], Field(max_length=1000)] = Field(
        description="What opens it, or did.",
        examples=[[{"begins": "ajwp_Xk3f", "created_at": _AT, "ends_at": None, "last_used_on": None}]],
    )
    version: Annotated[int, Field(ge=1, le=2**31 - 1, json_schema_extra={"format": "int32"})] = Field(
        description="Counts its changes from 1.", examples=[1]
    )
    created_at: Instant = Field(description="When it was made.", examples=[_AT])
    updated_at: Instant = Field(description="When it was last changed.", examples=[_AT])


class KeyWithSecret(Key):
    """A key, this once with what opens it."""

    key: Annotated[str, StringConstraints(max_length=60)] | None = Field(
        description="What opens it. Shown this once, and not again: null where an Idempotency-Key was repeated.",
        examples=[None],
    )


class OwnKey(Key):
    """The key that asks, and what it may."""

    permissions: dict[Permission, Reach] = Field(
        description="What its role and scopes leave: for the records of its own country, or of any.",
        examples=[{"read": "any", "edit": "own"}],
        json_schema_extra={"maxProperties": len(Permission)},
    )
