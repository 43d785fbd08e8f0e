"""An event as a calendar takes it: iCalendar (RFC 5545, 7986).

Made from the record alone, so that the same record is the same bytes, whenever and by whomever it is asked for. All
days are days (`VALUE=DATE`): nothing turns them into instants, and no time zone moves them.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from app.collection.renditions import Rendition
from app.http.formats import Format

Record = Mapping[str, Any]

_MARKS = {"suspended": "Suspended", "postponed": "Postponed", "cancelled": "Cancelled"}
"""Of what does not take place on its days. Many programs show no status, so the title says it."""
_UNKNOWN = {"day": "", "month": " (day not known)", "year": " (month not known)"}
_LENGTH_AS_KNOWN = {"day": 10, "month": 7, "year": 4}
_CLASSES = {"public": "PUBLIC", "partners": "CONFIDENTIAL", "own": "PRIVATE"}
_ESCAPES = str.maketrans({"\\": "\\\\", ",": "\\,", ";": "\\;", "\n": "\\n"})


def days(record: Record) -> tuple[date, date]:
    """The first day, and the day after the last. What is known by its month or year takes up all of it."""
    first = date.fromisoformat(record["start_date"])
    last = date.fromisoformat(record["end_date"] or record["start_date"])
    match record["date_precision"]:
        case "year":
            return date(first.year, 1, 1), date(last.year + 1, 1, 1)
        case "month":
            return first.replace(day=1), (last.replace(day=1) + timedelta(days=31)).replace(day=1)
    return first, last + timedelta(days=1)


def _status(record: Record) -> str:
    """Whether it will be so: what has no day yet, or not this one any more, is in no diary for certain."""
    match record["status"]:
        case "cancelled":
            return "CANCELLED"
        case "proposed" | "postponed" | "suspended":
            return "TENTATIVE"
        case "planned" if record["date_precision"] != "day":
            return "TENTATIVE"
    return "CONFIRMED"


def _summary(record: Record) -> str:
    title = f"{record['title']}{_UNKNOWN[record['date_precision']]}"
    mark = _MARKS.get(record["status"])
    return f"{mark}: {title}" if mark else title


def _location(record: Record) -> str:
    place = ", ".join(filter(None, (record["city"], record["country"])))
    online = "Online" if record["mode"] in {"online", "hybrid"} else ""
    return " / ".join(filter(None, (place, online)))


def _before(record: Record) -> Iterator[str]:
    """The days from which it was moved."""
    for former in record["former_dates"]:
        length = _LENGTH_AS_KNOWN.get(former["date_precision"])
        bounds = [former[name][:length] for name in ("start_date", "end_date") if former[name]]
        if bounds:
            yield f"Moved from {' to '.join(dict.fromkeys(bounds))}."


def _description(record: Record) -> str:
    return "\n\n".join(filter(None, (record["summary"], record["outcome"], *_before(record))))


def _text(value: str) -> str:
    """A text with its escapes. Those of icalendar take a backslash before an N for a line break."""
    return re.sub("\r\n?", "\n", value).translate(_ESCAPES)


def _instant(written: str) -> datetime:
    return datetime.fromisoformat(written).astimezone(UTC)


def vevent(record: Record, address: str) -> str:
    """The event as a VEVENT; nothing where no date is known."""
    if record["start_date"] is None:
        return ""
    from icalendar import Event  # a few megabytes, for those who need them
    from icalendar.prop import vInline

    event, (first, after) = Event(), days(record)
    # The bare UUID, as RFC 7986 has it: an address in it would make all events new when the register moves house.
    event.add("uid", record["id"])
    event.add("dtstamp", _instant(record["updated_at"]))
    event.add("last-modified", _instant(record["updated_at"]))
    event.add("created", _instant(record["created_at"]))
    event.add("sequence", record["version"])
    event.add("dtstart", first)
    event.add("dtend", after)
    event.add("transp", "TRANSPARENT")  # whoever follows the plan is not busy all day
    event.add("status", _status(record))
    event.add("class", _CLASSES[record["visibility"]])
    event.add("categories", [record["kind"].replace("_", " ")])
    event.add("url", address)
    for name, said in (
        ("summary", _summary(record)), ("location", _location(record)), ("description", _description(record)),
    ):  # fmt: skip
        if said:
            event.add(name, vInline(_text(said)))
    octets: bytes = event.to_ical()
    return octets.decode()


_NAME = "ASEAN-Japan Work Plan on Law and Justice"
# A calendar needs at least one component (RFC 5545, 3.6), also where the list is empty: a time zone disturbs nobody.
# No METHOD: that is for invitations, and would ask for an organiser (RFC 5546).
_OPENS = "".join(
    f"{line}\r\n"
    for line in (
        "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Work Plan Register//Events//EN", "CALSCALE:GREGORIAN",
        f"NAME:{_NAME}", f"X-WR-CALNAME:{_NAME}", "REFRESH-INTERVAL;VALUE=DURATION:PT6H", "X-PUBLISHED-TTL:PT6H",
        "BEGIN:VTIMEZONE", "TZID:UTC", "BEGIN:STANDARD", "DTSTART:19700101T000000", "TZOFFSETFROM:+0000",
        "TZOFFSETTO:+0000", "TZNAME:UTC", "END:STANDARD", "END:VTIMEZONE",
    )
)  # fmt: skip
_CLOSES = "END:VCALENDAR\r\n"

ICALENDAR = Format("ics", "text/calendar")
CALENDARS = {
    ICALENDAR: Rendition(
        vevent,
        around=(_OPENS, "", _CLOSES),
        alone=(_OPENS, _CLOSES),
        nothing="No date of this event is known yet, so that a calendar has no place for it. Ask for JSON.",
        about="A calendar to subscribe to. Events of which only month or year is known take up all of it, and say so; "
        "those without a date are left out of a list, and 406 by themselves.",
        example="BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Work Plan Register//Events//EN\r\n"
        "BEGIN:VEVENT\r\nUID:019aa5d0-6b7c-7c3e-9c39-0d1f5b3a7e11\r\nDTSTAMP:20261123T090000Z\r\n"
        "DTSTART;VALUE=DATE:20250624\r\nDTEND;VALUE=DATE:20250627\r\nSUMMARY:Forum\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
    )
}
