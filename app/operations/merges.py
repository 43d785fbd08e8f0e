"""Merging a record into another."""

from typing import Any

from fastapi import APIRouter, Request, Response

from app.collection import merging
from app.collection.collection import Collection
from app.http.bodies import read_object
from app.operations import documented as doc
from app.operations.against import distinct, lasting, named
from app.operations.doors import open_door
from app.operations.routes import flags, read_body, unchanged
from app.operations.transactions import Answer, write

_PATH = "/{name}/merge"


def merge_of(collection: Collection) -> APIRouter:
    """`POST /{name}/merge` of a collection."""
    words = collection.singular
    one, article = words.replace(" ", "_"), "an" if words[0] in "aeiou" else "a"
    router = APIRouter(prefix=f"/{collection.path}", tags=[collection.path.replace("-", " ").capitalize()])

    async def merge_record(request: Request) -> Response:
        dry_run = flags(request, "dry_run")["dry_run"]
        body = await read_body(request, ("application/json",), collection.needs())
        said = read_object(body)

        async def work(connection: Any) -> Answer:
            current = await merging.loser(connection, collection, request.path_params["name"])
            await unchanged(request, connection, current)
            after = await merging.merge(connection, collection, current, said)
            place = f"/v1/{collection.path}/{after.id}"
            return Answer(200, after.json, {"ETag": f'"{after.tag}"', "Content-Location": place})

        return await write(request, body, work, dry_run=dry_run, needs=collection.needs())

    name = f"merge_{one}"
    open_door(
        router,
        "POST",
        _PATH,
        merge_record,
        name,
        collection.writes,
        against=(distinct(collection), named(collection), lasting(collection)),
        summary=f"Merge {article} {words} into another",
        description=f"Always refused. {collection.distinct}"
        if collection.distinct
        else f"For two records of one {words}: references and own keys of this one move to the one that the "
        "body names, and this one is deleted as merged. Its id and its human key lead there from then on: reading and "
        "writing answer 308, imports by its own keys find the other. Both histories stay.",
        responses=doc.ok(
            200,
            "The one that stands for both, as it is now.",
            doc.record_content(collection),
            "ETag",
            "Content-Location",
            *doc.WRITTEN,
        )
        | doc.problems(*doc.WRITES, 404, 412, 428),
        openapi_extra={
            "parameters": [
                doc.name_parameter(collection),
                doc.DRY_RUN,
                doc.IF_MATCH,
                doc.IDEMPOTENCY_KEY,
                doc.REASON,
            ],
            "requestBody": {
                "required": True,
                "description": "Which record stands for both.",
                "content": {"application/json": doc.merge_body(collection)},
            },
            "security": [{"bearer": []}, {"api_key": []}],
        },
    )
    return router
