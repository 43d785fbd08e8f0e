"""How refusals leave: every error of every layer becomes one problem document (RFC 9457)."""

from typing import Any

import asyncpg
import structlog
from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException
from starlette.routing import Match
from starlette.types import Scope

from app.collection.refusals import refusal
from app.errors import MEDIA_TYPE, BadRequest, MethodNotAllowed, NotFound, Problem
from app.operations.doors import METHODS, TREE

_log = structlog.get_logger("workplan")


def answer(request: Request, problem: Problem) -> Response:
    state = request.scope.get("state", {})
    body = problem.body(request.scope["path"], state.get("request_id", ""))
    headers = dict(problem.headers_for(request.scope))
    return Response(body, problem.status, headers, media_type=MEDIA_TYPE)


async def _problem(request: Request, error: Any) -> Response:
    return answer(request, error)


async def _routing(request: Request, error: Any) -> Response:
    """404 and 405 of the router itself."""
    if error.status_code == 405:
        allow = ", ".join(allowed_methods(request.app, request.scope))
        return answer(request, MethodNotAllowed(f"This address knows {allow}.", headers={"Allow": allow}))
    if error.status_code == 404:
        return answer(
            request, NotFound("There is nothing at this address. /openapi.json lists what there is.")
        )
    return answer(request, BadRequest("The request cannot be read."))


async def _database(request: Request, error: Any) -> Response:
    problem = refusal(error)
    if problem is None:
        raise error
    if problem.status == 503:
        _log.warning(
            "database", error=type(error).__name__, request_id=request.scope["state"].get("request_id")
        )
    return answer(request, problem)


def allowed_methods(app: FastAPI, scope: Scope) -> list[str]:
    """Every method that an address knows."""
    if known := TREE.methods(scope["path"]):
        return known
    found = set()
    for method in METHODS:
        probe = {**scope, "type": "http", "method": method}
        if any(route.matches(probe)[0] is Match.FULL for route in app.router.routes):
            found |= {method, "HEAD"} if method == "GET" else {method}
    return [method for method in METHODS if method in found or (method == "OPTIONS" and found)]


HANDLERS: dict[Any, Any] = {
    Problem: _problem,
    HTTPException: _routing,
    asyncpg.PostgresError: _database,
    asyncpg.InterfaceError: _database,
    OSError: _database,
    TimeoutError: _database,
}
