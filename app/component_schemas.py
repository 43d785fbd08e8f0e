"""The schemas of the OpenAPI document: one for reading and writing, made from the collections and their models."""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any

from pydantic.json_schema import models_json_schema

from app import api
from app.amendments.schemas import ClosingReason, TextRead
from app.bundles.schemas import Bundle, BundleReport
from app.changes.documented import schemas as feed_schemas
from app.collection.collection import Collection
from app.collection.projection import EXPANDED_AT_MOST, WITHHELD, Links, Ref
from app.focal_points.schemas import FoundFocalPoints, VerificationLink
from app.funding.schemas import FundingEntries, FundingTotals
from app.gaps.schemas import Checks, Dismissal, Gaps
from app.imports.documented import row_schema
from app.keys.documented import MODELS as KEY_MODELS
from app.keys.documented import PAGES as KEY_PAGES
from app.operations.bouncing import Bounce
from app.operations.documented import (
    COMMON_SCHEMAS,
    example_of,
    page_schema,
    patch_example,
    record_example,
    request_example,
    schema_ref,
)
from app.overlaps.duplicates import DUPLICATES_MOST
from app.overlaps.schemas import OverlapDecided, Overlaps, RowsAlike
from app.persons.schemas import PERSONAL, ErasedPersons, Erasure, SubjectReport
from app.plan.documented import schemas as plan_schemas
from app.plan.schemas import Redline
from app.progress_reports.schemas import ReturnReason
from app.status_reports.explained import WhyStatus
from app.status_reports.schemas import Outstanding, ReportDifference, StatusReport
from app.webhooks.documented import MODELS, PAGES

_REF = "#/components/schemas/{model}"
_PLAIN_REFERENCES = {"IdReference", "NumberReference", "CodeReference"}
"""References that say nothing beside the name of the record; each gets a component per collection."""


def schemas() -> dict[str, Any]:
    """Every component schema."""
    models = [(each.schema, "serialization") for each in api.COLLECTIONS]
    models += [(Bundle, "validation"), (BundleReport, "serialization"), (ReturnReason, "validation")]
    models += [
        (StatusReport, "serialization"),
        (ReportDifference, "serialization"),
        (Outstanding, "serialization"),
        (WhyStatus, "serialization"),
        (FundingEntries, "serialization"),
        (FundingTotals, "serialization"),
        (Gaps, "serialization"),
        (Checks, "serialization"),
        (Dismissal, "validation"),
        (TextRead, "validation"),
        (Redline, "serialization"),
        (ClosingReason, "validation"),
        (Bounce, "validation"),
        (FoundFocalPoints, "serialization"),
        (VerificationLink, "serialization"),
        (Erasure, "serialization"),
        (ErasedPersons, "serialization"),
        (SubjectReport, "serialization"),
        (Overlaps, "serialization"),
        (RowsAlike, "serialization"),
        (OverlapDecided, "validation"),
    ]
    models += MODELS + KEY_MODELS
    _, generated = models_json_schema(models, ref_template=_REF)  # type: ignore[arg-type]
    plain: dict[str, Any] = {name: _tidy(schema) for name, schema in generated["$defs"].items()}
    found = {name: schema for name, schema in plain.items() if name not in _PLAIN_REFERENCES}
    for collection in api.COLLECTIONS:
        _name_references(collection, plain)
    for collection in api.COLLECTIONS:
        for name in collection.about_people:
            plain[collection.schema.__name__]["properties"][name] |= PERSONAL
    for collection in api.COLLECTIONS:
        found |= _references(collection, plain)
    for collection in api.COLLECTIONS:
        found |= _of_collection(collection, plain)
    return found | plan_schemas(found) | feed_schemas(api.COLLECTIONS) | PAGES | KEY_PAGES | COMMON_SCHEMAS


def _name_references(collection: Collection, plain: dict[str, Any]) -> None:
    """Let every reference of a record say to which collection it leads."""
    record = plain[collection.schema.__name__]
    record["properties"] = {each: record["properties"][each] for each in collection.outputs}
    for name, source in collection.outputs.items():
        if isinstance(source, Ref | Links):
            target = f"{source.to.schema.__name__}Reference"
            for reference in _refs(record["properties"][name]):
                if reference["$ref"].rsplit("/", 1)[1] in _PLAIN_REFERENCES:
                    reference["$ref"] = _REF.format(model=target)


def _refs(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for each in (schema, schema.get("items", {}), *schema.get("anyOf", ())):
        if "$ref" in each:
            yield each


def _references(collection: Collection, plain: Mapping[str, Any]) -> dict[str, Any]:
    """The components by which the records of other collections are named.

    A reference is written by one of its names. With `expand` the whole record is read in its place, so its fields
    are part of the schema, as `readOnly`: what clients send stays closed, and generated clients keep every field.
    """
    found: dict[str, Any] = {}
    for name, source in collection.outputs.items():
        if not isinstance(source, Ref | Links):
            continue
        for reference in _refs(plain[collection.schema.__name__]["properties"][name]):
            component = reference["$ref"].rsplit("/", 1)[1]
            kind = {"number": "Number", "code": "Code"}.get(source.to.key or "", "Id")
            schema = deepcopy(plain.get(component) or plain[f"{kind}Reference"])
            if component not in plain:
                by = f"{source.to.key}, id or own key" if source.to.key else "id or own key"
                schema["description"] = f"{_a(source.to.singular).capitalize()}, by {by}."
            expanded = {
                each: {
                    **_answered(field),
                    "readOnly": True,
                    "description": _expanded(field),
                }
                for each, field in _read_properties(source.to, plain).items()
                if each not in schema["properties"]
            }
            schema["properties"] |= expanded
            schema["examples"] = [{source.to.key or "id": example_of(source.to, source.to.key or "id")}]
            found[component] = schema
    return found


def _answered(field: Mapping[str, Any]) -> dict[str, Any]:
    """The field where it is only read: without its default, and without the pattern of texts that have a length."""
    return _without(field, "default", *(("pattern",) if {"maxLength", "format"} & set(field) else ()))


def _expanded(field: Mapping[str, Any]) -> str:
    return f"{field['description'].removesuffix('.')}. Only where the reference is expanded."


def _read_properties(collection: Collection, plain: Mapping[str, Any]) -> dict[str, Any]:
    """Every property that an answer may have: the record's own, and what refers to it."""
    own: dict[str, Any] = plain[collection.schema.__name__]["properties"]
    own = own | {name: _or_unseen(own[name]) for name in _never_without(collection, plain)}
    reverse = {
        each: {
            "$ref": _REF.format(model=f"{known.of().schema.__name__}Excerpt"),
            "description": f"{known.description} Only with `expand={each}`.",
            "readOnly": True,
            "examples": [{"total": 0, "href": f"/v1/{known.of().path}", "items": []}],
        }
        for each, known in collection.reverse.items()
    }
    return {**deepcopy(own), **reverse, **_withheld(collection), **_duplicates(collection)}


def _never_without(collection: Collection, plain: Mapping[str, Any]) -> list[str]:
    """References that a record always has, to what a caller may not be shown."""
    fields = plain[collection.schema.__name__]["properties"]
    outputs = collection.outputs.items()
    return [
        name
        for name, source in outputs
        if isinstance(source, Ref) and source.to.guard.drafts and "$ref" in fields[name]
    ]


def _or_unseen(field: Mapping[str, Any]) -> dict[str, Any]:
    """The reference as it is answered."""
    described = f"{field['description']} In an answer null where it is not shown to this caller."
    seen = {"$ref": field["$ref"]}
    return {**_without(field, "$ref"), "anyOf": [seen, {"type": "null"}], "description": described}


def _duplicates(collection: Collection) -> dict[str, Any]:
    """What a create tells of records that may be the same."""
    if not collection.creating:
        return {}
    listed = {
        "type": "array",
        "maxItems": DUPLICATES_MOST,
        "items": schema_ref("Overlap"),
        "description": "What it may be a duplicate of. Only in the answer to a create with `on_duplicate=report`.",
        "readOnly": True,
        "examples": [[]],
    }
    return {"possible_duplicates": listed}


def _withheld(collection: Collection) -> dict[str, Any]:
    """What names the fields that a caller is not shown."""
    if collection.personal is None:
        return {}
    fields = list(collection.personal.fields)
    listed = {
        "type": "array",
        "maxItems": len(fields),
        "items": {"type": "string", "enum": fields},
        "description": "Fields that are not shown to this caller. Sent back, it has no effect: they stay as they are.",
        "readOnly": True,
        "examples": [fields],
    }
    return {WITHHELD: listed}


def _of_collection(collection: Collection, plain: Mapping[str, Any]) -> dict[str, Any]:
    """The record, a new one, a change, a page, and those that refer to another record."""
    name = collection.schema.__name__
    record = deepcopy(plain[name])
    needed = [each for each in record.pop("required", ()) if each in collection.writable]
    record["properties"] = _read_properties(collection, plain)
    record["examples"] = [record_example(collection)]
    excerpt = {
        "type": "object",
        "description": f"{collection.path.replace('-', ' ').capitalize()} that refer to a record, newest first.",
        "required": ["total", "href", "items"],
        "properties": {
            "total": {
                "type": "integer",
                "format": "int64",
                "minimum": 0,
                "maximum": 2**53,
                "description": "How many there are.",
                "examples": [0],
            },
            "href": {
                "type": "string",
                "maxLength": 2000,
                "description": "The list of all of them.",
                "examples": [f"/v1/{collection.path}"],
            },
            "items": {
                "type": "array",
                "maxItems": EXPANDED_AT_MOST,
                "items": schema_ref(name),
                "description": "The newest hundred.",
                "examples": [[]],
            },
        },
    }
    fields = plain[name]["properties"]
    never_null = {each: fields[each] for each in _never_without(collection, plain)}
    given = {"properties": never_null} if never_null else {}
    new = {
        "description": f"A new {collection.singular}: what it cannot be without.",
        "allOf": [schema_ref(name), {"type": "object", "required": needed, **given}],
        "examples": [request_example(collection)],
    }
    patch, parts = _patch(collection, plain, needed)
    made = {
        name: record,
        f"New{name}": new,
        f"{name}Page": page_schema(collection),
        f"{name}Patch": patch,
        f"{name}Row": row_schema(collection, patch, record),
        **parts,
    }
    referred = any(known.of() is collection for each in api.COLLECTIONS for known in each.reverse.values())
    return made | ({f"{name}Excerpt": excerpt} if referred else {})


def _patch(
    collection: Collection, plain: Mapping[str, Any], needed: list[str]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """A merge patch, and the patches of the objects inside: null clears whatever may be left out."""
    name = collection.schema.__name__
    parts: dict[str, Any] = {}
    properties: dict[str, Any] = {}
    for each in collection.writable:
        field = _without(plain[name]["properties"][each], "default")
        inner = field.get("$ref", "").rsplit("/", 1)[-1]
        if inner and not isinstance(collection.outputs[each], Ref):
            part = deepcopy(plain[inner])
            required = part.pop("required", [])
            part["description"] = f"Changes inside: {part['description'][0].lower()}{part['description'][1:]}"
            part["properties"] = {
                key: _without(value, "default") if key in required else _clearable(value)
                for key, value in part["properties"].items()
            }
            parts[f"{inner}Patch"] = part
            field["$ref"] = _REF.format(model=f"{inner}Patch")
        properties[each] = field if each in needed else _clearable(field)
    properties |= {each: _without(field, "readOnly") for each, field in _withheld(collection).items()}
    patch = {
        "type": "object",
        "description": f"Changes to {_a(collection.singular)} (RFC 7396): what is absent stays, null clears.",
        "properties": properties,
        "additionalProperties": False,
        "examples": [patch_example(collection)],
    }
    return patch, parts


def _clearable(field: Mapping[str, Any]) -> dict[str, Any]:
    """The field with null beside its values."""
    kind = field.get("type")
    if "anyOf" in field or isinstance(kind, list) or kind is None:
        return _without(field, "default")
    cleared = _without(field, "default") | {"type": [kind, "null"]}
    if "enum" in cleared:
        cleared["enum"] = [*cleared["enum"], None]
    return cleared


def _a(words: str) -> str:
    return f"{'an' if words[0] in 'aeio' else 'a'} {words}"


def _without(schema: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    return {key: value for key, value in schema.items() if key not in keys}


def _tidy(schema: Any) -> Any:
    """`T or null` as a type list where it can be one; no generated titles."""
    if isinstance(schema, list):
        return [_tidy(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    tidied = {
        key: {name: _tidy(each) for name, each in value.items()}
        if key == "properties"
        else value
        if key in {"examples", "default", "enum"}
        else _tidy(value)
        for key, value in schema.items()
        if not (key == "title" and isinstance(value, str))
    }
    options = tidied.get("anyOf")
    if options and len(options) == 2 and {"type": "null"} in options:
        only = next(option for option in options if option != {"type": "null"})
        if isinstance(only.get("type"), str):
            del tidied["anyOf"]
            tidied = {**only, **tidied, "type": [only["type"], "null"]}
            if "enum" in tidied:
                tidied["enum"] = [*tidied["enum"], None]
    return tidied
