"""What schemathesis is told about this service: a stricter look at refusals of valid data, and cursors left out."""

import json
import re
from itertools import count
from typing import Any

import schemathesis

BEYOND_SCHEMAS = {
    # between fields
    "end_before_start",
    "period_end_before_start",
    "valid_until_before_from",
    "start_date_and_precision",
    "code_missing",
    "credentials_differ",  # schemathesis makes up a second key
    "parent_not_allowed",
    "record_not_there",
    "change_and_action",
    "closed_too_early",
    "closed_with_an_outcome",
    "country_of_role",
    "currency_missing",
    "misplaced_change",
    "place_taken",
    "goal_with_activities",
    "narrative_missing",
    "one_reporter",
    "person_elsewhere",
    "plan_of_a_country",
    "status_if_reported",
    # between records
    "reference_not_found",
    "reference_contradicts",
    "reference_empty",
    "children_elsewhere",
    "parent_cycle",
    "parent_elsewhere",
    "begins_too_early",
    "mail_impossible",
    "phone_impossible",
    "no_such_channel",
    "not_found",
    "match_missing",
    "match_not_found",
    "match_ambiguous",
    "version_conflict",
    # where the register does not send to, and how far its feed is
    "url_malformed",
    "url_scheme",
    "url_port",
    "url_credentials",
    "url_host",
    "url_address",
    "unknown",
    "out_of_range",
    # of the text as a whole
    "repeated",
    "reserved",
    "text_marks",
    "invalid_cursor",
    # what has happened
    "before_the_register",
    "in_the_future",
    "unknown_moment",
}
"""Codes of mistakes that JSON Schema has no words for."""
_ETAGS = re.compile(r'[*]|(W/)?"[!#-~]*"(, ?(W/)?"[!#-~]*")*')
LONG = 16_000
"""An address that some proxy or parser may refuse for its length."""
_HOSTS = (f"{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}" for number in count())
ONCE = "each may be named once"


def _valid(case: Any) -> bool:
    """Whether every part of the request fits the document.

    Where a header is negative and nothing else, schemathesis calls the whole request positive; and it takes a `0`
    for the ETag of such requests. Links that it infers put titles into `{name}`.
    """
    meta, headers = case.meta, {name.lower(): value for name, value in (case.headers or {}).items()}
    for name in ("if-match", "if-none-match"):
        if _ETAGS.fullmatch(headers.get(name, "*")) is None:
            return False
    names = (case.path_parameters or {}).values()
    if not all(re.fullmatch("[A-Za-z0-9._-]+", str(name)) for name in names):
        return False
    return (
        meta is not None
        and meta.generation.mode.is_positive
        and all(part.mode.is_positive for part in meta.components.values())
    )


def _beyond_schemas(error: dict[str, Any], case: Any) -> bool:
    """Whether a mistake is one that JSON Schema has no words for."""
    if error["code"] == "missing":  # enough for a record that is there, too little for a new one
        return case.method == "PUT" or case.path.endswith(("/bulk", "/hand-over"))
    if error["code"] == "unknown_parameter":  # of one format only
        return error["parameter"] == "table"
    if (
        error["code"] == "int_type"
    ):  # 6.0 is an integer to JSON Schema; the register refuses it, as it does "6"
        return error.get("got", "a number") == "a number"
    return error["code"] in BEYOND_SCHEMAS or error.get("message", "").startswith(ONCE)


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
    if case.media_type in {"text/csv", "application/x-ndjson"}:  # any text is valid by the schema of a file
        return
    if problem["type"] == "/problems/bad-request" and len(response.request.url) > LONG:
        return
    errors = problem.get("errors", ())
    beyond = [each for each in errors if _beyond_schemas(each, case)]
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
    """Leave out made-up cursors and plans: they are signed, so whatever is asked with one would be refused.

    Each request comes from another address, so that the keys made up by schemathesis are not taken for one attack.
    """
    case.headers = case.headers or {}
    case.headers["X-Forwarded-For"] = f"10.{next(_HOSTS)}"
    if _valid(case) and case.query:
        case.query.pop("cursor", None)
    if _valid(case) and case.headers:
        case.headers.pop("If-Plan-Match", None)
