"""The short way to the common operations: a look-up in a small tree, straight to the handler.

FastAPI asks its routes one after another and prepares dependencies that these handlers do not have; with sixty
routes that costs more than the database does (`make bench`). Its routes stay: they are the documentation, and
they answer whatever this tree does not know, such as 405.
"""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from app.access.permissions import Permission
from app.collection.writing import Current
from app.db import Connection
from app.errors import MethodNotAllowed

Handler = Callable[[Request], Awaitable[Response]]
Against = Callable[[Request, Connection, Current], Awaitable[None]]
"""Refuses what cannot be done with a record as it is."""
_ANY = None
"""Marks the branch of a path parameter; like a method in a tuple, it is nothing that a path can say."""


METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


class Tree:
    """Handlers by path and method."""

    def __init__(self) -> None:
        self._root: dict[Any, Any] = {}

    def add(self, method: str, path: str, handler: Handler) -> None:
        """Put a handler at a path such as `/v1/events/{name}`."""
        branch = self._root
        names = []
        for part in path.strip("/").split("/"):
            if part.startswith("{"):
                names.append(part.strip("{}"))
            branch = branch.setdefault(_ANY if part.startswith("{") else part, {})
        branch[method,] = handler, path, tuple(names)

    def find(self, method: str, path: str) -> tuple[Handler | None, str, dict[str, str]]:
        """The handler for a request, the path that it was put at, and the path parameters."""
        branch, values = self._branch(path)
        if (found := branch.get((method,))) is None:
            return None, "", {}
        handler, template, names = found
        return handler, template, dict(zip(names, values, strict=True))

    def methods(self, path: str) -> list[str]:
        """The methods that a path knows; none if the path itself is not known."""
        known = {key[0] for key in self._branch(path)[0] if isinstance(key, tuple)}
        if not known:
            return []
        known |= {"OPTIONS", "HEAD"} if "GET" in known else {"OPTIONS"}
        return [method for method in METHODS if method in known]

    def _branch(self, path: str) -> tuple[dict[Any, Any], list[str]]:
        """Where a path leads, and what stands in its braces."""
        branch, values = self._root, []
        for part in path[1:].split("/"):
            following = branch.get(part)
            if following is None:
                following = branch.get(_ANY)
                if following is None or not part:
                    return {}, []
                values.append(part)
            branch = following
        return branch, values


TREE = Tree()
POLICY: dict[str, Permission] = {}
"""The permission that each operation asks for, by operation id; a test holds that none is missing."""


@dataclass(frozen=True)
class Deed:
    """An operation that changes something."""

    method: str
    path: str
    permission: Permission
    held: bool
    """Whether it holds the record to write it, so that the record has to be the caller's."""
    against: tuple[Against, ...]
    """What stands against it in a record as it is, in the order in which it is asked."""
    deleted: tuple[Against, ...] | None
    """The same of a deleted record, as it was last stored; None: it is not done with one."""

    @property
    def verb(self) -> str:
        """The word for it among those of a record."""
        return {"PATCH": "update", "DELETE": "delete"}.get(self.method) or self.path.rpartition("/")[2]


DEEDS: list[Deed] = []
"""Every operation that changes something: no door for one opens otherwise."""


def deeds_of(path: str) -> Iterator[Deed]:
    """What can be done with a record of the collection at a path such as `events`.

    What is changed at the path of the collection itself is its only record.
    """
    place = f"/v1/{path}"
    for deed in DEEDS:
        if deed.path.startswith(f"{place}/{{name}}") or (deed.path == place and deed.method != "POST"):
            yield deed


def open_door(
    router: APIRouter,
    method: str,
    path: str,
    handler: Handler,
    name: str,
    permission: Permission,
    *,
    held: bool = True,
    against: tuple[Against, ...] = (),
    deleted: tuple[Against, ...] | None = None,
    **documented: Any,
) -> None:
    """Give an operation its place in the tree, its permission, and its words in the document.

    `held`, `against`, `deleted`: of what changes a record, as `Deed` has it.
    """
    place = f"/v1{router.prefix}{path}"
    POLICY[name] = permission
    TREE.add(method, place, handler)
    if method != "GET":
        DEEDS.append(Deed(method, place, permission, held, against, deleted))
    router.add_api_route(
        path,
        handler,
        methods=[method],
        name=name,
        operation_id=name,
        response_class=Response,
        response_model=None,
        **documented,
    )


class Doors:
    """The ASGI layer that takes the requests for which the tree has a handler."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            handler, template, names = TREE.find(scope["method"], scope["path"])
            if handler is not None:
                scope["template"], scope["path_params"] = template, names
                response = await handler(Request(scope, receive, send))
                await response(scope, receive, send)
                return
            if known := TREE.methods(scope["path"]):  # `/stats` is no record: its own methods and no others
                allow = ", ".join(known)
                raise MethodNotAllowed(f"This address knows {allow}.", headers={"Allow": allow})
        await self.app(scope, receive, send)
