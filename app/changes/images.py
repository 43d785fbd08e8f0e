"""A record as a change left it, in the form in which the register answers it."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Table, column, func, literal_column, select
from sqlalchemy.sql.elements import ColumnElement

from app.collection.collection import Collection
from app.collection.projection import Expand, Ref, Row, record_json
from app.journal import CHANGES, unless_withheld

_KEPT_BY_THE_DATABASE = frozenset({"id", "version", "created_at", "updated_at"})


@dataclass(frozen=True)
class _PastRef(Ref):
    """A reference to what may be gone by now: its key, which is permanent, is then taken from the journal.

    What is kept from the caller is not named, as in the record itself.
    """

    def json(self, row: Row, name: str, expand: Expand | None) -> ColumnElement[Any]:
        target, key = row.c[f"{name}_id"], self.to.key
        last = (
            select(*([CHANGES.c.record.op("->")(key).label(key)] if key else []))
            .where(CHANGES.c.record_id == target, CHANGES.c.kind == self.to.name)
            .order_by(CHANGES.c.version.desc())
            .limit(literal_column("1"))
        )
        named = select(
            target.label("id"), *([last.correlate(row).scalar_subquery().label(key)] if key else [])
        )
        seen = unless_withheld(target) if self.to.guard.drafts else target
        gone = named.where(seen.is_not(None)).correlate(row).subquery()
        remembered = select(func.row_to_json(gone.table_valued())).correlate(row).scalar_subquery()
        return func.coalesce(super().json(row, name, expand), remembered)


def record_of_change(collection: Collection, image: ColumnElement[Any], change: Row) -> ColumnElement[Any]:
    """The JSON of the record in a journal's image. Columns that are younger than the image have their defaults."""
    table: Table = collection.table
    populated = func.json_populate_record(literal_column(f"null::{table.name}"), image).table_valued(
        *(column(each.name, each.type) for each in table.columns), name=f"image_of_{table.name}"
    )
    row = (
        select(
            *(
                func.coalesce(populated.c[each.name], literal_column(_default(each))).label(each.name)
                if _default(each) and each.name not in _KEPT_BY_THE_DATABASE
                else populated.c[each.name]
                for each in table.columns
            )
        )
        .correlate(change)
        .subquery()
    )
    sources = {
        name: _PastRef(source.to) if isinstance(source, Ref) else source
        for name, source in collection.outputs.items()
    }
    return (
        select(record_json(collection, row, sources, {})).select_from(row).correlate(change).scalar_subquery()
    )


def _default(each: Any) -> str:
    """The default of a column that cannot be empty, as SQL."""
    if each.nullable or each.server_default is None:
        return ""
    return str(each.server_default.arg.text)
