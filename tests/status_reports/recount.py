"""A status report counted again in plain Python, from the lists that anybody can read."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import httpx

Row = dict[str, Any]
WORDS = ("proposed", "planned", "ongoing", "implemented", "suspended", "cancelled")
RESPONSES = ("reported", "nothing_to_report", "not_applicable", "not_reported")
LISTS = (
    "activities", "events", "goals", "countries", "organisations", "consultations", "progress-reports", "report-lines",
)  # fmt: skip


@dataclass
class Rows:
    """What the lists said at one moment."""

    lists: dict[str, list[Row]]

    @classmethod
    async def of(cls, client: httpx.AsyncClient) -> "Rows":
        lists: dict[str, list[Row]] = {}
        for path in LISTS:
            address, lists[path] = f"/v1/{path}?limit=1000", []
            while address:
                page = (await client.get(address)).json()
                lists[path] += page["items"]
                address = page["next"]
        return cls(lists)

    def __getitem__(self, path: str) -> list[Row]:
        return self.lists[path]

    def taken(self, number: int) -> list[Row]:
        """The reports of a Consultation that count."""
        return [
            each for each in self["progress-reports"]
            if each["consultation"]["number"] == number and each["state"] in {"accepted", "frozen"}
        ]  # fmt: skip

    def lines(self, number: int) -> list[Row]:
        ids = {each["id"] for each in self.taken(number)}
        return [each for each in self["report-lines"] if each["report"]["id"] in ids]


def day_of(consultation: Row) -> str:
    return str(consultation["end_date"] or consultation["start_date"])


def members(rows: Rows, day: str) -> set[str]:
    return {
        each["code"] for each in rows["countries"] if each["side"] == "japan"
        or (each["asean_member_since"] or "9999") <= day <= (each["asean_member_until"] or "9999")
    }  # fmt: skip


def rate(activities: Iterable[Row], not_applicable: set[str]) -> Row:
    counted = [
        each for each in activities if each["status"] != "cancelled" and each["id"] not in not_applicable
    ]
    reached = sum(each["status"] in {"implemented", "ongoing"} for each in counted)
    percent = Decimal(100 * reached) / len(counted) if counted else None
    rounded = float(percent.quantize(Decimal("0.1"), ROUND_HALF_UP)) if percent is not None else None
    return {"counted": len(counted), "reached": reached, "percent": rounded}


def by_word(activities: Iterable[Row], field: str) -> dict[str, int]:
    found = Counter(each[field] for each in activities)
    return {word: found[word] for word in WORDS}


def counted(rows: Rows, number: int) -> Row:
    """The numbers of a report."""
    (consultation,) = (each for each in rows["consultations"] if each["number"] == number)
    states, lines = members(rows, day_of(consultation)), rows.lines(number)
    said = {(each["activity"]["id"], each["country"]): each for each in lines}
    per_activity: dict[str, set[str]] = {}
    for line in lines:
        per_activity.setdefault(line["activity"]["id"], set()).add(line["response"])
    not_applicable = {id_ for id_, responses in per_activity.items() if responses == {"not_applicable"}}
    lead = {each["id"]: each["country"] for each in rows["organisations"]}
    cells: dict[tuple[int, str], Counter[str]] = {}
    for activity in rows["activities"]:
        leads = lead.get((activity["lead"] or {}).get("id", ""))
        for state in states:
            if activity["origin"] == "plan" or state in activity["countries"] or state == leads:
                line = said.get((activity["id"], state), {"response": "not_reported", "status": None})
                cell = cells.setdefault((activity["goal"]["number"], state), Counter())
                cell.update(["activities", line["response"], *([line["status"]] if line["status"] else [])])
    made = {
        each["country"]: each["state"]
        for each in rows["progress-reports"]
        if each["consultation"]["number"] == number
    }
    return {
        "members": states,
        "overall": rate(rows["activities"], not_applicable),
        "conflicts": sum(each["status_conflict"] for each in rows["activities"]),
        "by_status": by_word(rows["activities"], "status"),
        "by_derived_status": by_word(rows["activities"], "derived_status"),
        "not_applicable": not_applicable,
        "reports": {state: made.get(state, "missing") for state in states | set(made)},
        "totals": {
            state: {name: sum(cells[key][name] for key in cells if key[1] == state) for name in RESPONSES}
            for state in states
        },
        "goals": {
            goal["number"]: {
                "rate": rate(under := [each for each in rows["activities"] if each["goal"]["id"] == goal["id"]],
                             not_applicable),
                "by_status": by_word(under, "status"),
                "activities": {each["id"] for each in under},
            }
            for goal in rows["goals"]
        },
        "matrix": {
            key: {name: cell[name] for name in ("activities", *RESPONSES, *WORDS)} for key, cell in cells.items()
        },
        "events": {
            each["id"] for each in rows["events"]
            if each["start_date"] and each["start_date"] <= consultation["period_end"]
            and (each["end_date"] or each["start_date"]) >= consultation["period_start"]
        },
        "funding": money(rows["activities"]),
    }  # fmt: skip


def money(activities: Iterable[Row]) -> dict[tuple[str | None, str], Decimal]:
    found: dict[tuple[str | None, str], Decimal] = {}
    for entry in (each for activity in activities for each in activity["funding"]):
        key = entry.get("currency"), entry["source"]
        found[key] = found.get(key, Decimal(0)) + Decimal(entry.get("amount") or 0)
    return found


def printed(report: Row) -> Row:
    """The same numbers as a report prints them."""
    words = ("activities", *RESPONSES)
    return {
        "members": {each["country"] for each in report["members"]},
        "overall": report["overall"]["rate"],
        "conflicts": report["overall"]["conflicts"]["count"],
        **{name: _words(report[name]) for name in ("by_status", "by_derived_status")},
        "not_applicable": {each["id"] for each in report["not_applicable"]},
        "reports": {each["country"]: each["state"] for each in report["reports"]},
        "totals": {
            each["country"]: each["lines"] for each in report["reports"] if each["country"] in _codes(report)
        },
        "goals": {
            each["number"]: {
                "rate": each["rate"],
                "by_status": _words(each["by_status"]),
                "activities": {activity["id"] for activity in each["activities"]},
            }
            for each in report["goals"]
        },
        "matrix": {
            (each["goal"], each["country"]): {name: each[name] for name in words} | each["statuses"]
            for each in report["matrix"]
        },
        "events": {each["id"] for each in report["events"]},
        "funding": {
            (each["currency"], each["source"]): Decimal(each["amount"] or 0)
            for each in report["funding"] if each["part"] == "activities"
        },
    }  # fmt: skip


def _words(cells: list[Row]) -> dict[str, int]:
    return {each["status"]: each["count"] for each in cells}


def _codes(report: Row) -> set[str]:
    return {each["country"] for each in report["members"]}


def difference(before: Rows, earlier: int, after: Rows, later: int) -> dict[str, set[str]]:
    """What has changed between two reports: ids of activities, and the countries that report for the first time."""
    old, new = ({each["id"]: each for each in rows["activities"]} for rows in (before, after))
    (consultation,) = (each for each in after["consultations"] if each["number"] == later)
    told = {each["activity"]["id"] for each in after.lines(later) if each["response"] == "reported"}
    final = {"implemented", "cancelled"}
    both = old.keys() & new.keys()
    moved = {id_ for id_ in both if old[id_]["status"] != new[id_]["status"]}
    still = {id_ for id_ in both if new[id_]["status"] not in final}
    reporters = [
        {each["country"] for each in rows.taken(n)} for rows, n in ((before, earlier), (after, later))
    ]
    return {
        "moved": moved,
        "stalled": still - moved - told,
        "slipped": {id_ for id_ in still if (new[id_]["end_date"] or "9999") < day_of(consultation)},
        "newly_added": new.keys() - old.keys(),
        "dropped": old.keys() - new.keys(),
        "redated": {
            id_
            for id_ in both
            if any(old[id_][name] != new[id_][name] for name in ("start_date", "end_date"))
        },
        "newly_reporting": reporters[1] - reporters[0],
    }
