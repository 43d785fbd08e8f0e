"""What has changed from one status report to another, activity by activity, as SQL: rows out, in their order."""

from dataclasses import dataclass
from functools import cache
from typing import Self

from app.db import Compiled

CHANGES = ("moved", "stalled", "slipped", "newly_added", "dropped", "redated", "newly_reporting")

_TOLD = "exists (select from json_array_elements(a.lines) l where l ->> 'response' = 'reported')"


@dataclass(frozen=True)
class Side:
    """A report that is compared, as relations."""

    activities: str
    """Rows of goal, id, code, title, href, status, start_date, end_date, whether somebody has `told` of it, place."""
    reporters: str
    """Rows of country, organisation, whether the report is `taken`, place."""
    about: str
    """One row: what is `said` of the Consultation, and the `day` on which it is."""

    @classmethod
    def frozen(cls, source: str, *, told: str = _TOLD) -> Self:
        """Of a relation whose `said` is a frozen report, as JSON. Whether somebody has `told` is asked of the later one
        alone, and costs.
        """
        # `offset 0`: a goal may have a megabyte, which is looked into once, not for each of its activities
        activity = "id text, code text, title text, href text, status text, start_date text, end_date text, lines json"
        return cls(
            f"""(select g.number as goal, a.id, a.code, a.title, a.href, a.status, a.start_date, a.end_date,
    {told} as told, g.place * 1000000 + a.place as place
  from {source} f cross join lateral (
      select (g.said ->> 'number')::int as number, g.said -> 'activities' as activities, g.place
      from json_array_elements(f.said -> 'goals') with ordinality g(said, place) offset 0) g,
    rows from (json_to_recordset(g.activities) as ({activity}))
      with ordinality a(id, code, title, href, status, start_date, end_date, lines, place))""",
            f"""(select r.said ->> 'country' as country, r.said ->> 'organisation' as organisation,
    r.said ->> 'state' in ('accepted', 'frozen') as taken, r.place
  from {source} f, json_array_elements(f.said -> 'reports') with ordinality r(said, place))""",
            f"(select said -> 'consultation' as said, (said ->> 'membership_on')::date as day from {source} f)",
        )


_NAMED = "goal, id, code, title, href"
_TODAY = "(select day::text from now_about)"
_COUNTS = ", ".join(f"'{name}', count(*) filter (where change = '{name}')" for name in CHANGES)


def changes(was: Side, now: Side) -> str:
    """Expressions of a `with`, of which `changed` has the pieces: none if there is no earlier report.

    All is read from one full join: it can only be hashed or merged, however wrong the planner guesses what JSON holds.
    """
    return f"""was as materialized {was.activities},
now_is as materialized {now.activities},
was_about as {was.about},
now_about as {now.about},
pairs as materialized (
  select id, coalesce(n.goal, o.goal) as goal, case when n.id is null then o.code else n.code end as code,
    coalesce(n.title, o.title) as title, coalesce(n.href, o.href) as href, coalesce(n.status, o.status) as status,
    n.start_date, n.end_date, n.told, coalesce(n.place, o.place) as place, n.id is not null as is_there,
    o.id is not null as was_there, n.id is not null and o.id is not null as stayed,
    n.status not in ('implemented', 'cancelled') as going,
    o.status as status_was, o.start_date as start_was, o.end_date as end_was
  from was o full join now_is n using (id)),
found as materialized (
  {_each("moved", 'status_was as "from", status as "to"', "stayed and status <> status_was")}
  union all {_each("stalled", "status", "stayed and status = status_was and going and not told")}
  union all {_each("slipped", "status, end_date", f"stayed and going and end_date < {_TODAY}")}
  union all {_each("newly_added", "status", "not was_there")}
  union all {_each("dropped", "status", "not is_there")}
  union all select 'redated', place, left(row_to_json(x)::text, -1) || {_redated("start")} || {_redated("end")} || '}}'
    from pairs b cross join lateral (select {", ".join(f"b.{name}" for name in _NAMED.split(", "))}) x
    where stayed and (b.start_was, b.end_was) is distinct from (b.start_date, b.end_date)
  union all select 'newly_reporting', n.place, row_to_json(x)::text
    from {now.reporters} n cross join lateral (select n.country, n.organisation) x
    where n.taken and coalesce(n.country, n.organisation) not in (
      select coalesce(country, organisation) from {was.reporters} w where taken)),
changed as (
  select 'difference' as piece, json_build_object('from', (select said from was_about),
    'to', (select said from now_about), 'counts', json_build_object({_COUNTS}))::text as said
    from found where exists (select from was_about) having exists (select from was_about)
  union all (select f.change, f.said from found f where exists (select from was_about)
    order by array_position(array{list(CHANGES)}, f.change), f.place))"""


def _each(change: str, more: str, condition: str) -> str:
    said = f"(select row_to_json(x) from (select {_NAMED}, {more}) x)::text as said"
    return f"select '{change}' as change, place, {said} from pairs where {condition}"


def _redated(name: str) -> str:
    return f"""case when b.{name}_was is distinct from b.{name}_date
      then ',"{name}_date":' || json_build_object('from', b.{name}_was, 'to', b.{name}_date) else '' end"""


@cache
def _statement(was: Side, now: Side, sources: str) -> Compiled:
    return Compiled(
        f"with {sources}{changes(was, now)} select piece, said from changed", ("since", "number"), {}
    )


def comparison(was: Side | None, now: Side | None) -> Compiled:
    """$1: number of the earlier Consultation, $2: of the later one. A side that is not given is its frozen report."""
    frozen = "select f.content::json as said from frozen_reports f join consultations c on c.id = f.consultation_id"
    sources = "".join(
        f"{name} as materialized ({frozen} where c.number = {number}), "
        for name, number, side in (("frozen_was", "$1", was), ("frozen_now", "$2", now))
        if side is None
    )
    return _statement(
        was or Side.frozen("frozen_was", told="null"), now or Side.frozen("frozen_now"), sources
    )
