"""What a Consultation decided is open until a later one has closed it, and can be followed from there."""

from typing import Any

import httpx
import pytest

from tests import make


async def decided(client: httpx.AsyncClient, **more: Any) -> dict[str, Any]:
    """A decision of the second of three Consultations."""
    for number in (1, 2, 3):
        await make.record(client, "consultations", number=number)
    return await make.record(client, "decisions", consultation={"number": 2}, code="D2-1", **more)


async def test_a_decision_is_open_until_a_later_consultation_closes_it(client: httpx.AsyncClient) -> None:
    made = await decided(client, due_on="2027-06-30")
    other = await make.record(client, "decisions", consultation={"number": 1})
    assert made["open"] is True
    closed = await client.patch(
        "/v1/decisions/D2-1", json={"closed_at": {"number": 3}, "outcome": "The list was circulated."}
    )
    assert (closed.status_code, closed.json()["open"]) == (200, False)
    still = (await client.get("/v1/decisions?open=true")).json()["items"]
    assert [each["id"] for each in still] == [other["id"]]
    done = (await client.get("/v1/decisions?open=false&closed_at.number=3")).json()["items"]
    assert [each["code"] for each in done] == ["D2-1"]
    counts = (await client.get("/v1/decisions/stats?group_by=open")).json()["items"]
    assert {cell["open"]: cell["count"] for cell in counts} == {True: 1, False: 1}
    again = await client.patch("/v1/decisions/D2-1", json={"closed_at": None, "outcome": None})
    assert again.json()["open"] is True


@pytest.mark.parametrize(("said", "pointer"), [
    ({"closed_at": {"number": 2}, "outcome": "Done"}, "/closed_at"),
    ({"closed_at": {"number": 1}, "outcome": "Done"}, "/closed_at"),
    ({"closed_at": {"number": 3}}, "/outcome"), ({"outcome": "Done"}, "/closed_at"), ({"open": False}, "/open"),
])  # fmt: skip
async def test_it_is_closed_later_and_with_an_outcome(
    client: httpx.AsyncClient, said: dict[str, Any], pointer: str
) -> None:
    await decided(client)
    refused = await client.patch("/v1/decisions/D2-1", json=said)
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, pointer)


async def test_it_is_open_again_when_the_consultation_that_closed_it_is_deleted(
    client: httpx.AsyncClient,
) -> None:
    made = await decided(client, closed_at={"number": 3}, outcome="Done")
    assert (await client.delete("/v1/consultations/3")).status_code == 409
    gone = await client.delete("/v1/consultations/3?cascade=true")
    assert gone.status_code == 204, gone.text
    now = (await client.get(f"/v1/decisions/{made['id']}")).json()
    assert (now["open"], now["outcome"], now["consultation"]["number"]) == (True, None, 2)


@pytest.mark.parametrize(("old", "new", "status"), [(3, 2, 422), (3, 1, 422), (2, 3, 422), (2, 1, 200)])
async def test_no_merge_of_consultations_lets_it_be_closed_before_it_was_taken(
    client: httpx.AsyncClient, old: int, new: int, status: int
) -> None:
    made = await decided(client, closed_at={"number": 3}, outcome="Done")
    merged = await client.post(f"/v1/consultations/{old}/merge", json={"into": {"number": new}})
    assert merged.status_code == status, merged.text
    assert ("A decision would be closed" in merged.text) == (status == 422)
    now = (await client.get(f"/v1/decisions/{made['id']}")).json()
    assert now["consultation"]["number"] < now["closed_at"]["number"]


async def test_it_leads_to_the_amendment_and_the_activity_and_from_them(client: httpx.AsyncClient) -> None:
    amendment, activity = (
        await make.record(client, "amendments"),
        await make.record(client, "activities", code="A-1"),
    )
    await decided(
        client, kind="amendment", amendment={"number": amendment["number"]}, activity={"code": "A-1"}
    )  # fmt: skip
    found = (await client.get("/v1/decisions/D2-1?expand=amendment,activity,consultation")).json()
    assert (found["amendment"]["title"], found["activity"]["title"]) == (
        amendment["title"],
        activity["title"],
    )
    for address in (f"amendments/{amendment['number']}", "activities/A-1", "consultations/2"):
        answer = await client.get(f"/v1/{address}?expand=decisions")
        assert answer.status_code == 200, answer.text
        listed = answer.json()["decisions"]
        assert [each["code"] for each in listed["items"]] == ["D2-1"]
        assert (await client.get(listed["href"])).json()["items"][0]["code"] == "D2-1"
