"""The OpenAPI text of the common operations, made from the declaration of each collection."""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from pydantic import BaseModel

from app.access.caller import Unauthorised
from app.collection.asked import LIMIT, LIMIT_MOST
from app.collection.collection import Collection
from app.collection.fields import TAKES_SEVERAL, Kind
from app.collection.pages import GROUPS_MOST
from app.collection.projection import Links, Ref
from app.errors import MEDIA_TYPE
from app.http.formats import CSV, JSON, NDJSON, XLSX
from app.http.workbooks import ROWS_MOST
from app.operations.moments import FIXDATE

_EXPLICIT = ("", "gte", "lte", "has")
_MEANING = {
    "": "One value, or several separated by commas.",
    "gte": "At least, from.",
    "lte": "At most, until.",
    "has": "The list has this value, or one of several separated by commas.",
}
_EXAMPLE_ID = "019aa5d0-6b7c-7c3e-9c39-0d1f5b3a7e11"
_EXAMPLE_REQUEST = "0c0d5f7e8a9b4c1d8e2f3a4b5c6d7e8f"
_VALUES_MOST = 200

WRITTEN = ("Dry-Run", "Idempotency-Replayed")
READS = (400, 401, 403, 405, 406, 429, 500, 503)
WRITES = (400, 401, 403, 405, 409, 413, 415, 422, 429, 500, 503)


def schema_ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


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
        f"/v1/events/{_EXAMPLE_ID}",
    ),
    "Content-Location": _header(
        "Address of the record that the answer shows.",
        {"type": "string", "format": "uri-reference", "maxLength": 2000},
        f"/v1/events/{_EXAMPLE_ID}",
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
        _EXAMPLE_REQUEST,
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
        "request_id": _EXAMPLE_REQUEST,
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


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The refusals of an operation."""
    names = {304: "NotModified"} | {status: name for status, (name, *_) in _REFUSALS.items()}
    return {status: {"$ref": f"#/components/responses/{names[status]}"} for status in sorted(set(statuses))}


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


def record_content(collection: Collection) -> dict[str, Any]:
    return {"application/json": {"schema": schema_ref(collection.schema.__name__)}}


def item_content(collection: Collection) -> dict[str, Any]:
    """One record, in every form in which it can be read."""
    return record_content(collection) | _renditions(collection)


def _renditions(collection: Collection) -> dict[str, Any]:
    return {
        style.media_type: {
            "schema": {"type": "string", "description": f"Also under the ending `.{style.ending}`."},
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
            "example": f'{{"id":"{_EXAMPLE_ID}","version":1}}\n',
        },
        CSV.media_type: {
            "schema": {
                "type": "string",
                "description": f"A header line, {', '.join(names)}; one record per line.",
            },
            "example": f"id,version\n{_EXAMPLE_ID},1\n",
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
    field = _grouped(collection)
    value = _filter_example(collection, field, collection.filters[field].kind)
    href = f"http://127.0.0.1:8000/v1/{collection.path}?{field}={value}"
    example = {"group_by": [field], "items": [{field: value, "count": 1, "href": href}]}
    return {"application/json": {"schema": schema_ref("Counts"), "example": example}}


def history_content() -> dict[str, Any]:
    return {"application/json": {"schema": schema_ref("History")}}


def difference_content() -> dict[str, Any]:
    return {"application/json": {"schema": schema_ref("Difference")}}


def hits_content() -> dict[str, Any]:
    example = {"items": COMMON_SCHEMAS["Hit"]["examples"]}
    return {"application/json": {"schema": schema_ref("Hits"), "example": example}}


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
                    "from": _property("string", "The earlier moment.", "2026-10-01T00:00:00Z", maxLength=40),
                    "to": {
                        "type": ["string", "null"],
                        "maxLength": 40,
                        "description": "The later moment; null is now.",
                        "examples": [None],
                    },
                    "added": _property(
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
                    "changed": _property(
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
    other = 7 if key == "number" else "OTHER" if key else _EXAMPLE_ID
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


def request_example(collection: Collection) -> dict[str, Any]:
    """A body that can be sent as it is: the example of the schema, or one made of the examples of its fields."""
    for example in collection.schema.model_json_schema().get("examples", ()):
        made: dict[str, Any] = example
        return made
    return {name: example_of(collection, name) for name in collection.writable if name != "keys"}


def patch_example(collection: Collection) -> dict[str, Any]:
    name = next(
        name
        for name in ("title", "name", "office", "overview", "narrative", "reason")
        if name in collection.outputs
    )
    return {name: example_of(collection, name)}


def record_example(collection: Collection) -> dict[str, Any]:
    """A record as it is read, made of the examples of its fields."""
    return {name: example_of(collection, name) for name in collection.outputs}


def example_of(collection: Collection, name: str) -> Any:
    """The first example of a field."""
    return _properties(collection.schema)[name]["examples"][0]


@cache
def _properties(schema: type[BaseModel]) -> dict[str, Any]:
    """Described by Pydantic once: it takes milliseconds, and a start asks a thousand times."""
    properties: dict[str, Any] = schema.model_json_schema(mode="serialization")["properties"]
    return properties


_UUID = "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"


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
        {"type": "string", "minLength": 1, "maxLength": 40, "pattern": f"^({pattern}{_UUID})$"},
        str(human) if human is not None else _EXAMPLE_ID,
        place="path",
    )


def id_parameter(collection: Collection) -> dict[str, Any]:
    """The path segment that names a deleted record: only its id does."""
    return parameter(
        "name",
        f"The id of the deleted {collection.singular}.",
        {"type": "string", "format": "uuid"},
        _EXAMPLE_ID,
        place="path",
    )


def several(words: Iterable[str], most: int | None = None) -> dict[str, Any]:
    """One or several of these words (or patterns), separated by commas.

    A text and no array: many generated clients repeat the parameter for an array, whatever its `style` says.
    """
    one = f"({'|'.join(words)})"
    repeated = f"{{0,{most - 1}}}" if most else "*"
    return {"type": "string", "minLength": 1, "maxLength": 2000, "pattern": f"^{one}(,{one}){repeated}$"}


def _paths(collection: Collection) -> list[str]:
    """The relations that `expand` may name, each with those that may follow it, as patterns."""
    return [
        f"{name}([.]({'|'.join(to.expandable)}))?" if to.expandable else name
        for name, to in collection.expandable.items()
    ]


def shaping_parameters(collection: Collection) -> list[dict[str, Any]]:
    """`fields` and `expand`."""
    names = list(collection.outputs)
    found = [
        parameter(
            "fields",
            "Only these fields, separated by commas; the answer leaves out all others, also `id`. "
            f"There are: {', '.join(names)}.",
            several(names),
            f"id,{collection.key or 'version'}",
        )
    ]
    if paths := _paths(collection):
        found.append(
            parameter(
                "expand",
                "Whole records in place of references, and the records that refer to this one; separated by commas, "
                f"to depth 2. There are: {', '.join(collection.expandable)}.",
                several(paths),
                next(iter(collection.expandable)),
            )
        )
    return found


def filter_parameters(collection: Collection) -> list[dict[str, Any]]:
    """Filters: every field, and its ordering operators; the others are named in the description."""
    found = []
    for path, known in collection.filters.items():
        if known.hidden:
            continue
        for operator in known.kind.operators:
            if operator not in _EXPLICIT:
                continue
            meaning = known.description or path
            description = f"{meaning} {_MEANING[operator]}"
            if known.kind.words and operator in TAKES_SEVERAL:
                description += f" One or several of {', '.join(known.kind.words)}."
            if operator in {"", "has"}:
                more = [f"`__{other}`" for other in known.kind.operators if other not in _EXPLICIT]
                description += f" Also {', '.join(more)}."
            name = f"{path}__{operator}" if operator else path
            schema = _filter_schema(known.kind, operator)
            found.append(parameter(name, description, schema, _filter_example(collection, path, known.kind)))
    found.append(query_words())
    return found


_SPACES = r"\u0020\u0085\u00A0\u1680\u2000-\u200A\u2028\u2029\u202F\u205F\u3000"
_WORD = rf"[^\u0000-\u001F{_SPACES}]+"


def query_words() -> dict[str, Any]:
    """`q`."""
    return parameter(
        "q",
        "Words to look for, eight at most: by stem, or anywhere inside the text; case and accents do not matter.",
        {
            "type": "string",
            "maxLength": 200,
            "pattern": f"^[{_SPACES}]*{_WORD}([{_SPACES}]+{_WORD}){{0,7}}[{_SPACES}]*$",
        },
        "mediation",
    )


def _filter_schema(kind: Kind, operator: str) -> dict[str, Any]:
    """What a filter takes. Several values are one text, except where a number or a flag is expected."""
    many = operator in TAKES_SEVERAL
    if kind.words and kind.name != "flag":
        return several(kind.words)
    match kind.name:
        case "date":
            one = _DATES
        case "instant":
            one = _INSTANTS
        case "id":
            one = _UUID
        case "integer":
            return {**kind.schema, "minimum": -(2**31), "maximum": 2**31 - 1}
        case "text" | "texts":
            return {"type": "string", "minLength": 1, "maxLength": 10_000, "pattern": _FILTER_TEXT}
        case _:
            return dict(kind.schema)
    repeated = f"(,{one}){{0,{_VALUES_MOST - 1}}}" if many else ""
    return {"type": "string", "maxLength": 10_000, "pattern": f"^{one}{repeated}$"}


_RELATIVE = "today|-?([0-9]{1,5}[dw]|[0-9]{1,4}m|[0-9]{1,3}y)"
_MONTHS = (
    "(0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8])"
)
_LEAP_YEARS = "((19|2[0-3])(0[48]|[2468][048]|[13579][26])|2000)"
_DAYS = f"((19[0-9]{{2}}|2[0-3][0-9]{{2}})-({_MONTHS})|{_LEAP_YEARS}-02-29)"
_DATES = f"({_DAYS}|{_RELATIVE})"
_TIMES = "T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,6})?(Z|[+-](0[0-9]|1[0-3]):[0-5][0-9])"
_INSTANTS = f"({_DAYS}({_TIMES})?|{_RELATIVE})"
_FILTER_TEXT = r"^[^\u0000,]{1,2000}(,[^\u0000,]{1,2000})*$"


def _filter_example(collection: Collection, path: str, kind: Kind) -> Any:
    """The example of the field that the path ends in, else one of the kind."""
    here = collection
    parts = path.split(".")
    for part in parts[:-1]:
        here = next(
            (
                source.to
                for name, source in here.outputs.items()
                if isinstance(source, Ref | Links) and part in {name, getattr(source, "singular", name)}
            ),
            here,
        )
    value = example_of(here, parts[-1]) if parts[-1] in here.outputs else None
    if isinstance(value, list):
        value = value[0] if value else None
    if value is None or kind.name == "instant":
        plain = {"date": "2025-06-24", "instant": "-30d", "id": _EXAMPLE_ID, "integer": 1, "flag": False}
        value = kind.words[0] if kind.words and kind.name != "flag" else plain.get(kind.name, "Tokyo")
    return value


def list_parameters(collection: Collection) -> list[dict[str, Any]]:
    """Everything that a list may be asked."""
    sortable = ", ".join(collection.sorts)
    return [
        *filter_parameters(collection),
        parameter(
            "sort",
            f"Order: {sortable}; `-` before a name turns it round. The id always closes the order. "
            f"Default: `{collection.default_sort}`.",
            several(f"-?{name}" for name in collection.sorts),
            collection.default_sort,
        ),
        *shaping_parameters(collection),
        parameter(
            "limit",
            "Records on a page; in CSV, XLSX and NDJSON: in all.",
            {"type": "integer", "format": "int32", "minimum": 1, "maximum": LIMIT_MOST, "default": LIMIT},
            LIMIT,
        ),
        CURSOR,
        _COMPARE,
        parameter(
            "count",
            "`exact`: with the number of records.",
            {"type": "string", "enum": ["exact", "none"], "default": "none"},
            "exact",
        ),
    ]


def _grouped(collection: Collection) -> str:
    """A field that one would count by."""
    known = collection.filters
    return next(
        path
        for path in ("status", "kind", "side", "country", "number", "gap", "body.code", "verdict")
        if path in known
    )


def stats_parameters(collection: Collection) -> list[dict[str, Any]]:
    allowed = [path for path, known in collection.filters.items() if known.group and not known.hidden]
    return [
        parameter(
            "group_by",
            f"One to three fields, separated by commas: {', '.join(allowed)}.",
            several([path.replace(".", "[.]") for path in allowed], 3),
            _grouped(collection),
        )
        | {"required": True},
        *filter_parameters(collection),
    ]


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
        "pattern": f"^({_INSTANTS}|consultation:[1-9][0-9]{{0,3}})$",
        "examples": ["2026-10-01", "-30d", "consultation:2"],
    },
    None,
)
del _AS_OF["example"]  # a new register has no past: none can be shown that works everywhere
_COMPARE = {
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
    "pattern": f"^({_INSTANTS}|consultation:[1-9][0-9]{{0,3}}|version:[1-9][0-9]{{0,8}})$",
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


def _property(kind: str, description: str, example: Any, **bounds: Any) -> dict[str, Any]:
    return {"type": kind, "description": description, **bounds, "examples": [example]}


_ERROR = {
    "type": "object",
    "description": "One mistake, and where it is.",
    "required": ["code"],
    "properties": {
        "pointer": _property("string", "Place in the body (RFC 6901).", "/end_date", maxLength=10_000),
        "parameter": _property("string", "Query parameter.", "statsu", maxLength=200),
        "header": _property("string", "Header.", "If-Match", maxLength=200),
        "code": _property("string", "Stable name of the mistake.", "end_before_start", maxLength=100),
        "message": _property(
            "string", "The mistake in words.", "end_date lies before start_date.", maxLength=2000
        ),
        "got": _property("string", "What a parameter said; never what a body said.", "forumm", maxLength=200),
        "allowed": _property(
            "array",
            "What is allowed.",
            ["forum", "seminar"],
            maxItems=1000,
            items={"type": "string", "maxLength": 200},
        ),
        "did_you_mean": _property(
            "array", "Near names.", ["forum"], maxItems=10, items={"type": "string", "maxLength": 200}
        ),
        "candidates": _property(
            "array",
            "Codes or numbers near a reference that names no record.",
            ["6.1"],
            maxItems=10,
            items={"type": "string", "maxLength": 200},
        ),
        "hint": _property("string", "What to do.", "Did you mean forum?", maxLength=2000),
    },
}
_WITHHELD = _property(
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
            "type": _property(
                "string",
                "Where the kind of problem is explained, in this service.",
                "/problems/unprocessable",
                format="uri-reference",
                maxLength=200,
            ),
            "title": _property("string", "The kind of problem.", "Unprocessable content", maxLength=200),
            "status": _property("integer", "HTTP status.", 422, format="int32", minimum=300, maximum=599),
            "detail": _property(
                "string", "What went wrong this time.", "1 field needs attention.", maxLength=4000
            ),
            "instance": _property(
                "string", "The address that was asked for.", "/v1/events", maxLength=100_000
            ),
            "request_id": _property(
                "string", "Also in `X-Request-ID` and in the log.", _EXAMPLE_REQUEST, maxLength=64
            ),
            "errors": _property(
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
            "available": _property(
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
                "examples": [{"id": _EXAMPLE_ID, "version": 7}],
            },
            "changed_since": _property(
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
            "items": _property("array", "The versions.", [], maxItems=200, items=schema_ref("Version")),
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
            "version": _property("integer", "Its version.", 2, format="int32", minimum=1, maximum=2**31 - 1),
            "position": _property(
                "integer",
                "Place of the change in the journal.",
                812,
                format="int64",
                minimum=1,
                maximum=2**53,
            ),
            "at": _property("string", "When.", "2026-10-01T09:00:00Z", format="date-time", maxLength=40),
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
                            "id": _property(
                                "string", "Id of the key.", _EXAMPLE_ID, format="uuid", maxLength=36
                            ),
                            "name": {
                                "type": ["string", "null"],
                                "maxLength": 1000,
                                "description": "Whose it is.",
                                "examples": ["Ministry of Justice"],
                            },
                        },
                        "examples": [{"id": _EXAMPLE_ID, "name": "Ministry of Justice"}],
                    },
                    "database_role": _property("string", "Role in the database.", "workplan", maxLength=63),
                },
                "examples": [{"key": {"id": _EXAMPLE_ID, "name": "Ministry of Justice"}}],
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
                "examples": [_EXAMPLE_REQUEST],
            },
            "survivor": {
                "type": "object",
                "description": "Into which record it was merged.",
                "properties": {
                    "id": _property("string", "Its id.", _EXAMPLE_ID, format="uuid", maxLength=36)
                },
                "examples": [{"id": _EXAMPLE_ID}],
            },
            "erased": _property("boolean", "`true`: what it said was erased.", True),
            "changed": _CHANGED_FIELDS,
        },
        "additionalProperties": False,
        "examples": [
            {
                "version": 2,
                "position": 812,
                "at": "2026-10-01T09:00:00Z",
                "action": "update",
                "by": {"key": {"id": _EXAMPLE_ID, "name": "Ministry of Justice"}},
                "reason": "Date confirmed by the host",
                "request_id": _EXAMPLE_REQUEST,
                "changed": {"start_date": {"before": "2026-10-01", "after": "2026-10-08"}},
            }
        ],
    },
    "Changed": {
        "type": "object",
        "description": "A record that changed between two moments.",
        "required": ["id", "fields"],
        "properties": {
            "id": _property("string", "Its id.", _EXAMPLE_ID, format="uuid", maxLength=36),
            "fields": _CHANGED_FIELDS,
        },
        "examples": [{"id": _EXAMPLE_ID, "fields": {"status": {"before": "planned", "after": "ongoing"}}}],
    },
    "State": {
        "type": "object",
        "description": "One of the two states.",
        "required": ["version", "at"],
        "properties": {
            "version": _property("integer", "Its version.", 2, format="int32", minimum=1, maximum=2**31 - 1),
            "at": _property(
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
            "patch": _property(
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
            "text": _property("string", "The piece.", "seminar", maxLength=200_000),
        },
        "examples": [{"op": "insert", "text": "seminar"}],
    },
    "Checkpoint": {
        "type": "object",
        "description": "A place in the journal, and what its chain is there.",
        "required": ["position", "hash", "at"],
        "properties": {
            "position": _property("integer", "The place.", 812, format="int64", minimum=0, maximum=2**53),
            "hash": _property(
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
            "valid": _property("boolean", "Whether every link that was looked at holds.", True),
            "complete": _property("boolean", "Whether the end of the journal was reached.", True),
            "until": _property(
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
            "group_by": _property(
                "array",
                "The fields grouped by.",
                ["status"],
                maxItems=3,
                items={"type": "string", "maxLength": 200},
            ),
            "items": _property(
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
            "count": _property("integer", "How many records.", 2, format="int64", minimum=0, maximum=2**53),
            "href": _property(
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
            "items": _property("array", "The hits.", [], maxItems=100, items=schema_ref("Hit")),
        },
        "additionalProperties": False,
        "examples": [{"items": []}],
    },
    "Hit": {
        "type": "object",
        "description": "A record that was found.",
        "required": ["kind", "id", "title", "score", "href"],
        "properties": {
            "kind": _property("string", "Which collection it is in.", "goals", maxLength=40),
            "id": _property("string", "The record's id.", _EXAMPLE_ID, format="uuid"),
            "title": _property(
                "string",
                "Its title or name.",
                "Strengthen the use of international arbitration and mediation",
                maxLength=2000,
            ),
            "score": _property("number", "How well it fits.", 0.9, format="double", minimum=0, maximum=1000),
            "href": _property(
                "string", "Its address.", f"/v1/goals/{_EXAMPLE_ID}", format="uri-reference", maxLength=200
            ),
        },
        "additionalProperties": False,
        "examples": [
            {
                "kind": "goals",
                "id": _EXAMPLE_ID,
                "title": "Strengthen the use of international arbitration and mediation",
                "score": 0.9,
                "href": f"/v1/goals/{_EXAMPLE_ID}",
            }
        ],
    },
}
