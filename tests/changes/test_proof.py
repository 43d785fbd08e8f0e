"""A follower can begin with a snapshot, go on with the feed, and prove that it is in step."""

import hashlib
import json
from collections.abc import Iterable

import httpx

from tests import make
from tests.changes.test_feed import page


def digest(kind: str, held: Iterable[tuple[str, int]]) -> str:
    """As the document describes it, computed from what a client holds."""
    total = sum(
        int.from_bytes(hashlib.sha256(f"{kind}:{identifier}:{version}".encode()).digest()[:8], "big")
        for identifier, version in held
    )
    return f"{total % 2**64:016x}"


async def test_a_copy_made_of_the_feed_has_the_digest_of_the_register(client: httpx.AsyncClient) -> None:
    goal = await make.record(client, "goals")
    gone = await make.record(client, "events")
    await make.record(client, "activities", goal={"id": goal["id"]})
    await client.patch(f"/v1/goals/{goal['id']}", json={"title": "Changed"})
    await client.delete(f"/v1/events/{gone['id']}")
    held: dict[tuple[str, str], int] = {}
    for each in (await page(client))["items"]:
        if each["action"] in {"create", "update", "restore"}:
            held[each["kind"], each["id"]] = each["version"]
        else:
            del held[each["kind"], each["id"]]
    answer = (await client.get("/v1/changes/digest")).json()
    for each in answer["items"]:
        mine = [(identifier, version) for (kind, identifier), version in held.items() if kind == each["kind"]]
        assert (each["count"], each["digest"]) == (len(mine), digest(each["kind"], mine))
    assert answer["position"] == (await page(client))["head"]


async def test_a_snapshot_is_the_register_at_a_position(seeded: httpx.AsyncClient) -> None:
    answer = await seeded.get("/v1/changes/snapshot")
    records = [json.loads(line) for line in answer.text.splitlines()]
    proof = (await seeded.get("/v1/changes/digest")).json()
    assert int(answer.headers["Position"]) == proof["position"]
    for each in proof["items"]:
        mine = [(line["id"], line["version"]) for line in records if line["kind"] == each["kind"]]
        assert (each["count"], each["digest"]) == (len(mine), digest(each["kind"], mine))
    goals = {each["id"]: each for each in (await seeded.get("/v1/goals")).json()["items"]}
    assert {line["id"]: line["record"] for line in records if line["kind"] == "goals"} == goals


async def test_some_kinds_have_their_own_snapshot_and_digest(seeded: httpx.AsyncClient) -> None:
    answer = await seeded.get("/v1/changes/snapshot?kinds=areas")
    assert len(answer.text.splitlines()) == 4
    proof = await seeded.get("/v1/changes/digest?kinds=areas,goals")
    assert [each["kind"] for each in proof.json()["items"]] == ["areas", "goals"]
    again = await seeded.get(
        "/v1/changes/digest?kinds=areas,goals", headers={"If-None-Match": proof.headers["ETag"]}
    )
    assert again.status_code == 304


async def test_the_proof_can_be_had_of_an_earlier_moment(client: httpx.AsyncClient) -> None:
    made = await make.record(client, "areas")
    before = (await client.get("/v1/changes/digest")).json()
    (change,) = (await page(client, kinds="areas"))["items"]
    await client.patch(f"/v1/areas/{made['id']}", json={"title": "Later"})
    await make.record(client, "areas")
    then = {"as_of": change["at"]}
    assert (await client.get("/v1/changes/digest", params=then)).json() == before
    snapshot = await client.get("/v1/changes/snapshot", params=then)
    assert snapshot.headers["Position"] == str(before["position"])
    assert [json.loads(line)["record"] for line in snapshot.text.splitlines()] == [made]
