"""What is told of jobs: to the key that sent them and to administrators, as JSON that PostgreSQL makes."""

import hashlib
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

from app.access.caller import Caller, KeyMissing
from app.access.permissions import Role
from app.db import Compiled, Connection
from app.errors import NotFound
from app.operations.serving import Service

SAID = """json_strip_nulls(json_build_object(
    'id', id, 'state', state, 'collection', collection,
    'query', request ->> 'query', 'href', '/v1/jobs/' || id,
    'progress', json_build_object('step', step, 'rows', rows_read, 'bytes', bytes_read, 'bytes_of', bytes,
        'rows_of_about', case when step = 'reading' and bytes_read > 0
            then (rows_read::numeric * bytes / bytes_read)::bigint when step <> 'reading' then rows_read end),
    'attempts', attempts, 'created_at', created_at, 'started_at', started_at, 'finished_at', finished_at,
    'status', status, 'refused', case when refused_type is not null then '/v1/jobs/' || id || '/refused' end))"""
_REPORT = "report::text"
_SEEN = "($1::uuid is null or caller_id = $1)"
_ONE = Compiled(
    f"select {SAID}::text, {_REPORT}, finished_at is not null from jobs where id = $2 and {_SEEN}",  # noqa: S608
    ("caller", "id"),
    {},
)
_LIST = Compiled(
    f"select id, {SAID}::text from jobs where {_SEEN} and ($2::text is null or state = $2) "  # noqa: S608
    "and ($3::uuid is null or id < $3) order by id desc limit $4",
    ("caller", "state", "before", "limit"),
    {},
)
_REFUSED = Compiled(
    f"select refused_type from jobs where id = $2 and {_SEEN} and refused_type is not null",  # noqa: S608
    ("caller", "id"),
    {},
)
_PIECE = Compiled(
    "select content from job_pieces where job_id = $1 and part = 'refused' and number = $2",
    ("id", "number"),
    {},
)


def whose(caller: Caller) -> dict[str, UUID | None]:
    """Whose jobs a caller may see."""
    if caller.key_id is None:
        raise KeyMissing("A job is told to the key that has sent it.")
    return {"caller": None if caller.role is Role.ADMINISTRATOR else caller.key_id}


def no_such_job() -> NotFound:
    return NotFound("There is no such job, or it is another key's, or it finished long ago.")


def _whole(said: str, report: str | None) -> str:
    """The job with its report, which is the text that the synchronous answer would have been."""
    return f'{said[:-1]},"report":{report}}}' if report else said


async def job_of(service: Service, caller: Caller, job: UUID) -> tuple[str, bool]:
    """A job as JSON, and whether it has finished."""
    rows = await service.database.fetch(_ONE, {**whose(caller), "id": job}, caller.context)
    if not rows:
        raise no_such_job()
    return _whole(rows[0][0], rows[0][1]), rows[0][2]


async def job_as_it_is(connection: Connection, caller: Caller, job: UUID) -> str:
    """A job as JSON, as a transaction sees it."""
    row = await connection.fetchrow(_ONE.sql, *_ONE.args({**whose(caller), "id": job}))
    if row is None:
        raise no_such_job()
    return _whole(row[0], row[1])


async def jobs_of(
    service: Service, caller: Caller, *, state: str | None, before: UUID | None, limit: int
) -> list[tuple[UUID, str]]:
    """Jobs as JSON, newest first, without their reports."""
    asked: dict[str, Any] = {**whose(caller), "state": state, "before": before, "limit": limit}
    return [(row[0], row[1]) for row in await service.database.fetch(_LIST, asked, caller.context)]


async def refused_rows_of(service: Service, caller: Caller, job: UUID) -> tuple[str, AsyncIterator[bytes]]:
    """Media type and content of the refused rows; no connection is held while they are sent."""
    rows = await service.database.fetch(_REFUSED, {**whose(caller), "id": job}, caller.context)
    if not rows:
        raise NotFound("There is no such job, or no row of it was refused, or it has not finished.")

    async def content() -> AsyncIterator[bytes]:
        number = 0
        while pieces := await service.database.fetch(_PIECE, {"id": job, "number": number}, caller.context):
            yield pieces[0][0]
            number += 1

    return rows[0][0], content()


def tag(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]
