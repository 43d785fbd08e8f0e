"""Export and import untouched: nothing changes, whatever the values are."""

import csv
import io
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests import make
from tests.conftest import Register

COLLECTIONS = (
    "areas",
    "goals",
    "organisations",
    "countries",
    "activities",
    "events",
    "consultations",
    "focal-points",
)
TYPES = {"csv": "text/csv", "ndjson": "application/x-ndjson"}
HOSTILE = (
    "=1+1", "+66 2", "-5", "@x", "007", "'quoted", "''=x", "'=1", "a;b", 'a"b', '"', ";", ",", "1e5", "TRUE", "null",
    "\\N", "＝1", "2025-06-24", "髙﨑①㈱", "สัมมนา น้ำ", "ສັນຍາ", "សន្ធិសញ្ញា", "စာချုပ်", "Việt Nam", " x ", "\u00a0x", "x'",
)  # fmt: skip
LONG = (*HOSTILE, "one\ntwo", "one\r\ntwo", "\ttab", "one\rtwo", "\n=1", "\r=1", '"one"\n"two"', "a\n\nb\n")


async def untouched(client: httpx.AsyncClient, path: str, style: str, query: str = "") -> None:
    exported = await client.get(f"/v1/{path}.{style}")
    answer = await client.post(
        f"/v1/{path}/bulk?{query}", content=exported.content, headers={"Content-Type": TYPES[style]}
    )
    assert answer.status_code == 200, answer.text[:2000]
    counts = answer.json()["summary"]
    assert counts["unchanged"] == counts["rows"] > 0, counts


@pytest.mark.parametrize("style", TYPES)
@pytest.mark.parametrize("path", COLLECTIONS)
async def test_the_published_record_comes_back_unchanged(
    seeded: httpx.AsyncClient, path: str, style: str
) -> None:
    if not (await seeded.get(f"/v1/{path}?limit=1")).json()["items"]:
        await make.record(seeded, path)
    await untouched(seeded, path, style)
    await untouched(seeded, path, style, "empty=null&expect=0")
    key = {"events": None, "focal-points": None, "activities": None}.get(
        path, "code" if path in {"organisations", "countries"} else "number"
    )
    if key:
        await untouched(seeded, path, style, f"match={key}")


def recoded(exported: str, separator: str) -> str:
    """The export as another program would write it."""
    written = io.StringIO()
    writer = csv.writer(written, delimiter=separator, quoting=csv.QUOTE_ALL)
    writer.writerows(csv.reader(io.StringIO(exported, newline="")))
    return written.getvalue()


line, text = st.sampled_from(HOSTILE), st.sampled_from(LONG)
event = st.fixed_dictionaries(
    {"title": line, "kind": st.just("forum"), "start_date": st.just("2025-06-24")},
    optional={
        "city": line,
        "summary": text,
        "outcome": text,
        "note": text,
        "aliases": st.lists(line, max_size=3),
        "registered": st.integers(0, 2**31 - 1),
        "countries": st.lists(st.sampled_from(["TH", "JP", "LA"]), unique=True),
        "sources": st.lists(st.fixed_dictionaries({"title": line}), max_size=2),
    },
)


@given(events=st.lists(event, min_size=2, max_size=6), mark=st.booleans(), separator=st.sampled_from(",;\t"))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_hostile_values_come_back_unchanged(
    empty: Register, client: httpx.AsyncClient, events: list[dict[str, Any]], mark: bool, separator: str
) -> None:
    await empty.empty()
    own = [{**each, "keys": [f"moj-th:00{n}"]} for n, each in enumerate(events)]
    made = await client.post("/v1/events/bulk", json=own)
    assert made.status_code == 200, made.text
    await untouched(client, "events", "ndjson")
    exported = (await client.get("/v1/events.csv")).text
    for content, query in ((exported, ""), (recoded(exported, separator), "empty=null")):
        answer = await client.post(
            f"/v1/events/bulk?{query}",
            content=content.encode("utf-8-sig" if mark else "utf-8"),
            headers={"Content-Type": "text/csv"},
        )
        assert answer.status_code == 200, answer.text
        assert answer.json()["summary"]["unchanged"] == len(events), (query, content)
    records = (await client.get("/v1/events")).json()["items"]
    copies = [{k: v for k, v in each.items() if k not in {"id", "version", "keys"}} for each in records]
    copied = await client.post("/v1/events/bulk", json=copies)
    assert copied.json()["summary"]["create"] == len(events), copied.text


async def test_a_japanese_windows_file_comes_back_unchanged(client: httpx.AsyncClient) -> None:
    await make.record(client, "events", title="髙﨑①㈱ 研修", summary="=計算")
    exported = (await client.get("/v1/events.csv")).text
    answer = await client.post(
        "/v1/events/bulk?charset=cp932",
        content=exported.encode("cp932"),
        headers={"Content-Type": "text/csv"},
    )
    assert answer.json()["summary"]["unchanged"] == 1, answer.text


async def test_a_deleted_and_emptied_register_is_filled_again_from_its_export(
    seeded: httpx.AsyncClient,
) -> None:
    exported = (await seeded.get("/v1/events.csv")).text
    rows = list(csv.DictReader(io.StringIO(exported, newline="")))
    for row in rows:
        await seeded.delete(f"/v1/events/{row['id']}?cascade=true")
    names = [name for name in rows[0] if name not in {"id", "version"}]
    written = io.StringIO()
    writer = csv.DictWriter(written, names, extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    answer = await seeded.post(
        "/v1/events/bulk", content=written.getvalue().encode(), headers={"Content-Type": "text/csv"}
    )
    assert answer.json()["summary"]["create"] == len(rows), answer.text[:2000]
    same = {"id", "version", "created_at", "updated_at"}
    again = csv.DictReader(io.StringIO((await seeded.get("/v1/events.csv")).text, newline=""))

    def told(each: dict[str, str]) -> str:
        return repr({name: value for name, value in each.items() if name not in same})

    assert sorted(map(told, again)) == sorted(map(told, rows))
