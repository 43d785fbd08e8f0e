"""Money as SQL: one row for each entry of an activity or an event, and sums of those that have one currency."""

from functools import cache
from urllib.parse import urlencode

from app.db import Compiled

ENTRIES_MOST = 1000

ENTRIES = """select 'activities' as part, a.id, a.code, a.title, a.status, a.start_date, a.end_date,
    array[g.number::int] as goals, f.place::int as place, f.said
  from activities a join goals g on g.id = a.goal_id, jsonb_array_elements(a.funding) with ordinality f(said, place)
  where a.funding <> '[]'
  union all select 'events', e.id, null, e.title, e.status, e.start_date, e.end_date,
    array(select (link ->> 'number')::int from jsonb_array_elements(e.goals) link order by 1), f.place::int, f.said
  from events e, jsonb_array_elements(e.funding) with ordinality f(said, place) where e.funding <> '[]'"""
"""Every entry that the caller may see, of a part of the record: the activities, or the events."""
TOTALS = """sum((m.said ->> 'amount')::numeric)::text as amount, count(*) as entries,
    count(*) filter (where m.said ->> 'amount' is null) as without_amount"""
"""What is said of entries together. What is summed has one currency, or no amount."""

_ASKED = """($1::text is null or m.part = $1)
  and ($2::text[] is null or coalesce(m.said ->> 'currency', 'none') = any($2))
  and ($3::text[] is null or coalesce(m.said ->> 'commitment', 'none') = any($3))
  and ($4::text is null or m.said ->> 'source' = $4) and ($5::int is null or $5 = any(m.goals))
  and ($6::date is null or coalesce(m.end_date, m.start_date) >= $6) and ($7::date is null or m.start_date <= $7)"""
_NAMES = ("part", "currencies", "commitments", "source", "goal", "since", "until")


@cache
def page_of_entries() -> Compiled:
    """Entries in the order of their part, record and place, behind the one that the cursor names."""
    sql = f"""select m.part || ':' || m.id || ':' || m.place as id, json_build_object(
      'part', m.part, 'id', m.id, 'code', m.code, 'title', m.title, 'status', m.status, 'goals', m.goals,
      'source', m.said ->> 'source', 'implementer', m.said ->> 'implementer', 'commitment', m.said ->> 'commitment',
      'amount', m.said ->> 'amount', 'currency', m.said ->> 'currency', 'note', m.said ->> 'note',
      'href', '/v1/' || m.part || '/' || m.id)::text as j
    from ({ENTRIES}) m where {_ASKED}
      and ($8::text is null or (m.part, m.id, m.place) > ($8::text, $9::uuid, $10::int))
    order by m.part, m.id, m.place limit $11::int"""  # noqa: S608  (words of our own)
    return Compiled(sql, (*_NAMES, "after_part", "after_id", "after_place", "limit"), {})


@cache
def totals() -> Compiled:
    """Sums by part, currency, source and commitment; and by part and currency alone (`source` is null)."""
    sql = f"""select m.part, m.said ->> 'currency' as currency, m.said ->> 'source' as source,
      m.said ->> 'commitment' as commitment, grouping(m.said ->> 'source') = 1 as whole, {TOTALS}
    from ({ENTRIES}) m where {_ASKED}
    group by grouping sets ((1, 2, 3, 4), (1, 2)) order by 1, 2, 3, 4"""  # noqa: S608  (words of our own)
    return Compiled(sql, _NAMES, {})


def entries_at(part: str, currency: str | None, **more: str | None) -> str:
    """The address of entries: what is None or empty is not asked for."""
    asked = {
        "part": part,
        "currency": currency or "none",
        **{name: said for name, said in more.items() if said},
    }
    return f"/v1/funding?{urlencode(asked)}"
