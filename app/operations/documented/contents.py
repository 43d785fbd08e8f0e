"""Bodies in the OpenAPI text: of answers, in every form, and of requests."""

from typing import Any

from app.collection.asked import LIMIT_MOST
from app.collection.collection import Collection
from app.http.formats import CSV, JSON, NDJSON, XLSX
from app.http.workbooks import ROWS_MOST
from app.operations.documented.answers import BINARY, described, schema_ref
from app.operations.documented.examples import EXAMPLE_ID, record_example
from app.operations.documented.questions import filter_example, grouped


def record_content(collection: Collection) -> dict[str, Any]:
    return {"application/json": {"schema": schema_ref(collection.schema.__name__)}}


def item_content(collection: Collection) -> dict[str, Any]:
    """One record, in every form in which it can be read."""
    return record_content(collection) | _renditions(collection)


def _renditions(collection: Collection) -> dict[str, Any]:
    return {
        style.media_type: {
            "schema": {
                "type": "string",
                "description": f"{rendition.about} Also under the ending `.{style.ending}`.".lstrip(),
            },
            "example": rendition.example,
        }
        for style, rendition in collection.renditions.items()
    }


def list_content(collection: Collection) -> dict[str, Any]:
    names = list(collection.cells(collection.table, tuple(collection.outputs)))
    return {
        JSON.media_type: {"schema": schema_ref(f"{collection.schema.__name__}Page")},
        NDJSON.media_type: {
            "schema": {"type": "string", "description": "One record per line, as JSON."},
            "example": f'{{"id":"{EXAMPLE_ID}","version":1}}\n',
        },
        CSV.media_type: {
            "schema": {
                "type": "string",
                "description": f"A header line, {', '.join(names)}; one record per line.",
            },
            "example": f"id,version\n{EXAMPLE_ID},1\n",
        },
        XLSX.media_type: {
            "schema": {
                **BINARY,
                "description": "A workbook of one sheet with the columns of the CSV; `id` and `version` are hidden. "
                f"At most {ROWS_MOST} rows; more is 406.",
            },
        },
        **_renditions(collection),
    }


def counts_content(collection: Collection) -> dict[str, Any]:
    field = grouped(collection)
    value = filter_example(collection, field, collection.filters[field].kind)
    href = f"http://127.0.0.1:8000/v1/{collection.path}?{field}={value}"
    example = {"group_by": [field], "items": [{field: value, "count": 1, "href": href}]}
    return {"application/json": {"schema": schema_ref("Counts"), "example": example}}


def history_content() -> dict[str, Any]:
    return {"application/json": {"schema": schema_ref("History")}}


def difference_content() -> dict[str, Any]:
    return {"application/json": {"schema": schema_ref("Difference")}}


def links_of(collection: Collection, one: str) -> dict[str, Any]:
    """What can be done next with a record that was made."""
    return {
        f"{verb}_{one}": {
            "operationId": f"{verb}_{one}",
            "description": f"{about} it.",
            "parameters": {"name": "$response.body#/id"},
        }
        for verb, about in (
            ("read", "Read"),
            ("update", "Change"),
            ("delete", "Delete"),
            ("restore", "Once it is deleted, bring back"),
        )
    }


def page_schema(collection: Collection) -> dict[str, Any]:
    """A page of a list. Its records have no required fields, so that those of `fields=` are pages as well."""
    return {
        "type": "object",
        "description": f"A page of {collection.path.replace('-', ' ')}.",
        "required": ["items", "next"],
        "properties": {
            "items": {
                "type": "array",
                "maxItems": LIMIT_MOST,
                "items": schema_ref(collection.schema.__name__),
                "description": "The records, in order.",
                "examples": [[]],
            },
            "next": {
                "type": ["string", "null"],
                "maxLength": 20_000,
                "description": "Address of the next page; null on the last.",
                "examples": [f"http://127.0.0.1:8000/v1/{collection.path}?cursor=abc"],
            },
            "total": {
                "type": "integer",
                "format": "int64",
                "minimum": 0,
                "maximum": 2**53,
                "description": "Number of records, with `count=exact`.",
                "examples": [1],
            },
            "compared": {
                "type": "object",
                "description": "What differs, with `compare`; `items` are then the records that came or changed.",
                "required": ["from", "to", "added", "removed", "changed"],
                "properties": {
                    "from": described("string", "The earlier moment.", "2026-10-01T00:00:00Z", maxLength=40),
                    "to": {
                        "type": ["string", "null"],
                        "maxLength": 40,
                        "description": "The later moment; null is now.",
                        "examples": [None],
                    },
                    "added": described(
                        "array",
                        "Ids of the records that came into the list.",
                        [],
                        maxItems=10_000,
                        items={"type": "string", "format": "uuid"},
                    ),
                    "removed": {
                        "type": "array",
                        "maxItems": 10_000,
                        "description": "The records that left it, as they were.",
                        "items": schema_ref(collection.schema.__name__),
                        "examples": [[]],
                    },
                    "changed": described(
                        "array",
                        "The records that changed, with the fields that did.",
                        [],
                        maxItems=10_000,
                        items=schema_ref("Changed"),
                    ),
                },
                "examples": [
                    {"from": "2026-10-01T00:00:00Z", "to": None, "added": [], "removed": [], "changed": []}
                ],
            },
        },
        "additionalProperties": False,
        "examples": [{"items": [record_example(collection)], "next": None}],
    }


def body_of(collection: Collection) -> dict[str, Any]:
    """The body of a create."""
    schema = schema_ref(f"New{collection.schema.__name__}")
    return {
        "required": True,
        "description": f"The new {collection.singular}.",
        "content": {"application/json": {"schema": schema}},
    }


def merge_body(collection: Collection) -> dict[str, Any]:
    """Which record stands for both."""
    key = collection.key
    other = 7 if key == "number" else "OTHER" if key else EXAMPLE_ID
    return {
        "schema": {
            "type": "object",
            "required": ["into"],
            "properties": {
                "into": {
                    "type": "object",
                    "description": f"The {collection.singular} that stands for both, by one of its names.",
                    "minProperties": 1,
                    "maxProperties": 1,
                    "properties": {
                        "id": {"type": "string", "format": "uuid", "description": "Its id."},
                        "key": {
                            "type": "string",
                            "maxLength": 161,
                            "pattern": "^[a-z0-9][a-z0-9-]{0,39}:[A-Za-z0-9][A-Za-z0-9._-]{0,119}$",
                            "description": "An own key of it.",
                        },
                    }
                    | ({key: {**_plain_key(collection), "description": f"Its {key}."}} if key else {}),
                    "additionalProperties": False,
                }
            },
            "additionalProperties": False,
        },
        "example": {"into": {key or "id": other}},
    }


def _plain_key(collection: Collection) -> dict[str, Any]:
    if collection.key == "number":
        return {"type": "integer", "format": "int32", "minimum": 1, "maximum": 32767}
    return {"type": "string", "maxLength": 40, "pattern": "^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$"}


def patch_of(collection: Collection) -> dict[str, Any]:
    """The body of an update."""
    media = {"schema": schema_ref(f"{collection.schema.__name__}Patch")}
    return {
        "required": True,
        "description": "A merge patch (RFC 7396): what is absent stays, null clears.",
        "content": {"application/merge-patch+json": media, "application/json": media},
    }
