"""The writes that go in groups: records of a collection that are made, and records that are changed."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from app.collection import grouped, writing
from app.collection.collection import Collection
from app.collection.writing import Current, Written
from app.db import Connection
from app.errors import Problem
from app.http.etags import allows
from app.operations.group_commit import Member, Together, entered
from app.operations.transactions import Answer


class Change(NamedTuple):
    """A merge patch of a record."""

    name: UUID | int | str
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
        ids = await entered(connection, members, [None] * len(members))
        records = await grouped.create(connection, collection, [each.said for each in members], ids)
        return [made(collection, each) if each else None for each in records]

    return create


def changing(collection: Collection, by: str, answer: Callable[[Written], Answer] = changed) -> Together:
    """Changes records that are named by this column, or by own keys; members say a `Change`."""

    async def change(connection: Connection, members: Sequence[Member]) -> Sequence[Answer | None]:
        asked: dict[Any, Change] = {(said := each.said()).name: said for each in members}
        held = await writing.locked_all(connection, collection, by, list(asked))
        required = members[0].opening.caller.require_if_match
        once = {each.id: name for name, each in held.items()}  # a record may have several own keys
        fit = {
            name: held[name] for name in once.values() if _allowed(asked[name], held[name], required=required)
        }
        who = [each for each in members if each.apart in fit]
        await entered(connection, who, [fit[each.apart].id for each in who])
        patches = [(fit[each.apart], asked[each.apart].patch) for each in who]
        records = await grouped.change(connection, collection, patches)
        answers = {member: answer(each) for member, each in zip(who, records, strict=True) if each}
        return [answers.get(each) for each in members]

    return change


def _allowed(change: Change, current: Current, *, required: bool) -> bool:
    try:
        return allows(change.if_match, current.version, required=required)
    except Problem:
        return False
