"""What is done with a focal point: handed over to another."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from fastapi import Request

from app.collection.validation import field_errors, from_nothing, merged, validated
from app.collection.writing import Current, Written, create, put
from app.db import Connection
from app.errors import Conflict, Unprocessable
from app.focal_points.queries import FOCAL_POINTS

_ITS_OWN: Mapping[str, Any] = {
    "keys": [], "verified_at": None, "verified_by": None, "bounced": False, "phone_bounced": False,
    "valid_until": None, "successor": None, "person": None, "note": None,
}  # fmt: skip
"""What a successor does not take over."""


class HandedOver(Conflict):
    """The focal point was handed over already. `successor` is where."""


async def handed_over(request: Request, connection: Connection, current: Current) -> None:
    """Refuse to hand over what was."""
    if successor := current.record["successor"]:
        raise HandedOver("This focal point has a successor.", successor=f"/v1/focal-points/{successor['id']}")


async def hand_over(connection: Connection, current: Current, said: Mapping[str, Any]) -> Written:
    """Make the successor: what is not said of it is as it was. This one ends on the day before."""
    before = current.record
    errors = field_errors(FOCAL_POINTS, said)
    if said.get("valid_from") is None:
        message = "Say from which day on the successor answers."
        errors.append({"pointer": "/valid_from", "code": "missing", "message": message})
    if errors:
        raise Unprocessable("The successor needs attention.", errors=errors)
    body = from_nothing(
        FOCAL_POINTS, merged(FOCAL_POINTS, {**before, **_ITS_OWN}, said, FOCAL_POINTS.writable)
    )
    begins: date = validated(FOCAL_POINTS, body)["valid_from"]
    ends = begins - timedelta(days=1)
    if before["valid_from"] and date.fromisoformat(before["valid_from"]) > ends:
        message = f"This one answers from {before['valid_from']} on: a successor begins after that."
        error = {"pointer": "/valid_from", "code": "begins_too_early", "message": message}
        raise Unprocessable("The successor begins too early.", errors=[error])
    if before["valid_until"]:
        ends = min(ends, date.fromisoformat(before["valid_until"]))
    made = await create(connection, FOCAL_POINTS, body)
    await put(connection, FOCAL_POINTS, current, {"valid_until": ends, "successor_id": made.id})
    return made
