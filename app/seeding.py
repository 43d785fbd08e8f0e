"""Loads the real plan, events and organisations through the same writes as the API, so the seed obeys the rules."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from app import turns
from app.activities.queries import ACTIVITIES
from app.areas.queries import AREAS
from app.collection import writing
from app.collection.collection import Collection
from app.consultations.queries import CONSULTATIONS
from app.countries.queries import COUNTRIES
from app.events.queries import EVENTS
from app.framework_items.queries import FRAMEWORK_ITEMS
from app.goals.queries import GOALS
from app.organisations.queries import ORGANISATIONS
from app.plan.queries import PLANS

SEED = Path(__file__).resolve().parent.parent / "seed"
ORDER: tuple[tuple[Collection, str], ...] = (
    (COUNTRIES, "countries"),
    (ORGANISATIONS, "organisations"),
    (PLANS, "plan"),
    (AREAS, "areas"),
    (GOALS, "goals"),
    (ACTIVITIES, "activities"),
    (EVENTS, "events"),
    (CONSULTATIONS, "consultations"),
    (FRAMEWORK_ITEMS, "framework_items"),
)

_BEGIN = """select open_write(
  '{"register.request": "seed", "register.reason": "The published record"}', null, null)"""


def bodies(name: str) -> list[dict[str, Any]]:
    """The records of one seed file."""
    content = json.loads((SEED / f"{name}.json").read_text(encoding="utf-8"))
    return content if isinstance(content, list) else [content]


async def seed(connection: Any, tick: Callable[[str], None] = lambda name: None) -> dict[str, int]:
    """Add the records that are not there yet, all or none; what is there is left as it is."""
    made: dict[str, int] = {}
    async with connection.transaction():
        await turns.turn(connection, turns.FOR_TRANSACTION)
        await connection.execute(_BEGIN)
        for collection, name in ORDER:
            for body in bodies(name):
                known = await connection.fetchval(
                    "select exists (select from own_keys where kind = $1 and key = any($2))",
                    collection.name,
                    body["keys"],
                )
                if not known:
                    await writing.create(connection, collection, body)
                    made[name] = made.get(name, 0) + 1
                tick(name)
    return made
