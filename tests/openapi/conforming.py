"""Holds an answer against the OpenAPI document: its status, its media type, its headers and its JSON."""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import jsonschema_rs

_ENDINGS = re.compile(
    r"^(?:(/v1/[^/]+)[.](?:json|ndjson|csv|xlsx)"
    r"|(/v1/consultations/[^/]+/report(?:/frozen)?)[.](?:json|csv|xlsx|docx|pdf))$"
)
"""Plain endings are other names of a list or a report, and are left out of the document."""

COMMITTED = Path(__file__).parents[2] / "docs" / "openapi.json"
DOCUMENT: dict[str, Any] = json.loads(COMMITTED.read_text(encoding="utf-8"))
"""As it is committed, which is as the service serves it: test_document.py sees to that."""
HERE = "urn:document"
_ONE_JSON = {"application/json", "application/problem+json"}


@cache
def registry() -> jsonschema_rs.Registry:
    """The schemas of the document, read once: a reference to `urn:document#/components/…` finds them."""
    return jsonschema_rs.Registry([(HERE, {"components": DOCUMENT["components"]})])


class NotAsDocumented(AssertionError):
    """An answer that the document does not describe."""


class Document:
    """The document of an application, with its schemas compiled once."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        self._paths = [
            (re.compile(re.sub(r"\\{[^}]+\\}", "[^/]+", re.escape(path)) + "$"), operations)
            for path, operations in sorted(document["paths"].items(), key=lambda each: "{" in each[0])
        ]
        self._validators: dict[str, jsonschema_rs.Draft202012Validator] = {}

    def operation(self, method: str, path: str) -> dict[str, Any] | None:
        """The operation that answers a request; HEAD is answered by GET."""
        path = _ENDINGS.sub(r"\1\2", path)
        for pattern, operations in self._paths:
            if pattern.match(path):
                found: dict[str, Any] | None = operations.get("get" if method == "HEAD" else method.lower())
                return found
        return None

    def check(self, answer: httpx.Response) -> None:
        """Raise if the answer is not one that the document describes."""
        request = answer.request
        operation = self.operation(request.method, request.url.path)
        what = f"{request.method} {request.url.raw_path.decode()[:200]} answered {answer.status_code}"
        if operation is None:
            page = request.url.path.startswith("/confirm/")  # for people, who open it from a mail
            if (
                answer.status_code >= 400 and not page
            ):  # no such address, no such method: a problem all the same
                self._check_json(answer, {"$ref": "#/components/schemas/Problem"}, what)
            return
        documented = operation["responses"].get(str(answer.status_code))
        if documented is None:
            raise NotAsDocumented(f"{what}, which `{operation['operationId']}` does not list.")
        documented = self._resolved(documented)
        for name, header in documented.get("headers", {}).items():
            if name in answer.headers:
                self._check_header(answer.headers[name], self._resolved(header)["schema"], f"{what}: {name}")
        content = documented.get("content", {})
        media = answer.headers.get("content-type", "").partition(";")[0]
        if request.method == "HEAD":
            return
        if not content:
            if answer.headers.get("content-length", "0") != "0":
                raise NotAsDocumented(f"{what} with a body, which is not described.")
        elif media not in content:
            raise NotAsDocumented(f"{what} as `{media}`; described are {', '.join(content)}.")
        elif media in _ONE_JSON:
            self._check_json(answer, content[media]["schema"], what)

    def _resolved(self, part: dict[str, Any]) -> dict[str, Any]:
        if "$ref" not in part:
            return part
        found: Any = self.document
        for step in part["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        return dict(found)

    def _check_json(self, answer: httpx.Response, schema: dict[str, Any], what: str) -> None:
        self._validate(schema, json.loads(answer.content), what)

    def _check_header(self, value: str, schema: dict[str, Any], what: str) -> None:
        self._validate(schema, int(value) if schema["type"] == "integer" else value, what)

    def _validate(self, schema: dict[str, Any], value: Any, what: str) -> None:
        key = json.dumps(schema, sort_keys=True)
        if key not in self._validators:
            whole = json.loads(key.replace('"#/components', f'"{HERE}#/components'))
            self._validators[key] = jsonschema_rs.Draft202012Validator(
                whole, validate_formats=True, registry=registry()
            )
        error = next(self._validators[key].iter_errors(value), None)
        if error is not None:
            place = "/".join(str(part) for part in error.instance_path)
            raise NotAsDocumented(f"{what}, not as documented: /{place}: {error.message[:500]}")


@cache
def _document() -> Document:
    return Document(DOCUMENT)


async def as_documented(answer: httpx.Response) -> None:
    """Hold an answer against the document: an httpx event hook, for every client of every test."""
    if answer.headers.get("content-type") in _ONE_JSON:  # what is streamed is left to the test
        await answer.aread()
    _document().check(answer)
