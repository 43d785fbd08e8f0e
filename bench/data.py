"""A synthetic record of realistic size. Every text says that it is generated.

Written set-wise: the triggers that mirror single writes rest meanwhile, and what they would have written is written by
the statements below; the journal's own trigger stays on. Indexes are made at the end.
"""

from typing import Any

import asyncpg

KNOWN, KNOWN_PREFIX = 500, "01900000-0000-7000-8000-"
"""The first events have ids that a load generator can make up."""
CHANGED = 250
"""So many of these are changed; the others are only read."""


def known(number: int) -> str:
    """The id of one of the first events."""
    return f"{KNOWN_PREFIX}{number:012d}"


_FIRST, _SECOND = (
    [
        "ba",
        "ko",
        "ru",
        "ti",
        "me",
        "sa",
        "lu",
        "no",
        "pi",
        "da",
        "ve",
        "go",
        "zu",
        "ha",
        "re",
        "ny",
        "mo",
        "ke",
        "fu",
        "li",
    ],
    ["dra", "ster", "vin", "mol", "tak", "pun", "gre", "lor", "shi", "bek"],
)
WORDS = [first + second + "nam" for second in _SECOND for first in _FIRST]
"""Different words of the titles. In a register of 200 000 events each stands in some sixty texts."""
COMMON_WORD = "rehabilitation"


_FRAME = """
insert into areas (number, title) select n, 'Generated area ' || n from generate_series(1, 4) n;
insert into goals (number, title, area_id)
select n, 'Generated goal ' || n, (select id from areas where number = 1 + (n - 1) / 2) from generate_series(1, 8) n;
insert into countries (code, alpha3, name)
select chr(65 + n) || 'X', chr(65 + n) || 'XG', 'Generated country ' || n from generate_series(0, 11) n;
insert into organisations (code, name, kind, country)
select 'GEN-' || n, 'Generated organisation ' || n, 'ministry', chr(65 + n % 12) || 'X' from generate_series(1, 200) n;
"""
_TOOLS = f"""
create function bench_word(n int) returns text language sql immutable return
  (array{_FIRST})[1 + n % 20]
  || (array{_SECOND})[1 + n / 20 % 10]
  || (array['nam','ito','uda','eri','osk','ann','ule','iva','ont','arc','emi','ovo','yst','ald','ung','irk','esh','abi','oth','ulm'])[1 + n / 200 % 20];
create table bench_frames as
select n as frame, kind, topic, city, about, begins, ends, to_tsvector('english', begins) as first,
  to_tsvector('english', ends) as rest
from (select *, fold('Generated ' || kind || ' on ' || topic) as begins, fold(city || ' ' || about) as ends from (select n, (array['seminar','training','forum','symposium'])[1 + n % 4] as kind,
    (array['rehabilitation','arbitration','legal assistance','probation','legal aid'])[1 + n % 5] as topic,
    'Generated city ' || n % 50 as city,
    'This entry is generated for measurement and describes nothing that took place. It is about as long as what an '
    || 'office writes of a meeting: who opened it, which courts and ministries spoke, what the practice of the countries '
    || 'has in common and where it differs, which materials were handed out, and what was agreed for the following year. '
    || 'Participants came from ' || 5 + n % 37 || ' offices. A report in two languages is to follow.' as about
  from generate_series(0, 199) n) f) f;
analyze bench_frames;
"""
_EVENTS = f"""
with g as (select array_agg(id order by number) ids from goals),
     o as (select array_agg(id order by code) ids, array_agg(code order by code) codes from organisations)
insert into events (id, title, kind, status, start_date, end_date, date_precision, mode, city, country, goals,
                    organisations, summary)
select case when n <= {KNOWN} then ('{KNOWN_PREFIX}' || lpad(n::text, 12, '0'))::uuid else uuidv7() end,
       'Generated ' || f.kind || ' on ' || f.topic || ' ' || bench_word(n) || ' ' || n, f.kind,
       (array['planned', 'implemented', 'postponed', 'ongoing'])[1 + n / 4 % 4],
       d, d + n % 3, 'day', 'hybrid', f.city, chr(65 + n % 12) || 'X',
       jsonb_build_array(jsonb_build_object('id', g.ids[1 + n % 8], 'number', 1 + n % 8, 'link', 'assigned')),
       jsonb_build_array(
         jsonb_build_object('id', o.ids[1 + n % 200], 'code', o.codes[1 + n % 200], 'role', 'host'),
         jsonb_build_object('id', o.ids[1 + (n + 7) % 200], 'code', o.codes[1 + (n + 7) % 200], 'role', 'participant')),
       f.about
from generate_series($1::int, $2::int) n join bench_frames f on f.frame = n % 200, g, o,
     lateral (select date '2000-01-01' + (n::bigint * 7919 % 9000)::int) as day(d)
"""
_ACTIVITIES = """
with g as (select array_agg(id order by number) ids from goals),
     o as (select array_agg(id order by code) ids from organisations)
insert into activities (title, goal_id, lead_id, countries, start_date, end_date, status, description, owner, visibility)
select 'Generated ' || f.kind || ' on ' || f.topic || ' ' || bench_word(n) || ' ' || n,
       g.ids[1 + n % 8], o.ids[1 + n % 200],
       array[chr(65 + n % 12) || 'X', chr(65 + (n + 5) % 12) || 'X'], d, d + 90,
       (array['proposed', 'planned', 'ongoing', 'implemented'])[1 + n / 4 % 4], f.city || ' ' || f.about,
       chr(65 + n % 12) || 'X', case when n % 100 = 0 then 'partners' else 'public' end
from generate_series($1::int, $2::int) n join bench_frames f on f.frame = n % 200, g, o,
     lateral (select date '2000-01-01' + (n::bigint * 104729 % 9000)::int) as day(d)
"""
# Folding and stemming a whole text takes most of a fill: only what differs between the rows of a frame is done here.
_SEARCH = """
insert into search_texts (record_id, kind, title, folded, words, visibility, owner)
select id, '{kind}', title, begins || ' ' || own || ' ' || ends, first || to_tsvector('simple', own) || rest,
  visibility, owner
from (select id, title, visibility, owner, n % 200 as frame, bench_word(n) || ' ' || n as own
      from (select *, substring(title from '[0-9]+$')::int as n from {kind}) t) e join bench_frames f using (frame)
"""
_HIDDEN = """
insert into hidden_records (record_id, kind, owner, visibility)
select id, 'activities', owner, visibility from activities where visibility <> 'public'
"""
_MIRRORS = [
    _HIDDEN,
    _SEARCH.format(kind="events"),
    _SEARCH.format(kind="activities"),
    *(
        f"insert into event_{many} (event_id, field, {one}_id) select distinct e.id, '{many}', (link ->> 'id')::uuid "
        f"from events e, jsonb_array_elements(e.{many}) link"
        for many, one in (("goals", "goal"), ("organisations", "organisation"))
    ),
]
_FILLED = ("events", "activities", "search_texts", "event_goals", "event_organisations", "changes")
_INDEXES = """
select indexrelid::regclass::text as name, pg_get_indexdef(indexrelid) as definition from pg_index
where indrelid = any($1::text[]::regclass[]) and not indisunique
"""
_CHUNK = 25_000


async def fill(address: str, events: int) -> None:
    """Fill an empty register with this many events, and a quarter as many activities."""
    connection = await asyncpg.connect(address)
    await connection.execute(
        "set synchronous_commit = off; set maintenance_work_mem = '512MB'; set work_mem = '64MB'"
    )
    await connection.execute(_FRAME)
    await connection.execute(_TOOLS)
    indexes = await connection.fetch(_INDEXES, list(_FILLED))
    for index in indexes:
        await connection.execute(f"drop index {index['name']}")
    await _insert(connection, "events", _EVENTS, events)
    await _insert(connection, "activities", _ACTIVITIES, events // 4)
    for statement in _MIRRORS:
        await connection.execute(statement, timeout=3600)
    for index in indexes:
        await connection.execute(index["definition"], timeout=3600)
    await connection.execute("drop function bench_word; drop table bench_frames")
    await connection.execute("vacuum analyze", timeout=3600)
    await connection.close()


async def _insert(connection: Any, table: str, statement: str, total: int) -> None:
    """Insert in chunks, a commit of the journal each; only the journal is written by its trigger."""
    await connection.execute(f"alter table {table} disable trigger user")
    await connection.execute(f"alter table {table} enable trigger record_insert")
    for first in range(1, total + 1, _CHUNK):
        await connection.execute(statement, first, min(first + _CHUNK - 1, total), timeout=3600)
    await connection.execute(f"alter table {table} enable trigger user")


async def help_peers(address: str) -> None:
    """The index that their way of sorting needs; ours has another, for dates that are missing."""
    connection = await asyncpg.connect(address)
    await connection.execute(
        "create index if not exists bench_for_peers on events (start_date, id)", timeout=300
    )
    await connection.close()


async def settle(address: str) -> None:
    """What autovacuum does in time, done between rounds: new words go from their waiting list into the indexes, and pages
    of former versions of the journal's head are used again.
    """
    connection = await asyncpg.connect(address)
    await connection.execute(
        "select gin_clean_pending_list(indexrelid) from pg_index join pg_class c on c.oid = indexrelid "
        "join pg_am a on a.oid = c.relam where a.amname = 'gin' and c.relnamespace = 'public'::regnamespace",
        timeout=300,
    )
    await connection.execute("vacuum journal_head")
    await connection.close()
