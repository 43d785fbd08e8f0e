"""Builds the application; reads like a list of its ingredients."""

import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from app import __version__, api, logs, openapi, operating, refusing, stopping
from app.access.doorkeeper import Doorkeeper, judge_of_tokens
from app.changes.asked import WAIT_MOST
from app.collection.refusals import refusal
from app.db import APP_ROLE, Database
from app.http.edge import Edge
from app.http.origins import Origins
from app.operations.doors import Doors
from app.operations.serving import Service
from app.settings import Settings, settings
from app.wakeups import Wakeups
from app.webhooks.events import kinds_of


class Register(FastAPI):
    """FastAPI without its outermost layers: the edge answers for errors, limits bodies, and keeps the metrics."""

    def build_middleware_stack(self) -> ASGIApp:
        layer: Any = super().build_middleware_stack()
        while not isinstance(layer, Edge):
            layer = layer.app
        return layer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As Starlette's: FastAPI's asks for each request whether there is telemetry, which is off here."""
        if scope["type"] == "lifespan" or self.middleware_stack is None:
            await super().__call__(scope, receive, send)
        else:
            scope["app"] = self
            await self.middleware_stack(scope, receive, send)


def create_app(chosen: Settings | None = None) -> FastAPI:
    """The service, for an ASGI server: `uvicorn app.main:app`."""
    config = chosen or settings()
    logs.configure(config)
    tokens = judge_of_tokens(config)

    @asynccontextmanager
    async def running(app: FastAPI) -> AsyncIterator[None]:
        async with operating.database_address(config) as address:
            database = Database(address, config)
            app.state.service = service = Service(
                config, database, Doorkeeper(database, tokens), Wakeups(address, APP_ROLE)
            )
            async with (
                operating.secret_known(service),
                operating.housekeeping(service),
                operating.listening(service),
                operating.words_gathered(service),
                operating.quotas_shared(service),
                operating.jobs_done(service, api.LOADER),
                operating.delivering(service, kinds_of(api.COLLECTIONS)),
                stopping.stopped_with_parent(),
                stopping.draining(app.state, config.drain_seconds, service.wakeups.end),
            ):
                yield
            await database.close()

    app = Register(
        title="The Work Plan Register",
        version=__version__,
        lifespan=running,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        telemetry={"tracing": False, "metrics": False, "logs": False},  # /metrics and the log are ours
        exception_handlers=refusing.HANDLERS,
    )
    app.state.draining = False
    api.include(app)
    openapi.install(app)

    def allowed(scope: Scope) -> list[str]:
        return refusing.allowed_methods(app, scope)

    def limits(scope: Scope) -> tuple[int, float]:
        path = scope["path"]
        if path.endswith("/bulk"):
            return config.max_bulk_body, config.bulk_budget
        if path == "/v1/changes" and b"wait=" in scope["query_string"]:  # nobody else may take so long
            return config.max_body, config.request_budget + WAIT_MOST
        if (
            path.startswith("/v1/consultations/") and "/report" in path
        ):  # which may be a file that is to be made
            return config.max_body, config.request_budget + config.report_budget
        return config.max_body, config.request_budget

    app.add_middleware(Doors)
    app.add_middleware(
        Edge,
        limits=limits,
        allowed=allowed,
        explain=refusal,
        origins=Origins(config.cors_origins),
        tells_all=config.log_level == "debug",
    )
    return app


def __getattr__(name: str) -> FastAPI:
    """`app.main:app` is made when a server asks for it, so that importing this module starts nothing."""
    if name == "app":
        made = globals()["app"] = create_app()
        gc.collect()
        gc.freeze()  # all this stays: the collector need not look at it again
        return made
    raise AttributeError(name)
