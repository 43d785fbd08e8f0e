"""FastAPI with the asynchronous ORM of SQLAlchemy, as its documentation shows it."""

from collections.abc import AsyncIterator
from typing import Annotated, Any
from uuid import UUID

from bodies import ActivityUpsert, EventCreate, EventRead, EventUpdate, Hits, Page
from fastapi import Depends, FastAPI, HTTPException
from fastapi.responses import StreamingResponse
from queries import columns_of, exported, hits, some, upsert
from sqlalchemy.ext.asyncio import AsyncSession
from tables import Event, Session

app = FastAPI()


async def session() -> AsyncIterator[AsyncSession]:
    async with Session() as opened:
        yield opened


Database = Annotated[AsyncSession, Depends(session)]


@app.get("/livez")
async def alive() -> str:
    return "ok"


async def _found(database: AsyncSession, event_id: UUID) -> Event:
    event = await database.get(Event, event_id)
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
    return {"items": await some(database, kind, sort, limit)}


@app.post("/events", response_model=EventRead, status_code=201)
async def create(new: EventCreate, database: Database) -> Any:
    event = Event(**await columns_of(database, new))
    database.add(event)
    await database.commit()
    await database.refresh(event)
    return event


@app.patch("/events/{event_id}", response_model=EventRead)
async def change(event_id: UUID, patch: EventUpdate, database: Database) -> Any:
    event = await _found(database, event_id)
    for name, value in patch.model_dump(exclude_unset=True).items():
        setattr(event, name, value)
    await database.commit()
    await database.refresh(event)
    return event


@app.get("/search", response_model=Hits)
async def search(q: str, database: Database, limit: int = 20) -> Any:
    return {"items": await hits(database, q, limit)}


@app.post("/activities/bulk")
async def bulk(rows: list[ActivityUpsert], database: Database) -> dict[str, int]:
    return {"written": await upsert(database, rows)}


@app.get("/export")
async def export(kind: str | None = None, sort: str = "-start_date") -> StreamingResponse:
    return StreamingResponse(exported(kind, sort), media_type="application/x-ndjson")
