"""The tables of a status report: the sheets of a workbook, and CSV one by one. Pure: the report in, rows out."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Report = Mapping[str, Any]
Cell = str | int | float | bool | None
Kind = Literal["text", "long", "whole", "share", "money", "day", "flag", "address"]


@dataclass(frozen=True)
class Table:
    """Columns by name with what they hold, and the rows."""

    title: str
    columns: Mapping[str, Kind]
    rows: Callable[[Report], Iterator[tuple[Cell, ...]]]
    pieces: tuple[str, ...]
    """Of the report, by their names in `app/status_reports/counting.py`, in which the rows stand."""


_WORD: Kind = "text"
_SHORT: dict[str, Kind] = {"goal": "whole", "code": _WORD, "title": "long"}
_LINES: dict[str, Kind] = {
    "reported": "whole",
    "nothing_to_report": "whole",
    "not_applicable": "whole",
    "not_reported": "whole",
}
_STATUSES = ("proposed", "planned", "ongoing", "implemented", "suspended", "cancelled")
_SUM: dict[str, Kind] = {"amount": "money", "entries": "whole", "without_amount": "whole", "href": "address"}


def _picked(row: Mapping[str, Any], *names: str) -> tuple[Cell, ...]:
    return tuple(row[name] for name in names)


def _overview(report: Report) -> Iterator[tuple[Cell, ...]]:
    of, overall = report["consultation"], report["overall"]
    yield "consultation", of["title"], of["href"]
    yield "held_on", of["start_date"], None
    yield "period_start", of["period_start"], None
    yield "period_end", of["period_end"], None
    yield "kind", report["kind"], None
    yield "as_of", report["as_of"], None
    yield "forced", report["forced"], None
    yield "members_on", report["membership_on"], None
    yield "members", len(report["members"]), None
    yield "activities", overall["activities"], overall["href"]
    yield from ((f"rate_{name}", overall["rate"][name], None) for name in ("counted", "reached", "percent"))
    yield "status_conflicts", overall["conflicts"]["count"], overall["conflicts"]["href"]
    for name in ("by_status", "by_derived_status"):
        yield from ((f"{name}_{each['status']}", each["count"], each["href"]) for each in report[name])
    yield from ((f"method_{name}", text, None) for name, text in report["method"].items())


def _reporters(report: Report) -> Iterator[tuple[Cell, ...]]:
    for each in report["reports"]:
        lines = _picked(each["lines"], *_LINES)
        yield (
            *_picked(each, "country", "organisation", "name", "state", "state_since"),
            *lines,
            *_picked(each, "overview", "href"),
        )


def _goals(report: Report) -> Iterator[tuple[Cell, ...]]:
    for goal in report["goals"]:
        counts = (each["count"] for each in goal["by_status"])
        yield goal["number"], goal["title"], *_picked(goal["rate"], "counted", "reached", "percent"), *counts


def activities_of(report: Report) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Each activity, with the number of its goal."""
    return ((goal["number"], activity) for goal in report["goals"] for activity in goal["activities"])


_DATES = ("start_date", "end_date")
_ACTIVITY = ("status", "derived_status", "status_conflict", "href")


def _activities(report: Report) -> Iterator[tuple[Cell, ...]]:
    for goal, each in activities_of(report):
        countries = ";".join(each["countries"])
        yield (
            goal,
            *_picked(each, "code", "title", "origin", "lead"),
            countries,
            *_picked(each, *_DATES, *_ACTIVITY),
        )


_LINE: dict[str, Kind] = {
    "country": "text", "organisation": "text", "response": "text", "status": "text", "narrative": "long",
    "results": "long", "participants": "whole", "obstacles": "long", "next_steps": "long", "href": "address",
}  # fmt: skip


def _lines(report: Report) -> Iterator[tuple[Cell, ...]]:
    for goal, activity in activities_of(report):
        for line in activity["lines"]:
            said = {**line, "results": "\n".join(line["results"])}
            yield goal, *_picked(activity, "code", "title"), *_picked(said, *_LINE)


def _matrix(report: Report) -> Iterator[tuple[Cell, ...]]:
    for cell in report["matrix"]:
        statuses = (cell["statuses"].get(word, 0) for word in _STATUSES)
        yield *_picked(cell, "goal", "country", "activities", *_LINES), *statuses, cell["href"]


def _events(report: Report) -> Iterator[tuple[Cell, ...]]:
    for each in report["events"]:
        goals = ";".join(map(str, each["goals"]))
        yield *_picked(each, *_DATES, "title", "kind", "status", "country"), goals, each["href"]


def _funding(report: Report) -> Iterator[tuple[Cell, ...]]:
    names = ("part", "currency", "source", "commitment", *_SUM)
    return (_picked(each, *names) for each in report["funding"])


def _totals(report: Report) -> Iterator[tuple[Cell, ...]]:
    return (_picked(each, "part", "currency", *_SUM) for each in report["funding_by_currency"])


def _gaps(report: Report) -> Iterator[tuple[Cell, ...]]:
    return (
        _picked(each, "name", "severity", "open", "dismissed", "href") for each in report["gaps"]["by_check"]
    )


def _gap_list(report: Report) -> Iterator[tuple[Cell, ...]]:
    for standing in ("critical", "dismissed"):
        for gap in report["gaps"][standing]:
            why = gap["dismissed"] or {"reason": None, "until": None}
            named = _picked(gap, "check", "severity", "country", "since", "why")
            yield standing, *named, why["reason"], why["until"], gap["subject"]["href"]


CHANGES = ("moved", "stalled", "slipped", "newly_added", "dropped", "redated")


def _difference(report: Report) -> Iterator[tuple[Cell, ...]]:
    if (found := report["difference"]) is None:
        return
    for change in CHANGES:
        for each in found[change]:
            yield change, *_picked(each, "goal", "code", "title"), *was_and_is(change, each), each["href"]
    for each in found["newly_reporting"]:
        yield "newly_reporting", None, each["country"] or each["organisation"], None, None, None, None


def was_and_is(change: str, each: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """What an activity was, and what it is now, in words."""
    if change == "moved":
        return each["from"], each["to"]
    if change == "redated":
        was, now = ("; ".join(f"{name[:-5]} {each[name][end] or 'open'}" for name in _DATES if name in each)
                    for end in ("from", "to"))  # fmt: skip
        return was, now
    if change == "slipped":
        return each["end_date"], each["status"]
    return (each["status"], None) if change == "dropped" else (None, each["status"])


TABLES: dict[str, Table] = {
    "overview": Table("Overview", {"name": "text", "value": "long", "href": "address"}, _overview, ("head",)),
    "reporters": Table(
        "Reporters",
        {"country": "text", "organisation": "text", "name": "text", "state": "text", "state_since": "text", **_LINES,
         "overview": "long", "href": "address"},
        _reporters,
        ("head",),
    ),
    "goals": Table(
        "Goals",
        {"goal": "whole", "title": "long", "counted": "whole", "reached": "whole", "percent": "share",
         **dict.fromkeys(_STATUSES, "whole")},
        _goals,
        ("goal",),
    ),
    "activities": Table(
        "Activities",
        {**_SHORT, "origin": "text", "lead": "text", "countries": "text", "start_date": "day", "end_date": "day",
         "status": "text", "derived_status": "text", "status_conflict": "flag", "href": "address"},
        _activities,
        ("activity",),
    ),
    "lines": Table("Report lines", {**_SHORT, **_LINE}, _lines, ("activity",)),
    "matrix": Table(
        "Goal by country",
        {"goal": "whole", "country": "text", "activities": "whole", **_LINES, **dict.fromkeys(_STATUSES, "whole"),
         "href": "address"},
        _matrix,
        ("matrix",),
    ),
    "events": Table(
        "Events",
        {"start_date": "day", "end_date": "day", "title": "long", "kind": "text", "status": "text", "country": "text",
         "goals": "text", "href": "address"},
        _events,
        ("event",),
    ),
    "funding": Table(
        "Funding", {"part": "text", "currency": "text", "source": "long", "commitment": "text", **_SUM}, _funding,
        ("money",),
    ),
    "funding_by_currency": Table(
        "Funding by currency", {"part": "text", "currency": "text", **_SUM}, _totals, ("money",)
    ),
    "gaps": Table(
        "Gaps",
        {"check": "text", "severity": "text", "open": "whole", "dismissed": "whole", "href": "address"},
        _gaps,
        ("gaps",),
    ),
    "gap_list": Table(
        "Gaps one by one",
        {"standing": "text", "check": "text", "severity": "text", "country": "text", "since": "day", "why": "long",
         "reason": "long", "until": "day", "href": "address"},
        _gap_list,
        ("critical", "dismissed"),
    ),
    "difference": Table(
        "Difference",
        {"change": "text", **_SHORT, "was": "text", "is": "text", "href": "address"},
        _difference,
        ("newly_reporting", *CHANGES),
    ),
}  # fmt: skip
