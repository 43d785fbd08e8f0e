"""Running the service: its database, and the chores that run by themselves."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

import structlog

from app import preparing
from app.access.models import forget_quotas
from app.access.quotas import Quotas
from app.collection.refusals import refusal
from app.db import SERVICE, Compiled, Database
from app.errors import Unavailable
from app.http.models import forget_keys
from app.jobs.queue import forget as forget_jobs
from app.jobs.running import Work, work_at_jobs
from app.operations.serving import Service
from app.persons.erasing import erase_outdated
from app.pool import BROKEN
from app.settings import Settings, in_use
from app.webhooks.delivering import Deliverer
from app.webhooks.outbox import forget as forget_deliveries

_log = structlog.get_logger("workplan")
_HOUSEKEEPING_SECONDS = 3600
_BATCH = 500
_ASK_AGAIN_SECONDS = 0.5
_GATHER_SECONDS = 5.0
_SHARE_SECONDS = 1.0
_SHARE = """insert into spent_quotas as known (name, whole_at)
select name, now() + make_interval(secs => seconds) from unnest($1::text[], $2::float8[]) as spent(name, seconds)
on conflict (name) do update set whole_at = greatest(known.whole_at, now()) + (excluded.whole_at - now())
returning name, extract(epoch from whole_at - now())::float8 as seconds"""
_SECRET = Compiled("select secret from installation", (), {})


@asynccontextmanager
async def database_address(config: Settings) -> AsyncIterator[str]:
    """The database to use: that of DATABASE_URL, or the embedded one, started here and stopped with us."""
    if config.database_url:
        yield config.database_url.get_secret_value()
        return
    from app import embedded

    running = await asyncio.to_thread(embedded.start, config.data_dir)
    try:
        await preparing.prepare(running.dsn, config.data_dir, seed=True)
        yield running.dsn
    finally:
        await asyncio.to_thread(running.stop)


@asynccontextmanager
async def secret_known(service: Service) -> AsyncIterator[None]:
    """The secrets that seal cursors; asked for until the database answers, as we start without it too."""
    chosen, others = service.settings.cursor_secret, service.settings.other_cursor_secrets

    async def ask() -> None:
        kept = (await service.database.fetch(_SECRET, {}, SERVICE))[0][0]
        service.secrets = in_use(chosen, others, kept)

    async def keep_asking() -> None:
        while not service.secrets:
            await asyncio.sleep(_ASK_AGAIN_SECONDS)
            with suppress(Unavailable, *BROKEN):
                await ask()

    with suppress(Unavailable, OSError):
        await ask()
    async with _beside(keep_asking()):
        yield


@asynccontextmanager
async def housekeeping(service: Service) -> AsyncIterator[None]:
    """Chores beside the requests: what is kept for a while goes when its time is over."""

    async def run() -> None:
        while True:
            await asyncio.sleep(_HOUSEKEEPING_SECONDS)
            try:
                await enact_due(service.database)
                await tidy(service.database, service.settings)
            except Exception as error:
                _log.warning("housekeeping", error=type(error).__name__)

    async with _beside(run()):
        yield


async def enact_due(database: Database) -> int:
    """Bring amendments into force on the day for which both sides have concurred; how many there were."""
    async with database.writing() as connection:
        done: int = await connection.fetchval("select enact_due_amendments()")
    return done


async def tidy(database: Database, config: Settings) -> dict[str, int]:
    """Delete what is too old, a batch a transaction; how much that was. Of several processes one does it."""
    gone: dict[str, int] = {}
    for name, days, delete in (
        ("idempotency_keys", config.idempotency_days, forget_keys),
        ("jobs", config.job_days, forget_jobs),
        ("webhook_deliveries", config.webhook_log_days, forget_deliveries),
        ("spent_quotas", 0, forget_quotas),
        ("persons", 0, erase_outdated),
    ):
        more = True
        while more:
            async with database.writing() as connection:
                if not await connection.fetchval(
                    "select pg_try_advisory_xact_lock(hashtextextended($1, 9))", name
                ):
                    break
                count = await delete(connection, days, _BATCH)
            gone[name] = gone.get(name, 0) + count
            more = count == _BATCH
    return gone


@asynccontextmanager
async def words_gathered(service: Service) -> AsyncIterator[None]:
    """New words do not wait long beside the index of search, where each search would look through them."""

    async def run() -> None:
        while True:
            await asyncio.sleep(_GATHER_SECONDS)
            with suppress(Unavailable, *BROKEN):  # also on a standby, where there is nothing to gather
                async with service.database.writing() as connection:
                    await connection.execute("select gather_new_words()")

    async with _beside(run()):
        yield


@asynccontextmanager
async def quotas_shared(service: Service) -> AsyncIterator[None]:
    """What is much used of a quota is known to all processes within a second."""

    async def run() -> None:
        while True:
            await asyncio.sleep(_SHARE_SECONDS)
            with suppress(Unavailable, *BROKEN):  # each process counts on by itself
                await share(service, service.quotas)

    async with _beside(run()):
        yield


async def share(service: Service, quotas: Quotas) -> None:
    """Tell the other processes what was spent here, and learn what was there."""

    def veil(name: str) -> str:
        return service.seal.of(name.encode(), 32).hex()

    async def tell(names: Sequence[str], seconds: Sequence[float]) -> Sequence[tuple[str, float]]:
        async with service.database.writing() as connection:
            return [(row["name"], row["seconds"]) for row in await connection.fetch(_SHARE, names, seconds)]

    await quotas.shared(veil, tell)


@asynccontextmanager
async def jobs_done(service: Service, work: Work) -> AsyncIterator[None]:
    """Files that were accepted are loaded, beside the requests."""
    async with _beside(work_at_jobs(service, work, refusal)):
        yield


@asynccontextmanager
async def _beside(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@asynccontextmanager
async def listening(service: Service) -> AsyncIterator[None]:
    """Who waits for a change is woken by it."""
    async with _beside(service.wakeups.run()):
        try:
            yield
        finally:
            service.wakeups.end()


@asynccontextmanager
async def delivering(service: Service, kinds: Mapping[str, str]) -> AsyncIterator[None]:
    """Webhooks are sent from here as well, unless a worker of its own does that."""
    if not service.settings.deliver:
        yield
        return
    async with _beside(Deliverer(service.database.dsn, service.settings, service.wakeups, kinds).run()):
        yield
