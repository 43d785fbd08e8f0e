"""Whom to ask: the offices of a country that answered for a purpose on a day, and what is missing if none did."""

import json
from datetime import date
from typing import Any

from sqlalchemy import Date, Text, bindparam, case, func, select
from sqlalchemy.dialects.postgresql import ARRAY

from app.collection.projection import record_json
from app.db import Compiled, Connection, Statement
from app.focal_points.queries import FOCAL_POINTS, freshness

INSTEAD = ("national_coordination", "general")
"""Who is asked where a country names no office for a purpose."""
_BEST_FIRST = ("fresh", "due", "stale", "bounced")


def _statement() -> Compiled:
    row = FOCAL_POINTS.table
    day = func.coalesce(bindparam("day", type_=Date), func.today())
    there = (
        func.coalesce(row.c.valid_from, day) <= day,
        func.coalesce(row.c.valid_until, day) >= day,
    )

    def build() -> Statement:
        best = case({word: place for place, word in enumerate(_BEST_FIRST)}, value=freshness(row))
        return (
            select(
                record_json(FOCAL_POINTS, row, FOCAL_POINTS.outputs, {"person": {}}).label("j"),
                row.c.purposes,
                day.label("day"),
            )
            .where(row.c.country == bindparam("country", type_=Text), *there)
            .where(row.c.purposes.op("&&")(bindparam("asked", type_=ARRAY(Text))))
            .order_by(best, row.c.verified_at.desc().nulls_last(), row.c.id)
        )

    return FOCAL_POINTS.statement(("find",), build)


_OTHER_DAYS = """select count(*) filter (where valid_until < $3), count(*) filter (where valid_from > $3)
from focal_points where country = $1 and $2 = any(purposes)"""


async def find(connection: Connection, country: str, purpose: str, day: date | None) -> dict[str, Any]:
    """Those that answered for the purpose, best confirmed first; else those that answer for others."""
    asked = tuple(dict.fromkeys((purpose, *INSTEAD)))
    values = {"country": country, "asked": list(asked), "day": day}
    statement = _statement()
    rows = await connection.fetch(statement.sql, *statement.args(values))
    on: date = rows[0]["day"] if rows else day or await connection.fetchval("select today()")
    answering = next((word for word in asked if any(word in row["purposes"] for row in rows)), None)
    return {
        "country": country,
        "purpose": purpose,
        "on": on.isoformat(),
        "answered_for": answering,
        "fallback": answering is not None and answering != purpose,
        "items": [json.loads(row["j"]) for row in rows if answering in row["purposes"]],
        "gap": None if answering == purpose else await _gap(connection, country, purpose, on),
    }


async def _gap(connection: Connection, country: str, purpose: str, on: date) -> dict[str, Any]:
    ended, ahead = await connection.fetchrow(_OTHER_DAYS, country, purpose, on) or (0, 0)
    others = [f"{count} {word}" for count, word in ((ended, "ended before"), (ahead, "begin later")) if count]
    message = f"{country} names no office for {purpose.replace('_', ' ')} on {on}."
    return {
        "message": message + (f" {', '.join(others).capitalize()}." if others else ""),
        "others": f"/v1/focal-points?country={country}&purposes__has={purpose}",
    }
