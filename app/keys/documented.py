"""The OpenAPI text of keys."""

from typing import Any

from pydantic import BaseModel

from app.keys.schemas import Key, KeyPatch, KeyWithSecret, NewKey, OwnKey
from app.operations import documented as doc

LIMIT, LIMIT_MOST, OVERLAP = 100, 1000, r"^([0-9]{1,2}d|[0-9]{1,4}h)$"
_SECURITY: dict[str, Any] = {"security": [{"bearer": []}, {"api_key": []}]}
_EXAMPLE = "019aa5d0-6b7c-7c3e-9c39-0d1f5b3a7e11"
_ID = doc.parameter("id", "The id of the key.", {"type": "string", "format": "uuid"}, _EXAMPLE, place="path")
_WRITTEN = [doc.DRY_RUN, doc.IDEMPOTENCY_KEY, doc.REASON]
_BODILESS = tuple(status for status in doc.WRITES if status != 415)


def _content(name: str) -> dict[str, Any]:
    return {"application/json": {"schema": doc.schema_ref(name)}}


def _operation(
    summary: str, description: str, responses: dict[int | str, Any], parameters: list[Any], body: Any = None,
    status: int = 200,
) -> dict[str, Any]:  # fmt: skip
    extra = {"parameters": parameters, **_SECURITY, **({"requestBody": body} if body else {})}
    return {
        "summary": summary, "description": description, "responses": responses, "openapi_extra": extra,
        "status_code": status,
    }  # fmt: skip


def _body(name: str, about: str, example: Any, *media: str) -> dict[str, Any]:
    content = {"schema": doc.schema_ref(name), "example": example}
    return {"required": True, "description": about, "content": dict.fromkeys(media, content)}


OPERATIONS: dict[str, dict[str, Any]] = {
    "list_keys": _operation(
        "List keys",
        "List the keys, newest first: all for administrators, those of its country for a ministry's approver. What "
        "opens them is not stored.",
        doc.ok(200, "A page.", _content("KeyPage"), "ETag") | doc.problems(*doc.READS, 304),
        [
            doc.parameter(
                "limit", "How many on a page.",
                {"type": "integer", "format": "int32", "minimum": 1, "maximum": LIMIT_MOST, "default": LIMIT}, LIMIT,
            ),
            doc.parameter(
                "before", "Only those made before the key with this id.", {"type": "string", "format": "uuid"}, _EXAMPLE
            ),
            doc.IF_NONE_MATCH,
        ],
    ),
    "create_key": _operation(
        "Make a key", "Make a key. The answer holds what opens it, this once.",
        doc.ok(201, "Made.", _content("KeyWithSecret"), "ETag", "Location", *doc.WRITTEN)
        | doc.problems(*doc.WRITES),
        _WRITTEN, _body("NewKey", "The new key.", NewKey.model_json_schema()["examples"][0], "application/json"), 201,
    ),
    "read_own_key": _operation(
        "Read your own key", "The key that asks: role, country, scopes, networks, expiry, and what it may.",
        doc.ok(200, "The key.", _content("OwnKey"), "ETag") | doc.problems(*doc.READS, 304), [doc.IF_NONE_MATCH],
    ),
    "revoke_own_key": _operation(
        "Revoke your own key",
        "End the key that asks, for good. Whoever finds a key where it should not be ends it so, with nothing but the "
        "key, from every network: also from those from which it opens nothing else.",
        doc.ok(204, "Revoked.", None, *doc.WRITTEN) | doc.problems(*_BODILESS), _WRITTEN, status=204,
    ),
    "read_key": _operation(
        "Read a key", "Read one key, with the days on which what opens it was last used.",
        doc.ok(200, "The key.", _content("Key"), "ETag") | doc.problems(*doc.READS, 304, 404),
        [_ID, doc.IF_NONE_MATCH],
    ),
    "update_key": _operation(
        "Change a key", "Change name, scopes, networks, expiry or `require_if_match`. It holds at once.",
        doc.ok(200, "As it is now.", _content("Key"), "ETag", *doc.WRITTEN)
        | doc.problems(*doc.WRITES, 404, 412, 428),
        [_ID, doc.DRY_RUN, doc.IF_MATCH, doc.IDEMPOTENCY_KEY, doc.REASON],
        _body(
            "KeyPatch", "A merge patch (RFC 7396): what is absent stays, null clears.", {"scopes": ["*:read"]},
            "application/merge-patch+json", "application/json",
        ),
    ),
    "revoke_key": _operation(
        "Revoke a key", "End a key for good. It holds at once; the key stays in the list.",
        doc.ok(204, "Revoked.", None, *doc.WRITTEN) | doc.problems(*_BODILESS, 404, 412, 428),
        [_ID, doc.DRY_RUN, doc.IF_MATCH, doc.IDEMPOTENCY_KEY, doc.REASON], status=204,
    ),
    "rotate_key": _operation(
        "Rotate a key",
        "Make another secret for the key, shown this once. The former opens as well for the time of `overlap`, so that "
        "its system changes over without an outage. Id, rights and own jobs of the key stay.",
        doc.ok(200, "The key, with its new secret.", _content("KeyWithSecret"), "ETag", *doc.WRITTEN)
        | doc.problems(*_BODILESS, 404),
        [
            _ID,
            doc.parameter(
                "overlap", "How long the former secret still opens: days or hours, `7d`, `12h`, `0h` for not at all.",
                {"type": "string", "pattern": OVERLAP, "default": "7d"}, "7d",
            ),
            *_WRITTEN,
        ],
    ),
}  # fmt: skip
MODELS: list[tuple[type[BaseModel], str]] = [
    (NewKey, "validation"),
    (KeyPatch, "validation"),
    (Key, "serialization"),
    (KeyWithSecret, "serialization"),
    (OwnKey, "serialization"),
]
PAGES: dict[str, Any] = {
    "KeyPage": {
        "type": "object",
        "description": "A page of keys.",
        "required": ["items", "next"],
        "additionalProperties": False,
        "properties": {
            "items": {
                "type": "array", "maxItems": LIMIT_MOST, "items": doc.schema_ref("Key"), "description": "Newest first.",
                "examples": [[]],
            },
            "next": {
                "type": ["string", "null"], "maxLength": 2000, "description": "Address of the next page; null on the "
                "last.", "examples": [None],
            },
        },
        "examples": [{"items": [], "next": None}],
    }
}  # fmt: skip
