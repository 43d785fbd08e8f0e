"""Schemas of what a record was: its versions, and what differs between two of them."""

from typing import Any

from app.operations.documented.answers import described, schema_ref
from app.operations.documented.examples import EXAMPLE_ID, EXAMPLE_REQUEST

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
HISTORIES: dict[str, Any] = {
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
}
