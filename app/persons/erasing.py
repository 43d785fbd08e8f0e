"""How a person is erased: on request, and when the time for which the entry was to be held is over."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import asyncpg
from fastapi import Request

from app.access.caller import Caller, NotYours
from app.access.permissions import Permission, Reach
from app.collection.merged import refuse_merged
from app.collection.restoring import TURN, Erased
from app.collection.writing import Current
from app.db import Connection
from app.errors import Conflict
from app.operations.serving import caller_of
from app.persons.queries import PERSONS

_LAST = """select action, record from changes where record_id = $1 and kind = 'persons'
order by version desc, action in ('delete', 'merge') desc limit 1"""
_COUNTRY = "select country from persons where id = $1 for update"
# A ministry is told of its own records and, as long as they say so, of those that it sees; of others it is not even
# told how many there are: words that are put into an entry would find out what drafts of others say. What the caller
# does not see of the rest is counted, and not named.
_MENTIONS = """select m.kind, m.record_id, m.now, seen
from mentions_of_person($1) m
cross join lateral (select not exists (select from withheld w where w.record_id = m.record_id) as seen) s
where m.within or m.now and seen order by 1, 2"""
_VERSIONS = "select count(*) from changes where record_id in (select same_person($1)) and kind = 'persons'"
_OFFICES = "select count(*) from focal_points where person_id in (select same_person($1))"
_DUE = "select id from persons_to_erase($1) id"
_REASON = "select set_config('register.reason', 'The time for which the entry was to be held is over.', true)"
_AT_A_TIME = 20
# Own jobs are named; those of others are counted.
_UNLOADED = """select id, exists (select from jobs j where j.id = unloaded.id) as seen
from unloaded_files($1) unloaded(id) order by 1"""
_ANY_UNLOADED = "select exists (select from unloaded_files($1))"
# Who has passed the head of the journal before this transaction does has committed by then: what they wrote is seen.
_BEFORE = "select position, words_of_person($1) as words from journal_head"
_PLACED = "set constraints place_commit immediate"
_MEANWHILE = """select exists (select from commits c join changes h on h.commit_number = c.number
where c.position > $1 and c.number <> coalesce(nullif(current_setting('register.commit', true), '')::bigint, 0)
  and (h.record_id = any($2) or says(h.record::text, $3) or says(c.reason, written($3))))"""
_NOT_ERASED = (
    """select exists (select from changes where record_id = $1 and kind = 'persons' and salt is not null)"""
)
# With those who had been merged into them: in a backup from before they are others.
ERASED = """with recursive gone(id, at) as (
  select * from (select h.record_id, max(c.at) from changes h join commits c on c.number = h.commit_number
    where h.kind = 'persons' and h.salt is null and h.action = 'delete' group by 1) alone
  union select h.record_id, gone.at from changes h join gone on h.survivor_id = gone.id
    where h.kind = 'persons' and h.action = 'merge')
select id, at from gone order by at, id"""


class StillMentioned(Conflict):
    """Other records name the person, in what they say now. `mentions` lists those that you see. Nothing was erased.

    Change them, then erase: what they were goes with it. With `keep_mentions=true` they stay as they are.
    """


class StillLoading(Conflict):
    """A file waits to be loaded, or just is, that names the person or may do so. Nothing was erased.

    Loaded after the erasure, it would bring the person back. `jobs` lists those that you see: wait until they have
    ended, or cancel them. A workbook, and a file in another charset than UTF-8, cannot be searched: those all count.
    """


async def country_of(connection: Connection, person: UUID) -> str:
    """The country that keeps the entry, also of one that was deleted."""
    await connection.execute(TURN, str(person))
    if (there := await connection.fetchval(_COUNTRY, person)) is not None:
        return str(there)
    last = await connection.fetchrow(_LAST, person)
    if last is None:
        raise PERSONS.missing(str(person))
    if last["action"] == "merge":
        await refuse_merged(connection, PERSONS, "id", person)
    if last["record"] == "{}":
        raise Erased("This person was erased.")
    country = await connection.fetchval("select $1::json ->> 'country'", last["record"])
    return str(country)


def may_keep(caller: Caller, country: str) -> None:
    """Refuse who does not keep the entries of a country."""
    reach = caller.reach(Permission.EDIT, PERSONS.path)
    if reach is not Reach.ANY and caller.country != country:
        raise NotYours(f"This person belongs to {country}: your key does not keep the entry.", owner=country)


async def mentions_of(connection: Connection, person: UUID) -> Sequence[Mapping[str, Any]]:
    """The records that name the person."""
    return [dict(row) for row in await connection.fetch(_MENTIONS, person)]


def addresses(mentions: Sequence[Mapping[str, Any]]) -> list[str]:
    """Where those of them are read that the caller sees."""
    return [f"/v1/{each['kind'].replace('_', '-')}/{each['record_id']}" for each in mentions if each["seen"]]


async def erase(connection: Connection, person: UUID, *, keep_mentions: bool) -> dict[str, Any]:
    """Erase, and say what there was."""
    before = await connection.fetchrow(_BEFORE, person)
    assert before is not None
    await _refuse_while_loading(connection, person)
    mentions = await mentions_of(connection, person)
    now = [each for each in mentions if each["now"]]
    if not keep_mentions:
        _refuse(now)
    held = await held_beside(connection, person)
    done = {
        "id": str(person),
        "versions": await connection.fetchval(_VERSIONS, person),
        "focal_points": await connection.fetchval(_OFFICES, person),
        "former_mentions": len(mentions) - len(now),
        "mentions_kept": addresses(now),
        "held_beside": held,
    }
    await connection.execute("select erase_person($1)", person)
    await connection.execute(_PLACED)
    concerned = [person, *(each["record_id"] for each in mentions)]
    if await connection.fetchval(_MEANWHILE, before["position"], concerned, before["words"]):
        raise asyncpg.SerializationError(
            "The person was written about meanwhile: look once more, then erase."
        )
    return done


async def kept(request: Request, connection: Connection, current: Current) -> None:
    """Refuse whom one does not keep, and who would still be named after the erasure."""
    may_keep(await caller_of(request), current.record["country"])
    await _refuse_while_loading(connection, current.id)
    _refuse([each for each in await mentions_of(connection, current.id) if each["now"]])


def _refuse(mentions: Sequence[Mapping[str, Any]]) -> None:
    """Refuse to erase whom others name."""
    if mentions:
        raise StillMentioned(
            f"{len(mentions)} other records name this person.",
            mentions=addresses(mentions),
            others=sum(not each["seen"] for each in mentions),
        )


async def _refuse_while_loading(connection: Connection, person: UUID) -> None:
    if unloaded := await connection.fetch(_UNLOADED, person):
        seen = [f"/v1/jobs/{row['id']}" for row in unloaded if row["seen"]]
        raise StillLoading(
            f"{len(unloaded)} files that may name this person are still to be loaded.",
            headers={"Retry-After": "10"},
            jobs=seen,
            others=len(unloaded) - len(seen),
        )


async def erase_again(connection: Connection, person: UUID) -> bool:
    """Erase whom a restored backup has brought back, whoever names them; false if there is nothing to erase."""
    await connection.execute(
        'select open_write(\'{"register.request": "erase-again", "register.role": "administrator", '
        '"register.reason": "Erased before the backup was restored."}\', null, null)'
    )
    if not await connection.fetchval(_NOT_ERASED, person):
        return False
    await connection.execute("select erase_person($1)", person)
    return True


async def held_beside(connection: Connection, person: UUID) -> list[dict[str, Any]]:
    """What was kept of the person beside the records: places, and how often."""
    rows = await connection.fetch("select place, held from held_beside($1) where held > 0", person)
    return [{"place": row["place"], "held": row["held"]} for row in rows]


async def erase_outdated(connection: Connection, days: int, most: int) -> int:
    """Erase some of those whose time was over so many days ago; how many they were.

    Who may be named by a file that is still to be loaded waits for the next time.
    """
    del days  # each entry says itself how long it is held
    due = await connection.fetch(_DUE, min(most, _AT_A_TIME))
    if due:
        await connection.execute(_REASON)
    erased = 0
    for row in due:
        await connection.execute(TURN, str(row["id"]))
        if not await connection.fetchval(_ANY_UNLOADED, row["id"]):
            await connection.execute("select erase_person($1)", row["id"])
            erased += 1
    return erased
