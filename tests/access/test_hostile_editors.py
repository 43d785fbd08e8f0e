"""Whatever two hostile editors of other countries do, in whatever order: no row of the victim changes, nor is one made.

`WORKPLAN_HOSTILE_SEQUENCES=500 pytest tests/access/test_hostile_editors.py` tries more of them.
"""

import json
import os
from random import Random
from typing import Any

import asyncpg
import httpx
import pytest

from tests import make
from tests.cast import Cast

_SEQUENCES = int(os.environ.get("WORKPLAN_HOSTILE_SEQUENCES", "4"))
_KINDS = ("events", "activities", "focal-points", "persons", "organisations")
_LEVELS = ("public", "partners", "own")
_DEEDS = ("patch", "delete", "cascade", "restore", "put", "post", "bulk", "partial", "bundle", "erase", "reveal",
          "report", "hand-over", "bounce", "verification-link")  # fmt: skip
_TAKEN: dict[str, tuple[Any, ...]] = {
    "owner": ("TH", "ID", "JP", None),
    "country": ("TH", "ID", "JP", None),
    "visibility": ("public", "partners", "own"),
    "keys": ([], ["moj-jp:1"], ["moj-th:1"]),
    "code": ("JP-1", "TH-1"),
    "title": ("Taken over",),
}
_VICTIM = """select 'events' as kind, id, to_jsonb(r)::text from events r where owner = 'JP'
union all select 'activities', id, to_jsonb(r)::text from activities r where owner = 'JP'
union all select 'focal_points', id, to_jsonb(r)::text from focal_points r where country = 'JP'
union all select 'persons', id, to_jsonb(r)::text from persons r where country = 'JP'
union all select 'organisations', id, to_jsonb(r)::text from organisations r where country = 'JP'
union all select 'own_keys', record_id, kind || key from own_keys where key like 'moj-jp:%-%' order by 1, 2, 3"""


async def victims(cast: Cast) -> dict[tuple[str, str], dict[str, Any]]:
    """Japan's records, of each kind and level, that refer to each other."""
    made: dict[tuple[str, str], dict[str, Any]] = {}
    goal = await make.record(cast.secretariat, "goals")
    for kind in _KINDS:
        for level in _LEVELS:
            more: dict[str, Any] = {"keys": [f"moj-jp:{kind}-{level}"]}
            everybody = level == "public" and kind == "persons"  # of these nothing is public
            more |= {} if kind == "organisations" or everybody else {"visibility": level}
            more |= {"country": "JP"} if kind in {"focal-points", "persons", "organisations"} else {}
            more |= (
                {"display": f"Test person {level}", "email": f"{level}@example.org"}
                if kind == "persons"
                else {}
            )
            more |= {"goal": {"id": goal["id"]}} if kind == "activities" else {}
            if kind == "activities":
                more |= {"code": f"JP-{level}"}
            made[kind, level] = await make.record(cast.japan_editor, kind, **more)
    return made


async def do(
    client: httpx.AsyncClient, deed: str, kind: str, victim: dict[str, Any], taken: dict[str, Any]
) -> httpx.Response:
    """One hostile request."""
    address, key = f"/v1/{kind}/{victim['id']}", victim["keys"][0].replace(":", "/")
    row = {"id": victim["id"], **taken}
    entry = {"op": "update", "collection": kind, "record": {"id": victim["id"]}, "body": taken}
    headers = {"Content-Type": "application/json"}
    method, path, body = {
        "patch": ("PATCH", address, taken),
        "delete": ("DELETE", address, None),
        "cascade": ("DELETE", f"{address}?cascade=true", None),
        "restore": ("POST", f"{address}/restore", None),
        "put": ("PUT", f"/v1/{kind}/by-key/{key}", taken),
        "post": ("POST", f"/v1/{kind}", {**await make.body(client, "events"), **taken}),
        "bulk": ("POST", f"/v1/{kind}/bulk?match=id", [row]),
        "partial": ("POST", f"/v1/{kind}/bulk?mode=partial", [row, {**row, "_delete": True}, taken]),
        "bundle": ("POST", "/v1/bundle", {"entries": [entry, {**entry, "op": "delete", "body": {}}]}),
        "report": ("GET", f"{address}/report", None),
        "hand-over": ("POST", f"{address}/hand-over", {"valid_from": "2027-01-01", **taken}),
        "bounce": ("POST", f"{address}/bounce", {"channel": "email"}),
    }.get(deed, ("POST", f"{address}/{deed}", None))
    content = None if body is None else json.dumps(body)
    headers |= {"X-Reason": "I want to know"}
    return await client.request(method, path, content=content, headers=headers if content else {})


@pytest.mark.parametrize("seed", range(max(1, _SEQUENCES // 12)))
async def test_no_row_of_the_victim_changes(cast: Cast, database_address: str, seed: int) -> None:
    chance = Random(seed)
    made = await victims(cast)
    connection = await asyncpg.connect(database_address)
    before = [tuple(row) for row in await connection.fetch(_VICTIM)]
    statuses = set()
    for _ in range(min(12, _SEQUENCES)):
        for _ in range(chance.randint(3, 8)):
            client = getattr(cast, chance.choice(("thailand_editor", "indonesia_editor")))
            deed, kind, level = (chance.choice(each) for each in (_DEEDS, _KINDS, _LEVELS))
            names = chance.sample(list(_TAKEN), chance.randint(0, 3))
            taken = {name: chance.choice(_TAKEN[name]) for name in names}
            answer = await do(client, deed, kind, made[kind, level], taken)
            assert answer.status_code < 500, (deed, kind, level, taken)
            assert "own@example.org" not in answer.text, (deed, kind, level, taken)
            statuses.add(answer.status_code)
        assert [tuple(row) for row in await connection.fetch(_VICTIM)] == before
    await connection.close()
    assert statuses >= {403, 404, 422}
