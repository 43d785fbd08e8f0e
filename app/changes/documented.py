"""The OpenAPI text of the feed."""

import json
from collections.abc import Sequence
from typing import Any

from app.changes.asked import LIMIT, LIMIT_MOST, POSITION_MOST, WAIT_MOST
from app.collection.collection import Collection
from app.http.formats import NDJSON
from app.operations import documented as doc

ACTIONS = ("create", "update", "delete", "restore", "merge", "hide")
_ID = "019aa5d0-6b7c-7c3e-9c39-0d1f5b3a7e11"
_POSITION = {"type": "integer", "format": "int64", "minimum": 0, "maximum": POSITION_MOST}
_CHANGE: dict[str, Any] = {
    "position": 481223,
    "at": "2026-11-24T08:15:30.123456+00:00",
    "kind": "activities",
    "id": _ID,
    "version": 3,
    "action": "update",
    "href": f"/v1/activities/{_ID}",
    "by_me": False,
    "request_id": None,
    "survivor_id": None,
    "system": None,
}
_COUNTS = {
    "withheld": "How many changes up to `next_after` are not for you to see.",
    "other_kinds": "How many are of other kinds than `kinds` names.",
}
_PAGE: dict[str, Any] = {
    "items": [_CHANGE],
    "next_after": 481223,
    "head": 481731,
    "withheld": 0,
    "other_kinds": 0,
    "next": "http://127.0.0.1:8000/v1/changes?after=481223",
}
_DIGEST: dict[str, Any] = {
    "position": 481731,
    "items": [{"kind": "goals", "count": 8, "digest": "a3f1c2d4e5b60718"}],
}
_RULES = (
    "Positions are 1, 2, 3 … in the order in which changes were committed, without holes, so that "
    "`items + withheld + other_kinds = next_after - after` proves that nothing is missing. "
)

doc.HEADERS["Position"] = {
    "description": "Position in the feed at which the snapshot was taken: follow the feed from here.",
    "schema": _POSITION,
    "example": 481731,
}


def _after() -> dict[str, Any]:
    return doc.parameter(
        "after", "The position up to which you have everything; 0 at first.", {**_POSITION, "default": 0}, 40
    )


def _kinds(collections: Sequence[Collection]) -> dict[str, Any]:
    paths = [each.path for each in collections]
    return doc.parameter(
        "kinds",
        f"Only these kinds, separated by commas: {', '.join(paths)}.",
        doc.several(paths),
        "activities,events",
    )


def _include() -> dict[str, Any]:
    return doc.parameter(
        "include",
        "`record`: with each create, update and restore the record as it was left. Fields that are computed, such as "
        "`derived_status`, are of now.",
        {"type": "string", "enum": ["record"]},
        "record",
    )


def _wait(description: str) -> dict[str, Any]:
    return doc.parameter(
        "wait", description, {"type": "integer", "format": "int32", "minimum": 0, "maximum": WAIT_MOST}, 1
    )


def _operation(
    summary: str, description: str, answer: dict[int | str, Any], parameters: list[dict[str, Any]], *more: int
) -> dict[str, Any]:
    return {
        "summary": summary,
        "description": description,
        "responses": answer | doc.problems(*doc.READS, *more),
        "openapi_extra": {"parameters": parameters},
    }


def pages(collections: Sequence[Collection]) -> dict[str, Any]:
    return _operation(
        "Follow the changes",
        "What was changed behind a position, in the order in which it was committed. "
        + _RULES
        + "Keep `next_after` together with what you made of the items, and ask again from it; `wait` lets the answer "
        "come as soon as there is one. Deleted records come as `delete`; those that you may see no more, as `hide`; of "
        "a `merge`, `survivor_id` lives on. A position that is too old is 410, with the address of a snapshot.",
        doc.ok(200, "Changes, oldest first.", _json("ChangesPage"), "ETag"),
        [
            _after(),
            _kinds(collections),
            doc.parameter(
                "limit",
                "Changes at most.",
                {"type": "integer", "format": "int32", "minimum": 1, "maximum": LIMIT_MOST, "default": LIMIT},
                LIMIT,
            ),
            _include(),
            _wait("Seconds to wait for a change that fits, if there is none yet."),
            doc.IF_NONE_MATCH,
        ],
        304,
        410,
    )


def stream(collections: Sequence[Collection]) -> dict[str, Any]:
    last = doc.parameter(
        "Last-Event-ID",
        "The newest `id` that you have, sent by browsers when they connect again; goes before `after`.",
        {"type": "string", "pattern": "^[0-9]{1,15}$"},
        "40",
        place="header",
    )
    text = "id: 481223\nevent: update\ndata: " + json.dumps(_CHANGE) + "\n\n"
    return _operation(
        "Follow the changes as a stream",
        "The same as server-sent events: `id` is the position, `event` the action, `data` the item. `event: passed` "
        "says how far changes were passed that are not for you, or of other kinds. A comment every 15 seconds is a "
        "sign of life. It ends when the service is stopped, and with `event: problem` when it cannot go on.",
        doc.ok(
            200,
            "The stream.",
            {
                "text/event-stream": {
                    "schema": {"type": "string", "description": "Events (HTML Living Standard, 9.2)."},
                    "example": text,
                }
            },
        ),
        [
            _after(),
            _kinds(collections),
            _include(),
            _wait("End when nothing came for so many seconds; without it the stream stays open."),
            last,
        ],
        410,
    )


def snapshot(collections: Sequence[Collection]) -> dict[str, Any]:
    line = f'{{"kind":"goals","id":"{_ID}","version":1,"record":{{}}}}\n'
    return _operation(
        "Take a snapshot to begin with",
        "Every record that you may see, of one moment, one per line. The header `Position` says of which: follow the "
        "feed from there.",
        doc.ok(
            200,
            "The records.",
            {
                NDJSON.media_type: {
                    "schema": {
                        "type": "string",
                        "description": "One JSON object per line: kind, id, version, record.",
                    },
                    "example": line,
                }
            },
            "Position",
            "Memento-Datetime",
        ),
        [_kinds(collections), *doc.AS_OF],
    )


def digest(collections: Sequence[Collection]) -> dict[str, Any]:
    return _operation(
        "Prove that you are in step",
        "For each kind the number of records that you may see, and a digest that you can compute of what you hold: the "
        "sum, modulo 2^64, of the first eight bytes (big-endian) of SHA-256 of `kind:id:version` over all records, as "
        "16 hexadecimal digits. If both agree at `position`, you hold exactly the versions that the register holds.",
        doc.ok(200, "The digests.", _json("ChangesDigest"), "ETag", "Memento-Datetime"),
        [_kinds(collections), *doc.AS_OF, doc.IF_NONE_MATCH],
        304,
    )


def _json(schema: str) -> dict[str, Any]:
    return {"application/json": {"schema": doc.schema_ref(schema)}}


def _object(description: str, properties: dict[str, Any], example: Any, *optional: str) -> dict[str, Any]:
    return {
        "type": "object",
        "description": description,
        "required": [name for name in properties if name not in optional],
        "properties": properties,
        "additionalProperties": False,
        "examples": [example],
    }


def _field(description: str, example: Any, **schema: Any) -> dict[str, Any]:
    return {"description": description, **schema, "examples": [example]}


def schemas(collections: Sequence[Collection]) -> dict[str, Any]:
    """The components of the feed."""
    kind = _field("Its collection.", "activities", type="string", maxLength=40)
    identifier = _field("The record's id.", _ID, type="string", format="uuid")
    records = [doc.schema_ref(each.schema.__name__) for each in collections]
    change = {
        "position": _field("Its place in the feed.", 481223, **_POSITION),
        "at": _field("When it was committed.", _CHANGE["at"], type="string", format="date-time"),
        "kind": kind,
        "id": identifier,
        "version": _field(
            "The version that the record has now, or had last.",
            3,
            type="integer",
            format="int32",
            minimum=1,
            maximum=2**31 - 1,
        ),
        "action": _field(
            "What happened, as you see it: what becomes visible to you is a `create`, what you may see no more `hide`.",
            "update",
            type="string",
            enum=list(ACTIONS),
        ),
        "href": _field(
            "The record's address.", _CHANGE["href"], type="string", format="uri-reference", maxLength=200
        ),
        "by_me": _field(
            "Whether your key made it, so that a sync in both directions does not loop.",
            False,
            type="boolean",
        ),
        "request_id": _field(
            "Which of your requests made it; null if it is not yours.",
            "0c0d5f7e8a9b4c1d8e2f3a4b5c6d7e8f",
            type=["string", "null"],
            maxLength=64,
        ),
        "survivor_id": _field(
            "Of a merge, the record that lives on; else null.", None, type=["string", "null"], format="uuid"
        ),
        "system": _field(
            "The system by whose own key the record was written, told to those with a key; else null.",
            "moj-th",
            type=["string", "null"],
            maxLength=40,
        ),
        "record": {
            "description": "With `include=record`: the record as it was left; null where none is.",
            "anyOf": [*records, {"type": "null"}],
            "examples": [None],
        },
    }
    page = {
        "items": _field(
            "The changes, oldest first.",
            [],
            type="array",
            maxItems=LIMIT_MOST,
            items=doc.schema_ref("Change"),
        ),
        "next_after": _field(
            "Ask from here next time; given also if there are no items.", 481223, **_POSITION
        ),
        "head": _field("The newest position.", 481731, **_POSITION),
        **{name: _field(about, 0, **_POSITION) for name, about in _COUNTS.items()},
        "next": _field(
            "Address of the next page; null if there is none yet.",
            _PAGE["next"],
            type=["string", "null"],
            maxLength=20_000,
        ),
    }
    kinds = {
        "kind": kind,
        "count": _field(
            "Records that you may see.", 8, type="integer", format="int64", minimum=0, maximum=2**53
        ),
        "digest": _field(
            "Sum of their hashes, 16 hexadecimal digits.",
            "a3f1c2d4e5b60718",
            type="string",
            pattern="^[0-9a-f]{16}$",
        ),
    }
    digest_ = {
        "position": _field("The newest position when they were counted.", 481731, **_POSITION),
        "items": _field(
            "One for each kind.", [], type="array", maxItems=100, items=doc.schema_ref("KindDigest")
        ),
    }
    return {
        "Change": _object("A change of a record.", change, _CHANGE, "record"),
        "ChangesPage": _object("Changes behind a position.", page, _PAGE),
        "KindDigest": _object("What a collection holds, in one number.", kinds, _DIGEST["items"][0]),
        "ChangesDigest": _object("What the register holds at a position.", digest_, _DIGEST),
    }
