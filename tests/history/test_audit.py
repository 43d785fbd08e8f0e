"""A superuser who tampers with the journal is found out, and the first broken link is named (experiment A16)."""

import asyncio
import subprocess
import sys
from urllib.parse import urlsplit

import asyncpg
import pytest
from typer.testing import CliRunner

from app.audit.verifying import BEGINNING, changed_beside, newest, verify
from app.cli import cli
from migrations.chain import SEAL
from tests import make
from tests.cast import Cast
from tests.conftest import on

HISTORY = [
    "insert into goals (number, title) values (1, 'one'), (2, 'two')",  # positions 1 and 2
    "insert into goals (number, title) values (3, 'three')",  # 3
    "select set_config('register.reason', 'Mended', false)",
    "select set_config('register.system', 'moj-th', false)",
    "update goals set title = title || '!' where number < 3",  # 4 and 5
    "select set_config('register.system', '', false)",
    "delete from goals where number = 2",  # 6
    "insert into goals (number, title) values (4, 'four')",  # 7
]
_OF = "commit_number = (select number from commits where position = {})"
REWRITTEN = [
    "update changes set record = replace(record::text, 'three', 'drei')::json where " + _OF.format(3),
    "update journal_head set hash = sha256('')",
    *SEAL,
]
"""What is forged is sealed anew, with all that follows."""
SHORTENED = [
    "delete from changes where " + _OF.format(7),
    "delete from commits where position = 7",
    "update journal_head h set (position, hash) = (select c.position, c.hash from commits c where position = 6)",
]


async def tampered(address: str, statements: list[str]) -> asyncpg.Connection:
    """A journal with some history; then a superuser at work, without triggers."""
    owner = await asyncpg.connect(address)
    for statement in HISTORY:
        await owner.execute(statement)
    await owner.close()
    connection = await asyncpg.connect(on(urlsplit(address).path.removeprefix("/"), superuser=True))
    await connection.execute("set session_replication_role = replica")
    await connection.execute("delete from api_keys")  # those of the tests are in no journal
    for statement in statements:
        await connection.execute(statement)
    return connection


_CUT = """with gone as (delete from commits where position = {} returning number)
delete from changes using gone where commit_number = number"""
_COPY = """insert into changes select {}, 3, kind, record_id, version, action, record, salt, digest, null, system
from changes where ordinal = 1 and """ + _OF.format(5)
_SWAP_COMMITS = """update commits set position = -1 where position = 6;
update commits set position = 6 where position = 7; update commits set position = 7 where position = -1"""
_SWAP_CHANGES = ";".join(
    f"update changes set ordinal = {to} where ordinal = {place} and {_OF.format(5)}"
    for place, to in ((1, 3), (2, 1), (3, 2))
)
_RESEALED = "update changes set salt = '', record = '{}', digest = sha256('{}') where ordinal = 2 and "
TAMPERING = {
    "record": (
        "update changes set record = '{}' where ordinal = 2 and " + _OF.format(5),
        5,
        "a record is not",
    ),
    "record and digest": (_RESEALED + _OF.format(5), 4, "the commit or its"),
    "whose record": (
        "update changes set record_id = uuidv7() where " + _OF.format(3),
        3,
        "the commit or its",
    ),
    "action": ("update changes set action = 'create' where " + _OF.format(6), 6, "the commit or its"),
    "system": (
        "update changes set system = 'moj-la' where ordinal = 1 and " + _OF.format(5),
        4,
        "the commit or its",
    ),
    "system forgotten": ("update changes set system = null where " + _OF.format(5), 4, "the commit or its"),
    "system invented": ("update changes set system = 'un' where " + _OF.format(7), 7, "the commit or its"),
    "record after its salt": (
        'update changes set salt = null, record = \'{"title": "drei"}\' where ordinal = 1 and '
        + _OF.format(5),
        4,
        "a record is not",
    ),
    "reason after its salt": (
        "update commits set salt = null, reason = 'Approved' where position = 6",
        6,
        "the reason",
    ),
    "change removed": (
        "delete from changes where ordinal = 1 and " + _OF.format(5),
        4,
        "removed or inserted",
    ),
    "commit removed": (_CUT.format(3), 3, "removed before"),
    "change inserted": (_COPY.format("commit_number"), 4, "removed or inserted"),
    "commit inserted": ("insert into commits (changes) values (1)", 8, "beside the chain"),
    "stray inserted": (_COPY.format(0), 8, "beside the chain"),
    "commits reordered": (_SWAP_COMMITS, 6, "the commit or its"),
    "changes reordered": (_SWAP_CHANGES, 4, "the commit or its"),
    "reason": ("update commits set reason = 'Approved' where position = 6", 6, "the reason"),
    "who": ("update commits set key_id = uuidv7() where position = 6", 6, "the commit or its"),
    "when": ("update commits set at = at - interval '1 day' where position = 3", 3, "the commit or its"),
    "hash": ("update commits set hash = sha256('') where position = 6", 6, "the commit or its"),
    "tail cut": (_CUT.format(7), 7, "the end of the journal was cut off"),
    "head": ("update journal_head set hash = sha256('')", 7, "the head"),
}


@pytest.mark.parametrize(("statement", "place", "problem"), TAMPERING.values(), ids=TAMPERING)
async def test_the_first_broken_link_is_named(
    database_address: str, statement: str, place: int, problem: str
) -> None:
    connection = await tampered(database_address, [])
    try:
        assert (await verify(connection)).broken_at is None
        await connection.execute(statement)
        verdict = await verify(connection)
        assert (verdict.broken_at, verdict.problem) == (place, verdict.problem)
        assert problem in verdict.problem
    finally:
        await connection.close()


@pytest.mark.parametrize("forgery", [REWRITTEN, SHORTENED], ids=["rewritten", "shortened"])
async def test_a_forgery_that_fits_together_is_found_by_whoever_kept_a_checkpoint(
    database_address: str, forgery: list[str]
) -> None:
    connection = await tampered(database_address, [])
    try:
        kept = await newest(connection)
        assert kept.position == 7
        assert (await verify(connection, kept)).until == kept
        for statement in forgery:
            await connection.execute(statement)
        assert (await verify(connection)).broken_at is None
        verdict = await verify(connection, kept)
        assert verdict.broken_at == 7
        assert "rewritten" in verdict.problem
    finally:
        await connection.close()


async def test_an_erased_record_does_not_break_the_chain(database_address: str) -> None:
    erase = "update changes set record = '{}', salt = null where " + _OF.format(3)
    connection = await tampered(database_address, [erase])
    try:
        assert (await verify(connection)).broken_at is None
    finally:
        await connection.close()


BESIDE = {
    "changed": ("update goals set title = 'drei' where number = 3", "goals/"),
    "removed": ("delete from goals where number = 3", "goals/"),
    "added": ("insert into areas (number, title) values (9, 'Nine')", "areas/"),
    "removed behind its end": ("insert into goals select * from gone where number = 2", "goals/"),
    "a report": ("update frozen_reports set content = replace(content, 'live', 'lively')", "report/frozen"),
    "a report that was frozen": ("delete from frozen_reports", "report/frozen"),
}


@pytest.mark.parametrize(("statement", "what"), BESIDE.values(), ids=BESIDE)
async def test_what_was_changed_beside_the_journal_is_named(
    database_address: str, statement: str, what: str
) -> None:
    frozen = [
        """insert into consultations (number, title, status, date_precision, frozen_at, report_hash)
        values (1, 'C', 'held', 'unknown', now(), encode(sha256('live'), 'hex'))""",
        "insert into frozen_reports (consultation_id, position, content) select id, 7, 'live' from consultations",
    ]
    connection = await tampered(database_address, ["set session_replication_role = origin", *frozen])
    try:
        assert await changed_beside(connection) == ""
        await connection.execute("create temporary table gone as select * from goals where number = 1")
        await connection.execute(
            "update gone set (id, number) = (select record_id, 2 from changes where action = 'delete')"
        )
        await connection.execute("set session_replication_role = replica")
        await connection.execute(statement)
        assert what in await changed_beside(connection)
        assert (await verify(connection)).broken_at is None
    finally:
        await connection.close()


async def test_administrators_verify_and_anyone_keeps_a_checkpoint(cast: Cast) -> None:
    await make.record(cast.secretariat, "events", visibility="own")
    kept = (await cast.anonymous.get("/v1/audit/checkpoint")).json()
    await make.record(cast.secretariat, "goals")
    since = f"{kept['position']}:{kept['hash']}"
    for query in (
        "",
        f"?from={since}",
    ):  # the auditor may not see the event; its change is proved all the same
        verdict = (await cast.auditor.get(f"/v1/audit/verify{query}")).json()
        assert (verdict["valid"], verdict["complete"], verdict["broken_at"]) == (True, True, None)
        assert verdict["until"].startswith(f"{kept['position'] + 1}:")
    forged = await cast.administrator.get(f"/v1/audit/verify?from={kept['position']}:{'0' * 64}")
    assert (forged.json()["valid"], forged.json()["broken_at"]) == (False, kept["position"])
    assert (await cast.administrator.get("/v1/audit/verify?from=7")).status_code == 400
    assert (await cast.secretariat.get("/v1/audit/verify")).status_code == 403
    assert (await cast.anonymous.get("/v1/audit/verify")).status_code == 401


async def test_the_command_names_what_was_changed_beside_the_journal(
    database_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await (await tampered(database_address, [BESIDE["changed"][0]])).close()
    monkeypatch.setenv("DATABASE_URL", database_address)
    ended = await asyncio.to_thread(CliRunner().invoke, cli, ["audit", "verify"])
    assert (ended.exit_code, "was changed beside" in ended.stderr) == (1, True), ended.output


async def test_the_command_says_how_far_the_chain_holds(
    database_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await (await tampered(database_address, [])).close()
    monkeypatch.setenv("DATABASE_URL", database_address)
    command = [sys.executable, "-c", "from app.cli import main; main()", "audit", "verify"]
    good = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, check=False)
    assert (good.returncode, "The chain holds" in good.stdout) == (0, True), good.stderr
    bad = await asyncio.to_thread(
        CliRunner().invoke, cli, ["audit", "verify", "--from", f"3:{BEGINNING.hash}"]
    )
    assert (bad.exit_code, "rewritten" in bad.stderr) == (1, True), bad.output
