"""What a record was, version by version: the journal's images in the shape in which the API shows records."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    Integer,
    Select,
    Text,
    Uuid,
    bindparam,
    case,
    column,
    func,
    literal_column,
    select,
    table,
)
from sqlalchemy.sql.elements import ColumnElement

from app.collection.collection import Collection
from app.collection.projection import Computed, Expand, Ref, Row, Source, record_json
from app.db import Compiled
from app.journal import CHANGES, COMMITS, unless_withheld

KEPT_BY_REGISTER = frozenset({"id", "version", "created_at", "updated_at"})
"""Fields that say nothing of what was changed."""
_KEYS = table("key_names", column("id", Uuid), column("name", Text))


@dataclass(frozen=True)
class _Remembered(Ref):
    """A reference whose record may be gone by now: its human key is permanent, and the journal knows it."""

    def json(self, row: Row, name: str, expand: Expand | None) -> ColumnElement[Any]:
        image = CHANGES.alias()
        key = (self.to.key, image.c.record[self.to.key]) if self.to.key else ()
        found = select(func.json_build_object("id", image.c.record_id, *key))
        found = found.where(image.c.record_id == row.c[f"{name}_id"], image.c.kind == self.to.name)
        last = found.order_by(image.c.version.desc()).limit(literal_column("1"))
        return last.correlate(row).scalar_subquery()


def _fields(collection: Collection) -> dict[str, Source]:
    """What a version says itself. Computed fields follow from other records and from the day."""
    return {
        name: _Remembered(source.to) if isinstance(source, Ref) else source
        for name, source in collection.outputs.items()
        if not isinstance(source, Computed) and name not in KEPT_BY_REGISTER
    }


_gone = case((CHANGES.c.action == "delete", 1), (CHANGES.c.action == "merge", 1), else_=0)
_step = CHANGES.c.version * 2 + _gone
"""Orders the versions of a record: what deletes one leaves it at the version that it had."""


def _versions(collection: Collection, *conditions: ColumnElement[bool]) -> Select[Any]:
    columns = [column(each.name, each.type) for each in collection.table.columns]
    nothing: ColumnElement[Any] = literal_column(f"null::public.{collection.name}")
    image = func.json_populate_record(nothing, CHANGES.c.record).table_valued(*columns).lateral("image")
    place = COMMITS.c.position - COMMITS.c.changes + CHANGES.c.ordinal
    return (
        select(
            _step.label("step"), CHANGES.c.version, CHANGES.c.action,
            unless_withheld(CHANGES.c.survivor_id).label("survivor_id"), place.label("position"),
            CHANGES.c.salt.is_(None).label("erased"), COMMITS.c.at, COMMITS.c.key_id, _KEYS.c.name.label("key_name"),
            COMMITS.c.database_role, CHANGES.c.system, COMMITS.c.request_id, COMMITS.c.reason,
            record_json(collection, image, _fields(collection), {}).label("j"),
        )
        .select_from(
            CHANGES.join(COMMITS, COMMITS.c.number == CHANGES.c.commit_number)
            .outerjoin(_KEYS, _KEYS.c.id == COMMITS.c.key_id)
            .join(image, literal_column("true"))
        )
        .where(
            CHANGES.c.record_id == bindparam("id", type_=Uuid()),
            CHANGES.c.kind == collection.name,
            COMMITS.c.position.is_not(None),
            *conditions,
        )
        .order_by(CHANGES.c.version.desc(), _gone.desc())
        .limit(bindparam("limit", type_=Integer))
    )  # fmt: skip


def history_plan(collection: Collection) -> Compiled:
    """The versions of a record (`id`) before a step (`before`), newest first."""
    before = bindparam("before", type_=BigInteger)
    return collection.statement(
        ("history",),
        lambda: _versions(
            collection, _step < before, CHANGES.c.version <= bindparam("newest", type_=Integer)
        ),
    )


def version_plan(collection: Collection) -> Compiled:
    """A version of a record by its number (`version`)."""
    wanted = CHANGES.c.version == bindparam("version", type_=Integer)
    return collection.statement(("version",), lambda: _versions(collection, wanted, _gone == 0))


def state_plan(collection: Collection) -> Compiled:
    """The last version of a record up to a position of the journal (`position`)."""
    until = COMMITS.c.position <= bindparam("position", type_=BigInteger)
    return collection.statement(("state",), lambda: _versions(collection, until))


def record_named(collection: Collection) -> Compiled:
    """The id behind a human key: of the record that has it, else of the last that had it when it was deleted."""
    table, key = collection.name, collection.key
    return Compiled(
        f"""select id from (select id, 1 as rank from {table} where {key} = $1
        union all select * from (select h.record_id, 0 from changes h where h.kind = '{table}'
          and h.action in ('delete', 'merge') and coalesce(h.record ->> 'code', h.record ->> 'number') = $1::text
          order by h.record_id desc) gone) known order by rank desc, id desc limit 1""",  # noqa: S608  (our own names)
        ("name",),
        {},
    )
