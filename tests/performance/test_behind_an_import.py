"""Behind an import of many rows in one commit, the past of a record is looked up among its own changes."""

import asyncpg
import httpx
import pytest

from tests import rows
from tests.conftest import Register

IMPORTED, CHANGED = 300, 300
_CHANGE = f"""do $$ declare one uuid; begin
  for one in select id from events order by id limit {CHANGED} loop
    update events set title = title || '.' where id = one;
    commit;
  end loop;
end $$"""
_GOODBYE = """select count(pg_terminate_backend(pid, 5000)) from pg_stat_activity
where application_name = 'workplan' and datname = current_database()"""
_ENTRIES = "select sum(idx_tup_read)::int from pg_stat_user_indexes where relname = 'changes'"


async def _looked_through(register: Register) -> int:
    """How many entries of the journal's indexes were read: every session tells when it ends."""
    await register.superuser.execute(_GOODBYE)
    found: int = await register.superuser.fetchval(_ENTRIES)
    return found


@pytest.mark.parametrize("asked", ["the next page", "as of before"])
async def test_reading_the_past_of_some_does_not_read_the_import(
    empty: Register, client: httpx.AsyncClient, asked: str
) -> None:
    await rows.events(empty.address, IMPORTED)
    first = (await client.get("/v1/events?sort=title")).json()
    owner = await asyncpg.connect(empty.address)
    moment = (await owner.fetchval("select clock_timestamp()")).isoformat().replace("+00:00", "Z")
    await owner.execute(_CHANGE)
    await owner.execute("vacuum analyze changes, commits")  # what other tests left is read, too
    await owner.close()
    before = await _looked_through(empty)
    answer = await client.get(
        first["next"] if asked == "the next page" else f"/v1/events?sort=title&as_of={moment}"
    )
    assert len(answer.json()["items"]) == 50
    assert await _looked_through(empty) - before < CHANGED * IMPORTED / 4
