"""Reading: one item, a page, an export (counts: `counting`). One statement each; the bytes are PostgreSQL's own."""

import asyncio
import json
import re
from collections.abc import AsyncGenerator, Iterable
from functools import partial
from typing import Any

from fastapi import Request, Response
from fastapi.responses import StreamingResponse

from app.access.permissions import Permission
from app.collection.asked import LIMIT, Asked, read
from app.collection.collection import Collection
from app.collection.cursors import continued, cursor_of
from app.collection.items import item_plan, items_plan
from app.collection.merged import MergedAway, ended, ended_plan, survivors_plan
from app.collection.own_keys import OWN_KEY
from app.collection.pages import count_plan, export_plan, page_plan
from app.collection.renditions import Rendition
from app.db import Compiled, Connection, Context
from app.errors import InvalidParameter, NotAcceptable, NotFound
from app.gathering import Found
from app.http.answers import Told, Unchanged
from app.http.etags import known_tags
from app.http.formats import CSV, JSON, NDJSON, XLSX, Format, chosen
from app.operations import sheets
from app.operations.answering import caching, digest, tells_of_people
from app.operations.comparisons import compared
from app.operations.copying import resumed, streamed
from app.operations.kept import VERSION
from app.operations.moments import OF_ONE, Moment
from app.operations.serving import (
    Service,
    address_of,
    caller_of,
    context_of,
    headers_of,
    moment_of,
    service_of,
)
from app.operations.versions import version_of

LIST_FORMATS = (JSON, NDJSON, CSV, XLSX)


async def permitted(request: Request, collection: Collection) -> Context:
    """What the database is to know of the caller, if they may read the collection at all."""
    (await caller_of(request)).require(collection.reads, collection.path)
    if collection.shows_people({}):
        tells_of_people(request)
    return await context_of(request)


async def refuse_unseen(request: Request, collection: Collection, paths: Iterable[str]) -> None:
    """Who does not see the people behind offices does not look for offices by them either."""
    if any(collection.is_personal(path) for path in paths):
        (await caller_of(request)).require(Permission.READ_CONTACTS)


async def _columns(request: Request, collection: Collection, asked: Asked) -> tuple[str, ...]:
    """The fields of a table. What is withheld has no column there: an empty cell would say something else."""
    names = asked.shape.fields or tuple(collection.outputs)
    if collection.personal is None or (await caller_of(request)).reach(Permission.READ_CONTACTS):
        return names
    if not asked.shape.fields:
        return tuple(name for name in names if name not in collection.personal.fields)
    await refuse_unseen(request, collection, names)
    return names


def suffix_of(request: Request, moment: Moment | None, collection: Collection, asked: Asked) -> str:
    """What a tag says beside the version."""
    return digest(request, moment, people=collection.shows_people(asked.expand))


async def item(request: Request, collection: Collection, name: str) -> Response:
    """One record, or 304."""
    context = await permitted(request, collection)
    style = next((each for each in collection.renditions if name.endswith(f".{each.ending}")), None)
    if style is not None:
        name = name.removesuffix(f".{style.ending}")
    column, value = collection.named(collection.table, name)
    answer = await _item(request, collection, context, column.key, value, style)
    if answer is None:
        raise await _gone(request, collection, context, name)
    return answer


async def keyed_item(request: Request, collection: Collection, key: str) -> Response:
    """The record that an own key stands for, or 304."""
    context = await permitted(request, collection)
    answer = await _item(request, collection, context, OWN_KEY, key)
    if answer is None:
        raise NotFound(f"There is no {collection.singular} with this own key.")
    return answer


async def _item(
    request: Request,
    collection: Collection,
    context: Context,
    by: str,
    value: Any,
    fixed: Format | None = None,
) -> Response | None:
    headers = headers_of(request)
    style = fixed or chosen(headers.get(b"accept"), (JSON, *collection.renditions))
    asked = read(collection, request.scope["query_string"], only=("fields", "expand"))
    rendition = collection.renditions.get(style)
    if rendition:
        _shape_for(rendition, asked)
    moment = await moment_of(request)
    if moment and not asked.expand:
        context = {**context, **OF_ONE}
    suffix = f".{moment.head}" if moment else ""
    if not asked.whole:
        suffix = f".{suffix_of(request, moment, collection, asked)}"
    suffix += style.ending if rendition else ""

    async def looked_up(*, tag_only: bool = False) -> Found:
        database, plan = service_of(request).database, item_plan(collection, by, asked, tag_only=tag_only)
        # What costs so little that many may be asked for at once.
        if asked.whole and moment is None and by != OWN_KEY:
            together = partial(items_plan, collection, by, asked, tag_only=tag_only)
            return await database.one({"name": value}, plan, together, context)
        rows = await database.fetch(plan, {"name": value}, context)
        return rows[0] if rows else None

    if known := known_tags(headers):  # the tag costs a fraction of the record
        row = await looked_up(tag_only=True)
        if row and ("*" in known or f"{row[0]}{suffix}" in known):
            return Unchanged(caching(moment, ETag=f'"{row[0]}{suffix}"'))
    row = await looked_up()
    if row is None:
        return None
    tag, text = row
    answer = caching(moment, ETag=f'"{tag}{suffix}"')
    if rendition:
        text = _alone(request, collection, rendition, json.loads(text))
        answer["Content-Disposition"] = f'attachment; filename="{collection.path}.{style.ending}"'
    return Told(text, answer, style.content_type)


def _alone(request: Request, collection: Collection, rendition: Rendition, record: dict[str, Any]) -> str:
    """One record in another form, if that has a place for it."""
    text = rendition.one(record, f"{_list_address(request, collection)}/{record['id']}")
    if not text:
        raise NotAcceptable(rendition.nothing, available=[JSON.media_type])
    opens, closes = rendition.alone
    return opens + text + closes


def _list_address(request: Request, collection: Collection) -> str:
    return f"{address_of(request)}/v1/{collection.path}"


def _shape_for(rendition: Rendition, asked: Asked) -> None:
    """Read what another form needs of a record; it has no use for less."""
    if not asked.whole:
        name = "fields" if asked.shape.fields else "expand"
        raise InvalidParameter(
            f"This form has contents of its own: leave `{name}` out.",
            errors=[{"parameter": name, "code": "not_here"}],
        )
    asked.shape = asked.shape._replace(expand=rendition.expand)


async def _gone(request: Request, collection: Collection, context: Context, name: str) -> Exception:
    """404, with a word about a record that was deleted; 308 for one that was merged."""
    missing = collection.missing(name)
    by, value = collection.named(collection.table, name)
    merged = survivors_plan(collection, by.key)
    if rows := await service_of(request).database.fetch(merged, {"names": [str(value)]}, context):
        return MergedAway(collection, rows[0]["id"])
    if rows := await service_of(request).database.fetch(
        ended_plan(collection, by.key), {"names": [str(value)]}, context
    ):
        return ended(collection, *rows[0])
    if "-" in name and len(name) == 36:
        plan = Compiled(
            "select c.at, h.salt is null as erased from changes h join commits c on c.number = h.commit_number "
            "where h.record_id = $1 and h.kind = $2 and h.action = 'delete' order by h.version desc limit 1",
            ("id", "kind"),
            {},
        )
        rows = await service_of(request).database.fetch(plan, {"id": value, "kind": collection.name}, context)
        if rows:
            at, erased = rows[0]
            missing.detail = (
                f"This {collection.singular} was erased."
                if erased
                else f"This {collection.singular} was deleted on {at:%Y-%m-%d}. "
                f"POST /v1/{collection.path}/{name}/restore brings it back."
            )
    return missing


async def page(request: Request, collection: Collection, fixed: Format | None = None) -> Response:
    """A page of a list, or the whole list in another format, or 304."""
    headers = headers_of(request)
    context = await permitted(request, collection)
    service = service_of(request)
    style = fixed or chosen(headers.get(b"accept"), (*LIST_FORMATS, *collection.renditions))
    moment = await moment_of(request)
    asked = read(collection, request.scope["query_string"], today=moment.day if moment else None)
    await refuse_unseen(request, collection, (path for path, _ in asked.shape.filters))
    since = next((value for name, _, value in asked.pairs if name == "compare"), None)
    if since is not None and style is JSON:
        return await compared(request, collection, since)
    if since is not None:
        raise InvalidParameter(
            "A comparison is answered as JSON.", errors=[{"parameter": "compare", "code": "not_here"}]
        )
    asked.as_of = moment.text if moment else ""
    asked = continued(service.seal, collection, asked)
    if style is not JSON:
        return await _export(request, collection, context, moment, asked, style)
    limit = asked.limit or LIMIT
    suffix = suffix_of(request, moment, collection, asked)
    if known := known_tags(headers):
        answer = caching(moment, ETag=f'"{(await version_of(service, moment))[0]}.{suffix}"')
        if "*" in known or answer["ETag"].strip('"') in known:
            return Unchanged(answer)
    asked.shape, values = asked.paged(limit), {**asked.values, "limit": limit + 1}
    rows = await service.database.fetch(
        page_plan(collection, asked, settled=asked.shape.after), values, context
    )
    if moved := asked.shape.after and rows[0]["moved"]:
        rows = await service.database.fetch(page_plan(collection, asked), values, context)
        moved = rows[0]["moved"]
    position = rows[0]["position"]
    answer = caching(moment, ETag=f'"{position}.{suffix}"')
    items = [row["j"] for row in rows[:limit] if row["j"] is not None]
    total = ""
    if asked.count:
        answer["Total-Count"] = await _count(service, collection, context, asked)
        total = f',"total":{answer["Total-Count"]}'
    following = "null"
    if len(rows) > limit:
        last = rows[limit - 1]
        keys = [last[f"k{number}"] for number in range(len(asked.shape.sort))]
        cursor = cursor_of(service.seal, asked, values["since"] if moved else position, keys)
        address = (
            f"{address_of(request)}{request.scope['path']}?{asked.query(as_of=asked.as_of, cursor=cursor)}"
        )
        following = json.dumps(address)
        answer["Link"] = f'<{address}>; rel="next"'
    return Told(f'{{"items":[{",".join(items)}],"next":{following}{total}}}', answer)


async def _count(service: Service, collection: Collection, context: Context, asked: Asked) -> str:
    return str((await service.database.fetch(count_plan(collection, asked), asked.values, context))[0][0])


def _known_position(headers: dict[bytes, bytes], suffix: str) -> int:
    for tag in known_tags(headers):
        position, _, digest = tag.partition(".")
        if digest == suffix and re.fullmatch(r"[0-9]{1,18}", position):
            return int(position)
    return -1


async def _export(
    request: Request,
    collection: Collection,
    context: Context,
    moment: Moment | None,
    asked: Asked,
    style: Format,
) -> Response:
    """The whole list, streamed. It stops after `limit` rows if one is asked for."""
    service, headers = service_of(request), headers_of(request)
    rendition = collection.renditions.get(style)
    if rendition:
        _shape_for(rendition, asked)
    elif style is not NDJSON and asked.shape.expand:
        raise InvalidParameter(
            "A cell holds no record: leave `expand` out, or ask for NDJSON.",
            errors=[{"parameter": "expand", "code": "not_in_csv"}],
        )
    if style in {CSV, XLSX} and collection.personal:
        asked.shape = asked.shape._replace(fields=await _columns(request, collection, asked))
    suffix = suffix_of(request, moment, collection, asked) + style.ending
    known = _known_position(headers, suffix)
    position: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    rows: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def begin(connection: Connection) -> bool:
        position.set_result(await connection.fetchval(VERSION.sql))
        if position.result() != known and style is XLSX:
            rows.set_result(await sheets.counted(connection, collection, asked))
        return position.result() != known

    copied_as = NDJSON if rendition else style
    plan = export_plan(collection, asked, copied_as.ending)
    chunks = streamed(service, context, plan, {**asked.values, "limit": asked.limit}, copied_as, begin)
    first = await anext(chunks, b"")  # a refusal by the database is still a problem document
    answer = caching(moment, ETag=f'"{position.result()}.{suffix}"')
    if position.result() == known or "*" in known_tags(headers):
        await chunks.aclose()
        return Unchanged(answer)
    answer["Content-Type"] = style.content_type
    answer["Content-Disposition"] = f'attachment; filename="{collection.path}.{style.ending}"'
    if asked.count:
        answer["Total-Count"] = await _count(service, collection, context, asked)
    whole = resumed(first, chunks)
    if style is XLSX:
        whole = sheets.workbook(collection, asked, rows.result(), whole)
    elif rendition:
        whole = _rendered(rendition, _list_address(request, collection), whole)
    return StreamingResponse(whole, 200, answer)


async def _rendered(
    rendition: Rendition, address: str, lines: AsyncGenerator[bytes]
) -> AsyncGenerator[bytes]:
    """Records, one a line, in another form; what is left of a piece begins the next."""
    opens, between, closes = (each.encode() for each in rendition.around)
    yield opens
    rest, joint = b"", b""
    async for piece in lines:
        *whole, rest = (rest + piece).split(b"\n")
        for line in whole:
            record = json.loads(line)
            if text := rendition.one(record, f"{address}/{record['id']}"):
                yield joint + text.encode()
                joint = between
            await asyncio.sleep(0)  # others are answered between any two records
    yield closes
