"""A schema of OpenAPI 3.1 (JSON Schema 2020-12) in the words of 3.0.3, which are fewer."""

from typing import Any

Schema = dict[str, Any]

_LISTS = ("allOf", "anyOf", "oneOf", "prefixItems")
_REMARKS = {"default", "deprecated", "description", "example", "readOnly", "title", "writeOnly"}
# 3.0 cannot say these; without them a schema allows more, and every property stays.
_UNKNOWN = (
    "$anchor", "$comment", "$defs", "$dynamicAnchor", "$dynamicRef", "$id", "$schema", "$vocabulary",
    "contains", "contentSchema", "dependentRequired", "dependentSchemas", "else", "if", "maxContains",
    "minContains", "propertyNames", "then", "unevaluatedItems", "unevaluatedProperties",
)  # fmt: skip


def down_convert_schema(schema: Any) -> Schema:
    """The schema in the words of 3.0.3; what is inside it too."""
    if not isinstance(schema, dict):
        return {} if schema else {"not": {}}
    made = {key: _inner(key, value) for key, value in schema.items() if key not in _UNKNOWN}
    if not made.get("required", True):
        del made["required"]
    for step in (_constant, _example, _limits, _tuple, _map, _content, _alternatives, _types, _reference):
        made = step(made)
    return made


def _inner(key: str, value: Any) -> Any:
    if key in {"properties", "patternProperties"}:
        return {name: down_convert_schema(each) for name, each in value.items()}
    if key in _LISTS:
        return [down_convert_schema(each) for each in value]
    if key in {"items", "not"} or (key == "additionalProperties" and isinstance(value, dict)):
        return down_convert_schema(value)
    return value


def _constant(schema: Schema) -> Schema:
    if "const" in schema:
        schema["enum"] = [schema.pop("const")]
    return schema


def _example(schema: Schema) -> Schema:
    examples = schema.pop("examples", None)
    if isinstance(examples, list) and examples:
        schema.setdefault("example", examples[0])
    return schema


def _limits(schema: Schema) -> Schema:
    """`exclusiveMinimum: 0` is `minimum: 0, exclusiveMinimum: true`; of two limits the stricter one stays."""
    for limit, exclusive, sign in (("minimum", "exclusiveMinimum", 1), ("maximum", "exclusiveMaximum", -1)):
        value = schema.get(exclusive)
        if value is None or isinstance(value, bool):
            continue
        if limit in schema and sign * schema[limit] > sign * value:
            del schema[exclusive]
        else:
            schema |= {limit: value, exclusive: True}
    return schema


def _tuple(schema: Schema) -> Schema:
    """Items that differ by position: each item is one of them."""
    first = schema.pop("prefixItems", None)
    if first is None:
        return schema
    rest = schema.get("items", {})
    if rest == {"not": {}}:
        schema["maxItems"] = min(len(first), schema.get("maxItems", len(first)))
    closed = schema.get("maxItems", len(first) + 1) <= len(first)
    kinds = [each for number, each in enumerate(first) if each not in first[:number]]
    if not closed and rest not in kinds:
        kinds.append(rest)
    schema["items"] = kinds[0] if len(kinds) == 1 else {} if {} in kinds else {"anyOf": kinds}
    return schema


def _map(schema: Schema) -> Schema:
    """Names by pattern: any name, with the values of those patterns."""
    patterns = schema.pop("patternProperties", None)
    if not patterns:
        return schema
    kinds = list(patterns.values())
    if isinstance(schema.get("additionalProperties"), dict):
        kinds.append(schema["additionalProperties"])
    if schema.get("additionalProperties") is not True:
        schema["additionalProperties"] = kinds[0] if len(kinds) == 1 else {"anyOf": kinds}
    return schema


def _content(schema: Schema) -> Schema:
    """Files and encoded bytes."""
    media, encoding = schema.pop("contentMediaType", None), schema.pop("contentEncoding", None)
    if encoding in {"base64", "base64url"}:
        schema.setdefault("format", "byte")
    elif media == "application/octet-stream":
        schema.setdefault("format", "binary")
    return schema


def _alternatives(schema: Schema) -> Schema:
    """`T or null` is T, nullable; of a reference too, where generators read it and 3.0 is of two minds."""
    for key in ("anyOf", "oneOf"):
        options = schema.get(key, [])
        rest = [each for each in options if not _is_null(each)]
        if len(rest) == len(options):
            continue
        del schema[key]
        schema["nullable"] = True
        if len(rest) == 1:
            schema = _merged(schema, rest[0])
        else:
            schema |= {key: rest} if rest else {"enum": [None]}
    return schema


def _is_null(schema: Schema) -> bool:
    return "type" not in schema and schema.get("enum") == [None]


def _merged(outer: Schema, only: Schema) -> Schema:
    """The one alternative that is not null, together with what is said beside it."""
    if None not in only.get("enum", [None]):
        only = {**only, "enum": [*only["enum"], None]}
    clash = any(only[key] != outer[key] for key in only.keys() & outer.keys() - _REMARKS)
    if clash or "$ref" in only:
        return {**outer, "allOf": [*outer.get("allOf", []), only]}
    return only | outer


def _types(schema: Schema) -> Schema:
    kinds = schema.get("type")
    if kinds == "null" or isinstance(kinds, list):
        del schema["type"]
        named = [{"type": each} for each in kinds if each != "null"] if isinstance(kinds, list) else []
        if len(named) != len(kinds):
            named = [{**each, "nullable": True} for each in named]
            schema["nullable"] = True
        if not named:
            schema["enum"] = [None]
        elif len(named) == 1:
            schema |= named[0]
        else:
            choice = {"anyOf": [_with_items(each) for each in named]}
            schema |= {"allOf": [*schema.get("allOf", []), choice]} if "anyOf" in schema else choice
    return _with_items(schema)


def _with_items(schema: Schema) -> Schema:
    if schema.get("type") == "array":
        schema.setdefault("items", {})
    return schema


def _reference(schema: Schema) -> Schema:
    """Beside a reference 3.0 reads nothing, so the reference goes inside."""
    if "$ref" not in schema or len(schema) == 1:
        return schema
    others = {key: value for key, value in schema.items() if key != "$ref"}
    return {**others, "allOf": [{"$ref": schema["$ref"]}, *others.get("allOf", [])]}
