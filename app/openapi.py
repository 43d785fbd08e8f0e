"""The OpenAPI 3.1 document: one schema for reading and writing, every property kept by generators."""

from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.openapi.utils import get_openapi
from fastapi.responses import JSONResponse
from pydantic.json_schema import models_json_schema

from app import api
from app.collection.collection import Collection
from app.operations.documented import schema_ref

_REF = "#/components/schemas/{model}"
_ABOUT = """The system of record for the **ASEAN-Japan Work Plan on Law and Justice**: its goals, activities, focal
points and events, for the systems of the countries and bodies that take part.

Reading is public. Writing needs an API key: `Authorization: Bearer ajwp_…` or `X-API-Key: ajwp_…`.

Lists are filtered by `field=value`, `field=a,b` (any of them) and `field__operator=value`; relations by dotted
paths (`goal.number=6`, `lead.country=TH`); dates may be relative (`-30d`). Follow `next` for more. What is not
known is refused, never ignored. Every refusal is a problem document (RFC 9457) whose `type` leads to its page.
"""
_TAGS = {
    "Plan": "The Work Plan as a text.",
    "Areas": "Its four headings.",
    "Goals": "Its eight goals.",
    "Activities": "What it proposes, and what countries do under it.",
    "Events": "What takes place.",
    "Consultations": "The meetings to which implementation is reported.",
    "Focal points": "Whom to ask.",
    "Organisations": "Who leads, hosts, funds and takes part.",
    "Countries": "The States of the plan.",
    "Search": "Everything, by its words.",
}


def install(app: FastAPI) -> None:
    """Serve the document; it is made once."""

    def made() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = document(app)
        return app.openapi_schema

    app.openapi = made  # type: ignore[method-assign]

    @app.get("/openapi.json", include_in_schema=False)
    async def openapi_document(request: Request) -> Response:
        return JSONResponse(made(), headers={"Cache-Control": "public, max-age=300"})


def document(app: FastAPI) -> dict[str, Any]:
    """The whole document."""
    made = get_openapi(
        title=app.title,
        version=app.version,
        openapi_version="3.1.0",
        description=_ABOUT,
        routes=app.routes,
        tags=[{"name": name, "description": about} for name, about in _TAGS.items()],
        servers=[{"url": "/", "description": "This server."}],
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        contact={"name": "The Work Plan Register"},
    )
    components = made.setdefault("components", {})
    components["schemas"] = dict(sorted(schemas().items()))
    components["securitySchemes"] = {
        "bearer": {"type": "http", "scheme": "bearer", "description": "An API key, `ajwp_…`."},
        "api_key": {
            "type": "apiKey",
            "in": "header",
            "name": "X-API-Key",
            "description": "An API key, `ajwp_…`.",
        },
    }
    for path in made["paths"].values():
        for operation in path.values():
            operation.setdefault("security", [{}, {"bearer": []}, {"api_key": []}])
            operation["responses"].pop("200", None) if "204" in operation["responses"] else None
            for answer in operation["responses"].values():
                if answer.get("content", {}).get("application/json") == {}:
                    del answer["content"]["application/json"]
    return made


def schemas() -> dict[str, Any]:
    """Every component schema."""
    models = [(each.schema, "serialization") for each in api.COLLECTIONS]
    _, generated = models_json_schema(models, ref_template=_REF)  # type: ignore[arg-type]
    found: dict[str, Any] = {name: _tidy(schema) for name, schema in generated["$defs"].items()}
    for collection in api.COLLECTIONS:
        found |= _of_collection(collection, found)
    return found | _COMMON


def _of_collection(collection: Collection, found: dict[str, Any]) -> dict[str, Any]:
    """Page and patch of one collection; the record's properties in their order."""
    name = collection.schema.__name__
    record = found[name]
    record["properties"] = {each: record["properties"][each] for each in collection.outputs}
    reverse = {
        each: {
            "description": f"{known.description} Only with `expand={each}`.",
            "readOnly": True,
            "type": "object",
            "required": ["total", "href", "items"],
            "properties": {
                "total": {"type": "integer", "minimum": 0, "description": "How many there are."},
                "href": {"type": "string", "description": "The list of all of them."},
                "items": {"type": "array", "items": {"type": "object"}, "description": "The first hundred."},
            },
        }
        for each, known in collection.reverse.items()
    }
    patch = {
        each: {key: value for key, value in schema.items() if key != "default"}
        for each, schema in record["properties"].items()
        if each in collection.writable
    }
    record["properties"] |= reverse
    page = {
        "type": "object",
        "description": f"A page of {collection.path.replace('-', ' ')}.",
        "required": ["items", "next"],
        "properties": {
            "items": {"type": "array", "items": schema_ref(name), "description": "The records, in order."},
            "next": {
                "type": ["string", "null"],
                "description": "Address of the next page; null on the last.",
            },
            "total": {
                "type": "integer",
                "minimum": 0,
                "description": "Number of records, with `count=exact`.",
            },
        },
    }
    return {
        f"{name}Page": page,
        f"{name}Patch": {
            "type": "object",
            "description": f"Changes to {'an' if name[0] in 'AEIOU' else 'a'} {collection.singular} (RFC 7396).",
            "properties": patch,
            "additionalProperties": False,
        },
    }


def _tidy(schema: Any) -> Any:
    """`T or null` as a type list where it can be one; no generated titles."""
    if isinstance(schema, list):
        return [_tidy(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    tidied = {
        key: {name: _tidy(each) for name, each in value.items()} if key == "properties" else _tidy(value)
        for key, value in schema.items()
        if not (key == "title" and isinstance(value, str))
    }
    options = tidied.get("anyOf")
    if options and len(options) == 2 and {"type": "null"} in options:
        only = next(option for option in options if option != {"type": "null"})
        if isinstance(only.get("type"), str):
            del tidied["anyOf"]
            tidied = {**only, **tidied, "type": [only["type"], "null"]}
            if "enum" in tidied:
                tidied["enum"] = [*tidied["enum"], None]
    return tidied


_COMMON: dict[str, Any] = {
    "Problem": {
        "type": "object",
        "description": "Why a request was refused (RFC 9457).",
        "required": ["type", "title", "status", "detail", "instance", "request_id"],
        "properties": {
            "type": {
                "type": "string",
                "description": "Where the kind of problem is explained, in this service.",
            },
            "title": {"type": "string", "description": "The kind of problem."},
            "status": {"type": "integer", "minimum": 400, "maximum": 599, "description": "HTTP status."},
            "detail": {"type": "string", "description": "What went wrong this time."},
            "instance": {"type": "string", "description": "The address that was asked for."},
            "request_id": {"type": "string", "description": "Also in `X-Request-ID` and in the log."},
            "errors": {
                "type": "array",
                "description": "Every mistake.",
                "items": {
                    "type": "object",
                    "required": ["code"],
                    "properties": {
                        "pointer": {"type": "string", "description": "Place in the body (RFC 6901)."},
                        "parameter": {"type": "string", "description": "Query parameter."},
                        "code": {"type": "string", "description": "Stable name of the mistake."},
                        "message": {"type": "string", "description": "The mistake in words."},
                        "allowed": {
                            "type": "array",
                            "items": {"type": "string"},
                            "description": "What is allowed.",
                        },
                        "did_you_mean": {
                            "type": "array",
                            "items": {"type": "string"},
                            "description": "Near names.",
                        },
                        "hint": {"type": "string", "description": "What to do."},
                    },
                },
            },
        },
    },
    "Counts": {
        "type": "object",
        "description": "Counts per group.",
        "required": ["group_by", "items"],
        "properties": {
            "group_by": {
                "type": "array",
                "items": {"type": "string"},
                "description": "The fields grouped by.",
            },
            "items": {
                "type": "array",
                "description": "One entry per group: the values of the fields, and",
                "items": {
                    "type": "object",
                    "required": ["count", "href"],
                    "properties": {
                        "count": {"type": "integer", "minimum": 0, "description": "How many records."},
                        "href": {"type": "string", "description": "The list of them."},
                    },
                },
            },
        },
    },
    "Hits": {
        "type": "object",
        "description": "Hits of a search, best first.",
        "required": ["items"],
        "properties": {
            "items": {
                "type": "array",
                "description": "The hits.",
                "items": {
                    "type": "object",
                    "required": ["kind", "id", "title", "score", "href"],
                    "properties": {
                        "kind": {"type": "string", "description": "Which collection it is in."},
                        "id": {"type": "string", "format": "uuid", "description": "The record's id."},
                        "title": {"type": "string", "description": "Its title or name."},
                        "score": {"type": "number", "minimum": 0, "description": "How well it fits."},
                        "href": {"type": "string", "description": "Its address."},
                    },
                },
            }
        },
    },
    "WholePlan": {
        "description": "The plan with its areas, each with its goals, each with its printed activities.",
        "allOf": [
            {"$ref": "#/components/schemas/Plan"},
            {
                "type": "object",
                "required": ["areas"],
                "properties": {
                    "areas": {
                        "type": "array",
                        "description": "The four headings, each with `goals`, each with `activities`.",
                        "items": {"type": "object"},
                    }
                },
            },
        ],
    },
}
