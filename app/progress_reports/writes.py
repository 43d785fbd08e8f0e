"""The moves of a progress report, and what an accepted one means for the activities that it speaks of."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel

from app.access.permissions import Permission
from app.collection.writing import Current
from app.db import Connection
from app.operations.against import settled, stays
from app.operations.moves import Move
from app.progress_reports.queries import FROZEN, PROGRESS_REPORTS
from app.progress_reports.schemas import ReturnReason

# The reported status of an activity is what its lead reports; what others say of it stands in their own lines.
_REPORTED = """update activities a
set status = l.status, status_reported_by_id = a.lead_id, status_reported_on = (r.state_since at time zone 'UTC')::date,
  status_period = coalesce(c.period_start || '/' || c.period_end, c.title)
from report_lines l
join progress_reports r on r.id = l.report_id
join consultations c on c.id = r.consultation_id, organisations lead
where l.report_id = $1 and l.response = 'reported' and a.id = l.activity_id and lead.id = a.lead_id
  and (lead.country = r.country or lead.id = r.organisation_id)
  and (a.status, a.status_reported_by_id, a.status_reported_on, a.status_period) is distinct from
    (l.status, a.lead_id, (r.state_since at time zone 'UTC')::date,
     coalesce(c.period_start || '/' || c.period_end, c.title))"""


async def _now(connection: Connection, current: Current, said: BaseModel | None) -> Mapping[str, Any]:
    return {"state_since": datetime.now(UTC), "return_reason": None}


async def _returned(connection: Connection, current: Current, said: BaseModel | None) -> Mapping[str, Any]:
    assert isinstance(said, ReturnReason)
    return {"state_since": datetime.now(UTC), "return_reason": said.reason}


async def _accepted(connection: Connection, current: Current, said: BaseModel | None) -> Mapping[str, Any]:
    await connection.execute(_REPORTED, current.id)
    return await _now(connection, current, said)


_AFTER_THE_FREEZE = stays(PROGRESS_REPORTS, FROZEN)
MOVES = (
    Move(
        "submit", ("open", "returned"), "submitted", Permission.APPROVE, "Submit a progress report",
        "Hand the report in. It cannot be changed until it is returned.", values=_now,
        against=(settled(PROGRESS_REPORTS),),
    ),
    Move(
        "return", ("submitted", "accepted"), "returned", Permission.REVIEW, "Return a progress report",
        "Send the report back to those who made it, with the reason.", ReturnReason, _returned,
        against=(_AFTER_THE_FREEZE,),
    ),
    Move(
        "accept", ("submitted",), "accepted", Permission.REVIEW, "Accept a progress report",
        "Take the report. What the lead of an activity reports becomes the activity's reported status.",
        values=_accepted, against=(_AFTER_THE_FREEZE,),
    ),
)  # fmt: skip
