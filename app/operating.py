"""Running the service: its database, health, metrics, and the chores that run by themselves."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import monotonic
from typing import Any

import asyncpg
import structlog
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from app import __version__, preparing
from app.operations.serving import Service, service_of
from app.settings import Settings

router = APIRouter(include_in_schema=False)
_log = structlog.get_logger("workplan")
_HOUSEKEEPING_SECONDS = 3600
_READY_SECONDS = 1.0


@asynccontextmanager
async def database_address(config: Settings) -> AsyncIterator[str]:
    """The database to use: a server's, or the embedded one, which is then prepared and stopped with the service."""
    if config.database_url:
        yield config.database_url.get_secret_value()
        return
    from app import embedded

    running = await asyncio.to_thread(embedded.start, config.data_dir)
    try:
        await preparing.prepare(running.dsn, config.data_dir, seed=True)
        yield running.dsn
    finally:
        await asyncio.to_thread(running.stop)


@asynccontextmanager
async def housekeeping(service: Service) -> AsyncIterator[None]:
    """Chores beside the requests: idempotency keys expire."""

    async def run() -> None:
        while True:
            await asyncio.sleep(_HOUSEKEEPING_SECONDS)
            try:
                async with service.database.writing() as connection:
                    await connection.execute(
                        "delete from idempotency_keys where created_at < now() - make_interval(days => $1)",
                        service.settings.idempotency_days,
                    )
            except Exception as error:
                _log.warning("housekeeping", error=type(error).__name__)

    task = asyncio.create_task(run())
    try:
        yield
    finally:
        task.cancel()


@router.get("/livez")
async def alive() -> PlainTextResponse:
    """The process runs."""
    return PlainTextResponse("ok\n")


class _Readiness:
    """The last verdict, kept for a second so that many probes cost one look."""

    def __init__(self) -> None:
        self.until = 0.0
        self.checks: dict[str, Any] = {}


@router.get("/readyz")
async def ready(request: Request) -> Response:
    """Ready to serve: the database answers on a connection of its own, its schema fits, and we are not stopping."""
    state = request.app.state
    kept: _Readiness = state._state.setdefault("readiness", _Readiness())  # noqa: SLF001
    if kept.until <= monotonic():
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
                fits = (
                    await connection.fetchval("select version_num from alembic_version") == preparing.newest()
                )
            finally:
                connection.terminate()
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError):
        return {"database": False, "schema": False}
    return {"database": True, "schema": fits}


@router.get("/metrics")
async def metrics() -> Response:
    """Prometheus metrics; no label holds a value of a record."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


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
