"""The history of a record: every version, who and why, before and after; and the difference of two states."""

import asyncpg
import httpx
import jsonpatch
import pytest

from app.collection.comparing import pieces
from tests import make
from tests.cast import Cast


async def test_a_history_tells_each_version_with_who_and_why_and_what(
    cast: Cast, database_address: str
) -> None:
    client = cast.secretariat
    await make.record(client, "goals", number=1)
    goal = await make.record(client, "goals", number=2)
    made = await make.record(client, "activities", code="1.1-TH", goal={"number": 1}, title="Before")
    address = f"/v1/activities/{made['id']}"
    said = {"X-Reason": "Moved", "X-Request-ID": "second"}
    await client.patch(address, json={"goal": {"number": 2}, "title": "After"}, headers=said)
    connection = await asyncpg.connect(database_address)
    await connection.execute("update activities set countries = '{TH}'")
    await connection.close()
    await client.delete(address)
    await client.delete(f"/v1/goals/{goal['id']}")  # a reference is told though its record is gone
    for name in (made["id"], "1.1-TH"):
        history = (await client.get(f"/v1/activities/{name}/history")).json()
        assert [(each["action"], each["version"]) for each in history["items"]] == [
            ("delete", 3), ("update", 3), ("update", 2), ("create", 1),
        ]  # fmt: skip
    gone, by_hand, moved, created = history["items"]
    assert moved["changed"] == {
        "goal": {"before": created["changed"]["goal"]["after"], "after": {"id": goal["id"], "number": 2}},
        "title": {"before": "Before", "after": "After"},
    }
    assert moved["by"]["key"]["name"] == "secretariat"
    assert (moved["reason"], moved["request_id"]) == ("Moved", "second")
    assert by_hand["changed"] == {"countries": {"before": [], "after": ["TH"]}}
    assert by_hand["by"] == {"database_role": "workplan"}
    assert gone["changed"] == {}
    assert "ajwp_" not in str(history)
    public = (await cast.anonymous.get(f"{address}/history")).json()
    assert "by" in public["_withheld"]
    assert not {"by", "reason", "request_id", "system"} & set(public["items"][0])


async def test_a_change_says_the_system_by_whose_key_it_came(cast: Cast, database_address: str) -> None:
    client = cast.secretariat
    single, plain = "/v1/goals/by-key/moj-th/1", await make.record(client, "goals", number=9)
    await client.put(single, json={"number": 1, "title": "One"})
    await client.put(single, json={"title": "One"})  # unchanged
    rows = [{"key": "2", "number": 2, "title": "Two"}, {"key": "3", "number": 3, "title": "Three"}]
    loaded = await client.post("/v1/goals/bulk?match=by-key:un-odc", json=rows)
    assert loaded.status_code == 200, loaded.text
    entries = [
        {"op": "update", "collection": "goals", "record": {"key": "un-odc:2"}, "body": {"title": "Second"}},
        {"op": "update", "collection": "goals", "record": {"number": 9}, "body": {"title": "Ninth"}},
        {"op": "upsert", "collection": "goals", "record": {"key": "jica:4"}, "body": {"number": 4, "title": "Four"}},
    ]  # fmt: skip
    assert (await client.post("/v1/bundle", json={"entries": entries})).status_code == 200
    await client.patch("/v1/goals/1", json={"title": "First"})
    said = {
        number: [each["system"] for each in (await client.get(f"/v1/goals/{number}/history")).json()["items"]]
        for number in (1, 2, 3, 4, 9)
    }
    assert said == {1: [None, "moj-th"], 2: ["un-odc", "un-odc"], 3: ["un-odc"], 4: ["jica"], 9: [None, None]}
    feed = (await client.get("/v1/changes?kinds=goals")).json()["items"]
    assert [each["system"] for each in feed] == [
        None, "moj-th", "un-odc", "un-odc", "un-odc", None, "jica", None,
    ]  # fmt: skip
    assert {each["system"] for each in (await cast.anonymous.get("/v1/changes")).json()["items"]} == {None}
    assert "system" not in (await cast.anonymous.get(f"/v1/goals/{plain['id']}/history")).json()["items"][0]


async def test_what_one_may_not_see_has_no_history_and_no_past(cast: Cast) -> None:
    made = await make.record(cast.thailand_editor, "events")
    address = f"/v1/events/{made['id']}"
    at = (await cast.anonymous.get(f"{address}/history")).json()["items"][0]["at"]
    await cast.thailand_editor.patch(address, json={"visibility": "own"})
    now = ("/history", "/diff?from=version:1", f"?as_of={at}")
    for question in now:  # the permissions of today hold for the past as well
        assert (await cast.anonymous.get(f"{address}{question}")).status_code == 404
    assert len((await cast.thailand_editor.get(f"{address}/history")).json()["items"]) == 2


async def test_a_long_history_comes_in_pages_and_as_of(client: httpx.AsyncClient) -> None:
    made = await make.record(client, "goals", number=1)
    for title in "abcd":
        await client.patch("/v1/goals/1", json={"title": title})
    found, following = [], f"/v1/goals/{made['id']}/history?limit=2"
    while following:
        page = (await client.get(following)).json()
        found += page["items"]
        following = page["next"]
    assert [each["version"] for each in found] == [5, 4, 3, 2, 1]
    assert [each["changed"]["title"]["after"] for each in found[:4]] == ["d", "c", "b", "a"]
    assert found[2]["changed"]["title"]["before"] == "a"
    earlier = (await client.get(f"/v1/goals/1/history?as_of={found[2]['at']}")).json()
    assert [each["version"] for each in earlier["items"]] == [3, 2, 1]
    assert (await client.get("/v1/goals/7/history")).status_code == 404


async def test_a_difference_is_a_patch_and_the_words_that_differ(client: httpx.AsyncClient) -> None:
    made = await make.record(client, "events", title="Seminar on mediation", countries=["TH"])
    address = f"/v1/events/{made['id']}"
    await client.patch(address, json={"title": "Seminar on online mediation", "countries": ["TH", "LA"]})
    answer = (await client.get(f"{address}/diff?from=version:1")).json()
    old = {"title": "Seminar on mediation", "countries": ["TH"]}
    assert jsonpatch.apply_patch(old, answer["patch"]) == {
        "title": "Seminar on online mediation",
        "countries": ["TH", "LA"],
    }
    assert [(each["op"], each["text"]) for each in answer["texts"]["title"]] == [
        ("equal", "Seminar on "), ("insert", "online "), ("equal", "mediation"),
    ]  # fmt: skip
    back = (await client.get(f"{address}/diff?from={answer['to']['at']}&to=version:1")).json()
    assert (back["from"]["version"], back["to"]["version"]) == (2, 1)
    for wrong, code in (
        ("from=version:9", "unknown_state"),
        ("", "missing"),
        ("from=2015-01-01", "before_the_register"),
    ):
        refused = await client.get(f"{address}/diff?{wrong}")
        assert (refused.status_code, refused.json()["errors"][0]["code"]) == (400, code)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("a b c", "a x c", [("equal", "a "), ("delete", "b"), ("insert", "x"), ("equal", " c")]),
        ("การสอน", "การสอบ", [("equal", "การสอ"), ("delete", "น"), ("insert", "บ")]),
        ("法務省", "法務大臣", [("equal", "法務"), ("delete", "省"), ("insert", "大臣")]),
        ("กำ", "กี", [("delete", "กำ"), ("insert", "กี")]),
        ("", "new", [("insert", "new")]),
        ("same", "same", [("equal", "same")]),
    ],
)
def test_texts_are_compared_by_words_or_by_signs(
    before: str, after: str, said: list[tuple[str, str]]
) -> None:
    assert list(pieces(before, after)) == said
    assert "".join(text for op, text in pieces(before, after) if op != "insert") == before
