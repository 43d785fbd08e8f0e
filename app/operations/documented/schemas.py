"""Schemas that no collection declares: problems, counts, history, hits."""

from typing import Any

from app.collection.pages import GROUPS_MOST
from app.operations.documented.answers import schema_ref
from app.operations.documented.examples import EXAMPLE_ID, EXAMPLE_REQUEST
from app.operations.documented.permissions import PERMISSIONS


def described(kind: str, description: str, example: Any, **bounds: Any) -> dict[str, Any]:
    return {"type": kind, "description": description, **bounds, "examples": [example]}


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
_WITHHELD = described(
    "array",
    "Fields that are told to those with a key only.",
    ["by"],
    maxItems=20,
    items={"type": "string", "maxLength": 100},
)
_CHANGED_FIELDS = {
    "type": "object",
    "description": "The fields that were changed, each with its value before and after.",
    "additionalProperties": {
        "type": "object",
        "description": "A field.",
        "required": ["before", "after"],
        "properties": {
            "before": {"description": "Its value before.", "examples": ["2026-10-01"]},
            "after": {"description": "Its value after.", "examples": ["2026-10-08"]},
        },
    },
    "examples": [{"start_date": {"before": "2026-10-01", "after": "2026-10-08"}}],
}
_A_STATE = {"version": 2, "at": "2026-10-01T09:00:00Z"}
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
    "History": {
        "type": "object",
        "description": "Versions of a record, newest first.",
        "required": ["items", "next"],
        "properties": {
            "items": described("array", "The versions.", [], maxItems=200, items=schema_ref("Version")),
            "next": {
                "type": ["string", "null"],
                "maxLength": 20_000,
                "description": "Address of the next page; null on the last.",
                "examples": [None],
            },
            "_withheld": _WITHHELD,
        },
        "additionalProperties": False,
        "examples": [{"items": [], "next": None}],
    },
    "Version": {
        "type": "object",
        "description": "What a record became at one time.",
        "required": ["version", "position", "at", "action", "changed"],
        "properties": {
            "version": described("integer", "Its version.", 2, format="int32", minimum=1, maximum=2**31 - 1),
            "position": described(
                "integer",
                "Place of the change in the journal.",
                812,
                format="int64",
                minimum=1,
                maximum=2**53,
            ),
            "at": described("string", "When.", "2026-10-01T09:00:00Z", format="date-time", maxLength=40),
            "action": {
                "type": "string",
                "description": "What was done. What deletes a record leaves it at the version that it had.",
                "enum": ["create", "update", "delete", "restore", "merge"],
                "examples": ["update"],
            },
            "by": {
                "type": "object",
                "description": "Who: the holder of a key, or whoever wrote in the database itself.",
                "properties": {
                    "key": {
                        "type": "object",
                        "description": "The key, by its id and name.",
                        "properties": {
                            "id": described(
                                "string", "Id of the key.", EXAMPLE_ID, format="uuid", maxLength=36
                            ),
                            "name": {
                                "type": ["string", "null"],
                                "maxLength": 1000,
                                "description": "Whose it is.",
                                "examples": ["Ministry of Justice"],
                            },
                        },
                        "examples": [{"id": EXAMPLE_ID, "name": "Ministry of Justice"}],
                    },
                    "database_role": described("string", "Role in the database.", "workplan", maxLength=63),
                },
                "examples": [{"key": {"id": EXAMPLE_ID, "name": "Ministry of Justice"}}],
            },
            "system": {
                "type": ["string", "null"],
                "maxLength": 40,
                "description": "The system by whose own key the record was written; null if it was named otherwise.",
                "examples": ["moj-th"],
            },
            "reason": {
                "type": ["string", "null"],
                "maxLength": 500,
                "description": "Why, as `X-Reason` said.",
                "examples": ["Date confirmed by the host"],
            },
            "request_id": {
                "type": ["string", "null"],
                "maxLength": 64,
                "description": "The request that did it.",
                "examples": [EXAMPLE_REQUEST],
            },
            "survivor": {
                "type": "object",
                "description": "Into which record it was merged.",
                "properties": {"id": described("string", "Its id.", EXAMPLE_ID, format="uuid", maxLength=36)},
                "examples": [{"id": EXAMPLE_ID}],
            },
            "erased": described("boolean", "`true`: what it said was erased.", True),
            "changed": _CHANGED_FIELDS,
        },
        "additionalProperties": False,
        "examples": [
            {
                "version": 2,
                "position": 812,
                "at": "2026-10-01T09:00:00Z",
                "action": "update",
                "by": {"key": {"id": EXAMPLE_ID, "name": "Ministry of Justice"}},
                "system": "moj-th",
                "reason": "Date confirmed by the host",
                "request_id": EXAMPLE_REQUEST,
                "changed": {"start_date": {"before": "2026-10-01", "after": "2026-10-08"}},
            }
        ],
    },
    "Changed": {
        "type": "object",
        "description": "A record that changed between two moments.",
        "required": ["id", "fields"],
        "properties": {
            "id": described("string", "Its id.", EXAMPLE_ID, format="uuid", maxLength=36),
            "fields": _CHANGED_FIELDS,
        },
        "examples": [{"id": EXAMPLE_ID, "fields": {"status": {"before": "planned", "after": "ongoing"}}}],
    },
    "State": {
        "type": "object",
        "description": "One of the two states.",
        "required": ["version", "at"],
        "properties": {
            "version": described("integer", "Its version.", 2, format="int32", minimum=1, maximum=2**31 - 1),
            "at": described(
                "string", "Since when.", "2026-10-01T09:00:00Z", format="date-time", maxLength=40
            ),
        },
        "examples": [_A_STATE],
    },
    "Difference": {
        "type": "object",
        "description": "What differs between two states of a record.",
        "required": ["from", "to", "patch", "texts"],
        "properties": {
            "from": {**schema_ref("State"), "description": "The first state.", "examples": [_A_STATE]},
            "to": {**schema_ref("State"), "description": "The second state.", "examples": [_A_STATE]},
            "patch": described(
                "array",
                "A JSON Patch (RFC 6902) that leads from the first state to the second.",
                [{"op": "replace", "path": "/title", "value": "A seminar"}],
                maxItems=10_000,
                items={"type": "object", "description": "One operation.", "additionalProperties": True},
            ),
            "texts": {
                "type": "object",
                "description": "Texts that differ, word by word; in scripts without spaces sign by sign.",
                "additionalProperties": {
                    "type": "array",
                    "maxItems": 100_000,
                    "description": "The pieces, in order.",
                    "items": schema_ref("Piece"),
                },
                "examples": [{"title": [{"op": "equal", "text": "A "}, {"op": "insert", "text": "seminar"}]}],
            },
        },
        "additionalProperties": False,
        "examples": [
            {
                "from": {"version": 1, "at": "2026-09-01T09:00:00Z"},
                "to": {"version": 2, "at": "2026-10-01T09:00:00Z"},
                "patch": [{"op": "replace", "path": "/title", "value": "A seminar"}],
                "texts": {
                    "title": [
                        {"op": "equal", "text": "A "},
                        {"op": "delete", "text": "forum"},
                        {"op": "insert", "text": "seminar"},
                    ]
                },
            }
        ],
    },
    "Piece": {
        "type": "object",
        "description": "A piece of a text.",
        "required": ["op", "text"],
        "properties": {
            "op": {
                "type": "string",
                "description": "Whether it stayed, went or came.",
                "enum": ["equal", "delete", "insert"],
                "examples": ["insert"],
            },
            "text": described("string", "The piece.", "seminar", maxLength=200_000),
        },
        "examples": [{"op": "insert", "text": "seminar"}],
    },
    "Checkpoint": {
        "type": "object",
        "description": "A place in the journal, and what its chain is there.",
        "required": ["position", "hash", "at"],
        "properties": {
            "position": described("integer", "The place.", 812, format="int64", minimum=0, maximum=2**53),
            "hash": described(
                "string",
                "SHA-256 of all that came before.",
                "9f" * 32,
                pattern="^[0-9a-f]{64}$",
                maxLength=64,
            ),
            "at": {
                "type": ["string", "null"],
                "format": "date-time",
                "maxLength": 40,
                "description": "When it was reached.",
                "examples": ["2026-10-01T09:00:00Z"],
            },
        },
        "additionalProperties": False,
        "examples": [{"position": 812, "hash": "9f" * 32, "at": "2026-10-01T09:00:00Z"}],
    },
    "Verdict": {
        "type": "object",
        "description": "How far the chain of the journal holds.",
        "required": ["valid", "complete", "until", "broken_at", "problem"],
        "properties": {
            "valid": described("boolean", "Whether every link that was looked at holds.", True),
            "complete": described("boolean", "Whether the end of the journal was reached.", True),
            "until": described(
                "string",
                "The last good place, as a checkpoint.",
                f"812:{'9f' * 32}",
                maxLength=83,
                pattern="^[0-9]{1,18}:[0-9a-f]{64}$",
            ),
            "broken_at": {
                "type": ["integer", "null"],
                "format": "int64",
                "minimum": 0,
                "maximum": 2**53,
                "description": "Place of the first change of which the chain does not hold.",
                "examples": [None],
            },
            "problem": {
                "type": ["string", "null"],
                "maxLength": 200,
                "description": "What is wrong there.",
                "examples": [None],
            },
        },
        "additionalProperties": False,
        "examples": [
            {"valid": True, "complete": True, "until": f"812:{'9f' * 32}", "broken_at": None, "problem": None}
        ],
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
    "Hits": {
        "type": "object",
        "description": "Hits of a search, best first.",
        "required": ["items"],
        "properties": {
            "items": described("array", "The hits.", [], maxItems=100, items=schema_ref("Hit")),
        },
        "additionalProperties": False,
        "examples": [{"items": []}],
    },
    "Hit": {
        "type": "object",
        "description": "A record that was found.",
        "required": ["kind", "id", "title", "score", "href"],
        "properties": {
            "kind": described("string", "Which collection it is in.", "goals", maxLength=40),
            "id": described("string", "The record's id.", EXAMPLE_ID, format="uuid"),
            "title": described(
                "string",
                "Its title or name.",
                "Strengthen the use of international arbitration and mediation",
                maxLength=2000,
            ),
            "score": described(
                "number",
                "How well it fits; of words that are set apart, at least 3 if they are found by stem, and less if not.",
                4.3,
                format="double",
                minimum=0,
                maximum=1000,
            ),
            "href": described(
                "string", "Its address.", f"/v1/goals/{EXAMPLE_ID}", format="uri-reference", maxLength=200
            ),
        },
        "additionalProperties": False,
        "examples": [
            {
                "kind": "goals",
                "id": EXAMPLE_ID,
                "title": "Strengthen the use of international arbitration and mediation",
                "score": 4.3,
                "href": f"/v1/goals/{EXAMPLE_ID}",
            }
        ],
    },
    **PERMISSIONS,
}
