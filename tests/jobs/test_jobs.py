"""A file that is accepted is loaded once, as a synchronous request would load it, and its key is told how far it is."""

import asyncio
from typing import Any

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from app.jobs import running
from app.jobs.queue import Job
from tests.cast import Cast

PLACE = "/v1/events/bulk?match=by-key:moj-th"
LATER = {"Prefer": "respond-async"}
ENDED = {"succeeded", "failed", "cancelled"}


def event(key: str, title: str = "Seminar", **more: Any) -> dict[str, Any]:
    return {"key": key, "title": title, "kind": "seminar", "start_date": "2025-06-24", **more}


async def accepted(client: httpx.AsyncClient, rows: Any, place: str = PLACE, **headers: str) -> str:
    """Send a file to be loaded later; the address of its job."""
    answer = await client.post(place, json=rows, headers=LATER | headers)
    assert (answer.status_code, answer.headers["preference-applied"]) == (202, "respond-async"), answer.text
    assert answer.json()["href"] == answer.headers["location"]
    return answer.headers["location"]


async def ended(client: httpx.AsyncClient, job: str) -> dict[str, Any]:
    async with asyncio.timeout(20):
        while (found := (await client.get(job)).json())["state"] not in ENDED:  # noqa: ASYNC110  (as a client does)
            await asyncio.sleep(0.02)
    return dict(found)


async def test_a_job_reports_what_the_request_would_have_answered(client: httpx.AsyncClient) -> None:
    now = (await client.post(PLACE, json=[event("A"), event("B")])).json()
    job = await ended(client, await accepted(client, [event("A"), event("B"), event("C")]))
    assert (job["state"], job["status"], job["attempts"]) == ("succeeded", 200, 1)
    assert job["report"] == now | {"summary": now["summary"] | {"rows": 3, "create": 1, "unchanged": 2}}
    assert (job["progress"]["step"], job["progress"]["rows"]) == ("finished", 3)
    assert job["progress"]["bytes"] == job["progress"]["bytes_of"] > 0
    assert len((await client.get("/v1/events")).json()["items"]) == 3


async def test_a_large_file_is_a_job_without_being_asked(
    client: httpx.AsyncClient, service: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service.state.service.settings, "async_bulk_body", 10)
    answer = await client.post(PLACE, json=[event("A")])
    assert answer.status_code == 202
    assert "preference-applied" not in answer.headers
    assert (await ended(client, answer.headers["location"]))["state"] == "succeeded"


async def test_refused_rows_can_be_had_and_nothing_is_stored(client: httpx.AsyncClient) -> None:
    text = "title,kind,start_date\nGood,seminar,2025-06-24\nBad,nothing,2025-06-24\n"
    headers = LATER | {"Content-Type": "text/csv"}
    accept = await client.post("/v1/events/bulk", content=text, headers=headers)
    job = await ended(client, accept.headers["location"])
    assert (job["state"], job["status"], job["report"]["status"]) == ("failed", 422, 422)
    assert [(each["row"], each["column"]) for each in job["report"]["errors"]] == [(2, "kind")]
    rows = await client.get(job["refused"])
    assert rows.headers["content-type"].startswith("text/csv")
    assert [line.split(",")[0] for line in rows.text.splitlines()] == ["title", "Bad"]
    assert (
        await client.get(job["refused"], headers={"If-None-Match": rows.headers["etag"]})
    ).status_code == 304
    assert (await client.get("/v1/events")).json()["items"] == []


async def test_partial_dry_and_planned_loads_are_jobs_like_others(client: httpx.AsyncClient) -> None:
    rows = [event("A"), event("B", kind="nothing")]
    partial = await ended(client, await accepted(client, rows, f"{PLACE}&mode=partial"))
    assert (partial["state"], partial["status"], partial["report"]["summary"]["create"]) == (
        "succeeded",
        207,
        1,
    )
    assert (await client.get(partial["refused"])).text.count("\n") == 1
    change = [event("A", "Changed")]
    dry = await ended(client, await accepted(client, change, f"{PLACE}&dry_run=true"))
    assert (dry["report"]["dry_run"], dry["report"]["summary"]["update"]) == (True, 1)
    plan = {"If-Plan-Match": dry["report"]["plan"]}
    assert (await ended(client, await accepted(client, change, **plan)))["status"] == 200
    outdated = await ended(client, await accepted(client, change, **plan))
    assert (outdated["state"], outdated["status"]) == ("failed", 412)


async def test_sent_again_under_one_key_it_is_one_job(
    client: httpx.AsyncClient, once: dict[str, str]
) -> None:
    answers = await asyncio.gather(
        *(client.post(PLACE, json=[event("A")], headers=LATER | once) for _ in range(8))
    )
    places = {answer.headers["location"] for answer in answers if answer.status_code == 202}
    assert len(places) == 1
    assert {answer.status_code for answer in answers} <= {202, 409}
    again = await client.post(PLACE, json=[event("A")], headers=once)  # without `Prefer` too
    assert (again.headers["location"], again.headers["idempotency-replayed"]) == (*places, "true")
    assert (await ended(client, *places))["report"]["summary"]["create"] == 1
    other = await client.post(PLACE, json=[event("B")], headers=LATER | once)
    assert (other.status_code, other.json()["type"]) == (422, "/problems/key-reused")


async def test_a_job_is_told_to_its_key_and_to_administrators(cast: Cast) -> None:
    job = await accepted(cast.secretariat, [event("A")])
    assert [each["href"] for each in (await cast.secretariat.get("/v1/jobs")).json()["items"]] == [job]
    assert (await cast.administrator.get(job)).status_code == 200
    for path in (job, f"{job}/refused"):
        assert (await cast.reader.get(path)).status_code == 404
        assert (await cast.anonymous.get(path)).status_code == 401
    assert (await cast.reader.get("/v1/jobs")).json()["items"] == []
    assert (await cast.reader.delete(job)).status_code == 403


async def test_a_cancelled_job_is_never_loaded(client: httpx.AsyncClient, held: asyncio.Event) -> None:
    job = await accepted(client, [event("A")])
    assert (await client.get(job)).json()["state"] == "waiting"
    assert (await client.delete(f"{job}?dry_run=true")).json()["state"] == "cancelled"
    assert (await client.delete(job)).json()["state"] == "cancelled"
    following = await accepted(client, [event("B")])
    held.set()
    await ended(client, following)
    assert (await client.get(job)).json()["state"] == "cancelled"
    refused = await client.delete(following)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/job-finished")
    keys = [each["keys"] for each in (await client.get("/v1/events")).json()["items"]]
    assert keys == [["moj-th:B"]]


async def test_a_job_that_is_cancelled_while_it_is_loaded_leaves_nothing(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    finish, reached, go = running.queue.finish, asyncio.Event(), asyncio.Event()

    async def slow(*args: Any) -> bool:
        reached.set()
        await go.wait()
        return await finish(*args)

    monkeypatch.setattr(running.queue, "finish", slow)
    job = await accepted(client, [event("A")])
    await reached.wait()
    made = await client.post(
        "/v1/events", json={key: value for key, value in event("-").items() if key != "key"}
    )
    assert made.status_code == 201, f"others write meanwhile: {made.text}"
    assert (await client.delete(job)).json()["state"] == "cancelled"
    go.set()
    assert (await ended(client, job))["state"] == "cancelled"
    assert (await ended(client, await accepted(client, [event("B")])))["state"] == "succeeded"
    assert len((await client.get("/v1/events")).json()["items"]) == 2


async def test_an_attempt_that_breaks_off_is_made_again(
    client: httpx.AsyncClient, held: asyncio.Event, database_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    finish, broken = running.queue.finish, []
    address = await accepted(client, [event("A")])

    async def breaking(connection: asyncpg.Connection, job: Job, *args: Any) -> bool:
        if not broken and address.endswith(str(job.id)):  # and no job that an earlier test has left
            broken.append(connection.get_server_pid())
            admin = await asyncpg.connect(database_address)
            await admin.execute("select pg_terminate_backend($1, 5000)", broken[0])  # waits for its end
            await admin.close()
        return await finish(connection, job, *args)

    monkeypatch.setattr(running.queue, "finish", breaking)
    monkeypatch.setattr(running, "_PAUSE_MOST", 0.0)
    held.set()
    job = await ended(client, address)
    assert (job["state"], job["attempts"], job["report"]["summary"]["create"]) == ("succeeded", 2, 1)
    assert len((await client.get("/v1/events")).json()["items"]) == 1


async def test_a_job_whose_key_was_revoked_meanwhile_is_not_loaded(
    cast: Cast, held: asyncio.Event, database_address: str
) -> None:
    job = await accepted(cast.secretariat, [event("A")])
    connection = await asyncpg.connect(database_address)
    await connection.execute("update api_keys set revoked_at = now() where name = 'secretariat'")
    await connection.close()
    held.set()
    found = await ended(cast.administrator, job)
    assert (found["state"], found["status"]) == ("failed", 401)


async def test_the_list_goes_back_page_by_page(client: httpx.AsyncClient, held: asyncio.Event) -> None:
    jobs = [await accepted(client, [event(str(number))]) for number in range(3)]
    first = (await client.get("/v1/jobs?limit=2&state=waiting")).json()
    second = (await client.get(first["next"])).json()
    assert [each["href"] for each in first["items"] + second["items"]] == jobs[::-1]
    assert second["next"] is None
    for query in ("state=gone", "limit=0", "before=x", "nope=1"):
        assert (await client.get(f"/v1/jobs?{query}")).status_code == 400
    held.set()
