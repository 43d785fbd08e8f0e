"""From a request body to a valid record: every mistake is listed, none is echoed."""

import re
from collections.abc import Iterable, Mapping, Sequence, Set
from copy import copy
from functools import cache
from types import SimpleNamespace
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, create_model
from pydantic_core import PydanticCustomError, PydanticUndefined, to_json
from typing_extensions import TypedDict

from app.collection.across import Across, rules_of
from app.collection.collection import Collection
from app.collection.projection import WITHHELD, Ref
from app.collection.values import FORMS
from app.errors import Unprocessable, did_you_mean

_ERRORS_MOST, _HINTS_MOST, _NAME_MOST = 100, 10, 100


@cache
def written(collection: Collection) -> type[BaseModel]:
    """The schema without what the register itself fills in."""
    fields: dict[str, Any] = dict.fromkeys(collection.read_only, (Any, None))
    for name, field in collection.schema.model_fields.items():
        if isinstance(field.default, list):  # an empty one is made sooner than a copy
            empty = copy(field)
            empty.default, empty.default_factory = PydanticUndefined, list
            fields[name] = (field.annotation, empty)
    made: type[BaseModel] = create_model(
        f"{collection.schema.__name__}Written", __base__=collection.schema, **fields
    )
    return made


@cache
def _fields(collection: Collection) -> TypeAdapter[dict[str, Any]]:
    """Reads some fields of the schema, each by itself."""
    fields = {
        name: Annotated[field.annotation, *field.metadata, Field()]
        for name, field in collection.schema.model_fields.items()
        if name in collection.writable
    }
    made: Any = TypedDict
    some = made(f"{collection.schema.__name__}Fields", fields, total=False)
    some.__pydantic_config__ = ConfigDict(strict=True)
    return TypeAdapter(some)


@cache
def _defaults(collection: Collection) -> dict[str, Any]:
    """What fields hold of which nothing is said."""
    fields = collection.schema.model_fields
    return {name: fields[name].get_default(call_default_factory=True) for name in _with_default(collection)}


def validated(collection: Collection, body: Mapping[str, Any]) -> Mapping[str, Any]:
    """The fields of a record that the body makes, or a refusal that names every mistake."""
    errors = field_errors(collection, body)
    writable = _writable(collection)
    known = {name: value for name, value in body.items() if name in writable}
    try:
        record = written(collection).model_validate_json(to_json(known))
    except ValidationError as refused:
        raise _refusal([*errors, *mistakes(refused)]) from None
    if errors:
        raise _refusal(errors)
    return record.__dict__


def changed(
    collection: Collection, current: Mapping[str, Any], patch: Mapping[str, Any]
) -> Mapping[str, Any]:
    """The fields that a merge patch changes, or a refusal that names every mistake.

    The record is valid as it is: only what the patch names is looked at, and what stands in a rule with it.
    """
    rules = _rules_with(collection, patch.keys())
    names = {*patch, *(name for rule in rules for name in rule.fields)}
    try:
        found = _fields(collection).validate_json(to_json(merged(collection, current, patch, names)))
        defaults = _defaults(collection)
        record = {name: found[name] if name in found else defaults[name] for name in names}
        for rule in rules:
            _ask(rule, record)
    except ValidationError as refused:
        raise _refusal(mistakes(refused)) from None
    return record


def looked_at(collection: Collection, names: Set[str]) -> set[str]:
    """The fields that have to be known of a record of which these fields change."""
    return {*names, *(name for rule in _rules_with(collection, names) for name in rule.fields)}


def _rules_with(collection: Collection, names: Set[str]) -> list[Across]:
    return [rule for rule in rules_of(collection.schema) if not names.isdisjoint(rule.fields)]


def _ask(rule: Across, record: Mapping[str, Any]) -> None:
    try:
        rule.look(SimpleNamespace(**{name: record[name] for name in rule.fields}))
    except PydanticCustomError as broken:
        raise ValidationError.from_exception_data("rule", [{"type": broken, "input": None}]) from None


def _refusal(errors: Sequence[Mapping[str, Any]]) -> Unprocessable:
    count = f"{len(errors)} {'field needs' if len(errors) == 1 else 'fields need'}"
    return Unprocessable(f"{count} attention.", errors=errors[:_ERRORS_MOST])


def mistakes(refused: ValidationError) -> list[dict[str, Any]]:
    """What a schema refuses, in our words."""
    return [_error(each) for each in refused.errors(include_url=False)[:_ERRORS_MOST]]


def field_errors(collection: Collection, body: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Names in the body that may not be there."""
    errors: list[dict[str, Any]] = []
    if body.keys() <= _writable(collection):
        return errors
    for name in body:
        if len(errors) == _ERRORS_MOST:
            break
        if name in collection.read_only:
            errors.append(
                {"pointer": _pointer([name]), "code": "read_only", "message": "The register fills this in."}
            )
        elif name not in collection.outputs and not (collection.personal and name == WITHHELD):
            hint = did_you_mean(name[:_NAME_MOST], collection.writable) if len(errors) < _HINTS_MOST else {}
            errors.append(
                {
                    "pointer": _pointer([name]),
                    "code": "unknown_field",
                    "message": "There is no such field.",
                    **hint,
                }
            )
    return errors


def merged(
    collection: Collection, current: Mapping[str, Any], patch: Mapping[str, Any], names: Iterable[str]
) -> dict[str, Any]:
    """These fields after a merge patch (RFC 7396). A reference is one value: it is replaced, not merged."""
    result = {name: current.get(name) for name in names}  # what is withheld is not there
    for name, value in patch.items():
        if isinstance(collection.outputs[name], Ref) or not isinstance(value, dict):
            result[name] = value
        else:
            result[name] = _merge(result[name], value)
    cleared = _cleared_by_null(collection)
    return {name: value for name, value in result.items() if value is not None or name not in cleared}


def from_nothing(collection: Collection, patch: Mapping[str, Any]) -> dict[str, Any]:
    """What a merge patch makes where there is no record yet: null is what may be left out."""
    return {
        name: value
        for name, value in patch.items()
        if value is not None or name not in _with_default(collection)
    }


def _merge(target: Any, patch: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        elif isinstance(value, dict):
            result[name] = _merge(result.get(name), value)
        else:
            result[name] = value
    return result


@cache
def _writable(collection: Collection) -> frozenset[str]:
    return frozenset(collection.writable)


@cache
def _with_default(collection: Collection) -> frozenset[str]:
    return frozenset(
        name for name, field in collection.schema.model_fields.items() if not field.is_required()
    )


@cache
def _cleared_by_null(collection: Collection) -> frozenset[str]:
    return _with_default(collection) - patch_nullable(collection)


@cache
def patch_nullable(collection: Collection) -> frozenset[str]:
    """Fields whose value may be null; null in another field means: back to its default."""
    document = collection.schema.model_json_schema(mode="validation")["properties"]
    return frozenset(
        name
        for name, schema in document.items()
        if any(option.get("type") == "null" for option in schema.get("anyOf", ()))
    )


def _pointer(location: Sequence[str | int]) -> str:
    """RFC 6901."""
    return "".join("/" + str(part)[:_NAME_MOST].replace("~", "~0").replace("/", "~1") for part in location)


_WORDS = {
    "missing": "This field is needed.",
    "literal_error": "One of a few words is expected.",
    "greater_than_equal": "At least {ge}.",
    "less_than_equal": "At most {le}.",
    "string_too_long": "At most {max_length} characters.",
    "too_long": "Entries: at most {max_length}.",
    "too_short": "Entries: at least {min_length}.",
    "string_type": "A text is expected.",
    "int_type": "A whole number is expected.",
    "bool_type": "`true` or `false` is expected.",
    "list_type": "A list is expected.",
    "model_type": "An object is expected.",
    "model_attributes_type": "An object is expected.",
    "uuid_type": "An id (UUID) is expected.",
    "uuid_parsing": "An id (UUID) is expected.",
    "date_from_datetime_parsing": "There is no such day.",
    "date_parsing": "A date is written YYYY-MM-DD, in the Gregorian calendar.",
    "datetime_type": "An instant is written as 2026-10-01T00:00:00Z.",
    "datetime_parsing": "An instant is written as 2026-10-01T00:00:00Z.",
    "timezone_aware": "An instant needs its offset, as in 2026-10-01T00:00:00Z.",
    "timezone_naive": "An instant needs its offset, as in 2026-10-01T00:00:00Z.",
}


def _error(problem: Mapping[str, Any]) -> dict[str, Any]:
    """One mistake in our words; what was sent (it may be personal) is never repeated."""
    code, context = problem["type"], problem.get("ctx", {})
    location = [part for part in problem["loc"] if not (isinstance(part, str) and _is_branch(part))]
    if code == "extra_forbidden":
        return {"pointer": _pointer(location), "code": "unknown_field", "message": "There is no such field."}
    message = _WORDS[code].format_map(context) if code in _WORDS else problem["msg"]
    error = {"pointer": _pointer(location), "code": code, "message": message}
    if code == "string_pattern_mismatch":
        error["message"] = FORMS.get(context["pattern"], error["message"])
    if code.endswith("_type"):
        error["got"] = _kind(problem["input"])
    if code == "literal_error":
        allowed = re.findall(r"'([^']*)'", context.get("expected", ""))
        given = problem["input"]
        error |= did_you_mean(given[:_NAME_MOST], allowed) if isinstance(given, str) else {"allowed": allowed}
    if "field" in context:  # a rule about several fields names the one to look at
        error["pointer"] += _pointer([context["field"]])
    if "hint" in context:
        error["hint"] = context["hint"]
    return error


def _kind(value: Any) -> str:
    """What sort of JSON value was sent; its content is not told."""
    match value:
        case None:
            return "null"
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "a text"
        case list():
            return "a list"
    return "an object"


def _is_branch(part: str) -> bool:
    """Pydantic names the branch of a union in a location; a caller does not know branches."""
    return part.startswith(("function-", "constrained-", "nullable", "literal["))
