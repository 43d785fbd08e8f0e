"""Workflows: a table of allowed moves per resource; each move is a verb and an operation."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ValidationError

from app.access.permissions import Permission
from app.collection import writing
from app.collection.collection import Collection
from app.collection.validation import mistakes
from app.db import Connection
from app.errors import Conflict, Unprocessable
from app.http.bodies import read_object
from app.operations import documented as doc
from app.operations.documents import add_deed
from app.operations.doors import Against
from app.operations.routes import flags, read_body, unchanged
from app.operations.transactions import Answer, write

Values = Mapping[str, Any]
Said = TypeVar("Said", bound=BaseModel)


class MoveNotAllowed(Conflict):
    """The record is not in a state from which this can be done. `state` says which it is, `moves` what can be."""


@dataclass(frozen=True)
class Move:
    """One verb: from which states it leads to which, who may do it, and what has to be said with it."""

    verb: str
    origins: tuple[str, ...]
    to: str
    permission: Permission
    summary: str
    description: str
    body: type[BaseModel] | None = None
    values: Callable[[Connection, writing.Current, BaseModel | None], Awaitable[Values]] | None = None
    """Does what goes with it, and gives the columns that the move sets beside the state."""
    against: tuple[Against, ...] = ()
    """What else stands against it than the state."""


def moves(collection: Collection, table: Sequence[Move], *, tag: str, field: str = "state") -> APIRouter:
    """`POST /v1/{collection}/{name}/{verb}` for every move."""
    router = APIRouter(prefix=f"/{collection.path}", tags=[tag])
    for move in table:
        _add(router, collection, table, move, field)
    return router


def _elsewhere(collection: Collection, table: Sequence[Move], move: Move, field: str) -> Against:
    """The record is not in a state from which the move leads."""

    async def against(request: Request, connection: Connection, current: writing.Current) -> None:
        if (state := current.record[field]) not in move.origins:
            raise MoveNotAllowed(
                f"This {collection.singular} is `{state}`; {move.verb} needs {' or '.join(move.origins)}.",
                state=state,
                moves=[each.verb for each in table if state in each.origins],
            )

    return against


def _add(router: APIRouter, collection: Collection, table: Sequence[Move], move: Move, field: str) -> None:
    one = collection.singular.replace(" ", "_")
    name = f"{move.verb.replace('-', '_')}_{one}"
    needs = collection.needs(move.permission)
    against = (_elsewhere(collection, table, move, field), *move.against)

    async def do(request: Request) -> Response:
        dry_run = flags(request, "dry_run")["dry_run"]
        body = await read_body(request, ("application/json",), needs) if move.body else b""
        said = said_in(move.body, body) if move.body else None

        async def work(connection: Connection) -> Answer:
            current = await writing.locked(connection, collection, request.path_params["name"])
            await unchanged(request, connection, current)
            for stands in against:
                await stands(request, connection, current)
            values = await move.values(connection, current, said) if move.values else {}
            after = await writing.put(connection, collection, current, {field: move.to, **values})
            return Answer(200, after.json, {"ETag": f'"{after.tag}"'})

        return await write(request, body, work, dry_run=dry_run, needs=needs)

    add_deed(
        router,
        f"/{{name}}/{move.verb}",
        do,
        name,
        move.permission,
        move.summary,
        collection.schema.__name__,
        parameters=[doc.name_parameter(collection)],
        body=move.body.__name__ if move.body else "",
        description=f"{move.description} From {', '.join(f'`{each}`' for each in move.origins)} to `{move.to}`.",
        answer="As it is now.",
        against=against,
    )


def said_in(schema: type[Said], body: bytes) -> Said:
    """What a body says with a move."""
    read_object(body)
    try:
        return schema.model_validate_json(body)
    except ValidationError as refused:
        errors = mistakes(refused)
        raise Unprocessable(f"{len(errors)} mistakes need attention.", errors=errors) from None
