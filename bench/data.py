"""A synthetic record of realistic size. Every text says that it is generated."""

import asyncpg

_GOALS = """
insert into areas (number, title) select n, 'Generated area ' || n from generate_series(1, 4) n;
insert into goals (number, title, area_id)
select n, 'Generated goal ' || n, (select id from areas where number = 1 + (n - 1) / 2) from generate_series(1, 8) n;
insert into countries (code, alpha3, name)
select chr(65 + n) || 'X', chr(65 + n) || 'XG', 'Generated country ' || n from generate_series(0, 11) n;
insert into organisations (code, name, kind, country)
select 'GEN-' || n, 'Generated organisation ' || n, 'ministry', chr(65 + n % 12) || 'X' from generate_series(1, 200) n;
"""
_EVENTS = """
with g as (select array_agg(id order by number) ids from goals),
     o as (select array_agg(id order by code) ids, array_agg(code order by code) codes from organisations)
insert into events (title, kind, status, start_date, end_date, date_precision, mode, city, country, goals,
                    organisations, summary)
select 'Generated seminar ' || n || ' on ' || (array['mediation', 'arbitration', 'legal assistance', 'probation'])[1 + n % 4],
       (array['seminar', 'training', 'forum', 'symposium'])[1 + n % 4],
       (array['planned', 'implemented', 'postponed', 'ongoing'])[1 + n % 4],
       d, d + n % 3, 'day', 'hybrid', 'Generated city ' || n % 50, chr(65 + n % 12) || 'X',
       jsonb_build_array(jsonb_build_object('id', g.ids[1 + n % 8], 'number', 1 + n % 8, 'link', 'assigned')),
       jsonb_build_array(
         jsonb_build_object('id', o.ids[1 + n % 200], 'code', o.codes[1 + n % 200], 'role', 'host'),
         jsonb_build_object('id', o.ids[1 + (n + 7) % 200], 'code', o.codes[1 + (n + 7) % 200], 'role', 'participant')),
       'This entry is generated for measurement. ' || repeat('It describes nothing that took place. ', 8) || md5(n::text)
from generate_series($1::int, $2::int) n, g, o, lateral (select date '2000-01-01' + (n::bigint * 7919 % 9000)::int) as day(d)
"""
_ACTIVITIES = """
with g as (select array_agg(id order by number) ids from goals),
     o as (select array_agg(id order by code) ids from organisations)
insert into activities (title, goal_id, lead_id, countries, start_date, end_date, status, description)
select 'Generated activity ' || n, g.ids[1 + n % 8], o.ids[1 + n % 200],
       array[chr(65 + n % 12) || 'X', chr(65 + (n + 5) % 12) || 'X'], d, d + 90,
       (array['proposed', 'planned', 'ongoing', 'implemented'])[1 + n % 4],
       'This entry is generated for measurement. ' || repeat('It describes nothing that takes place. ', 8) || md5(n::text)
from generate_series($1::int, $2::int) n, g, o, lateral (select date '2000-01-01' + (n::bigint * 104729 % 9000)::int) as day(d)
"""
_CHUNK = 10_000


async def fill(address: str, rows: int) -> None:
    """Fill an empty register with this many events and activities, one third and two thirds."""
    connection = await asyncpg.connect(address)
    await connection.execute("set synchronous_commit = off")
    await connection.execute(_GOALS)
    for statement, total in ((_EVENTS, rows // 3), (_ACTIVITIES, rows - rows // 3)):
        for first in range(1, total + 1, _CHUNK):
            await connection.execute(statement, first, min(first + _CHUNK - 1, total))
    await connection.execute("vacuum analyze")
    await connection.execute("checkpoint") if await connection.fetchval(
        "select rolsuper from pg_roles where rolname = current_user"
    ) else None
    await connection.close()
