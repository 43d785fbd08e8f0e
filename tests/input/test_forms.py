"""A text of another form than is asked for: the answer says in words which form that is."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from app.api import COLLECTIONS
from app.collection.values import FORMS, LINE_PATTERN, PARAGRAPHS_PATTERN


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
