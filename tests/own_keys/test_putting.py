"""Records by the caller's own key: put twice is one record and one change."""

import asyncio

import asyncpg
import httpx
import pytest

from tests import make
from tests.cast import Cast

every_resource = pytest.mark.parametrize("path", make.PATHS)


async def changes(address: str) -> int:
    connection = await asyncpg.connect(address)
    try:
        return int(await connection.fetchval("select count(*) from changes"))
    finally:
        await connection.close()


@every_resource
async def test_the_second_identical_put_writes_nothing(
    client: httpx.AsyncClient, path: str, database_address: str
) -> None:
    body = await make.body(client, path)
    place = f"/v1/{path}/by-key/moj-th/TH-17"
    made = await client.put(place, json=body)
    assert made.status_code == 201, made.text
    assert made.headers["write-result"] == "created"
    assert made.json()["keys"] == ["moj-th:TH-17"]
    before = await changes(database_address)
    again = await client.put(place, json=body)
    assert (again.status_code, again.headers["write-result"]) == (200, "unchanged")
    assert again.json() == made.json()
    assert await changes(database_address) == before
    read = await client.get(place)
    assert read.json() == made.json()
    assert read.headers["etag"] == made.headers["etag"] == again.headers["etag"]
    assert (await client.get(made.headers["location"])).json() == made.json()


@every_resource
async def test_a_put_changes_what_it_names_and_keeps_the_rest(client: httpx.AsyncClient, path: str) -> None:
    place = f"/v1/{path}/by-key/moj-th/TH-17"
    made = (await client.put(place, json=await make.body(client, path, keys=["other:1"]))).json()
    field = {
        "countries": "name",
        "organisations": "name",
        "focal-points": "note",
        "progress-reports": "overview",
        "gap-dismissals": "reason",
        "overlap-verdicts": "reason",
        "report-lines": "narrative",
    }.get(path, "title")
    answer = await client.put(place, json={field: "Changed"})
    assert (answer.status_code, answer.headers["write-result"]) == (200, "updated"), answer.text
    kept = {n: v for n, v in answer.json().items() if n not in {field, "text_hash", "version", "updated_at"}}
    assert answer.json()[field] == "Changed"
    assert kept == {n: v for n, v in made.items() if n in kept}
    assert made["keys"] == ["other:1", "moj-th:TH-17"]


@pytest.mark.parametrize("keys", [[], None, ["other:1"]])
async def test_the_own_key_stays_whatever_the_body_says_of_keys(
    client: httpx.AsyncClient, keys: object
) -> None:
    place = "/v1/events/by-key/moj-th/TH-17"
    await client.put(place, json=await make.body(client, "events"))
    answer = await client.put(place, json={"keys": keys})
    assert answer.status_code == 200
    assert "moj-th:TH-17" in answer.json()["keys"]


async def test_simultaneous_first_puts_make_one_record(
    client: httpx.AsyncClient, database_address: str
) -> None:
    bodies = [await make.body(client, "events") for _ in range(4)]
    answers = await asyncio.gather(*(client.put("/v1/events/by-key/moj-th/A", json=body) for body in bodies))
    assert sorted(answer.status_code for answer in answers) == [200] * 3 + [201]
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert len((await client.get("/v1/events")).json()["items"]) == 1


async def test_if_match_guards_a_put(client: httpx.AsyncClient) -> None:
    place = "/v1/events/by-key/moj-th/A"
    body = await make.body(client, "events")
    assert (await client.put(place, json=body, headers={"If-Match": '"1"'})).status_code == 412
    tag = (await client.put(place, json=body)).headers["etag"]
    assert (await client.put(place, json={"title": "B"}, headers={"If-Match": tag})).status_code == 200
    stale = await client.put(place, json={"title": "C"}, headers={"If-Match": tag})
    assert stale.status_code == 412
    assert stale.json()["changed_since"] == ["title"]


async def test_a_dry_run_says_what_would_happen_and_does_not(client: httpx.AsyncClient) -> None:
    place = "/v1/events/by-key/moj-th/A"
    answer = await client.put(f"{place}?dry_run=true", json=await make.body(client, "events"))
    assert (answer.status_code, answer.headers["write-result"], answer.headers["dry-run"]) == (
        201,
        "created",
        "true",
    )
    assert (await client.get(place)).status_code == 404


async def test_a_put_is_repeated_safely(client: httpx.AsyncClient) -> None:
    place, headers = "/v1/events/by-key/moj-th/A", {"Idempotency-Key": "once"}
    body = await make.body(client, "events")
    first = await client.put(place, json=body, headers=headers)
    again = await client.put(place, json=body, headers=headers)
    assert (again.status_code, again.headers["idempotency-replayed"]) == (201, "true")
    assert again.headers["write-result"] == "created"
    assert again.json() == first.json()
    other = await client.put(place, json={"title": "Other"}, headers=headers)
    assert other.status_code == 422


async def test_what_cannot_be_a_key_is_refused(client: httpx.AsyncClient) -> None:
    body = await make.body(client, "events")
    for place in ("MOJ/A", "moj-th/-A", "moj th/A", "moj-th/" + "A" * 121):
        assert (await client.get(f"/v1/events/by-key/{place}")).status_code == 404
        assert (await client.put(f"/v1/events/by-key/{place}", json=body)).status_code == 404


async def test_keys_are_each_kinds_own(client: httpx.AsyncClient) -> None:
    for path in ("events", "goals"):
        answer = await client.put(f"/v1/{path}/by-key/moj-th/A", json=await make.body(client, path))
        assert answer.status_code == 201


async def test_a_deleted_record_gives_its_key_free(client: httpx.AsyncClient) -> None:
    place = "/v1/events/by-key/moj-th/A"
    made = await client.put(place, json=await make.body(client, "events"))
    await client.delete(made.headers["location"])
    assert (await client.get(place)).status_code == 404
    again = await client.put(place, json=await make.body(client, "events"))
    assert again.status_code == 201
    assert again.json()["id"] != made.json()["id"]


async def test_who_may_not_write_may_not_put(cast: Cast) -> None:
    place = "/v1/events/by-key/moj-th/A"
    assert (await cast.anonymous.put(place, json={})).status_code == 401
    assert (await cast.reader.put(place, json={})).status_code == 403


async def test_other_methods_are_named(client: httpx.AsyncClient) -> None:
    answer = await client.post("/v1/events/by-key/moj-th/A", json={})
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, HEAD, PUT, OPTIONS"
