"""How keys are stored, changed, rotated and revoked. Which of them a caller reaches, row-level security says."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from app.access.caller import Caller, Forbidden
from app.access.keys import beginning, digest, new_key
from app.access.permissions import OF_A_COUNTRY, Role
from app.access.scopes import SCOPE
from app.db import Connection
from app.errors import Conflict, NotFound, Unprocessable
from app.keys.schemas import KeyPatch, NewKey

SAID = """json_build_object('id', k.id, 'name', k.name, 'role', k.role, 'country', k.country, 'body_id', k.body_id,
  'scopes', k.scopes, 'networks', k.networks::text[], 'expires_at', k.expires_at,
  'require_if_match', k.require_if_match, 'rotated_at', k.rotated_at, 'revoked_at', k.revoked_at,
  'secrets', (select coalesce(json_agg(json_build_object('begins', s.begins, 'created_at', s.created_at,
      'ends_at', s.ends_at, 'last_used_on', s.last_used_on) order by s.created_at desc), '[]')
    from api_key_secrets s where s.key_id = k.id),
  'version', k.version, 'created_at', k.created_at, 'updated_at', k.updated_at)::text"""
ONE = f"select k.version, {SAID} as said from api_keys k where k.id = $1"  # noqa: S608  (our own words)
OF_HOLDER = """select 1 as version, json_build_object('id', h.id, 'name', h.name, 'role', h.role, 'country', h.country,
  'body_id', h.body_id, 'scopes', h.scopes, 'networks', '{}'::text[], 'expires_at', null, 'require_if_match', false,
  'rotated_at', null, 'revoked_at', null, 'secrets', '{}'::text[], 'version', 1, 'created_at', h.created_at,
  'updated_at', h.created_at)::text as said from token_holders h where h.id = $1"""
SOME = f"""select k.id, {SAID} as said from api_keys k where $1::uuid is null or k.id < $1
order by k.id desc limit $2"""  # noqa: S608
_OPEN_BY = "insert into api_key_secrets (digest, key_id, begins) values ($1, $2, $3)"
_ROTATE = [
    "update api_keys set rotated_at = now() where id = $1",
    """update api_key_secrets set ends_at = least(coalesce(ends_at, 'infinity'), now() + make_interval(hours => $2))
where key_id = $1""",
]
Row = Mapping[str, Any]


class KeyEnded(Conflict):
    """The key was revoked, for good: it cannot be changed or rotated. Make another."""


class BeyondYourKey(Forbidden):
    """A key with scopes hands out keys with these scopes or less, never more than it may itself."""


def missing() -> NotFound:
    return NotFound("There is no such key, or it is not yours to see.")


async def one(connection: Connection, key: UUID) -> Row:
    """A key that the caller may see."""
    row = await connection.fetchrow(ONE, key)
    if row is None:
        raise missing()
    return dict(row)


async def own(connection: Connection, key: UUID) -> Row:
    """The key that asks, or who has come with a token."""
    row = await connection.fetchrow(OF_HOLDER, key)
    return await one(connection, key) if row is None else dict(row)


async def held(connection: Connection, key: UUID) -> int:
    """Hold a key that may be changed until the transaction ends; its version."""
    row = await connection.fetchrow("select version, revoked_at from api_keys where id = $1 for update", key)
    if row is None:
        await one(connection, key)  # or 404
        raise Forbidden(
            "This key may look at itself, but others change it.", missing={"permission": "administer"}
        )
    if row["revoked_at"] is not None:
        raise KeyEnded("This key was revoked.")
    version: int = row["version"]
    return version


async def make(connection: Connection, caller: Caller, new: NewKey) -> tuple[UUID, str]:
    """A new key: its id, and what opens it."""
    if (Role(new.role) in OF_A_COUNTRY) != (new.country is not None):
        words = "speak for a country: name it" if new.country is None else "alone speak for a country"
        error = {
            "pointer": "/country",
            "code": "country_of_role",
            "message": f"Editors and approvers {words}.",
        }
        raise Unprocessable("1 field needs attention.", errors=[error])
    _within(caller, new.scopes)
    key = new_key()
    columns = new.model_dump()
    made: UUID = await connection.fetchval(
        f"insert into api_keys ({', '.join(columns)}) "  # noqa: S608  (fields of the schema)
        f"values ({', '.join(f'${number}' for number in range(1, len(columns) + 1))}) returning id",
        *columns.values(),
    )
    await connection.execute(_OPEN_BY, digest(key), made, beginning(key))
    return made, key


async def change(connection: Connection, caller: Caller, key: UUID, patch: KeyPatch) -> None:
    """Change what the patch names."""
    wanted = patch.model_dump(exclude_unset=True)
    for name in ("scopes", "networks"):
        if name in wanted:
            wanted[name] = wanted[name] or []
    if "scopes" in wanted:
        _within(caller, wanted["scopes"])
    if wanted:
        columns = ", ".join(f"{name} = ${number}" for number, name in enumerate(wanted, 2))
        await connection.execute(f"update api_keys set {columns} where id = $1", key, *wanted.values())  # noqa: S608


async def refuse_wider(connection: Connection, caller: Caller, key: UUID) -> None:
    """Refuse to rotate a key that may more than the caller: who is told what opens it can do all that it can."""
    _within(caller, await connection.fetchval("select scopes from api_keys where id = $1", key))


async def rotate(connection: Connection, key: UUID, hours: int) -> str:
    """Another secret; those before it open for some hours more."""
    await connection.execute(_ROTATE[0], key)
    await connection.execute(_ROTATE[1], key, hours)
    secret = new_key()
    await connection.execute(_OPEN_BY, digest(secret), key, beginning(secret))
    return secret


async def revoke(connection: Connection, key: UUID) -> None:
    """End a key for good."""
    await connection.execute("update api_keys set revoked_at = now() where id = $1", key)


async def end(connection: Connection, secret: str) -> None:
    """End the key that a secret opens, by whoever has it."""
    await connection.execute("select key_ended($1)", digest(secret))


def _within(caller: Caller, scopes: list[str]) -> None:
    """Refuse to hand out more than the caller's own scopes leave."""
    if not caller.scopes:
        return
    beyond = [scope for scope in scopes if not any(_covers(own, scope) for own in caller.scopes)]
    if beyond or not scopes:
        raise BeyondYourKey(
            "Give the new key scopes within those of yours.", missing={"scope": (beyond or ["*:*"])[0]}
        )


def _covers(own: str, scope: str) -> bool:
    assert SCOPE.fullmatch(scope)
    return all(mine in {"*", its} for mine, its in zip(own.split(":"), scope.split(":"), strict=True))
