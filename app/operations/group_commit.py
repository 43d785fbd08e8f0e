"""Group commit: writes of one caller that come at the same time share a transaction.

The journal is a chain: one transaction at a time adds to it, and holds its end until the disk has what was written. So
those who come while one is under way go together with the next (`app/gathering.py`), each with its own entry in the
journal, its own Idempotency-Key and its own answer. Nobody waits for company. Who is refused, or stands in another's
way, goes alone, as if there were no group, and is told so there.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg
from fastapi import Request, Response

from app.db import Connection, Database
from app.errors import Problem, Unavailable
from app.gathering import Gathering
from app.operations.serving import service_of
from app.operations.transactions import Answer, Opening, Work, carried_out, keep, question
from app.pool import Lost

_LATE = 0.025
"""Seconds. A group takes some milliseconds, most of it until the disk has it."""
_NEW = """with new as materialized (
  select place, uuidv7() as id, request, reason
  from unnest($1::text[], $2::text[]) with ordinality e(request, reason, place))
select array_agg(id order by place) as ids,
  set_config('register.requests', json_object_agg(id, json_build_array(request, reason))::text, true)
from new"""


@dataclass(eq=False)
class Member:
    """A write that may go with others."""

    opening: Opening
    said: Callable[[], Any]
    """What is to be written; refused, if that can be known before."""
    apart: Hashable
    """No two of a group have this in common; None: nothing keeps them apart."""
    alone: Callable[[], Awaitable[Response]]
    gone: bool = False
    """Nobody waits for it any more."""


Together = Callable[[Connection, Sequence[Member]], Awaitable[Sequence[Answer | None]]]
"""Writes what members say: the answer of each; None: it goes alone."""


async def write_grouped(
    request: Request,
    work: Work,
    together: Together,
    opening: Opening,
    *,
    form: tuple[Hashable, ...],
    said: Callable[[], Any],
    apart: Hashable = None,
) -> Response:
    """Write together with others of one form and caller, or alone."""

    async def alone() -> Response:
        return await carried_out(request, work, opening, dry_run=False)

    service = service_of(request)
    member = Member(opening, said, apart, alone)
    known = service.groups
    if (group := known.get(at := (opening.caller, *form))) is None:

        async def many(members: list[Member]) -> list[Response | None]:
            return await _carried_out(service.database, together, members)

        group = known[at] = Gathering(_alone, many, lambda: known.pop(at), _LATE)
    else:
        with suppress(Problem):
            said()  # while others are under way
    try:
        answered: Response | None = await group.ask(member)
    except asyncio.CancelledError:
        member.gone = True
        raise
    return answered or await alone()


async def _alone(member: Member) -> Response:
    return await member.alone()


class _GivenUp(Exception):
    """Nothing is written together."""


async def _carried_out(
    database: Database, together: Together, members: Sequence[Member]
) -> list[Response | None]:
    """The answer of each; None: it goes alone."""
    group = _apart(members)
    try:
        answers = await _written(database, together, group)
    except (Unavailable, asyncpg.QueryCanceledError):  # alone, each would wait as long again
        raise
    except (_GivenUp, Problem, Lost, asyncpg.PostgresError):  # nothing was committed
        return [None] * len(members)
    told = dict(zip(group, answers, strict=True))
    return [answer.response() if (answer := told.get(each)) else None for each in members]


def _apart(members: Sequence[Member]) -> list[Member]:
    """Those that have nothing in common that one of them alone may have."""
    taken: set[Hashable] = set()
    group = []
    for each in members:
        marks = {
            (place, mark) for place, mark in enumerate((each.apart, each.opening.key)) if mark is not None
        }
        if marks.isdisjoint(taken):
            taken |= marks
            group.append(each)
    return group


async def _written(
    database: Database, together: Together, group: Sequence[Member]
) -> Sequence[Answer | None]:
    """One transaction for all. It is given up if there is anything to say to one of them before it, or somebody whose
    write it would make has gone.
    """
    async with database.asking(question(*(each.opening for each in group))) as (connection, answered):
        if answered:
            raise _GivenUp
        answers = await together(connection, group)
        kept = [
            each.opening.kept(answer)
            for each, answer in zip(group, answers, strict=True)
            if answer and each.opening.key
        ]
        if kept:
            await keep(connection, kept)
        if any(each.gone for each in group):
            raise _GivenUp
    return answers


async def new_ids(connection: Connection, group: Sequence[Member]) -> Sequence[UUID]:
    """An id for a new record of each; the journal is told which request makes it, and why."""
    requests, reasons = zip(*((each.opening.request_id, each.opening.reason) for each in group), strict=True)
    row = await connection.fetchrow(_NEW, requests, reasons)
    assert row is not None
    found: Sequence[UUID] = row["ids"]
    return found
