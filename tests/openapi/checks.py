"""What schemathesis is told about this service: a stricter look at refusals of valid data, and cursors left out."""

import json
import re
from typing import Any

import schemathesis

BEYOND_SCHEMAS = {
    # between fields
    "end_before_start",
    "period_end_before_start",
    "valid_until_before_from",
    "start_date_and_precision",
    "code_missing",
    "parent_not_allowed",
    # between records
    "reference_not_found",
    "reference_contradicts",
    "reference_empty",
    "children_elsewhere",
    "parent_cycle",
    "parent_elsewhere",
    "match_missing",
    "match_not_found",
    "match_ambiguous",
    "version_conflict",
    # of the text as a whole
    "repeated",
    "reserved",
    "text_marks",
    "invalid_cursor",
}
"""Codes of mistakes that JSON Schema has no words for."""
_ETAGS = re.compile(r'[*]|(W/)?"[!#-~]*"(, ?(W/)?"[!#-~]*")*')
ONCE = "each may be named once"


def _valid(case: Any) -> bool:
    """Whether every part of the request fits the document.

    Where a header is negative and nothing else, schemathesis calls the whole request positive; and it takes a `0` for
    the ETag of such requests.
    """
    meta, headers = case.meta, {name.lower(): value for name, value in (case.headers or {}).items()}
    for name in ("if-match", "if-none-match"):
        if _ETAGS.fullmatch(headers.get(name, "*")) is None:
            return False
    return (
        meta is not None
        and meta.generation.mode.is_positive
        and all(part.mode.is_positive for part in meta.components.values())
    )


@schemathesis.check
def valid_data_is_taken(ctx: Any, response: Any, case: Any) -> None:
    """Valid data is refused only for what the schema cannot say; the code of each mistake tells."""
    if not _valid(case):
        return
    if response.status_code not in {400, 422}:
        return
    problem = response.json()
    if problem["type"] == "/problems/key-reused":
        return
    errors = problem.get("errors", ())
    if case.method == "PUT":  # a body that changes a record has too little for a new one
        errors = [each for each in errors if each["code"] != "missing"] or [{"code": "repeated"}]
    beyond = [
        each for each in errors if each["code"] in BEYOND_SCHEMAS or each.get("message", "").startswith(ONCE)
    ]
    assert errors, f"Valid data was refused: {problem}"
    assert len(beyond) == len(errors), f"Valid data was refused: {problem}"


@schemathesis.serializer("application/x-ndjson")
def json_lines(ctx: Any, value: Any) -> bytes:
    """A file of JSON lines; schemathesis knows only other names of this type."""
    if isinstance(value, list):
        return "".join(f"{json.dumps(each)}\n" for each in value).encode()
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogatepass")


@schemathesis.hook
def before_call(ctx: Any, case: Any, kwargs: dict[str, Any]) -> None:
    """Leave out a made-up cursor: a cursor is signed, so any list asked with one would be refused and never read."""
    if _valid(case) and case.query:
        case.query.pop("cursor", None)
