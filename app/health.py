"""What tells of the service itself: whether it runs and is ready, its metrics, whom to tell of a weakness."""

import asyncio
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any

import asyncpg
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from app import __version__, preparing
from app.errors import NotFound
from app.operations.serving import Service, address_of, service_of
from app.pool import BROKEN

router = APIRouter(include_in_schema=False)
_READY_SECONDS = 1.0
_SECURITY_DAYS = 180


@router.get("/livez")
async def alive() -> PlainTextResponse:
    """The process runs."""
    return PlainTextResponse("ok\n")


class _Readiness:
    """The last verdict, kept for a second so that many probes cost one look."""

    def __init__(self) -> None:
        self.until = 0.0
        self.checks: dict[str, Any] = {}
        self.looking = asyncio.Lock()


@router.get("/readyz")
async def ready(request: Request) -> Response:
    """Ready to serve: the database answers on a connection of its own, its schema fits, nobody stops us."""
    state = request.app.state
    kept: _Readiness = state._state.setdefault("readiness", _Readiness())  # noqa: SLF001
    async with kept.looking:
        if kept.until <= monotonic() and not (state.draining and kept.checks):
            kept.checks = await _look(service_of(request))
            kept.until = monotonic() + _READY_SECONDS
    checks = {**kept.checks, "draining": bool(state.draining)}
    good = checks["database"] and checks["schema"] and not checks["draining"]
    return JSONResponse({"ready": good, "checks": checks, "version": __version__}, 200 if good else 503)


async def _look(service: Service) -> dict[str, Any]:
    try:
        async with asyncio.timeout(_READY_SECONDS):
            connection = await asyncpg.connect(service.database.dsn, timeout=_READY_SECONDS)
            try:
                at = await connection.fetchval("select version_num from alembic_version")
            finally:
                connection.terminate()
    except BROKEN:
        return {"database": False, "schema": False}
    # While versions are replaced, the database is ahead of the instances that go: what a migration takes away from them
    # it takes a release later.
    return {"database": True, "schema": at is not None and at >= preparing.newest()}


@router.get("/metrics")
async def metrics() -> Response:
    """Prometheus metrics; no label holds a value of a record."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


@router.get("/.well-known/security.txt")
async def security(request: Request) -> PlainTextResponse:
    """Where to report a weakness (RFC 9116)."""
    config = service_of(request).settings
    if not config.security_contacts:
        raise NotFound("Nobody is named here (`WORKPLAN_SECURITY_CONTACTS`).")
    until = datetime.now(UTC) + timedelta(days=_SECURITY_DAYS)
    lines = [f"Contact: {each}" for each in config.security_contacts]
    lines += [f"Expires: {until:%Y-%m-%d}T00:00:00Z", "Preferred-Languages: en"]
    if config.security_policy:
        lines.append(f"Policy: {config.security_policy}")
    if (address := address_of(request)).startswith("https://"):
        lines.append(f"Canonical: {address}/.well-known/security.txt")
    return PlainTextResponse("\n".join([*lines, ""]), headers={"Cache-Control": "public, max-age=86400"})


@router.get("/")
async def index() -> JSONResponse:
    """Where to start."""
    return JSONResponse(
        {
            "name": "The Work Plan Register",
            "about": "The system of record for the ASEAN-Japan Work Plan on Law and Justice.",
            "version": __version__,
            "plan": "/v1/plan",
            "search": "/v1/search?q=mediation",
            "documentation": "/docs",
            "reference": "/reference",
            "openapi": "/openapi.json",
            "problems": "/problems",
        }
    )
