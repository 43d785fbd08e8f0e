"""All that is held about a person, for the person: what, why, since when, who changed it, who looked."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from app.collection.asked import Asked, Shape
from app.collection.days import told
from app.collection.items import item_plan
from app.db import Connection
from app.persons.erasing import addresses, held_beside, mentions_of
from app.persons.queries import PERSONS

_OFFICES = """select h.record_id as id, min(h.at) as first, max(h.at) as last, bool_or(f.person_id = $1) as now
from (select h.record_id, c.at from changes h join commits c on c.number = h.commit_number
  where h.kind = 'focal_points' and h.record ->> 'person_id' = $1::uuid::text) h
left join focal_points f on f.id = h.record_id group by 1 order by 1"""
_VERSIONS = """select h.version, h.action, c.at, k.name as key, c.reason, h.record
from changes h join commits c on c.number = h.commit_number left join key_names k on k.id = c.key_id
where h.record_id in (select same_person($1)) and h.kind = 'persons' order by c.position, h.ordinal"""
_REVEALS = """select r.at, k.name as key, r.reason from reveals r left join key_names k on k.id = r.key_id
where r.person_id in (select same_person($1)) order by r.at"""
_ROLES = "Partners, ministries, each side's authority and the Secretariat, by keys that may read contacts."
_OWN = "The country itself and the Secretariat."


async def report(connection: Connection, person: UUID) -> dict[str, Any]:
    """The report, as far as the caller may see; that is all of it for who keeps the entry."""
    record = await one_of(connection, person)
    mentions = await mentions_of(connection, person)

    async def listed(statement: str, shape: Callable[[Any], dict[str, Any]]) -> list[dict[str, Any]]:
        return [shape(row) for row in await connection.fetch(statement, person)]

    return {
        "id": str(person),
        "at": told(datetime.now(UTC)),
        "person": record,
        "seen_by": _OWN if record and record["visibility"] == "own" else _ROLES,
        "focal_points": await listed(
            _OFFICES,
            lambda row: {
                "href": f"/v1/focal-points/{row['id']}",
                "first_at": told(row["first"]),
                "last_at": told(row["last"]),
                "now": bool(row["now"]),
            },
        ),
        "versions": await listed(
            _VERSIONS,
            lambda row: {
                "version": row["version"],
                "action": row["action"],
                "at": told(row["at"]),
                "by": row["key"],
                "reason": row["reason"],
                "record": json.loads(row["record"]),
            },
        ),
        "reveals": await listed(
            _REVEALS,
            lambda row: {"at": told(row["at"]), "by": row["key"], "reason": row["reason"]},
        ),
        "mentions": addresses(mentions),
        "held_beside": await held_beside(connection, person),
    }


async def one_of(connection: Connection, person: UUID) -> dict[str, Any] | None:
    """The person as it is now; None if it is not there any more."""
    plan = item_plan(PERSONS, "id", Asked(Shape(), {}))
    row = await connection.fetchrow(plan.sql, *plan.args({"name": person}))
    return None if row is None else dict(json.loads(row["j"]))
