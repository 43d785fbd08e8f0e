"""Loads that are written while they are read: what they do, and say, is as if they were written in the end."""

import random
from collections.abc import Sequence
from typing import Any

import asyncpg
import httpx
import pytest

from app.collection.batch_rows import Row
from app.collection.batches import Batch
from app.jobs.queue import Progress
from tests import make
from tests.cast import Cast

BULK = "/v1/organisations/bulk?match=code"
TRANSIENT = {"dry_run": None, "plan": None, "request_id": None}


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.imports.loading._CHUNK_ROWS", 2)


def row(code: str, **more: Any) -> dict[str, Any]:
    return {"code": code, "name": f"Office {code}", "kind": "ministry", **more}


def some_rows(seed: int, prefix: str) -> list[dict[str, Any]]:
    """Rows for A to D, which are there, and E to L, which are not; of every second seed with some mistakes."""
    chance = random.Random(seed)
    often = 0.08 * (seed % 2)
    rows = []
    for letter in chance.sample("ABCDEFGHIJKL", chance.randint(5, 12)):
        new: dict[str, Any] = row(prefix + letter, name=f"Office {chance.randint(1, 3)}")
        if chance.random() < 0.4:
            new["parent"] = {"code": prefix + chance.choice("ABCD".replace(letter, ""))}
        if chance.random() < 0.3:
            new["keys"] = [f"x:{prefix}-{chance.randint(1, 4) if chance.random() < often else letter}"]
        if chance.random() < often:
            new["op"] = chance.choice(["create", "update", "delete"])
        if chance.random() < often:
            new["version"] = chance.randint(1, 2)
        if chance.random() < often / 4:
            new["kind"] = "nothing"
        rows.append(new)
        if chance.random() < often / 4:
            rows.append(row(new["code"]))
    return rows


async def known(client: httpx.AsyncClient, prefix: str) -> list[Any]:
    listed = (await client.get("/v1/organisations?sort=code&limit=1000")).json()["items"]
    names = ("name", "version", "keys", "parent")
    found = [[each["code"], *map(each.get, names)] for each in listed if each["code"].startswith(prefix)]
    return [
        [str(value).replace(prefix, "") if name != 4 else (value or {}).get("code", "").replace(prefix, "")]
        for each in found
        for name, value in enumerate(each)
    ]


@pytest.mark.parametrize("seed", range(24))
async def test_a_load_does_what_it_does_when_it_is_written_in_the_end(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    for prefix in ("P", "Q"):
        base = [row(f"{prefix}{letter}") for letter in "ABCD"]
        assert (await client.post(BULK, json=base)).status_code == 200

    dry = await client.post(f"{BULK}&dry_run=true", json=some_rows(seed, "P"))  # is never written ahead
    before = await known(client, "P")
    wet = await client.post(BULK, json=some_rows(seed, "P"))

    assert (wet.status_code, wet.json() | TRANSIENT) == (dry.status_code, dry.json() | TRANSIENT)
    if wet.status_code == 200:
        monkeypatch.setattr("app.imports.loading._CHUNK_ROWS", 1_000)
        assert (await client.post(BULK, json=some_rows(seed, "Q"))).status_code == 200
        assert await known(client, "P") == await known(client, "Q")
    else:
        assert await known(client, "P") == before


async def test_chunks_are_written_while_the_next_ones_are_read(
    client: httpx.AsyncClient, sent: list[str]
) -> None:
    assert (await client.post(BULK, json=[row(f"A{n}") for n in range(6)])).status_code == 200
    order = [
        "write" if "insert into organisations" in trip else "read"
        for trip in sent
        if "insert into organisations" in trip or trip.startswith("SELECT CAST(organisations.code")
    ]
    assert order.count("write") == 3
    assert order.index("write") < len(order) - 1 - order[::-1].index("read")


@pytest.mark.parametrize(
    "last",
    [row("Z", kind="nothing"), row("C0"), row("C1", op="delete"), row("Z", parent={"code": "NONE"})],
    ids=["refused", "repeated", "deletes", "refers to nothing"],
)
async def test_a_load_that_comes_into_doubt_begins_anew(
    client: httpx.AsyncClient, sent: list[str], last: dict[str, Any]
) -> None:
    await client.post(BULK, json=[row("C1")])
    rows = [row(f"C{n}") for n in (0, 2, 3, 4, 5)]

    answer = await client.post(BULK, json=[*rows, last])

    assert sent.count("rollback to savepoint begun") == 1
    assert answer.status_code == (200 if last.get("op") == "delete" else 422), answer.text
    codes = [each["code"] for each in (await client.get("/v1/organisations")).json()["items"]]
    assert codes == (["C0", "C2", "C3", "C4", "C5"] if last.get("op") == "delete" else ["C1"])


async def test_a_load_is_one_commit_however_many_statements_wrote_it(
    client: httpx.AsyncClient, database_address: str
) -> None:
    await client.post(BULK, json=[row(f"A{n}") for n in range(7)])
    connection = await asyncpg.connect(database_address)
    try:
        commits = await connection.fetch(
            "select commit_number, count(*), count(distinct ordinal) from changes "
            "where kind = 'organisations' group by 1"
        )
    finally:
        await connection.close()
    assert [tuple(each)[1:] for each in commits] == [(7, 7)]


async def test_a_file_that_breaks_off_leaves_nothing(client: httpx.AsyncClient) -> None:
    lines = [f"A{n},Office,ministry" for n in range(9)]
    text = "\n".join(["code,name,kind", *lines, 'B,"open'])
    answer = await client.post(BULK, content=text, headers={"Content-Type": "text/csv"})
    assert answer.status_code == 422, answer.text
    assert (await client.get("/v1/organisations")).json()["items"] == []


async def test_what_a_trigger_refuses_is_told_as_when_it_is_written_in_the_end(cast: Cast) -> None:
    """The lines of a submitted report stay; a later row is no line at all, which is told first."""
    client = cast.secretariat
    report = await make.record(client, "progress-reports")
    lines = [await make.record(client, "report-lines", report={"id": report["id"]}) for _ in range(2)]
    assert (await client.post(f"/v1/progress-reports/{report['id']}/submit")).status_code == 200
    rows: list[dict[str, Any]] = [{"id": each["id"], "next_steps": "More"} for each in lines]
    rows += [
        {"id": lines[0]["id"], "next_steps": "Again"},
        {"response": "nonsense"},
        {"response": "nonsense"},
    ]
    dry = await client.post("/v1/report-lines/bulk?dry_run=true", json=rows)
    wet = await client.post("/v1/report-lines/bulk", json=rows)
    assert dry.status_code == 422
    assert (wet.status_code, wet.json() | TRANSIENT) == (dry.status_code, dry.json() | TRANSIENT)


@pytest.mark.parametrize("rows", [2, 1_000], ids=["far apart", "near"])
async def test_a_new_record_goes_before_the_one_that_stands_for_its_merged_namesake(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, rows: int
) -> None:
    monkeypatch.setattr("app.imports.loading._CHUNK_ROWS", rows)
    for code in ("S", "OLD"):
        await client.post(BULK, json=[row(code)])
    assert (await client.post("/v1/organisations/OLD/merge", json={"into": {"code": "S"}})).status_code == 200
    file = [row("OLD"), *(row(f"B{n}") for n in range(5)), row("Z", parent={"code": "OLD"})]
    answer = await client.post("/v1/organisations/bulk", json=file)
    assert answer.status_code == 200, answer.text
    assert (await client.get("/v1/organisations/Z")).json()["parent"]["code"] == "OLD"


async def test_a_load_that_begins_anew_says_that_it_reads(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps, take = [], Batch.take

    async def counted(batch: Batch, rows: Sequence[Row]) -> None:
        steps.append(progress.step)
        await take(batch, rows)

    progress = Progress()
    monkeypatch.setattr(Batch, "take", counted)
    monkeypatch.setattr("app.imports.loading.Progress", lambda: progress)
    await client.post(BULK, json=[row(f"A{n}") for n in (0, 1, 2, 3, 4, 5, 0)])
    assert steps == ["reading"] * 8
