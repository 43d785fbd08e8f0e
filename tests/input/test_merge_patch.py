"""A patch by RFC 7396: what is absent stays, null clears, objects merge, references are replaced whole."""

from typing import Any

import httpx
import pytest

from tests import make


async def patched(client: httpx.AsyncClient, path: str, made: dict[str, Any], **patch: Any) -> dict[str, Any]:
    answer = await client.patch(
        f"/v1/{path}/{made['id']}", json=patch, headers={"Content-Type": "application/merge-patch+json"}
    )
    assert answer.status_code == 200, answer.text
    after: dict[str, Any] = answer.json()
    return after


async def test_what_is_absent_stays_and_null_clears(client: httpx.AsyncClient) -> None:
    made = await make.record(client, "events", city="Tokyo", summary="About", registered=40)
    after = await patched(client, "events", made, city=None, registered=None)
    assert (after["city"], after["registered"], after["summary"]) == (None, None, "About")


@pytest.mark.parametrize(
    ("field", "value", "default"),
    [
        ("status", "implemented", "planned"),
        ("aliases", ["Other"], []),
        ("countries", ["TH"], []),
        ("sources", [{"title": "x"}], []),
    ],
)
async def test_null_returns_to_the_default_where_null_is_no_value(
    client: httpx.AsyncClient, field: str, value: Any, default: Any
) -> None:
    made = await make.record(client, "events", **{field: value})
    assert (await patched(client, "events", made, **{field: None}))[field] == default


@pytest.mark.parametrize("field", ["title", "kind"])
async def test_what_is_needed_cannot_be_cleared(client: httpx.AsyncClient, field: str) -> None:
    made = await make.record(client, "events")
    answer = await client.patch(f"/v1/events/{made['id']}", json={field: None})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, f"/{field}")


async def test_objects_merge_and_null_inside_clears(client: httpx.AsyncClient) -> None:
    office = {"name": "Office", "email": "office@example.org", "languages": ["en"], "hours": "9-5"}
    made = await make.record(client, "focal-points", office=office)
    after = (
        await patched(
            client, "focal-points", made, office={"hours": None, "languages": None, "phone": "+66 2 000 0000"}
        )
    )["office"]
    assert (after["name"], after["email"]) == ("Office", "office@example.org")
    assert (after["hours"], after["languages"], after["phone"]) == (None, [], "+66 2 000 0000")


async def test_lists_are_replaced_whole(client: httpx.AsyncClient) -> None:
    made = await make.record(client, "events", aliases=["One", "Two"])
    assert (await patched(client, "events", made, aliases=["Three"]))["aliases"] == ["Three"]


async def test_a_reference_is_replaced_not_merged(client: httpx.AsyncClient) -> None:
    first, second = await make.record(client, "goals"), await make.record(client, "goals")
    made = await make.record(client, "activities", goal={"id": first["id"]})
    after = await patched(client, "activities", made, goal={"number": second["number"]})
    assert after["goal"] == {"id": second["id"], "number": second["number"]}


async def test_a_reference_is_cleared_by_null(client: httpx.AsyncClient) -> None:
    lead = await make.record(client, "organisations")
    made = await make.record(client, "activities", lead={"code": lead["code"]})
    assert (await patched(client, "activities", made, lead=None))["lead"] is None


async def test_an_empty_patch_changes_nothing(client: httpx.AsyncClient) -> None:
    made = await make.record(client, "events")
    assert await patched(client, "events", made) == made


async def test_a_rule_is_asked_of_the_whole_record(client: httpx.AsyncClient) -> None:
    made = await make.record(client, "events", start_date="2026-11-23", end_date="2026-11-25")
    answer = await client.patch(f"/v1/events/{made['id']}", json={"start_date": "2026-11-26"})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/end_date")


async def test_a_refused_patch_changes_nothing_of_the_record(client: httpx.AsyncClient) -> None:
    made = await make.record(client, "events")
    answer = await client.patch(f"/v1/events/{made['id']}", json={"title": "New", "kind": "no such kind"})
    assert answer.status_code == 422
    assert (await client.get(f"/v1/events/{made['id']}")).json() == made
