"""The short way to the common operations: a look-up in a small tree, straight to the handler.

FastAPI asks its routes one after another and prepares dependencies that these handlers do not have; with sixty
routes that costs more than the database does (`make bench`). Its routes stay: they are the documentation, and
they answer whatever this tree does not know, such as 405.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import Request, Response
from starlette.types import ASGIApp, Receive, Scope, Send

Handler = Callable[[Request], Awaitable[Response]]
_ANY = "{name}"


class Tree:
    """Handlers by path and method."""

    def __init__(self) -> None:
        self._root: dict[str, Any] = {}

    def add(self, method: str, path: str, handler: Handler) -> None:
        """Put a handler at a path such as `/v1/events/{name}`."""
        branch = self._root
        for part in path.strip("/").split("/"):
            branch = branch.setdefault(part, {})
        branch[f"{method} "] = handler, path

    def find(self, method: str, path: str) -> tuple[Handler | None, str, str]:
        """The handler for a request, the path that it was put at, and the path parameter."""
        branch, name = self._root, ""
        for part in path[1:].split("/"):
            following = branch.get(part)
            if following is None:
                following = branch.get(_ANY)
                if following is None or not part:
                    return None, "", ""
                name = part
            branch = following
        handler, template = branch.get(f"{method} ", (None, ""))
        return handler, template, name


TREE = Tree()
"""Filled by `routes.operations`, once per resource."""


class Doors:
    """The ASGI layer that takes the requests for which the tree has a handler."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            handler, template, name = TREE.find(scope["method"], scope["path"])
            if handler is not None:
                scope["template"], scope["path_params"] = template, {"name": name}
                response = await handler(Request(scope, receive, send))
                await response(scope, receive, send)
                return
        await self.app(scope, receive, send)
