"""What contradicts the record: taken keys, permanent keys, children, restores."""

import httpx
import pytest

from app import guards
from app.collection.referring import named_by_code
from app.countries.queries import COUNTRIES
from app.tables import METADATA
from tests import make
from tests.cast import Cast

UNIQUE = [
    ("goals", "number"),
    ("countries", "code"),
    ("countries", "alpha3"),
    ("organisations", "code"),
    ("areas", "number"),
    ("consultations", "number"),
]


@pytest.mark.parametrize(("path", "field"), UNIQUE)
async def test_a_taken_key_is_named_by_its_field(client: httpx.AsyncClient, path: str, field: str) -> None:
    made = await make.record(client, path)
    answer = await client.post(f"/v1/{path}", json=await make.body(client, path, **{field: made[field]}))
    problem = answer.json()
    assert (answer.status_code, problem["type"]) == (409, "/problems/already-exists")
    assert problem["errors"] == [
        {"pointer": f"/{field}", "code": "already_exists", "message": "It is taken."}
    ]
    assert str(made[field]) not in problem["detail"]


async def test_a_taken_activity_code_is_named(client: httpx.AsyncClient) -> None:
    await make.record(client, "activities", code="72.1")
    answer = await client.post("/v1/activities", json=await make.body(client, "activities", code="72.1"))
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (409, "/code")


async def test_what_is_taken_together_is_named_by_its_fields(client: httpx.AsyncClient) -> None:
    made = await make.record(client, "progress-reports")
    again = await client.post(
        "/v1/progress-reports",
        json={"consultation": {"id": made["consultation"]["id"]}, "country": made["country"]},
    )
    assert again.json()["detail"] == "Another record has this consultation and country already."
    assert [each["pointer"] for each in again.json()["errors"]] == ["/consultation", "/country"]


async def test_a_taken_own_key_is_named(client: httpx.AsyncClient) -> None:
    await make.record(client, "events", keys=["test:one"])
    other = await make.record(client, "events")
    for answer in (
        await client.post("/v1/events", json=await make.body(client, "events", keys=["test:one"])),
        await client.patch(f"/v1/events/{other['id']}", json={"keys": ["test:one"]}),
    ):
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (409, "/keys")


@pytest.mark.parametrize(
    ("path", "field", "value"),
    [
        ("goals", "number", 32_767),
        ("countries", "code", "XX"),
        ("organisations", "code", "OTHER"),
        ("consultations", "number", 32_767),
    ],
)
async def test_a_human_key_is_permanent(
    client: httpx.AsyncClient, path: str, field: str, value: object
) -> None:
    made = await make.record(client, path)
    answer = await client.patch(f"/v1/{path}/{made['id']}", json={field: value})
    problem = answer.json()
    assert (answer.status_code, problem["type"], problem["errors"][0]["pointer"]) == (
        409,
        "/problems/permanent-key",
        f"/{field}",
    )
    assert (await client.get(f"/v1/{path}/{made['id']}")).json() == made


async def test_an_activity_may_be_given_a_code_once(client: httpx.AsyncClient) -> None:
    made = await make.record(client, "activities")
    assert (await client.patch(f"/v1/activities/{made['id']}", json={"code": "73.1"})).status_code == 200
    for code in ("73.2", None):
        assert (await client.patch(f"/v1/activities/{made['id']}", json={"code": code})).status_code == 409


@pytest.mark.parametrize("code", ["stats", "bulk", "by-key"])
async def test_a_code_that_is_an_address_is_refused(client: httpx.AsyncClient, code: str) -> None:
    answer = await client.post("/v1/organisations", json=await make.body(client, "organisations", code=code))
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "reserved")


async def test_children_block_a_delete_and_are_counted(client: httpx.AsyncClient) -> None:
    goal = await make.record(client, "goals")
    for _ in range(2):
        await make.record(client, "activities", goal={"id": goal["id"]})
    await make.record(client, "events", goals=[{"id": goal["id"]}])
    answer = await client.delete(f"/v1/goals/{goal['number']}")
    problem = answer.json()
    assert (answer.status_code, problem["type"]) == (409, "/problems/still-referred")
    assert problem["referred_by"] == {"activities": 2, "events": 1}
    assert "2 activities" in problem["detail"]


async def test_a_cascade_takes_what_cannot_stand_alone_and_lets_go_of_the_rest(
    client: httpx.AsyncClient,
) -> None:
    goal, other = await make.record(client, "goals"), await make.record(client, "goals")
    activity = await make.record(client, "activities", goal={"id": goal["id"]})
    event = await make.record(
        client, "events", goals=[{"id": goal["id"]}, {"id": other["id"]}], activities=[{"id": activity["id"]}]
    )
    assert (await client.delete(f"/v1/goals/{goal['id']}?cascade=true")).status_code == 204
    assert (await client.get(f"/v1/activities/{activity['id']}")).status_code == 404
    after = (await client.get(f"/v1/events/{event['id']}")).json()
    assert [link["id"] for link in after["goals"]] == [other["id"]]
    assert after["activities"] == []


async def test_an_optional_reference_is_cleared_by_a_cascade(client: httpx.AsyncClient) -> None:
    lead = await make.record(client, "organisations")
    activity = await make.record(client, "activities", lead={"id": lead["id"]})
    assert (await client.delete(f"/v1/organisations/{lead['id']}")).status_code == 409
    assert (await client.delete(f"/v1/organisations/{lead['id']}?cascade=true")).status_code == 204
    assert (await client.get(f"/v1/activities/{activity['id']}")).json()["lead"] is None


async def test_a_country_stays_while_records_name_its_code(cast: Cast) -> None:
    """There may be codes without a country: what names one that is there is neither left behind nor changed along."""
    by = cast.secretariat
    country, other = [await make.record(by, "countries", code=code) for code in ("LA", "MM")]
    activity = await make.record(by, "activities", countries=["LA", "MM"], owner="LA", visibility="own")
    event = await make.record(by, "events", country="LA", countries=["LA"], owner="LA")
    office = await make.record(by, "focal-points", country="LA")
    named = [("activities", activity), ("events", event), ("focal-points", office)]
    into = {"into": {"code": "MM"}}
    address = "/v1/countries/LA"
    for said in (
        by.delete(address),
        by.delete(f"{address}?cascade=true"),
        by.post(f"{address}/merge", json=into),
    ):
        problem = (await said).json()
        assert (problem["status"], problem["type"]) == (409, "/problems/still-referred")
        assert problem["referred_by"] == {path.replace("-", " "): 1 for path, _ in named}
        assert problem["detail"].startswith("1 activities, 1 events, 1 focal points ")
    verbs = {each["verb"]: each for each in (await by.get(f"{address}/permissions")).json()["permissions"]}
    for verb in ("delete", "merge"):
        assert verbs[verb]["referred_by"] == problem["referred_by"]
    rows = [{"code": "LA", "op": "delete"}]
    report = (await by.post("/v1/countries/bulk?match=code", json=rows)).json()
    assert [each["code"] for each in report["errors"]] == ["still_referred"], report
    for path, record in named:
        assert (await by.delete(f"/v1/{path}/{record['id']}")).status_code == 204
    assert (await by.post(f"{address}/merge?dry_run=true", json=into)).status_code == 200
    assert (await by.delete(address)).status_code == 204
    await make.record(by, "events", country="LA")
    assert (await by.post(f"/v1/countries/{country['id']}/restore")).status_code == 200
    assert (await by.delete(f"/v1/countries/{other['id']}")).status_code == 204


def test_every_column_that_holds_a_country_stands_against_its_deletion() -> None:
    declared = {(each.table.name, each.column) for each in named_by_code(COUNTRIES.table)}
    named = {"country", "countries", "owner"}
    of_records = [guarded.table for guarded in guards.RECORDS]
    columns = {
        (name, each.name) for name in of_records for each in METADATA.tables[name].c if each.name in named
    }
    assert declared == {*columns, ("api_keys", "country")}, "say `code_of` where the column is"


async def test_a_country_stays_while_a_key_speaks_for_it(cast: Cast) -> None:
    await make.record(cast.secretariat, "countries", code="VN")
    new = {"name": "MOJ", "role": "editor", "country": "VN"}
    made = (await cast.administrator.post("/v1/keys", json=new)).json()
    await make.record(cast.secretariat, "countries", code="PH")
    for client in (cast.administrator, cast.secretariat):
        said = (await client.get("/v1/countries/VN/permissions")).json()["permissions"]
        assert {each["verb"] for each in said if each.get("status") == 409} == {"delete", "restore", "merge"}
        merged = await client.post("/v1/countries/VN/merge", json={"into": {"code": "PH"}})
        assert merged.json()["type"] == "/problems/still-referred"
        for asked in ("", "?cascade=true"):
            answer = await client.delete(f"/v1/countries/VN{asked}")
            assert (answer.status_code, answer.json()["type"]) == (409, "/problems/still-referred"), (
                answer.text
            )
    await cast.administrator.delete(f"/v1/keys/{made['id']}")
    assert (await cast.secretariat.delete("/v1/countries/VN")).status_code == 204


async def test_what_is_not_deleted_is_not_restored(client: httpx.AsyncClient) -> None:
    made = await make.record(client, "goals")
    answer = await client.post(f"/v1/goals/{made['id']}/restore")
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/not-deleted")
    for name in ("019ab0f0-0000-7000-8000-000000000000", str(made["number"]), "x"):
        assert (await client.post(f"/v1/goals/{name}/restore")).status_code == 404


async def test_a_record_is_restored_only_once(client: httpx.AsyncClient) -> None:
    made = await make.record(client, "events")
    await client.delete(f"/v1/events/{made['id']}")
    assert (await client.post(f"/v1/events/{made['id']}/restore")).status_code == 200
    assert (await client.post(f"/v1/events/{made['id']}/restore")).status_code == 409


async def test_a_key_that_was_given_away_blocks_a_restore(client: httpx.AsyncClient) -> None:
    made = await make.record(client, "goals")
    await client.delete(f"/v1/goals/{made['id']}")
    await make.record(client, "goals", number=made["number"])
    answer = await client.post(f"/v1/goals/{made['id']}/restore")
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (409, "/number")


async def test_what_a_record_refers_to_has_to_be_there_for_a_restore(client: httpx.AsyncClient) -> None:
    goal = await make.record(client, "goals")
    event = await make.record(client, "events", goals=[{"id": goal["id"]}])
    activity = await make.record(client, "activities", goal={"id": goal["id"]})
    await client.delete(f"/v1/events/{event['id']}")
    await client.delete(f"/v1/activities/{activity['id']}")
    await client.delete(f"/v1/goals/{goal['id']}")
    for place in (f"/v1/events/{event['id']}", f"/v1/activities/{activity['id']}"):
        assert (await client.post(f"{place}/restore")).status_code == 409
    assert (await client.post(f"/v1/goals/{goal['id']}/restore")).status_code == 200
    for place in (f"/v1/events/{event['id']}", f"/v1/activities/{activity['id']}"):
        assert (await client.post(f"{place}/restore")).status_code == 200


async def test_a_deleted_record_says_how_it_comes_back(client: httpx.AsyncClient) -> None:
    made = await make.record(client, "events")
    await client.delete(f"/v1/events/{made['id']}")
    for answer in (
        await client.get(f"/v1/events/{made['id']}"),
        await client.patch(f"/v1/events/{made['id']}", json={}),
        await client.delete(f"/v1/events/{made['id']}"),
    ):
        assert answer.status_code == 404
