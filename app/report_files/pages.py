"""A status report as pages: headings, sentences, tables and pictures in their order. PDF and DOCX are made of these."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from app.report_files import wording
from app.report_files.blocks import (
    LISTED_MOST,
    Block,
    Cell,
    cell,
    figure,
    heading,
    sentence,
    separated,
    strong,
    table,
)
from app.report_files.given import Given, Report
from app.report_files.lettering import shown
from app.report_files.tables import CHANGES, was_and_is

_RESPONSES = {
    "reported": "reported", "nothing_to_report": "nothing to report", "not_reported": "not reported",
    "not_applicable": "not applicable",
}  # fmt: skip
_CHANGE_WORDS = {
    "moved": "Moved: another reported status", "stalled": "Stalled: the same status, and nobody reports on it",
    "slipped": "Slipped: past the last day, and not finished", "newly_added": "Newly added", "dropped": "Dropped",
    "redated": "Re-dated: other dates than before",
}  # fmt: skip


def front(given: Given) -> dict[str, Any]:
    """The title page."""
    report, of = given.report, given.report["consultation"]
    frozen = report["kind"] == "frozen"
    address = f"{of['href']}/report{'/frozen' if frozen else ''}"
    facts: list[tuple[str, str, str | None]] = [
        ("Put before", shown(of["title"]), given.at(of["href"])),
        ("Held", wording.span(of["start_date"], of["end_date"] or of["start_date"]) or "no date yet", None),
        ("Reporting period", wording.span(of["period_start"], of["period_end"]) or "none is given", None),
        (
            "Parties",
            f"{len(report['members'])}, as of {wording.day(report['membership_on'])}",
            given.at("/v1/countries"),
        ),
        ("State of the record", f"{wording.instant(report['as_of'])} (change {report['position']})", None),
        ("Standing", _standing(report), None),
        ("Source", "The Work Plan Register", given.base),
        ("SHA-256 of the JSON", given.digest, f"{given.base}{address}"),
    ]
    return {
        "plan": "ASEAN-Japan Work Plan on Law and Justice", "title": "Status of Implementation",
        "subtitle": shown(of["title"]), "draft": not frozen, "as_of": report["as_of"],
        "facts": [{"name": name, "text": text, "href": href} for name, text, href in facts],
    }  # fmt: skip


def _standing(report: Report) -> str:
    if report["kind"] == "live":
        return "live: a draft, which changes with the record until it is frozen"
    forced = ", although critical gaps were open (section 6)" if report["forced"] else ""
    return f"frozen as it was put before the Consultation{forced}"


def blocks(given: Given) -> Iterator[Block]:
    """What stands behind the title page."""
    for section in (_overview, _reporting, _goals, _events, _funding, _gaps, _difference, _notes):
        yield from section(given)


def _overview(given: Given) -> Iterator[Block]:
    report, overall = given.report, given.report["overall"]
    rate, conflicts = overall["rate"], overall["conflicts"]
    accepted = [each for each in report["reports"] if _taken(each)]
    members = sum(each["organisation"] is None for each in accepted)
    yield heading("Overview")
    yield sentence(
        "Of ", _link(given, str(overall["activities"]), overall["href"]), " activities, ",
        f"{rate['counted']} count towards the rate; {rate['reached']} of them are reported as implemented or ongoing",
        f" ({rate['percent']:.1f} %). " if rate["percent"] is not None else ". ",
        f"Reports of {members} of {len(report['members'])} parties are accepted. ",
        _link(given, wording.several(conflicts["count"], "reported status contradicts", "reported statuses contradict"),
              conflicts["href"]),
        " the dates and events on record.",
    )  # fmt: skip
    yield figure("progress")
    yield table(
        [("Status", 3, "left"), ("As reported", 2, "right"), ("As dates and events have it", 2, "right")],
        (
            [cell(said["status"]), _count(given, said), _count(given, derived)]
            for said, derived in zip(report["by_status"], report["by_derived_status"], strict=True)
        ),
        "Activities by status.",
    )


def _reporting(given: Given) -> Iterator[Block]:
    report = given.report
    yield heading("Who has reported")
    missing = [_reporter(each) for each in report["reports"] if not _taken(each)]
    if missing:
        yield sentence(strong("No accepted report: "), wording.listed(missing), ".")
    else:
        yield sentence("Every report is accepted.")
    columns = [("Country or body", 10, "left"), ("State of its report", 8, "left"), ("Since", 10, "left")]
    columns += [
        (name, 7, "right") for name in ("Reported", "Nothing to report", "Not applicable", "Not reported")
    ]
    yield table(
        columns,
        (
            [
                _link(given, _reporter(each), each["href"]), cell(each["state"], strong=not _taken(each)),
                cell(wording.day((each["state_since"] or "")[:10])),
                *(cell(str(count)) for count in each["lines"].values()),
            ]
            for each in report["reports"]
        ),
        "Reports, and the answers in them by activity.",
    )  # fmt: skip
    yield figure("matrix")
    if overviews := [each for each in report["reports"] if each["overview"]]:
        yield heading("In the words of those who report", 2)
        for each in overviews:
            yield sentence(strong(f"{_reporter(each)}. "), shown(each["overview"]))


def _goals(given: Given) -> Iterator[Block]:
    yield heading("Progress by goal")
    yield sentence(
        "Where the status that dates and events say contradicts the reported one, it is set in bold."
    )
    for goal in given.report["goals"]:
        rate = goal["rate"]
        yield heading(f"Goal {goal['number']}", 2)
        yield sentence(shown(goal["title"]))
        percent = "no rate, as none counts" if rate["percent"] is None else f"{rate['percent']:.1f} %"
        yield sentence(
            f"Implemented or ongoing: {rate['reached']} of {rate['counted']} ({percent}). ",
            *separated([_status(given, each) for each in goal["by_status"] if each["count"]]),
        )
        if goal["activities"]:
            yield _activities(given, goal)
        for activity in goal["activities"][:LISTED_MOST]:
            yield from _lines(given, activity)


def _status(given: Given, each: Mapping[str, Any]) -> Cell:
    return _link(given, f"{each['count']} {each['status']}", each["href"])


def _activities(given: Given, goal: Mapping[str, Any]) -> Block:
    columns = [("Code", 5, "left"), ("Activity", 20, "left"), ("Lead", 5, "left"), ("Period", 7, "left"),
               ("Reported", 6, "left"), ("Dates say", 6, "left")]  # fmt: skip
    return table(
        columns,
        (
            [
                _link(given, each["code"] or "–", each["href"]), cell(shown(each["title"])),
                cell(each["lead"] or "–"), cell(wording.span(each["start_date"], each["end_date"]) or "–"),
                cell(each["status"]), cell(each["derived_status"], strong=each["status_conflict"]),
            ]
            for each in goal["activities"]
        ),
        f"Activities under Goal {goal['number']}.",
    )  # fmt: skip


def _lines(given: Given, activity: Mapping[str, Any]) -> Iterator[Block]:
    """What reporters say of an activity: those with a word to say one by one, the others by name."""
    silent: dict[str, list[str]] = {}
    named = shown(activity["code"] or activity["title"])
    for line in activity["lines"]:
        who, words = _country(given, line), list(_words(line))
        if line["response"] == "reported" or words:
            said = line["status"] or _RESPONSES[line["response"]]
            yield sentence(
                _link(given, f"{named}, {who}", line["href"], strong=True), f": {said}. ", *words, small=True
            )
        else:
            silent.setdefault(line["response"], []).append(who)
    if silent:
        words = [f"{_RESPONSES[response]}: {', '.join(who)}" for response, who in silent.items()]
        yield sentence(strong(named), f", {'; '.join(words)}.", small=True)


def _words(line: Mapping[str, Any]) -> Iterator[str]:
    if line["narrative"]:
        yield f"{shown(line['narrative'])} "
    if line["results"]:
        yield f"Results: {'; '.join(shown(each) for each in line['results'])}. "
    if line["participants"] is not None:
        yield f"Participants: {line['participants']}. "
    if line["obstacles"]:
        yield f"Obstacles: {shown(line['obstacles'])} "
    if line["next_steps"]:
        yield f"Next steps: {shown(line['next_steps'])} "
    if line["funding"]:
        yield f"Funding: {'; '.join(_money(each) for each in line['funding'])}."


def _money(said: Mapping[str, Any]) -> str:
    amount = f" {said['currency']} {wording.amount(said['amount'])}" if said.get("amount") else ""
    firm = f", {said['commitment']}" if said.get("commitment") else ""
    return f"{shown(said['source'])}{amount}{firm}"


def _events(given: Given) -> Iterator[Block]:
    events = given.report["events"]
    yield heading("Events of the period")
    yield figure("events")
    if not events:
        return
    yield table(
        [("Date", 9, "left"), ("Event", 14, "left"), ("Kind", 5, "left"), ("Held in", 3, "left"), ("Goals", 3, "left"),
         ("Status", 5, "left")],
        (
            [
                cell(wording.span(each["start_date"], each["end_date"] or each["start_date"])),
                _link(given, shown(each["title"]), each["href"]),
                cell(each["kind"].replace("_", " ")), cell(each["country"] or "–"),
                cell(", ".join(map(str, each["goals"])) or "–"), cell(each["status"]),
            ]
            for each in events
        ),
        f"{wording.several(len(events), 'event', 'events')} in the period.",
    )  # fmt: skip


def _funding(given: Given) -> Iterator[Block]:
    report = given.report
    yield heading("Funding")
    yield sentence(shown(report["method"]["funding"]))
    yield figure("funding")
    sums = [("Amount", 4, "right"), ("Entries", 2, "right"), ("Without an amount", 4, "right")]
    if report["funding_by_currency"]:
        yield table(
            [("Of", 3, "left"), ("Currency", 3, "left"), *sums],
            ([cell(each["part"]), cell(each["currency"] or "none given"), *_sums(given, each)]
             for each in report["funding_by_currency"]),
            "Totals by currency.",
        )  # fmt: skip
        yield table(
            [("Of", 3, "left"), ("Source", 8, "left"), ("Commitment", 4, "left"), ("Currency", 3, "left"), *sums],
            ([cell(each["part"]), cell(shown(each["source"])), cell(each["commitment"] or "not said"),
              cell(each["currency"] or "–"), *_sums(given, each)] for each in report["funding"]),
            "By source and commitment.",
        )  # fmt: skip


def _sums(given: Given, each: Mapping[str, Any]) -> list[Cell]:
    amount = wording.amount(each["amount"]) if each["amount"] else "–"
    return [
        cell(amount),
        _link(given, str(each["entries"]), each["href"]),
        cell(str(each["without_amount"])),
    ]


def _gaps(given: Given) -> Iterator[Block]:
    report, gaps = given.report, given.report["gaps"]
    yield heading("Gaps")
    yield sentence("What the plan asks for and the record lacks.")
    if report["forced"]:
        yield sentence(strong("This report was frozen although critical gaps were open and not explained."))
    yield table(
        [("Check", 8, "left"), ("Severity", 3, "left"), ("Open", 2, "right"), ("Dismissed", 2, "right")],
        (
            [cell(each["name"].replace("_", " ")), cell(each["severity"]),
             _link(given, str(each["open"]), each["href"]), cell(str(each["dismissed"]))]
            for each in gaps["by_check"]
        ),
        "Gaps by check.",
    )  # fmt: skip
    if gaps["critical"]:
        yield table(
            [("Critical gap, open", 12, "left"), ("Country", 2, "left"), ("Since", 3, "left")],
            ([_link(given, shown(each["why"]), each["subject"]["href"]), cell(each["country"] or "–"),
              cell(wording.day(each["since"]))] for each in gaps["critical"]),
            f"{wording.several(len(gaps['critical']), 'critical gap', 'critical gaps')} that nobody has explained.",
        )  # fmt: skip
    if gaps["dismissed"]:
        yield table(
            [("Gap, dismissed", 8, "left"), ("Reason", 6, "left"), ("Until", 3, "left")],
            ([_link(given, shown(each["why"]), each["subject"]["href"]), cell(shown(each["dismissed"]["reason"])),
              cell(wording.day(each["dismissed"]["until"]))] for each in gaps["dismissed"]),
            "Gaps that may stay for the time being, and why.",
        )  # fmt: skip


def _difference(given: Given) -> Iterator[Block]:
    found = given.report["difference"]
    yield heading("Difference to the previous Consultation")
    if found is None:
        yield sentence("No earlier Consultation has a frozen report to compare with.")
        return
    yield sentence(
        "Since the ",
        _link(given, shown(found["from"]["title"]), found["from"]["href"]),
        ", activity by activity.",
    )
    yield table(
        [("Change", 10, "left"), ("Activities", 2, "right")],
        ([cell(words), cell(str(found["counts"][name]))] for name, words in _CHANGE_WORDS.items()),
        "How many of each.",
    )
    rows = [(name, each) for name in CHANGES for each in found[name]]
    if rows:
        yield table(
            [("Change", 3, "left"), ("Code", 3, "left"), ("Activity", 14, "left"), ("Was", 4, "left"),
             ("Is", 4, "left")],
            (
                [cell(name.replace("_", " ")), _link(given, each["code"] or "–", each["href"]),
                 cell(shown(each["title"])), *(cell(end or "–") for end in was_and_is(name, each))]
                for name, each in rows
            ),
            "One by one.",
        )  # fmt: skip
    if found["newly_reporting"]:
        new = [each["country"] or each["organisation"] for each in found["newly_reporting"]]
        yield sentence(strong("Reporting now and not before: "), wording.listed(new), ".")


def _notes(given: Given) -> Iterator[Block]:
    report = given.report
    yield heading("Notes")
    for name, text in report["method"].items():
        yield sentence(
            strong(f"{name.replace('_', ' ').capitalize()}. "), shown(re.sub(r" \(`\w+`\)", "", text))
        )
    yield sentence(
        strong("Parties. "),
        "; ".join(
            f"{shown(each['name'])} ({each['country']}, {'ASEAN' if each['side'] == 'asean' else 'Japan'})"
            for each in report["members"]
        ) or "None.",
    )  # fmt: skip
    if report["not_applicable"]:
        named = [
            _link(given, shown(each["code"] or each["title"]), each["href"])
            for each in report["not_applicable"]
        ]
        yield sentence(strong("Left out of the rates as not applicable. "), *separated(named))
    yield sentence(
        strong("Proof. "),
        f"The SHA-256 of the report as JSON is {given.digest}. ",
        "It can be computed by anyone from the address beside it on the title page. "
        if report["kind"] == "frozen"
        else "This is a draft: its address answers with the record as it is by then. ",
        "Numbers in this document are links to the rows that they are counted from.",
    )


def _taken(report: Mapping[str, Any]) -> bool:
    return report["state"] in {"accepted", "frozen"}


def _reporter(each: Mapping[str, Any]) -> str:
    return shown(each["name"] or each["organisation"] or each["country"])


def _country(given: Given, line: Mapping[str, Any]) -> str:
    return given.names.get(line["country"]) or shown(line["organisation"] or line["country"])


def _link(given: Given, text: str, href: str | None, *, strong: bool = False) -> Cell:
    return {**cell(text, strong=strong), **({"href": given.at(href)} if href else {})}


def _count(given: Given, each: Mapping[str, Any]) -> Cell:
    return _link(given, str(each["count"]), each["href"])
