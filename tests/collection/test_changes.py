"""A change is read as the whole record would be, though only what changes is looked at."""

from random import Random
from typing import Any

from pydantic_core import to_jsonable_python

from app.activities.queries import ACTIVITIES
from app.api import WRITTEN
from app.collection.across import rules_of
from app.collection.collection import Collection
from app.collection.rules import rules_on
from app.collection.validation import changed, merged, validated
from app.errors import Unprocessable
from tests.each import of_each

_COLLECTIONS = {each.name: (each,) for each in WRITTEN}
_CHANGES = 100
_DAYS = ("2024-02-30", "2025-01-01", "2026-06-30", "2027-12-31", "2568-01-01")
_ODD: tuple[Any, ...] = (
    None, 5, 1.0, True, "", " \u3000", "x\ty", "e\u0301", "x" * 3000, {}, [], [{}], ["TH", "TH"], [{"zz": 1}],
    {"code": "JP-MOJ"}, {"number": 6}, {"number": True}, {"key": "a:b", "zz": 1},
)  # fmt: skip


def _words(schema: Any) -> list[str]:
    """What stands in the enumerations of a schema."""
    options = (schema, *schema.get("anyOf", ()))
    return [word for option in options for word in option.get("enum", ())]


def _patch(random: Random, collection: Collection) -> dict[str, Any]:
    """Some fields, with values that are right and others that are not."""
    names = random.sample(collection.writable, random.randint(1, 3))
    if rules := rules_of(collection.schema):  # likelier than the others, as rules stand on them
        names += random.choice(rules).fields[: random.randint(0, 2)]
    patch = {}
    for name in names:
        right = [collection.examples.get(name), *_words(collection.properties[name])]
        right += _DAYS if collection.properties[name].get("format") == "date" else []
        patch[name] = random.choice(right if random.random() < 0.7 else _ODD)
    return patch


@of_each(_COLLECTIONS)
def test_a_change_is_refused_and_read_as_the_whole_record_would_be(collection: Collection) -> None:
    random, accepted = Random(20), 0
    assert collection.example is not None
    record = {name: value for name, value in collection.example.items() if name in collection.writable}
    for _ in range(_CHANGES):
        patch = _patch(random, collection)
        whole = merged(collection, record, patch, collection.writable)
        try:
            said = validated(collection, whole)
            expected = to_jsonable_python({name: said[name] for name in patch})
        except Unprocessable as refused:
            expected = refused.errors
        try:
            found = changed(collection, record, patch)
            read = to_jsonable_python({name: found[name] for name in patch})
        except Unprocessable as refused:
            read = refused.errors
        else:
            record, accepted = whole, accepted + 1
        assert read == expected, patch
    assert 0 < accepted < _CHANGES


@of_each(_COLLECTIONS)
def test_what_a_schema_demands_of_a_whole_record_says_which_fields_it_looks_at(
    collection: Collection,
) -> None:
    known = collection.schema.__pydantic_decorators__
    assert len(known.model_validators) == len(rules_of(collection.schema)), "Declare it with `across`."
    assert not known.field_validators, "Make it a kind of value (`values`)."


def test_the_database_is_asked_for_the_rules_that_name_a_column_that_changes() -> None:
    asked = {
        column: [ACTIVITIES.rules[place].field for place in rules_on(ACTIVITIES, {column})]
        for column in ("goal_id", "origin", "owner", "start_date")
    }
    assert asked == {
        "goal_id": ["parent", "goal", "goal"], "origin": ["origin", "goal", "goal"], "owner": ["origin"],
        "start_date": [],
    }  # fmt: skip
