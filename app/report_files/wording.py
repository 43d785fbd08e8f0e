"""How a report says numbers, sums, days and lists."""

from collections.abc import Sequence
from datetime import date, datetime


def listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def several(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"


def amount(given: str) -> str:
    whole, point, rest = given.partition(".")
    return f"{int(whole):,}{point}{rest}"


def day(day: str | None) -> str:
    if not day:
        return "–"
    found = date.fromisoformat(day)
    return f"{found.day} {found:%B %Y}"


def span(first: str | None, last: str | None) -> str:
    """`15–16 January 2026`; a side that is open is said."""
    if first is None or last is None:
        return f"from {day(first)}" if first else f"until {day(last)}" if last else ""
    if first == last:
        return day(first)
    begin, end = date.fromisoformat(first), date.fromisoformat(last)
    if begin.year != end.year:
        return f"{day(first)} – {day(last)}"
    if begin.month != end.month:
        return f"{begin.day} {begin:%B} – {day(last)}"
    return f"{begin.day}–{day(last)}"


def instant(instant: str) -> str:
    found = datetime.fromisoformat(instant)
    return f"{found.day} {found:%B %Y, %H:%M:%S} UTC"
