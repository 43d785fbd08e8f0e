"""The writes that go in groups: records of a collection that are made, and records that are changed."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from app.collection import grouped
from app.collection.collection import Collection
from app.collection.writing import Current, Written
from app.db import Connection
from app.errors import Problem
from app.http.etags import allows
from app.operations.group_commit import Member, Together, fitting
from app.operations.transactions import Answer


class Change(NamedTuple):
    """A merge patch of the record that its member names."""

    patch: Mapping[str, Any]
    if_match: bytes | None


def made(collection: Collection, record: Written, text: str = "") -> Answer:
    """The answer to who has made a record."""
    place = f"/v1/{collection.path}/{record.id}"
    return Answer(201, text or record.json, {"ETag": f'"{record.tag}"', "Location": place})


def changed(record: Written) -> Answer:
    """The answer to who has changed a record."""
    return Answer(200, record.json, {"ETag": f'"{record.tag}"'})


def creating(collection: Collection) -> Together:
    """Makes records; members say the fields of a valid one."""

    async def create(connection: Connection, members: Sequence[Member]) -> Sequence[Answer | None]:
        who = [(each.opening.request_id, each.opening.reason) for each in members]
        records = await grouped.create(connection, collection, [each.said for each in members], who)
        return [made(collection, each) if each else None for each in records]

    return create


def changing(collection: Collection, by: str, answer: Callable[[Written], Answer] = changed) -> Together:
    """Changes records that members name by a column, or by an own key; they say a `Change`."""

    async def change(connection: Connection, members: Sequence[Member]) -> Sequence[Answer | None]:
        asked: dict[Any, Change] = {each.name: each.said() for each in members}
        who = [(each.name, each.opening.request_id, each.opening.reason) for each in members]
        held = await grouped.locked_together(connection, collection, by, who)
        required = members[0].opening.caller.require_if_match
        fit = {
            name: (current, asked[name].patch)
            for name, current in fitting(held.items(), lambda item: len(item[1].json))
            if _allowed(asked[name], current, required=required)
        }
        records = await grouped.change(connection, collection, list(fit.values()))
        answers = {name: answer(each) for name, each in zip(fit, records, strict=True) if each}
        return [answers.get(each.name) for each in members]

    return change


def _allowed(change: Change, current: Current, *, required: bool) -> bool:
    try:
        return allows(change.if_match, current.version, required=required)
    except Problem:
        return False
