"""The OpenAPI text of the bulk operations."""

import json
from collections.abc import Mapping
from typing import Any

from app.collection.batch_rows import OPERATIONS
from app.collection.collection import Collection
from app.collection.own_keys import SYSTEM
from app.http.formats import XLSX
from app.imports.asked import BY_KEY
from app.imports.texts import CHARSETS
from app.jobs.documented import ACCEPTED, PREFER
from app.operations import documented as doc

ABOUT = (
    "Write many records: a JSON array, JSON lines (`application/x-ndjson`), CSV or a workbook with the columns of "
    "our own export; of a workbook the first visible sheet is read, and a cell with a formula is refused. "
    "What is absent stays: a column that is not there, and an empty cell unless `empty=null`. Each row may say its "
    "operation in `op` and the `version` that it changes; columns that the register fills in are read over and named "
    "in `ignored_columns`. Every bad row is reported. In `atomic` mode one bad row leaves everything as it was; in "
    "`partial` mode the good rows are stored. With `Accept: text/csv` (`application/x-ndjson` for JSON) the refused "
    "rows come back as they were sent, with a column `error`, to be mended and sent again as they are. With "
    "`Prefer: respond-async`, and in any case if it is large, the file is kept, answered 202 and loaded as a job."
)
_ROWS_MOST = 1_000_000
_PLAN = "_9e2gU0Fz1yKq3sT5vW7xY9zAbCdEfGhIjKlMnOpQrStUvWxYz0123456789ABCDEFGHIJKLMNOPQRSTUV"
_IF_PLAN_MATCH = doc.parameter(
    "If-Plan-Match",
    "The plan that a dry run has answered: exactly what it has shown is done. If a record of the rows has changed "
    "since, or the file is another, 412 and nothing is changed.",
    {"type": "string", "minLength": 1, "maxLength": 200, "pattern": '^"?[A-Za-z0-9_-]+=*"?$'},
    None,
    place="header",
)
_ON_DUPLICATE = doc.parameter(
    "on_duplicate",
    "`report`: new records are compared with what is there, and with each other, and the report says what may be the "
    "same (`possible_duplicates`). With `dry_run=true` one may ask before.",
    {"type": "string", "enum": ["ignore", "report"], "default": "ignore"},
    "report",
)
del _IF_PLAN_MATCH["example"]  # it is signed by the service that made it; none can be shown here that works


def parameters(collection: Collection) -> list[dict[str, Any]]:
    """What can be asked of a bulk request."""
    match = ["id", *([collection.key] if collection.key else [])]
    return [
        doc.parameter(
            "match",
            "What rows are matched by: `id` (rows without one are new)"
            + (f", `{collection.key}`" if collection.key else "")
            + " or `by-key:` and a system, whose keys stand in `keys` or in a column `key`.",
            {
                "type": "string",
                "maxLength": 60,
                "pattern": f"^({'|'.join(match)}|{BY_KEY}{SYSTEM})$",
                "default": "id",
            },
            f"{BY_KEY}moj-th",
        ),
        doc.parameter(
            "mode",
            "`atomic`: all rows or none; `partial`: the good ones. In `partial` a row refers only to records that "
            "were there before, lest one that is refused take others with it.",
            {"type": "string", "enum": ["atomic", "partial"], "default": "atomic"},
            "partial",
        ),
        doc.parameter(
            "expect",
            "How many records should change; if it is another number, 409 and nothing is changed.",
            {"type": "integer", "format": "int32", "minimum": 0, "maximum": 999_999_999},
            1,
        ),
        doc.DRY_RUN,
        doc.parameter(
            "empty",
            "What an empty CSV cell means: `keep` what is stored, or `null`.",
            {"type": "string", "enum": ["keep", "null"], "default": "keep"},
            "keep",
        ),
        doc.parameter(
            "charset",
            f"Charset of a CSV file that is not UTF-8: {', '.join(sorted(CHARSETS))}.",
            # no enum: generators make the same name of `shift_jis` and `shift-jis`, and stop
            {"type": "string", "maxLength": 40, "pattern": f"^({'|'.join(sorted(CHARSETS))})$"},
            "cp932",
        ),
        *([_ON_DUPLICATE] if collection.creating else []),
        _IF_PLAN_MATCH,
        PREFER,
        doc.IDEMPOTENCY_KEY,
        doc.REASON,
    ]


def body_of(collection: Collection) -> dict[str, Any]:
    """A file."""
    row = doc.request_example(collection)
    line = json.dumps(row, ensure_ascii=False)
    name = next(
        each for each in ("title", "name", "country", "narrative", "reason") if each in collection.outputs
    )
    return {
        "required": True,
        "description": "The rows.",
        "content": {
            "application/json": {
                "schema": {
                    "type": "array",
                    "maxItems": _ROWS_MOST,
                    "items": doc.schema_ref(f"{collection.schema.__name__}Row"),
                },
                "example": [row],
            },
            "application/x-ndjson": {
                "schema": {"type": "string", "description": "One object per line."},
                "example": f"{line}\n",
            },
            XLSX.media_type: {
                "schema": {
                    **doc.BINARY,
                    "description": "A workbook: a header row with the columns of the export, then rows.",
                },
            },
            "text/csv": {
                "schema": {
                    "type": "string",
                    "description": "A header line with the columns of the export, then rows.",
                },
                "example": f"op,{name}\ncreate,{doc.example_of(collection, name)}\n",
            },
        },
    }


def responses(collection: Collection) -> dict[int | str, dict[str, Any]]:
    """Every status that can occur."""
    content = {
        "application/json": {"schema": doc.schema_ref("BulkReport"), "example": _REPORT},
        "text/csv": {
            "schema": {"type": "string", "description": "The refused rows, with a column `error`."},
            "example": "title,error\n,title: The text is blank.\n",
        },
        "application/x-ndjson": {
            "schema": {"type": "string", "description": "The refused rows, each with a member `error`."},
            "example": '{"title":"","error":"title: The text is blank."}\n',
        },
    }
    refused = doc.REFUSALS["Unprocessable"]
    outdated = doc.REFUSALS["ChangedMeanwhile"]
    moved = {
        "description": "Records of the rows have changed since the dry run, say `errors`, or the file is another."
    }
    return (
        doc.ok(200, "Every row was good.", content, "Bulk-Summary", "Plan", *doc.WRITTEN)
        | doc.ok(
            207,
            "Some rows were good, and are stored (`mode=partial`).",
            content,
            "Bulk-Summary",
            "Plan",
            *doc.WRITTEN,
        )
        | ACCEPTED
        | doc.problems(*doc.WRITES, 406)
        | {412: {**outdated, **moved, "headers": {"X-Request-ID": outdated["headers"]["X-Request-ID"]}}}
        | {422: {**refused, "content": {**refused["content"], **{kind: content[kind] for kind in _ROWS}}}}
    )


_ROWS = ("text/csv", "application/x-ndjson")


def row_schema(collection: Collection, patch: Mapping[str, Any], record: Mapping[str, Any]) -> dict[str, Any]:
    """A row of a file: a patch, what is to be done with it, and what our own export adds, which is read over."""
    read_over = {
        name: record["properties"][name] for name in collection.outputs if name in collection.read_only
    }
    return {
        **patch,
        "description": f"A row of a file of {collection.path.replace('-', ' ')}: the fields to set, and how.",
        "properties": _HOW | read_over | _NAMED | patch["properties"],
    }


_HOW: dict[str, Any] = {
    "op": {
        "type": "string",
        "enum": list(OPERATIONS),
        "default": "upsert",
        "description": "What is to be done.",
        "examples": ["upsert"],
    },
    "key": {
        "type": "string",
        "maxLength": 161,
        "description": "Your key, with `match=by-key:<system>`.",
        "examples": ["TH-ACT-17"],
    },
    "error": {
        "type": "string",
        "maxLength": 100_000,
        "description": "Why the row was refused when it was sent before; read over.",
        "examples": ["title: The text is blank."],
    },
}
_NAMED: dict[str, Any] = {
    "id": {
        "type": "string",
        "format": "uuid",
        "description": "The record, with `match=id`.",
        "examples": ["019aa5d0-6b7c-7c3e-9c39-0d1f5b3a7e11"],
    },
    "version": {
        "type": "integer",
        "format": "int32",
        "minimum": 1,
        "maximum": 2**31 - 1,
        "description": "The version that is changed; if it is another by now, the row is refused.",
        "examples": [1],
    },
}
_SUMMARY = {"rows": 2, "create": 1, "update": 1, "unchanged": 0, "delete": 0, "error": 0}
_REPORT = {
    "mode": "atomic",
    "dry_run": False,
    "summary": _SUMMARY,
    "errors": [],
    "unlisted_rows": 0,
    "ignored_columns": ["created_at"],
}
_COUNT = {"type": "integer", "format": "int32", "minimum": 0, "maximum": 2**31 - 1}
_ABOUT_COUNTS = {
    "rows": "Rows of the file.",
    "create": "New records.",
    "update": "Records that change.",
    "unchanged": "Records that are as the row says already.",
    "delete": "Records that are deleted.",
    "error": "Rows that were refused.",
}
_ROW_ERROR = {
    "row": {**_COUNT, "description": "Row; 1 is the first row of data.", "examples": [17]},
    "line": {
        "type": ["integer", "null"],
        "format": "int32",
        "minimum": 1,
        "maximum": 2**31 - 1,
        "description": "Line of the file on which the row begins.",
        "examples": [19],
    },
    "column": {
        "type": "string",
        "maxLength": 200,
        "description": "Column of the file.",
        "examples": ["start_date"],
    },
    "cell": {
        "type": "string",
        "maxLength": 10,
        "description": "Cell of the sheet.",
        "examples": ["E19"],
    },
    "key": {
        "type": "string",
        "maxLength": 200,
        "description": "How the row names its record.",
        "examples": ["6.1"],
    },
}
doc.COMMON_SCHEMAS |= {
    "BulkSummary": {
        "type": "object",
        "description": "How many rows had which outcome.",
        "required": list(_SUMMARY),
        "properties": {
            name: {**_COUNT, "description": about, "examples": [_SUMMARY[name]]}
            for name, about in _ABOUT_COUNTS.items()
        },
        "additionalProperties": False,
        "examples": [_SUMMARY],
    },
    "RowError": {
        **doc.COMMON_SCHEMAS["ProblemError"],
        "description": "A mistake in a row, and where it is.",
        "required": ["row", "code"],
        "properties": {**_ROW_ERROR, **doc.COMMON_SCHEMAS["ProblemError"]["properties"]},
    },
    "BulkReport": {
        "type": "object",
        "description": "What became of the rows.",
        "required": list(_REPORT),
        "properties": {
            "mode": {
                "type": "string",
                "enum": ["atomic", "partial"],
                "description": "As asked.",
                "examples": ["atomic"],
            },
            "dry_run": {
                "type": "boolean",
                "description": "Whether nothing was changed.",
                "examples": [False],
            },
            "plan": {
                "type": "string",
                "maxLength": 200,
                "description": "Of a dry run: send it as `If-Plan-Match` to have exactly this done.",
                "examples": [_PLAN],
            },
            "summary": {
                **doc.schema_ref("BulkSummary"),
                "description": "The counts.",
                "examples": [_SUMMARY],
            },
            "errors": {
                "type": "array",
                "maxItems": 20_000,
                "items": doc.schema_ref("RowError"),
                "description": "Every mistake of every row, of 10 000 rows at most.",
                "examples": [[]],
            },
            "unlisted_rows": {
                **_COUNT,
                "description": "Refused rows beyond those in `errors`; with `Accept: text/csv` all are given back.",
                "examples": [0],
            },
            "ignored_columns": {
                "type": "array",
                "maxItems": 1000,
                "items": {"type": "string", "maxLength": 200},
                "description": "Columns that were read over, because the register fills them in.",
                "examples": [["created_at"]],
            },
            "possible_duplicates": {
                "type": "array",
                "maxItems": 1000,
                "items": doc.schema_ref("RowsAlike"),
                "description": "What may be the same, likeliest first. Only with `on_duplicate=report`.",
                "examples": [[]],
            },
        },
        "additionalProperties": False,
        "examples": [_REPORT],
    },
}
doc.HEADERS["Bulk-Summary"] = {
    "description": "The counts of the report.",
    "schema": {"type": "string", "maxLength": 200},
    "example": "create=12, update=97, unchanged=9, delete=0, error=2",
}
doc.HEADERS["Plan"] = {
    "description": "Of a dry run: what was shown, to be sent as `If-Plan-Match`.",
    "schema": {"type": "string", "maxLength": 200},
    "example": f'"{_PLAN}"',
}
