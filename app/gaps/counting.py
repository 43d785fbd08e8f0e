"""Gaps as SQL: all checks side by side, beside what was dismissed."""

from functools import cache
from typing import Any

from app.db import Compiled
from app.gaps.checks import Check, checks

GAPS_MOST = 1000
_SUBJECT_ID = "'/' || f.subject_id"


def _one(check: Check) -> str:
    return f"""select '{check.name}' as "check", '{check.severity}' as severity, f.*,
      '{check.name}:' || f.subject_id || case when f.detail = '' then '' else ':' || f.detail end as id,
      '{check.subject}' as kind, '{check.method}' as method,
      replace('{check.path}', '{{id}}', f.subject_id::text) as path
    from ({check.sql}) f(subject_id, country, detail, since, why, fix)"""


@cache
def all_gaps() -> str:
    """Every gap, dismissed or not."""
    return f"""(select g.*, d.reason as dismissed_reason, d.until as dismissed_until, d.until >= today() as dismissed
    from ({" union all ".join(_one(check) for check in checks())}) g
    left join gap_dismissals d on d.gap = g.id and d.until >= today())"""


JSON = """json_build_object('id', g.id, 'check', g."check", 'severity', g.severity,
  'subject', json_build_object('kind', g.kind, 'id', g.subject_id, 'href', '/v1/' || g.kind || '/' || g.subject_id),
  'country', g.country, 'owner', coalesce(g.country, 'secretariat'), 'since', g.since,
  'days', greatest(today() - g.since, 0), 'why', g.why,
  'fix', json_build_object('method', g.method, 'path', g.path, 'example', g.fix),
  'dismissed', case when g.dismissed then json_build_object('reason', g.dismissed_reason,
    'until', g.dismissed_until) end)"""


@cache
def page_of_gaps() -> Compiled:
    """$1 checks, $2 countries, $3 severities (null: any), $4 least age in days, $5 dismissed or null for both,
    $6 id to go on behind, $7 how many. In the order of their ids.
    """
    sql = f"""select g.id, {JSON}::text as j from {all_gaps()} g
    where ($1::text[] is null or g."check" = any($1)) and ($2::text[] is null or g.country = any($2))
      and ($3::text[] is null or g.severity = any($3)) and today() - g.since >= $4::int
      and ($5::boolean is null or coalesce(g.dismissed, false) = $5) and g.id > $6::text
    order by g.id limit $7::int"""
    return Compiled(sql, ("checks", "countries", "severities", "age", "dismissed", "after", "limit"), {})


@cache
def counts(gaps: str = "") -> Compiled:
    """How many gaps of each check are open, and how many dismissed; `gaps` is a relation of all of them, if any."""
    sql = f"""select g."check", count(*) filter (where g.dismissed is not true) as open,
      count(*) filter (where g.dismissed) as dismissed from {gaps or all_gaps()} g group by 1"""
    return Compiled(sql, (), {})


@cache
def grave_gaps(gaps: str) -> Compiled:
    """What a report has to say of gaps, from a relation that has all of them: each that is `critical`, then what was
    `dismissed` of any gravity.
    """
    sql = f"""select case when g.dismissed then 'dismissed' else 'critical' end as standing, {JSON}::text as j
    from {gaps} g where g.severity = 'critical' or g.dismissed order by coalesce(g.dismissed, false), g.id"""
    return Compiled(sql, (), {})


@cache
def one_gap() -> Compiled:
    """$1: id of the gap."""
    sql = f"select {JSON}::text as j from {all_gaps()} g where g.id = $1"
    return Compiled(sql, ("id",), {})


def catalogue(found: dict[str, Any]) -> list[dict[str, Any]]:
    """Every check, with its gaps counted."""
    return [
        {
            "name": check.name,
            "severity": check.severity,
            "subject": check.subject,
            "about": check.about,
            "source": check.source,
            "open": found.get(check.name, (0, 0))[0],
            "dismissed": found.get(check.name, (0, 0))[1],
            "href": f"/v1/gaps?check={check.name}",
        }
        for check in checks()
    ]
