"""What has changed from one status report to another, activity by activity. Pure: two reports in, lists out."""

from collections.abc import Iterator, Mapping
from typing import Any

_FINAL = {"implemented", "cancelled"}
_SHOWN = ("id", "code", "title", "href")

Report = Mapping[str, Any]
Found = dict[str, list[dict[str, Any]]]


def compared(before: Report, after: Report) -> dict[str, Any]:
    """The differences, and how many there are of each kind."""
    old, new = _activities(before), _activities(after)
    found: Found = {
        name: []
        for name in ("moved", "stalled", "slipped", "newly_added", "dropped", "redated", "newly_reporting")
    }
    for key, activity in new.items():
        if key not in old:
            found["newly_added"].append({**_named(activity), "status": activity["status"]})
        else:
            _compare(old[key], activity, after["membership_on"], found)
    found["dropped"] = [
        {**_named(activity), "status": activity["status"]} for key, activity in old.items() if key not in new
    ]
    earlier = {each["country"] or each["organisation"] for each in before["reports"] if _taken(each)}
    found["newly_reporting"] = [
        {"country": each["country"], "organisation": each["organisation"]}
        for each in after["reports"]
        if _taken(each) and (each["country"] or each["organisation"]) not in earlier
    ]
    return {
        "from": before["consultation"],
        "to": after["consultation"],
        "counts": {name: len(each) for name, each in found.items()},
        **found,
    }


def _taken(report: Mapping[str, Any]) -> bool:
    return report["state"] in {"accepted", "frozen"}


def _activities(report: Report) -> dict[str, dict[str, Any]]:
    return {
        activity["id"]: {**activity, "goal": goal["number"]}
        for goal in report["goals"]
        for activity in goal["activities"]
    }


def _named(activity: Mapping[str, Any]) -> dict[str, Any]:
    return {"goal": activity["goal"], **{name: activity[name] for name in _SHOWN}}


def _compare(old: Mapping[str, Any], new: Mapping[str, Any], day: str, found: Found) -> None:
    status = {"from": old["status"], "to": new["status"]}
    if status["from"] != status["to"]:
        found["moved"].append({**_named(new), **status})
    elif new["status"] not in _FINAL and not any(_told(line) for line in new["lines"]):
        found["stalled"].append({**_named(new), "status": new["status"]})
    if new["status"] not in _FINAL and new["end_date"] is not None and new["end_date"] < day:
        found["slipped"].append({**_named(new), "status": new["status"], "end_date": new["end_date"]})
    if dates := dict(_moved_dates(old, new)):
        found["redated"].append({**_named(new), **dates})


def _told(line: Mapping[str, Any]) -> bool:
    return bool(line["response"] == "reported")


def _moved_dates(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name in ("start_date", "end_date"):
        if old[name] != new[name]:
            yield name, {"from": old[name], "to": new[name]}
