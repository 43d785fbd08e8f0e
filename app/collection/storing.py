"""From a valid record to the columns of its row, and whether a row says so already."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy.dialects.postgresql import JSONB

from app.collection.collection import Collection
from app.collection.fields import INSTANT
from app.collection.projection import Links, Ref
from app.collection.references import Found
from app.errors import Unprocessable


def stored(
    collection: Collection, model: BaseModel, names: tuple[str, ...], found: Mapping[str, Found]
) -> dict[str, Any]:
    """Column values of the named fields."""
    values: dict[str, Any] = {}
    for name in names:
        source, value = collection.outputs[name], getattr(model, name)
        if isinstance(source, Ref):
            values[f"{name}_id"] = None if value is None else found[f"/{name}"].id
        elif isinstance(source, Links):
            values[name] = _json(_links(collection, source, name, value, found))
        elif isinstance(collection.table.c[name].type, JSONB):
            values[name] = _json(value and model.model_dump(mode="json", include={name})[name])
        else:
            values[name] = value
    return values


def _json(value: Any) -> str:
    return "[]" if value == [] else json.dumps(value, ensure_ascii=False)


def kept(
    collection: Collection, model: BaseModel, names: Iterable[str], before: Mapping[str, Any]
) -> dict[str, Any]:
    """Column values of fields that stay as they are: `before` is the record as JSON, `model` the same, typed."""
    values: dict[str, Any] = {}
    for name in names:
        source = collection.outputs[name]
        if isinstance(source, Ref):
            values[f"{name}_id"] = before[name] and UUID(before[name]["id"])
        elif isinstance(collection.table.c[name].type, JSONB):
            values[name] = None if before[name] is None else _json(before[name])
        else:
            values[name] = getattr(model, name)
    return values


def _links(
    collection: Collection, source: Links, name: str, links: list[BaseModel], found: Mapping[str, Found]
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


def same(collection: Collection, name: str, before: Any, model: BaseModel, after: Mapping[str, Any]) -> bool:
    """Whether the field would be stored as it is."""
    source = collection.outputs[name]
    if isinstance(source, Ref):
        now = after[f"{name}_id"]
        return bool((before or {}).get("id") == (None if now is None else str(now)))
    if isinstance(source, Links):
        return bool(json.loads(after[name]) == before)
    now = model.model_dump(mode="json", include={name})[name]
    if name in collection.filters and collection.filters[name].kind is INSTANT and before and now:
        return datetime.fromisoformat(before) == datetime.fromisoformat(now)
    return bool(now == before)
