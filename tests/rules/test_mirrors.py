"""What is mirrored from records (words for search, rows for lists of references) is what the records say."""

import httpx
import pytest

from tests import make
from tests.rules.test_the_journal import rows_of

_FOR_ALL_TABLES = """select c.relname || '.' || t.tgname from pg_trigger t join pg_class c on c.oid = t.tgrelid
join pg_proc p on p.oid = t.tgfoid where p.proname in ('mirror_search_text', 'mirror_links')"""
_TEXT = "fold(concat_ws(' ', r.title, array_to_string(r.aliases, ' '), r.city, r.summary, r.outcome, r.note))"
_WORDS = f"""select count(*) from events r
full join (select * from search_texts where kind = 'events') s on s.record_id = r.id
where (r.title, {_TEXT}, to_tsvector('english', {_TEXT}), r.visibility, r.owner)
  is distinct from (s.title, s.folded, s.words, s.visibility, s.owner)"""
_LINKS = """select count(*) from (select r.id, l ->> 'id' as to_id from events r, jsonb_array_elements(r.goals) l) r
full join event_goals m on m.event_id = r.id and m.goal_id::text = r.to_id where r.id is null or m.event_id is null"""


async def test_every_mirror_is_written_for_its_table(database_address: str) -> None:
    """After a migration that uses `searched` or `linked`, `write_mirrors()` writes their functions."""
    assert await rows_of(database_address, _FOR_ALL_TABLES) == []


@pytest.mark.parametrize("change", [
    "title = title || ' anew'", "note = 'Paralegal'", "goals = '[]'", "registered = 7",
    "visibility = 'partners'", "owner = 'TH'",
    "goals = (select jsonb_agg(jsonb_build_object('id', id, 'number', number, 'link', 'stated')) from goals)",
])  # fmt: skip
@pytest.mark.parametrize("at_a_time", [1, 3])
async def test_mirrors_follow_their_records(
    client: httpx.AsyncClient, database_address: str, change: str, at_a_time: int
) -> None:
    goals = [(await make.record(client, "goals"))["number"] for _ in range(2)]
    for number in range(3):
        linked = [{"number": goal, "link": "assigned"} for goal in goals[:number]]
        await make.record(client, "events", title=f"Seminar {number}", goals=linked)
    await rows_of(
        database_address,
        f"update events set {change} where id in (select id from events order by id desc limit {at_a_time})",
    )
    assert (await rows_of(database_address, _WORDS))[0][0] == 0
    assert (await rows_of(database_address, _LINKS))[0][0] == 0
