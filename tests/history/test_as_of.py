"""What the record said then: every read answers as of an instant what it answered at that instant."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import httpx
import pytest

from app.activities.queries import ACTIVITIES
from app.collection.asked import read
from app.collection.pages import page_plan
from tests import make
from tests.cast import Cast
from tests.conftest import on

LISTS = [
    "/v1/events?limit=1000",
    "/v1/events?kind=seminar&sort=title,-start_date&count=exact",
    "/v1/events?goal.number=1&expand=goals.area,activities&q=event",
    "/v1/events?start_date__gte=-30d&fields=title,goals,version",
    "/v1/events.csv?country=TH",
    "/v1/events.ndjson?expand=activities.goal",
    "/v1/activities?expand=events,goal.activities&sort=-title",
    "/v1/activities.csv?derived_status=planned,ongoing",
    "/v1/goals/1?expand=events.goals,activities",
    "/v1/goals?title__contains=a&expand=area,activities.parent",
    "/v1/events/by-key/test/one",
    "/v1/search?q=event",
]  # fmt: skip


def _then() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")


async def _write_something(
    client: httpx.AsyncClient, chance: random.Random, known: dict[str, list[str]]
) -> None:
    """One write, of any kind, that most lists notice."""
    event, activity = chance.choice(known["events"]), chance.choice(known["activities"])
    day = f"{chance.randrange(2020, 2030)}-0{chance.randrange(1, 9)}-01"
    match chance.randrange(7):
        case 0:
            made = await make.record(
                client, "events", title=f"event {chance.random()}", start_date=day, country="TH",
                goals=[{"number": 1}], activities=[{"id": activity}],
            )  # fmt: skip
            known["events"].append(made["id"])
        case 1:
            await client.patch(
                f"/v1/events/{event}", json={"start_date": day, "kind": chance.choice(["seminar", "forum"])}
            )
        case 2:
            await client.delete(f"/v1/events/{event}")
        case 3:
            await client.post(f"/v1/events/{event}/restore")
        case 4:
            await client.patch(
                f"/v1/activities/{activity}", json={"start_date": day, "title": f"Activity {day}"}
            )
        case 5:
            await client.put(
                "/v1/events/by-key/test/one",
                json={"title": f"event {day}", "kind": "forum", "start_date": day},
            )
        case 6:
            await make.record(
                client, "events", title=f"draft {day}", visibility="own", owner="TH", country="TH",
                start_date=day, goals=[{"number": 1}], activities=[{"id": activity}],
            )  # fmt: skip


async def test_a_list_as_of_an_instant_is_byte_for_byte_what_it_was_then(cast: Cast) -> None:
    """To everybody what they were told then, be there drafts of others or not."""
    chance, client = random.Random(5), cast.secretariat
    goal = await make.record(client, "goals", number=1)
    known = {
        "events": [(await make.record(client, "events", goals=[{"number": 1}]))["id"] for _ in range(3)],
        "activities": [(await make.record(client, "activities", goal={"id": goal["id"]}))["id"] for _ in range(2)],
    }  # fmt: skip
    said: list[tuple[httpx.AsyncClient, str, str, int, str]] = []
    for turn in range(21):
        await _write_something(client, chance, known)
        asking = (client, cast.anonymous, cast.japan_editor)[turn % 3]
        for address in chance.sample(LISTS, 3):
            answer = await asking.get(address)
            assert answer.status_code in {200, 404}, answer.text
            said.append((asking, address, _then(), answer.status_code, answer.text))
    for asking, address, then, status, text in said:
        again = await asking.get(f"{address}{'&' if '?' in address else '?'}as_of={then}")
        assert (again.status_code, status == 404 or again.text) == (status, status == 404 or text), (
            address,
            then,
        )


_ASKED = """select coalesce(sum(calls), 0) from pg_stat_xact_user_functions
where schemaname = 'past' and funcname = 'image'"""


async def test_what_changed_since_is_asked_no_oftener_for_more_records(
    cast: Cast, database_address: str
) -> None:
    async def asked_for(more: int) -> int:
        for _ in range(more):
            await make.record(cast.secretariat, "activities", goal=goal)
        then = (await cast.anonymous.get("/v1/audit/checkpoint")).json()["position"]
        for each in events:
            await cast.secretariat.patch(f"/v1/events/{each}", json={"city": f"City {then}"})
        asked = read(ACTIVITIES, b"expand=events&limit=100")
        plan, values = page_plan(ACTIVITIES, asked), {**asked.values, "limit": 101, "known": -1}
        async with reader.transaction():
            await reader.execute(f"set local register.as_of_position = '{then}'")
            await reader.fetch(plan.sql, *plan.args(values))
            return int(await reader.fetchval(_ASKED))

    goal = {"id": (await make.record(cast.secretariat, "goals"))["id"]}
    linked = await make.record(cast.secretariat, "activities", goal=goal)
    events = [
        (await make.record(cast.secretariat, "events", activities=[{"id": linked["id"]}]))["id"]
        for _ in range(3)
    ]
    reader = await asyncpg.connect(on(urlsplit(database_address).path.removeprefix("/"), superuser=True))
    await reader.execute("set track_functions = 'all'; set search_path = past_of_many, past, public")
    try:
        few = await asked_for(2)
        assert 0 < await asked_for(20) <= 2 * few
    finally:
        await reader.close()


async def test_pages_and_counts_stay_in_the_past(client: httpx.AsyncClient) -> None:
    ids = [(await make.record(client, "events", title=f"{n}"))["id"] for n in range(5)]
    then = _then()
    for each in ids[:3]:
        await client.delete(f"/v1/events/{each}")
    await make.record(client, "events", title="0")
    page = await client.get(f"/v1/events?sort=title&limit=2&as_of={then}")
    found = page.json()["items"]
    while page.json()["next"]:
        page = await client.get(page.json()["next"])
        found += page.json()["items"]
    assert [each["title"] for each in found] == ["0", "1", "2", "3", "4"]
    cell = (await client.get(f"/v1/events/stats?group_by=kind&as_of={then}")).json()["items"][0]
    assert cell["count"] == 5
    assert len((await client.get(cell["href"])).json()["items"]) == 5
    cursor = (
        (await client.get("/v1/events?sort=title&limit=2"))
        .headers["link"]
        .partition("cursor=")[2]
        .partition(">")[0]
    )
    other = await client.get(f"/v1/events?sort=title&limit=2&as_of={then}&cursor={cursor}")
    assert other.json()["type"] == "/problems/invalid-cursor"


async def test_the_past_can_be_negotiated_and_is_not_sent_twice(client: httpx.AsyncClient) -> None:
    await make.record(client, "areas")
    made = await make.record(client, "goals", number=1, title="Before")
    address = f"/v1/goals/{made['id']}"
    then = _then()
    await client.patch(address, json={"title": "After"})
    old = await client.get(f"/v1/goals/1?as_of={then}")
    assert old.json() == made
    assert old.headers["memento-datetime"].endswith("GMT")
    assert "Accept-Datetime" in old.headers["vary"]
    same = {"If-None-Match": old.headers["etag"]}
    assert (await client.get(f"{address}?as_of={then}", headers=same)).status_code == 304
    first = await client.get("/v1/goals", headers={"Accept-Datetime": "Thu, 01 Jan 2015 00:00:00 GMT"})
    assert first.json()["items"] in ([], [made])  # before the first change: the first there is
    assert "2015" not in first.headers["memento-datetime"]
    ahead = await client.get(address, headers={"Accept-Datetime": "Thu, 01 Jan 2099 00:00:00 GMT"})
    assert ahead.json()["title"] == "After"
    wrong = await client.get(address, headers={"Accept-Datetime": "2026-10-01"})
    assert wrong.json()["errors"][0]["header"] == "Accept-Datetime"


@pytest.mark.parametrize("path", [
    "/v1/search?q=mediation", "/v1/events/stats?group_by=kind", "/v1/events", "/v1/events.csv", "/v1/events/{id}",
])  # fmt: skip
async def test_who_has_the_past_already_is_not_told_so_when_something_was_hidden_since(
    cast: Cast, path: str
) -> None:
    made = await make.record(cast.secretariat, "events", title="Mediation")
    await make.record(cast.secretariat, "events", title="Other")
    path = path.replace("{id}", made["id"]) + ("&" if "?" in path else "?") + f"as_of={_then()}"
    first = await cast.anonymous.get(path)
    known = {"If-None-Match": first.headers["ETag"]}
    assert (await cast.anonymous.get(path, headers=known)).status_code == 304
    await cast.secretariat.patch(f"/v1/events/{made['id']}", json={"visibility": "own"})
    after = await cast.anonymous.get(path, headers=known)
    assert after.status_code in {200, 404}
    assert after.content != first.content


@pytest.mark.parametrize(
    ("as_of", "code"),
    [
        ("2015-01-01", "before_the_register"),
        ("2099-01-01", "in_the_future"),
        ("1d", "in_the_future"),
        ("yesterday", "unreadable"),
        ("2569-01-01", "unreadable"),
        ("consultation:9", "unknown_moment"),
        ("consultation:last", "unknown_moment"),
    ],
)
async def test_a_time_of_which_nothing_is_known_is_refused(
    client: httpx.AsyncClient, as_of: str, code: str
) -> None:
    await make.record(client, "goals")
    for path in ("goals", "plan", "search?q=goal"):
        answer = await client.get(f"/v1/{path}{'&' if '?' in path else '?'}as%5Fof={as_of}")
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, code)


async def _long_ago(address: str, days: int) -> None:
    """Everything that was written yet was written so many days ago."""
    connection = await asyncpg.connect(on(urlsplit(address).path.removeprefix("/"), superuser=True))
    await connection.execute("set session_replication_role = replica")
    await connection.execute("update commits set at = at - make_interval(days => $1)", days)
    await connection.close()


async def test_what_follows_from_the_day_follows_from_the_day_then(
    client: httpx.AsyncClient, database_address: str
) -> None:
    today = datetime.now(UTC).date()
    held: dict[str, Any] = {"start_date": str(today - timedelta(60)), "end_date": str(today - timedelta(10))}
    activity = await make.record(client, "activities", **held)
    await make.record(client, "consultations", number=2, **held)
    await _long_ago(database_address, 40)
    assert activity["derived_status"] == "implemented"
    for as_of in ("-20d", f"{today - timedelta(20)}T12:00:00%2B07:00"):
        then = (await client.get(f"/v1/activities/{activity['id']}?as_of={as_of}")).json()
        assert then["derived_status"] == "ongoing"
    near = "/v1/activities?start_date__gte=-45d&as_of=-20d"
    assert len((await client.get(near)).json()["items"]) == 1  # counted from then
    met = await client.get(f"/v1/activities/{activity['id']}?as_of=consultation:2")
    assert met.headers["memento-datetime"] == f"{today - timedelta(9):%a, %d %b %Y} 00:00:00 GMT"


async def test_a_comparison_tells_only_what_differs(client: httpx.AsyncClient) -> None:
    _, changed, gone = [
        await make.record(client, "events", title=title) for title in ("kept", "changed", "gone")
    ]
    then = _then()
    await client.patch(f"/v1/events/{changed['id']}", json={"city": "Bangkok"})
    await client.delete(f"/v1/events/{gone['id']}")
    new = await make.record(client, "events", title="new")
    answer = (await client.get(f"/v1/events?sort=title&kind=seminar&compare={then}")).json()
    assert [each["title"] for each in answer["items"]] == ["changed", "new"]
    assert answer["compared"] == {
        "from": then,
        "to": None,
        "added": [new["id"]],
        "removed": [gone],
        "changed": [{"id": changed["id"], "fields": {"city": {"before": None, "after": "Bangkok"}}}],
    }
    same = (await client.get(f"/v1/events?compare={then}&as_of={then}&fields=title")).json()
    assert (same["items"], same["compared"]["changed"]) == ([], [])
    for refused in (f"compare={then}&limit=3", "compare=soon"):
        assert (await client.get(f"/v1/events?{refused}")).status_code == 400
    assert (await client.get(f"/v1/events.csv?compare={then}")).status_code == 400
