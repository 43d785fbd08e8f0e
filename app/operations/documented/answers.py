"""What every operation may answer: headers, refusals, each described once."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from app.access.caller import Unauthorised
from app.errors import MEDIA_TYPE
from app.operations.documented.examples import EXAMPLE_ID, EXAMPLE_REQUEST

WRITTEN = ("Dry-Run", "Idempotency-Replayed")
READS = (400, 401, 403, 405, 406, 429, 500, 503)
WRITES = (400, 401, 403, 405, 409, 413, 415, 422, 429, 500, 503)


def schema_ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def described(kind: str, description: str, example: Any, **bounds: Any) -> dict[str, Any]:
    return {"type": kind, "description": description, **bounds, "examples": [example]}


@cache
def _header_ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/headers/{name}"}


def _header(description: str, schema: Mapping[str, Any], example: Any) -> dict[str, Any]:
    return {"description": description, "schema": schema, "example": example}


HEADERS = {
    "ETag": _header(
        "Version of the representation, for `If-None-Match` and `If-Match`.",
        {"type": "string", "maxLength": 200, "pattern": '^"[!#-~]+"$'},
        '"7"',
    ),
    "Location": _header(
        "Address of the new record; with 308, of the one into which the record was merged.",
        {"type": "string", "format": "uri-reference", "maxLength": 2000},
        f"/v1/events/{EXAMPLE_ID}",
    ),
    "Content-Location": _header(
        "Address of the record that the answer shows.",
        {"type": "string", "format": "uri-reference", "maxLength": 2000},
        f"/v1/events/{EXAMPLE_ID}",
    ),
    "Link": _header(
        'Address of the next page, `rel="next"` (RFC 8288); absent on the last.',
        {"type": "string", "maxLength": 20_000},
        '</v1/events?cursor=…>; rel="next"'.replace("…", "abc"),
    ),
    "Total-Count": _header(
        "Number of records, if `count=exact` was asked for.",
        {"type": "integer", "format": "int64", "minimum": 0, "maximum": 2**53},
        49,
    ),
    "Memento-Datetime": _header(
        "As of when the answer is, if a time was asked for (RFC 7089).",
        {"type": "string", "maxLength": 29},
        "Thu, 01 Oct 2026 00:00:00 GMT",
    ),
    "Allow": _header(
        "The methods that the address knows.", {"type": "string", "maxLength": 200}, "GET, HEAD, OPTIONS"
    ),
    "Retry-After": _header(
        "Seconds to wait before the next attempt.",
        {"type": "integer", "format": "int32", "minimum": 0, "maximum": 3600},
        1,
    ),
    "WWW-Authenticate": _header(
        "How to authenticate.",
        {"type": "string", "maxLength": 200},
        Unauthorised().headers["WWW-Authenticate"],
    ),
    "Accept-Post": _header(
        "Media types that the address reads in a POST.",
        {"type": "string", "maxLength": 200},
        "application/json",
    ),
    "Accept-Patch": _header(
        "Media types that the address reads in a PATCH.",
        {"type": "string", "maxLength": 200},
        "application/merge-patch+json, application/json",
    ),
    "Dry-Run": _header(
        "`true`: nothing was changed, as asked by `dry_run=true`.",
        {"type": "string", "enum": ["true"]},
        "true",
    ),
    "Idempotency-Replayed": _header(
        "`true`: the answer of the first request with this key; nothing was done again.",
        {"type": "string", "enum": ["true"]},
        "true",
    ),
    "RateLimit-Policy": _header(
        "How many requests the key, or the address without one, may make in how many seconds (IETF draft).",
        {"type": "string", "maxLength": 200},
        '"key";q=120000;w=60',
    ),
    "RateLimit": _header(
        "What is left of that (`r`), and in how many seconds there is more (`t`).",
        {"type": "string", "maxLength": 200},
        '"key";r=119999;t=1',
    ),
    "X-Request-ID": _header(
        "The request in our log; yours, if you sent one.",
        {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$"},
        EXAMPLE_REQUEST,
    ),
}
_ALWAYS = ("RateLimit-Policy", "RateLimit", "X-Request-ID")
_REFUSALS = {
    308: (
        "MergedAway",
        "The record was merged into another, to which `Location` leads: there the same request is meant for that one.",
        "merged-away",
    ),
    400: (
        "BadRequest",
        "The request cannot be read: a parameter, a header or the JSON.",
        "unknown-parameter",
    ),
    401: ("Unauthorised", "An API key is needed, or the one sent is not good.", "key-missing"),
    403: ("Forbidden", "The key may not do this.", "forbidden"),
    404: ("NotFound", "There is no such record.", "not-found"),
    405: ("MethodNotAllowed", "The address does not know this method.", "method-not-allowed"),
    406: ("NotAcceptable", "None of the accepted formats can be had.", "not-acceptable"),
    409: (
        "Conflict",
        "The request contradicts the state of the record: a code is taken, others refer to it, a key is still at work.",
        "already-exists",
    ),
    410: (
        "PositionExpired",
        "The feed does not reach back so far: begin anew with the snapshot at `restart`.",
        "position-expired",
    ),
    412: (
        "ChangedMeanwhile",
        "The record has changed since the version in `If-Match`; `current` is how it is now.",
        "changed-meanwhile",
    ),
    413: ("TooLarge", "The body is too large.", "too-large"),
    415: ("UnsupportedMediaType", "The body is of a type that is not read here.", "unsupported-media-type"),
    422: (
        "Unprocessable",
        "The body breaks a rule, says `errors`; or the Idempotency-Key was used for another request.",
        "unprocessable",
    ),
    428: ("PreconditionRequired", "This key has to send `If-Match`.", "precondition-required"),
    429: (
        "TooManyRequests",
        "The quota of this key or address is spent; or too many keys that open nothing came from this address.",
        "too-many-requests",
    ),
    500: ("InternalError", "Something broke on our side; nothing was changed.", "internal-error"),
    503: ("Unavailable", "The database did not answer in time; try again.", "unavailable"),
}
_REFUSAL_HEADERS = {
    308: ("Location",),
    401: ("WWW-Authenticate",),
    405: ("Allow",),
    409: ("Retry-After",),
    412: ("ETag",),
    415: ("Accept-Post", "Accept-Patch"),
    429: ("Retry-After",),
    503: ("Retry-After",),
}


def _refusal(status: int, description: str, code: str) -> dict[str, Any]:
    example = {
        "type": f"/problems/{code}",
        "title": code.replace("-", " ").capitalize(),
        "status": status,
        "detail": description,
        "instance": "/v1/events",
        "request_id": EXAMPLE_REQUEST,
    }
    headers = (*_REFUSAL_HEADERS.get(status, ()), *_ALWAYS)
    return {
        "description": description,
        "headers": {name: _header_ref(name) for name in headers},
        "content": {MEDIA_TYPE: {"schema": schema_ref("Problem"), "example": example}},
    }


REFUSALS: dict[str, dict[str, Any]] = {
    name: _refusal(status, description, code) for status, (name, description, code) in _REFUSALS.items()
} | {
    "NotModified": {
        "description": "Not changed since the version in `If-None-Match`.",
        "headers": {name: _header_ref(name) for name in ("ETag", "Memento-Datetime", *_ALWAYS)},
    }
}
"""The refusals, each described once."""


@cache
def _refusal_ref(status: int) -> dict[str, Any]:
    name = "NotModified" if status == 304 else _REFUSALS[status][0]
    return {"$ref": f"#/components/responses/{name}"}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The refusals of an operation."""
    return {status: _refusal_ref(status) for status in sorted(set(statuses))}


def ok(
    status: int, description: str, content: Mapping[str, Any] | None, *headers: str, **more: Any
) -> dict[int | str, dict[str, Any]]:
    """The good answer of an operation."""
    answer: dict[str, Any] = {"description": description, **more}
    if content is not None:
        answer["content"] = content
    answer["headers"] = {name: _header_ref(name) for name in (*headers, *_ALWAYS)}
    return {status: answer}


BINARY: dict[str, Any] = {"type": "string", "format": "binary"}
"""Bytes, in the words that generators know."""
