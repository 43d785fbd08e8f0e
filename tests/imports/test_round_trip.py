"""Export and import untouched: nothing changes, whatever the values are."""

import csv
import io
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from app.api import WRITTEN
from app.collection.collection import Collection
from app.collection.values import LINE_PATTERN, PARAGRAPHS_PATTERN
from tests import make
from tests.conftest import Register
from tests.imports.sheets import XLSX

TYPES = {"csv": "text/csv", "ndjson": "application/x-ndjson", "xlsx": XLSX}
HOSTILE = (
    "=1+1", "+66 2", "-5", "@x", "007", "'quoted", "''=x", "'=1", "a;b", 'a"b', '"', ";", ",", "1e5", "TRUE", "null",
    "\\N", "\\", "＝1", "2025-06-24", "45832", "#N/A", "_x000D_", "<b>&amp;</b>", "髙﨑①㈱", "𠮟る 𩸽", "สัมมนา น้ำ",
    "ສັນຍາ", "សន្ធិសញ្ញា", "စာချုပ်", "Việt Nam", " x ", "\u00a0x", "x'",
)  # fmt: skip
LONG = (
    *HOSTILE,
    "one\ntwo",
    "one\r\ntwo",
    "\ttab",
    "one\rtwo",
    "\n=1",
    "\r=1",
    '"one"\n"two"',
    "a\n\nb\n",
    " \n x",
)
JAPANESE_WINDOWS = tuple(each for each in LONG if each.encode("cp932", "ignore").decode("cp932") == each)


async def unchanged(client: httpx.AsyncClient, path: str, content: bytes, kind: str, query: str = "") -> int:
    """Send a file that changes nothing; the number of its rows."""
    place = f"/v1/{path}/bulk?{query}"
    answer = await client.post(place, content=content, headers={"Content-Type": kind})
    assert answer.status_code == 200, answer.text[:2000]
    counts: dict[str, int] = answer.json()["summary"]
    assert counts["unchanged"] == counts["rows"] > 0, (counts, content[:2000])
    return counts["rows"]


async def untouched(client: httpx.AsyncClient, path: str, *queries: str) -> None:
    for style, kind in TYPES.items():
        exported = (await client.get(f"/v1/{path}.{style}")).content
        for query in queries:
            await unchanged(client, path, exported, kind, query)


async def test_a_list_within_an_office_is_its_own(client: httpx.AsyncClient) -> None:
    """There are several offices: the languages of each are not those of all."""
    for languages in (["th", "en"], ["lo"], []):
        await make.record(client, "focal-points", office={"name": "Office", "languages": languages})
    rows = csv.DictReader(io.StringIO((await client.get("/v1/focal-points.csv")).text))
    assert [row["office.languages"] for row in rows] == ["th;en", "lo", ""]
    await untouched(client, "focal-points", "", "empty=null")


async def test_a_long_list_changes_nothing(client: httpx.AsyncClient) -> None:
    outputs = [f"{number} " + "y" * 1_900 for number in range(80)]
    await make.record(client, "activities", outputs=outputs)
    await untouched(client, "activities", "")


CODE_IS_OPTIONAL = {"activities", "decisions"}


@pytest.mark.parametrize("path", [each.path for each in WRITTEN])
async def test_the_published_record_comes_back_unchanged(seeded: httpx.AsyncClient, path: str) -> None:
    if not (await seeded.get(f"/v1/{path}?limit=1")).json()["items"]:
        await make.record(seeded, path)
    [collection] = [each for each in WRITTEN if each.path == path]
    by_key = [f"match={collection.key}"] if collection.key and path not in CODE_IS_OPTIONAL else []
    await untouched(seeded, path, "", "empty=null&expect=0", *by_key)


def text_fields(collection: Collection) -> Iterator[tuple[str, str | None, tuple[str, ...]]]:
    """The fields, or parts of fields, that take any text, with hostile ones for each."""
    fitting = {LINE_PATTERN: HOSTILE, PARAGRAPHS_PATTERN: LONG}
    for name in collection.writable:
        if (collection.path, name) == ("decisions", "outcome"):  # only of what is closed
            continue
        schema = collection.properties[name]
        if schema.get("pattern") in fitting:
            yield name, None, fitting[schema["pattern"]]
        for part, inner in schema.get("properties", {}).items():
            options = inner.get("anyOf", [inner])
            if found := [fitting[each["pattern"]] for each in options if each.get("pattern") in fitting]:
                yield name, part, found[0]


@pytest.mark.parametrize("path", [each.path for each in WRITTEN])
async def test_hostile_texts_come_back_unchanged_in_every_collection(
    client: httpx.AsyncClient, path: str
) -> None:
    [collection] = [each for each in WRITTEN if each.path == path]
    fields = list(text_fields(collection))
    records = []
    for number in range(-(-len(LONG) // len(fields))):
        record = await make.body(client, path)
        for place, (name, part, texts) in enumerate(fields):
            text = texts[(number * len(fields) + place) % len(texts)]
            if part:
                record[name] = {**record.get(name, {}), part: text}
            else:
                record[name] = text
        records.append(record)
    made = await client.post(f"/v1/{path}/bulk", json=records)
    assert made.status_code == 200, made.text
    await untouched(client, path, "", "empty=null")


def recoded(exported: str, separator: str) -> str:
    """The export as another program would write it."""
    written = io.StringIO()
    writer = csv.writer(written, delimiter=separator, quoting=csv.QUOTE_ALL)
    writer.writerows(csv.reader(io.StringIO(exported, newline="")))
    return written.getvalue()


def events(
    line: st.SearchStrategy[str], text: st.SearchStrategy[str]
) -> st.SearchStrategy[list[dict[str, Any]]]:
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
    return st.lists(event, min_size=2, max_size=6)


def any_of(texts: tuple[str, ...], alphabet: str) -> st.SearchStrategy[str]:
    """One of these texts, or several of them and other characters in a row."""
    some = st.text(st.sampled_from(alphabet), min_size=1, max_size=12)
    mixed = st.lists(st.sampled_from(texts) | some, min_size=2, max_size=4).map("".join)
    return st.sampled_from(texts) | mixed


SCRIPTS = "'=+-@;,\"\\ \u200b_x0กำน้ຳໝກំះ្នမြန်髙﨑𠮟ßếđ"
ANYTHING = events(any_of(HOSTILE, SCRIPTS), any_of(LONG, f"{SCRIPTS}\n\r\t"))
WINDOWS = events(
    any_of(tuple(each for each in JAPANESE_WINDOWS if each in HOSTILE), "'=+-@;髙﨑①㈱"),
    any_of(JAPANESE_WINDOWS, "'=;髙\n\r\t"),
)
several = settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@given(records=ANYTHING, mark=st.booleans(), separator=st.sampled_from(",;\t"))
@several
async def test_hostile_values_come_back_unchanged(
    empty: Register, client: httpx.AsyncClient, records: list[dict[str, Any]], mark: bool, separator: str
) -> None:
    await empty.begin_anew()
    own = [{**each, "keys": [f"moj-th:00{n}"]} for n, each in enumerate(records)]
    made = await client.post("/v1/events/bulk", json=own)
    assume(made.status_code == 200)  # some mixtures are blank, or too many marks on one character
    await untouched(client, "events", "")
    exported = (await client.get("/v1/events.csv")).text
    content = recoded(exported, separator).encode("utf-8-sig" if mark else "utf-8")
    assert await unchanged(client, "events", content, "text/csv", "empty=null") == len(records)
    there = (await client.get("/v1/events")).json()["items"]
    copies = [{k: v for k, v in each.items() if k not in {"id", "version", "keys"}} for each in there]
    copied = await client.post("/v1/events/bulk", json=copies)
    assert copied.json()["summary"]["create"] == len(records), copied.text


@given(records=WINDOWS, separator=st.sampled_from(",;\t"))
@several
async def test_files_of_japanese_windows_come_back_unchanged(
    empty: Register, client: httpx.AsyncClient, records: list[dict[str, Any]], separator: str
) -> None:
    await empty.begin_anew()
    made = await client.post("/v1/events/bulk", json=records)
    assume(made.status_code == 200)
    content = recoded((await client.get("/v1/events.csv")).text, separator).encode("cp932")
    assume(not is_utf_8(content))  # `﨑①` is `핇@`: what may be either is refused
    await unchanged(client, "events", content, "text/csv; charset=cp932")


def is_utf_8(content: bytes) -> bool:
    """Whether bytes beyond ASCII are UTF-8 as well."""
    with suppress(UnicodeDecodeError):
        return not content.isascii() and bool(content.decode())
    return False


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
