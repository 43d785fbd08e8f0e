"""Schemas that all collections share and none declares: problems and counts, histories and permissions."""

from typing import Any

from app.collection.pages import GROUPS_MOST
from app.operations.documented.answers import described, schema_ref
from app.operations.documented.examples import EXAMPLE_ID, EXAMPLE_REQUEST
from app.operations.documented.histories import HISTORIES
from app.operations.documented.permissions import PERMISSIONS

_ERROR = {
    "type": "object",
    "description": "One mistake, and where it is.",
    "required": ["code"],
    "properties": {
        "pointer": described("string", "Place in the body (RFC 6901).", "/end_date", maxLength=10_000),
        "parameter": described("string", "Query parameter.", "statsu", maxLength=200),
        "header": described("string", "Header.", "If-Match", maxLength=200),
        "code": described("string", "Stable name of the mistake.", "end_before_start", maxLength=100),
        "message": described(
            "string", "The mistake in words.", "end_date lies before start_date.", maxLength=2000
        ),
        "got": described("string", "What a parameter said; never what a body said.", "forumm", maxLength=200),
        "allowed": described(
            "array",
            "What is allowed.",
            ["forum", "seminar"],
            maxItems=1000,
            items={"type": "string", "maxLength": 200},
        ),
        "did_you_mean": described(
            "array", "Near names.", ["forum"], maxItems=10, items={"type": "string", "maxLength": 200}
        ),
        "candidates": described(
            "array",
            "Codes or numbers near a reference that names no record.",
            ["6.1"],
            maxItems=10,
            items={"type": "string", "maxLength": 200},
        ),
        "hint": described("string", "What to do.", "Did you mean forum?", maxLength=2000),
    },
}
COMMON_SCHEMAS: dict[str, Any] = {
    "ProblemError": _ERROR,
    "Problem": {
        "type": "object",
        "description": "Why a request was refused (RFC 9457).",
        "required": ["type", "title", "status", "detail", "instance", "request_id"],
        "properties": {
            "type": described(
                "string",
                "Where the kind of problem is explained, in this service.",
                "/problems/unprocessable",
                format="uri-reference",
                maxLength=200,
            ),
            "title": described("string", "The kind of problem.", "Unprocessable content", maxLength=200),
            "status": described("integer", "HTTP status.", 422, format="int32", minimum=300, maximum=599),
            "detail": described(
                "string", "What went wrong this time.", "1 field needs attention.", maxLength=4000
            ),
            "instance": described(
                "string", "The address that was asked for.", "/v1/events", maxLength=100_000
            ),
            "request_id": described(
                "string", "Also in `X-Request-ID` and in the log.", EXAMPLE_REQUEST, maxLength=64
            ),
            "errors": described(
                "array",
                "Every mistake.",
                [
                    {
                        "pointer": "/end_date",
                        "code": "end_before_start",
                        "message": "end_date lies before start_date.",
                    }
                ],
                maxItems=100_000,
                items=schema_ref("ProblemError"),
            ),
            "available": described(
                "array",
                "Media types that can be had (406).",
                ["application/json"],
                maxItems=20,
                items={"type": "string", "maxLength": 200},
            ),
            "referred_by": {
                "type": "object",
                "description": "How many records of each kind refer to this one (409).",
                "additionalProperties": {
                    "type": "integer",
                    "format": "int64",
                    "minimum": 1,
                    "maximum": 2**53,
                },
                "examples": [{"events": 3}],
            },
            "current": {
                "type": "object",
                "description": "The record as it is now (412).",
                "additionalProperties": True,
                "examples": [{"id": EXAMPLE_ID, "version": 7}],
            },
            "changed_since": described(
                "array",
                "Fields that changed since the version in `If-Match` (412).",
                ["start_date"],
                maxItems=100,
                items={"type": "string", "maxLength": 100},
            ),
        },
    },
    "Counts": {
        "type": "object",
        "description": "Counts per group.",
        "required": ["group_by", "items"],
        "properties": {
            "group_by": described(
                "array",
                "The fields grouped by.",
                ["status"],
                maxItems=3,
                items={"type": "string", "maxLength": 200},
            ),
            "items": described(
                "array",
                "One entry per group.",
                [{"status": "planned", "count": 2, "href": "http://127.0.0.1:8000/v1/events?status=planned"}],
                maxItems=GROUPS_MOST,
                items=schema_ref("Count"),
            ),
        },
        "additionalProperties": False,
    },
    "Count": {
        "type": "object",
        "description": "One group: the values of the fields grouped by, under their names, and how many records.",
        "required": ["count", "href"],
        "properties": {
            "count": described("integer", "How many records.", 2, format="int64", minimum=0, maximum=2**53),
            "href": described(
                "string",
                "The list of them.",
                "http://127.0.0.1:8000/v1/events?status=planned",
                format="uri",
                maxLength=20_000,
            ),
        },
        "additionalProperties": {
            "type": ["string", "integer", "boolean", "null"],
            "description": "A value.",
            "maxLength": 20_000,
            "minimum": -(2**31),
            "maximum": 2**31 - 1,
        },
        "examples": [
            {"status": "planned", "count": 2, "href": "http://127.0.0.1:8000/v1/events?status=planned"}
        ],
    },
    **HISTORIES,
    **PERMISSIONS,
}
