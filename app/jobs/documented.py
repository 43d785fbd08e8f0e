"""The OpenAPI text of jobs."""

from typing import Any

from app.errors import MEDIA_TYPE
from app.jobs.models import STATES
from app.operations import documented as doc

_ID = "019aa5d0-6b7c-7c3e-9c39-0d1f5b3a7e11"
_AT = "2026-11-23T04:00:00+00:00"
_COUNT = {"type": "integer", "format": "int32", "minimum": 0, "maximum": 2**31 - 1}
_BYTES = {"type": "integer", "format": "int64", "minimum": 0, "maximum": 2**53}
_INSTANT = {"type": "string", "format": "date-time"}
SENTENCES = {
    "state": f"`state` is one of {', '.join(STATES)}.",
    "before": "`before` is the id of a job.",
    "limit": "`limit` is 1 to 200.",
}


def _field(schema: dict[str, Any], description: str, example: Any) -> dict[str, Any]:
    return {**schema, "description": description, "examples": [example]}


_PROGRESS = {
    "step": "reading",
    "rows": 12_000,
    "rows_of_about": 50_000,
    "bytes": 1_200_000,
    "bytes_of": 5_000_000,
}
EXAMPLE = {
    "id": _ID,
    "state": "running",
    "collection": "activities",
    "query": "match=by-key:moj-th",
    "href": f"/v1/jobs/{_ID}",
    "progress": _PROGRESS,
    "attempts": 1,
    "created_at": _AT,
    "started_at": _AT,
}
doc.COMMON_SCHEMAS |= {
    "JobProgress": {
        "type": "object",
        "description": "How far a job is.",
        "required": ["step", "rows", "bytes", "bytes_of"],
        "properties": {
            "step": _field(
                {"type": "string", "enum": ["reading", "writing", "finished"]},
                "What is being done.",
                "reading",
            ),
            "rows": _field(_COUNT, "Rows read so far.", 12_000),
            "rows_of_about": _field(_BYTES, "Of so many, judged by what was read.", 50_000),
            "bytes": _field(_BYTES, "Bytes read so far.", 1_200_000),
            "bytes_of": _field(_BYTES, "Size of the file.", 5_000_000),
        },
        "additionalProperties": False,
        "examples": [_PROGRESS],
    },
    "Job": {
        "type": "object",
        "description": "A file that is loaded after the answer.",
        "required": ["id", "state", "collection", "query", "href", "progress", "attempts", "created_at"],
        "properties": {
            "id": _field({"type": "string", "format": "uuid"}, "Its id.", _ID),
            "state": _field(
                {"type": "string", "enum": list(STATES)},
                "`succeeded` if `status` is below 400; `failed` and `cancelled` have changed nothing.",
                "running",
            ),
            "collection": _field({"type": "string", "maxLength": 40}, "What is loaded.", "activities"),
            "query": _field(
                {"type": "string", "maxLength": 20_000}, "How, as it was asked.", "match=by-key:moj-th"
            ),
            "href": _field(
                {"type": "string", "format": "uri-reference", "maxLength": 200},
                "Its address.",
                f"/v1/jobs/{_ID}",
            ),
            "progress": _field(doc.schema_ref("JobProgress"), "How far it is.", _PROGRESS),
            "attempts": _field(
                _COUNT, "How often it was begun: an attempt that breaks off has changed nothing.", 1
            ),
            "created_at": _field(_INSTANT, "When it was accepted.", _AT),
            "started_at": _field(_INSTANT, "When it was first begun.", _AT),
            "finished_at": _field(_INSTANT, "When it ended.", _AT),
            "status": _field(
                {"type": "integer", "format": "int32", "minimum": 200, "maximum": 599},
                "The status that the answer would have had without `Prefer: respond-async`.",
                200,
            ),
            "report": {
                "anyOf": [doc.schema_ref("BulkReport"), doc.schema_ref("Problem")],
                "description": "What the answer would have been. Absent in lists, and as long as it runs.",
                "examples": [doc.REFUSALS["Unprocessable"]["content"][MEDIA_TYPE]["example"]],
            },
            "refused": _field(
                {"type": "string", "format": "uri-reference", "maxLength": 200},
                "Where the refused rows are, as they were sent, with a column `error`.",
                f"/v1/jobs/{_ID}/refused",
            ),
        },
        "additionalProperties": False,
        "examples": [EXAMPLE],
    },
    "Jobs": {
        "type": "object",
        "description": "Jobs, newest first, without their reports.",
        "required": ["items", "next"],
        "properties": {
            "items": {
                "type": "array",
                "maxItems": 200,
                "items": doc.schema_ref("Job"),
                "description": "The jobs.",
                "examples": [[EXAMPLE]],
            },
            "next": {
                "type": ["string", "null"],
                "maxLength": 2000,
                "description": "Address of those before; null if these were all.",
                "examples": [None],
            },
        },
        "additionalProperties": False,
        "examples": [{"items": [EXAMPLE], "next": None}],
    },
}
doc.HEADERS["Preference-Applied"] = {
    "description": "The preference that was heeded (RFC 7240).",
    "schema": {"type": "string", "maxLength": 40},
    "example": "respond-async",
}
_CONTENT = {"application/json": {"schema": doc.schema_ref("Job"), "example": EXAMPLE}}
_NAME = doc.parameter("id", "The job.", {"type": "string", "format": "uuid"}, _ID, place="path")
_ROWS = {"type": "string", "description": "The rows as they were sent, with a column or member `error`."}

ACCEPTED = doc.ok(
    202,
    "The file is kept and will be loaded: `Location` says how far it is. One job, however often it is sent under "
    "one Idempotency-Key.",
    _CONTENT,
    "Location",
    "Preference-Applied",
    "Retry-After",
    "Idempotency-Replayed",
)
PREFER_MOST = 200
PREFER = doc.parameter(
    "Prefer",
    "`respond-async`: answer 202 at once and load the file as a job; large files are loaded so in any case.",
    {"type": "string", "maxLength": PREFER_MOST},
    "respond-async",
    place="header",
)
LIST: dict[str, Any] = {
    "summary": "List your jobs",
    "description": "The jobs that this key has sent, newest first; for administrators all. Jobs are kept for seven "
    "days after they end.",
    "responses": doc.ok(200, "Jobs.", {"application/json": {"schema": doc.schema_ref("Jobs")}}, "ETag")
    | doc.problems(*doc.READS, 304),
    "openapi_extra": {
        "parameters": [
            doc.parameter(
                "state", "Only those in this state.", {"type": "string", "enum": list(STATES)}, "failed"
            ),
            doc.parameter(
                "before", "Only those sent before this one.", {"type": "string", "format": "uuid"}, _ID
            ),
            doc.parameter(
                "limit",
                "Jobs at most.",
                {"type": "integer", "format": "int32", "minimum": 1, "maximum": 200, "default": 50},
                50,
            ),
            doc.IF_NONE_MATCH,
        ]
    },
}
READ: dict[str, Any] = {
    "summary": "Read a job",
    "description": "How far it is, and once it has ended what came of it: the report that the synchronous answer "
    "would have been, and its status. Only the key that has sent it and administrators see it.",
    "responses": doc.ok(200, "The job.", _CONTENT, "ETag", "Retry-After")
    | doc.problems(*doc.READS, 304, 404),
    "openapi_extra": {"parameters": [_NAME, doc.IF_NONE_MATCH]},
}
CANCEL: dict[str, Any] = {
    "summary": "Cancel a job",
    "description": "Let it end without an effect. A job that has finished is not cancelled: 409, and its report says "
    "what was done.",
    "responses": doc.ok(200, "Cancelled: nothing of it is or will be stored.", _CONTENT, *doc.WRITTEN)
    | doc.problems(*(status for status in doc.WRITES if status != 415), 404),
    "openapi_extra": {
        "parameters": [_NAME, doc.DRY_RUN, doc.IDEMPOTENCY_KEY, doc.REASON],
        "security": [{"bearer": []}, {"api_key": []}],
    },
}
REFUSED: dict[str, Any] = {
    "summary": "Read the refused rows of a job",
    "description": "The rows that were refused, as they were sent and in the form in which they came, with a column "
    "`error`: mend them and send them again as they are.",
    "responses": doc.ok(
        200,
        "The rows.",
        {
            "text/csv": {"schema": _ROWS, "example": "title,error\n,title: The text is blank.\n"},
            "application/x-ndjson": {
                "schema": _ROWS,
                "example": '{"title":"","error":"title: The text is blank."}\n',
            },
        },
        "ETag",
    )
    | doc.problems(*doc.READS, 304, 404),
    "openapi_extra": {"parameters": [_NAME, doc.IF_NONE_MATCH]},
}
