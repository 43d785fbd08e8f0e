"""The operations on money: its entries one by one, and its sums by currency."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any, get_args
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Request, Response

from app.activities.schemas import Commitment
from app.db import Connection
from app.errors import InvalidParameter, did_you_mean
from app.funding.counting import ENTRIES_MOST, entries_at, page_of_entries, totals
from app.operations import documented as doc
from app.operations.documents import add_document, answered, asked_of, text_of

router = APIRouter(prefix="/funding", tags=["Funding"])
_PARTS = ("activities", "events")
_COMMITMENTS = (*get_args(Commitment), "none")
_FILTERS = ("part", "currency", "commitment", "source", "goal", "since", "until")
_CURSOR = re.compile("(activities|events):([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}):([1-9][0-9]{0,2})")
_LIMIT = 50


def _refused(name: str, message: str, **more: Any) -> InvalidParameter:
    return InvalidParameter(
        f"`{name}`: {message}.",
        errors=[{"parameter": name, "code": "unreadable", "message": f"{message}.", **more}],
    )


def _words(given: Mapping[str, str], name: str, allowed: tuple[str, ...]) -> list[str] | None:
    if name not in given:
        return None
    for word in (words := given[name].split(",")):
        if word not in allowed:
            raise _refused(name, "there is no such word", **did_you_mean(word[:60], allowed))
    return words


def _number(given: Mapping[str, str], name: str, most: int) -> int | None:
    if (said := given.get(name)) is None:
        return None
    if not re.fullmatch("[1-9][0-9]{0,4}", said) or int(said) > most:
        raise _refused(name, f"a number from 1 to {most} is expected")
    return int(said)


def _day(given: Mapping[str, str], name: str) -> date | None:
    if (said := given.get(name)) is None:
        return None
    try:
        if re.fullmatch("[12][0-9]{3}-[0-9]{2}-[0-9]{2}", said):
            return date.fromisoformat(said)
    except ValueError:
        pass
    raise _refused(name, "a date such as 2026-10-01 is expected")


def _asked(given: Mapping[str, str]) -> dict[str, Any]:
    """The values of the filters."""
    currencies = given["currency"].split(",") if "currency" in given else None
    if any(not re.fullmatch("[A-Z]{3}|none", each) for each in currencies or ()):
        raise _refused("currency", "ISO 4217 codes are expected, such as USD; `none` is where none is given")
    part = _words(given, "part", _PARTS)
    return {
        "part": part[0] if part and len(set(part)) == 1 else None,
        "currencies": currencies,
        "commitments": _words(given, "commitment", _COMMITMENTS),
        "source": given.get("source"),
        "goal": _number(given, "goal", 32_767),
        "since": _day(given, "since"),
        "until": _day(given, "until"),
    }


async def list_funding(request: Request) -> Response:
    """Money entry by entry: what each activity and event says of who pays, in the currency given."""
    given = asked_of(request, *_FILTERS, "limit", "cursor")
    limit = _number(given, "limit", ENTRIES_MOST) or _LIMIT
    after = _CURSOR.fullmatch(given.get("cursor", ""))
    if after is None and "cursor" in given:
        raise _refused("cursor", "this is no cursor of this list; begin without it")
    values = {
        **_asked(given),
        "after_part": after and after[1],
        "after_id": after and UUID(after[2]),
        "after_place": after and int(after[3]),
        "limit": limit + 1,
    }

    async def made(connection: Connection) -> str:
        statement = page_of_entries()
        rows = await connection.fetch(statement.sql, *statement.args(values))
        following = "null"
        if len(rows) > limit:
            following = f'"/v1/funding?{urlencode({**given, "cursor": rows[limit - 1]["id"]}, safe=":,")}"'
        return f'{{"items":[{",".join(row["j"] for row in rows[:limit])}],"next":{following}}}'

    return await answered(request, made)


async def sum_funding(request: Request) -> Response:
    """Sums by currency, and by currency, source and commitment: exact, never converted, never of two parts."""
    given = asked_of(request, *_FILTERS)
    values = _asked(given)
    names = ("source", "commitment", "goal", "since", "until", "as_of")
    kept: dict[str, str | None] = {name: given[name] for name in names if name in given}

    async def made(connection: Connection) -> str:
        statement = totals()
        by_currency, by_source = [], []
        for row in await connection.fetch(statement.sql, *statement.args(values)):
            said = {name: row[name] for name in ("part", "currency", "amount", "entries", "without_amount")}
            if row["whole"]:
                by_currency.append({**said, "href": entries_at(row["part"], row["currency"], **kept)})
                continue
            asked = {**kept, "source": row["source"], "commitment": row["commitment"] or "none"}
            href = entries_at(row["part"], row["currency"], **asked)
            by_source.append({**said, "source": row["source"], "commitment": row["commitment"], "href": href})
        return text_of({"by_currency": by_currency, "by_source": by_source})

    return await answered(request, made)


_DATE = {
    "type": "string",
    "format": "date",
    "pattern": "^[12][0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$",
}
_PARAMETERS = [
    doc.parameter(
        "part", "Money of activities or of events.", {"type": "string", "enum": list(_PARTS)}, "activities"
    ),
    doc.parameter(
        "currency", "In these currencies; `none` where none is given.", doc.several(("[A-Z]{3}", "none")), "USD"
    ),
    doc.parameter("commitment", "So firm; `none` if nobody said.", doc.several(_COMMITMENTS), "committed"),
    doc.parameter(
        "source", "Of this source, as it is written.", {"type": "string", "minLength": 1, "maxLength": 500},
        "Japan-ASEAN Integration Fund (JAIF)",
    ),
    doc.parameter(
        "goal", "For this goal.", {"type": "integer", "format": "int32", "minimum": 1, "maximum": 32_767}, 6
    ),
    doc.parameter("since", "Of what is going on from this day.", _DATE, "2025-11-01"),
    doc.parameter("until", "Of what has begun by this day.", _DATE, "2026-10-31"),
]  # fmt: skip
add_document(
    router, "", list_funding, "list_funding", "List money", "FundingEntries",
    parameters=[
        *_PARAMETERS,
        doc.parameter(
            "limit", "How many.",
            {"type": "integer", "format": "int32", "minimum": 1, "maximum": ENTRIES_MOST, "default": _LIMIT}, 100,
        ),
        doc.parameter(
            "cursor", "Where the page before has ended.",
            {"type": "string", "maxLength": 60, "pattern": f"^{_CURSOR.pattern}$"},
            "activities:019aa5d0-6b7c-7c3e-9c39-0d1f5b3a7e11:1",
        ),
    ],
)  # fmt: skip
add_document(
    router, "/totals", sum_funding, "sum_funding", "Sum money", "FundingTotals", parameters=_PARAMETERS
)
