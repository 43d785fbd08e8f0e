"""Statements of records that are asked for by name. Plans are values; who reads runs them."""

from typing import Any

from sqlalchemy import ARRAY, Text, bindparam, column, func, select
from sqlalchemy.sql.elements import ColumnElement

from app.collection.asked import Asked
from app.collection.collection import Collection
from app.collection.own_keys import OWN_KEY, record_of
from app.collection.pages import fields_of
from app.collection.projection import record_json
from app.db import Compiled, Statement
from app.journal import JOURNAL_HEAD


def item_plan(collection: Collection, by: str, asked: Asked, *, tag_only: bool = False) -> Compiled:
    """One record, by a column or its own key: its tag, and its JSON text unless only the tag is asked for."""

    def build() -> Statement:
        row = collection.table
        if by == OWN_KEY:
            found = row.c.id == record_of(collection.name, bindparam("name", type_=Text()))
        else:
            found = row.c[by] == bindparam("name", type_=row.c[by].type)
        return select(*_item(collection, asked, tag_only=tag_only)).where(found)

    return collection.statement(
        ("tag" if tag_only else "item", by, asked.shape.fields, asked.shape.expand), build
    )


def items_plan(collection: Collection, by: str, asked: Asked, *, tag_only: bool = False) -> Compiled:
    """The same of several records, by an array of values of a column; before each, its place among them."""

    def build() -> Statement:
        row = collection.table
        kind = row.c[by].type
        names = func.unnest(bindparam("name", type_=ARRAY(kind)))
        named = names.table_valued(column("name", kind), with_ordinality="place").render_derived()
        found = row.c[by] == named.c.name
        columns = _item(collection, asked, tag_only=tag_only)
        return select(named.c.place, *columns).select_from(named.join(row, found))

    return collection.statement(
        ("tags" if tag_only else "items", by, asked.shape.fields, asked.shape.expand), build
    )


def _item(collection: Collection, asked: Asked, *, tag_only: bool) -> list[ColumnElement[Any]]:
    row = collection.table
    tag = collection.tag(row)
    if not asked.whole:  # other records' values may be inside, so the tag moves with the journal
        position = select(JOURNAL_HEAD.c.position).scalar_subquery()
        tag = func.concat_ws(".", tag, position)
    columns: list[ColumnElement[Any]] = [tag.label("tag")]
    if not tag_only:
        fields = fields_of(collection, asked.shape, asked.expand)
        columns.append(record_json(collection, row, fields, asked.expand).label("j"))
    return columns
