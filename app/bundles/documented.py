"""The OpenAPI text of bundles."""

from typing import Any

from app.bundles.schemas import ENTRIES_MOST
from app.operations import documented as doc

ABOUT = (
    f"Write up to {ENTRIES_MOST} records of any collections in one transaction: all of them, or none. Entries may "
    "stand in any order. An entry that is called something in `local` is referred to by others as "
    '`{"local": "a1"}`, wherever a reference can stand, before it has an id; what others refer to is written first, '
    "deletes come last. Every field means what it means in a POST or PATCH of the collection, and obeys the same "
    "rules. Every mistake of every entry is reported, with its pointer. Records that need one another are made by a "
    "`create` without the reference and an `update` that names the record by its `local`."
)
EXAMPLE = {
    "entries": [
        {
            "op": "create",
            "collection": "events",
            "body": {
                "title": "Opening seminar",
                "kind": "seminar",
                "start_date": "2026-12-01",
                "activities": [{"local": "a1", "link": "stated"}],
                "organisations": [{"local": "division", "role": "host"}],
            },
        },
        {
            "op": "create",
            "collection": "activities",
            "local": "a1",
            "body": {
                "title": "Training on requests for mutual legal assistance",
                "goal": {"number": 6},
                "lead": {"local": "division"},
            },
        },
        {
            "op": "upsert",
            "collection": "organisations",
            "local": "division",
            "record": {"code": "TH-MOJ-INT"},
            "body": {
                "name": "International Affairs Division",
                "kind": "government_body",
                "country": "TH",
                "parent": {"code": "TH-MOJ"},
            },
        },
    ]
}
_ID = "019aa5d0-6b7c-7c3e-9c39-0d1f5b3a7e11"
_REPORT: dict[str, Any] = {
    "dry_run": False,
    "summary": {"entries": 1, "create": 1, "update": 0, "unchanged": 0, "delete": 0},
    "entries": [
        {
            "entry": 0,
            "collection": "activities",
            "local": "a1",
            "outcome": "create",
            "id": _ID,
            "etag": '"1"',
            "href": f"/v1/activities/{_ID}",
        }
    ],
}
RESPONSES = doc.ok(
    200,
    "Every entry was good, and all are stored.",
    {"application/json": {"schema": doc.schema_ref("BundleReport"), "example": _REPORT}},
    *doc.WRITTEN,
) | doc.problems(*doc.WRITES)
EXTRA: dict[str, Any] = {
    "parameters": [doc.DRY_RUN, doc.IDEMPOTENCY_KEY, doc.REASON],
    "requestBody": {
        "required": True,
        "description": "The entries.",
        "content": {"application/json": {"schema": doc.schema_ref("Bundle"), "example": EXAMPLE}},
    },
    "security": [{"bearer": []}, {"api_key": []}],
}
