"""The routes of a resource: list, count, create, read, update, delete, restore."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from fastapi import APIRouter, Request, Response

from app.access.caller import EDIT, Right
from app.access.permissions import Permission
from app.collection import removing, restoring, writing
from app.collection.asked import only
from app.collection.collection import Collection
from app.collection.validation import validated
from app.errors import InvalidParameter
from app.http.bodies import MERGE_PATCH, check_type, read_object
from app.http.etags import ChangedMeanwhile, allows
from app.http.formats import Format
from app.operations import against, counting, reading
from app.operations import documented as doc
from app.operations.doors import TREE, Against, Handler, open_door
from app.operations.duplicates import WORDS, compared, on_duplicate
from app.operations.group_commit import write_grouped
from app.operations.serving import caller_of, headers_of
from app.operations.together import Change, changed, changing, creating, made
from app.operations.transactions import Answer, write


def flags(request: Request, *allowed: str) -> dict[str, bool]:
    """The true-or-false parameters of a write."""
    found = dict.fromkeys(allowed, False)
    for name, value in only(request.scope["query_string"], allowed).items():
        found[name] = truth(name, value)
    return found


def truth(name: str, value: str) -> bool:
    """What a true-or-false parameter says."""
    if value not in {"true", "false"}:
        raise InvalidParameter(
            f"`{name}` is `true` or `false`.", errors=[{"parameter": name, "code": "unreadable"}]
        )
    return value == "true"


def creation(request: Request, collection: Collection) -> tuple[bool, str]:
    """What is asked of a create: whether it is a dry run, and what is to happen if there is one like it."""
    given = only(request.scope["query_string"], ("dry_run", *collection.creating))
    return truth("dry_run", given.get("dry_run", "false")), on_duplicate(given)


def operations(
    collection: Collection, *, tag: str, plural: str | None = None, create: bool = True, remove: bool = True
) -> APIRouter:
    """A router with every operation that the resource has from its declaration."""
    router = APIRouter(prefix=f"/{collection.path}", tags=[tag])
    one, many = collection.singular.replace(" ", "_"), (plural or collection.name)
    article = "an" if one[0] in "aeiou" else "a"
    words = collection.singular

    def add(
        method: str,
        path: str,
        handler: Handler,
        name: str,
        permission: Permission,
        summary: str,
        description: str,
        *,
        responses: dict[int | str, dict[str, Any]],
        parameters: list[dict[str, Any]],
        body: dict[str, Any] | None = None,
        status: int = 200,
        held: bool = True,
        refused: tuple[Against, ...] = (),
        deleted: tuple[Against, ...] | None = None,
    ) -> None:
        extra: dict[str, Any] = {"parameters": parameters}
        if body is not None:
            extra["requestBody"] = body
        if permission is not Permission.READ:
            extra["security"] = [{"bearer": []}, {"api_key": []}]
        open_door(
            router,
            method,
            path,
            handler,
            name,
            permission,
            held=held,
            against=refused,
            deleted=deleted,
            summary=summary,
            description=description,
            responses=responses,
            status_code=status,
            openapi_extra=extra,
        )

    creates = creating(collection)
    changes = {by: changing(collection, by) for by in ("id", "number", "code")}

    async def list_records(request: Request) -> Response:
        return await reading.page(request, collection)

    async def count_records(request: Request) -> Response:
        return await counting.stats(request, collection)

    async def read_record(request: Request) -> Response:
        return await reading.item(request, collection, request.path_params["name"])

    async def create_record(request: Request) -> Response:
        dry_run, word = creation(request, collection)
        body = await read_body(request, ("application/json",), collection.needs())
        record = read_object(body)

        @cache
        def draft() -> Mapping[str, Any]:
            return validated(collection, record)

        async def work(connection: Any) -> Answer:
            record = await writing.make(connection, collection, draft())
            return made(collection, record, await compared(connection, collection, record, word))

        together, needs = creates if word == WORDS[0] else None, collection.needs()
        return await write_grouped(
            request, body, work, together, collection.name, said=draft, dry_run=dry_run, needs=needs
        )

    async def update_record(request: Request) -> Response:
        dry_run = flags(request, "dry_run")["dry_run"]
        body = await read_body(request, (MERGE_PATCH, "application/json"), collection.needs())
        name = request.path_params["name"]
        patch = read_object(body)

        async def work(connection: Any) -> Answer:
            current = await writing.locked(connection, collection, name)
            await unchanged(request, connection, current)
            return changed(await writing.change(connection, collection, current, patch))

        by, value = collection.named(collection.table, name)
        change, needs = Change(patch, headers_of(request).get(b"if-match")), collection.needs()
        form = (collection.name, by.key)
        return await write_grouped(
            request, body, work, changes[by.key], *form,
            said=lambda: change, dry_run=dry_run, needs=needs, name=value,
        )  # fmt: skip

    async def delete_record(request: Request) -> Response:
        asked = flags(request, "dry_run", "cascade")
        name = request.path_params["name"]

        async def work(connection: Any) -> Answer:
            if asked["cascade"]:
                whole = await writing.seen(connection, collection, name)
                await removing.hold_what_goes(connection, collection.table, [whole.id])
            current = await writing.locked(connection, collection, name)
            await unchanged(request, connection, current)
            await removing.remove(connection, collection, current, cascade=asked["cascade"])
            return Answer(204)

        return await write(request, b"", work, dry_run=asked["dry_run"], needs=collection.needs())

    async def restore_record(request: Request) -> Response:
        dry_run = flags(request, "dry_run")["dry_run"]
        name = request.path_params["name"]

        async def work(connection: Any) -> Answer:
            back = await restoring.restore(connection, collection, name)
            return Answer(200, back.json, {"ETag": f'"{back.tag}"'})

        return await write(request, b"", work, dry_run=dry_run, needs=collection.needs())

    one_record = [doc.name_parameter(collection)]
    content = doc.record_content(collection)
    add(
        "GET", "", list_records, f"list_{many}", collection.reads, f"List {many.replace('_', ' ')}",
        f"List {many.replace('_', ' ')}: filtered, sorted, in pages; or all as CSV, XLSX or NDJSON by `Accept`.",
        responses=doc.ok(
            200, "A page.", doc.list_content(collection), "ETag", "Link", "Total-Count", "Memento-Datetime"
        ) | doc.problems(*doc.READS, 304),
        parameters=[*doc.list_parameters(collection), *doc.AS_OF, doc.IF_NONE_MATCH],
    )  # fmt: skip
    add(
        "GET", "/stats", count_records, f"count_{many}", collection.reads, f"Count {many.replace('_', ' ')}",
        "Count per group. Every cell has the address of the list behind it.",
        responses=doc.ok(200, "The counts.", doc.counts_content(collection), "ETag", "Memento-Datetime")
        | doc.problems(*doc.READS, 304),
        parameters=[*doc.stats_parameters(collection), *doc.AS_OF, doc.IF_NONE_MATCH],
    )  # fmt: skip
    add(
        "GET", "/{name}", read_record, f"read_{one}", collection.reads, f"Read {article} {words}",
        f"Read one {words}.",
        responses=doc.ok(200, f"The {words}.", doc.item_content(collection), "ETag", "Memento-Datetime")
        | doc.problems(*doc.READS, 304, 308, 404),
        parameters=[*one_record, *doc.shaping_parameters(collection), *doc.AS_OF, doc.IF_NONE_MATCH],
    )  # fmt: skip
    if create:
        add(
            "POST", "", create_record, f"create_{one}", collection.writes, f"Add {article} {words}",
            f"Add {article} {words}.",
            responses=doc.ok(
                201, "Made.", content, "ETag", "Location", *doc.WRITTEN, links=doc.links_of(collection, one)
            ) | doc.problems(*doc.WRITES),
            parameters=[
                doc.DRY_RUN, *([doc.ON_DUPLICATE] if collection.creating else []), doc.IDEMPOTENCY_KEY, doc.REASON,
            ],
            body=doc.body_of(collection),
            status=201,
        )  # fmt: skip
    add(
        "PATCH", "/{name}", update_record, f"update_{one}", collection.writes, f"Change {article} {words}",
        f"Change some fields of {article} {words}. What is the same already is not written again.",
        responses=doc.ok(200, "As it is now.", content, "ETag", *doc.WRITTEN)
        | doc.problems(*doc.WRITES, 308, 404, 412, 428),
        parameters=[*one_record, doc.DRY_RUN, doc.IF_MATCH, doc.IDEMPOTENCY_KEY, doc.REASON],
        body=doc.patch_of(collection), refused=(against.settled(collection),),
    )  # fmt: skip
    if remove:
        writes = [status for status in doc.WRITES if status != 415]
        add(
            "DELETE", "/{name}", delete_record, f"delete_{one}", collection.writes, f"Delete {article} {words}",
            f"Delete {article} {words}. The journal keeps it, and `restore` brings it back. "
            "Records that refer to it block this, unless `cascade=true`.",
            responses=doc.ok(204, "Deleted.", None, *doc.WRITTEN) | doc.problems(*writes, 308, 404, 412, 428),
            parameters=[*one_record, doc.DRY_RUN, doc.CASCADE, doc.IF_MATCH, doc.IDEMPOTENCY_KEY, doc.REASON],
            status=204,
            refused=(against.referred(collection), against.lasting(collection), against.referred_unseen(collection)),
        )  # fmt: skip
        add(
            "POST", "/{name}/restore", restore_record, f"restore_{one}", collection.writes,
            f"Bring back {article} {words}", f"Bring back a deleted {words} as it last was, by its id.",
            responses=doc.ok(200, "As it is again.", content, "ETag", *doc.WRITTEN) | doc.problems(*writes, 308, 404),
            parameters=[doc.id_parameter(collection), doc.DRY_RUN, doc.IDEMPOTENCY_KEY, doc.REASON],
            held=False, refused=(against.there(collection),),
            deleted=(against.as_it_was(collection),),
        )  # fmt: skip
    return router


def endings(collection: Collection) -> APIRouter:
    """`/events.csv` and its like: the list by a plain ending, for people who paste addresses."""
    router = APIRouter()
    for style in (*reading.LIST_FORMATS, *collection.renditions):
        path, ended = f"/{collection.path}.{style.ending}", _ended(collection, style)
        TREE.add("GET", f"/v1{path}", ended)
        router.add_api_route(path, ended, include_in_schema=False, response_model=None)
    return router


def _ended(collection: Collection, style: Format) -> Handler:
    async def list_in_format(request: Request) -> Response:
        return await reading.page(request, collection, style)

    return list_in_format


async def read_body(request: Request, accepted: tuple[str, ...], needs: Right = EDIT) -> bytes:
    """The whole body, read before a connection is taken; the caller is asked for first."""
    needs.asked_of(await caller_of(request))
    check_type(headers_of(request), accepted)
    return await request.body()


async def unchanged(request: Request, connection: Any, current: writing.Current) -> None:
    """If-Match: refuse with the record as it is now, and with what changed since."""
    caller = await caller_of(request)
    header = headers_of(request).get(b"if-match")
    if allows(header, current.version, required=caller.require_if_match):
        return
    raise ChangedMeanwhile(
        f"The record is at version {current.version} by now.",
        headers={"ETag": f'"{current.tag}"'},
        **await writing.since(connection, current, (header or b"").decode("latin-1")),
    )
