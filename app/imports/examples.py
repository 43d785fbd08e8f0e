"""From a body to the cells of a table: what `cells` reads, written. For templates; exports are PostgreSQL's."""

import json
import re
from collections.abc import Mapping
from typing import Any

from app.collection.collection import Collection
from app.collection.projection import Links, Ref
from app.collection.tabular import joinable

_FORMULA = re.compile("[=+\\-@\t\r'＝＋－＠]")


def cells_of(collection: Collection, body: Mapping[str, Any]) -> dict[str, Any]:
    """The cells of a body, by header: texts, numbers and truths, without the marks of CSV."""
    cells: dict[str, Any] = {}
    for name, value in body.items():
        source, schema = collection.outputs[name], collection.properties[name]
        if value is None:
            continue
        if isinstance(source, Ref):
            cells |= {f"{name}.{by}": each for by, each in value.items()}
        elif isinstance(source, Links):
            cells[name] = ";".join(_link(source, each) for each in value)
        elif isinstance(value, dict):
            cells |= {f"{name}.{inner}": _plain(each) for inner, each in value.items()}
        elif isinstance(value, list):
            cells[name] = _plain(value) if joinable(schema) else json.dumps(value, ensure_ascii=False)
        else:
            cells[name] = value
    return {name: value for name, value in cells.items() if value not in {None, ""}}


def _link(source: Links, link: Mapping[str, Any]) -> str:
    named = link.get(source.to.key or "id", link.get("id"))
    return ":".join(str(each) for each in (named, *(link.get(extra, "") for extra in source.extras)))


def _plain(value: Any) -> Any:
    return ";".join(value) if isinstance(value, list) else value


def in_csv(value: Any) -> str:
    """A cell as CSV has it: text that a spreadsheet would compute is marked."""
    if isinstance(value, str):
        return f"'{value}" if _FORMULA.match(value) else value
    return json.dumps(value)
