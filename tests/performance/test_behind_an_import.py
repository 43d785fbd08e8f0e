"""Behind an import of many rows in one commit, the past of a record is looked up among its own changes, and that of
many in one go."""

from datetime import datetime
from typing import Any

import asyncpg
import httpx
import pytest

from tests import make, rows
from tests.cast import Cast
from tests.conftest import Register

IMPORTED, CHANGED = 300, 300
LINKED, SINCE = 50, 1000
_CHANGE = f"""do $$ declare one uuid; begin
  for one in select id from events order by id limit {CHANGED} loop
    update events set title = title || '.' where id = one;
    commit;
  end loop;
end $$"""
_GOODBYE = """select count(pg_terminate_backend(pid, 5000)) from pg_stat_activity
where application_name = 'workplan' and datname = current_database()"""
_ENTRIES = "select sum(idx_tup_read)::int from pg_stat_user_indexes where relname = 'changes'"
_EVENTS = """select seq_tup_read + coalesce(idx_tup_fetch, 0) from pg_stat_user_tables
where relid = 'public.events'::regclass"""
"""How many events were read."""


async def _looked_through(register: Register, entries: str = _ENTRIES) -> int:
    """How many entries of the journal's indexes were read: every session tells when it ends."""
    await register.superuser.execute(_GOODBYE)
    found: int = await register.superuser.fetchval(entries)
    return found


async def _now(connection: Any) -> str:
    now: datetime = await connection.fetchval("select clock_timestamp()")
    return now.isoformat().replace("+00:00", "Z")


async def _activities(by: httpx.AsyncClient) -> tuple[dict[str, str], list[str]]:
    """Make some under one goal; its reference, and their codes."""
    goal = {"id": (await make.record(by, "goals"))["id"]}
    codes = [f"6.1-TH-{number}" for number in range(LINKED)]
    activities = [{"code": code, "title": code, "goal": goal} for code in codes]
    assert (await by.post("/v1/activities/bulk", json=activities)).status_code == 200
    return goal, codes


@pytest.mark.parametrize("asked", ["the next page", "as of before"])
async def test_reading_the_past_of_some_does_not_read_the_import(
    empty: Register, client: httpx.AsyncClient, asked: str
) -> None:
    await rows.events(empty.address, IMPORTED)
    first = (await client.get("/v1/events?sort=title")).json()
    owner = await asyncpg.connect(empty.address)
    moment = await _now(owner)
    await owner.execute(_CHANGE)
    await owner.execute("vacuum analyze changes, commits")  # what other tests left is read, too
    await owner.close()
    before = await _looked_through(empty)
    answer = await client.get(
        first["next"] if asked == "the next page" else f"/v1/events?sort=title&as_of={moment}"
    )
    assert len(answer.json()["items"]) == 50
    assert await _looked_through(empty) - before < CHANGED * IMPORTED / 4


@pytest.mark.parametrize(
    "asked",
    ["/v1/activities?", "/v1/activities?expand=events&fields=id", "/v1/events?expand=activities&fields=id"],
)
async def test_what_changed_since_is_read_once_and_not_for_each_of_a_list(
    empty: Register, cast: Cast, asked: str
) -> None:
    """The status of an activity is derived from its events, and a list of events names its activities."""
    by = cast.secretariat
    goal, codes = await _activities(by)
    events = [
        {
            "title": f"Event {number}",
            "kind": "seminar",
            "start_date": "2025-06-24",
            "activities": [{"code": code}],
        }
        for number, code in enumerate(codes)
    ]
    assert (await by.post("/v1/events/bulk", json=events)).status_code == 200
    then = (await by.get(f"{asked}&limit={LINKED}")).json()["items"]
    moment = await _now(empty.superuser)
    for table in ("events", "activities"):
        await empty.superuser.execute(f"update {table} set title = title || '.'")
    await rows.events(empty.address, SINCE)
    more = [{"title": f"Activity {number}", "goal": goal} for number in range(SINCE)]
    assert (await by.post("/v1/activities/bulk", json=more)).status_code == 200
    await empty.superuser.execute("vacuum analyze")
    before = await _looked_through(empty)
    was = (await by.get(f"{asked}&limit={LINKED}&as_of={moment}")).json()["items"]
    assert was == then
    assert await _looked_through(empty) - before < 4 * LINKED * SINCE  # forty times as many, if for each


@pytest.mark.parametrize(
    "asked", ["activities?limit=50", "goals?expand=events&fields=id", "activities?expand=events&fields=id"]
)
async def test_what_has_not_changed_since_is_looked_up_and_not_read_whole(
    empty: Register, cast: Cast, asked: str
) -> None:
    by = cast.secretariat
    goal, codes = await _activities(by)
    await make.record(by, "events", activities=[{"code": codes[0]}], goals=[goal])
    await rows.events(empty.address, 10 * SINCE)
    moment = await _now(empty.superuser)
    await empty.superuser.execute("vacuum analyze")
    then = (await by.get(f"/v1/{asked}")).json()["items"]
    before = await _looked_through(empty, _EVENTS)
    was = (await by.get(f"/v1/{asked}&as_of={moment}")).json()["items"]
    assert was == then
    assert await _looked_through(empty, _EVENTS) - before < SINCE
