"""Parameters that operations share, each described once."""

from collections.abc import Mapping
from typing import Any

from app.collection.collection import Collection
from app.operations.documented.examples import EXAMPLE_ID, example_of
from app.operations.documented.patterns import INSTANTS, UUID
from app.operations.moments import FIXDATE


def parameter(
    name: str, description: str, schema: Mapping[str, Any], example: Any, *, place: str = "query", **more: Any
) -> dict[str, Any]:
    return {
        "name": name,
        "in": place,
        "required": place == "path",
        "description": description,
        "schema": schema,
        "example": example,
        **more,
    }


def name_parameter(collection: Collection) -> dict[str, Any]:
    """The path segment that names a record."""
    human = example_of(collection, collection.key) if collection.key else None
    by = f"its {collection.key} or its id" if collection.key else "its id"
    pattern = {"number": "[1-9][0-9]{0,4}|", "code": "[A-Za-z0-9][A-Za-z0-9._-]{0,39}|", "": ""}[
        collection.key or ""
    ]
    return parameter(
        "name",
        f"The {collection.singular}: {by}.",
        {"type": "string", "minLength": 1, "maxLength": 40, "pattern": f"^({pattern}{UUID})$"},
        str(human) if human is not None else EXAMPLE_ID,
        place="path",
    )


def id_parameter(collection: Collection) -> dict[str, Any]:
    """The path segment that names a deleted record: only its id does."""
    return parameter(
        "name",
        f"The id of the deleted {collection.singular}.",
        {"type": "string", "format": "uuid"},
        EXAMPLE_ID,
        place="path",
    )


CURSOR = parameter(
    "cursor",
    "Continues a list: taken from `next`, opaque, and bound to its filter and order.",
    {"type": "string", "minLength": 1, "maxLength": 8000, "pattern": "^[A-Za-z0-9_-]+$"},
    None,
)
del CURSOR["example"]  # a cursor is signed by the service that made it; none can be shown here that works
_TAG = '(W/)?"[!#-~]*"'
_TAGS = {"type": "string", "pattern": f"^([*]|{_TAG}(, ?{_TAG})*)$"}
_AS_OF = parameter(
    "as_of",
    "As the record was then: an instant (`2026-10-01T09:00:00Z`), a date (the midnight, UTC, with which it begins), "
    "a relative date (`-30d`), or `consultation:2` (the midnight with which its last day ends). Records that were "
    "deleted since appear; what you may see is decided by today's permissions. A time before the first change or ahead "
    "is refused.",
    {
        "type": "string",
        "maxLength": 40,
        "pattern": f"^({INSTANTS}|consultation:[1-9][0-9]{{0,3}})$",
        "examples": ["2026-10-01", "-30d", "consultation:2"],
    },
    None,
)
del _AS_OF["example"]  # a new register has no past: none can be shown that works everywhere
COMPARE = {
    **_AS_OF,
    "name": "compare",
    "description": "Only what differs from the list as it was then, a time as in `as_of`: records that came, left or "
    "changed, with the fields that did. Lists of 10 000 records at most.",
}
AS_OF = (
    _AS_OF,
    parameter(
        "Accept-Datetime",
        "The same as `as_of`, negotiated (RFC 7089): a time before the first change means the first, one ahead now.",
        {"type": "string", "maxLength": 29, "pattern": f"^{FIXDATE}$"},
        "Thu, 01 Oct 2026 00:00:00 GMT",
        place="header",
    ),
)
_STATE = {
    "type": "string",
    "maxLength": 40,
    "pattern": f"^({INSTANTS}|consultation:[1-9][0-9]{{0,3}}|version:[1-9][0-9]{{0,8}})$",
}
FROM_TO = (
    parameter("from", "The first state: `version:3`, or a time as in `as_of`.", _STATE, "version:1")
    | {"required": True},
    parameter("to", "The second state, likewise; as it is now if left out.", _STATE, "version:1"),
)
HISTORY_PAGE = (
    parameter(
        "limit",
        "Versions on a page.",
        {"type": "integer", "format": "int32", "minimum": 1, "maximum": 200, "default": 50},
        50,
    ),
    parameter(
        "before",
        "Continues a history: taken from `next`.",
        {"type": "integer", "format": "int64", "minimum": 1, "maximum": 2 * (2**31 - 1)},
        15,
    ),
)
IF_NONE_MATCH = parameter(
    "If-None-Match", "ETags that you have already; the same again is 304.", _TAGS, '"7"', place="header"
)
IF_MATCH = parameter(
    "If-Match",
    "ETag of the version that you change; if it is another by now, 412.",
    _TAGS,
    '"7"',
    place="header",
)
IDEMPOTENCY_KEY = parameter(
    "Idempotency-Key",
    "A key of yours for this request: repeated under it, the request acts once and answers the same, for 7 days.",
    {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
    "moj-th-2026-11-23-0001",
    place="header",
)
REASON = parameter(
    "X-Reason",
    "Why, in a sentence; kept with the change.",
    {"type": "string", "maxLength": 500, "pattern": "^[ -~]*$"},
    "Date confirmed by the host",
    place="header",
)
DRY_RUN = parameter(
    "dry_run", "`true`: answer as if, and change nothing.", {"type": "boolean", "default": False}, True
)
ON_DUPLICATE = parameter(
    "on_duplicate",
    "Whether the new record is compared with what is there: `report` answers `possible_duplicates` beside it, `refuse` "
    "makes nothing if there are any (409), `ignore` does not look. With `dry_run=true` one may ask before.",
    {"type": "string", "enum": ["ignore", "report", "refuse"], "default": "ignore"},
    "report",
)
CASCADE = parameter(
    "cascade",
    "`true`: delete what cannot be without it, and take it out of what names it.",
    {"type": "boolean", "default": False},
    True,
)
