"""The history of a record, and what differs between two of its states."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response

from app.access.caller import Caller
from app.collection import versions
from app.collection.asked import only
from app.collection.collection import Collection
from app.collection.comparing import comparison
from app.collection.days import told
from app.collection.projection import WITHHELD
from app.db import Context
from app.errors import InvalidParameter
from app.http.formats import JSON, chosen
from app.operations import documented as doc
from app.operations.answering import answered, caching
from app.operations.doors import open_door
from app.operations.moments import moment_named
from app.operations.reading import permitted
from app.operations.serving import address_of, caller_of, headers_of, moment_of, service_of

_LIMIT, _LIMIT_MOST = 50, 200
_NEWEST = 2**31 - 1
_END = 2**62
_WITHHELD = ("by", "reason", "request_id", "system")
"""Who did something, from where and why is told to those with a key."""


def histories(collection: Collection) -> APIRouter:
    """`/{name}/history` and `/{name}/diff` of a collection."""
    words = collection.singular
    one, article = words.replace(" ", "_"), "an" if words[0] in "aeiou" else "a"
    router = APIRouter(prefix=f"/{collection.path}", tags=[collection.path.replace("-", " ").capitalize()])

    async def read_history(request: Request) -> Response:
        return await _history(request, collection)

    async def read_difference(request: Request) -> Response:
        return await _difference(request, collection)

    def add(path: str, handler: Any, name: str, **more: Any) -> None:
        open_door(router, "GET", path, handler, name, collection.reads, **more)

    add(
        "/{name}/history",
        read_history,
        f"read_{one}_history",
        summary=f"Read the history of {article} {words}",
        description=f"Every version of the {words}, newest first: when, by whom, from which system, why, and what was "
        "changed. Deleted and merged records keep theirs. Who and why is told to those with a key.",
        responses=doc.ok(200, "The versions.", doc.history_content(), "ETag", "Link", "Memento-Datetime")
        | doc.problems(*doc.READS, 304, 404),
        openapi_extra={
            "parameters": [doc.name_parameter(collection), *doc.HISTORY_PAGE, *doc.AS_OF, doc.IF_NONE_MATCH]
        },
    )
    add(
        "/{name}/diff",
        read_difference,
        f"compare_{one}",
        summary=f"Compare two states of {article} {words}",
        description=f"What differs between two states of the {words}: as a JSON Patch, and in texts word by word.",
        responses=doc.ok(200, "The difference.", doc.difference_content(), "ETag")
        | doc.problems(*doc.READS, 304, 404),
        openapi_extra={"parameters": [doc.name_parameter(collection), *doc.FROM_TO, doc.IF_NONE_MATCH]},
    )
    return router


async def _history(request: Request, collection: Collection) -> Response:
    context, caller = await permitted(request, collection), await caller_of(request)
    given = _given(request, ("limit", "before", "as_of"))
    limit = _number(given, "limit", _LIMIT_MOST) or _LIMIT
    before = _number(given, "before", 2 * _NEWEST) or 2 * _NEWEST
    record = await _id(request, collection, context)
    values = {"id": record, "before": before, "newest": min(before // 2, _NEWEST), "limit": limit + 1}
    rows = await service_of(request).database.fetch(versions.history_plan(collection), values, context)
    if not rows and "before" not in given:
        raise collection.missing(request.path_params["name"])
    known = [json.loads(row["j"]) for row in rows]
    moment = await moment_of(request)
    answer: dict[str, Any] = {
        "items": [
            _entry(caller, row, now, was)
            for row, now, was in zip(rows[:limit], known, [*known[1:], {}], strict=False)
        ],
        "next": None,
    }
    more = {}
    if len(rows) > limit:
        query = f"limit={limit}&before={rows[limit - 1]['step']}" + (
            f"&as_of={moment.text}" if moment else ""
        )
        answer["next"] = f"{address_of(request)}{request.scope['path']}?{query}"
        more["Link"] = f'<{answer["next"]}>; rel="next"'
    withheld = list(_WITHHELD) if caller.key_id is None else []
    if withheld := [*withheld, *sorted({name for each in known for name in each.get(WITHHELD, ())})]:
        answer[WITHHELD] = withheld
    return answered(request, answer, caching(moment, **more))


def _entry(caller: Caller, row: Any, now: Mapping[str, Any], was: Mapping[str, Any]) -> dict[str, Any]:
    """One version. A new record is told from nothing; one that is deleted or merged stays as it last was."""
    entry: dict[str, Any] = {
        "version": row["version"],
        "position": row["position"],
        "at": told(row["at"]),
        "action": row["action"],
    }
    if caller.key_id is not None:
        key = {"id": str(row["key_id"]), "name": row["key_name"]}
        entry["by"] = {"key": key} if row["key_id"] else {"database_role": row["database_role"]}
        entry |= {name: row[name] for name in ("system", "reason", "request_id")}
    if row["survivor_id"]:
        entry["survivor"] = {"id": str(row["survivor_id"])}
    if row["erased"]:
        entry["erased"] = True
    gone = row["action"] in {"delete", "merge"}
    entry["changed"] = {} if gone or row["erased"] else dict(_changed(was, now))
    return entry


def _changed(was: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, value in now.items():
        before = was.get(name)
        if name == WITHHELD:
            continue
        if value != before and (was or value not in ([], {}, None)):
            yield name, {"before": before, "after": value}


async def _difference(request: Request, collection: Collection) -> Response:
    context = await permitted(request, collection)
    given = _given(request, ("from", "to"))
    if "from" not in given:
        raise InvalidParameter(
            "Say from which state on: `from=-30d`, `from=version:3`.",
            errors=[{"parameter": "from", "code": "missing"}],
        )
    record = await _id(request, collection, context)
    states = [await _state(request, collection, context, record, each, given) for each in ("from", "to")]
    before, after = (json.loads(row["j"]) for row in states)
    for each in (before, after):
        each.pop(WITHHELD, None)
    said: dict[str, Any] = {
        name: {"version": row["version"], "at": told(row["at"])}
        for name, row in zip(("from", "to"), states, strict=True)
    }
    return answered(request, said | await comparison(before, after), caching(None))


async def _state(
    request: Request,
    collection: Collection,
    context: Context,
    record: UUID,
    name: str,
    given: Mapping[str, str],
) -> Any:
    """A state of the record: a version by its number, the one at a time, or the newest there is."""
    database, wanted = service_of(request).database, given.get(name)
    if wanted is not None and (numbered := re.fullmatch(r"version:([1-9][0-9]{0,8})", wanted)):
        plan, values = versions.version_plan(collection), {"version": int(numbered[1])}
    else:
        moment = await moment_named(database, wanted, parameter=name) if wanted is not None else None
        plan, values = versions.state_plan(collection), {"position": moment.position if moment else _END}
    rows = await database.fetch(plan, {"id": record, "limit": 1, **values}, context)
    if not rows:  # is there nothing at all, or only no such state?
        newest = {"id": record, "limit": 1, "position": _END}
        if not await database.fetch(versions.state_plan(collection), newest, context):
            raise collection.missing(request.path_params["name"])
    if not rows or (wanted is not None and rows[0]["action"] in {"delete", "merge"}):
        raise InvalidParameter(
            f"There was no such state of this {collection.singular}; its history lists those there were.",
            errors=[{"parameter": name, "code": "unknown_state", "got": (wanted or "")[:100]}],
        )
    return rows[0]


async def _id(request: Request, collection: Collection, context: Context) -> UUID:
    """The id of a record, be it there, deleted or merged."""
    name = request.path_params["name"]
    _, value = collection.named(collection.table, name)
    if isinstance(value, UUID):
        return value
    plan = versions.record_named(collection)
    rows = await service_of(request).database.fetch(plan, {"name": value}, context)
    if not rows:
        raise collection.missing(name)
    found: UUID = rows[0][0]
    return found


def _given(request: Request, allowed: tuple[str, ...]) -> dict[str, str]:
    chosen(headers_of(request).get(b"accept"), (JSON,))
    return only(request.scope["query_string"], allowed)


def _number(given: Mapping[str, str], name: str, most: int) -> int | None:
    if name not in given:
        return None
    if not re.fullmatch("[0-9]{1,10}", given[name]) or not 1 <= int(given[name]) <= most:
        raise InvalidParameter(
            f"`{name}` is a number from 1 to {most}.", errors=[{"parameter": name, "code": "unreadable"}]
        )
    return int(given[name])
