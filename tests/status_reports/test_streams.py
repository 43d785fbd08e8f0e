"""Reports are sent while they are counted: in pieces, whole or broken off, and not at all if the client has them."""

import csv
import hashlib
import io
import json
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from app.errors import InternalError
from app.report_files.given import Given
from app.report_files.separated import separated
from app.report_files.tables import TABLES
from app.status_reports import telling
from app.status_reports.counting import report_statement
from tests import make, rows
from tests.conftest import Register
from tests.status_reports.played import played

_LIVE = "/v1/consultations/3/report"


@pytest.fixture
async def long(empty: Register, client: httpx.AsyncClient) -> Register:
    """A Consultation whose period has 2 000 events: half a megabyte of a report."""
    await make.record(
        client, "consultations", number=3, start_date="2026-11-01", period_start="2020-01-01", period_end="2026-10-31"
    )  # fmt: skip
    await rows.events(empty.address, 2_000)
    return empty


async def test_a_report_is_told_in_small_pieces(long: Register, service: FastAPI) -> None:
    pieces: list[int] = []

    async def keep(piece: bytes) -> None:
        pieces.append(len(piece))

    async with service.state.service.database.reading(one_view=True) as connection:
        await telling.told(connection, report_statement(), [3], telling.AsJson(), keep)
    assert len(pieces) > 5
    assert max(pieces) < 100_000


@pytest.mark.parametrize("ending", ["", ".csv?table=events"])
async def test_what_breaks_off_while_it_is_sent_does_not_look_whole(
    long: Register, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    """Before the first piece a problem document is answered, behind it the connection breaks."""

    def broken(*given: Any) -> str:
        raise ArithmeticError("by way of example")

    writer = telling.AsTable if ending else telling.AsJson
    monkeypatch.setattr(writer, "end", broken)
    with pytest.raises(InternalError):
        await client.get(f"{_LIVE}{ending}")
    monkeypatch.setattr(writer, "add", broken)
    answer = await client.get(f"{_LIVE}{ending}")
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("ending", ["", ".csv", ".xlsx", "/diff?from=3"])
async def test_who_has_a_report_is_not_sent_it_until_the_record_changes(
    client: httpx.AsyncClient, ending: str
) -> None:
    await make.record(client, "consultations", number=3, start_date="2026-11-01")
    first = await client.get(f"{_LIVE}{ending}")
    known = {"If-None-Match": first.headers["etag"]}
    again = await client.get(f"{_LIVE}{ending}", headers=known)
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    assert "content-type" not in again.headers
    assert (await client.head(f"{_LIVE}{ending}")).status_code == 200
    await make.record(client, "activities")
    later = await client.get(f"{_LIVE}{ending}", headers=known)
    assert later.status_code == 200
    assert later.headers["etag"] != first.headers["etag"]


async def test_every_table_sent_by_itself_is_that_of_the_whole_report(client: httpx.AsyncClient) -> None:
    """Counted alone and row by row, and made of the whole report: the same bytes."""
    async with Register.of("seeded") as register:
        from tests.cast import Cast

        async with Cast.over(register.app, register.keys) as cast:
            await played(cast.secretariat)
            live = "/v1/consultations/4/report"
            whole = await cast.anonymous.get(live)
            given = Given(whole.json(), hashlib.sha256(whole.content).hexdigest(), "http://register.test")
            assert given.report["difference"]["counts"]["moved"]
            for name in TABLES:
                made = io.BytesIO()
                separated(given, name, made)
                sent = await cast.anonymous.get(f"{live}.csv?table={name}")
                assert sent.content == made.getvalue(), name
                assert len(list(csv.reader(io.StringIO(sent.text)))) > 1, name
            difference = await cast.anonymous.get(f"{live}/diff?from=3")
            assert difference.json() == given.report["difference"]


async def test_a_consultation_without_a_date_can_be_compared(client: httpx.AsyncClient) -> None:
    """Nobody can say what has slipped on no day."""
    await make.record(client, "consultations", number=3, start_date="2025-06-01")
    await make.record(client, "activities", end_date="2025-01-01", start_date="2024-01-01", status="ongoing")
    await client.post("/v1/consultations/3/freeze?force=true")
    await make.record(client, "consultations", number=4)
    answer = await client.get("/v1/consultations/4/report")
    assert answer.status_code == 200, answer.text
    assert answer.json()["difference"]["slipped"] == []
    assert (await client.get("/v1/consultations/4/report/diff?from=3")).status_code == 200


async def test_an_empty_report_has_every_part(client: httpx.AsyncClient) -> None:
    await make.record(client, "consultations", number=3)
    report = json.loads((await client.get(_LIVE)).content)
    assert [report[name] for name in ("goals", "events", "matrix", "difference")] == [[], [], [], None]
    assert (report["gaps"]["dismissed"], report["funding"]) == ([], [])
    assert report["overall"]["rate"]["percent"] is None
