"""Every operation, every table and every file: who has no right gets nothing, whatever is asked and however."""

import json
import re
import subprocess
from itertools import cycle
from pathlib import Path

import asyncpg
import httpx
import pytest

from app.access.keys import new_key, well_formed
from app.access.permissions import MATRIX, Permission, Role
from app.db import APP_ROLE
from app.operations.doors import POLICY
from tests import make
from tests.cast import BASE, Cast
from tests.conftest import Register
from tests.every_resource.test_life_of_a_record import TITLES

ROOT = Path(__file__).parents[2]
DOCUMENT = json.loads((ROOT / "docs" / "openapi.json").read_text())
NOBODY = "019aa5d0-6b7c-7c3e-9c39-0d1f5b3a7e11"
KEY = re.compile(r"ajwp_[0-9A-Za-z]{46}")


def operations() -> list[tuple[str, str, Permission]]:
    """Method, address and permission of everything that needs more than the public has."""
    found = []
    for path, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
            permission = POLICY.get(operation["operationId"])
            if permission and permission not in MATRIX[Role.PUBLIC]:
                found.append((method.upper(), re.sub(r"{[^}]+}", NOBODY, path), permission))
    return found


async def test_no_operation_opens_without_a_key_or_with_one_that_may_not(empty: Register) -> None:
    closed = operations()
    assert len(closed) > 100
    key = {"X-API-Key": empty.keys["reader"]}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(empty.app), base_url=BASE) as client:
        for method, path, permission in closed:
            nobody = await client.request(method, path)
            assert nobody.status_code == 401, (method, path, nobody.text)
            assert nobody.headers["www-authenticate"].startswith("Bearer")
            if permission not in MATRIX[Role.READER]:
                reader = await client.request(method, path, headers=key)
                assert reader.status_code == 403, (method, path, reader.text)


async def test_bad_credentials_are_never_taken_for_none(empty: Register) -> None:
    """By no operation, not even where nobody needs any: each is asked with some of them, in turn."""
    good = empty.keys["secretariat"]
    bad = [
        "Bearer garbage",
        f"Bearer {good[:-7]}{'A' if good[-7] != 'A' else 'B'}{good[-6:]}",  # flipped
        "Bearer 9f86d081884c7d659a2feaa0c55ad015",
        f"Bearer {good.swapcase()}",
        "Bearer eyJhbGciOiJub25lIn0.eyJyb2xlIjoiYWRtaW5pc3RyYXRvciJ9.",  # unsigned
        "Basic YWRtaW46YWRtaW4=",
        "Bearer ",
        f"Bearer {new_key()}",  # of a stranger
    ]
    turns, closed, asked = cycle(bad), {(method.lower(), path) for method, path, _ in operations()}, 0
    async with httpx.AsyncClient(transport=httpx.ASGITransport(empty.app), base_url=BASE) as client:
        for path, methods in DOCUMENT["paths"].items():
            empty.app.state.service.doorkeeper.forget()  # or guesses are slowed down
            for method in methods if path.startswith("/v1/") else ():
                address = re.sub(r"{[^}]+}", NOBODY, path)
                for sent in bad if path == "/v1/goals" else (next(turns), next(turns)):
                    answer = await client.request(method, address, headers={"Authorization": sent})
                    if answer.status_code in {400, 404} and (method, address) not in closed:
                        continue  # there is no such thing, whoever asks
                    assert answer.status_code == 401, (method, path, sent, answer.text)
                    assert answer.headers["www-authenticate"].startswith("Bearer"), (method, path, sent)
                    asked += 1
    assert asked > 300


_READABLE = f"""select c.relname from pg_class c where c.relnamespace = 'public'::regnamespace
and c.relkind in ('r', 'v', 'p') and has_table_privilege('{APP_ROLE}', c.oid, 'select')"""
_WRITABLE = f"""select c.relname from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind = 'r'
and has_table_privilege('{APP_ROLE}', c.oid, 'insert')"""


async def test_the_service_itself_sees_and_writes_nothing_for_nobody(empty: Register, cast: Cast) -> None:
    """The database holds it: without a caller no table, view or copy has a draft, and none takes a row."""
    goal = await make.record(cast.secretariat, "goals")
    for path, more in (
        ("events", {}),
        ("activities", {"goal": {"id": goal["id"]}}),
        ("focal-points", {"country": "JP"}),
    ):
        field = TITLES.get(path, "title")
        await make.record(
            cast.japan_editor, path, visibility="own", keys=["canary:1"], **{field: "Canary"}, **more
        )
    report = await make.record(cast.secretariat, "progress-reports", overview="Canary")
    await make.record(cast.secretariat, "report-lines", report={"id": report["id"]}, narrative="Canary")
    connection = await asyncpg.connect(empty.address)
    there = await connection.fetchval("select count(*) from events where title = 'Canary'")
    names = [row[0] for row in await connection.fetch(_READABLE)]
    writable = [row[0] for row in await connection.fetch(_WRITABLE)]
    await connection.execute(f"set role {APP_ROLE}")
    assert there == 1
    assert len(names) > 25
    for name in names:
        found = await connection.fetchval(f"select count(*) from {name} t where t::text ilike '%canary%'")
        assert found == 0, name
    assert len(writable) > 15
    for name in writable:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(f"insert into {name} select (null::{name}).*")
    copied: list[bytes] = []

    async def keep(piece: bytes) -> None:
        copied.append(piece)

    await connection.copy_from_query("select * from events", output=keep)
    await connection.close()
    assert copied == []


@pytest.mark.parametrize("query", ["q=%0d%0aX-Evil:+1", "title=%0d%0aX-Evil:+1", "city=a%0d%0ab"])
async def test_a_line_break_in_a_query_ends_no_header(cast: Cast, query: str) -> None:
    for title in ("X-Evil: 1", "a\r\nb"):
        await make.record(cast.secretariat, "events", title=title.replace("\r\n", " "))
    answer = await cast.anonymous.get(f"/v1/events?limit=1&{query}")
    assert "x-evil" not in answer.headers
    assert not any("\r" in value or "\n" in value for value in answer.headers.values())


async def test_a_question_that_is_too_long_costs_no_statement(client: httpx.AsyncClient) -> None:
    words = "mediation " * 2000
    for address in ("/v1/search", "/v1/events"):
        answer = await client.get(address, params={"q": words})
        assert answer.status_code == 400, answer.text


def test_no_key_stands_in_a_file() -> None:
    """Whoever finds one in here finds an example: its check digits are wrong."""
    command = ["git", "grep", "-I", "-o", "-h", "-E", KEY.pattern]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert found.returncode in {0, 1}, found.stderr
    assert [each for each in found.stdout.split() if well_formed(each)] == []
    assert KEY.fullmatch(new_key())
