"""What the SQLAlchemy services share: the statements, written with the ORM."""

from collections.abc import AsyncIterator
from typing import Any

from bodies import ActivityUpsert, EventCreate, EventRead
from sqlalchemy import ColumnElement, Row, desc, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from tables import Activity, Event, Goal, Organisation, SearchText, Session

SEVERAL = 2000


def filtered(kind: str | None) -> list[ColumnElement[bool]]:
    return [Event.kind.in_(kind.split(","))] if kind else []


def order(sort: str) -> Any:
    column = getattr(Event, sort.removeprefix("-"))
    return (desc(column), desc(Event.id)) if sort.startswith("-") else (column, Event.id)


async def some(session: AsyncSession, kind: str | None, sort: str, limit: int) -> Any:
    statement = select(Event).where(*filtered(kind)).order_by(*order(sort)).limit(limit)
    return (await session.scalars(statement)).all()


async def hits(session: AsyncSession, q: str, limit: int) -> list[Row[Any]]:
    words = func.websearch_to_tsquery("english", q)
    score = func.ts_rank(SearchText.words, words).label("score")
    statement = select(SearchText.kind, SearchText.record_id.label("id"), SearchText.title, score)
    statement = statement.where(SearchText.words.op("@@")(words)).order_by(desc(score)).limit(limit)
    return list(await session.execute(statement))


async def columns_of(session: AsyncSession, new: EventCreate) -> dict[str, Any]:
    """The columns of a new event, its references looked up."""
    values = new.model_dump()
    goals = await session.scalars(select(Goal).where(Goal.number.in_([link.number for link in new.goals])))
    bodies = await session.scalars(
        select(Organisation).where(Organisation.code.in_([link.code for link in new.organisations]))
    )
    numbers = {goal.number: str(goal.id) for goal in goals}
    codes = {body.code: str(body.id) for body in bodies}
    values["goals"] = [
        {"id": numbers[link.number], "number": link.number, "link": link.link} for link in new.goals
    ]
    values["organisations"] = [
        {"id": codes[link.code], "code": link.code, "role": link.role} for link in new.organisations
    ]
    return values


async def upsert(session: AsyncSession, rows: list[ActivityUpsert]) -> int:
    goals = {goal.number: goal.id for goal in await session.scalars(select(Goal))}
    bodies = {body.code: body.id for body in await session.scalars(select(Organisation))}
    for first in range(0, len(rows), SEVERAL):
        values = [
            {
                **row.model_dump(exclude={"goal", "lead"}),
                "goal_id": goals[row.goal.number],
                "lead_id": row.lead and bodies[row.lead.code],
            }
            for row in rows[first : first + SEVERAL]
        ]
        statement = insert(Activity).values(values)
        changed = {name: statement.excluded[name] for name in values[0] if name != "code"}
        await session.execute(statement.on_conflict_do_update(index_elements=["code"], set_=changed))
    await session.commit()
    return len(rows)


async def exported(kind: str | None, sort: str) -> AsyncIterator[bytes]:
    """Every row as a line of JSON, streamed."""
    async with Session() as session:
        statement = (
            select(Event).where(*filtered(kind)).order_by(*order(sort)).execution_options(yield_per=1000)
        )
        rows = await session.stream_scalars(statement)
        async for part in rows.partitions():
            yield b"".join(EventRead.model_validate(row).model_dump_json().encode() + b"\n" for row in part)
