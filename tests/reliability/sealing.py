"""The secrets of an installation are changed while it serves: nobody notices until the former ones are gone."""

import asyncio
import json
import secrets
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import count
from typing import Any
from urllib.parse import urlsplit

import httpx
from standardwebhooks import Webhook, WebhookVerificationError

from app.settings import KEPT
from tests import rows
from tests.reliability.experiments import Found, beside, lasting
from tests.reliability.service import key_for, serving
from tests.webhooks.receiver import Receiver, receiving

_LOAD = "/v1/events/bulk?match=by-key:drill"
_ROWS = [{"key": "drill:1", "title": "Planned before", "kind": "seminar", "start_date": "2025-06-24"}]


def _settings(secret: str | None, *others: str) -> dict[str, str]:
    """The secrets of one step, the same for cursors and webhooks."""
    given = {"cursor_secret": secret, "webhook_key": secret} if secret else {}
    listed = json.dumps(others)
    return {**given, "other_cursor_secrets": listed, "other_webhook_keys": listed}


class _Installation:
    """Two instances on one database; requests go to each in turn."""

    def __init__(self, address: str, receiver: Receiver, key: str) -> None:
        self._address, self._receiver, self._key = address, receiver, key
        self._running: list[tuple[httpx.AsyncClient, AsyncExitStack]] = []
        self._turn = count()
        self.noise: list[str] = []

    async def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        client, _ = self._running[next(self._turn) % len(self._running)]
        parts = urlsplit(path)  # of an absolute address, too
        return await client.request(
            method, f"{parts.path}?{parts.query}" if parts.query else parts.path, **more
        )

    async def restarted(self, settings: dict[str, str]) -> None:
        """Each instance is replaced by one with other settings, one after the other."""
        for _ in range(2):
            stack = AsyncExitStack()
            service = await stack.enter_async_context(
                serving(self._address, webhook_test_targets=f"127.0.0.1:{self._receiver.port}", **settings)
            )
            stack.callback(lambda service=service: self.noise.extend(service.noise()))
            client = await stack.enter_async_context(
                httpx.AsyncClient(
                    base_url=f"http://127.0.0.1:{service.port}",
                    headers={"Authorization": f"Bearer {self._key}"},
                    timeout=60,
                )
            )
            self._running.append((client, stack))
            if len(self._running) > 2:
                _, former = self._running.pop(0)
                await asyncio.sleep(0.3)  # what it was asked is answered
                await former.aclose()

    async def ended(self) -> None:
        for _, stack in self._running:
            await stack.aclose()


@asynccontextmanager
async def _installed(address: str, receiver: Receiver, key: str) -> AsyncIterator[_Installation]:
    made = _Installation(address, receiver, key)
    try:
        yield made
    finally:
        await made.ended()


async def changed(address: str, *, events: int, seconds: float) -> Found:  # A17
    """From the secret in the database to a configured one, in three restarts: the next is known, in use, alone.

    Walks, a plan, a link and a webhook that were begun before go on until the last of them; then they end.
    """
    key, following = await key_for(address), secrets.token_hex(32)
    await rows.events(address, events)
    answers: Counter[int] = Counter()
    walked: Counter[int] = Counter()
    found = Found("")
    async with receiving() as receiver, _installed(address, receiver, key) as installed:
        await installed.restarted(_settings(None))
        begun = await _begun(installed, receiver)
        known = {begun["webhook"]["secret"]}
        unverified: list[str] = []

        async def walk(done: Any) -> None:
            while not done():
                path, seen = "/v1/events?limit=20&sort=title", []
                while path:
                    page = await installed.ask("GET", path)
                    answers[page.status_code] += 1
                    if page.status_code != 200:
                        found.wrong.append(page.text)
                        return
                    seen += [each["id"] for each in page.json()["items"]]
                    path = page.json()["next"]
                walked[len(seen)] += 1
                found.must(len(set(seen)) == len(seen), "a walk saw a row twice")

        async def told(name: str) -> None:
            """A change, and that its delivery is signed with a secret that the receiver has."""
            before = len(receiver.calls["/well"])
            await installed.ask("POST", "/v1/goals", json={"number": 900 + before, "title": name})
            call = (await receiver.until("/well", before + 1))[before]
            if not any(_verified(each, call) for each in known):
                unverified.append(name)

        for name, settings in (
            ("the next is known", _settings(None, following)),
            ("the next is in use", _settings(following, KEPT)),
        ):
            done = lasting(seconds)
            async with beside(walk(done), walk(done), installed.restarted(settings)):
                pass
            await told(name)
        rotated = await installed.ask("POST", f"/v1/webhooks/{begun['webhook']['id']}/rotate-secret")
        known = {rotated.json()["secret"]}
        await told("the webhook has a secret of the next")
        page = await installed.ask("GET", begun["page"])
        load = await installed.ask("POST", _LOAD, json=_ROWS, headers={"If-Plan-Match": begun["plan"]})
        link = await installed.ask("GET", begun["link"])
        held = {page.status_code, load.status_code, link.status_code}
        found.must(held == {200}, f"what was begun before: {page.text} {load.text} {link.text}")
        newer = (await installed.ask("GET", "/v1/events?limit=20&sort=title")).json()["next"]
        await installed.restarted(_settings(following))
        await told("the former is gone")
        late = [(await installed.ask("GET", path)).status_code for path in (begun["page"], newer)]
        found.must(late == [400, 200], f"a former and a present cursor afterwards: {late}")
        found.must(not unverified, f"deliveries that the receiver cannot verify: {unverified}")
    found.must(set(answers) == {200}, f"answers to walks: {dict(answers)}")
    found.must(set(walked) == {events}, f"rows of walks: {dict(walked)}")
    found.wrong += installed.noise[:3]
    found.measured = (
        f"{answers.total()} pages of {walked.total()} walks over {events} rows: {dict(answers)}; a plan, a link, a "
        f"cursor and a webhook went on; {len(receiver.calls['/well'])} deliveries verified"
    )
    return found


async def _begun(installed: _Installation, receiver: Receiver) -> dict[str, Any]:
    """What is handed out before anything is changed: a webhook, a cursor, a plan, a link."""
    webhook = await installed.ask(
        "POST", "/v1/webhooks", json={"url": receiver.url("/well"), "kinds": ["goals"]}
    )
    page = await installed.ask("GET", "/v1/events?limit=20&sort=title")
    plan = await installed.ask("POST", f"{_LOAD}&dry_run=true", json=_ROWS)
    office = {"country": "TH", "purposes": ["general"], "office": {"name": "Office"}}
    made = await installed.ask("POST", "/v1/focal-points", json=office)
    link = await installed.ask("POST", f"/v1/focal-points/{made.json()['id']}/verification-link")
    return {
        "webhook": webhook.json(),
        "page": page.json()["next"],
        "plan": plan.headers["plan"],
        "link": link.json()["url"],
    }


def _verified(secret: str, call: Any) -> bool:
    try:
        Webhook(secret).verify(call.body, call.headers)
    except WebhookVerificationError:
        return False
    return True
