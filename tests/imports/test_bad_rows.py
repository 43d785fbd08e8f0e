"""A thousand rows with 37 bad ones of twelve kinds: every one is named, with its row and its line."""

import csv
import io
from typing import Any

import httpx
import pytest

from tests import make

HEADER = [
    "title",
    "kind",
    "start_date",
    "end_date",
    "country",
    "registered",
    "goals",
    "keys",
    "sources",
    "summary",
]
KINDS: list[tuple[str, dict[str, str], str]] = [
    ("kind", {"kind": "semniar"}, "literal_error"),
    ("start_date", {"start_date": "2568-06-24"}, "date_buddhist_era"),
    ("start_date", {"start_date": "令和7年6月24日"}, "date_japanese_era"),
    ("start_date", {"start_date": "24/06/2025"}, "date_parsing"),
    ("end_date", {"end_date": "2025-01-01"}, "end_before_start"),
    ("country", {"country": "Japan"}, "string_pattern_mismatch"),
    ("registered", {"registered": "about 20"}, "int_type"),
    ("goals", {"goals": "99:assigned"}, "reference_not_found"),
    ("goals", {"goals": "6:assigned:twice"}, "links_expected"),
    ("sources", {"sources": "https://example.org"}, "json_expected"),
    ("title", {"title": ""}, "missing"),
    ("summary", {"summary": "\u202e"}, "text_bidi"),
]


@pytest.mark.parametrize("mode", ["atomic", "partial"])
async def test_thirty_seven_bad_rows_are_named(client: httpx.AsyncClient, mode: str) -> None:
    await make.record(client, "goals", number=6)
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(HEADER)
    expected: list[tuple[Any, ...]] = []
    line = 2
    for number in range(1, 1001):
        row = dict.fromkeys(HEADER, "") | {
            "title": f"Event {number}",
            "kind": "seminar",
            "start_date": "2025-06-24",
        }
        row |= {"goals": "6:assigned", "summary": "one\ntwo\nthree" if number % 3 == 0 else ""}
        if number % 27 == 0:
            column, wrong, code = KINDS[len(expected) % len(KINDS)]
            row |= wrong
            expected.append((number, line, column, code))
        writer.writerow(row[name] for name in HEADER)
        line += 1 + row["summary"].count("\n")
    assert len(expected) == 37
    answer = await client.post(
        f"/v1/events/bulk?mode={mode}", content=text.getvalue().encode(), headers={"Content-Type": "text/csv"}
    )
    assert answer.status_code == (422 if mode == "atomic" else 207)
    named = [(each["row"], each["line"], each["column"], each["code"]) for each in answer.json()["errors"]]
    assert named == expected
    assert answer.json()["summary"]["error"] == 37
    stored = await client.get("/v1/events?count=exact&limit=1")
    assert stored.headers["total-count"] == ("0" if mode == "atomic" else "963")


@pytest.mark.parametrize("mode", ["atomic", "partial"])
async def test_rows_against_which_the_state_of_their_record_stands_are_named(
    client: httpx.AsyncClient, mode: str
) -> None:
    """Lines of reports, of which some are handed in; the last rows are new lines of each."""
    reports = [(await make.record(client, "progress-reports"))["id"] for _ in range(2)]
    rows = [
        {"id": (await make.record(client, "report-lines", report={"id": reports[number % 2]}))["id"]}
        for number in range(9)
    ]
    for each in rows:
        each["narrative"] = "Later"
    rows += [await make.body(client, "report-lines", report={"id": each}) for each in reports]
    await client.post(f"/v1/progress-reports/{reports[1]}/submit")
    answer = await client.post(f"/v1/report-lines/bulk?mode={mode}", json=rows)
    assert answer.status_code == (422 if mode == "atomic" else 207), answer.text
    assert [(each["row"], each["code"]) for each in answer.json()["errors"]] == [
        (row, "conflict") for row in (2, 4, 6, 8, 11)
    ]
    assert "can be changed when it is returned" in answer.json()["errors"][0]["message"]
    stored = (await client.get("/v1/report-lines?narrative=Later&limit=100")).json()["items"]
    assert len(stored) == (0 if mode == "atomic" else 5)
    assert all(each["report"]["id"] == reports[0] for each in stored)


async def test_a_row_of_an_amendment_that_is_closed_is_named(client: httpx.AsyncClient) -> None:
    made = [await make.record(client, "amendments") for _ in range(2)]
    await client.post(f"/v1/amendments/{made[0]['number']}/withdraw", json={"reason": "Not needed."})
    rows = [{"id": each["id"], "title": "Other"} for each in made]
    answer = await client.post("/v1/amendments/bulk?mode=partial", json=rows)
    assert [(each["row"], each["code"]) for each in answer.json()["errors"]] == [(1, "conflict")]
    assert (await client.get(f"/v1/amendments/{made[1]['number']}")).json()["title"] == "Other"


@pytest.mark.parametrize("mode", ["atomic", "partial"])
async def test_rows_that_have_together_what_another_has_are_named(
    client: httpx.AsyncClient, mode: str
) -> None:
    """A country reports to a Consultation once, and an office follows upon another one."""
    report = await make.record(client, "progress-reports")
    to = {"consultation": {"id": report["consultation"]["id"]}}
    rows = [{**to, "country": country} for country in ("LA", "TH", "VN", "LA")]
    answer = await client.post(f"/v1/progress-reports/bulk?mode={mode}", json=rows)
    assert answer.status_code == (422 if mode == "atomic" else 207), answer.text
    assert [(each["row"], each["pointer"]) for each in answer.json()["errors"]] == [
        (row, pointer) for row in (2, 4) for pointer in ("/consultation", "/country")
    ]
    stored = (await client.get(f"/v1/progress-reports?consultation.id={to['consultation']['id']}")).json()
    assert len(stored["items"]) == (1 if mode == "atomic" else 3)
    office = await make.record(client, "focal-points")
    rows = [{"id": office["id"], "successor": {"id": office["id"]}}, await make.body(client, "focal-points")]
    answer = await client.post(f"/v1/focal-points/bulk?mode={mode}", json=rows)
    assert [(each["row"], each["pointer"]) for each in answer.json()["errors"]] == [(1, "/successor")]


@pytest.mark.parametrize("mode", ["atomic", "partial"])
async def test_rows_that_need_others_are_not_taken_for_bad_ones(client: httpx.AsyncClient, mode: str) -> None:
    """All deletes come first, wherever they stand, and are one statement."""
    base, follower, itself = [await make.record(client, "focal-points") for _ in range(3)]
    await client.patch(f"/v1/focal-points/{follower['id']}", json={"successor": {"id": base["id"]}})
    rows = [
        {"id": base["id"], "op": "delete"},
        {"id": itself["id"], "successor": {"id": itself["id"]}},
        {"id": follower["id"], "op": "delete"},
    ]
    answer = await client.post(f"/v1/focal-points/bulk?mode={mode}", json=rows)
    assert [(each["row"], each["pointer"]) for each in answer.json()["errors"]] == [(2, "/successor")]
    assert answer.json()["summary"]["delete"] == 2
    old, handed_in = [await make.record(client, "progress-reports") for _ in range(2)]
    await client.post(f"/v1/progress-reports/{handed_in['id']}/submit")
    rows = [
        {"consultation": {"id": old["consultation"]["id"]}, "country": "TH"},
        await make.body(client, "progress-reports"),
        {"id": handed_in["id"], "op": "delete"},
        {"id": old["id"], "op": "delete"},
    ]
    answer = await client.post(f"/v1/progress-reports/bulk?mode={mode}", json=rows)
    assert [(each["row"], each["code"]) for each in answer.json()["errors"]] == [(3, "conflict")]
    assert answer.json()["summary"]["create"] == 2


async def test_a_row_may_name_a_later_one_beside_a_bad_one(client: httpx.AsyncClient) -> None:
    bad = await make.record(client, "focal-points")
    rows = [
        await make.body(client, "focal-points", successor={"key": "moj-th:9"}),
        {"id": bad["id"], "successor": {"id": bad["id"]}},
        await make.body(client, "focal-points", keys=["moj-th:9"]),
    ]
    answer = await client.post("/v1/focal-points/bulk", json=rows)
    assert [(each["row"], each["pointer"]) for each in answer.json()["errors"]] == [(2, "/successor")]


async def test_what_is_expected_of_a_partial_load_is_what_it_changes(client: httpx.AsyncClient) -> None:
    report = await make.record(client, "progress-reports")
    to = {"consultation": {"id": report["consultation"]["id"]}}
    rows = [{**to, "country": country} for country in ("TH", "LA")]
    at = "/v1/progress-reports/bulk?mode=partial&expect="
    refused = await client.post(f"{at}2", json=rows)
    assert (refused.status_code, refused.json()["would_change"]) == (409, 1)
    assert (await client.post(f"{at}1", json=rows)).json()["summary"]["create"] == 1
