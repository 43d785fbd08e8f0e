"""Litestar with advanced-alchemy: a repository service, and DTO-less Pydantic models."""

from typing import Any
from uuid import UUID

from advanced_alchemy.extensions.litestar import SQLAlchemyAsyncConfig, SQLAlchemyPlugin
from advanced_alchemy.filters import CollectionFilter, LimitOffset, OrderBy
from advanced_alchemy.repository import SQLAlchemyAsyncRepository
from advanced_alchemy.service import SQLAlchemyAsyncRepositoryService
from bodies import ActivityUpsert, EventCreate, EventRead, EventUpdate, Hit, Hits, Page
from litestar import Litestar, get, patch, post
from litestar.di import Provide
from litestar.response import Stream
from queries import columns_of, exported, hits, upsert
from sqlalchemy.ext.asyncio import AsyncSession
from tables import Event, Session, engine


class EventService(SQLAlchemyAsyncRepositoryService[Event]):
    class Repository(SQLAlchemyAsyncRepository[Event]):
        model_type = Event

    repository_type = Repository


async def events(db_session: AsyncSession) -> EventService:
    return EventService(session=db_session)


@get("/livez")
async def alive() -> str:
    return "ok"


@get("/events/{event_id:uuid}")
async def read(event_id: UUID, events: EventService) -> EventRead:
    return EventRead.model_validate(await events.get(event_id))


@get("/events")
async def listed(
    events: EventService, kind: str | None = None, sort: str = "-start_date", limit: int = 50
) -> Page:
    filters: list[Any] = [
        OrderBy(sort.removeprefix("-"), "desc" if sort.startswith("-") else "asc"),
        OrderBy("id", "desc" if sort.startswith("-") else "asc"),
        LimitOffset(limit, 0),
    ]
    if kind:
        filters.append(CollectionFilter("kind", kind.split(",")))
    return Page(items=[EventRead.model_validate(each) for each in await events.list(*filters)])


@post("/events")
async def create(data: EventCreate, events: EventService, db_session: AsyncSession) -> EventRead:
    event = await events.create(await columns_of(db_session, data), auto_commit=True, auto_refresh=True)
    return EventRead.model_validate(event)


@patch("/events/{event_id:uuid}")
async def change(event_id: UUID, data: EventUpdate, events: EventService) -> EventRead:
    values = data.model_dump(exclude_unset=True)
    event = await events.update(values, item_id=event_id, auto_commit=True, auto_refresh=True)
    return EventRead.model_validate(event)


@get("/search")
async def search(q: str, db_session: AsyncSession, limit: int = 20) -> Hits:
    return Hits(items=[Hit.model_validate(each) for each in await hits(db_session, q, limit)])


@post("/activities/bulk", status_code=200)
async def bulk(data: list[ActivityUpsert], db_session: AsyncSession) -> dict[str, int]:
    return {"written": await upsert(db_session, data)}


@get("/export")
async def export(kind: str | None = None, sort: str = "-start_date") -> Stream:
    return Stream(exported(kind, sort), media_type="application/x-ndjson")


alchemy = SQLAlchemyAsyncConfig(engine_instance=engine, session_maker=Session, create_all=False)
app = Litestar(
    [alive, read, listed, create, change, search, bulk, export],
    plugins=[SQLAlchemyPlugin(config=alchemy)],
    dependencies={"events": Provide(events)},
    request_max_body_size=64_000_000,
    openapi_config=None,
)
