"""Freezing: the report as it stands becomes the one that was put before the Consultation, and stays so."""

import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pydantic_core import from_json

from app.collection import writing
from app.collection.writing import Current
from app.consultations.queries import CONSULTATIONS
from app.db import Connection
from app.errors import Conflict
from app.funding.counting import entries_at
from app.gaps.counting import catalogue, counts, grave_gaps
from app.operations.documents import digest_of, text_of
from app.status_reports.comparing import compared
from app.status_reports.counting import METHOD, report_statement

_NAMED_MOST = 20


class NotHeldYet(Conflict):
    """A report is frozen for a Consultation that has a date; say when it takes place first."""


class GapsStopTheFreeze(Conflict):
    """Critical gaps that nobody has explained stop a freeze. `gaps` names them.

    Fill them, dismiss them with a reason, or freeze with `force=true`: then they are printed in the report.
    """


@dataclass(frozen=True)
class Counted:
    """A report as it stands. What PostgreSQL has counted stays the text that it is: it may have many megabytes."""

    position: int
    """Of the feed."""
    counted: str
    rest: dict[str, Any]

    def text(self, kind: str = "live", *, forced: bool = False) -> str:
        """The report as it travels."""
        return f'{{"kind":"{kind}","forced":{json.dumps(forced)},{self.counted.strip()[1:-1]},{text_of(self.rest)[1:]}'


async def counted(connection: Connection, number: int) -> dict[str, Any] | None:
    """What is counted in the report as it stands: without money, gaps, and what has come of the one before."""
    rows = await connection.fetch(report_statement().sql, number)
    return dict(from_json(rows[0]["report"])) if rows else None


async def live(connection: Connection, number: int) -> Counted | None:
    """The report as it stands; None if there is no such Consultation."""
    rows = await connection.fetch(report_statement().sql, number)
    if not rows:
        return None
    position, report = rows[0]["position"], rows[0]["report"]
    before = await connection.fetchval(_FROZEN_BEFORE, number)
    rest = {
        **_addressed(json.loads(rows[0]["money"])),
        "gaps": await _gaps(connection),
        "difference": compared(from_json(before), from_json(report)) if before else None,
        "method": METHOD,
    }
    return Counted(position, report, rest)


def _addressed(money: dict[str, Any]) -> dict[str, Any]:
    """The sums, each with the address of its entries: those of events are of the period."""
    period = money.pop("period_start"), money.pop("period_end")
    for total in (*money["funding_by_currency"], *money["funding"]):
        since, until = period if total["part"] == "events" else (None, None)
        said = {"commitment": total["commitment"] or "none"} if "source" in total else {}
        total["href"] = entries_at(
            total["part"], total["currency"], source=total.get("source"), since=since, until=until, **said
        )
    return money


_FROZEN_BEFORE = """select f.content from frozen_reports f join consultations c on c.id = f.consultation_id
where c.number < $1 and f.frozen_at <= coalesce(nullif(current_setting('register.as_of', true), '')::timestamptz, now())
order by c.number desc limit 1"""
"""The last report before that of a Consultation: what has come of things since is told against it."""


async def _gaps(connection: Connection) -> dict[str, Any]:
    """How many gaps of each check are open, the critical ones one by one, and what was dismissed why."""
    counted = {row["check"]: (row["open"], row["dismissed"]) for row in await connection.fetch(counts().sql)}
    rows = await connection.fetch(grave_gaps().sql)
    return {
        "by_check": [
            {name: each[name] for name in ("name", "severity", "open", "dismissed", "href")}
            for each in catalogue(counted)
        ],
        "critical": [json.loads(row["j"]) for row in rows if row["grave"]],
        "dismissed": [json.loads(row["j"]) for row in rows if not row["grave"]],
    }


async def frozen(connection: Connection, number: int) -> str | None:
    """The frozen report of a Consultation."""
    content: str | None = await connection.fetchval(
        "select f.content from frozen_reports f join consultations c on c.id = f.consultation_id where c.number = $1",
        number,
    )
    return content


async def frozen_file(
    connection: Connection, number: int, name: str
) -> tuple[UUID, str, bytes | None] | None:
    """The Consultation, its frozen report, and the file of this name if it was asked for before."""
    row = await connection.fetchrow(
        """select f.consultation_id, f.content, k.content as file from frozen_reports f
        join consultations c on c.id = f.consultation_id
        left join frozen_files k on k.consultation_id = f.consultation_id and k.name = $2 where c.number = $1""",
        number,
        name,
    )
    return (row["consultation_id"], row["content"], row["file"]) if row else None


async def freeze(connection: Connection, current: Current, *, force: bool) -> writing.Written:
    """Freeze the report of a Consultation; one that is frozen stays as it is."""
    consultation = current.record
    if consultation["frozen_at"] is not None:
        return writing.Written(current.id, current.tag, current.json, changed=False)
    if consultation["start_date"] is None:
        raise NotHeldYet("This Consultation has no date, so nobody can say who was a member on it.")
    found = await live(connection, consultation["number"])
    assert found is not None
    if (critical := found.rest["gaps"]["critical"]) and not force:
        raise GapsStopTheFreeze(
            f"{len(critical)} critical {'gap is' if len(critical) == 1 else 'gaps are'} not explained.",
            gaps=[{name: gap[name] for name in ("id", "why", "fix")} for gap in critical[:_NAMED_MOST]],
        )
    content = found.text("frozen", forced=bool(critical))
    at = await connection.fetchval(
        "insert into frozen_reports (consultation_id, position, content) values ($1, $2, $3) returning frozen_at",
        current.id,
        found.position,
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
