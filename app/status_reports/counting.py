"""The status report as one SQL statement: every number is counted from rows, and names the list of these rows.

It comes as rows, so that nobody has to hold the whole of it: a row is a piece of the report (`PARTS`), in its order.

What counts: lines of accepted and frozen progress reports, and the activities that everybody may see and no amendment
has retired. Formulas are printed in the report itself (`method`). 0 of 0 is null, never 100 %.
"""

from collections.abc import Callable
from functools import cache

from sqlalchemy import select

from app.activities.queries import ACTIVITIES, derived_status, status_conflict
from app.db import Compiled, written_out
from app.funding.counting import ENTRIES, TOTALS
from app.gaps.counting import all_gaps, counts, grave_gaps
from app.status_reports.comparing import CHANGES, Side, changes

WORDS = ("proposed", "planned", "ongoing", "implemented", "suspended", "cancelled")
METHOD = {
    "rate": "Activities reported as implemented or ongoing, of all that are neither cancelled nor not applicable. "
    "Null if there are none.",
    "not_applicable": "Activities of which every reporter says so; they are left out of the rate, and listed.",
    "not_reported": "Of the activities that concern a country (those of the plan, those that name it, those that it "
    "leads): the ones on which its accepted report has no line, or a line that says so.",
    "members": "The members of ASEAN on the day that the report names (`membership_on`), and Japan.",
    "reported_status": "As the lead of the activity last reported it.",
    "derived_status": "As dates and events have it on the day of the report.",
    "funding": "Money as given, of all activities and of the events of the period. Nothing is converted, and money of "
    "events is not added to that of activities: it may be the same.",
}


PARTS = {
    "head": ("head",), "goals": ("goal", "activity"), "matrix": ("matrix",), "events": ("event",), "money": ("money",),
    "gaps": ("gaps", "critical", "dismissed"), "difference": ("difference", *CHANGES),
}  # fmt: skip
"""What a report has, in its order, and the pieces of each."""


@cache
def report_statement(parts: tuple[str, ...] = tuple(PARTS)) -> Compiled:
    """$1: number of the Consultation. Rows of the name of a piece and its JSON, for these parts alone.

    Each `goal` is followed by its `activity` pieces. The sums of `money` are yet to be given their addresses. Of the
    difference there is nothing unless there is an earlier frozen report.
    """
    chosen = "\nunion all\n".join(_PIECES[part]() for part in parts)
    compared = f", {_difference()}" if "difference" in parts else ""
    return Compiled(f"with {counted()}{compared}\n{chosen}", ("number",), {})


def statement_of(pieces: tuple[str, ...]) -> Compiled:
    """The same for the parts that have one of these pieces."""
    return report_statement(tuple(part for part, has in PARTS.items() if set(has) & set(pieces)))


@cache
def counted(number: str = "$1") -> str:
    """What is counted, as the expressions of a `with`."""
    row = ACTIVITIES.table
    known = (
        "id",
        "code",
        "title",
        "origin",
        "goal_id",
        "lead_id",
        "countries",
        "start_date",
        "end_date",
    )
    activities = select(
        *(row.c[name] for name in (*known, "status")),
        derived_status(row).label("derived_status"),
        status_conflict(row).label("status_conflict"),
    ).where(row.c.retired_on.is_(None))
    return (
        _COUNTED.replace("/* activities */", written_out(activities))
        .replace("/* gaps */", all_gaps())
        .replace("$1", number)
    )


def live_side(number: str) -> Side:
    """The report of a Consultation as it stands, as a side of a comparison."""
    return Side(
        f"(with {counted(number)} {_ACTIVITIES_NOW})",
        f"(with {counted(number)} {_REPORTERS_NOW})",
        f"(with {counted(number)} select {_CONSULTATION} as said, c.day from consultation c)",
    )


def _difference() -> str:
    """The same as expressions beside what is counted, against the last report that was frozen before."""
    before = f"""before as materialized (select f.content::json as said from frozen_reports f
  join consultations b on b.id = f.consultation_id, consultation c
  where b.number < c.number and f.frozen_at <= {_AS_OF} order by b.number desc limit 1)"""
    now = Side(
        f"({_ACTIVITIES_NOW})",
        f"({_REPORTERS_NOW})",
        f"(select {_CONSULTATION} as said, c.day from consultation c)",
    )
    return f"{before}, {changes(Side.frozen('before', told='null'), now)}"


def _by_word(word_of: str, source: str, href: str) -> str:
    """JSON list of the number of rows by status, with the list behind each."""
    words = ", ".join(f"({place}, '{word}')" for place, word in enumerate(WORDS))
    return f"""(select json_agg(json_build_object('status', w.word, 'count', coalesce(n.count, 0),
      'href', {href} || w.word) order by w.place)
    from (values {words}) w(place, word)
    left join (select {word_of} as word, count(*) from {source} group by 1) n using (word))"""


_RATE = """json_build_object('counted', count(*) filter (where s.counted),
    'reached', count(*) filter (where s.counted and s.status in ('implemented', 'ongoing')),
    'percent', round(100.0 * count(*) filter (where s.counted and s.status in ('implemented', 'ongoing'))
      / nullif(count(*) filter (where s.counted), 0), 1))"""

_AS_OF = "coalesce(nullif(current_setting('register.as_of', true), '')::timestamptz, now())"
_ACTIVITIES_NOW = """select goal, id::text as id, code, title, '/v1/activities/' || id as href, status,
    start_date::text as start_date, end_date::text as end_date, told,
    row_number() over (order by goal, origin desc, code, id) as place from scored"""
_REPORTERS_NOW = """select country, organisation, state in ('accepted', 'frozen') as taken,
    row_number() over (order by country, organisation) as place from reporters"""
_CONSULTATION = """json_build_object('number', c.number, 'title', c.title, 'start_date', c.start_date,
    'end_date', c.end_date, 'period_start', c.period_start, 'period_end', c.period_end,
    'href', '/v1/consultations/' || c.number)"""

_COUNTED = f"""head as (select position,
    coalesce(nullif(current_setting('register.as_of', true), '')::timestamptz, at) as at from journal_head),
consultation as (select c.*, consultation_day(c.end_date, c.start_date, c.period_end) as day
  from consultations c where c.number = $1),
members as (select k.code, k.name, k.side from consultation c, parties_on(c.day) k),
reports as (select r.id, r.country, o.code as organisation, r.state, r.state_since, r.overview
  from progress_reports r join consultation c on c.id = r.consultation_id
  left join organisations o on o.id = r.organisation_id),
lines as materialized (select l.*, r.organisation from report_lines l join reports r on r.id = l.report_id
  where r.state in ('accepted', 'frozen')),
said as (select activity_id, bool_and(response = 'not_applicable') as not_applicable,
    bool_or(response = 'reported') as told,
    json_agg(json_build_object('country', country, 'organisation', organisation, 'response', response,
      'status', status, 'narrative', narrative, 'results', results, 'participants', participants,
      'obstacles', obstacles, 'next_steps', next_steps, 'funding', funding, 'href', '/v1/report-lines/' || id)
      order by country, organisation) as lines
  from lines group by activity_id),
scored as materialized (select a.*, g.number as goal, o.code as lead, o.country as lead_country, said.lines,
    coalesce(said.told, false) as told,
    coalesce(said.not_applicable, false) as not_applicable,
    a.status <> 'cancelled' and not coalesce(said.not_applicable, false) as counted
  from (/* activities */) a join goals g on g.id = a.goal_id
  left join organisations o on o.id = a.lead_id left join said on said.activity_id = a.id),
concerned as (select s.id, s.goal, m.code as country from scored s join members m
  on s.origin = 'plan' or m.code = any(s.countries) or m.code = s.lead_country),
cells as (select k.goal, k.country, count(*) as activities,
    count(*) filter (where l.response = 'reported') as reported,
    count(*) filter (where l.response = 'nothing_to_report') as nothing_to_report,
    count(*) filter (where l.response = 'not_applicable') as not_applicable,
    count(*) filter (where coalesce(l.response, 'not_reported') = 'not_reported') as not_reported,
    {", ".join(f"count(*) filter (where l.status = '{word}') as {word}" for word in WORDS)}
  from concerned k left join lines l on l.activity_id = k.id and l.country = k.country group by 1, 2),
reporters as (
  select m.code as country, null as organisation, m.name, r.id, coalesce(r.state, 'missing') as state, r.state_since,
    r.overview from members m left join reports r on r.country = m.code
  union all select r.country, r.organisation, null, r.id, r.state, r.state_since, r.overview from reports r
    where r.country is null or not exists (select from members m where m.code = r.country)),
held as (select e.id, e.title, e.kind, e.status, e.start_date, e.end_date, e.country,
    array(select (link ->> 'number')::int from jsonb_array_elements(e.goals) link order by 1) as goals
  from events e, consultation c
  where e.start_date <= coalesce(c.period_end, c.day) and coalesce(e.end_date, e.start_date) >= c.period_start),
gaps as materialized (select g.* from /* gaps */ g),
money as materialized (select m.* from ({
    ENTRIES
}) m where m.part = 'activities' or m.id in (select id from held))"""

_HEAD = f"""select 'head' as piece, json_build_object(
  'consultation', {_CONSULTATION},
  'position', head.position, 'as_of', head.at, 'membership_on', c.day,
  'members', (select coalesce(json_agg(json_build_object('country', code, 'name', name, 'side', side)
    order by side, code), '[]') from members),
  'overall', (select json_build_object('activities', count(*), 'href', '/v1/activities', 'rate', {_RATE},
      'conflicts', json_build_object('count', count(*) filter (where s.status_conflict),
        'href', '/v1/activities?status_conflict=true')) from scored s),
  'by_status', {_by_word("status", "scored", "'/v1/activities?status='")},
  'by_derived_status', {_by_word("derived_status", "scored", "'/v1/activities?derived_status='")},
  'not_applicable', (select coalesce(json_agg(json_build_object('id', id, 'code', code, 'title', title,
      'href', '/v1/activities/' || id) order by goal, code, id), '[]') from scored where not_applicable),
  'reports', (select coalesce(json_agg(json_build_object('country', p.country, 'organisation', p.organisation,
      'name', p.name, 'state', p.state, 'state_since', p.state_since,
      'overview', case when p.state in ('accepted', 'frozen') then p.overview end,
      'lines', json_build_object('reported', coalesce(n.reported, 0),
        'nothing_to_report', coalesce(n.nothing_to_report, 0), 'not_applicable', coalesce(n.not_applicable, 0),
        'not_reported', coalesce(n.not_reported, 0)),
      'href', case when p.id is not null then '/v1/report-lines?report.id=' || p.id end)
      order by p.country, p.organisation), '[]')
    from reporters p left join (select country, sum(reported) as reported, sum(nothing_to_report) as nothing_to_report,
      sum(not_applicable) as not_applicable, sum(not_reported) as not_reported from cells group by 1) n
      on n.country = p.country))::text as said
from head, consultation c"""

_GOALS = f"""select x.piece, x.said
from (select g.* from goals g, consultation
  where g.retired_on is null or exists (select from scored s where s.goal = g.number) order by g.number) g
cross join lateral (
  select 'goal' as piece, json_build_object('number', g.number, 'title', g.title,
      'rate', (select {_RATE} from scored s where s.goal = g.number),
      'by_status', {
    _by_word(
        "s.status",
        "(select * from scored where goal = g.number) s",
        "'/v1/activities?goal.number=' || g.number || '&status='",
    )
})::text as said
  union all
  (select 'activity', json_build_object('id', s.id, 'code', s.code, 'title', s.title,
          'origin', s.origin, 'lead', s.lead, 'countries', s.countries, 'start_date', s.start_date,
          'end_date', s.end_date, 'status', s.status, 'derived_status', s.derived_status,
          'status_conflict', s.status_conflict, 'lines', coalesce(s.lines, '[]'),
          'href', '/v1/activities/' || s.id)::text
    from scored s where s.goal = g.number order by s.origin desc, s.code, s.id)) x"""

_MATRIX = f"""select 'matrix' as piece, (select coalesce(json_agg(json_build_object(
      'goal', k.goal, 'country', k.country, 'activities', k.activities, 'reported', k.reported,
      'nothing_to_report', k.nothing_to_report, 'not_applicable', k.not_applicable, 'not_reported', k.not_reported,
      'statuses', json_build_object({", ".join(f"'{word}', k.{word}" for word in WORDS)}),
      'href', '/v1/report-lines?activity.goal.number=' || k.goal || '&report.country=' || k.country
        || '&report.consultation.number=' || c.number) order by k.goal, k.country), '[]') from cells k)::text as said
from consultation c"""

_EVENTS = """(select 'event' as piece, row_to_json(e)::text as said
  from (select held.*, '/v1/events/' || id as href from held) e order by e.start_date, e.id)"""

_MONEY = f"""select 'money' as piece, json_build_object('period_start', c.period_start,
  'period_end', coalesce(c.period_end, c.day),
  'funding_by_currency', (select coalesce(json_agg(to_json(t) order by t.part, t.currency), '[]') from (
    select m.part, m.said ->> 'currency' as currency, {TOTALS} from money m group by 1, 2) t),
  'funding', (select coalesce(json_agg(to_json(t) order by t.part, t.currency, t.source, t.commitment), '[]') from (
    select m.part, m.said ->> 'currency' as currency, m.said ->> 'source' as source,
      m.said ->> 'commitment' as commitment, {TOTALS} from money m group by 1, 2, 3, 4) t)
)::text as said
from consultation c"""


def _gaps() -> str:
    return f"""select 'gaps', coalesce(json_object_agg(n."check", json_build_array(n.open, n.dismissed)), '{{}}')::text
from ({counts("gaps").sql}) n
union all ({grave_gaps("gaps").sql})"""


_PIECES: dict[str, Callable[[], str]] = {
    "head": lambda: _HEAD, "goals": lambda: _GOALS, "matrix": lambda: _MATRIX, "events": lambda: _EVENTS,
    "money": lambda: _MONEY, "gaps": _gaps, "difference": lambda: "select piece, said from changed",
}  # fmt: skip
