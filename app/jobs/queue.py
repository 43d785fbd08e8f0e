"""The queue of jobs, in the database: what was accepted is not lost, and one transaction at a time works at a job.

Who works at a job holds its lock in the very transaction that loads the file. The lock ends with that transaction,
however it ends: a worker that is killed leaves nothing, and the next one that looks takes the job up again. The job
is finished in the same transaction, so that what it has written and that it has written it are one fact.
"""

import json
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from app.db import Compiled, Connection, patient
from app.http.spool import Spool
from app.operations.transactions import Answer

_PIECE = 1 << 20
_LOOKED_AT = 100
_COLUMNS = "id, caller_id, collection, request, attempts, bytes"
UNFINISHED = Compiled(
    "select exists (select from jobs where finished_at is null and due_at <= now())", (), {}
)


@dataclass(frozen=True)
class Job:
    """A job that is to be worked at."""

    id: UUID
    caller_id: UUID
    collection: str
    request: Mapping[str, Any]
    attempts: int
    bytes: int


@dataclass
class Progress:
    """How far a load is; written by the load, read by those who are asked."""

    rows: int = 0
    step: str = "reading"


@dataclass
class Done:
    """What a job has come to."""

    answer: Answer
    """What the request would have answered; `kept` says whether it was written."""
    refused: Spool | None = None
    refused_type: str | None = None


async def accepted(
    connection: Connection,
    caller_id: UUID,
    collection: str,
    request: Mapping[str, Any],
    file: Spool,
    patience: float,
) -> UUID:
    """Keep a file and what is to be done with it."""
    await patient(connection, patience)
    job: UUID = await connection.fetchval(
        "insert into jobs (caller_id, collection, request, bytes) values ($1, $2, $3, $4) returning id",
        caller_id,
        collection,
        json.dumps(request),
        file.size,
    )
    await _keep(connection, job, "file", file, patience)
    return job


async def _keep(connection: Connection, job: UUID, part: str, content: Spool, patience: float) -> None:
    for number, place in enumerate(range(0, content.size, _PIECE)):
        await connection.execute(
            "insert into job_pieces (job_id, part, number, content) values ($1, $2, $3, $4)",
            job,
            part,
            number,
            content.at(place, _PIECE),
            timeout=patience,
        )


async def claimed(connection: Connection) -> Job | None:
    """The oldest job at which nobody works; it is this transaction's until that ends."""
    waiting = await connection.fetch(
        "select id from jobs where finished_at is null and due_at <= now() order by id limit $1", _LOOKED_AT
    )
    for (job,) in waiting:
        if await connection.fetchval("select pg_try_advisory_xact_lock(hashtextextended($1, 8))", str(job)):
            row = await connection.fetchrow(
                f"select {_COLUMNS} from jobs where id = $1 and finished_at is null",  # noqa: S608
                job,
            )
            if row is not None:  # it may have ended since we looked
                return Job(**{**dict(row), "request": json.loads(row["request"])})
    return None


async def begin(connection: Connection, job: UUID) -> None:
    """Say that it is worked at. Kept also if the attempt fails: so attempts are counted."""
    await connection.execute(
        "update jobs set state = 'running', attempts = attempts + 1, started_at = coalesce(started_at, now()), "
        "step = 'reading', rows_read = 0, bytes_read = 0 where id = $1 and finished_at is null",
        job,
    )


async def beat(connection: Connection, job: UUID, progress: Progress, bytes_read: int) -> bool:
    """Say how far it is; false if it has been cancelled meanwhile."""
    done: str = await connection.execute(
        "update jobs set rows_read = $2, bytes_read = $3, step = $4 where id = $1 and state = 'running'",
        job,
        progress.rows,
        bytes_read,
        progress.step,
    )
    return done != "UPDATE 0"


async def file_of(connection: Connection, job: Job, folder: Path | None, patience: float) -> Spool:
    """The file as it was sent."""
    file = Spool(folder)
    try:
        number = 0
        while file.size < job.bytes:
            file.write(
                await connection.fetchval(
                    "select content from job_pieces where job_id = $1 and part = 'file' and number = $2",
                    job.id,
                    number,
                    timeout=patience,
                )
            )
            number += 1
    except BaseException:
        file.close()
        raise
    return file


async def finish(connection: Connection, job: Job, done: Done, progress: Progress, patience: float) -> bool:
    """Keep what it has come to, and the file no longer. False if it was cancelled: then nothing may be kept."""
    with done.refused or nullcontext() as rows:
        updated: str = await connection.execute(
            "update jobs set state = $2, status = $3, report = $4, refused_type = $5, "
            "finished_at = clock_timestamp(), rows_read = $6, bytes_read = bytes, step = 'finished' "
            "where id = $1 and finished_at is null",
            job.id,
            "succeeded" if done.answer.status < 400 else "failed",
            done.answer.status,
            done.answer.text(),
            done.refused_type,
            progress.rows,
            timeout=patience,
        )
        if updated == "UPDATE 0":
            return False
        if rows is not None:
            await _keep(connection, job.id, "refused", rows, patience)
    await _forget_file(connection, job.id, patience)
    return True


async def put_off(connection: Connection, job: UUID, seconds: float) -> None:
    """Let it be tried again later."""
    await connection.execute(
        "update jobs set state = 'waiting', due_at = now() + make_interval(secs => $2) "
        "where id = $1 and finished_at is null",
        job,
        seconds,
    )


async def cancelled(connection: Connection, job: UUID, patience: float) -> bool:
    """End a job before it has written anything; false if it has finished."""
    done: str = await connection.execute(
        "update jobs set state = 'cancelled', finished_at = now() where id = $1 and finished_at is null", job
    )
    if done == "UPDATE 0":
        return False
    await _forget_file(connection, job, patience)
    return True


async def _forget_file(connection: Connection, job: UUID, patience: float) -> None:
    await connection.execute(
        "delete from job_pieces where job_id = $1 and part = 'file'", job, timeout=patience
    )


async def forget(connection: Connection, days: int, most: int) -> int:
    """Delete some of the jobs that finished long ago, with their reports; how many they were."""
    done: str = await connection.execute(
        "delete from jobs where id in (select id from jobs where finished_at < now() - make_interval(days => $1) "
        "order by finished_at limit $2 for update skip locked)",
        days,
        most,
    )
    return int(done.rsplit(maxsplit=1)[-1])
