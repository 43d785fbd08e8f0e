"""The plan's text on every day, and what differs between two of its texts, in every format."""

import io
import re
from datetime import date
from typing import Any
from zipfile import ZipFile

import httpx
import pytest
from docx import Document
from docx.oxml.ns import qn

from app import operating
from app.plan.as_html import POLICY
from app.plan.redlining import redlined
from app.plan.texts import PlanText, Record, in_order
from tests import make
from tests.amendments.test_concurring import concur, tabled, the_day_comes
from tests.cast import Cast
from tests.conftest import Register

KYOTO = "Continue to implement the Kyoto Declaration through ongoing national efforts"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
CHANGES = [
    {"action": "modify", "kind": "activity", "name": "6.3", "new": {"text": f"{KYOTO} & joint reviews"}},
    {"action": "retire", "kind": "activity", "name": "7.2"},
    {
        "action": "add",
        "kind": "activity",
        "name": "8.2",
        "under": 8,
        "new": {"text": "New <here>", "sub_items": ["One"]},
    },
]


def said_in(plan: dict[str, Any]) -> dict[str, str]:
    """The titles of the activities, by code."""
    goals = [goal for area in plan["areas"] for goal in area["goals"]]
    return {each["code"]: each["title"] for goal in goals for each in goal["activities"]}


def text_of(document: bytes, *, accepted: bool) -> list[str]:
    """The paragraphs of a Word document, once its changes are accepted or rejected."""
    gone, kept = ("w:del", "w:t") if accepted else ("w:ins", "w:delText")
    found = []
    for paragraph in Document(io.BytesIO(document)).paragraphs:
        marks = paragraph._p.xpath(f"./w:pPr/w:rPr/{gone}")
        runs = paragraph._p.xpath(f".//w:r[not(parent::{gone})]")
        words = "".join(part.text or "" for run in runs for part in run if part.tag in {qn("w:t"), qn(kept)})
        if not marks:
            found.append(words)
    return found


@pytest.fixture
async def amended(published: Register) -> Any:
    """The published plan with an amendment in force since 2024, one agreed to for 2399, and one that is tabled."""
    async with Cast.over(published.app, published.keys) as cast:
        first = await tabled(cast, number=1, effective_on="2024-04-01", changes=CHANGES)
        new = {"text": "Hold it", "sub_items": []}
        later = [{"action": "modify", "kind": "activity", "name": "1.1", "new": new}]
        second = await tabled(cast, number=2, effective_on="2399-01-01", changes=later)
        for amendment in (first, second):
            for client in (cast.asean_authority, cast.japan_authority):
                assert (await concur(client, amendment)).status_code == 200
        await tabled(cast, number=3, changes=[{"action": "retire", "kind": "activity", "name": "2.1"}])
        yield cast


async def test_the_text_of_every_day_is_had_and_compared(amended: Cast) -> None:
    public: httpx.AsyncClient = amended.anonymous

    async def on(**query: str) -> dict[str, Any]:
        answer = await public.get("/v1/plan", params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    now, then, ahead = await on(), await on(effective_on="2024-03-31"), await on(effective_on="2399-01-01")
    assert said_in(now) == said_in(await on(effective_on="today"))
    assert (said_in(now)["6.3"], said_in(then)["6.3"]) == (f"{KYOTO} & joint reviews", KYOTO)
    assert said_in(now).keys() - said_in(then).keys() == {"8.2"}
    assert said_in(then).keys() - said_in(now).keys() == {"7.2"}
    assert len(said_in(then)) == 14
    assert (said_in(now)["1.1"] == said_in(then)["1.1"], said_in(ahead)["1.1"]) == (True, "Hold it")
    assert now["preamble"] == then["preamble"]
    before = await public.get("/v1/plan?effective_on=2022-01-01")
    assert (before.status_code, before.json()["errors"][0]["code"]) == (400, "before_the_plan")
    await redlines_are_right(public, amended.partner)


async def test_what_is_withdrawn_before_its_day_is_in_the_text_of_no_day(amended: Cast) -> None:
    withdrawn = await amended.secretariat.post("/v1/amendments/2/withdraw", json={"reason": "A slip."})
    assert withdrawn.json()["state"] == "withdrawn", withdrawn.text
    ahead, now = [
        said_in((await amended.anonymous.get("/v1/plan", params={"effective_on": day})).json())
        for day in ("2399-01-01", "today")
    ]
    assert ahead == now


async def redlines_are_right(public: httpx.AsyncClient, partner: httpx.AsyncClient) -> None:
    redline = (await public.get("/v1/plan/redline?from=original")).json()
    assert redline["counts"] == {"modified": 1, "added": 1, "retired": 1}
    changed = {place["name"]: place for place in redline["places"] if place["change"] != "same"}
    assert [piece for piece in changed["6.3"]["text"] if piece["op"] != "equal"] == [
        {"op": "insert", "text": " & joint reviews"}
    ]
    assert (changed["7.2"]["change"], changed["8.2"]["sub_items"]) == (
        "retired",
        [[{"op": "insert", "text": "One"}]],
    )
    assert (await public.get("/v1/plan/redline?to=amendment:1")).json()["places"] == redline["places"]
    backwards = (await public.get("/v1/plan/redline?from=now&to=2024-01-01")).json()
    assert backwards["counts"] == {"modified": 1, "added": 1, "retired": 1}
    assert (await public.get("/v1/plan/redline?to=amendment:3")).status_code == 400
    proposed = (await partner.get("/v1/plan/redline?to=amendment:3")).json()
    assert proposed["counts"] == {"modified": 0, "added": 0, "retired": 1}
    assert (await public.get("/v1/plan/redline?from=amendment:1&to=2399-06-01")).json()["counts"][
        "modified"
    ] == 1

    page = await public.get("/v1/plan/redline", headers={"Accept": "text/html,*/*;q=0.8"})
    assert (page.headers["content-security-policy"], page.headers["content-type"]) == (
        POLICY, "text/html; charset=utf-8",
    )  # fmt: skip
    assert "efforts<ins> &amp; joint reviews</ins></p>" in page.text
    assert "<ins>New &lt;here&gt;</ins>" in page.text
    assert not re.search(r"<script|style=|https?:", page.text)

    paper = await public.get("/v1/plan/redline.docx?from=original")
    assert paper.headers["content-type"] == DOCX
    assert ZipFile(io.BytesIO(paper.content)).testzip() is None
    accepted, rejected = (text_of(paper.content, accepted=each) for each in (True, False))
    assert f"6.3  {KYOTO} & joint reviews" in accepted
    assert f"6.3  {KYOTO}" in rejected
    assert {"8.2  New <here>", "One"} <= set(accepted) - set(rejected)
    assert len([each for each in rejected if each.startswith("7.2")]) == 1
    assert not [each for each in accepted if each.startswith("7.2")]
    same = await public.get(
        "/v1/plan/redline.docx?from=original", headers={"If-None-Match": paper.headers["etag"]}
    )
    assert same.status_code == 304


@pytest.mark.parametrize(
    "query", ["to=yesterday", "to=amendment:9", "from=2024-13-01", "to=2567-01-01", "since=now"]
)
async def test_a_text_that_there_is_not_is_refused(seeded: httpx.AsyncClient, query: str) -> None:
    answer = await seeded.get(f"/v1/plan/redline?{query}")
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["parameter"] in {"from", "to", "since"}


def test_amendments_are_undone_in_the_order_in_which_they_took_effect() -> None:
    def to(old: str | None, new: str | None) -> list[dict[str, Any]]:
        action = "add" if old is None else "retire" if new is None else "modify"
        wording = [each and {"text": each, "sub_items": []} for each in (old, new)]
        return [
            {
                "action": action,
                "kind": "goal",
                "name": "9",
                "under": None,
                "old": wording[0],
                "new": wording[1],
            }
        ]

    amendments = [
        {"number": number, "state": "in_force", "on": f"202{number}-01-01", "changes": to(*words)}
        for number, words in ((4, (None, "A")), (5, ("A", "B")), (6, ("B", None)))
    ]
    record = Record("Plan", None, PlanText({("goal", "9"): None}, {}), amendments)
    days = [f"202{year}-01-01" for year in (3, 4, 5, 6)]
    texts = [record.on(date.fromisoformat(day)).words["goal", "9"] for day in days]
    assert [said and said["text"] for said in texts] == [None, "A", "B", None]


def _to(action: str, kind: str, name: str, new: str | None = None, **more: Any) -> dict[str, Any]:
    words = new and {"text": new, "sub_items": []}
    return {"action": action, "kind": kind, "name": name, "new": words, **more}


_GONE = [_to("retire", "activity", "8.1"), _to("retire", "goal", "8")]
_OF_ONE_PLACE = [
    ([_to("modify", "activity", "1.1", "A")], [_to("modify", "activity", "1.1", "B")]),
    ([_to("retire", "activity", "1.1")], [_to("modify", "activity", "1.1", "B")]),
    ([_to("modify", "activity", "1.1", "A")], [_to("retire", "activity", "1.1")]),
    ([_to("modify", "preamble", "1", "A")], [_to("modify", "preamble", "1", "B")]),
    ([_to("add", "activity", "1.9", "A", under=1)], [_to("add", "activity", "1.9", "B", under=1)]),
    ([_to("add", "goal", "9", "A", under=1)], [_to("add", "goal", "9", "B", under=1)]),
    ([_to("add", "activity", "8.9", "A", under=8)], _GONE),
    (_GONE, [_to("add", "activity", "8.9", "B", under=8)]),
]


@pytest.mark.parametrize("first_concurred", [1, 2])
@pytest.mark.parametrize("both", _OF_ONE_PLACE)
async def test_what_will_lapse_is_not_said_to_be_in_force(
    published: Register, both: tuple[Any, Any], first_concurred: int
) -> None:
    async with Cast.over(published.app, published.keys) as cast:

        async def on(**query: str) -> Any:
            plan = (await cast.anonymous.get("/v1/plan", params=query)).json()
            to = {"to": query.get("effective_on", "now")}
            redline = (await cast.anonymous.get("/v1/plan/redline", params=to)).json()
            return said_in(plan), plan["preamble"], redline["places"]

        day = "2399-01-01"
        two = [await tabled(cast, number=n, effective_on=day, changes=each) for n, each in enumerate(both, 1)]
        for amendment in sorted(two, key=lambda each: each["number"] != first_concurred):
            for client in (cast.asean_authority, cast.japan_authority):
                assert (await concur(client, amendment)).status_code == 200
        before, ahead = await on(), await on(effective_on=day)
        await the_day_comes(published)
        assert await on(effective_on="today") == ahead
        await operating.enact_due(published.app.state.service.database)
        amendments = (await cast.anonymous.get("/v1/amendments?sort=number")).json()["items"]
        states = [each["state"] for each in amendments]
        assert (states, before == ahead, await on()) == (["in_force", "lapsed"], False, ahead)


async def test_what_adds_the_code_of_another_record_is_not_said_to_be_in_force(published: Register) -> None:
    async with Cast.over(published.app, published.keys) as cast:
        changes = [_to("add", "activity", "1.9", "A", under=1)]
        amendment = await tabled(cast, effective_on="2399-01-01", changes=changes)
        for client in (cast.asean_authority, cast.japan_authority):
            assert (await concur(client, amendment)).status_code == 200
        ahead = "/v1/plan?effective_on=2399-01-01"
        assert "1.9" in said_in((await cast.anonymous.get(ahead)).json())
        await make.record(
            cast.thailand_editor, "activities", goal={"number": 1}, code="1.9", visibility="own"
        )
        assert "1.9" not in said_in((await cast.anonymous.get(ahead)).json())


async def test_a_goal_under_no_area_stands_in_the_plan_beside_the_areas(published: Register) -> None:
    async with Cast.over(published.app, published.keys) as cast:

        async def beside(**query: str) -> list[Any]:
            goals = (await cast.anonymous.get("/v1/plan", params=query)).json()["goals"]
            return [
                (goal["number"], goal["title"], said_in({"areas": [{"goals": [goal]}]})) for goal in goals
            ]

        changes = [_to("add", "goal", "9", "A"), _to("add", "activity", "9.1", "B", under=9)]
        there = [(9, "A", {"9.1": "B"})]
        amendment = await tabled(cast, effective_on="2399-01-01", changes=changes)
        for client in (cast.asean_authority, cast.japan_authority):
            assert (await concur(client, amendment)).status_code == 200
        assert (await beside(), await beside(effective_on="2399-01-01")) == ([], there)
        await the_day_comes(published)
        await operating.enact_due(published.app.state.service.database)
        assert (await beside(), await beside(effective_on="today")) == (there, there)
        assert await beside(effective_on="2024-01-01") == []
        retired = [_to("retire", "activity", "9.1"), _to("retire", "goal", "9")]
        amendment = await tabled(cast, changes=retired)
        for client in (cast.asean_authority, cast.japan_authority):
            assert (await concur(client, amendment)).status_code == 200
        assert (await beside(), await beside(effective_on="today")) == ([], [])


def test_places_stand_in_the_order_in_which_they_are_read() -> None:
    words = {("activity", "6.10"): None, ("activity", "6.9"): None, ("goal", "6"): None, ("area", "3"): None}
    text = PlanText(words, {("goal", "6"): "3", ("activity", "6.10"): "6", ("activity", "6.9"): "6"})
    assert [name for _, name in in_order(text)] == ["3", "6", "6.9", "6.10"]
    assert redlined(text, text)["places"] == []
