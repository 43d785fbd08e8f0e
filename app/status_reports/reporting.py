"""Before a Consultation: every country is asked to report, and who has not is known."""

from collections.abc import Mapping
from typing import Any

from fastapi import Request

from app.collection.writing import Current
from app.db import Connection
from app.errors import Conflict


class AlreadyFrozen(Conflict):
    """The status report of this Consultation is frozen: nothing is reported to it any more."""


class ConsultationCancelled(Conflict):
    """To a Consultation that was cancelled nobody is asked to report, and no report is frozen for it."""


_OPEN = """insert into progress_reports (consultation_id, country)
select c.id, k.code from consultations c, parties_on(consultation_day(c.end_date, c.start_date, c.period_end)) k
where c.id = $1
  and not exists (select from progress_reports r where r.consultation_id = c.id and r.country = k.code)
order by k.code"""


async def frozen_already(request: Request, connection: Connection, current: Current) -> None:
    """Refuse what comes after the freeze."""
    if current.record["frozen_at"] is not None:
        raise AlreadyFrozen("The status report of this Consultation is frozen.")


def refuse_cancelled(consultation: Mapping[str, Any]) -> None:
    """Refuse what is there for a Consultation that takes place."""
    if consultation["status"] == "cancelled":
        raise ConsultationCancelled("This Consultation was cancelled: nothing is put before it.")


async def cancelled(request: Request, connection: Connection, current: Current) -> None:
    """Refuse what is there for a Consultation that takes place."""
    refuse_cancelled(current.record)


async def open_reporting(connection: Connection, current: Current) -> None:
    """An open report for each country that has none."""
    await connection.execute(_OPEN, current.id)


def outstanding(report: dict[str, Any]) -> dict[str, Any]:
    """From a report: the reporters that are not done."""
    reports = report["reports"]
    done = {"accepted", "frozen"}
    return {
        "consultation": report["consultation"],
        "expected": len(report["members"]),
        "accepted": sum(each["state"] in done for each in reports),
        "items": [each for each in reports if each["state"] not in done or each["lines"]["not_reported"]],
    }
