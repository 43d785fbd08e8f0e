"""What is asked of the feed: read from the query string, and refused if it is not known."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.collection.asked import only
from app.collection.collection import Collection
from app.errors import InvalidParameter, did_you_mean

LIMIT, LIMIT_MOST = 100, 1000
WAIT_MOST = 30
POSITION_MOST = 2**53 - 1


@dataclass(frozen=True, slots=True)
class Asked:
    """Where to begin, which kinds, and how much."""

    collections: tuple[Collection, ...]
    some_kinds: bool
    after: int = 0
    limit: int = LIMIT
    records: bool = False
    wait: int | None = None


def read(
    collections: Sequence[Collection], query: bytes, allowed: Sequence[str], headers: Mapping[bytes, bytes]
) -> Asked:
    """Read the query string; `Last-Event-ID`, where it is sent, is newer than `after`."""
    given = only(query, allowed)
    after = _number(given, "after", 0, POSITION_MOST)
    if "after" in allowed and (last := headers.get(b"last-event-id")):
        after = _number({"Last-Event-ID": last.decode("latin-1")}, "Last-Event-ID", 0, POSITION_MOST)
    if given.get("include", "record") != "record":
        raise _refused("include", "`include=record` is known.", allowed=["record"])
    limit = _number(given, "limit", 1, LIMIT_MOST)
    return Asked(
        _kinds(collections, given["kinds"]) if "kinds" in given else tuple(collections),
        "kinds" in given,
        after or 0,
        LIMIT if limit is None else limit,
        "include" in given,
        _number(given, "wait", 0, WAIT_MOST),
    )


def _kinds(collections: Sequence[Collection], given: str) -> tuple[Collection, ...]:
    known = {each.path: each for each in collections}
    found: dict[str, Collection] = {}
    for kind in given.split(","):
        if kind not in known:
            raise _refused("kinds", f"There is no kind `{kind[:100]}`.", **did_you_mean(kind[:100], [*known]))
        found[kind] = known[kind]
    return tuple(found.values())


def _number(given: Mapping[str, str], name: str, least: int, most: int) -> int | None:
    raw = given.get(name)
    if raw is None:
        return None
    if not re.fullmatch("[0-9]{1,16}", raw) or not least <= int(raw) <= most:
        where = "header" if name[0].isupper() else "parameter"
        raise InvalidParameter(
            f"`{name}` is a number from {least} to {most}.", errors=[{where: name, "code": "unreadable"}]
        )
    return int(raw)


def _refused(name: str, sentence: str, **more: Any) -> InvalidParameter:
    return InvalidParameter(sentence, errors=[{"parameter": name, "code": "unknown", **more}])
