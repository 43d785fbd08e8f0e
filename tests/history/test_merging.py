"""Two records of one thing are merged: all that named the one names the other, and its old names lead there."""

import httpx
import pytest

from tests import make
from tests.cast import Cast
from tests.conftest import Register
from tests.meanwhile import asked_meanwhile


async def test_references_and_own_keys_move_and_old_names_lead_to_the_survivor(
    client: httpx.AsyncClient,
) -> None:
    old = await make.record(client, "organisations", code="MOJ-OLD", keys=["moj:1"])
    new = await make.record(client, "organisations", code="MOJ", keys=["un:1"], parent={"code": "MOJ-OLD"})
    activity = await make.record(
        client, "activities", lead={"code": "MOJ-OLD"}, partners=[{"code": "MOJ"}, {"code": "MOJ-OLD"}]
    )
    event = await make.record(client, "events", organisations=[{"code": "MOJ-OLD", "role": "host"}])
    tried = await client.post("/v1/organisations/MOJ-OLD/merge?dry_run=true", json={"into": {"key": "un:1"}})
    assert tried.status_code == 200, tried.text
    merged = await client.post(
        f"/v1/organisations/{old['id']}/merge",
        json={"into": {"code": "MOJ"}},
        headers={"X-Reason": "The same"},
    )
    assert merged.json() == {
        **tried.json(),
        "version": merged.json()["version"],
        "updated_at": merged.json()["updated_at"],
    }
    assert merged.json()["keys"] == ["un:1", "moj:1"]
    assert merged.json()["parent"] is None  # it does not stand under itself
    there = f"/v1/organisations/{new['id']}"
    activity = (await client.get(f"/v1/activities/{activity['id']}")).json()
    assert activity["lead"] == {"id": new["id"], "code": "MOJ"}
    assert activity["partners"] == [{"id": new["id"], "code": "MOJ"}]
    assert (await client.get(f"/v1/events/{event['id']}/history")).json()["items"][0]["changed"][
        "organisations"
    ]
    assert (await client.get("/v1/events?organisation.code=MOJ")).json()["items"][0]["id"] == event["id"]
    for name in (old["id"], "MOJ-OLD"):
        address = f"/v1/organisations/{name}"
        answers = [
            await client.get(f"{address}?fields=code"),
            await client.patch(f"{address}?dry_run=true", json={"name": "X"}),
            await client.delete(f"{address}?dry_run=true"),
        ]
        assert [each.status_code for each in answers] == [308] * 3
        assert answers[0].headers["location"] == f"{there}?fields=code"
        assert {each.headers["location"] for each in answers[1:]} == {f"{there}?dry_run=true"}
        history = (await client.get(f"{address}/history")).json()["items"]
        assert (history[0]["action"], history[0]["survivor"], history[0]["reason"]) == (
            "merge",
            {"id": new["id"]},
            "The same",
        )
    put = await client.put("/v1/organisations/by-key/moj/1", json={"name": "By the old key"})
    assert (put.status_code, put.json()["id"]) == (200, new["id"])


async def test_whoever_writes_by_an_old_name_means_the_last_survivor(client: httpx.AsyncClient) -> None:
    first, second, third = [
        await make.record(client, "organisations", code=code) for code in ("A1", "A2", "A3")
    ]
    for one, other in (("A1", "A2"), ("A2", "A3")):
        assert (
            await client.post(f"/v1/organisations/{one}/merge", json={"into": {"code": other}})
        ).status_code == 200
    assert (await client.get("/v1/organisations/A1")).headers["location"].endswith(third["id"])
    event = await make.record(
        client, "events", organisations=[{"code": "A1"}, {"id": third["id"], "role": "host"}]
    )
    assert {each["id"] for each in event["organisations"]} == {third["id"]}
    rows = [{"code": "A2", "name": "By its code"}]
    report = await client.post("/v1/organisations/bulk?match=code", json=rows)
    assert report.json()["summary"]["update"] == 1, report.text
    entry = {
        "collection": "organisations",
        "op": "update",
        "record": {"id": first["id"]},
        "body": {"note": "By its id"},
    }
    answer = await client.post("/v1/bundle", json={"entries": [entry]})
    assert answer.status_code == 200, answer.text
    now = (await client.get("/v1/organisations/A3")).json()
    assert (now["name"], now["note"]) == ("By its code", "By its id")
    assert (await client.get(f"/v1/organisations/{second['id']}")).status_code == 308


@pytest.mark.parametrize(
    ("name", "body", "status"),
    [
        ("B1", {"into": {"code": "B1"}}, 422),
        ("B1", {"into": {"code": "GONE"}}, 422),
        ("B1", {"into": {"code": "MERGED"}}, 422),
        ("B1", {"into": {"number": 6}}, 422),
        ("B1", {"into": {"id": "B2"}}, 422),
        ("B1", {"into": {"code": "B2"}, "why": 1}, 422),
        ("B1", {}, 422),
        ("MERGED", {"into": {"code": "B2"}}, 409),
        ("GONE", {"into": {"code": "B2"}}, 404),
        ("B1", {"into": {"code": "B2"}}, 412),
    ],
)
async def test_what_cannot_be_merged_is_refused_and_nothing_moves(
    client: httpx.AsyncClient, name: str, body: dict[str, object], status: int
) -> None:
    for code in ("B1", "B2", "GONE", "MERGED"):
        await make.record(client, "organisations", code=code, keys=[f"x:{code}"])
    await client.delete("/v1/organisations/GONE")
    await client.post("/v1/organisations/MERGED/merge", json={"into": {"code": "B2"}})
    headers = {"If-Match": '"7"'} if status == 412 else {}
    answer = await client.post(f"/v1/organisations/{name}/merge", json=body, headers=headers)
    assert answer.status_code == status, answer.text
    assert (await client.get("/v1/organisations/B1")).json()["keys"] == ["x:B1"]


async def test_who_merges_into_what_is_just_being_merged_is_not_led_to_the_survivor(
    empty: Register, client: httpx.AsyncClient
) -> None:
    """That would be asking to merge the survivor."""
    ids = {code: (await make.record(client, "organisations", code=code))["id"] for code in ("A", "B", "C")}
    merged = f"""select set_config('register.merged', '{ids["B"]}', true),
        set_config('register.survivor', '{ids["C"]}', true);
        delete from organisations where code = 'B'"""
    asked = client.post("/v1/organisations/A/merge", json={"into": {"code": "B"}}, follow_redirects=False)
    [refused] = await asked_meanwhile(empty.address, merged, asked)
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/into")


async def test_what_is_restored_refers_to_the_survivors_of_what_was_merged_meanwhile(
    client: httpx.AsyncClient,
) -> None:
    old, between, new = [await make.record(client, "organisations", code=code) for code in ("C1", "C2", "C3")]
    linked = [
        {"id": old["id"], "role": "host"},
        {"id": new["id"], "role": "host"},
        {"id": old["id"], "role": "organiser"},
    ]
    event = await make.record(client, "events", organisations=linked)
    activity = await make.record(client, "activities", lead={"id": old["id"]})
    for address in (f"/v1/events/{event['id']}", f"/v1/activities/{activity['id']}"):
        await client.delete(address)
    for one, other in ((old, between), (between, new)):
        into = {"into": {"id": other["id"]}}
        assert (await client.post(f"/v1/organisations/{one['id']}/merge", json=into)).status_code == 200
    event = (await client.post(f"/v1/events/{event['id']}/restore")).json()
    activity = (await client.post(f"/v1/activities/{activity['id']}/restore")).json()
    named = {"id": new["id"], "code": "C3"}
    assert [each["role"] for each in event["organisations"]] == ["host", "organiser"]
    assert [{name: each[name] for name in named} for each in event["organisations"]] == [named] * 2
    assert activity["lead"] == named


async def test_who_asks_for_what_was_merged_into_a_deleted_record_is_told_how_both_come_back(
    client: httpx.AsyncClient,
) -> None:
    old, new = [await make.record(client, "organisations", code=code) for code in ("D1", "D2")]
    address, there = (f"/v1/organisations/{each['id']}" for each in (old, new))
    await client.post(f"{address}/merge", json={"into": {"code": "D2"}})
    await client.delete(there)
    for answer in (
        await client.get(address),
        await client.get("/v1/organisations/D1"),
        await client.patch(address, json={"name": "X"}),
        await client.post(f"{address}/restore"),
    ):
        assert answer.status_code == 404
        assert f"merged into {new['id']}" in answer.json()["detail"]
        assert f"POST {there}/restore" in answer.json()["detail"]
    await client.post(f"{there}/restore")
    assert (await client.get(address)).headers["location"] == there


async def test_who_does_not_see_the_survivor_restores_nothing_and_learns_nothing(cast: Cast) -> None:
    old = await make.record(cast.thailand_editor, "events")
    draft = await make.record(cast.thailand_editor, "events", visibility="own")
    address = f"/v1/events/{old['id']}"
    into = {"into": {"id": draft["id"]}}
    assert (await cast.thailand_editor.post(f"{address}/merge", json=into)).status_code == 200
    for answer in (
        await cast.indonesia_editor.get(address),
        await cast.indonesia_editor.post(f"{address}/restore"),
    ):
        assert (answer.status_code, answer.json()["detail"]) == (404, "There is no event with this id.")


async def test_a_merged_record_is_read_as_it_was_and_not_restored(client: httpx.AsyncClient) -> None:
    old = await make.record(client, "goals", number=7)
    await make.record(client, "goals", number=8)
    at = (await client.get("/v1/goals/7/history")).json()["items"][0]["at"]
    await client.post("/v1/goals/7/merge", json={"into": {"number": 8}})
    assert (await client.get(f"/v1/goals/7?as_of={at}")).json() == old
    assert (await client.post(f"/v1/goals/{old['id']}/restore")).status_code == 308


@pytest.mark.parametrize(
    ("path", "part"),
    [("activities", "/permissions"), ("activities", "/why-status"), ("amendments", "/text"),
     ("consultations", "/report"), ("consultations", "/outstanding"), ("events", ".ics")],
)  # fmt: skip
async def test_what_is_said_beside_a_merged_record_is_said_of_the_other(
    client: httpx.AsyncClient, path: str, part: str
) -> None:
    old, new = [(await make.record(client, path))["id"] for _ in range(2)]
    merged = await client.post(f"/v1/{path}/{old}/merge", json={"into": {"id": new}})
    assert merged.status_code == 200, merged.text
    answer = await client.get(f"/v1/{path}/{old}{part}")
    assert (answer.status_code, answer.headers["location"]) == (308, f"/v1/{path}/{new}{part}")


@pytest.mark.parametrize("frozen", [False, True])
async def test_what_was_reported_of_a_merged_activity_was_reported_of_the_other(
    client: httpx.AsyncClient, frozen: bool
) -> None:
    """Reports that are settled stay as they are, but for the name of the activity."""
    line = await make.record(client, "report-lines", response="reported", status="ongoing")
    for step in ("submit", "accept"):
        await client.post(f"/v1/progress-reports/{line['report']['id']}/{step}")
    report = (await client.get(f"/v1/progress-reports/{line['report']['id']}")).json()
    if frozen:
        await client.post(f"/v1/consultations/{report['consultation']['number']}/freeze?force=true")
    old, other = line["activity"]["id"], await make.record(client, "activities")
    merged = await client.post(f"/v1/activities/{old}/merge", json={"into": {"id": other["id"]}})
    assert merged.status_code == 200, merged.text
    now = (await client.get(f"/v1/report-lines/{line['id']}")).json()
    assert now["activity"]["id"] == other["id"]
    same = set(line) - {"activity", "visibility", "version", "updated_at"}
    assert {name: now[name] for name in same} == {name: line[name] for name in same}
    refused = await client.patch(f"/v1/report-lines/{line['id']}", json={"narrative": "Other"})
    assert refused.status_code == 409


@pytest.mark.parametrize("steps", [(), ("submit",), ("submit", "accept")])
@pytest.mark.parametrize("frozen", [False, True])
async def test_what_a_merged_body_reported_the_other_reported(
    client: httpx.AsyncClient, steps: tuple[str, ...], frozen: bool
) -> None:
    old, other = [await make.record(client, "organisations") for _ in range(2)]
    made = await make.record(client, "progress-reports", country=None, organisation={"id": old["id"]})
    for step in steps:
        await client.post(f"/v1/progress-reports/{made['id']}/{step}")
    if frozen:
        await client.post(f"/v1/consultations/{made['consultation']['number']}/freeze?force=true")
    before = (await client.get(f"/v1/progress-reports/{made['id']}")).json()
    merged = await client.post(f"/v1/organisations/{old['id']}/merge", json={"into": {"id": other["id"]}})
    assert merged.status_code == 200, merged.text
    now = (await client.get(f"/v1/progress-reports/{made['id']}")).json()
    assert now["organisation"] == {"id": other["id"], "code": other["code"]}
    same = set(before) - {"organisation", "version", "updated_at"}
    assert {name: now[name] for name in same} == {name: before[name] for name in same}


async def test_what_was_reported_to_a_merged_consultation_was_reported_to_the_other(
    client: httpx.AsyncClient,
) -> None:
    old, other, frozen = [await make.record(client, "consultations") for _ in range(3)]
    made = await make.record(client, "progress-reports", consultation={"id": old["id"]})
    for step in ("submit", "accept"):
        await client.post(f"/v1/progress-reports/{made['id']}/{step}")
    await client.post(f"/v1/consultations/{frozen['id']}/freeze?force=true")
    address = f"/v1/consultations/{old['id']}/merge"
    refused = await client.post(address, json={"into": {"id": frozen["id"]}})
    assert (refused.status_code, "nothing is reported to it" in refused.json()["detail"]) == (409, True)
    merged = await client.post(address, json={"into": {"id": other["id"]}})
    assert merged.status_code == 200, merged.text
    now = (await client.get(f"/v1/progress-reports/{made['id']}")).json()
    assert (now["consultation"]["number"], now["state"]) == (other["number"], "accepted")


async def test_consultations_to_which_one_country_reported_are_not_merged(client: httpx.AsyncClient) -> None:
    old, other = [(await make.record(client, "progress-reports"))["consultation"]["id"] for _ in range(2)]
    refused = await client.post(f"/v1/consultations/{old}/merge", json={"into": {"id": other}})
    assert refused.json()["detail"] == (
        "Two progress reports would say the same of one consultation: delete one of them first."
    )


async def test_activities_of_which_one_report_speaks_twice_are_not_merged(client: httpx.AsyncClient) -> None:
    line = await make.record(client, "report-lines")
    other = await make.record(client, "report-lines", report={"id": line["report"]["id"]})
    into = {"id": other["activity"]["id"]}
    refused = await client.post(f"/v1/activities/{line['activity']['id']}/merge", json={"into": into})
    assert refused.json()["detail"] == (
        "Two report lines would say the same of one activity: delete one of them first."
    )


async def test_what_two_bodies_reported_before_the_freeze_keeps_them_apart(client: httpx.AsyncClient) -> None:
    meeting = {"id": (await make.record(client, "consultations"))["id"]}
    bodies = [{"id": (await make.record(client, "organisations"))["id"]} for _ in range(2)]
    reports = [
        await make.record(client, "progress-reports", country=None, organisation=body, consultation=meeting)
        for body in bodies
    ]

    async def merged() -> str:
        answer = await client.post(f"/v1/organisations/{bodies[0]['id']}/merge", json={"into": bodies[1]})
        assert answer.status_code == 409, answer.text
        detail: str = answer.json()["detail"]
        return detail

    words = "Two progress reports would say the same of one organisation"
    for report in reports:
        assert await merged() == f"{words}: delete one of them first."
        for step in ("submit", "accept"):
            await client.post(f"/v1/progress-reports/{report['id']}/{step}")
    states = "neither is deleted as it is: one is {0}, the other {0}. While both stand, so do the two organisations."
    assert await merged() == f"{words}, and {states.format('accepted')}"
    await client.post(f"/v1/consultations/{meeting['id']}/freeze?force=true")
    assert await merged() == f"{words}, and {states.format('frozen')}"


async def test_a_ministry_is_told_who_merges_what_records_of_others_name(cast: Cast) -> None:
    goal = await make.record(cast.secretariat, "goals")
    old, new = [
        await make.record(cast.thailand_editor, "activities", goal={"id": goal["id"]}) for _ in range(2)
    ]
    await make.record(cast.japan_editor, "events", activities=[{"id": old["id"], "link": "stated"}])
    address, into = f"/v1/activities/{old['id']}", {"into": {"id": new["id"]}}
    for refused in (
        await cast.thailand_editor.post(f"{address}/merge", json=into),
        await cast.thailand_editor.delete(f"{address}?cascade=true"),
    ):
        assert (refused.status_code, "ask the Secretariat" in refused.json()["detail"]) == (409, True)
    assert (await cast.secretariat.post(f"{address}/merge", json=into)).status_code == 200


async def test_a_row_that_names_what_was_merged_into_a_record_of_others_is_not_a_new_one(cast: Cast) -> None:
    goal = await make.record(cast.secretariat, "goals")
    named = {"goal": {"id": goal["id"]}, "title": "One"}
    for code in ("JP-1", "JP-2"):
        last = await make.record(cast.japan_editor, "activities", **named, code=code)
    into = {"into": {"code": "JP-1"}}
    assert (await cast.secretariat.post("/v1/activities/JP-2/merge", json=into)).status_code == 200
    for match, name in (("code", "JP-2"), ("id", last["id"])):
        address = f"/v1/activities/bulk?match={match}"
        told = await cast.thailand_editor.post(address, json=[{match: name, **named}])
        assert told.json()["summary"]["unchanged"] == 1, told.text
        told = await cast.thailand_editor.post(address, json=[{match: name, **named, "title": "Two"}])
        assert [each["code"] for each in told.json()["errors"]] == ["not_yours"]


async def test_a_row_means_the_record_of_its_name_though_it_is_of_others_and_not_what_was_merged(
    cast: Cast,
) -> None:
    goal = await make.record(cast.secretariat, "goals")
    named = {"goal": {"id": goal["id"]}}
    for code in ("A", "B"):
        await make.record(cast.thailand_editor, "activities", **named, code=code)
    into = {"into": {"code": "A"}}
    assert (await cast.secretariat.post("/v1/activities/B/merge", json=into)).status_code == 200
    await make.record(cast.japan_editor, "activities", **named, code="B")
    told = await cast.thailand_editor.post(
        "/v1/activities/bulk?match=code", json=[{"code": "B", "title": "Of Japan"}]
    )
    assert [each["code"] for each in told.json()["errors"]] == ["not_yours"]
