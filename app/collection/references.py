"""References in a body, resolved by id, number, code or own key; never by a guess."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import Integer, Text, Uuid, bindparam, cast, func, literal, select, union_all
from sqlalchemy.dialects.postgresql import ARRAY

from app.collection.collection import Collection
from app.collection.merged import survivors
from app.collection.own_keys import OWN_KEYS
from app.collection.projection import Links, Ref
from app.db import Connection, Statement
from app.errors import Unprocessable

_TYPES: dict[str, Any] = {"id": Uuid(), "number": Integer(), "code": Text(), "key": Text()}


@dataclass(frozen=True)
class Want:
    """A reference that stands somewhere in a body."""

    pointer: str
    to: Collection
    by: str
    value: UUID | int | str


@dataclass(frozen=True)
class Found:
    """The record that a reference names."""

    id: UUID
    key: int | str | None


Named = tuple[str, str, str]
"""How a record is named: the collection, by what, and the value as text."""


def name_of(want: Want) -> Named:
    """How a reference names its record."""
    return want.to.name, want.by, str(want.value)


def wanted(collection: Collection, said: Mapping[str, Any], names: Iterable[str]) -> list[Want]:
    """Every reference that the named fields hold; each of its parts, so that they can be compared."""
    wants: list[Want] = []
    referring = _referring(collection)
    for name in names:
        if name not in referring or not (value := said[name]):
            continue
        source = referring[name]
        if isinstance(source, Ref):
            wants += _parts(f"/{name}", source.to, value)
        else:
            for number, link in enumerate(value):
                wants += _parts(f"/{name}/{number}", source.to, link)
    return wants


@cache
def _referring(collection: Collection) -> Mapping[str, Ref | Links]:
    """The fields that hold references."""
    return {name: source for name, source in collection.outputs.items() if isinstance(source, Ref | Links)}


def _parts(pointer: str, to: Collection, reference: BaseModel) -> Iterator[Want]:
    said = reference.__dict__  # asking a model for what it lacks is slow
    for by in ("id", "key", "code", "number"):
        if (value := said.get(by)) is not None:
            yield Want(pointer, to, by, value)


async def resolved(connection: Connection, wants: list[Want], *, follow: bool = True) -> dict[str, Found]:
    """The record behind each pointer, in one statement; names of merged records are followed."""
    found, mistakes = matched(wants, await known_records(connection, wants, follow=follow))
    for want, error in mistakes:
        error["candidates"] = error.get("candidates") or await candidates(connection, want)
    if mistakes:
        raise Unprocessable("A reference does not name one record.", errors=[error for _, error in mistakes])
    return found


async def known_records(
    connection: Connection, wants: Iterable[Want], *, follow: bool = True
) -> dict[Named, Found]:
    """The records that references name, in one statement however many they are."""
    asked: dict[tuple[Collection, str], set[Any]] = {}
    for want in wants:
        asked.setdefault((want.to, want.by), set()).add(want.value)
    if not asked:
        return {}
    groups = sorted(asked, key=lambda group: (group[0].name, group[1]))
    shape = ("references", *((to.name, by) for to, by in groups))
    statement = groups[0][0].statement(shape, lambda: _look_up(groups))
    values = {f"v{number}": list(asked[group]) for number, group in enumerate(groups)}
    rows = await connection.fetch(statement.sql, *statement.args(values))
    found = {(row["kind"], row["by"], row["value"]): Found(row["id"], row["key"]) for row in rows}
    for (to, by), values_asked in asked.items() if follow else ():
        lost = [str(value) for value in values_asked if (to.name, by, str(value)) not in found]
        for name, survivor in (await survivors(connection, to, by, lost)).items() if lost else ():
            found[to.name, by, name] = Found(*survivor)
    return found


def _look_up(groups: list[tuple[Collection, str]]) -> Any:
    return union_all(*(_branch(to, by, number) for number, (to, by) in enumerate(groups)))


def _branch(to: Collection, by: str, number: int) -> Statement:
    table = to.table.alias()
    value = (
        func.unnest(bindparam(f"v{number}", type_=ARRAY(_TYPES[by]))).table_valued("value").render_derived()
    )
    key = cast(table.c[to.key], Text) if to.key else literal(None, Text)
    columns = (
        literal(to.name).label("kind"),
        literal(by).label("by"),
        cast(value.c.value, Text).label("value"),
        table.c.id.label("id"),
        key.label("key"),
    )
    if by == "key":
        own = OWN_KEYS.alias()
        joined = value.join(own, (own.c.kind == to.name) & (own.c.key == value.c.value)).join(
            table, table.c.id == own.c.record_id
        )
        return select(*columns).select_from(joined)
    return select(*columns).select_from(value.join(table, table.c[by] == value.c.value))


def matched(
    wants: Iterable[Want], known: Mapping[Named, Found]
) -> tuple[dict[str, Found], list[tuple[Want, dict[str, Any]]]]:
    """The record behind each pointer, and the references that do not name one."""
    found: dict[str, Found] = {}
    mistakes: list[tuple[Want, dict[str, Any]]] = []
    for want in wants:
        hit = known.get(name_of(want))
        if hit is None:
            message = f"There is no {want.to.singular} with this {want.by}."
            mistakes.append(
                (want, {"pointer": want.pointer, "code": "reference_not_found", "message": message})
            )
        elif (first := found.setdefault(want.pointer, hit)).id != hit.id:
            error = {
                "pointer": want.pointer,
                "code": "reference_contradicts",
                "message": "The parts of this reference name different records.",
                "candidates": [str(each.key or each.id) for each in (first, hit)],
            }
            mistakes.append((want, error))
    return found, mistakes


async def candidates(connection: Connection, want: Want) -> list[str]:
    """Near codes or numbers, for the error message."""
    if want.by not in {"code", "number"}:
        return []
    known = want.to.table.c[want.by]
    like = bindparam("like", type_=known.type)
    far = func.abs(known - like) if want.by == "number" else -func.similarity(known, like)

    def build() -> Statement:
        return select(cast(known, Text)).where(known.is_not(None)).order_by(far, known).limit(3)

    near = want.to.statement(("candidates", want.by), build)
    rows = await connection.fetch(near.sql, *near.args({"like": want.value}))
    return [row[0] for row in rows]
