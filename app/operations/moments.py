"""As of when a request reads: `as_of` or `Accept-Datetime` (RFC 7089), and the place in the journal that it stands for.

A date is the midnight, UTC, with which it begins, as in the filters of lists: what `as_of=2026-10-01` shows and what
`updated_at__gte=2026-10-01` lists meet without a gap. So an answer is final as soon as it can be had.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any

from app.collection.asked import Pairs
from app.collection.days import told
from app.collection.fields import read_instant
from app.db import Compiled, Context, Database
from app.errors import BadRequest, InvalidParameter

MONTHS = "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec"
DAYS = f"(0[1-9]|1[0-9]|2[0-8]) ({MONTHS})|(29|30) ({MONTHS.replace('Feb|', '')})|31 (Jan|Mar|May|Jul|Aug|Oct|Dec)"
FIXDATE = (
    f"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), ({DAYS}) (19|2[0-3])[0-9]{{2}} ([01][0-9]|2[0-3])(:[0-5][0-9]){{2}} GMT"
)

_HINT = "An instant such as 2026-10-01T09:00:00Z, a date, or a relative date such as -30d"
_LOOK = Compiled(
    """select clock_timestamp() as now, first, (select encode(substr(hash, 1, 4), 'hex') from journal_head) as head, (
  select position from commits where at <= greatest($1, case when $2 then first end)
  order by at desc, position desc limit 1) as position
from (select min(at) as first from commits) register""",
    ("at", "clamped"),
    {},
)


@dataclass(frozen=True)
class Moment:
    """An instant, and the last change before it."""

    at: datetime
    position: int
    head: str
    """What the journal is now, in short: of what the past was, something may be forbidden or erased since."""

    @property
    def day(self) -> date:
        return self.at.date()

    @property
    def text(self) -> str:
        return told(self.at)

    @property
    def context(self) -> Context:
        """Every table is read as it was; whatever follows from today's date, as it followed then."""
        return {
            "search_path": "past_of_many, past, public",
            "register.as_of": self.text,
            "register.as_of_position": str(self.position),
            "plan_cache_mode": "force_generic_plan",  # a moment is no parameter: no plan is better for it
        }

    @property
    def headers(self) -> dict[str, str]:
        return {"Memento-Datetime": format_datetime(self.at.replace(microsecond=0), usegmt=True)}


OF_ONE: Context = {"search_path": "past, public"}
"""For a statement that reads one record: what else has changed since costs it nothing."""
NAMED: dict[str, Compiled] = {}
"""Words for days, `word:number`: a statement yields the last day of what has the number. Put here by resources."""


async def moment_asked(database: Database, pairs: Pairs, headers: Mapping[bytes, bytes]) -> Moment | None:
    """The moment that a request names; None: now. `as_of` names a state, so nothing is left to negotiate."""
    given = next((value for name, _, value in pairs if name == "as_of"), None)
    if given is not None:
        return await moment_named(database, given)
    if (header := headers.get(b"accept-datetime")) is not None:
        return await _found(database, _accepted(header), "", "", clamped=True)
    return None


async def moment_named(database: Database, given: str, *, parameter: str = "as_of") -> Moment:
    """The moment that an expression names."""
    return await _found(database, await _instant(database, given, parameter), given, parameter, clamped=False)


async def _found(database: Database, at: datetime, given: str, parameter: str, *, clamped: bool) -> Moment:
    """Before the first change and after the present: the nearest there is if negotiated, refused if named."""
    row = (await database.fetch(_LOOK, {"at": at, "clamped": clamped}))[0]
    if clamped and row["position"] is not None:
        return Moment(min(max(at, row["first"]), row["now"]), row["position"], row["head"])
    if row["position"] is None:
        begins = f"It begins {row['first']:%Y-%m-%dT%H:%M:%SZ}." if row["first"] else "It is empty."
        raise _refused(
            f"The register knows nothing of that time. {begins}", "before_the_register", parameter, given
        )
    if at > row["now"]:
        raise _refused("That time lies ahead.", "in_the_future", parameter, given)
    return Moment(at, row["position"], row["head"])


async def _instant(database: Database, given: str, parameter: str) -> datetime:
    word, _, number = given.partition(":")
    if word in NAMED:
        rows: Sequence[Any] = ()
        if re.fullmatch(r"[1-9][0-9]{0,3}", number):
            rows = await database.fetch(NAMED[word], {"number": int(number)})
        if not rows:
            raise _refused(
                f"There is no {word} with this number.",
                "unknown_moment",
                parameter,
                given,
                f"/v1/{word}s lists them.",
            )
        if rows[0][0] is None:
            raise _refused(f"The date of this {word} is not known.", "unknown_moment", parameter, given)
        return datetime.combine(rows[0][0], time.min, UTC) + timedelta(days=1)
    try:
        return read_instant(given)
    except ValueError as why:
        words = "".join(f", or {each}:2" for each in NAMED)
        raise _refused(f"`{parameter}`: {why}.", "unreadable", parameter, given, f"{_HINT}{words}.") from None


def _refused(detail: str, code: str, parameter: str, given: str, hint: str | None = None) -> InvalidParameter:
    error: dict[str, Any] = {"parameter": parameter, "code": code, "got": given[:100]}
    return InvalidParameter(detail, errors=[error | ({"hint": hint} if hint else {})])


def _accepted(header: bytes) -> datetime:
    text = header.decode("latin-1").strip()
    try:
        if not re.fullmatch(FIXDATE, text):
            raise ValueError
        return parsedate_to_datetime(text)
    except ValueError:
        raise BadRequest(
            "`Accept-Datetime` is a date in the form of HTTP.",
            errors=[
                {
                    "header": "Accept-Datetime",
                    "code": "malformed",
                    "hint": "Write it so: Thu, 01 Oct 2026 00:00:00 GMT",
                }
            ],
        ) from None
