"""Which text of the plan is meant by a word in an address: a day, `original`, `now`, or an amendment."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from app.collection.fields import DATE
from app.db import Connection
from app.errors import InvalidParameter, NotFound
from app.plan.queries import TEXT_RECORD
from app.plan.texts import PlanText, Record

_AMENDMENT = re.compile(r"amendment:([1-9][0-9]{0,4})")
_HINT = "A date, `original`, `now`, or an amendment such as amendment:1"


@dataclass(frozen=True)
class State:
    """A text, and how it is told which one it is."""

    said: str
    about: str
    text: PlanText
    on: date | None = None

    @property
    def told(self) -> dict[str, Any]:
        return {"said": self.said, "about": self.about, "on": self.on and self.on.isoformat()}


def not_entered() -> NotFound:
    return NotFound("The plan has not been entered yet.")


async def text_record(connection: Connection, number: int | None = None) -> Record:
    """What is known of the text, and of one amendment more that the caller may see."""
    known = await connection.fetchval(TEXT_RECORD, number)
    if known is None:
        raise not_entered()
    return Record.read(json.loads(known))


def number_in(*said: str | None) -> int | None:
    """The number of the amendment that one of the words names."""
    for each in said:
        if each and (found := _AMENDMENT.fullmatch(each)):
            return int(found[1])
    return None


def day_of(parameter: str, said: str, record: Record) -> date:
    """A day on which there was a plan."""
    try:
        day = DATE.read(said)
    except ValueError as why:
        raise refused(parameter, f"{why}", "unreadable", said) from None
    assert isinstance(day, date)
    if record.adopted_on and day < record.adopted_on:
        raise refused(parameter, f"the plan was adopted on {record.adopted_on}", "before_the_plan", said)
    return day


def state(parameter: str, said: str, record: Record) -> State:
    """The text that a word names."""
    if said == "original":
        return State(said, "as adopted", record.with_only(0), record.adopted_on)
    if said == "now":
        return State(said, "as it stands", record.now, datetime.now(UTC).date())
    if found := _AMENDMENT.fullmatch(said):
        return _with_amendment(parameter, said, record, int(found[1]))
    if re.fullmatch(r"[a-z]+(:.*)?", said) and said != "today":
        raise refused(parameter, "there is no such text", "unreadable", said)
    day = day_of(parameter, said, record)
    return State(said, f"in force on {day}", record.on(day), day)


def _with_amendment(parameter: str, said: str, record: Record, number: int) -> State:
    """After an amendment that is in force; else as the plan would read with it."""
    amendment = record.amendment(number)
    if amendment is None:
        raise refused(parameter, "there is no amendment with this number", "unknown_state", said)
    on = amendment["on"] and date.fromisoformat(amendment["on"])
    if amendment["state"] == "in_force":
        about = f"after amendment {number}, in force since {on}"
        return State(said, about, record.with_only(record.in_force.index(amendment) + 1), on)
    words = {"concurred": f"to which both sides have concurred, from {on}"}
    about = f"with amendment {number}, {words.get(amendment['state'], amendment['state'])}"
    return State(said, about, record.now.done(amendment["changes"]), on)


def before(said: str, record: Record) -> State:
    """What the text that a word names is compared to, if nobody says: for an amendment the text before it."""
    number = number_in(said)
    amendment = record.amendment(number) if number else None
    if amendment is None:
        return state("from", "original", record)
    if amendment["state"] != "in_force":
        return state("from", "now", record)
    at = record.in_force.index(amendment)
    if at == 0:
        return state("from", "original", record)
    return state("from", f"amendment:{record.in_force[at - 1]['number']}", record)


def refused(parameter: str, why: str, code: str, got: str) -> InvalidParameter:
    error: Mapping[str, Any] = {"parameter": parameter, "code": code, "got": got[:100], "hint": f"{_HINT}."}
    return InvalidParameter(f"`{parameter}`: {why}.", errors=[error])
