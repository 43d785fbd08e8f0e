"""What is mirrored from records (words for search, rows for lists of references) is what the records say."""

import httpx
import pytest

from app.tables import METADATA
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


_WITHOUT_RECORD = " union all ".join(
    f"select '{mirror.name}' from {mirror.name} m where not exists (select from {key.column.table.name} r "
    f"where r.id = m.{key.parent.name})"
    for mirror in METADATA.sorted_tables
    if "mirrors" in mirror.info
    for key in mirror.foreign_keys
    if key.ondelete
)


@pytest.mark.parametrize("at_a_time", [1, 3])
async def test_what_mirrors_a_list_goes_with_its_record(
    client: httpx.AsyncClient, database_address: str, at_a_time: int
) -> None:
    """The database does not look up for each row of a mirror whether its record is there."""
    named = {path: await make.record(client, path) for path in ("goals", "organisations", "activities")}
    goals, organisations, activities = ([{"id": each["id"]}] for each in named.values())
    lists = {
        "events": {
            "goals": [{**goals[0], "link": "stated"}],
            "organisations": [{**organisations[0], "role": "host"}],
            "activities": activities,
        },
        "activities": {"partners": organisations, "consulted_bodies": organisations},
        "framework-items": {"goals": goals},
    }
    for path, said in lists.items():
        for _ in range(3):
            await make.record(client, path, **said)
        table = path.replace("-", "_")
        newest = f"select id from {table} order by id desc limit {at_a_time}"
        await rows_of(database_address, f"delete from {table} where id in ({newest})")
    assert await rows_of(database_address, _WITHOUT_RECORD) == []
