"""The seed files are complete, agree with each other, and hold the plan to the letter."""

import calendar
import json
import re
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.each import of_each

SEED = Path(__file__).resolve().parents[2] / "seed"
FIELDS = {
    "plan": "title preamble adopted_on adoption_note endorsed_on endorsed_at editorial_notes sources",
    "areas": "number title",
    "goals": "number title sub_items area editorial_notes",
    "activities": "code origin goal title sub_items status editorial_notes",
    "countries": "code alpha3 name side asean_member_since sources",
    "organisations": "code name kind country parent former_names valid_from valid_until note sources",
    "events": "title aliases kind status start_date end_date date_precision mode city country summary goals "
    "activities organisations note sources",
    "consultations": "number title status start_date end_date date_precision mode country event summary "
    "sources",
    "framework_items": "framework title summary body goals sources",
}
NEEDED = {
    "plan": "title preamble adopted_on adoption_note endorsed_on endorsed_at editorial_notes sources",
    "areas": "number title",
    "goals": "number title area",
    "activities": "code origin goal title status",
    "countries": "code alpha3 name side sources",
    "organisations": "code name kind sources",
    "events": "title kind status date_precision summary goals organisations sources",
    "consultations": "number title status date_precision event summary sources",
    "framework_items": "framework title summary body goals sources",
}
SHAPES = {
    "editorial_notes": {"passage", "note"},
    "sources": {"title", "url"},
    "former_names": {"name", "until"},
    "area": {"number"},
    "goal": {"number"},
    "parent": {"code"},
    "event": {"key"},
    "body": {"code"},
    "goals": {"number", "link"},
    "activities": {"code", "link"},
    "organisations": {"code", "role"},
}
WORDS = {
    "kind": "consultation ministerial_meeting senior_officials_meeting summit adoption working_group "
    "bilateral_meeting forum symposium seminar training study_visit congress conference workshop other",
    "status": "proposed planned ongoing implemented suspended cancelled postponed",
    "mode": "in_person online hybrid",
    "date_precision": "day month year unknown",
    "link": "stated assigned",
    "role": "host co_host supporter funder participant organiser",
}
PER_GOAL = [2, 1, 1, 1, 2, 3, 3, 1]  # activities, as the plan prints them
OUTSIDE_THE_PLAN = {"AE", "NL"}  # States of two organisations


def read(name: str) -> list[dict[str, Any]]:
    content = json.loads((SEED / f"{name}.json").read_text(encoding="utf-8"))
    return content if isinstance(content, list) else [content]


ALL = {name: read(name) for name in FIELDS}
every_body = of_each({body["keys"][0]: (name, body) for name, bodies in ALL.items() for body in bodies})
every_event = of_each({body["keys"][0]: (body,) for body in ALL["events"]})
every_dated = of_each({body["keys"][0]: (body,) for body in ALL["events"] + ALL["consultations"]})


def values(name: str, field: str) -> list[Any]:
    return [body[field] for body in ALL[name]]


def event(slug: str) -> dict[str, Any]:
    return next(body for body in ALL["events"] if body["keys"] == [f"seed:event-{slug}"])


class TestWhatIsThere:
    def test_counts(self) -> None:
        assert {name: len(bodies) for name, bodies in ALL.items()} == {
            "plan": 1, "areas": 4, "goals": 8, "activities": 14,
            "countries": 12, "organisations": 73, "events": 49, "consultations": 2,
            "framework_items": 4,
        }  # fmt: skip

    def test_numbers_and_codes_are_those_of_the_plan(self) -> None:
        assert values("areas", "number") == [1, 2, 3, 4]
        assert values("goals", "number") == [1, 2, 3, 4, 5, 6, 7, 8]
        assert [body["area"]["number"] for body in ALL["goals"]] == [1, 1, 1, 1, 2, 3, 3, 4]
        codes = values("activities", "code")
        assert codes == sorted(codes)
        assert sorted(Counter(code[0] for code in codes).items()) == list(
            zip("12345678", PER_GOAL, strict=True)
        )

    @pytest.mark.parametrize("name", FIELDS)
    def test_keys_and_names_are_unique(self, name: str) -> None:
        for field in ("keys", "code", "number", "title", "name", "alpha3"):
            given = [str(body[field]) for body in ALL[name] if field in body]
            assert [value for value, times in Counter(given).items() if times > 1] == []

    def test_keys_are_unique_in_the_whole_seed(self) -> None:
        keys = [body["keys"][0] for bodies in ALL.values() for body in bodies]
        assert len(keys) == len(set(keys))

    @pytest.mark.parametrize("path", sorted(SEED.glob("*.json")), ids=lambda path: path.stem)
    def test_files_are_tidy(self, path: Path) -> None:
        text = path.read_text(encoding="utf-8")
        assert path.stem in FIELDS
        assert text == json.dumps(json.loads(text), ensure_ascii=False, indent=1) + "\n"


class TestEveryBody:
    @every_body
    def test_has_a_key_and_known_fields(self, name: str, body: dict[str, Any]) -> None:
        assert len(body["keys"]) == 1
        assert re.fullmatch(r"seed:[A-Za-z0-9._-]+", body["keys"][0])
        assert set(body) <= {"keys", *FIELDS[name].split()}
        assert set(body) >= {"keys", *NEEDED[name].split()}
        for field, value in body.items():
            for part in value if isinstance(value, list) else [value]:
                if isinstance(part, dict):
                    assert set(part) <= SHAPES[field]

    @every_body
    def test_says_nothing_empty_twice_or_untidy(self, name: str, body: dict[str, Any]) -> None:
        for value in _leaves(body):
            assert value not in (None, "")
            if isinstance(value, str):
                assert re.fullmatch(r"\S+( \S+)*", value), "one space between words, no line break"
        for field, value in body.items():
            assert value not in ([], {})
            if isinstance(value, list) and field != "preamble":
                given = [json.dumps(_named(part), sort_keys=True) for part in value]
                assert len(given) == len(set(given))

    @every_body
    def test_sources_have_web_addresses(self, name: str, body: dict[str, Any]) -> None:
        for source in body.get("sources", []):
            assert source["title"]
            assert re.fullmatch(r"https?://[!-~]+", source["url"])

    @every_body
    def test_editorial_notes_quote_their_text(self, name: str, body: dict[str, Any]) -> None:
        text = "\n".join([body.get("title", ""), *body.get("preamble", []), *body.get("sub_items", [])])
        if name == "goals":  # a note on a goal may speak of what is printed under it
            under = [each for each in ALL["activities"] if each["goal"] == {"number": body["number"]}]
            text += "\n" + "\n".join(each["title"] for each in under)
        for remark in body.get("editorial_notes", []):
            assert remark["passage"] in text

    def test_slips_have_their_notes(self) -> None:
        noted = {
            body["keys"][0]
            for name in ("plan", "goals", "activities")
            for body in ALL[name]
            if "editorial_notes" in body
        }
        assert noted == {
            "seed:plan", "seed:goal-3", "seed:goal-5", "seed:goal-7",
            "seed:activity-3.1", "seed:activity-5.1", "seed:activity-6.1", "seed:activity-7.2",
            "seed:activity-7.3", "seed:activity-8.1",
        }  # fmt: skip


def _leaves(value: Any) -> list[Any]:
    if isinstance(value, dict):
        value = list(value.values())
    return [leaf for part in value for leaf in _leaves(part)] if isinstance(value, list) else [value]


def _named(part: Any) -> Any:
    """A linked record without what is said of the link: it may be linked once."""
    return {k: v for k, v in part.items() if k not in {"link", "role"}} if isinstance(part, dict) else part


class TestReferences:
    def test_goals_and_activities_stand_where_the_plan_has_them(self) -> None:
        assert {body["area"]["number"] for body in ALL["goals"]} <= set(values("areas", "number"))
        for body in ALL["activities"]:
            assert body["origin"] == "plan"
            assert str(body["goal"]["number"]) == body["code"].partition(".")[0]
            assert body["goal"]["number"] in values("goals", "number")

    def test_parents_come_first(self) -> None:
        seen = set()
        for body in ALL["organisations"]:
            if "parent" in body:
                assert body["parent"]["code"] in seen
            seen.add(body["code"])

    @every_event
    def test_links_of_an_event(self, body: dict[str, Any]) -> None:
        goals = {goal["number"]: goal["link"] for goal in body["goals"]}
        assert set(goals) <= set(values("goals", "number"))
        for activity in body.get("activities", []):
            assert activity["code"] in values("activities", "code")
            assert goals[int(activity["code"][0])] == activity["link"], "an activity says as much of its goal"
        assert {party["code"] for party in body["organisations"]} <= set(values("organisations", "code"))
        for part in body["goals"] + body.get("activities", []):
            assert part["link"] in WORDS["link"].split()
        for party in body["organisations"]:
            assert party["role"] in WORDS["role"].split()

    def test_what_other_frameworks_do_is_known_from_our_events(self) -> None:
        known = {source["url"] for body in ALL["events"] for source in body["sources"]}
        for body in ALL["framework_items"]:
            assert body["body"]["code"] in values("organisations", "code")
            assert {goal["number"] for goal in body["goals"]} <= set(values("goals", "number"))
            assert {source["url"] for source in body["sources"]} <= known

    def test_countries(self) -> None:
        codes = set(values("countries", "code"))
        for body in ALL["events"] + ALL["consultations"]:
            assert body.get("country", "JP") in codes
        given = {body["country"] for body in ALL["organisations"] if "country" in body}
        assert given - codes == OUTSIDE_THE_PLAN

    def test_a_consultation_is_its_event(self) -> None:
        events = {body["keys"][0]: body for body in ALL["events"]}
        for body in ALL["consultations"]:
            meeting = events[body["event"]["key"]]
            for field in ("title", "start_date", "end_date", "date_precision", "mode", "country", "sources"):
                assert body.get(field) == meeting.get(field)
            assert meeting["kind"] == "consultation"
            assert body["status"] == "held"
        assert len({body["event"]["key"] for body in ALL["consultations"]}) == 2


class TestDatesAndWords:
    @every_dated
    def test_dates_are_as_precise_as_said(self, body: dict[str, Any]) -> None:
        start, end, precision = body.get("start_date"), body.get("end_date"), body["date_precision"]
        assert (start is None) == (precision == "unknown")
        if start:
            day = date.fromisoformat(start)
            assert day.isoformat() == start
            assert date(2021, 1, 1) <= day <= date(2026, 12, 31)
            assert precision == "day" or day.day == 1
            assert precision != "year" or day.month == 1
        if end:
            assert precision == "day"
            assert date.fromisoformat(end) >= date.fromisoformat(start or "9999-12-31")

    @every_event
    def test_words(self, body: dict[str, Any]) -> None:
        for field in ("kind", "status", "mode", "date_precision"):
            assert body.get(field, WORDS[field].split()[0]) in WORDS[field].split()

    @every_dated
    def test_online_only_has_no_place_and_hybrid_has_one(self, body: dict[str, Any]) -> None:
        if body.get("mode") == "online":
            assert "city" not in body
            assert "country" not in body
        if body.get("mode") == "hybrid":
            assert "city" in body

    def test_only_what_lies_ahead_is_planned(self) -> None:
        planned = [body["title"] for body in ALL["events"] if body["status"] == "planned"]
        assert planned == ["ASEAN Law Forum 2026"]
        assert {body["status"] for body in ALL["events"]} == {"implemented", "planned"}

    def test_dates_of_the_plan(self) -> None:
        plan = ALL["plan"][0]
        assert (plan["adopted_on"], plan["endorsed_on"]) == ("2023-02-13", "2023-07-06")
        assert event("work-plan-adoption")["start_date"] == plan["adopted_on"]
        assert event("ajsmj-2023")["start_date"] == plan["endorsed_on"]
        assert plan["endorsed_at"] in event("ajsmj-2023")["title"]

    def test_membership_is_a_dated_fact(self) -> None:
        since = {body["code"]: body.get("asean_member_since") for body in ALL["countries"]}
        assert since.pop("JP") is None
        assert sorted(since.values())[-2:] == ["1999-04-30", "2025-10-26"]
        assert since["TL"] == "2025-10-26"
        assert sum(day <= "2023-07-06" for day in since.values()) == 10
        assert Counter(values("countries", "side")) == {"asean": 11, "japan": 1}

    def test_only_what_a_source_ties_is_stated(self) -> None:
        stated = {
            (body["keys"][0].removeprefix("seed:event-"), goal["number"])
            for body in ALL["events"]
            for goal in body["goals"]
            if goal["link"] == "stated"
        }
        assert stated == {
            ("criminal-justice-seminar-1", 6),
            ("good-practice-seminar-2024", 8),
            ("asean-law-forum-2025", 5),
        }

    def test_an_activity_is_ongoing_only_if_something_happened_since_the_adoption(self) -> None:
        happened = {
            activity["code"]
            for body in ALL["events"]
            if _last_day(body) > "2023-02-13" and body["status"] == "implemented"
            for activity in body.get("activities", [])
        }
        ongoing = {body["code"] for body in ALL["activities"] if body["status"] == "ongoing"}
        assert ongoing == {"5.1", "6.1", "6.2", "8.1"}
        assert ongoing <= happened
        assert set(values("activities", "status")) == {"proposed", "ongoing"}

    def test_a_weak_record_says_so(self) -> None:
        weak = [
            body
            for body in ALL["events"]
            if body["date_precision"] in {"year", "unknown"} or body["status"] == "planned"
        ]
        weak += [event(slug) for slug in ("aslom-japan-consultation-2", "work-plan-adoption", "aslom-23")]
        weak += [event("childrens-legal-aid-convention-2025"), event("jsip-follow-up-viet-nam-cambodia")]
        assert [body["title"] for body in weak if "note" not in body] == []


def _last_day(body: dict[str, Any]) -> str:
    if "start_date" not in body:
        return ""
    day = date.fromisoformat(body["start_date"])
    if body["date_precision"] == "month":
        return day.replace(day=calendar.monthrange(day.year, day.month)[1]).isoformat()
    return str(body.get("end_date", body["start_date"]))


class TestToTheLetter:
    """The words of the seed against those of the extract, read here without help of what made the seed."""

    EXTRACT = (SEED / "source" / "work-plan-extract.txt").read_text(encoding="utf-8")

    def test_preamble(self) -> None:
        before, _, _ = self.EXTRACT.partition("Number\tGoals")
        plan = ALL["plan"][0]
        assert " ".join([plan["title"], *plan["preamble"]]).split() == before.split()
        parts = re.split(r"\n{2,}", before.strip())
        assert len(plan["preamble"]) == len(parts) - 2, (
            "without the title, and one page break inside a sentence"
        )

    def test_table(self) -> None:
        expected = [word for cell in self._cells() for word in cell.split() if word != "-"]
        given: list[str] = []
        for area in ALL["areas"]:
            given += area["title"].split()
            for goal in ALL["goals"]:
                if goal["area"]["number"] == area["number"]:
                    given += [str(goal["number"]), *_text(goal)]
                    for activity in ALL["activities"]:
                        given += _text(activity) if activity["goal"]["number"] == goal["number"] else []
        assert given == expected

    def test_each_bullet_is_one_activity_or_item(self) -> None:
        bullets = sum(cell.split().count("-") for cell in self._cells())
        items = sum(len(body.get("sub_items", [])) for body in ALL["goals"] + ALL["activities"])
        assert bullets == len(ALL["activities"]) + items

    def test_marks_of_the_original_are_kept(self) -> None:
        written = json.dumps([ALL[name] for name in ("plan", "goals", "activities")], ensure_ascii=False)
        assert "“the Work Plan”" in written
        assert "“no one is left behind”" in written
        printed = [_printed(body) for name in ("plan", "areas", "goals", "activities") for body in ALL[name]]
        assert not re.search(r"[<>\t]|\s-\s|\s,", "\n".join(printed)), "no mark-up or bullet is left"

    def _cells(self) -> list[str]:
        """The cells of the table in reading order: tags off, rows cut by a page break put together again."""
        _, _, table = self.EXTRACT.partition("Proposed Activity\n")
        rows: list[list[str]] = []
        for line in filter(None, table.splitlines()):
            plain = re.sub(r"<[^>]*>", " ", line).replace(" ,", ",")  # the comma in 6.1
            number, goal, activity = plain.split("\t")
            if number:
                rows.append([number, goal, activity])
            else:
                rows[-1] = [rows[-1][0], f"{rows[-1][1]} {goal}", f"{rows[-1][2]} {activity}"]
        return [cell for row in rows for cell in row]


def _printed(body: dict[str, Any]) -> str:
    return " ".join([body["title"], *body.get("preamble", []), *body.get("sub_items", [])])


def _text(body: dict[str, Any]) -> list[str]:
    return _printed(body).split()
