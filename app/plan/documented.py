"""The schemas of the whole plan, made from those of what stands in it."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from app.operations.documented import schema_ref


def schemas(found: Mapping[str, Any]) -> dict[str, Any]:
    """The plan as it is read: with its areas, each with its goals, each with its printed activities."""

    def listed(items: str, about: str) -> dict[str, Any]:
        return {
            "type": "array",
            "maxItems": 1000,
            "items": schema_ref(items),
            "description": about,
            "readOnly": True,
            "examples": [[]],
        }

    def under(of: str, name: str, items: str, about: str) -> dict[str, Any]:
        schema: dict[str, Any] = deepcopy(found[of])
        own = {key: value for key, value in schema["properties"].items() if "Excerpt" not in str(value)}
        schema["properties"] = {**own, name: listed(items, about)}
        return schema

    area = under("Area", "goals", "PlanGoal", "The goals that stand under it.")
    goal = under("Goal", "activities", "Activity", "The activities that it proposes, as printed.")
    area["description"] = "An area in the text of the plan, with its goals."
    goal["description"] = "A goal in the text of the plan, with its proposed activities."
    plan = under("Plan", "areas", "PlanArea", "The four headings, with what stands under them.")
    plan["properties"]["goals"] = listed("PlanGoal", "The goals that stand under no area.")
    return {"Plan": plan, "PlanArea": area, "PlanGoal": goal}
