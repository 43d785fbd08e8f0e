"""The moves of an amendment, and how a side concurs. The last word has the database (`migrations/amending.py`)."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from fastapi import Request
from pydantic import BaseModel
from sqlalchemy import and_, func
from sqlalchemy.sql.elements import ColumnElement

from app.access.permissions import Permission
from app.amendments.schemas import ClosingReason
from app.collection.collection import Rule
from app.collection.writing import Current
from app.db import Connection
from app.operations.moves import Move


def _still_open(row: Any) -> ColumnElement[bool]:
    found: ColumnElement[bool] = row.c.state.in_(("draft", "tabled"))
    return found


def _misplaced(row: Any) -> ColumnElement[bool]:
    return and_(_still_open(row), func.has_misplaced_change(row.c.changes))


def _taken(row: Any) -> ColumnElement[bool]:
    return and_(_still_open(row), func.taken_place(row.c.changes).is_not(None))


def _leaving(row: Any) -> ColumnElement[bool]:
    return and_(_still_open(row), func.leaves_activities(row.c.changes))


RULES = (
    Rule(
        "misplaced_change",
        "A change modifies or retires what the plan has, by its number or code, or adds what it has not, under a goal "
        "or an area that is there.",
        "changes",
        _misplaced,
    ),
    Rule(
        "place_taken",
        "Another record has the code or number of what is added: give it another.",
        "changes",
        _taken,
    ),
    Rule(
        "goal_with_activities",
        "A goal is retired together with the activities that the plan proposes for it.",
        "changes",
        _leaving,
    ),
)


async def outdated(request: Request, connection: Connection, current: Current) -> None:
    """Refuse an amendment of which the plan reads otherwise by now than it says, or whose day the plan has passed."""
    await connection.execute(
        "select check_wording(changes), check_day(effective_on) from amendments where id = $1", current.id
    )


async def _come(request: Request, connection: Connection, current: Current) -> None:
    """Refuse what both sides have concurred to, once its day has come."""
    await connection.execute(
        "select check_coming(effective_on) from amendments where id = $1 and state = 'concurred'", current.id
    )


async def _tabled(connection: Connection, current: Current, said: BaseModel | None) -> Mapping[str, Any]:
    return {"state_since": datetime.now(UTC)}


async def _closed(connection: Connection, current: Current, said: BaseModel | None) -> Mapping[str, Any]:
    assert isinstance(said, ClosingReason)
    return {"state_since": datetime.now(UTC), "closed_reason": said.reason}


MOVES = (
    Move(
        "table", ("draft",), "tabled", Permission.EDIT, "Table an amendment",
        "Lay it before both sides: from now on they see it, and concur. What it changes has to stand in the plan as it "
        "says, and its day may not be before that of the last amendment in force. It may still be edited, which voids "
        "what was concurred to.", values=_tabled, against=(outdated,),
    ),
    Move(
        "withdraw", ("draft", "tabled", "concurred"), "withdrawn", Permission.EDIT, "Withdraw an amendment",
        "Take it back, with the reason. It stays in the record, with what was concurred to: also when both sides have, "
        "until its day comes.", ClosingReason, _closed, against=(_come,),
    ),
    Move(
        "lapse", ("tabled",), "lapsed", Permission.EDIT, "Let an amendment lapse",
        "Say that both sides did not concur in time, with the reason. It stays in the record.", ClosingReason, _closed,
    ),
)  # fmt: skip
