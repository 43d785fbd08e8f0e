"""What travels of a bundle: its entries, and what became of them."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from app.collection.values import Code, Number, OwnKey, Value

ENTRIES_MOST = 500
Operation = Literal["create", "update", "upsert", "delete"]
Local = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$", min_length=1, max_length=64)
]
_Version = Annotated[int, Field(ge=1, le=2**31 - 1, json_schema_extra={"format": "int32"})]
_Count = Annotated[int, Field(ge=0, le=ENTRIES_MOST, json_schema_extra={"format": "int32"})]
_ID = "019aa5d0-6b7c-7c3e-9c39-0d1f5b3a7e11"


class BundleName(Value):
    """Which record an entry means, by one of its names."""

    model_config = ConfigDict(
        json_schema_extra={"minProperties": 1, "maxProperties": 1, "examples": [{"code": "6.1-TH-1"}]}
    )

    id: UUID | None = Field(None, description="The id of the record.", examples=[_ID])
    code: Code | None = Field(None, description="The code of the record.", examples=["6.1-TH-1"])
    number: Number | None = Field(None, description="The number of the record.", examples=[6])
    key: OwnKey | None = Field(
        None, description="Your own key for the record, `system:key`.", examples=["moj-th:SEM-17"]
    )
    local: Local | None = Field(
        None, description="What another entry of this bundle calls its record.", examples=["a1"]
    )

    @model_validator(mode="after")
    def _names_one(self) -> "BundleName":
        if len(self.model_fields_set) != 1 or self.named[1] is None:
            raise PydanticCustomError(
                "name_one", "Say which record is meant by one of id, code, number, key and local."
            )
        return self

    @property
    def named(self) -> tuple[str, Any]:
        """By what the record is named, and the value."""
        by = next(iter(self.model_fields_set))
        return by, getattr(self, by)


class BundleEntry(Value):
    """One record, and what is to be done with it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"op": "update", "collection": "goals", "record": {"number": 6}, "body": {"keys": []}}
            ]
        }
    )

    op: Operation = Field(
        description="`create` a record, `update` one that is there, `upsert` either, or `delete` it.",
        examples=["create"],
    )
    collection: Annotated[str, StringConstraints(min_length=1, max_length=40)] = Field(
        description="The collection, as it stands in addresses.", examples=["activities"]
    )
    local: Local | None = Field(
        None,
        description='What other entries call this record: they refer to it by `{"local": "a1"}`.',
        examples=["a1"],
    )
    record: BundleName | None = Field(
        None, description="Which record is meant; every operation but `create` needs it.", examples=[None]
    )
    version: _Version | None = Field(
        None, description="The version that is changed; if it is another by now, it is refused.", examples=[1]
    )
    body: dict[str, Any] = Field(
        {},
        description="The fields to set, as in a POST or PATCH of the collection; what is absent stays. "
        'A reference to a record of this bundle is written `{"local": "a1"}`.',
        examples=[{"title": "Training on requests for mutual legal assistance", "goal": {"number": 6}}],
    )

    @model_validator(mode="after")
    def _fits_its_operation(self) -> "BundleEntry":
        if self.op == "create" and (self.record or self.version):
            field = "record" if self.record else "version"
            raise PydanticCustomError(
                "record_not_there",
                "A record that is created has no name and no version yet.",
                {"field": field},
            )
        if self.op != "create" and self.record is None:
            raise PydanticCustomError("missing", "Say which record is meant.", {"field": "record"})
        if self.op == "upsert" and self.record and self.record.named[0] in {"id", "local"}:
            raise PydanticCustomError(
                "upsert_by", "An upsert names its record by code, number or own key.", {"field": "record"}
            )
        if self.op == "delete" and self.body:
            raise PydanticCustomError("body_not_here", "A delete sets no fields.", {"field": "body"})
        return self


class Bundle(Value):
    """Records that are written together, or not at all."""

    entries: list[BundleEntry] = Field(
        min_length=1,
        max_length=ENTRIES_MOST,
        description="What is to be done, in any order: what others refer to is written before them.",
        examples=[[{"op": "delete", "collection": "goals", "record": {"number": 9}}]],
    )


class BundleOutcome(Value):
    """What became of an entry."""

    entry: _Count = Field(description="Its place in the bundle; 0 is the first.", examples=[0])
    collection: str = Field(
        description="Its collection.", examples=["activities"], json_schema_extra={"maxLength": 40}
    )
    local: Local | None = Field(None, description="What the bundle calls it.", examples=["a1"])
    outcome: Literal["create", "update", "unchanged", "delete"] = Field(
        description="What was done.", examples=["create"]
    )
    id: UUID = Field(description="The record.", examples=[_ID])
    etag: str | None = Field(
        None,
        description="Its version now, as in `ETag`; null if it was deleted.",
        examples=['"1"'],
        json_schema_extra={"maxLength": 200},
    )
    href: str | None = Field(
        None,
        description="Its address; null if it was deleted.",
        examples=[f"/v1/activities/{_ID}"],
        json_schema_extra={"maxLength": 200},
    )


class BundleSummary(Value):
    """How many entries had which outcome."""

    entries: _Count = Field(description="Entries of the bundle.", examples=[2])
    create: _Count = Field(0, description="New records.", examples=[1])
    update: _Count = Field(0, description="Records that changed.", examples=[1])
    unchanged: _Count = Field(0, description="Records that were as the entry says.", examples=[0])
    delete: _Count = Field(0, description="Records that were deleted.", examples=[0])


class BundleReport(Value):
    """What became of a bundle, entry by entry, in the order in which it was sent."""

    dry_run: bool = Field(description="Whether nothing was changed.", examples=[False])
    summary: BundleSummary = Field(
        description="The counts.", examples=[{"entries": 2, "create": 1, "update": 1}]
    )
    entries: list[BundleOutcome] = Field(max_length=ENTRIES_MOST, description="The outcomes.", examples=[[]])
