"""What a dry run has shown is what is done, or nothing is."""

from typing import Any

import httpx
import pytest

from tests import make

PLACE = "/v1/events/bulk?match=by-key:moj-th"


def event(key: str, title: str) -> dict[str, Any]:
    return {"key": key, "title": title, "kind": "seminar", "start_date": "2025-06-24"}


async def planned(client: httpx.AsyncClient, rows: list[Any]) -> dict[str, str]:
    shown = await client.post(f"{PLACE}&dry_run=true", json=rows)
    assert shown.headers["plan"] == f'"{shown.json()["plan"]}"'
    return {"If-Plan-Match": shown.headers["plan"]}


async def test_what_was_shown_is_done(client: httpx.AsyncClient) -> None:
    await client.post(PLACE, json=[event("A", "A")])
    rows = [event("A", "A2"), event("B", "B")]
    done = await client.post(PLACE, json=rows, headers=await planned(client, rows))
    assert (done.json()["summary"]["update"], done.json()["summary"]["create"]) == (1, 1), done.text


@pytest.mark.parametrize("meanwhile", ["changed", "deleted", "made"])
async def test_a_row_that_moved_is_named_and_nothing_is_done(
    client: httpx.AsyncClient, meanwhile: str
) -> None:
    await client.post(PLACE, json=[event("A", "A"), event("B", "B")])
    rows = [event("A", "A2"), {**event("B", "B2"), "op": "update"}, event("C", "C")]
    plan = await planned(client, rows)
    if meanwhile == "changed":
        await client.post(PLACE, json=[event("A", "Other")])
    elif meanwhile == "deleted":
        await client.post(PLACE, json=[{"key": "B", "op": "delete"}])
    else:
        await client.post(PLACE, json=[event("C", "Other")])
    answer = await client.post(PLACE, json=rows, headers=plan)
    assert answer.status_code == 412, answer.text
    row, key = {"changed": (1, "A"), "deleted": (2, "B"), "made": (3, "C")}[meanwhile]
    assert [(each["row"], each["key"], each["code"]) for each in answer.json()["errors"]] == [
        (row, f"moj-th:{key}", "moved")
    ]
    titles = [each["title"] for each in (await client.get("/v1/events")).json()["items"]]
    assert "A2" not in titles


async def test_another_file_or_other_options_are_not_what_was_shown(client: httpx.AsyncClient) -> None:
    rows = [event("A", "A")]
    plan = await planned(client, rows)
    for place, body, code in (
        (PLACE, [event("A", "B")], "other_file"),
        (f"{PLACE}&mode=partial", rows, "other_options"),
    ):
        answer = await client.post(place, json=body, headers=plan)
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (412, code)


async def test_only_a_plan_of_ours_is_taken(client: httpx.AsyncClient) -> None:
    plan = await planned(client, [event("A", "A")])
    forged = plan["If-Plan-Match"].replace(
        plan["If-Plan-Match"][9], "_" if plan["If-Plan-Match"][9] != "_" else "-"
    )
    for said in (forged, "none", '"x"'):
        answer = await client.post(PLACE, json=[event("A", "A")], headers={"If-Plan-Match": said})
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "malformed")


async def test_a_change_of_what_is_not_in_the_file_does_not_matter(client: httpx.AsyncClient) -> None:
    rows = [event("A", "A")]
    plan = await planned(client, rows)
    await make.record(client, "events", title="Another")
    assert (await client.post(PLACE, json=rows, headers=plan)).status_code == 200
