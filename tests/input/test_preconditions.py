"""If-Match: strong, weak, star and lists; what a refusal tells; keys that must send it."""

import asyncpg
import httpx
import pytest

from app import preparing
from app.access.keys import new_key
from app.access.permissions import Role
from tests import make


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ('"1"', 200), ("*", 200), ('"7", "1"', 200), ('"7","1" ,', 200), ('W/"7", "1"', 200),
        ('"7"', 412), ('W/"1"', 412), ('"01"', 412), ('"7", "8"', 412), ('"1x"', 412), ('""', 412),
    ],
)  # fmt: skip
async def test_if_match_is_compared_strongly(client: httpx.AsyncClient, sent: str, status: int) -> None:
    made = await make.record(client, "events")
    answer = await client.patch(f"/v1/events/{made['id']}", json={"title": "New"}, headers={"If-Match": sent})
    assert answer.status_code == status
    assert (await client.get(f"/v1/events/{made['id']}")).json()["version"] == (2 if status == 200 else 1)


async def test_several_lines_are_one_list(client: httpx.AsyncClient) -> None:
    made = await make.record(client, "events")
    lines = [("If-Match", '"1"'), ("If-Match", '"7"')]
    answer = await client.patch(f"/v1/events/{made['id']}", json={"title": "New"}, headers=lines)
    assert answer.status_code == 200


@pytest.mark.parametrize("path", ["events", "activities", "focal-points"])
async def test_the_tag_that_was_read_fits_however_it_was_read(client: httpx.AsyncClient, path: str) -> None:
    made = await make.record(client, path)
    for query in ("", "?fields=id", "?fields=version,id"):
        tag = (await client.get(f"/v1/{path}/{made['id']}{query}")).headers["etag"]
        answer = await client.patch(f"/v1/{path}/{made['id']}", json={}, headers={"If-Match": tag})
        assert answer.status_code == 200, (query, tag, answer.text)


async def test_a_refusal_shows_the_record_as_it_is_and_what_changed(client: httpx.AsyncClient) -> None:
    made = await make.record(client, "events")
    now = (await client.patch(f"/v1/events/{made['id']}", json={"title": "New", "city": "Tokyo"})).json()
    answer = await client.patch(
        f"/v1/events/{made['id']}", json={"title": "Mine"}, headers={"If-Match": '"1"'}
    )
    problem = answer.json()
    assert (answer.status_code, problem["type"]) == (412, "/problems/changed-meanwhile")
    assert problem["current"] == now
    assert sorted(problem["changed_since"]) == ["city", "title"]
    assert answer.headers["etag"] == '"2"'


@pytest.mark.parametrize("tag", ['"99"', 'W/"1"', '"abc"', '"1.abc"'])
async def test_a_refusal_of_an_unknown_version_shows_the_record(client: httpx.AsyncClient, tag: str) -> None:
    made = await make.record(client, "events")
    now = (await client.patch(f"/v1/events/{made['id']}", json={"title": "New"})).json()
    answer = await client.patch(f"/v1/events/{made['id']}", json={"title": "Mine"}, headers={"If-Match": tag})
    assert (answer.status_code, answer.json()["current"]) == (412, now)


async def test_a_delete_asks_for_the_version_too(client: httpx.AsyncClient) -> None:
    made = await make.record(client, "events")
    assert (await client.delete(f"/v1/events/{made['id']}", headers={"If-Match": '"2"'})).status_code == 412
    assert (await client.delete(f"/v1/events/{made['id']}", headers={"If-Match": '"1"'})).status_code == 204


async def test_a_version_of_what_is_gone_is_not_found(client: httpx.AsyncClient) -> None:
    made = await make.record(client, "events")
    await client.delete(f"/v1/events/{made['id']}")
    answer = await client.patch(f"/v1/events/{made['id']}", json={}, headers={"If-Match": "*"})
    assert answer.status_code == 404


async def test_a_key_can_be_made_to_say_which_version_it_changes(
    client: httpx.AsyncClient, database: asyncpg.Connection
) -> None:
    made = await make.record(client, "events")
    key = new_key()
    await preparing.add_key(database, key, "careful", Role.SECRETARIAT)
    await database.execute("update api_keys set require_if_match = true where name = 'careful'")
    careful = {"Authorization": f"Bearer {key}"}
    for answer in (
        await client.patch(f"/v1/events/{made['id']}", json={"title": "New"}, headers=careful),
        await client.delete(f"/v1/events/{made['id']}", headers=careful),
    ):
        assert (answer.status_code, answer.json()["type"]) == (428, "/problems/precondition-required")
    careful["If-Match"] = '"1"'
    assert (
        await client.patch(f"/v1/events/{made['id']}", json={"title": "New"}, headers=careful)
    ).status_code == 200


@pytest.mark.parametrize(
    ("sent", "status"), [('"1"', 304), ('W/"1"', 304), ("*", 304), ('"7", "1"', 304), ('"7"', 200)]
)
async def test_if_none_match_is_compared_weakly(client: httpx.AsyncClient, sent: str, status: int) -> None:
    made = await make.record(client, "events")
    answer = await client.get(f"/v1/events/{made['id']}", headers={"If-None-Match": sent})
    assert (answer.status_code, answer.headers["etag"]) == (status, '"1"')
