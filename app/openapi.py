"""The OpenAPI 3.1 document: one schema for reading and writing, every property kept by generators."""

import json
import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from functools import cache
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.openapi.utils import get_openapi
from fastapi.responses import JSONResponse

from app.access.permissions import MATRIX, Permission, Role
from app.collection.fields import OPERATORS
from app.component_schemas import schemas
from app.docs.openapi_30 import down_convert
from app.docs.pages import docs_routes
from app.operations.documented import HEADERS, REFUSALS
from app.operations.doors import POLICY
from app.webhooks.documented import POSTED

_ABOUT = f"""The system of record for the **ASEAN-Japan Work Plan on Law and Justice**: its goals,
activities, focal points and events, for the systems of the countries and bodies that take part.

Reading is public. Writing needs an API key: `Authorization: Bearer ajwp_…` or `X-API-Key: ajwp_…`.

Lists are filtered by `field=value`, `field=a,b` (any of them) and `field__operator=value`; relations by
dotted paths (`goal.number=6`, `lead.country=TH`); dates may be relative (`-30d`). Follow `next` for more.
What is not known is refused, never ignored. Every refusal is a problem document (RFC 9457) whose `type`
leads to its page.

| operator | finds what |
| --- | --- |
{chr(10).join(f"| `__{name}` | {about} |" for name, about in OPERATORS.items() if name)}

One schema describes a record in answers and in requests: `readOnly` fields are the register's own, `New…`
says what a new record cannot be without. Fields marked `x-personal` are personal data: they are shown to keys
that may read contacts, and left out for others. No field of an answer is `required`, because `fields=` leaves out
what was not asked for; without `fields=` every field is there, null or empty where nothing is known.
"""
_TAGS = {
    "Plan": "The Work Plan as a text.",
    "Amendments": "How its text is changed, by both sides.",
    "Areas": "Its four headings.",
    "Goals": "Its eight goals.",
    "Activities": "What it proposes, and what countries do under it.",
    "Events": "What takes place.",
    "Consultations": "The meetings to which implementation is reported.",
    "Decisions": "What they decided, and what came of it.",
    "Progress reports": "What countries and bodies report to a Consultation.",
    "Report lines": "What they say of each activity.",
    "Status report": "The status of implementation, live and frozen.",
    "Funding": "Who pays for what, in the currency given.",
    "Gaps": "What the plan asks for and the record lacks.",
    "Overlaps": "Records that may be about the same thing.",
    "Overlap verdicts": "What was decided about them.",
    "Gap dismissals": "Why a gap may stay, and until when.",
    "Framework items": "What other frameworks do in the same field.",
    "Focal points": "Whom to ask.",
    "Persons": "The people behind offices; personal data.",
    "Organisations": "Who leads, hosts, funds and takes part.",
    "Countries": "The States of the plan.",
    "Search": "Everything, by its words.",
    "Audit": "The journal, proved.",
    "Jobs": "Files that are loaded after the answer.",
    "Bundle": "Records of several collections, written together.",
    "Changes": "What was changed, in order, for systems that follow the register.",
    "Webhooks": "Being told of changes, without asking.",
    "Keys": "API keys: made, narrowed, rotated and revoked.",
}
_REFERENCE = re.compile(r'"#/components/([^"]+/[^"/]+)"')
_CACHING = {"Cache-Control": "public, max-age=300"}
_READ_ALWAYS: list[dict[str, list[str]]] = [{}, {"bearer": []}, {"api_key": []}]


def install(app: FastAPI) -> None:
    """Serve the document, its 3.0 form for older generators, and the pages that show it; each is made once."""

    def made() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = document(app)
        return app.openapi_schema

    app.openapi = made  # type: ignore[method-assign]

    @app.get("/openapi.json", include_in_schema=False)
    async def openapi_document(request: Request) -> Response:
        return JSONResponse(made(), headers=_CACHING)

    @cache
    def older() -> dict[str, Any]:
        return down_convert(made())

    @app.get("/openapi-3.0.json", include_in_schema=False)
    async def openapi_30_document(request: Request) -> Response:
        return JSONResponse(older(), headers=_CACHING)

    app.router.routes.extend(docs_routes(app.title))


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
    made["webhooks"] = deepcopy(POSTED)
    made["components"] = {
        "schemas": dict(sorted(schemas().items())),
        "responses": deepcopy(REFUSALS),
        "headers": deepcopy(HEADERS),
        "securitySchemes": {
            "bearer": {
                "type": "http",
                "scheme": "bearer",
                "description": "An API key, `ajwp_…`, or a token of the issuer that is trusted.",
            },
            "api_key": {
                "type": "apiKey",
                "in": "header",
                "name": "X-API-Key",
                "description": "An API key, `ajwp_…`; not beside another one in `Authorization`.",
            },
        },
    }
    for posted in made["webhooks"].values():
        _give_examples(posted["post"], made["components"]["schemas"])
    for operation in _operations(made):
        public = POLICY.get(operation["operationId"], Permission.READ) in MATRIX[Role.PUBLIC]
        operation.setdefault("security", _READ_ALWAYS[0 if public else 1 :])
        if "204" in operation["responses"]:
            operation["responses"].pop("200", None)
        operation["responses"] = {
            status: _plain_answer(answer) for status, answer in operation["responses"].items()
        }
        _give_examples(operation, made["components"]["schemas"])
    made["components"]["parameters"] = _shared_parameters(made)
    _drop_unused(made)
    return made


def _drop_unused(made: dict[str, Any]) -> None:
    """Leave out the components that nothing leads to."""
    reached: set[str] = set()
    waiting = set(_REFERENCE.findall(json.dumps([made["paths"], made["webhooks"]])))
    while waiting:
        kind, name = (each := waiting.pop()).split("/")
        reached.add(each)
        waiting |= set(_REFERENCE.findall(json.dumps(made["components"][kind][name]))) - reached
    for kind, components in made["components"].items():
        if kind != "securitySchemes":
            made["components"][kind] = {
                name: component for name, component in components.items() if f"{kind}/{name}" in reached
            }


def _operations(made: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for path in made["paths"].values():
        yield from path.values()


def _plain_answer(answer: dict[str, Any]) -> dict[str, Any]:
    """Without what FastAPI adds by itself: a description beside `$ref`, an empty JSON answer."""
    if "$ref" in answer:
        return {"$ref": answer["$ref"]}
    if answer.get("content", {}).get("application/json") == {}:
        del answer["content"]["application/json"]
    return answer


def _give_examples(operation: Mapping[str, Any], known: Mapping[str, Any]) -> None:
    """Show the example of its schema with every body and answer; FastAPI would take the nulls out of it."""
    for place in (operation.get("requestBody", {}), *operation["responses"].values()):
        for media in place.get("content", {}).values():
            if "example" not in media and "$ref" in media["schema"]:  # a workbook cannot be shown
                media["example"] = known[media["schema"]["$ref"].rsplit("/", 1)[1]]["examples"][0]


def _shared_parameters(made: Mapping[str, Any]) -> dict[str, Any]:
    """Move the parameters that several operations have into the components: each is said once."""
    uses: dict[str, list[tuple[dict[str, Any], int]]] = {}
    spellings: dict[str, set[str]] = {}
    for operation in _operations(made):
        for place, parameter in enumerate(operation.get("parameters", ())):
            text = json.dumps(parameter, sort_keys=True)
            uses.setdefault(text, []).append((operation, place))
            spellings.setdefault(parameter["name"], set()).add(text)
    shared: dict[str, Any] = {}
    for places in uses.values():
        if len(places) == 1:
            continue
        first, place = places[0]
        parameter = first["parameters"][place]
        name = parameter["name"]
        if len(spellings[name]) > 1:
            name = f"{first['tags'][0].replace(' ', '-')}.{name}"
        if name in shared:
            continue  # two spellings within one resource: they stay where they are
        shared[name] = parameter
        for operation, at in places:
            operation["parameters"][at] = {"$ref": f"#/components/parameters/{name}"}
    return dict(sorted(shared.items()))
