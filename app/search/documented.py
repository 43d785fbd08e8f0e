"""The OpenAPI text of the search."""

from app.operations import documented as doc
from app.operations.documented.examples import EXAMPLE_ID

doc.COMMON_SCHEMAS |= {
    "Hits": {
        "type": "object",
        "description": "Hits of a search, best first.",
        "required": ["items"],
        "properties": {
            "items": doc.described("array", "The hits.", [], maxItems=100, items=doc.schema_ref("Hit")),
        },
        "additionalProperties": False,
        "examples": [{"items": []}],
    },
    "Hit": {
        "type": "object",
        "description": "A record that was found.",
        "required": ["kind", "id", "title", "score", "href"],
        "properties": {
            "kind": doc.described("string", "Which collection it is in.", "goals", maxLength=40),
            "id": doc.described("string", "The record's id.", EXAMPLE_ID, format="uuid"),
            "title": doc.described(
                "string",
                "Its title or name.",
                "Strengthen the use of international arbitration and mediation",
                maxLength=2000,
            ),
            "score": doc.described(
                "number",
                "How well it fits; of words that are set apart, at least 3 if they are found by stem, and less if not.",
                4.3,
                format="double",
                minimum=0,
                maximum=1000,
            ),
            "href": doc.described(
                "string", "Its address.", f"/v1/goals/{EXAMPLE_ID}", format="uri-reference", maxLength=200
            ),
        },
        "additionalProperties": False,
        "examples": [
            {
                "kind": "goals",
                "id": EXAMPLE_ID,
                "title": "Strengthen the use of international arbitration and mediation",
                "score": 4.3,
                "href": f"/v1/goals/{EXAMPLE_ID}",
            }
        ],
    },
}
HITS = {
    "application/json": {
        "schema": doc.schema_ref("Hits"),
        "example": {"items": doc.COMMON_SCHEMAS["Hit"]["examples"]},
    }
}
