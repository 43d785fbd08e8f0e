"""The catalogue of checks: what each looks for, why, how grave it is, and the rows that it finds.

A check yields, per gap: `subject_id`, `country` (or null), `detail` (what distinguishes several gaps of one subject, or
''), `since` (a day), `why` (a sentence) and `fix` (a body for the request that would fill it).
"""

from dataclasses import dataclass
from functools import cache
from typing import Literal

from sqlalchemy import select

from app.activities.queries import ACTIVITIES, derived_status, status_conflict
from app.db import written_out
from app.focal_points.queries import FOCAL_POINTS, freshness

Severity = Literal["critical", "warning", "info"]


@dataclass(frozen=True)
class Check:
    """What is looked for."""

    name: str
    severity: Severity
    subject: str
    """Collection of the records that have the gap."""
    about: str
    source: str
    """The words of the plan, or the rule, that ask for it."""
    method: str
    path: str
    """Of the request that would fill the gap; `{id}` is the subject's."""
    sql: str


def _activities() -> str:
    row = ACTIVITIES.table
    columns = [
        row.c[name] for name in ("id", "code", "title", "origin", "lead_id", "status", "countries", "funding")
    ]
    columns += [row.c[name] for name in ("start_date", "created_at", "updated_at", "status_reported_on")]
    found = select(*columns, derived_status(row).label("derived"), status_conflict(row).label("conflict"))
    found = found.where(row.c.retired_on.is_(None))
    return (
        f"(select a.*, o.country from ({written_out(found)}) a left join organisations o on o.id = a.lead_id)"
    )


def _focal_points() -> str:
    row = FOCAL_POINTS.table
    columns = [
        row.c[name] for name in ("id", "country", "purposes", "valid_from", "valid_until", "verified_at")
    ]
    return f"({written_out(select(*columns, row.c.created_at, freshness(row).label('freshness')))})"


_ASKED_FOR = "(values ('mutual_legal_assistance', 6), ('arbitration_and_mediation', 5)) asked(purpose, goal)"
_NAMED = "coalesce(a.code || ' ', '') || '“' || left(a.title, 120) || '”'"


@cache
def checks() -> tuple[Check, ...]:
    """Every check, in the order of the catalogue."""
    activities, focal_points = _activities(), _focal_points()
    return (
        Check(
            "goal_without_activity", "critical", "goals",
            "A goal under which nothing is proposed or carried out.",
            "The plan's activities are to be carried out under its goals.", "POST", "/v1/activities",
            """select g.id as subject_id, null as country, '' as detail, g.created_at::date as since,
              'Goal ' || g.number || ' has no activity that is not cancelled.' as why,
              json_build_object('goal', json_build_object('number', g.number), 'title', '…') as fix
            from goals g where g.retired_on is null and not exists (
              select from activities a where a.goal_id = g.id and a.status <> 'cancelled'
                and a.retired_on is null)""",
        ),
        Check(
            "status_contradicts_dates", "critical", "activities",
            "A reported status that dates and events do not bear out.",
            "Periodic reporting on the status of implementation.", "PATCH", "/v1/activities/{id}",
            f"""select a.id, a.country, '', coalesce(a.status_reported_on, a.updated_at::date),
              {_NAMED} || ' is reported as ' || a.status || '; its dates and events say ' || a.derived || '.',
              json_build_object('status', a.derived)
            from {activities} a where a.conflict and a.origin = 'member'""",
        ),
        Check(
            "activity_not_reported", "warning", "activities",
            "An activity under way of which nothing was reported to the last Consultation.",
            "Periodic reporting on the status of implementation.", "POST", "/v1/report-lines",
            f"""select a.id, a.country, '', c.day, {_NAMED} || ' was not reported to Consultation ' || c.number || '.',
              json_build_object('activity', json_build_object('id', a.id), 'response', 'reported', 'status', a.status)
            from {activities} a cross join (select id, number, coalesce(end_date, start_date) as day
              from consultations where coalesce(end_date, start_date) <= today() order by 3 desc limit 1) c
            where a.origin = 'member' and a.status in ('planned', 'ongoing') and a.created_at::date <= c.day
              and not exists (select from report_lines l join progress_reports r on r.id = l.report_id
                where l.activity_id = a.id and r.consultation_id = c.id and l.response <> 'not_reported')""",
        ),
        Check(
            "country_without_focal_point", "warning", "countries",
            "A State of the plan without a valid office for what the plan asks a contact for.",
            "Goal 5: a list of focal points of arbitration and mediation bodies; goal 6: points of contact for "
            "criminal cooperation.", "POST", "/v1/focal-points",
            f"""select k.id, k.code, asked.purpose, coalesce(greatest(k.asean_member_since, p.adopted_on), p.adopted_on,
                k.created_at::date),
              k.name || ' names no office for ' || replace(asked.purpose, '_', ' ') || ' (goal ' || asked.goal || ').',
              json_build_object('country', k.code, 'purposes', json_build_array(asked.purpose),
                'office', json_build_object('name', '…'))
            from parties_on(today()) k cross join {_ASKED_FOR} left join plans p on true
            where not exists (select from focal_points f where f.country = k.code and asked.purpose = any(f.purposes)
              and coalesce(f.valid_from, '-infinity') <= today() and coalesce(f.valid_until, 'infinity') >= today()
              and not f.bounced)""",
        ),
        Check(
            "focal_point_not_fresh", "warning", "focal-points",
            "An office whose entry nobody has confirmed within its term.",
            "A list of focal points is of use as long as it is right.", "PATCH", "/v1/focal-points/{id}",
            f"""select f.id, f.country, '', coalesce(f.verified_at, f.created_at)::date,
              'The entry is ' || f.freshness || '.', json_build_object('verified_by', '…', 'verified_at', '…')
            from {focal_points} f where f.freshness in ('stale', 'bounced')
              and coalesce(f.valid_until, 'infinity') >= today()""",
        ),
        Check(
            "event_without_outcome", "warning", "events",
            "An event that has passed and of which no outcome is told.",
            "What came of it is what a report can say.", "PATCH", "/v1/events/{id}",
            """select e.id, e.country, '', coalesce(e.end_date, e.start_date),
              '“' || left(e.title, 120) || '” has passed; its outcome is not told.', json_build_object('outcome', '…')
            from events e where coalesce(e.end_date, e.start_date) < today() and e.outcome is null
              and e.status not in ('cancelled', 'postponed', 'suspended')
              and e.start_date >= coalesce((select adopted_on from plans), '-infinity')""",
        ),
        Check(
            "activity_without_lead", "warning", "activities", "A member's activity that nobody leads.",
            "Who leads reports the status.", "PATCH", "/v1/activities/{id}",
            f"""select a.id, a.countries[1], '', a.created_at::date, {_NAMED} || ' has no lead.',
              json_build_object('lead', json_build_object('code', '…'))
            from {activities} a where a.origin = 'member' and a.lead_id is null and a.status <> 'cancelled'""",
        ),
        Check(
            "activity_without_funding", "info", "activities", "An activity ahead or under way that names no funding.",
            "Efforts to obtain necessary funding.", "PATCH", "/v1/activities/{id}",
            f"""select a.id, a.country, '', a.created_at::date, {_NAMED} || ' names no funding.',
              json_build_object('funding', json_build_array(json_build_object('source', '…')))
            from {activities} a where a.origin = 'member' and a.status in ('planned', 'ongoing')
              and a.funding = '[]'""",
        ),
        Check(
            "activity_without_event", "info", "activities", "An activity under way under which nothing takes place.",
            "Activities are carried out in events.", "POST", "/v1/events",
            f"""select a.id, a.country, '', coalesce(a.start_date, a.created_at::date), {_NAMED} || ' has no event.',
              json_build_object('title', '…', 'kind', 'seminar', 'start_date', '…',
                'activities', json_build_array(json_build_object('id', a.id, 'link', 'assigned')))
            from {activities} a where a.status = 'ongoing'
              and not exists (select from event_activities l where l.activity_id = a.id)""",
        ),
        Check(
            "event_without_goal", "info", "events", "An event that serves no goal and no activity.",
            "What takes place under the plan serves its goals.", "PATCH", "/v1/events/{id}",
            """select e.id, e.country, '', e.created_at::date, '“' || left(e.title, 120) || '” serves no goal.',
              json_build_object('goals', json_build_array(json_build_object('number', 1, 'link', 'assigned')))
            from events e where e.goals = '[]' and e.activities = '[]'""",
        ),
    )  # fmt: skip
