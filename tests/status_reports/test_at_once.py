"""What happens at the same time as a freeze: it is in the report, or it is refused; nothing falls between."""

import asyncio
from typing import Any

import asyncpg
import httpx
import pytest

from tests import make
from tests.conftest import Register
from tests.meanwhile import asked_meanwhile, until_they_wait
from tests.status_reports.test_a_period import said


async def _open(client: httpx.AsyncClient) -> dict[str, Any]:
    """A line of an open report."""
    await make.record(client, "consultations", number=3, start_date="2026-11-01", end_date="2026-11-01")
    report = await make.record(client, "progress-reports", consultation={"number": 3}, country="TH")
    line = said(await make.record(client, "activities"))
    return await make.record(client, "report-lines", report={"id": report["id"]}, **line)


async def _submitted(client: httpx.AsyncClient) -> str:
    report = (await _open(client))["report"]
    assert (await client.post(f"/v1/progress-reports/{report['id']}/submit")).status_code == 200
    return str(report["id"])


async def test_a_freeze_counts_what_was_just_being_accepted(
    empty: Register, client: httpx.AsyncClient
) -> None:
    report = await _submitted(client)
    moved = f"update progress_reports set state = 'accepted' where id = '{report}'"
    freeze = client.post("/v1/consultations/3/freeze?force=true")
    [done] = await asked_meanwhile(empty.address, moved, freeze)
    assert done.status_code == 200
    frozen = (await client.get("/v1/consultations/3/report/frozen")).json()
    states = {each["country"]: each["state"] for each in frozen["reports"]}
    assert (await client.get(f"/v1/progress-reports/{report}")).json()["state"] == "frozen"
    assert states["TH"] == "accepted"
    assert [goal["activities"][0]["lines"][0]["country"] for goal in frozen["goals"]] == ["TH"]


async def test_who_moves_a_report_waits_for_a_freeze_and_is_refused(
    empty: Register, client: httpx.AsyncClient
) -> None:
    report = await _submitted(client)
    frozen = "update consultations set frozen_at = now(), report_hash = repeat('0', 64)"
    move = client.post(f"/v1/progress-reports/{report}/accept")
    [refused] = await asked_meanwhile(empty.address, frozen, move)
    assert refused.status_code == 409


@pytest.mark.parametrize("meanwhile", [
    "update progress_reports set state = 'submitted'",
    "update consultations set frozen_at = now(), report_hash = repeat('0', 64)",
])  # fmt: skip
@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE"])
async def test_who_writes_a_line_waits_for_who_submits_or_freezes_and_is_refused(
    empty: Register, client: httpx.AsyncClient, meanwhile: str, method: str
) -> None:
    line = await _open(client)
    about = {"activity": {"id": (await make.record(client, "activities"))["id"]}}
    new = {"report": {"id": line["report"]["id"]}, **about, "response": "nothing_to_report"}
    path = f"/v1/report-lines/{line['id']}"
    asked = {
        "POST": ("/v1/report-lines", new),
        "PATCH": (path, {"narrative": "Late"}),
        "DELETE": (path, None),
    }
    where, body = asked[method]
    [answer] = await asked_meanwhile(empty.address, meanwhile, client.request(method, where, json=body))
    assert answer.status_code == 409, answer.text
    assert (await client.get("/v1/report-lines")).json()["items"] == [line]


async def test_who_writes_a_line_of_a_settled_report_does_not_wait_for_who_moves_it(
    empty: Register, client: httpx.AsyncClient
) -> None:
    """Who accepts it comes to the line, which they hold, afterwards: the two would wait for each other."""
    report = await _submitted(client)
    [line] = (await client.get("/v1/report-lines")).json()["items"]
    async with asyncio.timeout(10):
        other = await asyncpg.connect(empty.address)
        transaction = other.transaction()
        await transaction.start()
        await other.execute("select from progress_reports where id = $1 for update", report)
        patched = await client.patch(f"/v1/report-lines/{line['id']}", json={"narrative": "Late"})
        await transaction.rollback()
        await other.close()
    assert patched.status_code == 409


async def test_a_report_that_goes_with_its_lines_waits_for_a_line_that_is_written(
    empty: Register, client: httpx.AsyncClient
) -> None:
    line = await _open(client)
    other = await asyncpg.connect(empty.address)
    await other.execute("begin; select from report_lines for update")
    gone = asyncio.create_task(client.delete(f"/v1/progress-reports/{line['report']['id']}?cascade=true"))
    async with asyncio.timeout(10):
        await until_they_wait(other, 1)
        await other.execute("set lock_timeout = '500ms'; update report_lines set narrative = 'Late'; commit")
        assert (await gone).status_code == 204
    await other.close()


async def test_many_freezes_at_once_are_one(client: httpx.AsyncClient) -> None:
    await _submitted(client)
    done = await asyncio.gather(*(client.post("/v1/consultations/3/freeze?force=true") for _ in range(4)))
    assert {each.status_code for each in done} == {200}
    assert len({each.json()["report_hash"] for each in done}) == 1
