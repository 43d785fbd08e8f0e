"""Events as calendars take them: every line by RFC 5545, days that are never a day off, and what moves or ends."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar, Event

from app.events.calendars import days, vevent
from tests import make
from tests.cast import BASE, Cast
from tests.conftest import Register
from tests.focal_points.test_cards import plain, read_card
from tests.openapi.conforming import DOCUMENT

RECORD: dict[str, Any] = {
    "id": "019aa5d0-6b7c-7c3e-9c39-0d1f5b3a7e11", "version": 3, "title": "Forum", "kind": "working_group",
    "status": "planned", "start_date": "2027-06-22", "end_date": "2027-06-24", "date_precision": "day",
    "mode": "hybrid", "city": "Akishima", "country": "JP", "summary": "What it is about.",
    "outcome": "What came of it.",
    "former_dates": [], "visibility": "public", "created_at": "2026-11-23T09:00:00.000000+00:00",
    "updated_at": "2026-11-24T01:02:03.999999+09:00",
}  # fmt: skip
AT = "https://register.example/v1/events/019aa5d0-6b7c-7c3e-9c39-0d1f5b3a7e11"
DAYS = st.dates(date(1900, 1, 1), date(2399, 12, 31))
TEXTS = st.text(
    st.one_of(st.sampled_from('\\nN,;:" \r\n\t人ำกံ😀é'), st.characters(exclude_categories=["Cc", "Cs"])),
    min_size=1,
)


def written(**given: Any) -> dict[str, str]:
    """The properties of an event, with names as written."""
    return dict(read_card(vevent({**RECORD, **given}, AT)))


def parsed(**given: Any) -> Event:
    event = Event.from_ical(vevent({**RECORD, **given}, AT))
    assert isinstance(event, Event)
    assert event.errors == []
    return event


def events(answer: httpx.Response) -> list[Event]:
    """The events of a calendar that was answered, in order."""
    assert answer.status_code == 200, answer.text
    calendar = Calendar.from_ical(answer.content)
    assert isinstance(calendar, Calendar)
    assert [*calendar.errors, *(error for each in calendar.events for error in each.errors)] == []
    return calendar.events


def titles(answer: httpx.Response) -> list[str]:
    return [str(each["summary"]) for each in events(answer)]


def test_an_event_says_all_that_a_calendar_asks_for() -> None:
    assert written() == {
        "BEGIN": "VEVENT", "UID": RECORD["id"], "DTSTAMP": "20261123T160203Z", "LAST-MODIFIED": "20261123T160203Z",
        "CREATED": "20261123T090000Z", "SEQUENCE": "3", "DTSTART;VALUE=DATE": "20270622",
        "DTEND;VALUE=DATE": "20270625", "TRANSP": "TRANSPARENT", "STATUS": "CONFIRMED", "CLASS": "PUBLIC",
        "CATEGORIES": "working group", "URL": AT, "SUMMARY": "Forum", "LOCATION": "Akishima\\, JP / Online",
        "DESCRIPTION": "What it is about.\\n\\nWhat came of it.", "END": "VEVENT",
    }  # fmt: skip


def test_what_is_not_known_is_not_said() -> None:
    said = written(mode=None, city=None, country=None, summary=None, outcome=None)
    assert not said.keys() & {"LOCATION", "DESCRIPTION"}


@given(first=DAYS, more=st.integers(0, 400))
def test_days_are_those_of_the_record_and_the_end_is_the_day_after(first: date, more: int) -> None:
    last = min(first + timedelta(days=more), date(2399, 12, 31))
    event = parsed(start_date=str(first), end_date=str(last))
    assert (event["dtstart"].dt, event["dtend"].dt) == (first, last + timedelta(days=1))
    assert type(event["dtstart"].dt) is date


def test_without_an_end_it_is_one_day() -> None:
    event = parsed(start_date="2028-02-29", end_date=None)
    assert (event["dtstart"].dt, event["dtend"].dt) == (date(2028, 2, 29), date(2028, 3, 1))


@pytest.mark.parametrize(("precision", "start", "end", "first", "after"), [
    ("month", "2027-02-01", None, "2027-02-01", "2027-03-01"),
    ("month", "2027-12-01", None, "2027-12-01", "2028-01-01"),
    ("month", "2027-11-15", "2028-01-31", "2027-11-01", "2028-02-01"),
    ("year", "2027-01-01", None, "2027-01-01", "2028-01-01"),
    ("year", "2027-05-05", "2028-05-05", "2027-01-01", "2029-01-01"),
])  # fmt: skip
def test_what_is_known_by_month_or_year_takes_up_all_of_it(
    precision: str, start: str, end: str | None, first: str, after: str
) -> None:
    record = {**RECORD, "date_precision": precision, "start_date": start, "end_date": end}
    assert tuple(map(str, days(record))) == (first, after)


def test_what_has_no_day_yet_says_so_and_is_tentative() -> None:
    month, year = written(date_precision="month"), written(date_precision="year")
    assert [month["SUMMARY"], year["SUMMARY"]] == ["Forum (day not known)", "Forum (month not known)"]
    assert month["STATUS"] == year["STATUS"] == "TENTATIVE"
    assert written(date_precision="month", status="implemented")["STATUS"] == "CONFIRMED"


@pytest.mark.parametrize(("status", "shown", "summary"), [
    ("proposed", "TENTATIVE", "Forum"), ("planned", "CONFIRMED", "Forum"), ("ongoing", "CONFIRMED", "Forum"),
    ("implemented", "CONFIRMED", "Forum"), ("suspended", "TENTATIVE", "Suspended: Forum"),
    ("postponed", "TENTATIVE", "Postponed: Forum"), ("cancelled", "CANCELLED", "Cancelled: Forum"),
])  # fmt: skip
def test_a_status_is_shown_also_where_a_program_shows_none(status: str, shown: str, summary: str) -> None:
    said = written(status=status)
    assert (said["STATUS"], said["SUMMARY"]) == (shown, summary)


@given(title=TEXTS, summary=TEXTS, city=TEXTS)
def test_any_text_is_folded_between_characters_and_comes_back(title: str, summary: str, city: str) -> None:
    said = written(title=title, summary=summary, outcome=None, city=city, country=None, mode=None)
    for name, text in (("SUMMARY", title), ("DESCRIPTION", summary), ("LOCATION", city)):
        assert plain(said[name]) == text.replace("\r\n", "\n").replace("\r", "\n")
    assert parsed(title=title, summary=summary, city=city)["uid"] == RECORD["id"]


async def test_the_list_is_a_calendar_by_accept_and_by_ending(cast: Cast) -> None:
    made = await make.record(cast.secretariat, "events", title="国際会議; 第4回, Crim-AP")
    answer = await cast.anonymous.get("/v1/events.ics")
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    lines = read_card(answer.text)
    assert lines[:2] == [("BEGIN", "VCALENDAR"), ("VERSION", "2.0")]
    assert lines[-1] == ("END", "VCALENDAR")
    head = dict(lines)
    assert head["NAME"] == head["X-WR-CALNAME"] == "ASEAN-Japan Work Plan on Law and Justice"
    assert head["REFRESH-INTERVAL;VALUE=DURATION"] == head["X-PUBLISHED-TTL"] == "PT6H"
    assert {"PRODID", "CALSCALE"} < head.keys()
    assert "METHOD" not in head
    (event,) = events(answer)
    assert (str(event["uid"]), str(event["summary"])) == (made["id"], made["title"])
    assert event["url"] == f"{BASE}/v1/events/{made['id']}"
    assert (await cast.anonymous.get("/v1/events", headers={"Accept": "text/calendar"})).text == answer.text


async def test_one_event_is_a_calendar_too(cast: Cast) -> None:
    made = await make.record(cast.secretariat, "events")
    at = f"/v1/events/{made['id']}"
    answer = await cast.anonymous.get(f"{at}.ics")
    assert titles(answer) == [made["title"]]
    assert answer.text == (await cast.anonymous.get("/v1/events.ics")).text
    assert (await cast.anonymous.get(at, headers={"Accept": "text/calendar"})).text == answer.text


async def test_the_same_record_is_the_same_bytes(cast: Cast) -> None:
    made = await make.record(cast.secretariat, "events")
    one = await cast.anonymous.get(f"/v1/events/{made['id']}.ics")
    await make.record(cast.secretariat, "goals")
    again = await cast.partner.get(f"/v1/events/{made['id']}.ics")
    assert (again.content, again.headers["etag"]) == (one.content, one.headers["etag"])
    (event,) = events(one)
    changed = datetime.fromisoformat(made["updated_at"]).astimezone(UTC).replace(microsecond=0)
    assert event["dtstamp"].dt == event["last-modified"].dt == changed


async def test_who_has_the_calendar_is_told_that_it_is_unchanged(cast: Cast) -> None:
    made = await make.record(cast.secretariat, "events")
    for address in ("/v1/events.ics", f"/v1/events/{made['id']}.ics"):
        answer = await cast.anonymous.get(address)
        known = {"If-None-Match": answer.headers["etag"]}
        assert (await cast.anonymous.get(address, headers=known)).status_code == 304
        head = await cast.anonymous.head(address)
        assert (head.status_code, head.content, head.headers["etag"]) == (200, b"", answer.headers["etag"])
        as_json = await cast.anonymous.get(address.removesuffix(".ics"))
        assert as_json.headers["etag"] != answer.headers["etag"]
        await cast.secretariat.patch(f"/v1/events/{made['id']}", json={"title": address})
        assert (await cast.anonymous.get(address, headers=known)).status_code == 200


async def test_a_moved_event_is_the_same_event_later_and_says_from_when(cast: Cast) -> None:
    made = await make.record(cast.secretariat, "events", start_date="2027-06-22", end_date="2027-06-24")
    at = f"/v1/events/{made['id']}"
    (before,) = events(await cast.anonymous.get(f"{at}.ics"))
    moved = await cast.secretariat.patch(at, json={"start_date": "2027-09-07", "end_date": "2027-09-09"})
    assert moved.status_code == 200
    (after,) = events(await cast.anonymous.get(f"{at}.ics"))
    assert after["uid"] == before["uid"]
    assert after["sequence"] > before["sequence"]
    assert (after["dtstart"].dt, after["dtend"].dt) == (date(2027, 9, 7), date(2027, 9, 10))
    assert str(after["description"]) == "Moved from 2027-06-22 to 2027-06-24."


async def test_a_cancelled_event_stays_and_a_deleted_one_goes(cast: Cast) -> None:
    made = await make.record(cast.secretariat, "events", title="Seminar")
    at = f"/v1/events/{made['id']}"
    await cast.secretariat.patch(at, json={"status": "cancelled"})
    (event,) = events(await cast.anonymous.get("/v1/events.ics"))
    assert (event["uid"], event["status"]) == (made["id"], "CANCELLED")
    await cast.secretariat.delete(at)
    assert titles(await cast.anonymous.get("/v1/events.ics")) == []
    assert (await cast.anonymous.get(f"{at}.ics")).status_code == 404
    await cast.secretariat.post(f"{at}/restore")
    (back,) = events(await cast.anonymous.get("/v1/events.ics"))
    assert back["sequence"] > event["sequence"]


async def test_an_event_without_a_date_is_left_out_and_refused_by_itself(cast: Cast) -> None:
    dated = await make.record(cast.secretariat, "events")
    undated = await make.record(cast.secretariat, "events", start_date=None, date_precision="unknown")
    assert titles(await cast.anonymous.get("/v1/events.ics")) == [dated["title"]]
    refused = await cast.anonymous.get(f"/v1/events/{undated['id']}.ics")
    assert (refused.status_code, refused.json()["available"]) == (406, ["application/json"])
    assert "No date" in refused.json()["detail"]


async def test_a_calendar_without_events_has_a_component_all_the_same(cast: Cast) -> None:
    answer = await cast.anonymous.get("/v1/events.ics")
    assert events(answer) == []
    calendar = Calendar.from_ical(answer.content)
    assert [each.name for each in calendar.subcomponents] == ["VTIMEZONE"]


async def test_filters_words_order_and_the_past_are_those_of_the_list(cast: Cast) -> None:
    goal = await make.record(cast.secretariat, "goals")
    for title, more in (
        ("Seminar A", {"country": "TH", "start_date": "2027-01-01", "countries": ["TH", "JP"]}),
        ("Seminar B", {"country": "JP", "start_date": "2027-02-01", "goals": [{"id": goal["id"], "link": "stated"}]}),
        ("Forum C", {"country": "TH", "start_date": "2027-03-01", "kind": "forum"}),
    ):  # fmt: skip
        made = await make.record(cast.secretariat, "events", title=title, **more)
    for query, expected in (
        ("", ["Forum C", "Seminar B", "Seminar A"]), ("sort=start_date&limit=2", ["Seminar A", "Seminar B"]),
        ("country=TH", ["Forum C", "Seminar A"]), ("countries__has=JP", ["Seminar A"]), ("q=forum", ["Forum C"]),
        (f"goal.number={goal['number']}", ["Seminar B"]),
        ("start_date__gte=2027-02-01&kind=seminar", ["Seminar B"]), ("status=cancelled", []),
    ):  # fmt: skip
        assert titles(await cast.anonymous.get(f"/v1/events.ics?{query}")) == expected, query
    as_it_was = {"as_of": datetime.now(UTC).isoformat().replace("+00:00", "Z"), "q": "forum"}
    await cast.secretariat.patch(f"/v1/events/{made['id']}", json={"title": "Forum D"})
    assert titles(await cast.anonymous.get("/v1/events.ics", params=as_it_was)) == ["Forum C"]
    for query in ("fields=id", "expand=goals", "knid=forum"):
        assert (await cast.anonymous.get(f"/v1/events.ics?{query}")).status_code == 400, query


async def test_a_calendar_shows_what_its_reader_may_see(cast: Cast) -> None:
    for level in ("public", "partners", "own"):
        made = await make.record(cast.japan_editor, "events", title=level, visibility=level)
    address = "/v1/events.ics?sort=title"
    assert titles(await cast.anonymous.get(address)) == ["public"]
    assert titles(await cast.partner.get(address)) == ["partners", "public"]
    own = events(await cast.japan_editor.get(address))
    assert [str(each["class"]) for each in own] == ["PRIVATE", "CONFIDENTIAL", "PUBLIC"]
    assert (await cast.anonymous.get(f"/v1/events/{made['id']}.ics")).status_code == 404


async def test_only_events_are_calendars(cast: Cast) -> None:
    goal = await make.record(cast.secretariat, "goals")
    headers = {"Accept": "text/calendar"}
    for address in ("/v1/goals", f"/v1/goals/{goal['id']}"):
        assert (await cast.anonymous.get(address, headers=headers)).status_code == 406
    assert (await cast.anonymous.get("/v1/goals.ics")).status_code == 404


async def test_the_list_is_sent_event_by_event_and_others_have_their_turn_in_between(
    empty: Register, cast: Cast
) -> None:
    rows = [await make.body(cast.secretariat, "events", summary="x" * 1000) for _ in range(200)]
    assert (await cast.secretariat.post("/v1/events/bulk", json=rows)).status_code == 200
    pieces: list[bytes] = [b""]
    turns: list[int] = [0]

    async def send(message: Any) -> None:
        pieces.append(message.get("body", b""))
        turns.append(0)

    async def others() -> None:
        while True:
            turns[-1] += 1
            await asyncio.sleep(0)

    async def receive() -> Any:
        return {"type": "http.request"}

    scope = {
        "type": "http", "asgi": {"version": "3.0", "spec_version": "2.4"}, "http_version": "1.1", "scheme": "http",
        "method": "GET", "path": "/v1/events.ics", "raw_path": b"/v1/events.ics", "query_string": b"", "headers": [],
        "server": ("register.test", 80),
    }  # fmt: skip
    waiting = asyncio.create_task(others())
    await empty.app(scope, receive, send)
    waiting.cancel()
    assert all(after for piece, after in zip(pieces, turns, strict=True) if b"VEVENT" in piece)
    assert max(piece.count(b"BEGIN:VEVENT") for piece in pieces) == 1
    assert b"".join(pieces).count(b"BEGIN:VEVENT") == 200


def test_the_document_names_the_form_and_says_what_is_left_out() -> None:
    for path in ("/v1/events", "/v1/events/{name}"):
        content = DOCUMENT["paths"][path]["get"]["responses"]["200"]["content"]["text/calendar"]
        assert "`.ics`" in content["schema"]["description"]
        assert "without a date" in content["schema"]["description"]
        assert len(events(httpx.Response(200, text=content["example"]))) == 1
