"""Working at jobs, beside the requests of a process: one at a time, each load in one transaction of its own."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import structlog

from app.access.caller import Caller
from app.db import SERVICE, Connection
from app.errors import BusyRecord, InternalError, Problem, Unavailable
from app.http.spool import Spool
from app.jobs import queue
from app.jobs.queue import Done, Job, Progress
from app.operations.serving import Service
from app.operations.transactions import Answer
from app.pool import BROKEN

_LOOK_SECONDS = 2.0
_BEAT_SECONDS = 0.5
_PAUSE_MOST = 60.0
_ATTEMPTS_MOST = 25
_log = structlog.get_logger("workplan")

Work = Callable[[Connection, Service, Caller, Job, Spool, Progress], Awaitable[Done]]
Explain = Callable[[Exception], Problem | None]


class GaveUp(Problem):
    """The job was begun many times, and each time something broke before its end. Nothing was changed.

    The log says what. Send a smaller file, or the same again once it is mended.
    """

    status = 500


async def work_at_jobs(service: Service, work: Work, explain: Explain) -> None:
    """Take up one job after another, for ever."""
    while True:
        found = False
        try:
            if (await service.database.fetch(queue.UNFINISHED, {}, SERVICE))[0][0]:
                found = await _Attempt(service, work, explain).made()
        except (Unavailable, *BROKEN) as error:
            _log.warning("jobs", error=type(error).__name__)
        if not found:
            service.job_added.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_SECONDS):
                    await service.job_added.wait()


class _NotKept(Exception):
    """Ends a load without an effect."""

    def __init__(self, done: Done | None = None) -> None:
        self.done = done
        """None: it was cancelled."""


class _Attempt:
    """One attempt at one job, with its progress told on a connection of its own."""

    def __init__(self, service: Service, work: Work, explain: Explain) -> None:
        self._service, self._work, self._explain = service, work, explain
        self._patience = service.settings.job_budget
        self._progress = Progress()
        self._job: Job | None = None
        self._file: Spool | None = None

    async def made(self) -> bool:
        """Whether there was a job."""
        loading = asyncio.ensure_future(self._load())
        try:
            while not (await asyncio.wait({loading}, timeout=_BEAT_SECONDS))[0]:
                if not await self._beat():
                    loading.cancel()
            if not loading.cancelled():
                await self._settle(loading.exception())
        finally:
            loading.cancel()
            with suppress(Exception, asyncio.CancelledError):
                await loading
            if self._file is not None:
                self._file.close()
        return self._job is not None

    async def _load(self) -> None:
        database = self._service.database
        async with database.loading() as connection:
            self._job = job = await queue.claimed(connection)
            if job is None:
                return
            if job.attempts >= _ATTEMPTS_MOST:
                raise GaveUp(f"It was begun {job.attempts} times.")
            async with database.writing() as other:
                await queue.begin(other, job.id)
            caller = await self._service.doorkeeper.holder(job.caller_id)
            self._file = await queue.file_of(
                connection, job, self._service.settings.spool_dir, self._patience
            )
            done = await self._work(connection, self._service, caller, job, self._file, self._progress)
            if not done.answer.kept:
                raise _NotKept(done)
            if not await queue.finish(connection, job, done, self._progress, self._patience):
                raise _NotKept

    async def _beat(self) -> bool:
        if self._job is None or self._file is None:
            return True
        try:
            async with self._service.database.writing() as connection:
                return await queue.beat(connection, self._job.id, self._progress, self._file.reached)
        except (Unavailable, *BROKEN):  # the load itself will notice, if it concerns it
            return True

    async def _settle(self, error: BaseException | None) -> None:
        """Keep what has come of an attempt that has written nothing."""
        if error is None or self._job is None:
            if error is not None:
                raise error
            return
        if isinstance(error, _NotKept):
            if error.done is not None:
                await self._finish(error.done)
            return
        if not isinstance(error, Exception):
            raise error
        refused = error if isinstance(error, Problem) else self._explain(error)
        if isinstance(refused, BusyRecord | Unavailable):
            _log.warning("job put off", job=str(self._job.id), error=type(error).__name__)
            await self._put_off()
            return
        if refused is None:
            _log.error("unhandled", job=str(self._job.id), exc_info=error)
            refused = InternalError("Nothing was changed. The log has more under this request id.")
        await self._finish(Done(self._said(refused)))

    def _said(self, refused: Problem) -> Answer:
        assert self._job is not None
        instance, request_id = f"/v1/{self._job.collection}/bulk", self._job.request["request_id"]
        return Answer(refused.status, refused.body(instance, request_id).decode(), kept=False)

    async def _finish(self, done: Done) -> None:
        assert self._job is not None
        async with self._service.database.writing() as connection:
            await queue.finish(connection, self._job, done, self._progress, self._patience)

    async def _put_off(self) -> None:
        """Until what has failed may have passed."""
        assert self._job is not None
        seconds = min(2.0**self._job.attempts, _PAUSE_MOST)
        with suppress(Unavailable, *BROKEN):
            async with self._service.database.writing() as connection:
                await queue.put_off(connection, self._job.id, seconds)
