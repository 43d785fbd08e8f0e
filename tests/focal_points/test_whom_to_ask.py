"""Whom to ask for a purpose, today and on other days, and how one office follows another."""

from typing import Any

import httpx

from tests import make
from tests.cast import Cast

ASKED = "/v1/focal-points/find?country=TH&purpose=mutual_legal_assistance"


async def office(client: httpx.AsyncClient, name: str, *purposes: str, **more: Any) -> dict[str, Any]:
    return await make.record(client, "focal-points", office={"name": name}, purposes=list(purposes), **more)


def names(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [each["office"]["name"] for each in answer.json()["items"]]


async def test_the_best_confirmed_office_comes_first_and_others_stand_in(client: httpx.AsyncClient) -> None:
    nobody = (await client.get(ASKED)).json()
    assert (nobody["items"], nobody["answered_for"], nobody["fallback"]) == ([], None, False)
    assert "names no office for mutual legal assistance" in nobody["gap"]["message"]
    await office(client, "General", "general")
    await office(client, "Of Japan", "mutual_legal_assistance", country="JP")
    general = await client.get(ASKED)
    assert (names(general), general.json()["answered_for"], general.json()["fallback"]) == (
        ["General"],
        "general",
        True,
    )
    await office(client, "Coordinator", "national_coordination", "general")
    assert names(await client.get(ASKED)) == ["Coordinator"]
    confirmed = {"verified_at": "2026-11-20T00:00:00Z", "verified_by": "The office"}
    await office(client, "Stale", "mutual_legal_assistance")
    await office(client, "Bounced", "mutual_legal_assistance", bounced=True, **confirmed)
    await office(client, "Fresh", "mutual_legal_assistance", **confirmed)
    found = await client.get(ASKED)
    assert names(found) == ["Fresh", "Stale", "Bounced"]
    assert (found.json()["gap"], found.json()["fallback"]) == (None, False)


async def test_a_day_in_the_past_is_answered_by_who_answered_then(client: httpx.AsyncClient) -> None:
    await office(
        client, "First", "mutual_legal_assistance", valid_from="2024-01-01", valid_until="2024-12-31"
    )
    await office(
        client, "Second", "mutual_legal_assistance", valid_from="2025-01-01", valid_until="2025-12-31"
    )
    assert names(await client.get(f"{ASKED}&on=2024-12-31")) == ["First"]
    assert names(await client.get(f"{ASKED}&on=2025-01-01")) == ["Second"]
    gap = (await client.get(f"{ASKED}&on=2023-06-01")).json()["gap"]
    assert gap["message"].endswith("2 begin later.")
    assert len((await client.get(gap["others"])).json()["items"]) == 2
    assert (await client.get(ASKED)).json()["gap"]["message"].endswith("2 ended before.")


async def test_what_cannot_be_asked_is_refused_with_what_can(client: httpx.AsyncClient) -> None:
    for query, parameter in (
        ("purpose=general", "country"), ("country=TH", "purpose"), ("country=th&purpose=general", "country"),
        ("country=TH&purpose=generl", "purpose"), ("country=TH&purpose=general&on=2568-01-01", "on"),
        ("country=TH&purpose=general&day=today", "day"),
    ):  # fmt: skip
        refused = await client.get(f"/v1/focal-points/find?{query}")
        assert refused.status_code == 400
        assert refused.json()["errors"][0]["parameter"] == parameter


async def test_partners_find_the_person_and_the_public_the_office(cast: Cast) -> None:
    person = await make.record(cast.thailand_editor, "persons", display="Test Findable")
    await office(cast.thailand_editor, "Office", "mutual_legal_assistance", person={"id": person["id"]})
    (seen,) = (await cast.partner.get(ASKED)).json()["items"]
    assert seen["person"]["display"] == "Test Findable"
    (public,) = (await cast.anonymous.get(ASKED)).json()["items"]
    assert public["_withheld"] == ["person"]


async def test_a_successor_takes_over_in_one_step(cast: Cast) -> None:
    thailand = cast.thailand_editor
    person = await make.record(thailand, "persons", display="Test Predecessor")
    old = await office(
        thailand, "Old", "mutual_legal_assistance", "extradition", valid_from="2024-01-01", keys=["moj-th:1"],
        person={"id": person["id"]}, verified_at="2026-11-01T00:00:00Z", verified_by="The office",
    )  # fmt: skip
    at = f"/v1/focal-points/{old['id']}/hand-over"
    said = {"valid_from": "2026-12-01", "office": {"name": "New"}}
    for client, status in ((cast.anonymous, 401), (cast.japan_editor, 403)):
        assert (await client.post(at, json=said)).status_code == status
    tried = await thailand.post(f"{at}?dry_run=true", json=said)
    assert tried.status_code == 201
    answer = await thailand.post(at, json=said)
    new = answer.json()
    assert (answer.status_code, answer.headers["location"]) == (201, f"/v1/focal-points/{new['id']}")
    assert (new["purposes"], new["office"]["name"], new["person"]) == (old["purposes"], "New", None)
    assert (new["verified_at"], new["keys"], new["freshness"]) == (None, [], "stale")
    now = (await thailand.get(f"/v1/focal-points/{old['id']}")).json()
    assert (now["valid_until"], now["successor"]) == ("2026-11-30", {"id": new["id"]})
    assert names(await thailand.get(f"{ASKED}&on=2026-11-30")) == ["Old"]
    assert names(await thailand.get(f"{ASKED}&on=2026-12-01")) == ["New"]
    again = await thailand.post(at, json=said)
    assert (again.json()["type"], again.json()["successor"]) == (
        "/problems/handed-over",
        answer.headers["location"],
    )


async def test_a_hand_over_says_from_when_and_changes_nothing_if_it_is_wrong(
    client: httpx.AsyncClient,
) -> None:
    old = await office(client, "Old", "general", valid_from="2026-06-01")
    at = f"/v1/focal-points/{old['id']}/hand-over"
    for said, code in (
        ({"office": {"name": "New"}}, "missing"), ({"valid_from": "2026-06-01"}, "begins_too_early"),
        ({"valid_from": "2027-01-01", "ofice": {}}, "unknown_field"),
        ({"valid_from": "2027-01-01", "id": "x"}, "read_only"),
    ):  # fmt: skip
        refused = await client.post(at, json=said)
        assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, code), refused.text
    assert [each["version"] for each in (await client.get("/v1/focal-points")).json()["items"]] == [1]
