"""The matrix: who sees and writes whose records, by every door. What is expected is read from the page of roles."""

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from app.access.permissions import MATRIX, Permission, Reach, Role
from tests import make
from tests.cast import CALLERS, Cast

COLLECTIONS = ("events", "activities", "focal-points")
"""Those whose records need not be public."""
LEVELS = ("public", "partners", "own")
EVERYBODY: dict[str, tuple[Role, str | None]] = {"anonymous": (Role.PUBLIC, None), **CALLERS}
OWNER = "JP"


def reaches(name: str, permission: Permission) -> bool:
    """Whether a caller has a permission for records of Japan."""
    role, country = EVERYBODY[name]
    reach = MATRIX[role].get(permission)
    return reach is Reach.ANY or (reach is Reach.OWN and country == OWNER)


def sees(name: str, level: str) -> bool:
    shared = level == "partners" and reaches(name, Permission.READ_SHARED)
    return level == "public" or shared or reaches(name, Permission.READ_DRAFTS)


async def three(cast: Cast, path: str) -> dict[str, dict[str, Any]]:
    """A record of Japan of each level."""
    owned = {"country": OWNER} if path == "focal-points" else {}
    if path == "activities":
        owned["goal"] = {"id": (await make.record(cast.secretariat, "goals"))["id"]}
    named = {"office": {"name": "Zanzibar"}} if path == "focal-points" else {"title": "Zanzibar"}
    return {
        level: await make.record(
            cast.japan_editor, path, visibility=level, keys=[f"moj-jp:{level}"], **named, **owned
        )
        for level in LEVELS
    }


_ACROSS = {"q": "zanzibar"}


async def seen_by_lists(
    client: httpx.AsyncClient, path: str, made: dict[str, dict[str, Any]]
) -> list[set[str]]:
    """The levels that come to light by each door that gives many records."""
    ids = {record["id"]: level for level, record in made.items()}
    texts = [
        (await client.get(f"/v1/{path}")).text,
        (await client.get(f"/v1/{path}.csv")).text,
        (await client.get(f"/v1/{path}.ndjson")).text,
        (await client.get(f"/v1/{path}", params=_ACROSS)).text,
        (await client.get("/v1/search", params=_ACROSS)).text,
        (
            await client.get(f"/v1/{path}", params={"visibility": "public,partners,own", "count": "exact"})
        ).text,
    ]
    cells = (await client.get(f"/v1/{path}/stats", params={"group_by": "visibility"})).json()["items"]
    return [
        *({level for each, level in ids.items() if each in text} for text in texts),
        {cell["visibility"] for cell in cells},
    ]


@pytest.mark.parametrize("path", COLLECTIONS)
async def test_lists_exports_counts_and_search_show_what_one_may_see(cast: Cast, path: str) -> None:
    made = await three(cast, path)
    for name in EVERYBODY:
        expected = {level for level in LEVELS if sees(name, level)}
        found = await seen_by_lists(getattr(cast, name), path, made)
        assert found == [expected] * len(found), name


@pytest.mark.parametrize("path", COLLECTIONS)
async def test_a_hidden_record_answers_as_one_that_does_not_exist(cast: Cast, path: str) -> None:
    made = await three(cast, path)
    nobody = "019aa5d0-6b7c-7c3e-9c39-0d1f5b3a7e11"
    for name in EVERYBODY:
        client: httpx.AsyncClient = getattr(cast, name)
        for level, record in made.items():
            answers = [
                await client.get(f"/v1/{path}/{record['id']}"),
                await client.get(f"/v1/{path}/by-key/moj-jp/{level}"),
                await client.get(f"/v1/{path}/{record['id']}?fields=id"),
            ]
            assert [each.status_code for each in answers] == [200 if sees(name, level) else 404] * 3, (
                name,
                level,
            )
            if not sees(name, level):
                missing = (await client.get(f"/v1/{path}/{nobody}")).json()
                assert answers[0].json()["detail"] == missing["detail"]


@pytest.mark.parametrize("path", COLLECTIONS)
async def test_single_writes_are_for_those_who_keep_the_record(cast: Cast, path: str) -> None:
    made = await three(cast, path)
    for name in EVERYBODY:
        client, may = getattr(cast, name), reaches(name, Permission.EDIT)
        writer = Permission.EDIT in MATRIX[EVERYBODY[name][0]]
        for level in ("public", "own"):
            record = made[level]
            for verb in ("patch", "delete"):
                answer = await client.request(
                    verb.upper(),
                    f"/v1/{path}/{record['id']}?dry_run=true",
                    **({"json": {"keys": ["x:1"]}} if verb == "patch" else {}),
                )
                good = 200 if verb == "patch" else 204
                refused = 401 if name == "anonymous" else 404 if writer and not sees(name, level) else 403
                assert answer.status_code == (good if may else refused), (name, level, verb, answer.text)


@pytest.mark.parametrize("path", COLLECTIONS)
async def test_bulk_and_bundle_refuse_row_by_row_what_single_writes_refuse(cast: Cast, path: str) -> None:
    made = await three(cast, path)
    for name in ("thailand_editor", "thailand_approver"):
        client: httpx.AsyncClient = getattr(cast, name)
        rows = [{"id": record["id"], "keys": [f"x:{level}"]} for level, record in made.items()]
        answer = await client.post(f"/v1/{path}/bulk?match=id", json=rows)
        assert answer.status_code == 422
        assert [row["code"] for row in answer.json()["errors"]] == [
            "not_yours",
            "not_found",
            "not_found",
        ] or [row["code"] for row in answer.json()["errors"]] == ["not_yours", "not_yours", "not_found"]
        entries = [
            {"op": "delete", "collection": path, "record": {"id": record["id"]}} for record in made.values()
        ]
        answer = await client.post("/v1/bundle", json={"entries": entries})
        assert [each["code"] for each in answer.json()["errors"]] == ["not_yours", "not_yours", "not_found"]
    for level, record in made.items():
        now = (await cast.japan_editor.get(f"/v1/{path}/{record['id']}")).json()
        assert now == record, level


async def test_a_ministrys_new_record_is_its_own_by_every_way_of_making_one(cast: Cast) -> None:
    body = {"title": "Seminar", "kind": "seminar", "start_date": "2027-02-01"}
    thailand = cast.thailand_editor
    assert (await thailand.post("/v1/events", json=body)).json()["owner"] == "TH"
    assert (await thailand.put("/v1/events/by-key/moj-th/1", json=body)).json()["owner"] == "TH"
    assert (await thailand.post("/v1/events/bulk", json=[body, {**body, "owner": "TH"}])).status_code == 200
    entry = {"op": "create", "collection": "events", "body": body}
    assert (await thailand.post("/v1/bundle", json={"entries": [entry]})).status_code == 200
    owners = (await cast.anonymous.get("/v1/events/stats?group_by=owner")).json()["items"]
    assert [(each["owner"], each["count"]) for each in owners] == [("TH", 5)]
    assert (await cast.secretariat.post("/v1/events", json=body)).json()["owner"] is None


async def test_no_record_is_made_for_or_moved_to_another_country(cast: Cast) -> None:
    body = {"title": "Seminar", "kind": "seminar", "start_date": "2027-02-01"}
    thailand = cast.thailand_editor
    own = (await thailand.post("/v1/events", json=body)).json()
    secretariats = await make.record(cast.secretariat, "events")
    refused = [
        await thailand.post("/v1/events", json={**body, "owner": "JP"}),
        await thailand.patch(f"/v1/events/{own['id']}", json={"owner": "JP"}),
        await thailand.patch(f"/v1/events/{own['id']}", json={"owner": None}),
        await thailand.patch(f"/v1/events/{secretariats['id']}", json={"owner": "TH"}),
        await thailand.put("/v1/events/by-key/moj-th/2", json={**body, "owner": "JP"}),
        await thailand.post("/v1/focal-points", json=await make.body(thailand, "focal-points", country="JP")),
        await thailand.post(
            "/v1/organisations", json=await make.body(thailand, "organisations", country="JP")
        ),
        await thailand.post("/v1/organisations", json=await make.body(thailand, "organisations")),
    ]
    assert [answer.json()["type"] for answer in refused] == ["/problems/not-yours"] * len(refused)
    rows = [{**body, "owner": "JP"}, {"id": own["id"], "owner": "JP"}, {**body, "title": "Good"}]
    answer = await thailand.post("/v1/events/bulk?mode=partial", json=rows)
    assert answer.status_code == 207, answer.text
    assert [(each["row"], each["code"]) for each in answer.json()["errors"]] == [
        (1, "not_yours"),
        (2, "not_yours"),
    ]
    assert (await cast.secretariat.patch(f"/v1/events/{own['id']}", json={"owner": "JP"})).status_code == 200


async def test_a_draft_cannot_be_referred_to_by_those_who_do_not_see_it(cast: Cast) -> None:
    goal = await make.record(cast.secretariat, "goals")
    draft = await make.record(
        cast.japan_editor, "activities", goal={"id": goal["id"]}, code="JP-1", visibility="own", keys=["jp:1"]
    )
    body = {"title": "Seminar", "kind": "seminar", "start_date": "2027-02-01"}
    for reference in ({"id": draft["id"]}, {"code": "JP-1"}, {"key": "jp:1"}):
        link = {"activities": [{**reference, "link": "assigned"}]}
        thai = await cast.thailand_editor.post("/v1/events", json={**body, **link})
        japanese = await cast.japan_editor.post("/v1/events?dry_run=true", json={**body, **link})
        assert (thai.status_code, japanese.status_code) == (422, 201), (thai.text, japanese.text)
        assert thai.json()["errors"][0]["code"] == "reference_not_found"
        assert "JP-1" not in thai.text


async def test_what_was_a_draft_stays_one_in_history_and_in_the_past(
    cast: Cast, database_address: str
) -> None:
    draft = await make.record(cast.japan_editor, "events", title="Secret plan", visibility="own")
    address = f"/v1/events/{draft['id']}"
    then = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    await cast.japan_editor.patch(address, json={"title": "Public plan", "visibility": "public"})
    shown = await cast.anonymous.get(address, params={"as_of": then})
    assert shown.status_code == 404, shown.text
    assert "Secret" not in (await cast.anonymous.get("/v1/events", params={"as_of": then})).text
    assert (await cast.japan_editor.get(address, params={"as_of": then})).json()["title"] == "Secret plan"
    await cast.japan_editor.delete(address)
    gone = await cast.anonymous.get(address)
    assert "deleted" in gone.json()["detail"]
    hidden = await make.record(cast.japan_editor, "events", visibility="own")
    await cast.japan_editor.delete(f"/v1/events/{hidden['id']}")
    assert "deleted" not in (await cast.anonymous.get(f"/v1/events/{hidden['id']}")).json()["detail"]
    assert (await cast.thailand_editor.post(f"/v1/events/{hidden['id']}/restore")).status_code == 404
    assert (await cast.thailand_editor.post(f"{address}/restore")).status_code == 403
    assert (await cast.japan_editor.post(f"/v1/events/{hidden['id']}/restore")).status_code == 200


async def test_what_was_withdrawn_for_a_while_is_hidden_as_of_that_while(cast: Cast) -> None:
    """Neither what it said before nor what it says now is what the public read then."""
    shown = await make.record(cast.japan_editor, "events", title="First plan")
    address = f"/v1/events/{shown['id']}"
    await cast.japan_editor.patch(address, json={"visibility": "own"})
    then = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    await cast.japan_editor.patch(address, json={"title": "Second plan", "visibility": "public"})
    assert (await cast.anonymous.get(address)).json()["title"] == "Second plan"
    assert (await cast.anonymous.get(address, params={"as_of": then})).status_code == 404
    assert (await cast.japan_editor.get(address, params={"as_of": then})).json()["title"] == "First plan"


@pytest.mark.parametrize(("style", "kind"), [("csv", "text/csv"), ("ndjson", "application/x-ndjson")])
async def test_a_list_with_records_of_others_is_sent_back_whole(cast: Cast, style: str, kind: str) -> None:
    goal = await make.record(cast.secretariat, "goals")
    about = {"goal": {"id": goal["id"]}, "description": "One; two"}
    made = [
        await make.record(client, "activities", **about, code=code)
        for client, code in ((cast.japan_editor, "JP-1"), (cast.thailand_editor, "TH-1"))
    ]
    thailand = cast.thailand_editor

    async def sent(content: str) -> httpx.Response:
        return await thailand.post(
            "/v1/activities/bulk?match=code", content=content.encode(), headers={"Content-Type": kind}
        )

    exported = (await thailand.get(f"/v1/activities.{style}")).text
    assert (await sent(exported)).json()["summary"]["unchanged"] == 2
    title = made[1]["title"]
    edited = "\n".join(
        line.replace(title, "Edited") if "TH-1" in line else line for line in exported.splitlines()
    )
    summary = (await sent(edited)).json()["summary"]
    assert (summary["unchanged"], summary["update"]) == (1, 1)
    exported = (await thailand.get(f"/v1/activities.{style}")).text
    refused = await sent(exported.replace("One; two", "Three"))
    assert [(each["row"], each["code"]) for each in refused.json()["errors"]] == [(1, "not_yours")]
    assert (await thailand.get(f"/v1/activities/{made[0]['id']}")).json() == made[0]


@pytest.mark.parametrize(("style", "kind"), [("csv", "text/csv"), ("ndjson", "application/x-ndjson")])
async def test_what_is_written_otherwise_in_a_file_leaves_the_records_of_others(
    cast: Cast, style: str, kind: str
) -> None:
    body = await make.record(cast.secretariat, "organisations")
    named = {"organisations": [{"code": body["code"], "role": "host"}]}
    await make.record(cast.japan_editor, "events", **named)
    await make.record(cast.japan_editor, "focal-points", country="JP")
    for path in ("events", "focal-points"):
        exported = await cast.thailand_editor.get(f"/v1/{path}.{style}")
        answer = await cast.thailand_editor.post(
            f"/v1/{path}/bulk", content=exported.content, headers={"Content-Type": kind}
        )
        assert answer.json()["summary"]["unchanged"] == 1, answer.text
