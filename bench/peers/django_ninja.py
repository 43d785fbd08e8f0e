"""Django Ninja: Pydantic schemas over Django's ORM."""

from typing import Any
from uuid import UUID

from bodies import ActivityUpsert, EventCreate, EventRead, EventUpdate, Hits, Page
from django.http import HttpRequest, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.urls import path
from django_models import Event, create, exported, hits, some, upsert
from ninja import NinjaAPI

api = NinjaAPI(openapi_url=None, docs_url=None)


@api.get("/livez")
def alive(request: HttpRequest) -> str:
    return "ok"


@api.get("/events/{event_id}", response=EventRead)
def read(request: HttpRequest, event_id: UUID) -> Any:
    return get_object_or_404(Event, pk=event_id)


@api.get("/events", response=Page)
def listed(request: HttpRequest, kind: str | None = None, sort: str = "-start_date", limit: int = 50) -> Any:
    return {"items": list(some(kind, sort)[:limit])}


@api.post("/events", response={201: EventRead})
def add(request: HttpRequest, new: EventCreate) -> Any:
    return 201, create(new)


@api.patch("/events/{event_id}", response=EventRead)
def change(request: HttpRequest, event_id: UUID, patch: EventUpdate) -> Any:
    event = get_object_or_404(Event, pk=event_id)
    values = patch.model_dump(exclude_unset=True)
    for name, value in values.items():
        setattr(event, name, value)
    event.save(update_fields=list(values))
    event.refresh_from_db()
    return event


@api.get("/search", response=Hits)
def search(request: HttpRequest, q: str, limit: int = 20) -> Any:
    return {"items": list(hits(q, limit))}


@api.post("/activities/bulk")
def bulk(request: HttpRequest, rows: list[ActivityUpsert]) -> dict[str, int]:
    return {"written": upsert(rows)}


@api.get("/export")
def export(request: HttpRequest, kind: str | None = None, sort: str = "-start_date") -> StreamingHttpResponse:
    return StreamingHttpResponse(exported(kind, sort), content_type="application/x-ndjson")


urlpatterns = [path("", api.urls)]
