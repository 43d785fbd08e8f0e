"""FastAPI with FastCRUD."""

from collections.abc import AsyncIterator
from typing import Annotated, Any
from uuid import UUID

from bodies import ActivityUpsert, EventCreate, EventRead, EventUpdate, Hits, Page
from fastapi import Depends, FastAPI, HTTPException
from fastapi.responses import StreamingResponse
from fastcrud import FastCRUD
from queries import columns_of, exported, hits, upsert
from sqlalchemy.ext.asyncio import AsyncSession
from tables import Event, Session

app = FastAPI()
events: Any = FastCRUD(Event)


async def session() -> AsyncIterator[AsyncSession]:
    async with Session() as opened:
        yield opened


Database = Annotated[AsyncSession, Depends(session)]


@app.get("/livez")
async def alive() -> str:
    return "ok"


async def _found(database: AsyncSession, event_id: UUID) -> Any:
    event = await events.get(database, id=event_id, schema_to_select=EventRead, return_as_model=True)
    if event is None:
        raise HTTPException(404)
    return event


@app.get("/events/{event_id}", response_model=EventRead)
async def read(event_id: UUID, database: Database) -> Any:
    return await _found(database, event_id)


@app.get("/events", response_model=Page)
async def listed(
    database: Database, kind: str | None = None, sort: str = "-start_date", limit: int = 50
) -> Any:
    found = await events.get_multi(
        database, limit=limit, schema_to_select=EventRead, return_total_count=False,
        sort_columns=[sort.removeprefix("-"), "id"], sort_orders=["desc" if sort.startswith("-") else "asc"] * 2,
        **({"kind__in": kind.split(",")} if kind else {}),
    )  # fmt: skip
    return {"items": found["data"]}


@app.post("/events", response_model=EventRead, status_code=201)
async def create(new: EventCreate, database: Database) -> Any:
    event = Event(**await columns_of(database, new))
    database.add(event)
    await database.commit()
    return await _found(database, event.id)


@app.patch("/events/{event_id}", response_model=EventRead)
async def change(event_id: UUID, patch: EventUpdate, database: Database) -> Any:
    await events.update(database, patch, id=event_id)
    return await _found(database, event_id)


@app.get("/search", response_model=Hits)
async def search(q: str, database: Database, limit: int = 20) -> Any:
    return {"items": await hits(database, q, limit)}


@app.post("/activities/bulk")
async def bulk(rows: list[ActivityUpsert], database: Database) -> dict[str, int]:
    """FastCRUD upserts by primary key only, so this is SQLAlchemy's."""
    return {"written": await upsert(database, rows)}


@app.get("/export")
async def export(kind: str | None = None, sort: str = "-start_date") -> StreamingResponse:
    return StreamingResponse(exported(kind, sort), media_type="application/x-ndjson")
