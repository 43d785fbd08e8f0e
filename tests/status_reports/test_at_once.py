"""What happens at the same time as a freeze: it is in the report, or it is refused; nothing falls between."""

import asyncio

import httpx

from tests import make
from tests.conftest import Register
from tests.meanwhile import asked_meanwhile
from tests.status_reports.test_a_period import said


async def _submitted(client: httpx.AsyncClient) -> str:
    await make.record(client, "consultations", number=3, start_date="2026-11-01", end_date="2026-11-01")
    report = await make.record(client, "progress-reports", consultation={"number": 3}, country="TH")
    line = said(await make.record(client, "activities"))
    await make.record(client, "report-lines", report={"id": report["id"]}, **line)
    assert (await client.post(f"/v1/progress-reports/{report['id']}/submit")).status_code == 200
    return str(report["id"])


async def test_a_freeze_counts_what_was_just_being_accepted(
    empty: Register, client: httpx.AsyncClient
) -> None:
    report = await _submitted(client)
    moved = f"update progress_reports set state = 'accepted' where id = '{report}'"
    freeze = client.post("/v1/consultations/3/freeze?force=true")
    assert (await asked_meanwhile(empty.address, moved, freeze)).status_code == 200
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
    assert (await asked_meanwhile(empty.address, frozen, move)).status_code == 409


async def test_many_freezes_at_once_are_one(client: httpx.AsyncClient) -> None:
    await _submitted(client)
    done = await asyncio.gather(*(client.post("/v1/consultations/3/freeze?force=true") for _ in range(4)))
    assert {each.status_code for each in done} == {200}
    assert len({each.json()["report_hash"] for each in done}) == 1
