"""Why an activity has the status that it has: what was reported and by whom, what dates and events say, and where
the two part.
"""

from functools import cache

from sqlalchemy import select

from app.activities.queries import ACTIVITIES, derived_status, status_conflicts
from app.db import Compiled, written_out

REASONS = {
    "end_date_passed": "Its last day has passed.",
    "start_date_reached": "Its first day has come, its last day has not passed.",
    "event_held": "An event under it has begun since the plan was adopted.",
    "start_date_ahead": "Its first day lies ahead.",
    "event_ahead": "An event under it lies ahead.",
    "nothing_dated": "It has no date, and no event under it.",
}


@cache
def why_statement() -> Compiled:
    """$1: id of the activity. One row: the explanation as JSON text."""
    row = ACTIVITIES.table
    known = ("id", "status", "status_reported_on", "status_period", "start_date", "end_date")
    activity = select(
        *(row.c[name] for name in (*known, "status_reported_by_id")),
        derived_status(row).label("derived"),
        status_conflicts(row).label("conflicts"),
    )
    return Compiled(_SQL.replace("/* activity */", written_out(activity)), ("id",), {})


_SQL = """with a as (select * from (/* activity */) known where id = $1),
held as (select e.id, e.title, e.status, e.start_date, e.end_date from a
  join event_activities l on l.activity_id = a.id join events e on e.id = l.event_id
  where e.status not in ('cancelled', 'postponed', 'suspended')
    and e.start_date >= coalesce((select adopted_on from plans), '-infinity')),
because as (select case when a.end_date < today() then 'end_date_passed'
    when a.start_date <= today() then 'start_date_reached'
    when exists (select from held where start_date <= today()) then 'event_held'
    when a.start_date > today() then 'start_date_ahead'
    when exists (select from held where start_date > today()) then 'event_ahead'
    else 'nothing_dated' end as word from a)
select json_build_object('id', a.id, 'href', '/v1/activities/' || a.id,
  'status', a.status, 'status_reported_by', o.code, 'status_reported_on', a.status_reported_on,
  'status_period', a.status_period, 'derived_status', a.derived, 'because', because.word, 'today', today(),
  'start_date', a.start_date, 'end_date', a.end_date, 'conflicts', a.conflicts,
  'events', (select coalesce(json_agg(json_build_object('id', h.id, 'title', h.title, 'status', h.status,
    'start_date', h.start_date, 'end_date', h.end_date, 'href', '/v1/events/' || h.id) order by h.start_date, h.id),
    '[]') from (select * from held order by start_date limit 100) h),
  'reported', (select coalesce(json_agg(json_build_object('consultation', c.number, 'country', r.country,
    'organisation', b.code, 'state', r.state, 'response', l.response, 'status', l.status,
    'href', '/v1/report-lines/' || l.id) order by c.number desc, r.country, b.code), '[]')
    from report_lines l join progress_reports r on r.id = l.report_id
    join consultations c on c.id = r.consultation_id left join organisations b on b.id = r.organisation_id
    where l.activity_id = a.id))::text as report
from a cross join because left join organisations o on o.id = a.status_reported_by_id"""
