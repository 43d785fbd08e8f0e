"""The OpenAPI text of the common operations, made from the declaration of each collection."""

from collections.abc import Mapping, Sequence
from typing import Any

from app.access.permissions import Unauthorised
from app.collection.asked import LIMIT, LIMIT_MOST
from app.collection.collection import Collection
from app.collection.fields import OPERATORS, Kind
from app.errors import MEDIA_TYPE
from app.http.formats import CSV, JSON, NDJSON

PROBLEM = {"$ref": "#/components/schemas/Problem"}
_EXPLICIT = ("", "gte", "lte", "has")
_STATUS = {
    304: "Not changed since the version in `If-None-Match`.",
    400: "The request cannot be read: a parameter or the JSON.",
    401: "An API key is needed, or the one sent is not good.",
    403: "The key may not do this.",
    404: "There is no such record.",
    405: "The address does not know this method.",
    406: "None of the accepted formats can be had.",
    409: "The request contradicts the state of the record.",
    412: "The record has changed since the version in `If-Match`.",
    413: "The body is too large.",
    415: "The body is of a type that is not read here.",
    422: "The body breaks a rule; `errors` says which.",
    428: "This key has to send `If-Match`.",
    500: "Something broke on our side.",
    503: "The database did not answer in time; try again.",
}
READS = (400, 401, 405, 406, 500, 503)
WRITES = (400, 401, 403, 405, 409, 413, 415, 422, 500, 503)

_HEADERS = {
    "ETag": {
        "description": "Version of the representation, for `If-None-Match` and `If-Match`.",
        "schema": {"type": "string", "maxLength": 200},
        "example": '"7"',
    },
    "Location": {
        "description": "Address of the new record.",
        "schema": {"type": "string", "maxLength": 2000},
        "example": "/v1/goals/6",
    },
    "Link": {
        "description": 'Address of the next page, `rel="next"` (RFC 8288).',
        "schema": {"type": "string", "maxLength": 4000},
    },
    "Total-Count": {
        "description": "Number of records, if `count=exact` was asked for.",
        "schema": {"type": "integer", "format": "int64", "minimum": 0},
    },
}


def problems(*statuses: int, also: Sequence[int] = ()) -> dict[int | str, dict[str, Any]]:
    """The refusals of an operation."""
    found: dict[int | str, dict[str, Any]] = {}
    for status in sorted({*statuses, *also}):
        if status == 304:
            found[status] = {"description": _STATUS[status], "headers": {"ETag": _HEADERS["ETag"]}}
            continue
        found[status] = {"description": _STATUS[status], "content": {MEDIA_TYPE: {"schema": PROBLEM}}}
        if status == 401:
            found[status]["headers"] = {
                "WWW-Authenticate": {
                    "description": "How to authenticate.",
                    "schema": {"type": "string", "maxLength": 200},
                    "example": Unauthorised().headers["WWW-Authenticate"],
                }
            }
    return found


def ok(
    status: int, description: str, content: Mapping[str, Any] | None, *headers: str
) -> dict[int | str, dict[str, Any]]:
    """The good answer of an operation."""
    answer: dict[str, Any] = {"description": description}
    if content is not None:
        answer["content"] = content
    if headers:
        answer["headers"] = {name: _HEADERS[name] for name in headers}
    return {status: answer}


def schema_ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def record_content(collection: Collection) -> dict[str, Any]:
    return {
        "application/json": {
            "schema": schema_ref(collection.schema.__name__),
            "example": record_example(collection),
        }
    }


def list_content(collection: Collection) -> dict[str, Any]:
    example = {"items": [record_example(collection)], "next": None}
    text = {"schema": {"type": "string"}}
    return {
        JSON.media_type: {"schema": schema_ref(f"{collection.schema.__name__}Page"), "example": example},
        NDJSON.media_type: text,
        CSV.media_type: text,
    }


def body_of(collection: Collection) -> dict[str, Any]:
    """The body of a create."""
    schema = schema_ref(collection.schema.__name__)
    return {
        "required": True,
        "description": f"The new {collection.singular}.",
        "content": {"application/json": {"schema": schema, "example": request_example(collection)}},
    }


def patch_of(collection: Collection) -> dict[str, Any]:
    """The body of an update."""
    media = {"schema": schema_ref(f"{collection.schema.__name__}Patch"), "example": patch_example(collection)}
    return {
        "required": True,
        "description": "A merge patch (RFC 7396): what is absent stays, null clears.",
        "content": {"application/merge-patch+json": media, "application/json": media},
    }


def request_example(collection: Collection) -> dict[str, Any]:
    """A body made of the examples of the fields."""
    found = {name: _example(collection, name) for name in collection.writable if name != "keys"}
    return {name: value for name, value in found.items() if value is not None}


def patch_example(collection: Collection) -> dict[str, Any]:
    name = next(name for name in ("title", "name", "office") if name in collection.outputs)
    return {name: _example(collection, name)}


def record_example(collection: Collection) -> dict[str, Any]:
    kept = {
        "id": "019aa5d0-6b7c-7c3e-9c39-0d1f5b3a7e11",
        "version": 1,
        "created_at": "2026-11-23T09:00:00+00:00",
        "updated_at": "2026-11-23T09:00:00+00:00",
    }
    found = {name: kept.get(name, _example(collection, name, default=True)) for name in collection.outputs}
    return found


def _example(collection: Collection, name: str, *, default: bool = False) -> Any:
    schema = collection.schema.model_json_schema(mode="serialization")["properties"][name]
    if "examples" in schema:
        return schema["examples"][0]
    if not default:
        return None
    if "default" in schema:
        return schema["default"]
    plain = collection.properties[name]
    if "enum" in plain:
        return plain["enum"][0]
    return {"boolean": False, "array": [], "integer": 0}.get(plain.get("type", ""), None)


def parameter(
    name: str, description: str, schema: Mapping[str, Any], *, place: str = "query", **more: Any
) -> dict[str, Any]:
    return {
        "name": name,
        "in": place,
        "required": place == "path",
        "description": description,
        "schema": schema,
        **more,
    }


def name_parameter(collection: Collection) -> dict[str, Any]:
    """The path segment that names a record."""
    human = _example(collection, collection.key) if collection.key else None
    by = f"its {collection.key} or its id" if collection.key else "its id"
    return parameter(
        "name",
        f"The {collection.singular}: {by}.",
        {"type": "string", "minLength": 1, "maxLength": 40, "pattern": "^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$"},
        place="path",
        example=str(human) if human is not None else "019aa5d0-6b7c-7c3e-9c39-0d1f5b3a7e11",
    )


def shaping_parameters(collection: Collection) -> list[dict[str, Any]]:
    """`fields` and `expand`."""
    return [
        parameter(
            "fields",
            "Only these fields, separated by commas.",
            {"type": "string", "maxLength": 1000, "pattern": "^[a-z_]+(,[a-z_]+)*$"},
            example="id,version",
        ),
        parameter(
            "expand",
            f"Whole records in place of references, to depth 2: {', '.join(collection.expandable) or 'none here'}.",
            {"type": "string", "maxLength": 500, "pattern": "^[a-z_.]+(,[a-z_.]+)*$"},
        ),
    ]


def filter_parameters(collection: Collection) -> list[dict[str, Any]]:
    """Filters: every field, and its ordering operators; the others are named in the description."""
    found = []
    for path, known in collection.filters.items():
        if known.hidden:
            continue
        for operator in known.kind.operators:
            if operator not in _EXPLICIT:
                continue
            more = [f"`{path}__{other}` {OPERATORS[other]}" for other in known.kind.operators if other]
            meaning = known.description or path
            description = f"{meaning} {OPERATORS[operator].capitalize()}."
            if operator in {"", "has"}:
                description += f" Also: {'; '.join(more)}."
            found.append(
                parameter(
                    f"{path}__{operator}" if operator else path, description, _filter_schema(known.kind)
                )
            )
    found.append(query_words())
    return found


def query_words() -> dict[str, Any]:
    """`q`."""
    return parameter(
        "q",
        "Words to look for: by stem, or anywhere inside the text; case and accents do not matter.",
        {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "[^ ]"},
        example="mediation",
    )


def _filter_schema(kind: Kind) -> dict[str, Any]:
    schema = dict(kind.schema)
    if kind.name == "text":
        schema = {"type": "string", "minLength": 1, "maxLength": 500}
    return schema


def list_parameters(collection: Collection) -> list[dict[str, Any]]:
    """Everything that a list may be asked."""
    sortable = ", ".join(collection.sorts)
    names = "|".join(collection.sorts)
    return [
        *filter_parameters(collection),
        parameter(
            "sort",
            f"Order: {sortable}; `-` before a name turns it round. The id always closes the order. "
            f"Default: `{collection.default_sort}`.",
            {"type": "string", "maxLength": 200, "pattern": f"^-?({names})(,-?({names}))*$"},
            example=collection.default_sort,
        ),
        *shaping_parameters(collection),
        parameter(
            "limit",
            "Records on a page; in CSV and NDJSON: in all.",
            {"type": "integer", "format": "int32", "minimum": 1, "maximum": LIMIT_MOST, "default": LIMIT},
        ),
        parameter("cursor", "Continues a list: taken from `next`.", {"type": "string", "maxLength": 2000}),
        parameter(
            "count", "`exact`: with the number of records.", {"type": "string", "enum": ["exact", "none"]}
        ),
    ]


def stats_parameters(collection: Collection) -> list[dict[str, Any]]:
    allowed = [path for path, known in collection.filters.items() if known.group and not known.hidden]
    example = next(
        path for path in ("status", "kind", "side", "country", "number", "title") if path in allowed
    )
    return [
        parameter(
            "group_by",
            f"One to three fields, separated by commas: {', '.join(allowed)}.",
            {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[a-z_.]+(,[a-z_.]+){0,2}$"},
            example=example,
        )
        | {"required": True},
        *filter_parameters(collection),
    ]


IF_NONE_MATCH = parameter(
    "If-None-Match", "ETag that you have already.", {"type": "string", "maxLength": 1000}, place="header"
)
IF_MATCH = parameter(
    "If-Match",
    "ETag of the version that you change; else 412.",
    {"type": "string", "maxLength": 1000},
    place="header",
)
IDEMPOTENCY_KEY = parameter(
    "Idempotency-Key",
    "A key of yours for this request: repeated under it, the request acts once and answers the same, for 7 days.",
    {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
    place="header",
)
DRY_RUN = parameter(
    "dry_run", "`true`: answer as if, and change nothing.", {"type": "boolean", "default": False}
)
CASCADE = parameter(
    "cascade",
    "`true`: delete what cannot be without it, and take it out of what names it.",
    {"type": "boolean", "default": False},
)
