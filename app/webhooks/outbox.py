"""The journal as an outbox: which events are due for whom, and what became of them. Every word of it is SQL.

A webhook reads the journal by a position of its own. Its next events become rows of `webhook_deliveries` in the
transaction that moves the position, so that a crash loses and doubles nothing. Only so many may wait at a time: the
rest waits in the journal, which has them anyway. Whoever sends takes rows for a while (a lease) and says afterwards
what became of them; of a sender that died, the lease ends.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from app.db import Connection, Context
from app.webhooks.events import KEYS

WAITING_MOST = 1000
"""Events of a webhook that may wait; then its position stays until some are through."""
STEP = 1000
"""Positions of the journal that are gone through at a time."""
TOGETHER = 4
"""Attempts at a time for one webhook."""
LANES = 64

ANY = "select from webhooks where state = 'active' limit 1"
"""Brings a row if anybody is to be told of anything."""
_BEHIND = f"""select l.webhook_id, w.owner_id from webhook_lanes l join webhooks w on w.id = l.webhook_id
where w.state = 'active' and l.position < (select position from journal_head) and key_opens(w.owner_id)
  and w.owner_id <> all($1::uuid[])
  and (select count(*) from (select from webhook_deliveries d
    where d.webhook_id = l.webhook_id and d.state = 'pending' limit {WAITING_MOST}) waiting) < {WAITING_MOST}
order by l.position limit {LANES}"""  # noqa: S608  (our own words)
_TAKE_LANE = "select position from webhook_lanes where webhook_id = $1 for update skip locked"
_MOVE_LANE = "update webhook_lanes set position = $2 where webhook_id = $1"
# The plan of what follows takes long to make, and is the same for any step: it is made once.
_SEE_AS = """select set_config(name, value, true)
from jsonb_each_text($1::jsonb || '{"plan_cache_mode": "force_generic_plan"}') setting(name, value)"""
_OF_COUNTRY = """({0}.record ->> 'country' = w.country
    or {0}.kind = 'countries' and {0}.record ->> 'code' = w.country
    or ({0}.record -> 'countries')::jsonb ? w.country)"""
# The commits that hold positions $2 + 1 to $3; the last of them may reach further, and of an import that is longer than
# a step each step reads its own part. As in the feed, an update can cross
# the border of what the owner may see: then the record appears, or it is to be hidden, from whatever country it was.
# And it can take a record out of the country that was asked for, which is told once.
_EVENTS = f"""insert into webhook_deliveries (webhook_id, position, kind, record_id, version, action, at)
select w.id, p.position, known.path, h.record_id, h.version, h.action, c.at
from webhooks w
join commits c on c.position > $2 and c.position <= (select min(position) from commits where position >= $3)
join told h on h.commit_number = c.number
join unnest($4::text[], $5::text[]) known (name, path) on known.name = h.kind
cross join lateral (select c.position - c.changes + h.ordinal as position) p
where w.id = $1 and h.ordinal > $2 - (c.position - c.changes) and h.ordinal <= $3 - (c.position - c.changes)
  and (w.kinds = '{{}}' and known.path <> '{KEYS}' or known.path = any(w.kinds))
  and (w.actions = '{{}}' or h.action = any(w.actions))
  and (w.country is null or h.action = 'hide' or {_OF_COUNTRY.format("h")}
    or h.action = 'update' and exists (select from told b where b.record_id = h.record_id and b.kind = h.kind
      and b.version = h.version - 1 and {_OF_COUNTRY.format("b")}))
on conflict (webhook_id, position) """  # noqa: S608  (our own words)
_ADD = _EVENTS + "do nothing"
_AGAIN = (
    _EVENTS
    + """do update set state = 'pending', attempts = 0, due_at = now(), finished_at = null,
  outcome = null, status = null, duration_ms = null where webhook_deliveries.state <> 'pending'"""
)

# A lane that another sender looks at just now is left to it. Of a record, the oldest event goes first, alone.
_TAKE = f"""with open as (
  select l.webhook_id, {TOGETHER} - (select count(*) from webhook_deliveries d where d.webhook_id = l.webhook_id
    and d.state = 'pending' and d.leased_until > now()) as places
  from webhook_lanes l join webhooks w on w.id = l.webhook_id
  where w.state = 'active' and l.due_at <= now() and key_opens(w.owner_id)
    and exists (select from webhook_deliveries d
      where d.webhook_id = l.webhook_id and d.state = 'pending' and d.due_at <= now())
  order by l.due_at limit least($1, {LANES}) for update of l skip locked
), picked as materialized (
  select d.webhook_id, d.position from open cross join lateral (
    select d.webhook_id, d.position from webhook_deliveries d
    where d.webhook_id = open.webhook_id and d.state = 'pending' and d.due_at <= now()
      and (d.leased_until is null or d.leased_until <= now())
      and not exists (select from webhook_deliveries e where e.webhook_id = d.webhook_id
        and e.record_id = d.record_id and e.state = 'pending' and e.position < d.position)
    order by d.due_at, d.position limit greatest(open.places, 0)) d
), paced as (
  update webhook_lanes l set due_at = now() + p.number * make_interval(secs => 1.0 / $3)
  from (select webhook_id, count(*) as number from picked group by 1) p where l.webhook_id = p.webhook_id
)
update webhook_deliveries d set attempts = d.attempts + 1, attempted_at = now(),
  leased_until = now() + make_interval(secs => $2)
from picked p join webhooks w on w.id = p.webhook_id
where d.webhook_id = p.webhook_id and d.position = p.position and d.state = 'pending'
  and (d.leased_until is null or d.leased_until <= now())
returning d.webhook_id, d.position, d.kind, d.record_id, d.version, d.action, d.at, d.attempts, d.leased_until,
  w.owner_id, w.url, w.secret_number, w.former_secret_until, w.former_secrets"""  # noqa: S608  (our own words)

_SUCCEEDS = (
    "update webhook_lanes set failing_since = null where webhook_id = $1 and failing_since is not null"
)
_FAILS = """update webhook_lanes set failing_since = coalesce(failing_since, now()),
  due_at = greatest(due_at, now() + make_interval(secs => $2))
where webhook_id = $1 returning failing_since < now() - make_interval(secs => $3)"""
_SETTLE = """update webhook_deliveries set state = $4, leased_until = null, outcome = $5, status = $6,
  duration_ms = $7, due_at = now() + make_interval(secs => $8),
  finished_at = case when $4 <> 'pending' then now() end
where webhook_id = $1 and position = $2 and leased_until = $3 and state = 'pending'"""
_DISABLE = """update webhooks set state = 'disabled', disabled_reason = $2
where id = $1 and state <> 'disabled'"""
_DROP = """update webhook_deliveries set state = 'dropped', leased_until = null, finished_at = now()
where webhook_id = $1 and state = 'pending'"""

_END = """update webhooks w set state = 'disabled', disabled_reason = 'Its API key was revoked or has expired.'
where w.state = 'active' and not key_opens(w.owner_id)"""
_FORGET = """delete from webhook_deliveries where (webhook_id, position) in (
  select webhook_id, position from webhook_deliveries where finished_at < now() - make_interval(days => $1)
  order by finished_at limit $2 for update skip locked)"""
_BACKLOG = "select count(*) from webhook_deliveries where state = 'pending'"


@dataclass(frozen=True)
class Taken:
    """An event that is ours to send until its lease ends."""

    webhook_id: UUID
    position: int
    kind: str
    record_id: UUID
    version: int
    action: str
    at: datetime
    attempts: int
    leased_until: datetime
    owner_id: UUID
    url: str
    secret_number: int
    former_secret_until: datetime | None
    former_secrets: int


async def behind(connection: Connection, without: Iterable[UUID]) -> Sequence[tuple[UUID, UUID]]:
    """The webhooks that have not come as far as the journal, and may go on; with the keys of their owners.

    `without` those of owners who are known not to subscribe: they would stand in the way of others.
    """
    return [(row[0], row[1]) for row in await connection.fetch(_BEHIND, list(without))]


async def go_on(connection: Connection, webhook: UUID, sees: Context, kinds: Mapping[str, str]) -> bool:
    """Let a webhook's next events be due, of what its owner sees. False if somebody else is at it."""
    position = await connection.fetchval(_TAKE_LANE, webhook)
    if position is None:
        return False
    upto = min(position + STEP, await connection.fetchval("select position from journal_head"))
    if upto > position:
        await connection.execute(_SEE_AS, json.dumps(dict(sees)))
        await connection.execute(_ADD, webhook, position, upto, list(kinds), list(kinds.values()))
        await connection.execute(_MOVE_LANE, webhook, upto)
    return True


async def again(
    connection: Connection, webhook: UUID, first: int, last: int, sees: Context, kinds: Mapping[str, str]
) -> int:
    """Let the events of a range be due once more, of what the owner sees. How many there are."""
    await connection.execute(_SEE_AS, json.dumps(dict(sees)))
    done: str = await connection.execute(_AGAIN, webhook, first - 1, last, list(kinds), list(kinds.values()))
    return int(done.rsplit(" ", 1)[1])


async def take(connection: Connection, lanes: int, lease: float, rate: int) -> Sequence[Taken]:
    """Events to send now, ours for `lease` seconds."""
    rows: Sequence[asyncpg.Record] = await connection.fetch(_TAKE, lanes, lease, rate)
    return [Taken(**row) for row in rows]


@dataclass(frozen=True)
class Verdict:
    """What an attempt means for its event and its webhook."""

    state: str
    result: str
    status: int | None
    seconds: float
    retry: float = 0.0
    """Seconds until the event is tried again."""
    wait: float = 0.0
    """Seconds until the webhook is sent to again."""


async def settle(connection: Connection, taken: Taken, verdict: Verdict, failing_most: float) -> str | None:
    """Note what became of an attempt. Says why the webhook was disabled, if it was by this.

    Whoever holds several rows of a webhook takes its lane first, here and elsewhere, so that nobody waits in a circle.
    """
    webhook = taken.webhook_id
    reason = None
    if verdict.state == "delivered":
        await connection.execute(_SUCCEEDS, webhook)
    elif await connection.fetchval(_FAILS, webhook, verdict.wait, failing_most):
        reason = f"No attempt has succeeded for days; the last one: {verdict.result}."
    if verdict.result == "gone":
        reason = "The receiver answered 410 Gone."
    await connection.execute(
        _SETTLE, webhook, taken.position, taken.leased_until, verdict.state, verdict.result, verdict.status,
        round(verdict.seconds * 1000), verdict.retry,
    )  # fmt: skip
    if reason:
        await connection.execute(_DISABLE, webhook, reason)
        if verdict.result == "gone":
            await connection.execute(_DROP, webhook)
    return reason


async def forget(connection: Connection, days: int, most: int) -> int:
    """Delete some of what was done with long ago; how many they were."""
    done: str = await connection.execute(_FORGET, days, most)
    return int(done.rsplit(maxsplit=1)[-1])


async def look_round(connection: Connection) -> int:
    """Stop for keys that have ended. How many events are waiting."""
    await connection.execute(_END)
    count: Any = await connection.fetchval(_BACKLOG)
    return int(count)
