"""The worker that sends: inside `workplan serve`, or alone as `workplan deliver`; any number of them share the work."""

import asyncio
import random
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import structlog
from prometheus_client import Counter, Gauge

from app.access.caller import Caller, Unauthorised
from app.access.doorkeeper import Doorkeeper
from app.access.permissions import Permission
from app.db import APP_ROLE, SERVICE, Database
from app.errors import Unavailable
from app.pool import BROKEN
from app.settings import Settings, in_use
from app.wakeups import Wakeups
from app.webhooks import outbox
from app.webhooks.events import event, message_id
from app.webhooks.outbox import Taken, Verdict
from app.webhooks.sending import Outcome, send
from app.webhooks.signing import secret_of, signed
from app.webhooks.targets import Targets

ATTEMPTS = Counter(
    "workplan_webhook_attempts", "Attempts to send an event, by what they came to.", ["result"]
)
BACKLOG = Gauge("workplan_webhook_backlog", "Events that wait or are being sent.")

_LOOK_SECONDS = 1.0
"""Between two looks for work that nobody announced: leases of senders that died."""
_BREATH_SECONDS = 0.02
"""From one look to the next: of many commits in a row, not each is looked at alone."""
_ROUND_SECONDS = 60.0
_AGAIN_SECONDS = 0.5
_SENDING_MOST = 256
_CONNECTIONS = 3
_LEASE_SPARE = 5.0
_GRACE_SECONDS = 5.0
_KEY = "select secret from installation"
_log = structlog.get_logger("workplan.webhooks")


class Deliverer:
    """Sends what is due, many at a time, each within the lanes of its webhook."""

    def __init__(
        self,
        dsn: str,
        settings: Settings,
        wakeups: Wakeups,
        kinds: Mapping[str, str],
        targets: Targets | None = None,
    ) -> None:
        own = settings.model_copy(update={"read_connections": 1, "write_connections": _CONNECTIONS})
        self._database = Database(dsn, own)  # its own connections: requests wait for none of them
        self._doorkeeper = Doorkeeper(self._database)
        self._settings = settings
        self._wakeups = wakeups
        self._kinds = kinds
        self._targets = targets or Targets.of(settings)
        self._address = (settings.public_url or "").rstrip("/")
        self._keys: tuple[bytes, ...] = ()
        self._stirred = asyncio.Event()
        self._sending: set[asyncio.Task[None]] = set()
        self._unheard: set[UUID] = set()
        """Keys that own webhooks, and may not subscribe: asked again in the next round."""

    async def run(self) -> None:
        """Until it is cancelled; what is on its way then has some seconds to arrive."""
        beside = [asyncio.create_task(self._watch()), asyncio.create_task(self._look_round())]
        clock = asyncio.get_running_loop().time
        try:
            while True:
                begun = clock()
                self._stirred.clear()
                if not await self._minded(self._turn()):
                    with suppress(TimeoutError):
                        async with asyncio.timeout(_LOOK_SECONDS):
                            await self._stirred.wait()
                    await asyncio.sleep(begun + _BREATH_SECONDS - clock())
        finally:
            if self._sending:
                await asyncio.wait(self._sending, timeout=_GRACE_SECONDS)
            for task in (*beside, *self._sending):
                task.cancel()
            await self._database.close()

    def stir(self) -> None:
        """There may be something to do."""
        self._stirred.set()

    async def _watch(self) -> None:
        head = -1
        while not self._wakeups.ended:
            head = max(head, await self._wakeups.wait(head, _ROUND_SECONDS))
            self.stir()

    async def _look_round(self) -> None:
        async def look() -> None:
            self._unheard.clear()
            async with self._database.writing() as connection:
                BACKLOG.set(await outbox.look_round(connection))

        while True:
            await self._minded(look())
            await asyncio.sleep(_ROUND_SECONDS)

    async def _minded(self, work: Any) -> bool:
        """A database that is away for a while is no reason to end."""
        try:
            return bool(await work)
        except (Unavailable, *BROKEN) as error:
            _log.warning("webhooks wait for the database", error=type(error).__name__)
            return False

    async def _turn(self) -> bool:
        """Go on in the journal, and start what is due. Whether there may be more to do at once."""
        async with self._database.asking(outbox.ANY, SERVICE) as (connection, there_are):
            if not there_are:
                return False
            lanes = await outbox.behind(connection, self._unheard)
        moved = False
        for webhook, owner in lanes:
            caller = await holder(self._doorkeeper, owner)
            if caller is None:
                self._unheard.add(owner)
                moved = True  # others may be behind these
                continue
            async with self._database.writing() as connection:
                moved = await outbox.go_on(connection, webhook, caller.context, self._kinds) or moved
        lease = self._settings.webhook_timeout + _LEASE_SPARE
        lanes_free = (_SENDING_MOST - len(self._sending)) // outbox.TOGETHER
        async with self._database.writing() as connection:
            taken = await outbox.take(connection, lanes_free, lease, self._settings.webhook_rate)
        for each in taken:
            task = asyncio.create_task(self._attempt(each))
            self._sending.add(task)
            task.add_done_callback(self._done)
        if taken:
            self._stir_in(outbox.TOGETHER / self._settings.webhook_rate)
        return moved

    def _done(self, task: asyncio.Task[None]) -> None:
        self._sending.discard(task)
        self.stir()
        if not task.cancelled() and (error := task.exception()):
            _log.error("an attempt was not noted; it will be repeated", error=type(error).__name__)

    def _stir_in(self, seconds: float) -> None:
        asyncio.get_running_loop().call_later(seconds, self.stir)

    async def _attempt(self, taken: Taken) -> None:
        body = event(vars(taken), self._address).model_dump_json()
        self._keys = self._keys or await installation_keys(self._database, self._settings)
        now = datetime.now(UTC)
        headers = signed(
            secrets(self._keys, taken.webhook_id, vars(taken), now),
            message_id(taken.webhook_id, taken.position, taken.at),
            now,
            body,
        )
        seconds = self._settings.webhook_timeout
        outcome = await send(self._targets, taken.owner_id, taken.url, headers, body, seconds)
        ATTEMPTS.labels(outcome.result).inc()
        _log.info(
            "webhook attempt",
            webhook=str(taken.webhook_id),
            position=taken.position,
            attempt=taken.attempts,
            result=outcome.result,
            status=outcome.status,
            ms=round(outcome.seconds * 1000),
        )
        verdict = self._verdict(taken, outcome)
        await self._settle(taken, verdict)
        if verdict.state == "pending":
            self._stir_in(verdict.retry)
        if verdict.wait:
            self._stir_in(verdict.wait)

    async def _settle(self, taken: Taken, verdict: Verdict) -> None:
        """Note what became of it; while the event is ours, again and again."""
        most = self._settings.webhook_failing_days * 86_400
        while True:
            try:
                async with self._database.writing() as connection:
                    reason = await outbox.settle(connection, taken, verdict, most)
            except (Unavailable, *BROKEN):
                if datetime.now(UTC) > taken.leased_until:
                    raise
                await asyncio.sleep(_AGAIN_SECONDS)
                continue
            if reason:
                _log.warning("webhook disabled", webhook=str(taken.webhook_id), reason=reason)
            return

    def _verdict(self, taken: Taken, outcome: Outcome) -> Verdict:
        retries = self._settings.webhook_retries
        retry = 0.0
        if outcome.result == "delivered":
            state = "delivered"
        elif outcome.result == "gone":
            state = "dropped"
        elif taken.attempts >= len(retries):
            state = "given_up"
        else:
            state, retry = "pending", retries[taken.attempts] * random.uniform(1, 1.2)  # noqa: S311  (spread, not secret)
        return Verdict(state, outcome.result, outcome.status, outcome.seconds, retry, outcome.wait)


async def holder(doorkeeper: Doorkeeper, owner: UUID) -> Caller | None:
    """Who is told by a webhook, if they may be: their key is good, and lets them subscribe."""
    try:
        caller = await doorkeeper.holder(owner)
    except Unauthorised:
        return None
    return caller if caller.reach(Permission.SUBSCRIBE) else None


async def installation_keys(database: Database, settings: Settings) -> tuple[bytes, ...]:
    """From what the secrets are derived: the key in use first."""
    async with database.reading(SERVICE) as connection:
        kept: bytes = await connection.fetchval(_KEY)
    return in_use(settings.webhook_key, settings.other_webhook_keys, kept)


def secrets(keys: Sequence[bytes], webhook: UUID, row: Mapping[str, Any], now: datetime) -> list[str]:
    """The secrets that sign now: the present one, for a day after a rotation the former as well, and those of other
    keys while the installation changes its own.
    """
    number, until = row["secret_number"], row["former_secret_until"]
    former = row["former_secrets"] if until and until > now else 0
    return [secret_of(key, webhook, each) for key in keys for each in range(number, number - former - 1, -1)]


async def deliver_alone(dsn: str, settings: Settings, kinds: Mapping[str, str]) -> None:
    """Send webhooks until a signal ends it."""
    wakeups = Wakeups(dsn, APP_ROLE)
    listening = asyncio.create_task(wakeups.run())
    delivering = asyncio.create_task(Deliverer(dsn, settings, wakeups, kinds).run())
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, delivering.cancel)
    with suppress(asyncio.CancelledError):
        await delivering
    listening.cancel()
