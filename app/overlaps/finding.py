"""Overlaps as SQL: which records are compared, and what speaks for it that two are about the same thing.

Comparing every record with every other would take hours in a large register. The list compares those whose titles
share an uncommon word, or are the same; of one record, all are asked whose titles share any word with it. Dates that
lie apart by more than a month tell two records apart, and so do numbers in their titles: a series does not overlap with
itself.
"""

from functools import cache

from app.db import Compiled

OVERLAPS_MOST = 1000
WEIGHED_MOST = 1000
"""Pairs that are weighed: those with the most similar titles."""
_UNCOMMON = 50
"""A word in the titles of more records than this says little of any of them."""
_ALIKE = 0.3
"""Titles less similar than this are about different things."""
_NUMBERS = "regexp_replace({}, '[^0-9]+', ' ', 'g')"
_ONE_SERIES = f"a ~ '[0-9]' and b ~ '[0-9]' and {_NUMBERS.format('a')} <> {_NUMBERS.format('b')}"
"""The second and the third of a series are alike, and not the same."""
_NEAR = 31
"""Days between two records that may still be one: a date that was moved, or mistyped."""
_HELD = 0.8
"""Similarity of a title to what it was when somebody decided, down to which the verdict holds."""

KINDS = ("activities", "events", "framework-items")
WEIGHTS = {"title": 6, "dates": 2, "place": 1, "countries": 1, "organisations": 1, "goals": 1}
"""How much each thing says. What is not known of both records says nothing, and does not lower the score."""

_ENDS = "case when start_date is not null then coalesce(end_date, {}) end"
_EVENT_ENDS = _ENDS.format(
    "case date_precision when 'month' then start_date + 30 when 'year' then start_date + 365 else start_date end"
)
_RECORDS = f"""(
  select id, title, start_date as first, {_ENDS.format("'infinity'")} as last
    from activities where status <> 'cancelled'
  union all select id, title, start_date, {_EVENT_ENDS} from events where status <> 'cancelled'
  union all select id, title, start_date, {_ENDS.format("'infinity'")} from framework_items)"""


def _each_once(names: str) -> str:
    return f"array(select distinct name from unnest({names}) name where name is not null)"


_BESIDE = "array(select p ->> 'code' from jsonb_array_elements(a.partners || a.consulted_bodies) p)"
_KNOWN = f"""(
  select a.id, 'activities' as kind, a.code, a.title, a.start_date as first, {_ENDS.format("'infinity'")} as last,
    a.start_date, a.end_date, null as city, null as country, a.parent_id as parent,
    {_each_once("a.countries || o.country")} as countries, {_each_once(f"o.code || {_BESIDE}")} as organisations,
    array[g.number::int] as goals
  from wanted join activities a using (id) join goals g on g.id = a.goal_id
  left join organisations o on o.id = a.lead_id
  union all
  select e.id, 'events', null, e.title, e.start_date, {_EVENT_ENDS}, e.start_date, e.end_date, e.city, e.country, null,
    {_each_once("e.countries || e.country")},
    array(select distinct o ->> 'code' from jsonb_array_elements(e.organisations) o),
    array(select (g ->> 'number')::int from jsonb_array_elements(e.goals) g)
  from wanted join events e using (id)
  union all
  select f.id, 'framework-items', null, f.title, f.start_date, {_ENDS.format("'infinity'")}, f.start_date, f.end_date,
    null, null, null, f.countries, array_remove(array[o.code], null),
    array(select (g ->> 'number')::int from jsonb_array_elements(f.goals) g)
  from wanted join framework_items f using (id) left join organisations o on o.id = f.body_id)"""


def _apart(a: str, b: str) -> str:
    """That dates tell two records apart; null if they are not known."""
    first, last = "{}.first", "{}.last"
    return (
        f"({first.format(a)} > {last.format(b)} + {_NEAR} or {first.format(b)} > {last.format(a)} + {_NEAR})"
    )


_EVERYWHERE = f"""words as (
  select id, first, last, hashtext(word) as word
  from (select id, first, last, unnest(string_to_array(lower(title), ' ') || lower(title)) as word
    from {_RECORDS} r) w
  where length(word) > 3),
blocks as (select array_agg(id) as ids, array_agg(first) as firsts, array_agg(last) as lasts from words
  group by word having count(*) between 2 and {_UNCOMMON}),
near as materialized (
  select distinct least(ids[i], ids[j]) as one, greatest(ids[i], ids[j]) as other
  from blocks, generate_series(1, cardinality(ids) - 1) i, generate_series(i + 1, cardinality(ids)) j
  where ids[i] <> ids[j]
    and (firsts[i] > lasts[j] + {_NEAR} or firsts[j] > lasts[i] + {_NEAR}) is not true)"""

_AMONG = f"""words as (
  select id, first, last, fresh, hashtext(word) as word
  from (select r.id, first, last, s.id is not null as fresh,
      unnest(string_to_array(lower(title), ' ') || lower(title)) as word
    from {_RECORDS} r left join unnest($1::uuid[]) s(id) on s.id = r.id) w
  where length(word) > 3),
blocks as (select array_agg(id) as ids, array_agg(first) as firsts, array_agg(last) as lasts, array_agg(fresh) as fresh
  from words group by word having count(*) between 2 and {_UNCOMMON} and bool_or(fresh)),
near as materialized (
  select distinct least(ids[i], ids[j]) as one, greatest(ids[i], ids[j]) as other
  from blocks, generate_series(1, cardinality(ids) - 1) i, generate_series(i + 1, cardinality(ids)) j
  where ids[i] <> ids[j] and (fresh[i] or fresh[j])
    and (firsts[i] > lasts[j] + {_NEAR} or firsts[j] > lasts[i] + {_NEAR}) is not true)"""

_AROUND = f"""subject as materialized (
  select *, array(select word from unnest(string_to_array(lower(title), ' ')) word where length(word) > 3) as words
  from {_RECORDS} r where id = any($1::uuid[])),
near as materialized (
  select distinct least(s.id, r.id) as one, greatest(s.id, r.id) as other from {_RECORDS} r, subject s
  where r.id <> s.id and {_apart("r", "s")} is not true
    and (strpos(r.title, ' ') = 0 or string_to_array(lower(r.title), ' ') && s.words))"""

_OF_PAIR = "near as materialized (select $1::uuid as one, $2::uuid as other)"


def _shared(name: str) -> str:
    """Which part of the smaller list is in both; null if one is empty."""
    return f"""(select count(*)::numeric from unnest(a.{name}) x where x = any(b.{name}))
    / nullif(least(cardinality(a.{name}), cardinality(b.{name})), 0)"""


_RECORD = """json_build_object('kind', {0}.kind, 'id', {0}.id, 'code', {0}.code, 'title', {0}.title,
      'start_date', {0}.start_date, 'end_date', {0}.end_date, 'href', '/v1/' || {0}.kind || '/' || {0}.id)"""
_KNOWN_OF = " + ".join(
    f"case when m.{name} is null then 0 else {weight} end" for name, weight in WEIGHTS.items()
)
_SCORE = " + ".join(f"{weight} * coalesce(m.{name}, 0)" for name, weight in WEIGHTS.items())
_COMPARED = f"""titled as materialized (select n.one, n.other, a.title as a, b.title as b from near n
  join {_RECORDS} a on a.id = n.one join {_RECORDS} b on b.id = n.other),
measured as materialized (select *, similarity(a, b) as title from titled),
similar_ones as (select * from measured where title >= {_ALIKE}
  order by title desc, one, other limit {5 * WEIGHED_MOST}),
alike as materialized ({{alike}}),
wanted as materialized (select one as id from alike union select other from alike),
known as materialized {_KNOWN},
weighed as materialized (
  select a.id || ':' || b.id as id, m.*, round(({_SCORE}) / ({_KNOWN_OF}), 2) as score,
    array[a.kind, b.kind] as kinds, a.countries || b.countries as all_countries, a.goals || b.goals as all_goals,
    {
    ", ".join(
        f"array(select x from unnest(a.{name}) x where x = any(b.{name}) order by 1) as same_{name}"
        for name in ("countries", "organisations", "goals")
    )
},
    a.city, a.country, json_build_array({_RECORD.format("a")}, {_RECORD.format("b")}) as records,
    d.id as verdict_id, d.verdict, d.reason, d.decided_by, d.updated_at as decided_at,
    similarity(fold(d.titles[1]), fold(a.title)) >= {_HELD}
      and similarity(fold(d.titles[2]), fold(b.title)) >= {_HELD} as holds
  from alike p join known a on a.id = p.one join known b on b.id = p.other
  cross join lateral (select
    similarity(fold(a.title), fold(b.title))::numeric as title,
    case when a.first <= b.last and b.first <= a.last then 1 when {_apart("a", "b")} then 0
      when not {_apart("a", "b")} then 0.5 end as dates,
    case when fold(a.city) = fold(b.city) and a.country is not distinct from b.country then 1
      when a.country = b.country then 0.5 when a.country <> b.country then 0 end as place,
    {_shared("countries")} as countries, {_shared("organisations")} as organisations,
    sign({_shared("goals")}) as goals offset 0) m
  left join overlap_verdicts d on d.overlap = a.id || ':' || b.id
  where a.parent is distinct from b.id and b.parent is distinct from a.id
    and not exists (select from event_activities l
      where (l.event_id, l.activity_id) in ((a.id, b.id), (b.id, a.id))))"""

JSON = """json_build_object('id', w.id, 'score', w.score, 'reasons',
  (select coalesce(json_agg(json_build_object('about', r.about, 'score', round(r.score, 2), 'why', r.why)
      order by r.weight * r.score desc, r.about), '[]')
    from (values
      ('title', 6, w.title, 'The titles are similar.'),
      ('dates', 2, w.dates, case when w.dates = 1 then 'They take place at the same time.'
        else 'They take place within a month of each other.' end),
      ('place', 1, w.place, 'Both are in ' || case when w.place = 1 then w.city else w.country end || '.'),
      ('countries', 1, w.countries, 'In both: ' || array_to_string(w.same_countries, ', ') || '.'),
      ('organisations', 1, w.organisations, 'In both: ' || array_to_string(w.same_organisations, ', ') || '.'),
      ('goals', 1, w.goals, 'Both serve goal ' || array_to_string(w.same_goals, ', ') || '.')
      ) r(about, weight, score, why) where r.score > 0),
  'records', w.records,
  'verdict', case when w.verdict_id is not null then json_build_object('verdict', w.verdict, 'reason', w.reason,
    'decided_by', w.decided_by, 'decided_at', w.decided_at, 'holds', coalesce(w.holds, false),
    'href', '/v1/overlap-verdicts/' || w.verdict_id) end,
  'fix', json_build_object('method', 'POST', 'path', '/v1/overlaps/' || w.id || '/decide',
    'example', json_build_object('verdict', 'distinct', 'reason', '…')))"""


_MOST_ALIKE = f"""select one, other from similar_ones where not ({_ONE_SERIES})
  order by title desc, one, other limit {WEIGHED_MOST}"""


def _statement(near: str, alike: str, condition: str, names: tuple[str, ...]) -> Compiled:
    sql = f"""with {near}, {_COMPARED.replace("{alike}", alike)}
    select w.id, w.score, {JSON}::text as j from weighed w where {condition}"""
    return Compiled(sql, names, {})


def _page(first: int) -> str:
    """$first kinds, then countries, goals (null: any), least score, verdicts, score and id to go on behind, limit."""
    kinds, countries, goals, least, verdicts, score, after, limit = (f"${n}" for n in range(first, first + 8))
    return f"""({kinds}::text[] is null or w.kinds && {kinds})
      and ({countries}::text[] is null or w.all_countries && {countries})
      and ({goals}::int[] is null or w.all_goals && {goals}) and w.score >= {least}::numeric
      and (w.goals is distinct from 0 or w.dates is not null)
      and case when w.holds then w.verdict else 'none' end = any({verdicts}::text[])
      and ({score}::numeric is null or (w.score, {after}::text) < ({score}, w.id))
    order by w.score desc, w.id limit {limit}::int"""


_FILTERS = ("kinds", "countries", "goals", "least", "verdicts", "score", "after", "limit")


@cache
def page_of_overlaps() -> Compiled:
    """Of the whole register, those that most likely are one first."""
    return _statement(_EVERYWHERE, _MOST_ALIKE, _page(1), _FILTERS)


@cache
def page_around() -> Compiled:
    """$1: ids of records that are compared with all others; then as above."""
    return _statement(_AROUND, _MOST_ALIKE, _page(2), ("subjects", *_FILTERS))


@cache
def page_among() -> Compiled:
    """$1: ids of many records, compared with all others by their uncommon words; then as above."""
    return _statement(_AMONG, _MOST_ALIKE, _page(2), ("subjects", *_FILTERS))


@cache
def one_overlap() -> Compiled:
    """$1, $2: ids of two records, the smaller one first; whatever their score is."""
    return _statement(_OF_PAIR, "select one, other from titled", "true", ("one", "other"))
