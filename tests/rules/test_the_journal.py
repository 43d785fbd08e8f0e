"""Rules of the journal: every table is recorded, every write is one change, the feed has no holes."""

import asyncio
from typing import Any

import asyncpg
import httpx
import pytest

from app.audit.verifying import verify
from app.tables import METADATA
from tests import make

UNRECORDED = {
    "changes", "commits", "installation", "journal_head",  # the journal itself
    "event_activities", "event_goals", "event_organisations", "activity_organisations",
    "framework_item_goals",  # mirrors of recorded lists
    "own_keys", "search_texts", "hidden_records",
    "idempotency_keys", "jobs", "job_pieces",  # answers and work to do, not records
    "api_key_secrets",  # digests alone; that a key was rotated stands in the key
    "spent_quotas",  # of the last minute
    "token_holders",  # what others say of themselves, each day anew
    "frozen_reports", "frozen_files",  # never change; their digest is recorded with the Consultation
    "reveals",  # what was read; it goes with the person
    "webhook_lanes", "webhook_deliveries",  # how far webhooks have come, and the log of what was sent
}  # fmt: skip
"""The tables that no trigger records. This list may only shrink."""

_RECORDERS = """select c.relname, count(*) from pg_trigger t join pg_class c on c.oid = t.tgrelid
join pg_proc p on p.oid = t.tgfoid where p.proname = 'record_changes' and t.tgenabled = 'O' group by 1"""
_CHANGES = """select h.action, h.version, c.key_id, c.request_id, c.position, c.changes
from changes h join commits c on c.number = h.commit_number where h.record_id = $1 order by h.version"""


async def rows_of(address: str, sql: str, *args: Any) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(address)
    try:
        return await connection.fetch(sql, *args)
    finally:
        await connection.close()


async def test_every_table_is_recorded(database_address: str) -> None:
    recorders = {row["relname"]: row["count"] for row in await rows_of(database_address, _RECORDERS)}
    wanted = {table.name for table in METADATA.sorted_tables} - UNRECORDED
    assert recorders == dict.fromkeys(wanted, 3), "put the table under recorded(...) in its migration"


async def test_every_table_of_the_database_is_declared(database_address: str) -> None:
    found = await rows_of(database_address, "select tablename from pg_tables where schemaname = 'public'")
    declared = {table.name for table in METADATA.sorted_tables} | {"alembic_version"}
    assert {row[0] for row in found} == declared


@pytest.mark.parametrize("path", make.PATHS)
async def test_every_write_is_one_change_with_its_key_and_request(
    client: httpx.AsyncClient, database_address: str, path: str
) -> None:
    body = await make.body(client, path, keys=["test:1"])
    requests = [
        await client.post(f"/v1/{path}", json=body, headers={"X-Request-ID": "first"}),
    ]
    address = f"/v1/{path}/{requests[0].json()['id']}"
    requests += [
        await client.patch(address, json={"keys": ["test:2"]}, headers={"X-Request-ID": "second"}),
        await client.patch(address, json={"keys": ["test:2"]}, headers={"X-Request-ID": "nothing-new"}),
        await client.patch(address, json={"keys": []}, params={"dry_run": "true"}),
        await client.patch(address, json={"unknown": 1}),
        await client.delete(address, headers={"X-Request-ID": "third"}),
        await client.post(f"{address}/restore", headers={"X-Request-ID": "fourth"}),
    ]
    assert [answer.status_code for answer in requests] == [201, 200, 200, 200, 422, 204, 200]
    changes = await rows_of(database_address, _CHANGES, requests[0].json()["id"])
    # A delete leaves the record as it last was, so its version is the one before.
    assert [(row["action"], row["request_id"]) for row in sorted(changes, key=lambda row: row["position"])] == [
        ("create", "first"), ("update", "second"), ("delete", "third"), ("restore", "fourth"),
    ]  # fmt: skip
    (key,) = {row["key_id"] for row in changes}
    assert key is not None
    assert {row["changes"] for row in changes} == {1}


async def test_positions_have_no_holes_and_follow_the_commits(
    client: httpx.AsyncClient, database_address: str
) -> None:
    """Writers at the same time, some of which are refused or only try."""

    async def one(number: int) -> None:
        made = await make.record(client, "events", title=f"Event {number}")
        await client.post("/v1/events", json={"title": "No kind"})
        await client.post("/v1/events?dry_run=true", json=await make.body(client, "events"))
        await client.patch(f"/v1/events/{made['id']}", json={"title": "Changed"})

    await asyncio.gather(*(one(number) for number in range(12)))
    commits = await rows_of(database_address, "select position, changes, at from commits order by position")
    ends = 0
    for commit in commits:
        assert commit["position"] - commit["changes"] == ends
        ends = commit["position"]
    assert [commit["at"] for commit in commits] == sorted(commit["at"] for commit in commits)
    assert ends == (await rows_of(database_address, "select position from journal_head"))[0][0]
    assert await _chain_holds(database_address)


async def _chain_holds(address: str) -> bool:
    connection = await asyncpg.connect(address)
    verdict = await verify(connection)
    await connection.close()
    return verdict.broken_at is None


async def test_what_psql_writes_is_recorded_too(client: httpx.AsyncClient, database_address: str) -> None:
    made = await make.record(client, "goals")
    await rows_of(database_address, "update goals set title = 'By hand'")
    changes = await rows_of(database_address, _CHANGES, made["id"])
    assert [(row["action"], row["version"], row["key_id"] is None) for row in changes] == [
        ("create", 1, False), ("update", 2, True),
    ]  # fmt: skip


_COLUMNS = """select table_schema, table_name, array_agg(column_name::text order by column_name) as columns
from information_schema.columns where table_schema ~ '^(public|past.*)$' group by 1, 2"""
WITHOUT_PAST = {
    "alembic_version", "api_key_secrets", "api_keys", "frozen_files", "frozen_reports", "hidden_records",
    "idempotency_keys", "installation", "job_pieces", "jobs", "key_names", "once_hidden", "reveals", "search_texts",
    "spent_quotas", "told", "token_holders", "webhook_deliveries", "webhook_lanes", "webhooks", "withheld",
}  # fmt: skip

OF_THE_JOURNAL = {"changes", "commits", "journal_head"}


async def test_every_table_can_be_read_as_it_was(database_address: str) -> None:
    """After a migration that changes a table, `remake_past()` makes its view again."""
    found = {(row[0], row[1]): row["columns"] for row in await rows_of(database_address, _COLUMNS)}
    now = {name: columns for (schema, name), columns in found.items() if schema == "public"}
    past = {name: columns for (schema, name), columns in found.items() if schema == "past"}
    assert {name: columns for name, columns in now.items() if name not in WITHOUT_PAST} == {
        name: columns for name, columns in past.items() if not name.startswith("changed_")
    }
    of_many = {name: columns for (schema, name), columns in found.items() if schema == "past_of_many"}
    assert of_many == {
        name: past[name] for name in past if name not in OF_THE_JOURNAL and name[:8] != "changed_"
    }


@pytest.mark.parametrize(
    "statement",
    [
        "delete from changes",
        "truncate changes",
        "update changes set version = 7",
        "update changes set record = '{}'",
        """update changes set salt = null, record = '{"title": "Nobody wrote this"}'""",
        "update commits set salt = null, reason = 'Approved'",
        "update commits set at = now()",
        "delete from commits",
        "delete from journal_head",
    ],
)
async def test_the_journal_is_only_added_to_even_by_its_owner(
    client: httpx.AsyncClient, database_address: str, statement: str
) -> None:
    await make.record(client, "goals")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await rows_of(database_address, statement)


async def test_the_service_itself_may_only_read_the_journal(database_address: str) -> None:
    granted = await rows_of(
        database_address,
        "select distinct privilege_type from information_schema.table_privileges where grantee = 'workplan_app' "
        "and table_name in ('changes', 'commits', 'journal_head')",
    )
    assert [row[0] for row in granted] == ["SELECT"]


_THREE = "insert into areas (number, title) select n, 'Area ' || n from generate_series(901, 903) n"
_LAST = """select c.changes, array_agg(h.ordinal order by h.ordinal) as ordinals
from commits c join changes h on h.commit_number = c.number group by c.number order by c.position desc limit 1"""


async def test_a_commit_counts_its_changes_one_by_one(database_address: str) -> None:
    """Of several statements, and not those that were rolled back on the way."""
    await rows_of(
        database_address,
        f"""do $$ begin
          {_THREE};
          begin
            update areas set title = 'Lost' where number = 901;
            {_THREE};
          exception when unique_violation then null;
          end;
          update areas set title = 'Kept' where number > 901;
        end $$""",
    )
    (last,) = await rows_of(database_address, _LAST)
    assert (last["changes"], last["ordinals"]) == (5, [1, 2, 3, 4, 5])


@pytest.mark.parametrize("numbers", [("7",), ("-6", "2")], ids=["a hole", "below one"])
async def test_a_commit_cannot_number_its_changes_as_it_likes(
    database_address: str, numbers: tuple[str, ...]
) -> None:
    forged = "".join(
        f"perform set_config('register.changes', '{number}', true); update areas set title = 'T' where number = 901;"
        for number in numbers
    )
    with pytest.raises(asyncpg.IntegrityConstraintViolationError, match="without holes"):
        await rows_of(
            database_address,
            f"do $$ begin insert into areas (number, title) values (901, 'One'); {forged} end $$",
        )
    assert (await rows_of(database_address, "select count(*) from areas where number > 900"))[0][0] == 0


_ADDED = "insert into areas (number, title) values (909, 'Late')"
_SEALED = "select number from commits where position is not null order by number limit 1"


@pytest.mark.parametrize(
    "attack",
    [
        f"insert into areas (number, title) values (901, 'First'); set constraints all immediate; {_ADDED}",
        f"""select set_config('register.commit', ({_SEALED})::text, true),
          set_config('register.changes', '60', true); {_ADDED}""",
        f"select set_config('register.commit', '99999999', true); {_ADDED}",
    ],
    ids=["its own", "another", "nobody's"],
)
async def test_changes_are_added_to_a_commit_of_this_transaction_that_is_not_sealed(
    client: httpx.AsyncClient, database_address: str, attack: str
) -> None:
    await make.record(client, "goals")
    connection = await asyncpg.connect(database_address)
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="only added to"):
        await connection.execute(f"begin; {attack}; commit")
    await connection.close()


async def test_changes_are_not_added_to_what_another_writes_at_the_moment(database_address: str) -> None:
    one, other = [await asyncpg.connect(database_address) for _ in range(2)]
    async with one.transaction():
        await one.execute(_THREE)
        number = await one.fetchval("select current_setting('register.commit')")
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="only added to"):
            await other.execute(
                f"begin; select set_config('register.commit', '{number}', true), "
                f"set_config('register.changes', '3', true); {_ADDED}; commit"
            )
    await asyncio.gather(one.close(), other.close())
    assert await _chain_holds(database_address)


_WRITTEN = "select n_tup_ins, n_tup_upd from pg_stat_xact_user_tables where relname = 'commits'"


async def test_the_entry_of_a_commit_is_written_once(database_address: str) -> None:
    """As it is placed, with what was said of it until then."""
    connection = await asyncpg.connect(database_address)
    async with connection.transaction():
        await connection.execute(_THREE)
        await connection.execute("update areas set title = 'Kept' where number > 901")
        await connection.execute("select set_config('register.reason', 'Mended', true)")
        await connection.execute("set constraints all immediate")
        assert tuple(await connection.fetchrow(_WRITTEN)) == (1, 0)
    await connection.close()
    assert [tuple(row) for row in await rows_of(database_address, "select reason, changes from commits")] == [
        ("Mended", 5)
    ]
    assert await _chain_holds(database_address)


async def test_a_commit_whose_count_was_lost_is_counted(database_address: str) -> None:
    await rows_of(
        database_address,
        f"""do $$ begin
          {_THREE};
          perform set_config('register.changes', '', true);
          update areas set title = 'Kept' where number > 901;
        end $$""",
    )
    (last,) = await rows_of(database_address, _LAST)
    assert (last["changes"], last["ordinals"]) == (5, [1, 2, 3, 4, 5])


_READ_THROUGH = """select sum(seq_tup_read)::int from pg_stat_user_tables
where relname in ('commits', 'changes', 'idempotency_keys')"""


async def test_a_write_reads_nothing_of_the_journal_from_end_to_end(database_address: str) -> None:
    """Also where all was planned while there was next to nothing."""
    connection = await asyncpg.connect(database_address)
    await connection.execute("truncate idempotency_keys; analyze commits, changes, idempotency_keys")

    async def read_through() -> int:
        await connection.execute("select pg_stat_force_next_flush()")
        return int(await connection.fetchval(_READ_THROUGH))

    before = await read_through()
    for number in range(20):
        async with connection.transaction():
            claim = await connection.fetchrow(
                "select * from open_write($1, $2, '')", '{"register.key": ""}', f"K{number}"
            )
            assert not claim["replay"]
            await connection.execute("insert into areas (number, title) values ($1, 'Area')", 901 + number)
    assert await read_through() == before
    await connection.close()
