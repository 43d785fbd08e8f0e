"""`compare=` on a list: what differs between the list as it was and as it is."""

import json
from collections.abc import Mapping
from typing import Any

from fastapi import Request, Response

from app.collection.asked import read
from app.collection.collection import Collection
from app.collection.pages import export_plan
from app.collection.projection import WITHHELD
from app.collection.versions import KEPT_BY_REGISTER
from app.errors import InvalidParameter
from app.operations.answering import answered, caching
from app.operations.moments import Moment, moment_named
from app.operations.serving import context_at, moment_of, service_of

_RECORDS_MOST = 10_000
_NOT_HERE = ("limit", "cursor", "count")


async def compared(request: Request, collection: Collection, since: str) -> Response:
    """The records that came, went or changed, each state read under the permissions of today."""
    moment = await moment_of(request)
    before = await moment_named(service_of(request).database, since, parameter="compare")
    now = await _listed(request, collection, moment)
    then = await _listed(request, collection, before)
    added = [each for each in now if each not in then]
    changed = {each: fields for each in now if each in then and (fields := _changed(then[each], now[each]))}
    difference = {
        "from": before.text,
        "to": moment.text if moment else None,
        "added": added,
        "removed": [record for each, record in then.items() if each not in now],
        "changed": [{"id": each, "fields": fields} for each, fields in changed.items()],
    }
    items = [record for each, record in now.items() if each in added or each in changed]
    answer = {"items": items, "next": None, "compared": difference}
    return answered(request, answer, caching(moment))


def _changed(then: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: {"before": then.get(name), "after": value}
        for name, value in now.items()
        if name not in {*KEPT_BY_REGISTER, WITHHELD} and then.get(name) != value
    }


async def _listed(
    request: Request, collection: Collection, moment: Moment | None
) -> dict[str, dict[str, Any]]:
    """The whole list at a moment, by id and in order."""
    context = await context_at(request, moment)
    query = request.scope["query_string"]
    asked = read(collection, query, today=moment.day if moment else None)
    for name in _NOT_HERE:
        if any(name == given for given, _, _ in asked.pairs):
            raise InvalidParameter(
                f"A comparison is of whole lists: leave `{name}` out.",
                errors=[{"parameter": name, "code": "not_here"}],
            )
    asked.with_id()
    plan = export_plan(collection, asked, "ndjson")
    values = {**asked.values, "limit": _RECORDS_MOST + 1}
    rows = await service_of(request).database.fetch(plan, values, context)
    if len(rows) > _RECORDS_MOST:
        raise InvalidParameter(
            f"These are more than {_RECORDS_MOST} records: filter.",
            errors=[{"parameter": "compare", "code": "too_many_records"}],
        )
    records = (json.loads(row["j"]) for row in rows)
    return {record["id"]: record for record in records}
