"""Records by the caller's own key: read, and put, which makes the record or changes it."""

from typing import Any

from fastapi import APIRouter, Request, Response

from app.access.permissions import Permission
from app.collection import writing
from app.collection.collection import Collection
from app.collection.own_keys import KEY, OWN_KEY, SYSTEM, is_own_key
from app.collection.validation import from_nothing
from app.errors import NotFound
from app.http.bodies import read_object
from app.http.etags import ChangedMeanwhile, tags
from app.operations import documented as doc
from app.operations import reading
from app.operations.doors import open_door
from app.operations.group_commit import write_grouped
from app.operations.routes import flags, read_body, unchanged
from app.operations.serving import headers_of
from app.operations.together import Change, changed, changing, made
from app.operations.transactions import Answer

_PATH = "/by-key/{system}/{key}"


def by_key(collection: Collection) -> APIRouter:
    """The operations that name a record by `system` and `key`."""
    words = collection.singular
    one, article = words.replace(" ", "_"), "an" if words[0] in "aeiou" else "a"
    router = APIRouter(prefix=f"/{collection.path}", tags=[collection.path.replace("-", " ").capitalize()])

    puts = changing(collection, OWN_KEY, _put)

    async def read_by_key(request: Request) -> Response:
        return await reading.keyed_item(request, collection, _key(request))

    async def put_by_key(request: Request) -> Response:
        dry_run = flags(request, "dry_run")["dry_run"]
        body = await read_body(request, ("application/json",), collection.needs())
        key, system = _key(request), request.path_params["system"]
        record = read_object(body)
        patch = _with_key(record, key) if "keys" in record else record

        async def work(connection: Any) -> Answer:
            current = await writing.locked_by_key(connection, collection, key)
            if current is None:
                return await _created(request, connection, collection, _with_key(record, key))
            await unchanged(request, connection, current)
            return _put(await writing.change(connection, collection, current, patch))

        change, needs = Change(patch, headers_of(request).get(b"if-match")), collection.needs()
        form = (collection.name, OWN_KEY, system)
        return await write_grouped(
            request, body, work, puts, *form,
            said=lambda: change, dry_run=dry_run, needs=needs, name=key, system=system,
        )  # fmt: skip

    def add(method: str, handler: Any, verb: str, permission: Permission, **more: Any) -> None:
        name = f"{verb}_{one}_by_key"
        open_door(router, method, _PATH, handler, name, permission, **more)

    content = doc.record_content(collection)
    add(
        "GET",
        read_by_key,
        "read",
        collection.reads,
        summary=f"Read {article} {words} by own key",
        description=f"Read the {words} that another system knows by this key.",
        responses=doc.ok(200, f"The {words}.", doc.item_content(collection), "ETag", "Memento-Datetime")
        | doc.problems(*doc.READS, 304, 404),
        openapi_extra={
            "parameters": [*_NAMES, *doc.shaping_parameters(collection), *doc.AS_OF, doc.IF_NONE_MATCH]
        },
    )
    add(
        "PUT",
        put_by_key,
        "put",
        collection.writes,
        summary=f"Put {article} {words} by own key",
        description=f"Make the {words} that your system knows by this key, or change it: the body is the fields to "
        "set, what is absent stays. The key is added to the record. The same again is `unchanged`: nothing is "
        "written.",
        responses=doc.ok(200, "As it is now.", content, "ETag", "Write-Result", *doc.WRITTEN)
        | doc.ok(201, "Made.", content, "ETag", "Location", "Write-Result", *doc.WRITTEN)
        | doc.problems(*doc.WRITES, 404, 412, 428),
        openapi_extra={
            "parameters": [*_NAMES, doc.DRY_RUN, doc.IF_MATCH, doc.IDEMPOTENCY_KEY, doc.REASON],
            "requestBody": {
                "required": True,
                "description": "The fields to set; a new record needs those that a POST needs.",
                "content": {
                    "application/json": {
                        "schema": doc.schema_ref(f"{collection.schema.__name__}Patch"),
                        "example": doc.request_example(collection),
                    }
                },
            },
            "security": [{"bearer": []}, {"api_key": []}],
        },
    )
    return router


def _put(after: writing.Written) -> Answer:
    """The answer to who has put a record that was there."""
    answer = changed(after)
    answer.headers["Write-Result"] = "updated" if after.changed else "unchanged"
    return answer


async def _created(
    request: Request, connection: Any, collection: Collection, record: dict[str, Any]
) -> Answer:
    if (header := headers_of(request).get(b"if-match")) is not None:
        tags(header, "If-Match")  # one that cannot be read is refused as such
        raise ChangedMeanwhile(
            f"There is no {collection.singular} with this own key, so no version of it either."
        )
    answer = made(collection, await writing.create(connection, collection, from_nothing(collection, record)))
    answer.headers["Write-Result"] = "created"
    return answer


def _key(request: Request) -> str:
    """The own key that the path names."""
    key = "{system}:{key}".format(**request.path_params)
    if not is_own_key(key):
        raise NotFound(
            "An own key is a system in small letters, digits and `-`, and a key in letters, digits, `._-`."
        )
    return key


def _with_key(record: dict[str, Any], key: str) -> dict[str, Any]:
    """The body with the own key among its keys."""
    keys = record.get("keys") or []
    return {**record, "keys": keys if not isinstance(keys, list) or key in keys else [*keys, key]}


_NAMES = [
    doc.parameter(
        "system",
        "Your system.",
        {"type": "string", "maxLength": 40, "pattern": f"^{SYSTEM}$"},
        "moj-th",
        place="path",
    ),
    doc.parameter(
        "key",
        "The key by which it knows the record.",
        {"type": "string", "maxLength": 120, "pattern": f"^{KEY}$"},
        "TH-ACT-17",
        place="path",
    ),
]
doc.HEADERS["Write-Result"] = {
    "description": "What the request did: `unchanged` wrote nothing.",
    "schema": {"type": "string", "enum": ["created", "updated", "unchanged"]},
    "example": "updated",
}
