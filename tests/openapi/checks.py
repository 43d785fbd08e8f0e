"""What schemathesis is told about this service: a stricter look at refusals of valid data, and cursors left out."""

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
    # of the text as a whole
    "repeated",
    "reserved",
    "text_marks",
    "invalid_cursor",
}
"""Codes of mistakes that JSON Schema has no words for."""
ONCE = "each may be named once"


@schemathesis.check
def valid_data_is_taken(ctx: Any, response: Any, case: Any) -> None:
    """Valid data is refused only for what the schema cannot say; the code of each mistake tells."""
    if case.meta is None or not case.meta.generation.mode.is_positive:
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


@schemathesis.hook
def before_call(ctx: Any, case: Any, kwargs: dict[str, Any]) -> None:
    """Leave out a made-up cursor: a cursor is signed, so any list asked with one would be refused and never read."""
    if case.meta is not None and case.meta.generation.mode.is_positive and case.query:
        case.query.pop("cursor", None)
