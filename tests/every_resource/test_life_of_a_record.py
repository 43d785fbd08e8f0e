"""What every resource promises of one record: made, read, changed, deleted, brought back."""

import httpx
import pytest

from app.api import COLLECTIONS
from tests import make

every_resource = pytest.mark.parametrize("path", make.PATHS)
TITLES = {"countries": "name", "organisations": "name", "focal-points": "note"}
TITLES |= {
    "progress-reports": "overview",
    "report-lines": "narrative",
    "gap-dismissals": "reason",
    "overlap-verdicts": "reason",
}


@every_resource
async def test_a_created_record_is_read_back_as_it_was_answered(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.post(f"/v1/{path}", json=await make.body(client, path))
    assert answer.status_code == 201, answer.text
    read = await client.get(answer.headers["location"])
    assert read.json() == answer.json()
    assert read.headers["etag"] == answer.headers["etag"]
    may = (await client.get(f"{answer.headers['location']}/permissions")).json()["permissions"]
    assert {each["verb"] for each in may if each["allowed"]} >= {"read", "update"}


@every_resource
async def test_a_patch_changes_what_it_names_and_counts_the_version(
    client: httpx.AsyncClient, path: str
) -> None:
    made = await make.record(client, path)
    field = TITLES.get(path, "title")
    answer = await client.patch(f"/v1/{path}/{made['id']}", json={field: "Changed"})
    assert answer.status_code == 200, answer.text
    kept = {
        name: value
        for name, value in answer.json().items()
        if name not in {field, "text_hash", "version", "updated_at"}
    }
    assert answer.json()[field] == "Changed"
    assert answer.json()["version"] == 2
    assert kept == {name: value for name, value in made.items() if name in kept}


@every_resource
async def test_a_patch_that_changes_nothing_writes_nothing(client: httpx.AsyncClient, path: str) -> None:
    made = await make.record(client, path)
    (read_only,) = (each.read_only for each in COLLECTIONS if each.path == path)
    same = {name: value for name, value in made.items() if name not in read_only}
    answer = await client.patch(f"/v1/{path}/{made['id']}", json=same)
    assert answer.json() == made


@every_resource
async def test_a_deleted_record_is_gone_and_comes_back_as_it_was(
    client: httpx.AsyncClient, path: str
) -> None:
    made = await make.record(client, path, keys=["test:once"])
    assert (await client.delete(f"/v1/{path}/{made['id']}")).status_code == 204
    gone = await client.get(f"/v1/{path}/{made['id']}")
    assert gone.status_code == 404, (gone.status_code, gone.text)
    assert "restore" in gone.json()["detail"]
    back = await client.post(f"/v1/{path}/{made['id']}/restore")
    assert back.status_code == 200, back.text
    changed = {"version", "updated_at"}
    assert {n: v for n, v in back.json().items() if n not in changed} == {
        n: v for n, v in made.items() if n not in changed
    }
    assert back.json()["version"] == 2
