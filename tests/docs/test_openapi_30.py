"""The 3.0 document says what the 3.1 document says, and loses no property."""

import json
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest

from app.docs.openapi_30 import down_convert
from app.docs.schema_30 import down_convert_schema
from tests.openapi.conforming import DOCUMENT

REF = {"$ref": "#/components/schemas/Goal"}
NULL = {"type": "null"}
PAYLOAD = {"type": ["string", "null"], "examples": [1], "const": 1}


@pytest.mark.parametrize(
    ("new", "old"),
    [
        ({"type": ["string", "null"]}, {"type": "string", "nullable": True}),
        ({"type": ["string"]}, {"type": "string"}),
        ({"type": "null"}, {"nullable": True, "enum": [None]}),
        ({"type": ["string", "integer"]}, {"anyOf": [{"type": "string"}, {"type": "integer"}]}),
        (
            {"type": ["string", "array", "null"]},
            {
                "nullable": True,
                "anyOf": [
                    {"type": "string", "nullable": True},
                    {"type": "array", "nullable": True, "items": {}},
                ],
            },
        ),
        (
            {"type": ["string", "integer"], "anyOf": [{"minimum": 1}, {"minLength": 1}]},
            {
                "anyOf": [{"minimum": 1}, {"minLength": 1}],
                "allOf": [{"anyOf": [{"type": "string"}, {"type": "integer"}]}],
            },
        ),
        ({"anyOf": [REF, NULL]}, {"nullable": True, "allOf": [REF]}),
        (
            {"anyOf": [{"type": "string", "description": "inner"}, NULL], "description": "outer"},
            {"type": "string", "description": "outer", "nullable": True},
        ),
        (
            {"anyOf": [{"enum": ["a"], "type": "string"}, NULL]},
            {"enum": ["a", None], "type": "string", "nullable": True},
        ),
        (
            {"anyOf": [{"maxLength": 3}, NULL], "maxLength": 5},
            {"maxLength": 5, "nullable": True, "allOf": [{"maxLength": 3}]},
        ),
        (
            {"oneOf": [REF, {"type": "string"}, NULL], "discriminator": {"propertyName": "kind"}},
            {
                "oneOf": [REF, {"type": "string"}],
                "discriminator": {"propertyName": "kind"},
                "nullable": True,
            },
        ),
        ({"anyOf": [NULL]}, {"nullable": True, "enum": [None]}),
        ({**REF, "description": "Serves."}, {"description": "Serves.", "allOf": [REF]}),
        ({**REF, "allOf": [{"minProperties": 1}]}, {"allOf": [REF, {"minProperties": 1}]}),
        (REF, REF),
        ({"const": "plan"}, {"enum": ["plan"]}),
        ({"examples": ["6.1", "6.2"]}, {"example": "6.1"}),
        ({"examples": ["6.1"], "example": "6.2"}, {"example": "6.2"}),
        ({"examples": []}, {}),
        ({"exclusiveMinimum": 0}, {"minimum": 0, "exclusiveMinimum": True}),
        ({"exclusiveMinimum": 0, "minimum": 1}, {"minimum": 1}),
        ({"exclusiveMaximum": 9, "maximum": 9}, {"maximum": 9, "exclusiveMaximum": True}),
        ({"exclusiveMaximum": 9, "maximum": 5}, {"maximum": 5}),
        ({"type": "array"}, {"type": "array", "items": {}}),
        (
            {"type": "array", "prefixItems": [{"type": "string"}, REF], "items": False},
            {"type": "array", "items": {"anyOf": [{"type": "string"}, REF]}, "maxItems": 2},
        ),
        (
            {"type": "array", "prefixItems": [{"type": "number"}] * 2, "minItems": 2, "maxItems": 2},
            {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2},
        ),
        (
            {"type": "array", "prefixItems": [{"type": "number"}], "items": {"type": "string"}},
            {"type": "array", "items": {"anyOf": [{"type": "number"}, {"type": "string"}]}},
        ),
        ({"type": "array", "prefixItems": [{"type": "number"}]}, {"type": "array", "items": {}}),
        ({"patternProperties": {"^x": REF}}, {"additionalProperties": REF}),
        (
            {"patternProperties": {"^x": REF}, "additionalProperties": {"type": "string"}},
            {"additionalProperties": {"anyOf": [REF, {"type": "string"}]}},
        ),
        ({"patternProperties": {"^x": REF}, "additionalProperties": True}, {"additionalProperties": True}),
        ({"contentMediaType": "application/octet-stream"}, {"format": "binary"}),
        ({"contentEncoding": "base64", "contentMediaType": "image/png"}, {"format": "byte"}),
        ({"properties": {"a": True, "b": False}}, {"properties": {"a": {}, "b": {"not": {}}}}),
        ({"properties": {"const": {"const": 1}}}, {"properties": {"const": {"enum": [1]}}}),
        ({"required": []}, {}),
        ({"if": {}, "then": {}, "$comment": "", "title": "T"}, {"title": "T"}),
        ({"default": {"const": 1}, "enum": [{"type": "null"}]}, {"default": {"const": 1}, "enum": [NULL]}),
    ],
)
def test_a_schema_in_the_words_of_30(new: dict[str, Any], old: dict[str, Any]) -> None:
    assert down_convert_schema(deepcopy(new)) == old


def everything() -> dict[str, Any]:
    """One of each thing that 3.1 says otherwise."""
    nullable: dict[str, Any] = {"type": ["string", "null"], "examples": ["a"]}
    media = {"application/json": {"schema": nullable, "examples": {"a": {"value": PAYLOAD}}}}
    answers = {
        "200": {"description": "Yes.", "content": media, "headers": {"x-n": {"schema": nullable}}},
        "x-more": PAYLOAD,
    }
    operation = {
        "parameters": [{"name": "q", "in": "query", "schema": nullable}],
        "requestBody": {"content": media},
        "responses": answers,
        "callbacks": {"done": {"{$request.query.q}": {"post": {"responses": answers}}}},
    }
    return {
        "openapi": "3.1.0",
        "jsonSchemaDialect": "https://spec.openapis.org/oas/3.1/dialect/base",
        "info": {
            "title": "T",
            "version": "1",
            "summary": "S",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": {
            "/a": {"post": operation},
            "/b": {"$ref": "#/components/pathItems/B"},
            "/c": {"get": {}, "delete": {"responses": {"204": {"$ref": "#/components/responses/R"}}}},
        },
        "webhooks": {"new": {"post": {"responses": {"200": {"description": "."}}}}},
        "components": {
            "pathItems": {"B": {"get": operation}},
            "schemas": {"Goal": {"type": "object", "properties": {"x-n": nullable}}, "x-odd": nullable},
            "responses": {"R": {"description": "R", "headers": {"N": {"schema": nullable}}}},
            "headers": {"H": {"schema": nullable}},
            "parameters": {"P": {"name": "p", "in": "query", "content": media}},
            "requestBodies": {"Q": {"content": {"multipart/form-data": {"schema": REF}}}},
        },
    }


def assert_valid(document: dict[str, Any]) -> None:
    import schemathesis  # takes more than a second: only who needs it waits

    schemathesis.openapi.from_dict(document).validate()


def test_the_whole_document_is_valid_30() -> None:
    made = down_convert(everything())
    assert_valid(made)
    assert made["openapi"] == "3.0.3"
    assert made["info"]["license"] == {
        "name": "Apache-2.0",
        "url": "https://spdx.org/licenses/Apache-2.0.html",
    }
    assert made["paths"]["/b"]["get"] == made["paths"]["/a"]["post"]
    assert set(made) == {"openapi", "info", "paths", "components"}
    assert '"null"' not in json.dumps(without_payload(made))


def test_payload_and_the_document_itself_are_left_alone() -> None:
    document = everything()
    made = down_convert(document)
    assert document == everything()
    for each in (document, made):
        operation = each["paths"]["/a"]["post"]
        sent = operation["requestBody"]["content"]["application/json"]["examples"]["a"]["value"]
        assert sent == operation["responses"]["x-more"] == PAYLOAD


def without_payload(value: Any) -> Any:
    if isinstance(value, dict):
        payload = {"example", "examples", "default", "enum", "x-more"}
        return {key: without_payload(each) for key, each in value.items() if key not in payload}
    return [without_payload(each) for each in value] if isinstance(value, list) else value


def properties(value: Any, path: str = "") -> Iterator[str]:
    """Every property of every schema and where it lies, whatever `allOf` is wrapped around it."""
    if isinstance(value, dict):
        for key, each in value.items():
            if key == "properties":
                yield from (f"{path} {name}" for name in each)
            yield from properties(each, path if key in {"anyOf", "allOf", "oneOf"} else f"{path}/{key}")
    elif isinstance(value, list):
        for each in value:
            yield from properties(each, path)


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, each in value.items():
            if key != "propertyNames":  # 3.0 cannot say how properties are named
                yield from [each] if key == "$ref" else references(each)
    elif isinstance(value, list):
        for each in value:
            yield from references(each)


def test_our_own_document_loses_no_property() -> None:
    document = DOCUMENT
    made = down_convert(document)
    assert_valid(made)
    before, after = without_payload(document), without_payload(made)
    assert sorted(properties(before)) == sorted(properties(after))
    assert len(set(properties(after))) > 200
    before.pop("webhooks")  # 3.0 has no place for them; what they refer to stays
    assert sorted(references(before)) == sorted(references(after))
    assert '"null"' not in json.dumps(after)
    assert made["paths"].keys() == document["paths"].keys()
