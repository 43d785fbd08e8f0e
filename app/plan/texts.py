"""The plan's text at any time: as it stands now, with what was changed since undone, or what is agreed done. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

Place = tuple[str, str]
"""Where something stands: `goal` and its number, `activity` and its code, `area`, or `preamble` and which paragraph."""
Wording = Mapping[str, Any]
"""`text` and `sub_items`."""
Change = Mapping[str, Any]


@dataclass(frozen=True)
class PlanText:
    """What is said in each place, in order; nothing, where the plan had or has a place and says nothing now."""

    words: Mapping[Place, Wording | None]
    under: Mapping[Place, str]
    """The area of a goal, the goal of an activity."""

    def done(self, changes: Iterable[Change]) -> "PlanText":
        """The text after these changes."""
        words, under = dict(self.words), dict(self.under)
        for change in changes:
            place = change["kind"], change["name"]
            words[place] = change["new"]
            if change["action"] == "add" and change["under"] is not None:
                under[place] = str(change["under"])
        return PlanText(words, under)

    def takes(self, changes: Sequence[Change]) -> bool:
        """Whether these changes can take effect. The last word has the database (`migrations/amending.py`)."""
        after = self.done(changes)
        activities = [place for place, said in after.words.items() if place[0] == "activity" and said]
        return all(self._has(change) for change in changes) and all(
            after.words.get(("goal", after.under.get(activity, ""))) for activity in activities
        )

    def _has(self, change: Change) -> bool:
        """Whether it says what the change takes it to say; what is added needs a free place, and its area."""
        place, area = (change["kind"], change["name"]), ("area", str(change["under"]))
        if change["action"] != "add":
            return self.words.get(place) is not None and self.words[place] == change["old"]
        return place not in self.words and (
            place[0] != "goal" or change["under"] is None or area in self.words
        )

    def undone(self, changes: Sequence[Change]) -> "PlanText":
        """The text before these changes."""
        words = dict(self.words)
        for change in reversed(changes):
            words[change["kind"], change["name"]] = change["old"]
        return PlanText(words, self.under)


@dataclass(frozen=True)
class Record:
    """What the register knows of the text: how it reads now, and the amendments that both sides concurred to."""

    title: str
    adopted_on: date | None
    now: PlanText
    amendments: Sequence[Mapping[str, Any]]
    """In the order of the days on which they took effect, or will. `taken`: what one adds has the code or number of
    another record."""

    @classmethod
    def read(cls, known: Mapping[str, Any]) -> "Record":
        """From what the database says."""
        words: dict[Place, Wording | None] = {}
        under: dict[Place, str] = {}
        for number, paragraph in enumerate(known["preamble"], 1):
            words["preamble", str(number)] = {"text": paragraph, "sub_items": []}
        for area in known["area"]:
            words["area", area["name"]] = {"text": area["text"], "sub_items": []}
        for kind in ("goal", "activity"):
            for each in known[kind]:
                said = {"text": each["text"], "sub_items": each["sub_items"]}
                words[kind, each["name"]] = None if each["retired"] else said
                if each["under"] is not None:
                    under[kind, each["name"]] = each["under"]
        adopted = known["adopted_on"] and date.fromisoformat(known["adopted_on"])
        return cls(known["title"], adopted, PlanText(words, under), known["amendments"])

    @property
    def in_force(self) -> list[Mapping[str, Any]]:
        return [each for each in self.amendments if each["state"] == "in_force"]

    def amendment(self, number: int) -> Mapping[str, Any] | None:
        return next((each for each in self.amendments if each["number"] == number), None)

    def with_only(self, first: int) -> PlanText:
        """The text with the first amendments in force, and those after them undone."""
        text = self.now
        for amendment in reversed(self.in_force[first:]):
            text = text.undone(amendment["changes"])
        return text

    def on(self, day: date) -> PlanText:
        """The text that is in force on a day, as far as it is known: without what will lapse when its day comes."""
        days = [date.fromisoformat(each["on"]) for each in self.in_force]
        taken = sum(each <= day for each in days)
        if taken < len(days):
            return self.with_only(taken)
        text, last = self.now, max(days, default=date.min)
        for amendment in self.amendments:
            if amendment["state"] != "concurred" or not last <= date.fromisoformat(amendment["on"]) <= day:
                continue
            if not amendment["taken"] and text.takes(amendment["changes"]):
                text = text.done(amendment["changes"])
        return text


def in_order(text: PlanText) -> list[Place]:
    """Every place as it is read: the preamble, then each area with its goals, each with its activities."""
    places = sorted(text.words, key=lambda place: _numbers(place[1]))
    goals = [place for place in places if place[0] == "goal"]
    activities = [place for place in places if place[0] == "activity"]
    ordered = [place for place in places if place[0] == "preamble"]

    def add_goals(area: str | None) -> None:
        for goal in goals:
            if text.under.get(goal) == area:
                ordered.append(goal)
                ordered.extend(each for each in activities if text.under.get(each) == goal[1])

    for area in (place for place in places if place[0] == "area"):
        ordered.append(area)
        add_goals(area[1])
    add_goals(None)
    return ordered


def _numbers(name: str) -> list[tuple[int, str]]:
    """`6.10` comes after `6.9`."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in name.split(".")]


def written(plan: Mapping[str, Any], text: PlanText) -> dict[str, Any]:
    """The plan as a document, in the words of a text. What is agreed and not yet recorded stands there by its words."""
    preamble = [said["text"] for (kind, _), said in text.words.items() if kind == "preamble" and said]
    areas = [{**area, "goals": _goals(text, area["goals"], str(area["number"]))} for area in plan["areas"]]
    return {**plan, "preamble": preamble, "areas": areas, "goals": _goals(text, plan["goals"], None)}


def _goals(text: PlanText, known: Sequence[Mapping[str, Any]], area: str | None) -> list[dict[str, Any]]:
    """The goals under an area, or under none, each with its activities."""
    return [
        {**goal, "activities": _said(text, "activity", "code", goal["activities"], str(goal["number"]))}
        for goal in _said(text, "goal", "number", known, area)
    ]


def _said(
    text: PlanText, kind: str, key: str, known: Sequence[Mapping[str, Any]], under: str | None
) -> list[Mapping[str, Any]]:
    """The records under another, or under none, that the text has, in its words."""
    records = {str(record[key]): record for record in known}
    found = []
    for place, said in text.words.items():
        if place[0] == kind and said and text.under.get(place) == under:
            name: Any = int(place[1]) if key == "number" else place[1]
            record = records.get(place[1], {key: name, "activities": []} if kind == "goal" else {key: name})
            found.append({**record, "title": said["text"], "sub_items": said["sub_items"]})
    return sorted(found, key=lambda record: _numbers(str(record[key])))
