"""What is refused is refused in our words: which form a text has, which numbers and words are possible."""

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from app.api import COLLECTIONS
from app.collection.validation import validated
from app.collection.values import FORMS, LINE_PATTERN, PARAGRAPHS_PATTERN
from app.errors import Unprocessable


@pytest.mark.parametrize(
    ("path", "body", "words"),
    [
        ("gap-dismissals", {"gap": "outcome", "reason": "R"}, "A gap is named by its check and the id"),
        ("events", {"title": "T", "kind": "seminar", "country": "Japan"}, "two capital letters"),
        ("focal-points", {"country": "TH", "office": {"name": "O", "phone": "02"}}, "begins with `+`"),
        ("organisations", {"code": "A B", "name": "N", "kind": "ministry"}, "1 to 40 letters"),
    ],
)
async def test_the_form_is_told_in_words(
    client: httpx.AsyncClient, path: str, body: dict[str, Any], words: str
) -> None:
    answer = await client.post(f"/v1/{path}", json=body)
    assert answer.status_code == 422, answer.text
    told = [each["message"] for each in answer.json()["errors"] if each["code"] == "string_pattern_mismatch"]
    assert [words in each for each in told] == [True], answer.text


@pytest.mark.parametrize("collection", COLLECTIONS, ids=lambda each: each.name)
def test_every_form_has_words(collection: Any) -> None:
    schema = collection.schema.model_json_schema()
    written = {name: each for name, each in schema["properties"].items() if name in collection.writable}
    assert set(_patterns([written, schema.get("$defs", {})])) <= {*FORMS, LINE_PATTERN, PARAGRAPHS_PATTERN}


def _patterns(schema: Any) -> Iterator[str]:
    if isinstance(schema, list):
        for each in schema:
            yield from _patterns(each)
    elif isinstance(schema, dict):
        if isinstance(schema.get("pattern"), str) and "format" not in schema:  # a day has words of its own
            yield schema["pattern"]
        for each in schema.values():
            yield from _patterns(each)


_WRONG: tuple[Any, ...] = (
    "zzz", "", -5, 10**12, 10**40, 1.5, True, [], ["x"] * 1000, [1], [{}], [{"x": 1}], {}, {"x": 1}, "x" * 30_000,
    "2026-13-45",
)  # fmt: skip
_OF_THE_LIBRARY = re.compile("(Input|String|List|Value|Object|Tuple|Dictionary|Unable|Field)s? ")


@pytest.mark.parametrize("collection", COLLECTIONS, ids=lambda each: each.name)
def test_no_mistake_is_told_in_the_words_of_the_library(collection: Any) -> None:
    told = {
        message
        for name in collection.writable
        for wrong in _WRONG
        for message in _told(collection, name, wrong)
    }
    assert told
    assert [message for message in told if _OF_THE_LIBRARY.match(message)] == []


def _told(collection: Any, name: str, wrong: Any) -> list[str]:
    with pytest.raises(Unprocessable) as refused:
        validated(collection, {name: wrong, "no such field": 1})
    return [each["message"] for each in refused.value.errors]
