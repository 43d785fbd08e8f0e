"""Schemas of what a caller may do with a record."""

from typing import Any

from app.access.permissions import Permission, Role
from app.operations.documented.answers import schema_ref
from app.operations.documented.examples import EXAMPLE_ID

_VERB = {
    "verb": "update",
    "method": "PATCH",
    "href": f"/v1/events/{EXAMPLE_ID}",
    "permission": "edit",
    "allowed": False,
    "why": "This event belongs to TH: your key does not write it.",
    "status": 403,
    "type": "/problems/not-yours",
    "owner": "TH",
}

PERMISSIONS: dict[str, Any] = {
    "Permissions": {
        "type": "object",
        "description": "What the caller may do with a record.",
        "required": ["record", "caller", "if_match_required", "permissions"],
        "properties": {
            "record": {
                "type": "object",
                "description": "The record: whose it is, and who sees it.",
                "required": ["id"],
                "properties": {
                    "id": {
                        "type": "string",
                        "format": "uuid",
                        "description": "Its id.",
                        "examples": [EXAMPLE_ID],
                    },
                    "owner": {
                        "type": ["string", "null"],
                        "maxLength": 2,
                        "description": "The country to which it belongs; null: the Secretariat.",
                        "examples": ["TH"],
                    },
                    "visibility": {
                        "type": "string",
                        "enum": ["public", "partners", "own"],
                        "description": "Who sees it.",
                        "examples": ["public"],
                    },
                },
                "additionalProperties": False,
                "examples": [{"id": EXAMPLE_ID, "owner": "TH", "visibility": "public"}],
            },
            "caller": {
                "type": "object",
                "description": "Who asks.",
                "required": ["role", "country", "scopes"],
                "properties": {
                    "role": {
                        "type": "string",
                        "enum": list(Role),
                        "description": "Its role.",
                        "examples": ["editor"],
                    },
                    "country": {
                        "type": ["string", "null"],
                        "maxLength": 2,
                        "description": "The country for which it speaks.",
                        "examples": ["JP"],
                    },
                    "scopes": {
                        "type": "array",
                        "maxItems": 50,
                        "items": {"type": "string", "maxLength": 60},
                        "description": "What it may do less than its role.",
                        "examples": [[]],
                    },
                },
                "additionalProperties": False,
                "examples": [{"role": "editor", "country": "JP", "scopes": []}],
            },
            "if_match_required": {
                "type": "boolean",
                "description": "Whether it has to say with `If-Match` which version it changes.",
                "examples": [False],
            },
            "permissions": {
                "type": "array",
                "maxItems": 50,
                "items": schema_ref("Verb"),
                "description": "The verbs that the record knows.",
                "examples": [[_VERB]],
            },
        },
        "additionalProperties": False,
        "examples": [
            {
                "record": {"id": EXAMPLE_ID, "owner": "TH", "visibility": "public"},
                "caller": {"role": "editor", "country": "JP", "scopes": []},
                "if_match_required": False,
                "permissions": [_VERB],
            }
        ],
    },
    "Verb": {
        "type": "object",
        "description": "One thing that can be done with a record. What is not allowed says `status` and `type` of its "
        "refusal, and what else that would say, such as `missing` or `owner`.",
        "required": ["verb", "method", "href", "permission", "allowed", "why"],
        "properties": {
            "verb": {
                "type": "string",
                "maxLength": 60,
                "description": "What is done.",
                "examples": ["update"],
            },
            "method": {
                "type": "string",
                "enum": ["GET", "PATCH", "DELETE", "POST"],
                "description": "The method that does it.",
                "examples": ["PATCH"],
            },
            "href": {
                "type": "string",
                "maxLength": 2000,
                "description": "Where.",
                "examples": [f"/v1/events/{EXAMPLE_ID}"],
            },
            "permission": {
                "type": "string",
                "enum": list(Permission),
                "description": "The permission that it needs.",
                "examples": ["edit"],
            },
            "allowed": {"type": "boolean", "description": "Whether the caller may.", "examples": [False]},
            "why": {
                "type": "string",
                "maxLength": 2000,
                "description": "Why, or why not.",
                "examples": [_VERB["why"]],
            },
            "status": {
                "type": "integer",
                "format": "int32",
                "minimum": 400,
                "maximum": 499,
                "description": "Status of the refusal.",
                "examples": [403],
            },
            "type": {
                "type": "string",
                "maxLength": 200,
                "description": "Kind of the refusal: the address of its page.",
                "examples": ["/problems/not-yours"],
            },
        },
        "additionalProperties": True,
        "examples": [_VERB],
    },
}
