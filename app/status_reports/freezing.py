"""Freezing: the report as it stands becomes the one that was put before the Consultation, and stays so."""

import json
from typing import Any

from app.collection import writing
from app.collection.writing import Current
from app.consultations.queries import CONSULTATIONS
from app.db import Connection
from app.errors import Conflict
from app.operations.documents import digest_of, text_of
from app.status_reports.counting import METHOD, report_statement


class NotHeldYet(Conflict):
    """A report is frozen for a Consultation that has a date; say when it takes place first."""


async def live(connection: Connection, number: int) -> tuple[int, dict[str, Any]] | None:
    """Position of the feed, and the report as it stands; None if there is no such Consultation."""
    rows = await connection.fetch(report_statement().sql, number)
    return (rows[0]["position"], _whole(rows[0]["report"], "live")) if rows else None


def _whole(text: str, kind: str) -> dict[str, Any]:
    return {"kind": kind, **json.loads(text), "method": METHOD}


async def frozen(connection: Connection, number: int) -> str | None:
    """The frozen report of a Consultation."""
    content: str | None = await connection.fetchval(
        "select f.content from frozen_reports f join consultations c on c.id = f.consultation_id where c.number = $1",
        number,
    )
    return content


async def freeze(connection: Connection, current: Current) -> writing.Written:
    """Freeze the report of a Consultation; one that is frozen stays as it is."""
    consultation = current.record
    if consultation["frozen_at"] is not None:
        return writing.Written(current.id, current.tag, current.json, changed=False)
    if consultation["start_date"] is None:
        raise NotHeldYet("This Consultation has no date, so nobody can say who was a member on it.")
    found = await live(connection, consultation["number"])
    assert found is not None
    position, report = found
    content = text_of({**report, "kind": "frozen"})
    at = await connection.fetchval(
        "insert into frozen_reports (consultation_id, position, content) values ($1, $2, $3) returning frozen_at",
        current.id,
        position,
        content,
    )
    await connection.execute(
        "update progress_reports set state = 'frozen', state_since = now() "
        "where consultation_id = $1 and state = 'accepted'",
        current.id,
    )
    return await writing.put(
        connection, CONSULTATIONS, current, {"frozen_at": at, "report_hash": digest_of(content)}
    )
