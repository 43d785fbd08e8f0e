"""What a bulk request asks for: its query parameters, read strictly."""

import re
from dataclasses import dataclass
from typing import Any

from app.collection.asked import only
from app.collection.collection import Collection
from app.collection.own_keys import SYSTEM
from app.errors import InvalidParameter, did_you_mean

BY_KEY = "by-key:"
"""What stands before the system whose own keys rows are matched by."""
PARAMETERS = ("match", "mode", "expect", "dry_run", "empty", "charset")


@dataclass(frozen=True)
class Options:
    """How a file is to be written."""

    by: str = "id"
    """`id`, the human key, or `by-key`."""
    system: str = ""
    partial: bool = False
    expect: int | None = None
    dry_run: bool = False
    empty_is_null: bool = False
    charset: str | None = None
    duplicates: bool = False
    """Whether new records are compared with what is there."""

    @property
    def match(self) -> str:
        return f"{self.by}:{self.system}" if self.system else self.by

    @property
    def mode(self) -> str:
        return "partial" if self.partial else "atomic"


def options_of(collection: Collection, query: bytes) -> Options:
    """The parameters of a bulk request."""
    said = only(query, (*PARAMETERS, *collection.creating))
    by, system = _match(collection, said.get("match", "id"))
    return Options(
        by=by,
        system=system,
        partial=_one_of(said, "mode", ("atomic", "partial")) == "partial",
        expect=_number(said, "expect"),
        dry_run=_one_of(said, "dry_run", ("false", "true")) == "true",
        empty_is_null=_one_of(said, "empty", ("keep", "null")) == "null",
        charset=said.get("charset"),
        duplicates=_one_of(said, "on_duplicate", ("ignore", "report")) == "report",
    )


def _match(collection: Collection, match: str) -> tuple[str, str]:
    if match.startswith(BY_KEY) and re.fullmatch(SYSTEM, match.removeprefix(BY_KEY)):
        return "by-key", match.removeprefix(BY_KEY)
    allowed = ["id", *([collection.key] if collection.key else [])]
    if match not in allowed:
        hint = did_you_mean(match[:60], [*allowed, "by-key:<system>"])
        raise InvalidParameter(
            "`match` names what rows are matched by.", errors=[_error("match", "invalid_match", hint)]
        )
    return match, ""


def _one_of(said: dict[str, str], name: str, allowed: tuple[str, ...]) -> str:
    value = said.get(name, allowed[0])
    if value not in allowed:
        raise InvalidParameter(
            f"`{name}` is {' or '.join(f'`{each}`' for each in allowed)}.",
            errors=[_error(name, "unreadable", did_you_mean(value[:60], allowed))],
        )
    return value


def _number(said: dict[str, str], name: str) -> int | None:
    if name not in said:
        return None
    if not re.fullmatch("[0-9]{1,9}", said[name]):
        raise InvalidParameter(f"`{name}` is a number.", errors=[_error(name, "unreadable", {})])
    return int(said[name])


def _error(name: str, code: str, more: dict[str, Any]) -> dict[str, Any]:
    return {"parameter": name[:100], "code": code, **more}
