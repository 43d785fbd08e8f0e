"""Freezing: the report as it stands becomes the one that was put before the Consultation, and stays so."""

import json
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from fastapi import Request

from app.collection import writing
from app.collection.writing import Current
from app.consultations.queries import CONSULTATIONS
from app.db import Compiled, Connection
from app.errors import Conflict
from app.operations.documents import digest_of, text_of
from app.status_reports.counting import report_statement, statement_of
from app.status_reports.reporting import refuse_cancelled
from app.status_reports.telling import AsJson, told

_NAMED_MOST = 20
# Everybody reads what is frozen, for ever: it is counted as the public sees the record, whoever asks for it. Only how
# far each report has come is told of those too that are not accepted.
_SPEAK_AS = """with before as materialized (select current_setting('register.role', true) as role)
select role from before, set_config('register.role', $1, true)"""


class NotHeldYet(Conflict):
    """A report is frozen for a Consultation that has a date; say when it takes place first."""


class GapsStopTheFreeze(Conflict):
    """Critical gaps that nobody has explained stop a freeze. `gaps` names them.

    Fill them, dismiss them with a reason, or freeze with `force=true`: then they are printed in the report.
    """


class _Kept:
    """The pieces of a report, kept: whether its freeze was forced is said in it first, and known last."""

    def __init__(self) -> None:
        self.pieces: list[tuple[str, str]] = []

    def add(self, piece: str, said: str) -> str:
        self.pieces.append((piece, said))
        return ""

    def end(self) -> str:
        return ""

    def tell_states(self, reports: list[dict[str, Any]]) -> None:
        """Say of every report how far it has come. Its lines are counted where they are public."""
        head = self.of("head")[0]
        lines = {(each["country"], each["organisation"]): each["lines"] for each in head["reports"]}
        head["reports"] = [
            {**each, "lines": lines.get((each["country"], each["organisation"]), each["lines"])}
            for each in reports
        ]
        self.pieces[0] = ("head", text_of(head))

    def of(self, name: str) -> list[dict[str, Any]]:
        return [json.loads(said) for piece, said in self.pieces if piece == name]

    def text(self, *, forced: bool) -> str:
        writer = AsJson("frozen", forced=forced)
        return "".join([*(writer.add(*each) for each in self.pieces), writer.end()])


async def _nowhere(text: bytes) -> None:
    """Nothing is sent."""


async def hold_reports(connection: Connection, consultation: UUID) -> None:
    """Let no progress report move while it is counted. They are held before the Consultation, as by those who move
    them: so nobody waits for one who waits for them.
    """
    await connection.execute(
        "select from progress_reports where consultation_id = $1 order by id for update", consultation
    )


async def stopped(request: Request, connection: Connection, current: Current) -> None:
    """Refuse what would not be frozen without force."""
    if current.record["frozen_at"] is None:
        _refuse((await _counted(connection, current.record, statement_of(("critical",)))).of("critical"))


async def _counted(connection: Connection, consultation: Mapping[str, Any], plan: Compiled) -> _Kept:
    """What a statement counts of the report, for everybody."""
    refuse_cancelled(consultation)
    if consultation["start_date"] is None:
        raise NotHeldYet("This Consultation has no date, so nobody can say who was a member on it.")
    found = _Kept()
    role = await connection.fetchval(_SPEAK_AS, "")
    await told(connection, plan, [consultation["number"]], found, _nowhere)
    await connection.fetchval(_SPEAK_AS, role)
    return found


def _refuse(critical: Sequence[Mapping[str, Any]]) -> None:
    """Refuse to freeze what nobody has explained."""
    if critical:
        raise GapsStopTheFreeze(
            f"{len(critical)} critical {'gap is' if len(critical) == 1 else 'gaps are'} not explained.",
            gaps=[{name: gap[name] for name in ("id", "why", "fix")} for gap in critical[:_NAMED_MOST]],
        )


async def freeze(connection: Connection, current: Current, *, force: bool) -> writing.Written:
    """Freeze the report of a Consultation; one that is frozen stays as it is."""
    consultation = current.record
    if consultation["frozen_at"] is not None:
        return writing.Written(current.id, current.tag, current.json, changed=False)
    found = await _counted(connection, consultation, report_statement())
    critical = found.of("critical")
    if not force:
        _refuse(critical)
    whole = await connection.fetchval(report_statement(("head",)).sql, consultation["number"], column=1)
    found.tell_states(json.loads(whole)["reports"])
    content = found.text(forced=bool(critical))
    at = await connection.fetchval(
        "insert into frozen_reports (consultation_id, position, content) values ($1, $2, $3) returning frozen_at",
        current.id,
        found.of("head")[0]["position"],
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
