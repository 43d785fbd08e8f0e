"""The operations on jobs: list, read, cancel, and the rows that were refused."""

import json
import re
from uuid import UUID

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse

from app.access.permissions import Permission
from app.collection.asked import only
from app.db import Connection
from app.errors import Conflict, InvalidParameter, NotFound, did_you_mean
from app.http.answers import Unchanged
from app.http.etags import not_modified
from app.http.formats import JSON, chosen
from app.jobs import asking, queue
from app.jobs import documented as told
from app.jobs.models import STATES
from app.operations.answering import tagged
from app.operations.doors import open_door
from app.operations.routes import flags
from app.operations.serving import address_of, caller_of, headers_of, service_of
from app.operations.transactions import Answer, write

router = APIRouter(prefix="/jobs", tags=["Jobs"])
_LIMIT, _LIMIT_MOST = 50, 200
_PRIVATE = {"Cache-Control": "private, no-cache"}
_PARAMETERS = ("state", "before", "limit")
_UUID = re.compile(r"[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")


class JobFinished(Conflict):
    """The job has finished: it cannot be cancelled any more. Its report says what was done."""


async def list_jobs(request: Request) -> Response:
    caller = await caller_of(request)
    chosen(headers_of(request).get(b"accept"), (JSON,))
    asked = _asked(request)
    limit = int(asked.get("limit", _LIMIT))
    before = UUID(asked["before"]) if "before" in asked else None
    found = await asking.jobs_of(
        service_of(request), caller, state=asked.get("state"), before=before, limit=limit + 1
    )
    following = "null"
    if len(found) > limit:
        state = f"state={asked['state']}&" if "state" in asked else ""
        following = json.dumps(
            f"{address_of(request)}/v1/jobs?{state}limit={limit}&before={found[limit - 1][0]}"
        )
    items = ",".join(text for _, text in found[:limit])
    return _tagged(request, f'{{"items":[{items}],"next":{following}}}')


async def read_job(request: Request) -> Response:
    caller = await caller_of(request)
    chosen(headers_of(request).get(b"accept"), (JSON,))
    only(request.scope["query_string"], ())
    text, finished = await asking.job_of(service_of(request), caller, _id(request))
    return _tagged(request, text, **({} if finished else {"Retry-After": "1"}))


async def cancel_job(request: Request) -> Response:
    dry_run = flags(request, "dry_run")["dry_run"]
    job, caller = _id(request), await caller_of(request)
    patience = service_of(request).settings.bulk_budget

    async def work(connection: Connection) -> Answer:
        await asking.job_as_it_is(connection, caller, job)  # or 404
        if not await queue.cancelled(connection, job, patience):
            raise JobFinished("The job has finished.")
        return Answer(200, await asking.job_as_it_is(connection, caller, job))

    return await write(request, b"", work, dry_run=dry_run)


async def read_refused_rows(request: Request) -> Response:
    caller = await caller_of(request)
    only(request.scope["query_string"], ())
    job = _id(request)
    media, content = await asking.refused_rows_of(service_of(request), caller, job)
    headers = {**_PRIVATE, "ETag": f'"{job}"'}
    if not_modified(headers_of(request).get(b"if-none-match"), str(job)):
        return Unchanged(headers)
    return StreamingResponse(content, 200, headers, media_type=media)


def _id(request: Request) -> UUID:
    said = request.path_params["id"]
    if not _UUID.fullmatch(said):
        raise NotFound("A job is named by its id.")
    return UUID(said)


def _tagged(request: Request, text: str, **more: str) -> Response:
    return tagged(request, text, asking.tag(text), {**_PRIVATE, **more})


def _asked(request: Request) -> dict[str, str]:
    """The parameters of the list."""
    asked = only(request.scope["query_string"], _PARAMETERS)
    good = {
        "state": asked.get("state", STATES[0]) in STATES,
        "before": bool(_UUID.fullmatch(asked["before"])) if "before" in asked else True,
        "limit": bool(re.fullmatch("[1-9][0-9]{0,2}", limit := asked.get("limit", "1")))
        and int(limit) <= _LIMIT_MOST,
    }
    for name, fits in good.items():
        if not fits:
            hint = did_you_mean(asked[name][:60], STATES) if name == "state" else {}
            raise InvalidParameter(
                told.SENTENCES[name], errors=[{"parameter": name, "code": "unreadable", **hint}]
            )
    return asked


for _handler, _method, _path, _permission, _words in (
    (list_jobs, "GET", "", Permission.READ, told.LIST),
    (read_job, "GET", "/{id}", Permission.READ, told.READ),
    (cancel_job, "DELETE", "/{id}", Permission.EDIT, told.CANCEL),
    (read_refused_rows, "GET", "/{id}/refused", Permission.READ, told.REFUSED),
):
    _name = _handler.__name__
    open_door(router, _method, _path, _handler, _name, _permission, **_words)
