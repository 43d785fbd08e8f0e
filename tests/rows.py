"""Many rows at once, by SQL: for tests in which HTTP writes are not what is tested."""

import asyncpg

_EVENTS = """insert into events (title, kind, status, start_date, end_date, date_precision, country, countries)
select 'Event ' || lpad(n::text, 5, '0'), (array['seminar', 'training', 'forum'])[1 + n % 3],
  (array['planned', 'implemented'])[1 + n % 2], day, day + n % 4,
  case when day is null then 'unknown' else 'day' end, (array['TH', 'JP', null])[1 + n % 3],
  case n % 4 when 0 then '{}'::text[] when 1 then '{TH}' when 2 then '{JP,TH}' else '{LA}' end
from (select n, case when n % 50 = 0 then null else date '2020-01-01' + (n * 7919) % 1500 end as day
      from generate_series(1, $1::int) n) numbered"""


async def events(address: str, number: int) -> None:
    """Events with ties and missing dates; by the register's owner, through its triggers."""
    connection = await asyncpg.connect(address)
    try:
        await connection.execute(_EVENTS, number)
        await connection.execute("analyze events")
    finally:
        await connection.close()


async def some_events(address: str, records: list[tuple[str, str, int | None, int]]) -> None:
    """Exactly these events: title, kind, days after the first of 2025 or no date, length in days."""
    connection = await asyncpg.connect(address)
    try:
        await connection.execute("delete from events")
        await connection.executemany(
            """insert into events (title, kind, status, start_date, end_date, date_precision)
            select $1, $2, 'planned', day, nullif(day + $4::int, day),
              case when day is null then 'unknown' else 'day' end
            from (select date '2025-01-01' + $3::int as day) at""",
            records,
        )
    finally:
        await connection.close()
