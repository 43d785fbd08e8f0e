"""Group commit: writes of one caller that come at the same time share a transaction.

The journal is a chain: one transaction at a time adds to it, and holds its end until the disk has what was written. So
those who come while one is under way go together with the next (`app/gathering.py`), each with its own entry in the
journal, its own Idempotency-Key and its own answer. Nobody waits for company. Who is refused, or stands in another's
way, goes alone, as if there were no group, and is told so there.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import asyncpg
from fastapi import Request, Response
from prometheus_client import Counter

from app.access.caller import Right
from app.db import Connection, Database, quoted
from app.errors import Problem, Unavailable
from app.gathering import Gathering, Through
from app.operations.serving import Service, service_of
from app.operations.transactions import Answer, Opening, Work, carried_out, keep, opened

_LATE = 0.025
"""Seconds for which others wait for a group: it takes some milliseconds, most of it until the disk has it."""
_PATIENCE = 0.05
"""Seconds for which a group waits for what somebody holds: a code, say, or a record that is referred to."""
_MUCH = 1 << 18
"""Characters of bodies, or of records that change. Who brings more than fits goes alone: a statement has the same time
for one record and for many.
"""
_GROUPED = Counter("workplan_grouped_writes", "Writes in groups, and how it went.", ["result"])
_TOGETHER, _ALONE = _GROUPED.labels("together"), _GROUPED.labels("alone after all")


@dataclass(eq=False)
class Member:
    """A write that may go with others."""

    opening: Opening
    alone: Callable[[], Awaitable[Response]]
    """Does it in a transaction of its own."""
    said: Callable[[], Any]
    """What is to be written; refused, if that can be known before."""
    size: int
    """Of the body, in bytes."""
    name: Hashable = None
    """Of the record that it changes: no two of a group have the same; None: it makes one."""
    gone: bool = False
    """Nobody waits for it any more."""


Together = Callable[[Connection, Sequence[Member]], Awaitable[Sequence[Answer | None]]]
"""Writes what members say: the answer of each; None: it goes alone."""
Each = TypeVar("Each")


async def write_grouped(
    request: Request,
    body: bytes,
    work: Work,
    together: Together | None,
    *form: Hashable,
    said: Callable[[], Any],
    dry_run: bool,
    needs: Right,
    name: Hashable = None,
    system: str = "",
) -> Response:
    """Write together with others of the same caller and form, or do the work alone, as `write` does.

    `together`: None, if it can only be done alone; `said` and `name`: of its `Member`.
    """
    opening = await opened(request, body, needs=needs, system=system)
    alone = partial(carried_out, request, work, opening, dry_run=dry_run)
    if dry_run or together is None or len(body) > _MUCH:
        return await alone()
    member = Member(opening, alone, said, len(body), name)
    group = _group(service_of(request), together, (opening.caller, *form))
    if group.busy:
        try:
            said()  # while others are under way
        except Problem:
            return await alone()
    try:
        answered: Response | None = await group.ask(member)
    except asyncio.CancelledError:
        member.gone = True
        raise
    return answered or await alone()


def _group(service: Service, together: Together, at: Hashable) -> Gathering:
    """Those who share a form at the moment."""
    known = service.groups
    if (group := known.get(at)) is None:

        async def many(members: list[Member], through: Through) -> list[Response | None]:
            return await _carried_out(service.database, together, members, through)

        group = known[at] = Gathering(_alone, many, lambda: known.pop(at), _LATE)
    return group


async def _alone(member: Member) -> Response:
    return await member.alone()


class _GivenUp(Exception):
    """Nothing is written together."""


async def _carried_out(
    database: Database, together: Together, members: Sequence[Member], through: Through
) -> list[Response | None]:
    """The answer of each; None: it goes alone."""
    group = _apart(members)
    answers: Sequence[Answer | None] = []
    try:
        answers = await _written(database, together, group, through)
    except (Unavailable, TimeoutError, asyncpg.QueryCanceledError):  # alone, each would wait as long again
        raise
    except Exception:  # nothing was committed, and whose fault it is shows alone
        answers = [None] * len(group)
    told = {each: answer.response() for each, answer in zip(group, answers, strict=True) if answer}
    _TOGETHER.inc(len(told))
    _ALONE.inc(len(members) - len(told))
    return [told.get(each) for each in members]


def _apart(members: Sequence[Member]) -> list[Member]:
    """Those that have nothing in common that one of them alone may have, and are not too much."""
    taken: set[Hashable] = set()
    group = []
    for each in fitting(members, lambda member: member.size):
        marks = {
            (place, mark) for place, mark in enumerate((each.name, each.opening.key)) if mark is not None
        }
        if marks.isdisjoint(taken):
            taken |= marks
            group.append(each)
    return group


def fitting(asked: Iterable[Each], size: Callable[[Each], int]) -> Iterator[Each]:
    """Those who are together not too much for a group."""
    total = 0
    for each in asked:
        if total + size(each) <= _MUCH:
            total += size(each)
            yield each


async def _written(
    database: Database, together: Together, group: Sequence[Member], through: Through
) -> Sequence[Answer | None]:
    """One transaction for all. It is given up if there is anything to say to one of them before it, or somebody whose
    write it would make has gone.
    """
    async with database.asking(_question(group), patience=_PATIENCE) as (connection, answered):
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
        through()  # but for the commit
    return answers


def _question(group: Sequence[Member]) -> str:
    """Tells the database who writes, and locks their Idempotency-Keys. It brings a row if there is anything to say."""
    told = quoted(group[0].opening.told(None))
    keys = ", ".join(quoted(each.opening.key) for each in group if each.opening.key)
    return f"select where not open_group({told}, array[{keys}]::text[])"
