"""Words are found by stem and anywhere inside, in every script of the region; case, accents and width do not matter."""

import time
from typing import Any

import asyncpg
import httpx
import pytest

from app.api import COLLECTIONS
from app.collection import search
from app.db import Database
from app.search import queries, rarity
from tests import make
from tests.cast import Cast

_SCORES = """with asked as (select fold($1) as q, array(
  select like_pattern(term) from regexp_split_to_table($1, ' ') term) as patterns)
select title, round((case when q < 'ก' collate "C" and words @@ websearch_to_tsquery('english', q) then 3 else 0 end
  + case when fold(title) like all (patterns) then 1 else 0 end
  + ts_rank(words, websearch_to_tsquery('english', q), 16)
  + case when strpos(' ' || fold(title) || ' ', ' ' || q || ' ') > 0 then 1 else word_similarity(q, fold(title)) end
  )::numeric, 4)
from search_texts, asked where words @@ websearch_to_tsquery('english', q) or folded like all (patterns)
order by 2 desc, record_id"""


async def found(client: httpx.AsyncClient, words: str, path: str = "events") -> list[str]:
    answer = await client.get(f"/v1/{path}", params={"q": words})
    assert answer.status_code == 200, answer.text
    return [record["title"] for record in answer.json()["items"]]


@pytest.mark.parametrize(("title", "words"), [
    ("Trainings for judges", "training"), ("Training for a judge", "judges trainings"), ("Mediation", "mediating"),
    ("Mutual legal assistance", "assistance legal"), ("Crim-AP forum", "crim-ap"), ("Symposium", "mpos"),
    ("งานสัมมนาความร่วมมือด้านกฎหมายระหว่างประเทศ", "กฎหมาย"), ("การฝึกอบรมผู้พิพากษา", "ผู้พิพากษา"),
    ("คำพิพากษา", "คํา"),
    ("ກອງປະຊຸມກ່ຽວກັບກົດໝາຍ", "ກົດໝາຍ"), ("ການຝຶກອົບຮົມຜູ້ພິພາກສາ", "ອົບຮົມ"),
    ("វគ្គបណ្តុះបណ្តាលចៅក្រម", "បណ្តុះ"), ("កិច្ច\u200bសហប្រតិបត្តិការ\u200bច្បាប់", "កិច្ចសហប្រតិបត្តិការ"),
    ("ကိစ္စ\u200bសហ", "ကိစ္စសហ"), ("တရားသူကြီးများသင်တန်း", "သင်တန်း"), ("ဥပဒေဆိုင်ရာပူးပေါင်းဆောင်ရွက်မှု",
    "ပူးပေါင်း"),
    ("日ASEAN特別法務大臣会合", "法務大臣"), ("日ASEAN特別法務大臣会合", "会合"), ("日ASEAN特別法務大臣会合",
    "法"), ("ｱｾｱﾝ法務", "アセアン"),
    ("ＡＳＥＡＮ", "asean"), ("Hội thảo Hà Nội", "hoi thao"), ("Hoi thao Ha Noi", "Hội thảo"), ("Đà Nẵng",
    "da nang"),
    ("SEMINAR", "seminar"), ("100%_sure", "100%"), ("100%_sure", "%_s"), ("back\\slash", "k\\s"),
])  # fmt: skip
async def test_words_are_found(client: httpx.AsyncClient, title: str, words: str) -> None:
    made = await make.record(client, "events", title=title)
    await make.record(client, "events", title="Nothing of the sort")
    assert await found(client, words) == [made["title"]]


@pytest.mark.parametrize(
    "words",
    ["%", "_", "%%", "a_c", "tr%ng", "zzz training", "\\", "' or 1=1 --", "\u200b", "\u0301", "\u00ad"],
)
async def test_what_looks_like_a_pattern_is_text(client: httpx.AsyncClient, words: str) -> None:
    await make.record(client, "events", title="abc training")
    assert await found(client, words) == []


async def test_new_words_do_not_wait_beside_the_index(
    client: httpx.AsyncClient, database_address: str
) -> None:
    connection = await asyncpg.connect(database_address)
    await connection.execute("set role workplan_app")
    for _ in range(3):  # the service, which gathers them every five seconds, may have been sooner
        await make.record(client, "events", title="Training")
        waited, wait_still = [await connection.fetchval("select gather_new_words()") for _ in range(2)]
        if waited > 0:
            break
    await connection.close()
    assert waited > 0
    assert wait_still == 0


async def test_a_changed_text_is_found_by_its_new_words_only(client: httpx.AsyncClient) -> None:
    made = await make.record(client, "events", title="Seminar", summary="about arbitration")
    assert await found(client, "arbitration") == ["Seminar"]
    await client.patch(f"/v1/events/{made['id']}", json={"summary": "about mediation"})
    assert await found(client, "arbitration") == []
    assert await found(client, "mediation") == ["Seminar"]
    await client.delete(f"/v1/events/{made['id']}")
    assert await found(client, "mediation") == []
    await client.post(f"/v1/events/{made['id']}/restore")
    assert await found(client, "mediation") == ["Seminar"]


@pytest.mark.parametrize("rare", [2, 1000], ids=["a common word", "a rare word"])
async def test_words_and_filters_both_hold_and_pages_go_on(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, rare: int
) -> None:
    monkeypatch.setattr(search, "_RARE", rare)
    fields = "title,status" if rare == 2 else "title,kind"  # a statement is kept for each, once it was made
    for number in range(5):
        await make.record(
            client, "events", title=f"Mediation {number}", kind="forum" if number else "seminar"
        )
    path = f"/v1/events?q=mediation&kind=forum&limit=3&sort=title&fields={fields}"
    first = (await client.get(path)).json()
    second = (await client.get(first["next"])).json()
    assert [each["title"] for each in first["items"] + second["items"]] == [
        f"Mediation {n}" for n in range(1, 5)
    ]


@pytest.mark.parametrize(("one", "other", "words"), [
    ("Arbitration", "Seminar", "arbitration"), ("การระงับข้อพิพาท", "สัมมนา", "ข้อพิพาท"), ("法務大臣会合",
    "研修", "大臣"),
    ("Training on mutual legal assistance", "Training", "mutual legal assistance"),
])  # fmt: skip
async def test_the_search_ranks_a_title_before_a_text(
    client: httpx.AsyncClient, one: str, other: str, words: str
) -> None:
    inside = " ".join([words] * 20)
    await make.record(client, "events", title=one)
    for _ in range(2):
        await make.record(client, "events", title=other, summary=inside)
    await make.record(client, "goals", title=one)
    hits = (await client.get("/v1/search", params={"q": words})).json()["items"]
    assert [hit["title"] for hit in hits] == [one, one, other, other]
    assert {hit["kind"] for hit in hits} == {"events", "goals"}


async def test_the_search_looks_inside_words_where_whole_ones_do_not_fill_the_page(
    client: httpx.AsyncClient,
) -> None:
    for title in ("Paralegals", "Legal aid", "Seminar"):
        await make.record(client, "countries", name=title)
    await make.record(client, "events", title="Forum", summary="on legal aid")
    hits = {
        limit: (await client.get(f"/v1/search?q=legal&limit={limit}")).json()["items"]
        for limit in (1, 2, 3, 4)
    }
    assert [hit["title"] for hit in hits[4]] == ["Legal aid", "Forum", "Paralegals"]
    assert all(hits[limit] == hits[4][:limit] for limit in hits)
    assert [hit["score"] >= 3 for hit in hits[4]] == [True, True, False]


async def test_no_number_of_newer_hits_inside_words_hides_a_whole_one(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "RANKED_AT_MOST", 2)
    for title in ("Legal aid", "Paralegals", "Paralegal aids", "Paralegal"):
        await make.record(client, "events", title=title)
    words = "+".join(["legal"] * 7)  # a statement is kept for each number of words, once it was made
    hits = (await client.get(f"/v1/search?q={words}&limit=9")).json()["items"]
    assert [hit["title"] for hit in hits] == ["Legal aid", "Paralegal aids", "Paralegal"]


async def test_words_that_were_rare_find_what_was_written_since(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also while they are taken for rare, and when that is over."""
    monkeypatch.setattr(rarity, "RANKED_AT_MOST", 3)
    found = []
    for number in range(5):
        await make.record(cast.secretariat, "events", title=f"Quoits {number}")
        if number == 2:
            monkeypatch.setattr(rarity, "monotonic", lambda: time.monotonic() + 61)
        hits = (await cast.anonymous.get("/v1/search?q=quoits")).json()["items"]
        found.append((len(hits), _counted("quoits")))
    assert found == [(1, 1), (2, 1), (3, None), (4, None), (5, None)]


async def test_of_words_that_were_rare_and_became_common_the_newest_are_ranked(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever this process knew of them: another one answers the same."""
    monkeypatch.setattr(queries, "RANKED_AT_MOST", 2)
    monkeypatch.setattr(rarity, "RANKED_AT_MOST", 2)
    words = "+".join(["skittles"] * 6)  # a statement is kept for each number of words, once it was made
    found = []
    for title in ("Skittles skittles", "On skittles", "Of skittles and more"):
        await make.record(cast.secretariat, "events", title=title)
        (best,) = (await cast.anonymous.get(f"/v1/search?q={words}&limit=1")).json()["items"]
        found.append((best["title"], _counted(words.replace("+", " "))))
    assert found == [("Skittles skittles", 1), ("Skittles skittles", 1), ("On skittles", None)]


async def test_words_that_are_rare_to_one_caller_may_be_common_to_another(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "RANKED_AT_MOST", 2)
    monkeypatch.setattr(rarity, "RANKED_AT_MOST", 2)
    words = "+".join(["ninepins"] * 5)
    for title, visibility in (
        ("Ninepins ninepins", "public"),
        ("On ninepins", "partners"),
        ("Ninepins", "partners"),
    ):
        await make.record(cast.secretariat, "events", title=title, visibility=visibility)
    for _ in range(2):
        (hit,) = (await cast.anonymous.get(f"/v1/search?q={words}&limit=1")).json()["items"]
        assert hit["title"] == "Ninepins ninepins"
        (hit,) = (await cast.partner.get(f"/v1/search?q={words}&limit=1")).json()["items"]
        assert hit["title"] == "On ninepins"


def _counted(words: str) -> int | None:
    counted = rarity.few("by stem", words, "")
    return counted and counted.hits


@pytest.mark.parametrize("words", ["legal’s", "“legal” aid", "légal"])
async def test_marks_of_a_text_editor_do_not_make_another_script(
    client: httpx.AsyncClient, words: str
) -> None:
    await make.record(client, "events", title="Legal aid’s forum")
    (hit,) = (await client.get("/v1/search", params={"q": words})).json()["items"]
    assert hit["score"] >= 3


@pytest.mark.parametrize("words", ["foo -qux", "-qux foo", "foo-barb", "foo"])
async def test_what_is_only_inside_scores_less_than_what_is_found_by_stem(
    client: httpx.AsyncClient, words: str
) -> None:
    for title in ("foo-barb", "foo barb xfoo-barbx", "foos", "seafood"):
        await make.record(client, "events", title=title)
    hits = (await client.get("/v1/search", params={"q": words})).json()["items"]
    scores = {hit["title"]: hit["score"] for hit in hits}
    assert list(scores.values()) == sorted(scores.values(), reverse=True)
    assert (scores.get("foo-barb", 3) >= 3, scores.get("seafood", 0) < 3) == (True, True)
    if words == "foo-barb":
        assert scores["foo barb xfoo-barbx"] < 3


async def test_a_record_that_changes_between_two_looks_is_told_once(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await make.record(client, "events", title="Numbat aid")
    looks, fetch = 0, Database.fetch

    async def then_changed(*args: Any, **how: Any) -> Any:
        nonlocal looks
        rows = await fetch(*args, **how)
        if "scored" in args[1].sql:
            looks += 1
            if looks == 1:
                await client.patch(f"/v1/events/{made['id']}", json={"title": "Paranumbats"})
        return rows

    monkeypatch.setattr(Database, "fetch", then_changed)
    hits = (await client.get("/v1/search?q=numbat")).json()["items"]
    assert looks == 2
    assert [hit["title"] for hit in hits] == ["Paranumbats"]


async def test_where_words_are_not_set_apart_none_hides_what_has_it_inside(client: httpx.AsyncClient) -> None:
    await make.record(client, "events", title="研修", summary="法務 法務")
    await make.record(client, "countries", name="法務省")
    hits = (await client.get("/v1/search", params={"q": "法務", "limit": 1})).json()["items"]
    assert [hit["title"] for hit in hits] == ["法務省"]


async def test_only_what_the_index_of_trigrams_finds_is_left_to_it(database_address: str) -> None:
    """It has three letters or digits in a row once it is folded; of all else PostgreSQL would read the whole index."""
    letters = "abé½ﬁ№ßÅ％%_-’ัขกー法務ẞ①㌔々"
    terms = [first + second + third for first in letters for second in letters for third in letters]
    connection = await asyncpg.connect(database_address)
    in_index = await connection.fetch("select fold(t) ~ '[[:alnum:]]{3}' from unnest($1::text[]) t", terms)
    await connection.close()
    left = [(term, found) for term, (found,) in zip(terms, in_index, strict=True) if search.in_trigrams(term)]
    assert len(left) > len(terms) / 4
    assert [term for term, found in left if not found] == []


@pytest.mark.parametrize("words", ["legal aid", "aid", "100%", "%", "ｌｅｇａｌ", "กฎหมาย", "legal-aid"])
async def test_the_score_tells_how_near_a_title_is(
    client: httpx.AsyncClient, database_address: str, words: str
) -> None:
    for title in (
        "Legal aid",
        "On legal aid for all",
        "Paralegal aids",
        "100% sure",
        "a % b",
        "ร่างกฎหมาย กฎหมาย",
    ):
        await make.record(client, "countries", name=title)
    hits = (await client.get("/v1/search", params={"q": words})).json()["items"]
    connection = await asyncpg.connect(database_address)
    expected = await connection.fetch(_SCORES, words)
    await connection.close()
    assert [(hit["title"], hit["score"]) for hit in hits] == [
        (title, float(score)) for title, score in expected
    ]


@pytest.mark.parametrize("path", make.PATHS)
async def test_every_kind_is_found_and_led_to(client: httpx.AsyncClient, path: str) -> None:
    known = {c.path: c for c in COLLECTIONS}[path].outputs
    field = next(
        name
        for name in ("display", "title", "name", "office", "overview", "narrative", "reason")
        if name in known
    )
    word = {"name": "Zanzibari"} if field == "office" else "Zanzibari"
    made = await make.record(client, path, **{field: word})
    (hit,) = (await client.get(f"/v1/search?q=zanzibari&kind={path}")).json()["items"]
    assert (hit["kind"], hit["id"], hit["title"]) == (path, made["id"], "Zanzibari")
    assert (await client.get(hit["href"])).json() == made


@pytest.mark.parametrize("query", ["", "q=", "q=+", "q=a&kind=evnts",
                                   "q=a&kind=", "q=a&limit=0", "q=a&limit=101", "q=a&limit=000000001000",
                                   "q=a&sort=title", "q=" + "a" * 201, "q=a+b+c+d+e+f+g+h+i", "q=%01"])  # fmt: skip
async def test_a_search_that_cannot_be_read_is_refused(client: httpx.AsyncClient, query: str) -> None:
    answer = await client.get(f"/v1/search?{query}")
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["parameter"]
