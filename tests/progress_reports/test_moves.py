"""A progress report goes from open to accepted, and back with a reason; what was handed in stays as it is."""

from typing import Any

import httpx
import pytest

from tests import make


async def report(client: httpx.AsyncClient, *verbs: str, **given: Any) -> dict[str, Any]:
    """A report after some moves."""
    made = await make.record(client, "progress-reports", **given)
    for verb in verbs:
        made = (await move(client, made, verb)).json()
    return made


async def move(client: httpx.AsyncClient, made: dict[str, Any], verb: str) -> httpx.Response:
    body = {"reason": "The line on 6.1 names no result."} if verb == "return" else None
    return await client.post(f"/v1/progress-reports/{made['id']}/{verb}", json=body)


@pytest.mark.parametrize(("before", "verb", "state"), [
    ((), "submit", "submitted"), (("submit",), "return", "returned"), (("submit",), "accept", "accepted"),
    (("submit", "return"), "submit", "submitted"), (("submit", "accept"), "return", "returned"),
])  # fmt: skip
async def test_an_allowed_move_changes_the_state(
    client: httpx.AsyncClient, before: tuple[str, ...], verb: str, state: str
) -> None:
    answer = await move(client, await report(client, *before), verb)
    assert answer.status_code == 200, answer.text
    assert answer.json()["state"] == state
    assert bool(answer.json()["return_reason"]) == (state == "returned")


@pytest.mark.parametrize(("before", "verb", "possible"), [
    ((), "return", ["submit"]), ((), "accept", ["submit"]), (("submit",), "submit", ["return", "accept"]),
    (("submit", "accept"), "accept", ["return"]), (("submit", "accept"), "submit", ["return"]),
])  # fmt: skip
async def test_another_move_is_refused_with_those_that_are_possible(
    client: httpx.AsyncClient, before: tuple[str, ...], verb: str, possible: list[str]
) -> None:
    answer = await move(client, await report(client, *before), verb)
    assert answer.status_code == 409
    assert answer.json()["type"] == "/problems/move-not-allowed"
    assert answer.json()["moves"] == possible


async def test_a_report_goes_back_only_with_a_reason(client: httpx.AsyncClient) -> None:
    made = await report(client, "submit")
    answer = await client.post(f"/v1/progress-reports/{made['id']}/return", json={})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/reason"


async def test_a_move_under_an_old_version_is_refused(client: httpx.AsyncClient) -> None:
    made = await report(client, "submit")
    answer = await client.post(f"/v1/progress-reports/{made['id']}/accept", headers={"If-Match": '"1"'})
    assert answer.status_code == 412


async def test_a_state_is_not_set_by_a_body(client: httpx.AsyncClient) -> None:
    made = await report(client)
    answer = await client.patch(f"/v1/progress-reports/{made['id']}", json={"state": "accepted"})
    assert answer.status_code == 422


async def test_what_was_handed_in_is_not_changed(client: httpx.AsyncClient) -> None:
    made = await report(client)
    line = await make.record(client, "report-lines", report={"id": made["id"]})
    await move(client, made, "submit")
    refused = [
        await client.patch(f"/v1/progress-reports/{made['id']}", json={"overview": "Other"}),
        await client.delete(f"/v1/progress-reports/{made['id']}", params={"cascade": "true"}),
        await client.patch(f"/v1/report-lines/{line['id']}", json={"narrative": "Other"}),
        await client.delete(f"/v1/report-lines/{line['id']}"),
        await client.post(
            "/v1/report-lines", json=await make.body(client, "report-lines", report={"id": made["id"]})
        ),
    ]
    assert [each.status_code for each in refused] == [409] * 5
    assert (await client.get(f"/v1/report-lines/{line['id']}")).json() == line


@pytest.mark.parametrize("steps", [(), ("submit",), ("submit", "accept")])
async def test_of_what_is_frozen_nobody_is_told_that_it_will_be_returned(
    client: httpx.AsyncClient, steps: tuple[str, ...]
) -> None:
    made = await report(client)
    line = await make.record(client, "report-lines", report={"id": made["id"]})
    for step in steps:
        await move(client, made, step)
    await client.post(f"/v1/consultations/{made['consultation']['number']}/freeze?force=true")
    for address, patch in (
        (f"/v1/progress-reports/{made['id']}", {"overview": "Other"}),
        (f"/v1/report-lines/{line['id']}", {"narrative": "Other"}),
    ):
        refused = await client.patch(address, json=patch)
        assert (refused.status_code, "frozen" in refused.json()["detail"]) == (409, True), refused.text
        assert "returned" not in refused.json()["detail"]


async def test_a_line_comes_back_after_its_report(client: httpx.AsyncClient) -> None:
    made = await report(client)
    line = await make.record(client, "report-lines", report={"id": made["id"]})
    await client.delete(f"/v1/progress-reports/{made['id']}?cascade=true")
    alone = await client.post(f"/v1/report-lines/{line['id']}/restore")
    assert (alone.status_code, "bring that back first" in alone.json()["detail"]) == (409, True), alone.text
    for path, name in (("progress-reports", made["id"]), ("report-lines", line["id"])):
        assert (await client.post(f"/v1/{path}/{name}/restore")).status_code == 200


async def test_a_report_goes_along_with_the_body_that_makes_it_until_it_is_handed_in(
    client: httpx.AsyncClient,
) -> None:
    body = await make.record(client, "organisations")
    made = await report(client, country=None, organisation={"id": body["id"]})
    address = f"/v1/organisations/{body['id']}?cascade=true"
    await move(client, made, "submit")
    refused = await client.delete(address)
    assert (refused.status_code, refused.json()["detail"]) == (
        409,
        "This report is submitted: it is not deleted any more.",
    )
    await move(client, made, "return")
    assert (await client.delete(address)).status_code == 204
    assert (await client.get(f"/v1/progress-reports/{made['id']}")).status_code == 404


async def test_what_the_lead_reports_becomes_the_status_of_the_activity(client: httpx.AsyncClient) -> None:
    lead = await make.record(client, "organisations", country="TH")
    mine, other = [
        await make.record(client, "activities", lead={"id": each["id"]})
        for each in (lead, await make.record(client, "organisations", country="JP"))
    ]
    made = await report(client, consultation={"id": (await make.record(client, "consultations"))["id"]})
    for activity in (mine, other):
        await make.record(
            client, "report-lines", report={"id": made["id"]}, activity={"id": activity["id"]},
            response="reported", status="ongoing",
        )  # fmt: skip
    await move(client, made, "submit")
    await move(client, made, "accept")
    now = [(await client.get(f"/v1/activities/{each['id']}")).json() for each in (mine, other)]
    assert [each["status"] for each in now] == ["ongoing", "proposed"]
    assert now[0]["status_reported_by"]["id"] == lead["id"]
    assert now[0]["status_reported_on"] is not None


@pytest.mark.parametrize(("given", "pointer"), [
    ({"response": "reported"}, "/status"), ({"response": "nothing_to_report", "status": "ongoing"}, "/status"),
    ({"response": "not_applicable"}, "/narrative"), ({"response": "silent"}, "/response"),
])  # fmt: skip
async def test_a_line_says_what_its_response_needs(
    client: httpx.AsyncClient, given: dict[str, str], pointer: str
) -> None:
    body = await make.body(client, "report-lines", **given)
    answer = await client.post("/v1/report-lines", json=body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == pointer


async def test_either_a_country_reports_or_a_body(client: httpx.AsyncClient) -> None:
    body = await make.body(client, "organisations")
    code = (await client.post("/v1/organisations", json=body)).json()["code"]
    for given in ({"country": None}, {"organisation": {"code": code}}):
        answer = await client.post(
            "/v1/progress-reports", json=await make.body(client, "progress-reports", **given)
        )
        assert answer.status_code == 422


async def test_a_country_reports_once_to_a_consultation(client: httpx.AsyncClient) -> None:
    made = await report(client)
    body = {"consultation": made["consultation"], "country": made["country"]}
    assert (await client.post("/v1/progress-reports", json=body)).status_code == 409


async def test_reports_of_two_reporters_are_not_merged_and_a_line_is_moved_instead(
    client: httpx.AsyncClient,
) -> None:
    line = await make.record(client, "report-lines")
    body = await make.record(client, "organisations")
    other = await make.record(client, "progress-reports", country=None, organisation={"id": body["id"]})
    another = await make.record(client, "report-lines", report={"id": other["id"]})
    for at, into in (
        (f"progress-reports/{line['report']['id']}", other),
        (f"report-lines/{line['id']}", another),
    ):
        refused = await client.post(f"/v1/{at}/merge", json={"into": {"id": into["id"]}})
        assert (refused.status_code, refused.json()["type"]) == (409, "/problems/cannot-be-merged")
        said = (await client.get(f"/v1/{at}/permissions")).json()["permissions"]
        told = next(each for each in said if each["verb"] == "merge")
        assert (told["allowed"], told["why"]) == (False, refused.json()["detail"])
    moved = await client.patch(f"/v1/report-lines/{line['id']}", json={"report": {"id": other["id"]}})
    assert moved.json()["report"]["id"] == other["id"], moved.text
