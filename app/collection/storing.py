"""From a valid record to the columns of its row, and whether a row says so already."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cache
from typing import Any

from pydantic import BaseModel
from pydantic_core import to_jsonable_python
from sqlalchemy.dialects.postgresql import JSONB

from app.collection.collection import Collection
from app.collection.fields import INSTANT
from app.collection.projection import Links, Ref
from app.collection.references import Found
from app.errors import Unprocessable


@cache
def _kinds(collection: Collection) -> dict[str, str]:
    """How each field is stored: as the id of a `record`, as `links`, as `json`, or `plain`; looked up once."""
    kinds = {}
    for name in collection.writable:
        source = collection.outputs[name]
        if isinstance(source, Ref):
            kinds[name] = "record"
        elif isinstance(source, Links):
            kinds[name] = "links"
        else:
            kinds[name] = "json" if isinstance(collection.table.c[name].type, JSONB) else "plain"
    return kinds


def stored(
    collection: Collection, said: Mapping[str, Any], names: Iterable[str], found: Mapping[str, Found]
) -> dict[str, Any]:
    """Column values of the named fields."""
    kinds = _kinds(collection)
    values: dict[str, Any] = {}
    for name in names:
        kind, value = kinds[name], said[name]
        if kind == "plain":
            values[name] = value
        elif kind == "record":
            values[f"{name}_id"] = None if value is None else found[f"/{name}"].id
        elif kind == "json":
            values[name] = _json(to_jsonable_python(value))
        else:
            source = collection.outputs[name]
            assert isinstance(source, Links)
            values[name] = _json(_links(source, name, value, found)) if value else "[]"
    return values


def _json(value: Any) -> str:
    return "[]" if value == [] else json.dumps(value, ensure_ascii=False)


def _links(
    source: Links, name: str, links: list[BaseModel], found: Mapping[str, Found]
) -> list[dict[str, Any]]:
    stored = []
    for number, link in enumerate(links):
        hit = found[f"/{name}/{number}"]
        key = int(hit.key) if source.to.key == "number" and hit.key is not None else hit.key
        entry = {"id": str(hit.id), **({source.to.key: key} if source.to.key else {})}
        entry |= {extra: getattr(link, extra) for extra in source.extras}
        if entry in stored:
            raise Unprocessable(
                "A list names something twice.",
                errors=[
                    {
                        "pointer": f"/{name}/{number}",
                        "code": "repeated",
                        "message": "It is in the list already.",
                    }
                ],
            )
        stored.append(entry)
    return stored


def same(
    collection: Collection, name: str, before: Any, said: Mapping[str, Any], after: Mapping[str, Any]
) -> bool:
    """Whether the field would be stored as it is."""
    kind = _kinds(collection)[name]
    if kind == "record":
        now = after[f"{name}_id"]
        return bool((before or {}).get("id") == (None if now is None else str(now)))
    if kind == "links":
        return bool(json.loads(after[name]) == before)
    now = to_jsonable_python(said[name])
    if name in collection.filters and collection.filters[name].kind is INSTANT and before and now:
        return datetime.fromisoformat(before) == datetime.fromisoformat(now)
    return bool(now == before)
