"""What all records share: an id, the fields that the register keeps itself, and those of what belongs to a country."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from app.collection.days import Instant
from app.collection.values import Country, OwnKey, Visibility, each_once

READ_ONLY: Any = {"readOnly": True}


class Answered(BaseModel):
    """What is only answered. It is described by this model, and read by nothing: it is built with the API document."""

    model_config = ConfigDict(extra="forbid", defer_build=True)


class Record(BaseModel):
    """What every record has. The read-only fields are kept by the register."""

    model_config = ConfigDict(extra="forbid", strict=True)

    id: UUID = Field(
        description="The register's own id (UUIDv7).",
        examples=["019aa5d0-6b7c-7c3e-9c39-0d1f5b3a7e11"],
        json_schema_extra=READ_ONLY,
    )


class Kept(BaseModel):
    """The closing fields of every record."""

    model_config = ConfigDict(extra="forbid", strict=True)

    keys: Annotated[list[OwnKey], Field(max_length=50), AfterValidator(each_once)] = Field(
        [],
        description="Keys by which other systems know this record, `system:key`.",
        examples=[["moj-th:ORG-3"]],
    )
    version: int = Field(
        description="Counts the changes of this record from 1.",
        examples=[1],
        json_schema_extra={**READ_ONLY, "format": "int32", "minimum": 1, "maximum": 2_147_483_647},
    )
    created_at: Instant = Field(
        description="When the record was made.",
        examples=["2026-11-23T09:00:00.000000+00:00"],
        json_schema_extra=READ_ONLY,
    )
    updated_at: Instant = Field(
        description="When the record was last changed.",
        examples=["2026-11-23T09:00:00.000000+00:00"],
        json_schema_extra=READ_ONLY,
    )


class Owned(BaseModel):
    """The fields of a record that belongs to a country, and need not be public."""

    owner: Country | None = Field(
        None,
        description="Country whose ministry keeps this record, ISO 3166-1; null: the Secretariat. A ministry's new "
        "records are its own, and stay so.",
        examples=[None],
    )
    visibility: Visibility = Field(
        "public",
        description="Who sees it: everybody, everybody with a key, or only the country itself and the Secretariat.",
        examples=["public"],
    )
