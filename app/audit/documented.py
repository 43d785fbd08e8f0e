"""The OpenAPI text of the journal's proof."""

from app.operations import documented as doc

doc.COMMON_SCHEMAS |= {
    "Checkpoint": {
        "type": "object",
        "description": "A place in the journal, and what its chain is there.",
        "required": ["position", "hash", "at"],
        "properties": {
            "position": doc.described("integer", "The place.", 812, format="int64", minimum=0, maximum=2**53),
            "hash": doc.described(
                "string",
                "SHA-256 of all that came before.",
                "9f" * 32,
                pattern="^[0-9a-f]{64}$",
                maxLength=64,
            ),
            "at": {
                "type": ["string", "null"],
                "format": "date-time",
                "maxLength": 40,
                "description": "When it was reached.",
                "examples": ["2026-10-01T09:00:00Z"],
            },
        },
        "additionalProperties": False,
        "examples": [{"position": 812, "hash": "9f" * 32, "at": "2026-10-01T09:00:00Z"}],
    },
    "Verdict": {
        "type": "object",
        "description": "How far the chain of the journal holds.",
        "required": ["valid", "complete", "until", "broken_at", "problem"],
        "properties": {
            "valid": doc.described("boolean", "Whether every link that was looked at holds.", True),
            "complete": doc.described("boolean", "Whether the end of the journal was reached.", True),
            "until": doc.described(
                "string",
                "The last good place, as a checkpoint.",
                f"812:{'9f' * 32}",
                maxLength=83,
                pattern="^[0-9]{1,18}:[0-9a-f]{64}$",
            ),
            "broken_at": {
                "type": ["integer", "null"],
                "format": "int64",
                "minimum": 0,
                "maximum": 2**53,
                "description": "Place of the first change of which the chain does not hold.",
                "examples": [None],
            },
            "problem": {
                "type": ["string", "null"],
                "maxLength": 200,
                "description": "What is wrong there.",
                "examples": [None],
            },
        },
        "additionalProperties": False,
        "examples": [
            {"valid": True, "complete": True, "until": f"812:{'9f' * 32}", "broken_at": None, "problem": None}
        ],
    },
}
CHECKPOINT = {"application/json": {"schema": doc.schema_ref("Checkpoint")}}
VERDICT = {"application/json": {"schema": doc.schema_ref("Verdict")}}
