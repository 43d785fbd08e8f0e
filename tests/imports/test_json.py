"""Bulk in JSON: matching, operations, modes, guards, and what a bad row says."""

import json
from typing import Any

import asyncpg
import httpx
import pytest

from app import preparing
from app.access.keys import new_key
from app.access.permissions import Role
from tests import make

BULK = "/v1/events/bulk"


async def changes(address: str) -> list[tuple[str, str]]:
    connection = await asyncpg.connect(address)
    try:
        rows = await connection.fetch(
            "select kind, action from changes where kind <> 'api_keys' order by commit_number, ordinal"
        )
        return [tuple(row) for row in rows]
    finally:
        await connection.close()


def event(title: str, **more: Any) -> dict[str, Any]:
    return {"title": title, "kind": "seminar", "start_date": "2025-06-24", **more}


async def titles(client: httpx.AsyncClient) -> list[str]:
    listed = await client.get("/v1/events?sort=title&limit=1000")
    return [each["title"] for each in listed.json()["items"]]


async def test_new_rows_are_created_in_one_commit(client: httpx.AsyncClient, database_address: str) -> None:
    answer = await client.post(BULK, json=[event("A"), event("B"), event("C")])
    assert answer.status_code == 200, answer.text
    assert answer.json() == {
        "mode": "atomic",
        "dry_run": False,
        "summary": {"rows": 3, "create": 3, "update": 0, "unchanged": 0, "delete": 0, "error": 0},
        "errors": [],
        "unlisted_rows": 0,
        "ignored_columns": [],
    }
    assert answer.headers["bulk-summary"] == "create=3, update=0, unchanged=0, delete=0, error=0"
    assert await titles(client) == ["A", "B", "C"]
    assert await changes(database_address) == [("events", "create")] * 3


async def test_a_row_changes_only_what_it_gives(client: httpx.AsyncClient) -> None:
    rows = [
        event("A", keys=["moj-th:A"], city="Tokyo", sources=[{"title": "S", "url": None}]),
        event("B", keys=["moj-th:B"], city="Hanoi", summary="Kept."),
        event("C", keys=["moj-th:C"], city="Kyoto", summary="Goes."),
    ]
    place = f"{BULK}?match=by-key:moj-th"
    assert (await client.post(place, json=rows)).status_code == 200
    given: list[dict[str, Any]] = [
        {"title": "A2"},
        {"city": None, "end_date": "2025-06-25"},
        {"summary": None},
    ]
    answer = await client.post(
        place, json=[{"keys": row["keys"]} | more for row, more in zip(rows, given, strict=True)]
    )
    assert answer.json()["summary"]["update"] == 3
    found = {each["keys"][0][-1]: each for each in (await client.get("/v1/events")).json()["items"]}
    for row, more in zip(rows, given, strict=True):
        said = row | more
        assert {name: found[row["keys"][0][-1]][name] for name in said} == said


async def test_rows_are_matched_by_own_key(client: httpx.AsyncClient, database_address: str) -> None:
    rows = [event(each, keys=[f"moj-th:{each}"]) for each in "AB"]
    place = f"{BULK}?match=by-key:moj-th"
    assert (await client.post(place, json=rows)).json()["summary"]["create"] == 2
    before = await changes(database_address)
    again = await client.post(place, json=rows)
    assert again.json()["summary"]["unchanged"] == 2
    assert await changes(database_address) == before
    rows[1]["title"] = "B2"
    changed = await client.post(place, json=[*rows, {"key": "C", **event("C")}])
    assert changed.json()["summary"] == {
        "rows": 3, "create": 1, "update": 1, "unchanged": 1, "delete": 0, "error": 0,
    }  # fmt: skip
    assert sorted((await changes(database_address))[len(before) :]) == [
        ("events", "create"),
        ("events", "update"),
    ]
    assert (await client.get("/v1/events/by-key/moj-th/C")).json()["title"] == "C"


async def test_absent_is_untouched_and_null_clears(client: httpx.AsyncClient) -> None:
    made = await make.record(client, "events", city="Akishima", summary="About", countries=["JP"])
    answer = await client.post(BULK, json=[{"id": made["id"], "city": None, "title": "Other"}])
    assert answer.json()["summary"]["update"] == 1, answer.text
    now = (await client.get(f"/v1/events/{made['id']}")).json()
    changed = {"title": "Other", "city": None, "version": 2, "updated_at": now["updated_at"]}
    assert now == {**made, **changed}


async def test_mixed_operations(client: httpx.AsyncClient, database_address: str) -> None:
    kept, _, gone = [await make.record(client, "goals", number=n) for n in (1, 2, 3)]
    rows = [
        {"op": "update", "number": 2, "title": "Changed"},
        {"op": "delete", "number": 3},
        {"op": "create", "number": 4, "title": "New"},
        {"op": "upsert", "number": 1, "title": kept["title"]},
    ]
    answer = await client.post("/v1/goals/bulk?match=number", json=rows)
    assert answer.json()["summary"] == {
        "rows": 4, "create": 1, "update": 1, "unchanged": 1, "delete": 1, "error": 0,
    }, answer.text  # fmt: skip
    listed = (await client.get("/v1/goals?sort=number")).json()["items"]
    assert [(each["number"], each["title"]) for each in listed] == [
        (1, kept["title"]),
        (2, "Changed"),
        (4, "New"),
    ]
    assert sorted((await changes(database_address))[3:]) == [
        ("goals", "create"), ("goals", "delete"), ("goals", "update"),
    ]  # fmt: skip
    assert (await client.post(f"/v1/goals/{gone['id']}/restore")).status_code == 200


async def test_an_operation_that_does_not_fit_is_a_bad_row(client: httpx.AsyncClient) -> None:
    await make.record(client, "goals", number=1)
    rows = [
        {"op": "create", "number": 1, "title": "There already"},
        {"op": "update", "number": 2, "title": "Not there"},
        {"op": "delete", "number": 3},
        {"op": "updat", "number": 4, "title": "Misspelt"},
        {"title": "Without a number"},
        {"number": 5, "title": "Twice"},
        {"number": 5, "title": "Twice"},
    ]
    answer = await client.post("/v1/goals/bulk?match=number", json=rows)
    assert answer.status_code == 422
    assert [(each["row"], each["code"]) for each in answer.json()["errors"]] == [
        (1, "already_exists"), (2, "not_found"), (3, "not_found"), (4, "unknown_operation"), (5, "match_missing"),
        (7, "repeated_row"),
    ]  # fmt: skip


async def test_a_stale_version_is_a_conflict_of_its_row(client: httpx.AsyncClient) -> None:
    made = await make.record(client, "events")
    await client.patch(f"/v1/events/{made['id']}", json={"city": "Tokyo"})
    row = {"id": made["id"], "version": 1, "title": "Stale"}
    answer = await client.post(BULK, json=[row])
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "version_conflict")
    assert (await client.post(BULK, json=[{**row, "version": 2}])).json()["summary"]["update"] == 1


@pytest.mark.parametrize("mode", ["atomic", "partial"])
async def test_one_bad_last_row(client: httpx.AsyncClient, mode: str, database_address: str) -> None:
    rows = [event(f"E{n}") for n in range(20)] + [event("bad", kind="forumm")]
    answer = await client.post(f"{BULK}?mode={mode}", json=rows)
    assert answer.status_code == (422 if mode == "atomic" else 207), answer.text
    [error] = answer.json()["errors"]
    assert (error["row"], error["pointer"], error["did_you_mean"]) == (21, "/kind", ["forum"])
    assert answer.json()["summary"]["error"] == 1
    assert len(await titles(client)) == (0 if mode == "atomic" else 20)
    assert len(await changes(database_address)) == (0 if mode == "atomic" else 20)


async def test_no_good_row_is_422_in_partial_mode_too(client: httpx.AsyncClient) -> None:
    answer = await client.post(f"{BULK}?mode=partial", json=[event("bad", kind="x")])
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == "/problems/rows-refused"


async def test_expect_guards_the_number_of_changes(client: httpx.AsyncClient) -> None:
    rows = [event("A"), event("B")]
    answer = await client.post(f"{BULK}?expect=1", json=rows)
    assert answer.status_code == 409
    assert (answer.json()["expected"], answer.json()["would_change"]) == (1, 2)
    assert await titles(client) == []
    assert (await client.post(f"{BULK}?expect=2", json=rows)).status_code == 200


@pytest.mark.parametrize("rows", [[event("A")], [event("A"), event("B", kind="x")]])
@pytest.mark.parametrize("mode", ["atomic", "partial"])
async def test_a_dry_run_answers_as_the_commit_does(client: httpx.AsyncClient, rows: Any, mode: str) -> None:
    place = f"{BULK}?mode={mode}"
    dry = await client.post(f"{place}&dry_run=true", json=rows)
    assert await titles(client) == []
    wet = await client.post(place, json=rows)
    assert dry.status_code == wet.status_code
    assert dry.headers["dry-run"] == "true"
    transient = {"dry_run": None, "plan": None, "request_id": None}
    assert dry.json() | transient == wet.json() | transient


async def test_a_bulk_is_repeated_safely(client: httpx.AsyncClient) -> None:
    headers = {"Idempotency-Key": "nightly-1"}
    first = await client.post(BULK, json=[event("A")], headers=headers)
    again = await client.post(BULK, json=[event("A")], headers=headers)
    assert again.json() == first.json()
    assert again.headers["idempotency-replayed"] == "true"
    assert again.headers["bulk-summary"] == first.headers["bulk-summary"]
    assert await titles(client) == ["A"]


async def test_what_is_taken_is_a_bad_row_before_anything_is_written(client: httpx.AsyncClient) -> None:
    await make.record(client, "organisations", code="A", keys=["moj-th:1"])
    base = {"name": "N", "kind": "ministry"}
    rows = [
        {"code": "A", **base},
        {"code": "B", **base},
        {"code": "B", **base},
        {"code": "C", "keys": ["moj-th:1"], **base},
        {"code": "D", "keys": ["moj-th:2"], **base},
        {"code": "E", "keys": ["moj-th:2"], **base},
    ]
    answer = await client.post("/v1/organisations/bulk?mode=partial", json=rows)
    assert answer.status_code == 207, answer.text
    assert [(each["row"], each["pointer"], each["code"]) for each in answer.json()["errors"]] == [
        (1, "/code", "already_exists"), (3, "/code", "already_exists"), (4, "/keys", "already_exists"),
        (6, "/keys", "already_exists"),
    ]  # fmt: skip


async def test_rules_are_looked_at_row_by_row(client: httpx.AsyncClient) -> None:
    for code in "AB":
        await make.record(client, "organisations", code=code)
    rows = [
        {"code": "A", "parent": {"code": "B"}},
        {"code": "B", "parent": {"code": "A"}},
        {"code": "C", "name": "C", "kind": "ministry", "parent": {"code": "A"}},
    ]
    answer = await client.post("/v1/organisations/bulk?match=code&mode=partial", json=rows)
    assert answer.status_code == 207, answer.text
    assert [(each["row"], each["code"]) for each in answer.json()["errors"]] == [
        (1, "parent_cycle"), (2, "parent_cycle"),
    ]  # fmt: skip
    assert (await client.get("/v1/organisations/C")).json()["parent"]["code"] == "A"


async def test_rows_may_refer_to_new_rows_of_the_file(client: httpx.AsyncClient) -> None:
    base = {"name": "N", "kind": "ministry"}
    rows = [{"code": "CHILD", "parent": {"code": "TOP"}, **base}, {"code": "TOP", **base}]
    answer = await client.post("/v1/organisations/bulk?match=code", json=rows)
    assert answer.status_code == 200, answer.text
    assert (await client.get("/v1/organisations/CHILD")).json()["parent"]["code"] == "TOP"


async def test_a_record_that_is_there_may_come_to_refer_to_a_new_row(client: httpx.AsyncClient) -> None:
    base = {"name": "N", "kind": "ministry"}
    await client.post("/v1/organisations/bulk?match=code", json=[{"code": "CHILD", **base}])
    rows = [{"code": "CHILD", "parent": {"code": "TOP"}}, {"code": "TOP", **base}]
    answer = await client.post("/v1/organisations/bulk?match=code", json=rows)
    assert answer.status_code == 200, answer.text
    assert (await client.get("/v1/organisations/CHILD")).json()["parent"]["code"] == "TOP"


async def test_a_missing_reference_names_its_row_and_candidates(client: httpx.AsyncClient) -> None:
    await make.record(client, "goals", number=6)
    answer = await client.post("/v1/activities/bulk", json=[{"title": "T", "goal": {"number": 7}}])
    [error] = answer.json()["errors"]
    assert (error["row"], error["pointer"], error["candidates"]) == (1, "/goal", ["6"])


async def test_records_that_others_need_are_not_deleted(client: httpx.AsyncClient) -> None:
    activity = await make.record(client, "activities")
    goal = activity["goal"]["id"]
    answer = await client.post("/v1/goals/bulk", json=[{"op": "delete", "id": goal}])
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "still_referred")
    assert (await client.get(f"/v1/goals/{goal}")).status_code == 200


async def test_a_permanent_code_stays(client: httpx.AsyncClient) -> None:
    made = await make.record(client, "organisations", code="A")
    answer = await client.post("/v1/organisations/bulk", json=[{"id": made["id"], "code": "B"}])
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "permanent")


async def test_unknown_and_read_only_members(client: httpx.AsyncClient) -> None:
    made = await make.record(client, "events")
    answer = await client.post(BULK, json=[made])
    assert answer.json()["summary"]["unchanged"] == 1
    assert set(answer.json()["ignored_columns"]) == {"created_at", "updated_at", "former_dates"}
    refused = await client.post(BULK, json=[{"id": made["id"], "titel": None}])
    assert refused.json()["errors"][0]["did_you_mean"] == ["title"]


async def test_lines_are_read_one_by_one(client: httpx.AsyncClient) -> None:
    good = json.dumps(event("A"))
    body = f'{good}\n\n{{broken\n[1]\n{good[:-1]},"kind":1}}\n{good}\r\n'
    headers = {"Content-Type": "application/x-ndjson"}
    answer = await client.post(f"{BULK}?mode=partial", content=body, headers=headers)
    assert answer.status_code == 207, answer.text
    assert [(each["row"], each["line"], each["code"]) for each in answer.json()["errors"]] == [
        (2, 3, "malformed_json"), (3, 4, "object_expected"), (4, 5, "malformed_json"),
    ]  # fmt: skip
    assert await titles(client) == ["A", "A"]


async def test_lost_newlines_are_explained(client: httpx.AsyncClient) -> None:
    body = json.dumps(event("A")) + json.dumps(event("B"))
    answer = await client.post(BULK, content=body, headers={"Content-Type": "application/x-ndjson"})
    assert answer.status_code == 422
    assert "--data-binary" in answer.json()["errors"][0]["hint"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("", 400), ("{}", 422), ("[", 400), ("[1]", 422), ('[{"title":1,"title":2}]', 400), ("[{}] 1", 400),
        ("[{},]", 400), ("[{} {}]", 400), ('[{"registered":NaN}]', 400), ("[" * 2000, 400), ("[]", 200),
        ('[{"title":"\\ud800"}]', 400),
    ],
)  # fmt: skip
async def test_broken_arrays_are_refused_whole(client: httpx.AsyncClient, body: str, status: int) -> None:
    answer = await client.post(BULK, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == status, answer.text


async def test_parameters_are_read_strictly(client: httpx.AsyncClient) -> None:
    for query in (
        "mdoe=partial",
        "mode=some",
        "match=code",
        "match=by-key:",
        "expect=-1",
        "empty=1",
        "dry_run=1",
    ):
        answer = await client.post(f"{BULK}?{query}", json=[])
        assert answer.status_code == 400, query


async def test_refused_lines_come_back_with_their_error(client: httpx.AsyncClient) -> None:
    headers = {"Content-Type": "application/x-ndjson", "Accept": "application/x-ndjson"}
    body = "\n".join(json.dumps(row) for row in (event("A"), event("B", kind="forumm")))
    answer = await client.post(f"{BULK}?mode=partial", content=body, headers=headers)
    assert answer.status_code == 207
    row = json.loads(answer.text)
    assert row.pop("error").startswith("kind: ")
    assert row == event("B", kind="forumm")
    mended = json.dumps({**row, "kind": "forum", "error": "kind: x"})
    assert (await client.post(BULK, content=mended, headers=headers)).status_code == 200


async def test_a_line_that_is_no_object_comes_back_as_it_was_sent(client: httpx.AsyncClient) -> None:
    """But not with escapes: an erasure would not find a person in what is kept of them."""
    lines = ['{"title": "漢", kind}', "[1, 2]", '{"title": "\\u6f22", kind}']
    headers = {"Content-Type": "application/x-ndjson", "Accept": "application/x-ndjson"}
    answer = await client.post(BULK, content="\n".join(lines), headers=headers)
    rows = [json.loads(line) for line in answer.text.splitlines()]
    assert [each.get("_line") for each in rows] == [*lines[:2], None]
    assert all(each["error"] for each in rows)
    again = await client.post(BULK, content=answer.content, headers={**headers, "Accept": "application/json"})
    assert [each["row"] for each in again.json()["errors"] if each["pointer"] == "/_line"] == [1, 2]
    array = await client.post(BULK, json=[[1, 2]], headers={"Accept": "application/x-ndjson"})
    assert json.loads(array.text)["_line"].replace(" ", "") == "[1,2]"


async def test_who_may_not_write_may_not_import(cast: Any) -> None:
    assert (await cast.anonymous.post(BULK, json=[])).status_code == 401
    assert (await cast.reader.post(BULK, json=[])).status_code == 403


async def test_a_key_that_must_say_the_version_must_say_it_in_every_row(
    client: httpx.AsyncClient, database_address: str
) -> None:
    made = await make.record(client, "events")
    key = new_key()
    connection = await asyncpg.connect(database_address)
    await preparing.add_key(connection, key, "careful", Role.SECRETARIAT, require_if_match=True)
    await connection.close()
    careful = {"Authorization": f"Bearer {key}"}
    without = await client.post(BULK, json=[{"id": made["id"], "title": "B"}], headers=careful)
    assert without.status_code == 422
    assert without.json()["errors"][0]["code"] == "version_required"
    row = {"id": made["id"], "version": made["version"], "title": "B"}
    assert (await client.post(BULK, json=[row], headers=careful)).status_code == 200


async def test_what_python_takes_for_the_stored_value_is_refused_all_the_same(
    client: httpx.AsyncClient,
) -> None:
    goal = (await make.record(client, "goals"))["number"]
    made = await make.record(client, "activities", code="X-1", goal={"number": goal})
    refused: list[tuple[dict[str, Any], str]] = [
        ({"goal": {"number": float(goal)}}, "/goal/number"),
        ({"goal": {"id": made["goal"]["id"], "number": float(goal)}}, "/goal/number"),
        ({"code": ["X-1"]}, "/code"),
    ]
    for body, pointer in refused:
        answer = await client.post("/v1/activities/bulk?match=id", json=[{"id": made["id"], **body}])
        assert pointer in {error["pointer"] for error in answer.json()["errors"]}, answer.text


async def test_a_row_that_gives_no_field_leaves_its_record_as_it_is(client: httpx.AsyncClient) -> None:
    made = await make.record(client, "events")
    answer = await client.post(f"{BULK}?match=id", json=[{"id": made["id"], "version": 1, "op": "update"}])
    assert answer.json()["summary"]["unchanged"] == 1, answer.text


@pytest.mark.parametrize(("mode", "status"), [("atomic", 200), ("partial", 207)])
async def test_only_a_load_as_a_whole_refers_to_what_it_makes(
    client: httpx.AsyncClient, mode: str, status: int
) -> None:
    """A row that is refused takes no others with it, as `mode` says in the document."""
    whole, part = ({"code": code, "name": code, "kind": "ministry"} for code in ("MOJ", "MOJ-IAD"))
    rows = [whole, part | {"parent": {"code": "MOJ"}}]
    answer = await client.post(f"/v1/organisations/bulk?mode={mode}", json=rows)
    assert answer.status_code == status, answer.text
    assert [each["pointer"] for each in answer.json()["errors"]] == ["/parent"] * (mode == "partial")
