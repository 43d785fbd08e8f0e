"""Counts per group: each cell with the address of the list behind it. They are kept while the data stay the same."""

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from fastapi import Request, Response

from app.collection.asked import Asked, read
from app.collection.collection import Collection
from app.collection.pages import GROUPS_MOST, stats_plan
from app.errors import InvalidParameter
from app.http.formats import JSON, chosen
from app.operations.kept import Version
from app.operations.reading import permitted, refuse_unseen, suffix_of
from app.operations.serving import address_of, headers_of, moment_of, service_of
from app.operations.versions import of_version


async def stats(request: Request, collection: Collection) -> Response:
    """Counts per group; every cell has the address of the list behind it."""
    headers = headers_of(request)
    context = await permitted(request, collection)
    chosen(headers.get(b"accept"), (JSON,))
    moment = await moment_of(request)
    asked = read(collection, request.scope["query_string"], groups=True, today=moment.day if moment else None)
    await refuse_unseen(request, collection, (path for path, _ in asked.shape.filters))
    asked.as_of = moment.text if moment else ""

    async def counted() -> tuple[Version, str]:
        plan = stats_plan(collection, asked)
        rows = await service_of(request).database.fetch(plan, asked.values, context)
        return (rows[0]["position"], rows[0]["hash"]), _cells(request, collection, asked, rows)

    return await of_version(request, moment, context, suffix_of(request, moment, collection, asked), counted)


def _cells(request: Request, collection: Collection, asked: Asked, rows: Sequence[Any]) -> str:
    if len(rows) > GROUPS_MOST:
        raise InvalidParameter(
            f"These are more than {GROUPS_MOST} groups: filter, or group by less.",
            errors=[{"parameter": "group_by", "code": "too_many_groups"}],
        )
    base = f"{address_of(request)}/v1/{collection.path}"
    cells = []
    for row in rows:
        group = {path: row[f"g{number}"] for number, path in enumerate(asked.shape.groups)}
        if row["count"] is None or not _asked_for(asked, group):
            continue
        filters = dict(_equals(path, value, collection) for path, value in group.items())
        link = asked.query(group_by="", as_of=asked.as_of, **filters)
        cells.append({**group, "count": row["count"], "href": f"{base}?{link}"})
    return json.dumps({"group_by": list(asked.shape.groups), "items": cells}, ensure_ascii=False, default=str)


def _equals(path: str, value: Any, collection: Collection) -> tuple[str, str]:
    """The filter, name and value, that leaves the rows of a group."""
    if value is None:
        return f"{path}__isnull", "true"
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return f"{path}__has" if collection.filters[path].kind.many else path, quote(text, safe="")


def _asked_for(asked: Asked, group: dict[str, Any]) -> bool:
    """Whether a group is among the values that its own filter names: others come along in a record's lists."""
    for number, (path, operator) in enumerate(asked.shape.filters):
        wanted = asked.values.get(f"p{number}")
        if path in group and operator.split(" ")[0] in {"", "is", "has"}:
            if group[path] not in (wanted if isinstance(wanted, list) else [wanted]):
                return False
        elif path in group and operator == "isnull" and group[path] is not None:
            return False
    return True
