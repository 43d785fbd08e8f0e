"""The OpenAPI document: complete, bounded, with examples that fit, and in step with the committed file."""

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import jsonschema_rs
import pytest

from app import __version__
from app.access.permissions import MATRIX, Role
from app.main import create_app
from app.operations.doors import POLICY
from app.settings import Settings
from tests.each import of_each
from tests.openapi.conforming import DOCUMENT, HERE, registry

COMPONENTS: dict[str, Any] = DOCUMENT["components"]
OPERATIONS: dict[str, tuple[str, str, dict[str, Any]]] = {
    f"{method.upper()} {path}": (method, path, operation)
    for path, operations in DOCUMENT["paths"].items()
    for method, operation in operations.items()
}
CHANGES_NOTHING = {"test_webhook"}
"""Operations that are no reads, and yet leave the register as it is."""
every_operation = of_each({name: (name,) for name in OPERATIONS})
every_schema = of_each({name: (name,) for name in COMPONENTS["schemas"]})


def resolved(part: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in part:
        return part
    found: Any = DOCUMENT
    for step in part["$ref"].removeprefix("#/").split("/"):
        found = found[step]
    return dict(found)


def parameters(operation: dict[str, Any]) -> list[dict[str, Any]]:
    return [resolved(each) for each in operation.get("parameters", ())]


def mistake(schema: dict[str, Any], value: Any) -> str:
    """Why a value does not fit a schema; empty if it does."""
    error = next(validator(json.dumps(schema)).iter_errors(value), None)
    return "" if error is None else f"{error.message} at /{'/'.join(map(str, error.instance_path))}"


@cache
def validator(schema: str) -> jsonschema_rs.Draft202012Validator:
    """Compiled once: many parameters have the same schema."""
    whole = json.loads(schema.replace('"#/components', f'"{HERE}#/components'))
    return jsonschema_rs.Draft202012Validator(whole, validate_formats=True, registry=registry())


def inside(schema: dict[str, Any], place: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """A schema and every schema written inside it."""
    yield place, schema
    for name, each in schema.get("properties", {}).items():
        yield from inside(each, f"{place}.{name}")
    for name in ("items", "additionalProperties"):
        if isinstance(schema.get(name), dict):
            yield from inside(schema[name], f"{place}[]")
    for number, each in enumerate((*schema.get("anyOf", ()), *schema.get("allOf", ()))):
        yield from inside(each, f"{place}|{number}")


def unbounded(schema: dict[str, Any]) -> str:
    """What is missing for the values of a schema to be bounded."""
    kinds = schema.get("type", [])
    kinds = {kinds} if isinstance(kinds, str) else set(kinds)
    if "enum" in schema:
        return ""
    if "string" in kinds and not {"maxLength", "format", "pattern"} & set(schema):
        return "maxLength, format or pattern"
    if kinds & {"integer", "number"} and not {"minimum", "maximum"} <= set(schema):
        return "minimum and maximum"
    if kinds <= {"integer", "number", "null"} and kinds - {"null"} and "format" not in schema:
        return "format"
    if "array" in kinds and not {"maxItems", "items"} <= set(schema):
        return "maxItems and items"
    return ""


def test_the_committed_document_is_the_one_that_is_served() -> None:
    served = create_app(Settings()).openapi()
    assert json.loads(json.dumps(served)) == DOCUMENT, "docs/openapi.json is out of step: run `make openapi`"


def test_it_is_an_openapi_3_1_document() -> None:
    import schemathesis

    schema = schemathesis.openapi.from_dict(json.loads(json.dumps(DOCUMENT)))
    assert DOCUMENT["openapi"] == "3.1.0"
    assert schema.specification.version == "3.1.0"
    schema.validate()


def test_it_says_who_is_behind_it() -> None:
    info = DOCUMENT["info"]
    assert info["version"] == __version__
    assert info["license"] == {"name": "Apache-2.0", "identifier": "Apache-2.0"}
    assert info["contact"]["name"]
    assert info["description"]
    assert all(server["url"] and server["description"] for server in DOCUMENT["servers"])
    used = {tag for _, _, operation in OPERATIONS.values() for tag in operation["tags"]}
    assert [tag["name"] for tag in DOCUMENT["tags"]] == list(
        dict.fromkeys(tag["name"] for tag in DOCUMENT["tags"])
    )
    assert {tag["name"] for tag in DOCUMENT["tags"]} == used
    assert all(tag["description"] for tag in DOCUMENT["tags"])


def test_operation_ids_are_short_and_name_one_handler_each() -> None:
    ids = [operation["operationId"] for _, _, operation in OPERATIONS.values()]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", each) and len(each) <= 30 for each in ids)
    assert set(ids) == set(POLICY), "every operation states its permission under its operation id"


def test_components_have_plain_names() -> None:
    names = list(COMPONENTS["schemas"])
    assert all(re.fullmatch(r"([A-Z][a-z]+)+", name) for name in names)
    assert not [name for name in names if re.search("Input|Output|Validation|Body", name)]


@every_operation
def test_an_operation_is_described(name: str) -> None:
    _, _, operation = OPERATIONS[name]
    assert operation["summary"]
    assert operation["description"].endswith(".")
    assert len(operation["tags"]) == 1
    assert all(resolved(answer)["description"] for answer in operation["responses"].values())


@every_operation
def test_every_parameter_is_described_bounded_and_has_an_example_that_fits(name: str) -> None:
    _, path, operation = OPERATIONS[name]
    found = parameters(operation)
    assert {each["name"] for each in found if each["in"] == "path"} == set(re.findall(r"{(\w+)}", path))
    assert len({(each["in"], each["name"]) for each in found}) == len(found)
    for each in found:
        assert each["description"], each["name"]
        assert not unbounded(each["schema"]), (each["name"], unbounded(each["schema"]))
        if each["name"] in {"cursor", "If-Plan-Match", "as_of", "compare"}:
            continue  # signed by the service that made it, or its past: none can be shown that works everywhere
        assert not mistake(each["schema"], each["example"]), each["name"]


@every_operation
def test_bodies_and_good_answers_have_examples_that_fit(name: str) -> None:
    _, _, operation = OPERATIONS[name]
    contents = [operation["requestBody"]["content"]] if "requestBody" in operation else []
    contents += [
        answer.get("content", {})
        for status, answer in operation["responses"].items()
        if status.startswith("2")
    ]
    for content in contents:
        for media, described in content.items():
            if (
                described["schema"].get("format") != "binary"
            ):  # a workbook cannot be shown; its template can be had
                assert not mistake(described["schema"], described["example"]), media


@every_operation
def test_every_status_that_can_occur_is_listed(name: str) -> None:
    method, path, operation = OPERATIONS[name]
    expected = {"400", "401", "403", "405", "429", "500", "503"}
    if method == "get":
        expected.add("406")
        if path not in {"/v1/changes/stream", "/v1/changes/snapshot"}:
            expected.add("304")
    else:
        expected |= {"413"} if operation["operationId"] in CHANGES_NOTHING else {"409", "413", "422"}
    if any(each["name"] == "after" for each in parameters(operation)):
        expected.add("410")
    if "requestBody" in operation:
        expected.add("415")
    if "{" in path or path in {"/v1/plan", "/v1/plan/redline"}:
        expected.add("404")
    record, _, verb = path.partition("/{name}")
    of_itself = {"/history", "/diff", "/merge"} | ({"/report"} if record == "/v1/persons" else set())
    merged = f"{record}/{{name}}/merge" in DOCUMENT["paths"] and "{name}" in path
    if merged and verb not in of_itself:
        expected.add("308")  # merged into another
    if path == "/v1/audit/verify":
        expected.add("403")
    if any(each["name"] == "If-Match" for each in parameters(operation)):
        expected |= {"412", "428"}
    good = {status for status in operation["responses"] if status.startswith("2")}
    if method == "put":  # makes or changes
        assert good == {"200", "201"}
    elif path.endswith("/bulk"):  # takes all rows, some, or all of them later
        assert good == {"200", "202", "207"}
        expected |= {"406", "412"}
    else:
        assert len(good) == 1
    assert set(operation["responses"]) - good == expected


@every_operation
def test_reading_is_public_and_writing_needs_a_key(name: str) -> None:
    method, _, operation = OPERATIONS[name]
    keys = [{"bearer": []}, {"api_key": []}]
    public = POLICY[operation["operationId"]] in MATRIX[Role.PUBLIC]
    assert not public or method == "get"
    assert operation["security"] == ([{}, *keys] if public else keys)
    assert set(COMPONENTS["securitySchemes"]) == {"bearer", "api_key"}


@every_operation
def test_every_unsafe_operation_can_be_tried_repeated_and_explained(name: str) -> None:
    method, _, operation = OPERATIONS[name]
    names = {each["name"] for each in parameters(operation)}
    changes = method != "get" and operation["operationId"] not in CHANGES_NOTHING
    assert (names >= {"dry_run", "Idempotency-Key", "X-Reason"}) == changes


@every_schema
def test_every_schema_is_described_and_bounded(name: str) -> None:
    schema = COMPONENTS["schemas"][name]
    assert schema["description"]
    for place, each in inside(schema, name):
        assert not unbounded(each), (place, unbounded(each))
        for key, value in each.get("properties", {}).items():
            assert value.get("description"), f"{place}.{key}"


@every_schema
def test_every_property_has_an_example_that_fits(name: str) -> None:
    for place, each in inside(COMPONENTS["schemas"][name], name):
        for key, value in each.get("properties", {}).items():
            assert value.get("examples"), f"{place}.{key}"
        for example in each.get("examples", ()):
            assert not mistake(each, example), place


@every_schema
def test_null_is_a_type_where_it_can_be_one(name: str) -> None:
    for place, each in inside(COMPONENTS["schemas"][name], name):
        options = each.get("anyOf", ())
        if {"type": "null"} in options:
            assert all("$ref" in option for option in options if option != {"type": "null"}), place


@pytest.mark.parametrize("kind", ["schemas", "parameters"])
def test_the_words_of_an_enum_become_distinct_names(kind: str) -> None:
    """Generators make an upper-case name of each word; openapi-python-client stops where two are the same."""
    for name, component in COMPONENTS[kind].items():
        for place, each in inside(component.get("schema", component), name):
            words = [word for word in each.get("enum", ()) if word is not None]
            assert len({re.sub("[^a-z0-9]+", "_", word.lower()) for word in words}) == len(words), place


def test_what_clients_send_is_closed() -> None:
    waiting = {
        part["$ref"]
        for _, _, operation in OPERATIONS.values()
        for each in operation.get("requestBody", {}).get("content", {}).values()
        for _, part in inside(each["schema"], "")
        if "$ref" in part
    }
    seen: set[str] = set()
    while waiting:
        reference = waiting.pop()
        seen.add(reference)
        schema = resolved({"$ref": reference})
        if schema.get("type") == "object":
            assert schema["additionalProperties"] is False, reference
        written = {
            "allOf": schema.get("allOf", []),
            "properties": {
                key: value for key, value in schema.get("properties", {}).items() if not value.get("readOnly")
            },
        }
        waiting |= {each["$ref"] for _, each in inside(written, "") if "$ref" in each} - seen


def test_the_fields_of_a_record_are_those_of_its_declaration() -> None:
    from app import api

    for collection in api.COLLECTIONS:
        schema = COMPONENTS["schemas"][collection.schema.__name__]
        names = [*collection.outputs, *collection.reverse]
        assert [name for name in schema["properties"] if name in names] == names
        read_only = {name for name, each in schema["properties"].items() if each.get("readOnly")}
        told = {"areas", "_withheld", "possible_duplicates"} | ({"goals"} - set(collection.reverse))
        assert read_only - told == collection.read_only | set(collection.reverse)
        patch = COMPONENTS["schemas"][f"{collection.schema.__name__}Patch"]
        assert [name for name in patch["properties"] if name != "_withheld"] == list(collection.writable)
        assert "required" not in schema, "`fields=` leaves out what was not asked for"
        assert "required" not in patch
