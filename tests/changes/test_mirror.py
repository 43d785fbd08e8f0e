"""`workplan mirror`: a copy that is in step, says so with proof, and is not harmed by being stopped anywhere."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import httpx2
import pytest
from fastapi import FastAPI

from app.mirror.copies import Copy, Trouble
from app.mirror.database import Tables
from app.mirror.folder import Folder
from app.mirror.following import Follower
from app.mirror.remote import Remote
from tests import make

SOURCE = "http://register.test"


@pytest.fixture
async def remote(service: FastAPI) -> AsyncIterator[Remote]:
    """The register, as the mirror asks it."""
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(service), base_url=SOURCE) as client:
        yield Remote(client, attempts=1)


@pytest.fixture(params=["folder", "database"])
async def copy(
    request: pytest.FixtureRequest, tmp_path: Path, database_address: str
) -> AsyncIterator[Folder | Tables]:
    """A copy in either place; the tables may stand beside the register's own."""
    if request.param == "folder":
        folder = Folder(tmp_path / "copy", SOURCE, "")
        yield folder
        await folder.close()
        return
    tables = await Tables.opened(database_address, SOURCE, "")
    yield tables
    await tables.close()
    connection = await asyncpg.connect(database_address)
    await connection.execute("drop schema mirror cascade")
    await connection.close()


@pytest.fixture
async def folder(tmp_path: Path) -> AsyncIterator[Folder]:
    """A copy in the test's own folder."""
    made = Folder(tmp_path, SOURCE, "")
    yield made
    await made.close()


def _folders(path: Path) -> list[Path]:
    return list(path.glob("records-*"))


def _file(path: Path, kind: str, record: dict[str, Any]) -> Path:
    """The file of a record."""
    (folder,) = _folders(path)
    return folder / kind / f"{record['id']}.json"


async def follower(remote: Remote, copy: Copy, said: list[str] | None = None) -> Follower:
    made = Follower(remote, copy, (said if said is not None else []).append)
    await made.open(anew=False)
    return made


async def test_a_copy_follows_every_kind_of_change_and_is_in_step(
    client: httpx.AsyncClient, remote: Remote, copy: Copy
) -> None:
    kept, gone, back = [await make.record(client, "events") for _ in range(3)]
    begun = await follower(remote, copy)
    assert not (await begun.proved()).differing
    await client.patch(f"/v1/events/{kept['id']}", json={"title": "ខ្មែរ, ไทย, 日本"})
    await client.delete(f"/v1/events/{gone['id']}")
    await client.delete(f"/v1/events/{back['id']}")
    await client.post(f"/v1/events/{back['id']}/restore")
    await make.record(client, "goals")
    proof = await begun.proved()
    assert (proof.records, proof.differing) == (3, {})
    assert await copy.position() == proof.position
    again = await follower(remote, copy)  # another start goes on from there
    await make.record(client, "areas")
    assert (await again.proved()).records == 4


async def test_a_merged_record_leaves_the_copy_and_what_its_key_brings_comes_to_the_survivor(
    client: httpx.AsyncClient, remote: Remote, copy: Copy
) -> None:
    old, lives = [await make.record(client, "organisations", keys=[f"moj:{name}"]) for name in ("old", "new")]
    activity = await make.record(client, "activities", lead={"id": old["id"]})
    begun = await follower(remote, copy)
    await begun.proved()
    before = await copy.position()
    merged = await client.post(f"/v1/organisations/{old['id']}/merge", json={"into": {"id": lives["id"]}})
    assert merged.status_code == 200, merged.text
    rows = [{"key": "old", "name": "By the old key"}]
    loaded = (await client.post("/v1/organisations/bulk?match=by-key:moj", json=rows)).json()
    assert loaded["summary"]["update"] == 1, loaded
    told = (await client.get(f"/v1/changes?after={before}&include=record")).json()["items"]
    assert [(each["id"], each["action"], each["survivor_id"]) for each in told] == [
        (activity["id"], "update", None),
        (old["id"], "merge", lives["id"]),
        (lives["id"], "update", None),
        (lives["id"], "update", None),
    ]
    assert told[-1]["record"]["name"] == "By the old key"
    proof = await begun.proved()
    assert proof.differing == {}
    again = await follower(remote, copy)  # from nothing but what it holds
    assert (await again.proved()).records == proof.records == 3


async def test_the_records_of_a_copy_are_the_answers_of_the_register(
    client: httpx.AsyncClient, remote: Remote, folder: Folder, tmp_path: Path
) -> None:
    begun = await follower(remote, folder)
    made = await make.record(client, "organisations", name="ສປປ ລາວ")
    await begun.proved()
    assert json.loads(_file(tmp_path, "organisations", made).read_text(encoding="utf-8")) == made


async def test_a_copy_that_differs_is_found_out(
    client: httpx.AsyncClient, remote: Remote, folder: Folder, tmp_path: Path
) -> None:
    goal, area = await make.record(client, "goals"), await make.record(client, "areas")
    begun = await follower(remote, folder)
    _file(tmp_path, "goals", goal).unlink()
    _file(tmp_path, "areas", area).write_text(json.dumps({**area, "version": 7}))
    proof = await begun.proved()
    assert list(proof.differing) == ["areas", "goals"]
    here, there = proof.differing["goals"]
    assert (here.count, there.count) == (0, 1)


async def test_a_stop_between_the_files_and_the_state_changes_nothing(
    client: httpx.AsyncClient, remote: Remote, folder: Folder, tmp_path: Path
) -> None:
    first = await make.record(client, "events", title="At first")
    await follower(remote, folder)
    before = (tmp_path / "state.json").read_bytes()
    await client.patch(f"/v1/events/{first['id']}", json={"title": "Later"})
    await client.delete(f"/v1/events/{first['id']}")
    await make.record(client, "events")
    await (await follower(remote, folder)).proved()
    await folder.close()
    (tmp_path / "state.json").write_bytes(before)  # as if it had been stopped before the state moved
    (tmp_path / "records-1-left-by-a-crash").mkdir()
    again = Folder(tmp_path, SOURCE, "")
    assert not (await (await follower(remote, again)).proved()).differing
    assert len(_folders(tmp_path)) == 1
    await again.close()


async def test_a_copy_that_was_away_too_long_begins_anew(
    client: httpx.AsyncClient, remote: Remote, folder: Folder, tmp_path: Path, database_address: str
) -> None:
    gone = await make.record(client, "areas")
    said: list[str] = []
    begun = await follower(remote, folder, said)
    await client.delete(f"/v1/areas/{gone['id']}")
    connection = await asyncpg.connect(database_address)
    await connection.execute("alter table commits disable trigger keep_commits")
    await connection.execute("update commits set at = at - interval '401 days'")
    await connection.execute("alter table commits enable trigger keep_commits")
    await connection.close()
    await make.record(client, "areas")
    proof = await begun.proved()
    assert (proof.records, proof.differing) == (1, {})
    assert "reaches back 400 days" in said[1]


async def test_a_copy_of_another_register_is_left_alone(
    remote: Remote, folder: Folder, tmp_path: Path
) -> None:
    with pytest.raises(Trouble, match="Another process"):
        Folder(tmp_path, SOURCE, "")
    await follower(remote, folder)
    await folder.close()
    with pytest.raises(Trouble, match=f"something else: {SOURCE}"):
        Folder(tmp_path, "https://other.test", "")


async def test_a_follower_takes_over_what_happens_until_it_is_stopped(
    client: httpx.AsyncClient, remote: Remote, folder: Folder, tmp_path: Path
) -> None:
    stop = asyncio.Event()
    begun = await follower(remote, folder)
    following = asyncio.create_task(begun.follow(stop))
    await make.record(client, "areas")
    place, _ = await remote.digests()
    async with asyncio.timeout(20):
        while await folder.position() != place:  # noqa: ASYNC110  (a copy has no event)
            await asyncio.sleep(0.02)
        stop.set()
        await following


async def test_a_hole_in_the_feed_is_not_passed_over() -> None:
    page: dict[str, Any] = {
        "items": [], "next_after": 7, "head": 7, "withheld": 1, "other_kinds": 0, "next": None,
    }  # fmt: skip
    broken = httpx2.MockTransport(lambda _: httpx2.Response(200, json=page))
    async with httpx2.AsyncClient(transport=broken, base_url=SOURCE) as client:
        with pytest.raises(Trouble, match="hole behind position 5"):
            await Remote(client).changes(5)
