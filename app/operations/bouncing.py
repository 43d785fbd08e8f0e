"""Channels that lead to nobody: how it is said of a record's mail or telephone."""

from collections.abc import Callable, Mapping
from typing import Any, Literal

from fastapi import APIRouter, Request, Response
from pydantic import ConfigDict, Field

from app.access.permissions import Permission
from app.collection import writing
from app.collection.collection import Collection
from app.collection.values import Value
from app.db import Connection
from app.errors import Unprocessable
from app.operations import documented as doc
from app.operations.documents import add_deed
from app.operations.moves import said_in
from app.operations.routes import flags, read_body, unchanged
from app.operations.transactions import Answer, write

Channel = Literal["email", "phone"]
COLUMNS = {"email": "bounced", "phone": "phone_bounced"}
"""The channels, and the columns that say that they lead to nobody."""


class Bounce(Value):
    """A channel that leads to nobody."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"channel": "email"}]})

    channel: Channel = Field(description="Which one.", examples=["email"])


def bounces(
    router: APIRouter,
    collection: Collection,
    whose: str,
    channels: Callable[[Mapping[str, Any]], Mapping[str, Any]],
    ends: str,
) -> None:
    """`POST /{name}/bounce`. `channels`: of a record, the object that has them; `whose` and `ends` are words for it."""
    needs = collection.needs()

    async def bounce(request: Request) -> Response:
        dry_run = flags(request, "dry_run")["dry_run"]
        body = await read_body(request, ("application/json",), needs)
        channel = said_in(Bounce, body).channel

        async def work(connection: Connection) -> Answer:
            current = await writing.locked(connection, collection, request.path_params["name"])
            await unchanged(request, connection, current)
            if not channels(current.record).get(channel):
                message = f"This {whose} has no {channel}."
                error = {"pointer": "/channel", "code": "no_such_channel", "message": message}
                raise Unprocessable("What is not there does not bounce.", errors=[error])
            if current.record[COLUMNS[channel]]:
                return Answer(200, current.json, {"ETag": f'"{current.tag}"'})
            after = await writing.put(connection, collection, current, {COLUMNS[channel]: True})
            return Answer(200, after.json, {"ETag": f'"{after.tag}"'})

        return await write(request, body, work, dry_run=dry_run, needs=needs)

    add_deed(
        router,
        "/{name}/bounce",
        bounce,
        f"bounce_{collection.singular.replace(' ', '_')}",
        Permission.EDIT,
        "Say that a channel bounces",
        collection.schema.__name__,
        parameters=[doc.name_parameter(collection)],
        description=f"Say that a channel leads to nobody: mail came back, the number is not in use. {ends}",
        body={
            "description": "Which channel.",
            "content": {
                "application/json": {"schema": doc.schema_ref("Bounce"), "example": {"channel": "email"}}
            },
        },
    )
