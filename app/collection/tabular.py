"""Values as the cells of a table: no formula that a spreadsheet would compute, lists of codes joined by `;`."""

import re
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Case, ColumnElement, FromClause, cast, func, literal, select
from sqlalchemy.dialects.postgresql import JSONB

_FORMULA = "^[=+\\-@\t\r'＝＋－＠]"


class Guarded(Case[Any]):
    """Text that a spreadsheet would compute gets a leading `'`, which our import takes off (OWASP ASVS 1.2.10)."""

    inherit_cache = True


def guarded(column: ColumnElement[Any]) -> ColumnElement[Any]:
    return Guarded((column.op("~")(literal(_FORMULA)), literal("'") + column), else_=column)


def bare(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """The same text as it is stored: the cells of a workbook say themselves that they are text."""
    return column.else_ if isinstance(column, Guarded) and column.else_ is not None else column


def joinable(schema: Mapping[str, Any]) -> bool:
    """Whether a list's values are codes that never hold a `;`."""
    items = schema.get("items", {})
    return "enum" in items or ("pattern" in items and re.search(items["pattern"], "A;B") is None)


def joined(column: ColumnElement[Any]) -> ColumnElement[Any]:
    return func.array_to_string(column, ";")


def structured_cell(
    row: FromClause, column: ColumnElement[Any], inner: str, schema: Mapping[str, Any]
) -> ColumnElement[Any]:
    value = column[inner]
    if schema.get("type") == "array":
        listed = func.jsonb_array_elements_text(
            func.coalesce(func.nullif(value, cast("null", JSONB)), cast("[]", JSONB))
        )
        own = select(listed).correlate(row).scalar_subquery()  # or it lists those of all rows
        return func.array_to_string(func.array(own), ";")
    return guarded(value.astext)
