"""How subscriptions are read, made and changed: only by the key that made them, and by administrators."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from app.access.caller import Caller
from app.access.permissions import Permission, Role
from app.db import Connection
from app.errors import Conflict, NotFound, Unprocessable, did_you_mean
from app.webhooks import outbox
from app.webhooks.events import KEYS
from app.webhooks.schemas import REPLAYED_MOST, NewWebhook, WebhookPatch, WebhookReplay, WebhookReplayed
from app.webhooks.signing import FORMER_MOST, ROTATION_HOURS
from app.webhooks.targets import Forbidden, Targets, Unresolved

Row = Mapping[str, Any]
WEBHOOKS_MOST = 50
"""Subscriptions of one key."""

_COLUMNS = """w.id, w.owner_id,
  w.url, w.kinds, w.actions, w.country, w.description, w.state, w.disabled_reason, w.from_position,
  w.secret_number, w.former_secret_until, w.former_secrets, w.version, w.created_at, w.updated_at,
  l.position, l.failing_since,
  (select count(*) from webhook_deliveries d where d.webhook_id = w.id and d.state = 'pending') as pending"""
_ALL = f"select {_COLUMNS} from webhooks w join webhook_lanes l on l.webhook_id = w.id"  # noqa: S608  (our own words)
_MINE = "($1 or w.owner_id = $2 or w.owner_body_id = $3)"
_ONE = f"{_ALL} where {_MINE} and w.id = $4"
_LIST = f"{_ALL} where {_MINE} and ($4::uuid is null or w.id < $4) order by w.id desc limit $5"
_HOLD = f"select w.version from webhooks w where {_MINE} and w.id = $4 for no key update"  # noqa: S608  (our own)
_MAKE = """insert into webhooks (owner_id, owner_body_id, url, kinds, actions, country, description, from_position)
select $1, $2, $3, $4, $5, $6, $7, coalesce($8, position) from journal_head where coalesce($8, 0) <= position
returning id, from_position"""
_MAKE_LANE = "insert into webhook_lanes (webhook_id, position) values ($1, $2)"
_RESUME = [
    "update webhook_lanes set failing_since = null, due_at = now() where webhook_id = $1",
    "update webhook_deliveries set attempts = 0, due_at = now() where webhook_id = $1 and state = 'pending'",
]
_ROTATE = """update webhooks set secret_number = secret_number + 1,
  former_secrets = case when former_secret_until > now() then least(former_secrets + 1, $3) else 1 end,
  former_secret_until = now() + make_interval(hours => $2) where id = $1"""
_REMOVE = "delete from webhooks where id = $1"
_DELIVERIES = """select d.webhook_id, d.position, d.kind, d.record_id, d.version, d.action, d.at, d.state, d.attempts,
    case when d.state = 'pending' then greatest(d.due_at, d.leased_until) end as next_attempt_at,
    d.attempted_at, d.outcome, d.status, d.duration_ms
  from webhook_deliveries d where d.webhook_id = $1 and d.position < $2 and ($3::text is null or d.state = $3)
  order by d.position desc limit $4"""


class TooManyWebhooks(Conflict):
    """The key has as many webhooks as one key may have. Delete one that is not needed any more."""


def _who(caller: Caller) -> tuple[bool, UUID | None, UUID | None]:
    return caller.role is Role.ADMINISTRATOR, caller.key_id, caller.body


def missing() -> NotFound:
    return NotFound("There is no such webhook, or it is another's.")


async def one(connection: Connection, caller: Caller, webhook: UUID) -> Row:
    """A subscription that the caller may see."""
    found = await connection.fetchrow(_ONE, *_who(caller), webhook)
    if found is None:
        raise missing()
    return dict(found)


async def some(connection: Connection, caller: Caller, before: UUID | None, limit: int) -> list[Row]:
    """The caller's subscriptions, newest first."""
    return [dict(row) for row in await connection.fetch(_LIST, *_who(caller), before, limit)]


async def held(connection: Connection, caller: Caller, webhook: UUID) -> int:
    """Hold a subscription until the transaction ends; its version."""
    await connection.execute("select from webhook_lanes where webhook_id = $1 for update", webhook)
    version: int | None = await connection.fetchval(_HOLD, *_who(caller), webhook)
    if version is None:
        raise missing()
    return version


async def judge(targets: Targets, caller: Caller, url: str) -> None:
    """Refuse an address that is never sent to. A name that has no address yet is taken: `test` tells."""
    assert caller.key_id is not None
    try:
        await targets.addresses(targets.target(url), caller.key_id)
    except Unresolved:
        return
    except Forbidden as refused:
        error = {"pointer": "/url", "code": refused.code, "message": refused.message}
        raise Unprocessable("1 field needs attention.", errors=[error]) from None


def check_kinds(kinds: Sequence[str], known: Sequence[str], caller: Caller) -> None:
    """Refuse kinds that there are not, and those of which the caller would never be told."""
    errors = [
        {"pointer": f"/kinds/{place}", "code": "unknown", "message": "There is no such collection."}
        | did_you_mean(kind, known)
        for place, kind in enumerate(kinds)
        if kind not in known
    ]
    if errors:
        raise Unprocessable("The kinds need attention.", errors=errors)
    if KEYS in kinds and not caller.reach(Permission.AUDIT, KEYS):
        caller.require(Permission.ADMINISTER, KEYS)


async def make(connection: Connection, caller: Caller, new: NewWebhook) -> UUID:
    """Add a subscription."""
    await connection.execute("select pg_advisory_xact_lock(hashtextextended($1, 5))", str(caller.key_id))
    if (
        await connection.fetchval("select count(*) from webhooks where owner_id = $1", caller.key_id)
        >= WEBHOOKS_MOST
    ):
        raise TooManyWebhooks(f"A key has at most {WEBHOOKS_MOST} webhooks.")
    made = await connection.fetchrow(
        _MAKE,
        caller.key_id,
        caller.body,
        new.url,
        new.kinds,
        new.actions,
        new.country,
        new.description,
        new.from_position,
    )
    if made is None:
        error = {
            "pointer": "/from_position",
            "code": "out_of_range",
            "message": "The feed is not as far as that.",
        }
        raise Unprocessable("1 field needs attention.", errors=[error])
    await connection.execute(_MAKE_LANE, *made)
    webhook: UUID = made["id"]
    return webhook


async def change(connection: Connection, webhook: UUID, current: Row, patch: WebhookPatch) -> None:
    """Change what is another by the patch; the same again writes nothing."""
    wanted: dict[str, Any] = patch.model_dump(exclude_unset=True)
    for name in ("kinds", "actions"):
        if name in wanted:
            wanted[name] = wanted[name] or []
    changed = {name: value for name, value in wanted.items() if value != current[name]}
    if not changed:
        return
    if "state" in changed:
        changed["disabled_reason"] = None
    columns = ", ".join(f"{name} = ${number}" for number, name in enumerate(changed, 2))
    await connection.execute(f"update webhooks set {columns} where id = $1", webhook, *changed.values())  # noqa: S608  (fields of the schema)
    if changed.get("state") == "active":
        for statement in _RESUME:
            await connection.execute(statement, webhook)


async def rotate(connection: Connection, webhook: UUID) -> None:
    """Another secret. The former signs as well for a day, with those that still did: a lost answer costs nothing."""
    await connection.execute(_ROTATE, webhook, ROTATION_HOURS, FORMER_MOST)


async def remove(connection: Connection, webhook: UUID) -> None:
    """Delete a subscription, with what waits for it."""
    await connection.execute(_REMOVE, webhook)


async def replay(
    connection: Connection, current: Row, owner: Caller, asked: WebhookReplay, kinds: Mapping[str, str]
) -> WebhookReplayed:
    """Send a range again, as far as the webhook has come; what comes later is sent anyway."""
    first = asked.from_position
    last = min(asked.to_position or current["position"], current["position"])
    if asked.to_position is not None and asked.to_position < first:
        error = {
            "pointer": "/to_position",
            "code": "out_of_range",
            "message": "It lies before `from_position`.",
        }
        raise Unprocessable("The range has no positions.", errors=[error])
    if last - first >= REPLAYED_MOST:
        error = {
            "pointer": "/to_position",
            "code": "out_of_range",
            "message": f"{REPLAYED_MOST} positions at most.",
        }
        raise Unprocessable("The range is too large: replay it in parts.", errors=[error])
    count = (
        await outbox.again(connection, current["id"], first, last, owner.context, kinds)
        if first <= last
        else 0
    )
    return WebhookReplayed(from_position=first, to_position=max(last, first), replayed=count)


async def deliveries(
    connection: Connection, webhook: UUID, before: int, state: str | None, limit: int
) -> list[Row]:
    """What was sent and is to be sent, newest first."""
    return [dict(row) for row in await connection.fetch(_DELIVERIES, webhook, before, state, limit)]
