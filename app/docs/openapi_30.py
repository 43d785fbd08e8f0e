"""The OpenAPI 3.1 document as 3.0.3, for older generators and gateways."""

from copy import deepcopy
from typing import Any

from app.docs.schema_30 import down_convert_schema

Object = dict[str, Any]

# Where the parts of a document lie: one `part`, a list `[part]` or a map `{part}`. What is not named here
# (such as examples and extensions) is the same in both versions, or is payload that nobody may touch.
_PARTS: dict[str, dict[str, str]] = {
    "document": {"paths": "{path}", "components": "components"},
    "components": {
        "schemas": "{schema}",
        "responses": "{response}",
        "parameters": "{parameter}",
        "requestBodies": "{body}",
        "headers": "{parameter}",
        "callbacks": "{callback}",
    },
    "path": {
        "parameters": "[parameter]",
        **dict.fromkeys(("get", "put", "post", "delete", "options", "head", "patch", "trace"), "operation"),
    },
    "operation": {
        "parameters": "[parameter]",
        "requestBody": "body",
        "responses": "{response}",
        "callbacks": "{callback}",
    },
    "parameter": {"schema": "schema", "content": "{media}"},
    "body": {"content": "{media}"},
    "response": {"headers": "{parameter}", "content": "{media}"},
    "media": {"schema": "schema", "encoding": "{encoding}"},
    "encoding": {"headers": "{parameter}"},
}


def down_convert(document: Object) -> Object:
    """The same document in OpenAPI 3.0.3, as far as 3.0 can say it.

    No property is lost. What 3.0 has no word for (webhooks, `if`, `propertyNames`) is left out.
    """
    made: Object = _part("document", _with_path_items(deepcopy(document)))
    made["openapi"] = "3.0.3"
    for new in ("webhooks", "jsonSchemaDialect"):
        made.pop(new, None)
    made.setdefault("paths", {})
    _info(made.get("info", {}))
    return made


def _with_path_items(document: Object) -> Object:
    """3.0 keeps no path items among the components: put them where they are referred to."""
    kept = document.get("components", {}).pop("pathItems", {})
    for path, item in document.get("paths", {}).items():
        name = str(item.get("$ref", "")).removeprefix("#/components/pathItems/")
        if name in kept:
            others = {key: value for key, value in item.items() if key != "$ref"}
            document["paths"][path] = deepcopy(kept[name]) | others
    return document


def _info(info: Object) -> None:
    info.pop("summary", None)
    licence = info.get("license", {})
    identifier = licence.pop("identifier", None)
    if identifier:
        licence.setdefault("url", f"https://spdx.org/licenses/{identifier}.html")


def _part(kind: str, value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if kind == "schema":
        return down_convert_schema(value)
    if kind == "callback":
        return _each("{path}", value)
    if "$ref" in value and kind != "path":
        return {"$ref": value["$ref"]}
    parts = _PARTS[kind]
    made = {key: _each(parts[key], inner) if key in parts else inner for key, inner in value.items()}
    if kind == "operation" and not made.get("responses"):
        made["responses"] = {"default": {"description": "Any answer."}}
    if kind == "response":
        made.setdefault("description", "")
    return made


def _each(shape: str, value: Any) -> Any:
    kind = shape.strip("[]{}")
    if shape.startswith("[") and isinstance(value, list):
        return [_part(kind, each) for each in value]
    if shape.startswith("{") and isinstance(value, dict):
        return {name: each if _extension(kind, name) else _part(kind, each) for name, each in value.items()}
    return _part(kind, value)


def _extension(kind: str, name: str) -> bool:
    """Whether this is no part but a remark; schemas and headers are named `x-...` in earnest."""
    return kind in {"path", "response"} and name.startswith("x-")
