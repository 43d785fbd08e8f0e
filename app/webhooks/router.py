"""The operations on webhooks: for the key that made them, and for administrators."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar, get_args
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ValidationError

from app.access.caller import Caller, Right
from app.access.permissions import Permission
from app.collection.asked import only
from app.collection.collection import Collection
from app.collection.validation import mistakes
from app.db import Connection
from app.errors import Conflict, InvalidParameter, Unprocessable, did_you_mean
from app.http.answers import Told
from app.http.bodies import MERGE_PATCH, read_object
from app.http.etags import ChangedMeanwhile, allows
from app.http.formats import JSON, chosen
from app.operations.answering import caching, tagged
from app.operations.doors import Handler, open_door
from app.operations.routes import flags, read_body
from app.operations.serving import Service, address_of, caller_of, headers_of, service_of
from app.operations.transactions import Answer, write
from app.webhooks import documented as told
from app.webhooks import writes
from app.webhooks.delivering import holder, installation_keys, secrets
from app.webhooks.events import event, kinds_of, message_id
from app.webhooks.pages import behind, cursor_of, limit_of
from app.webhooks.schemas import (
    DeliveryState,
    NewWebhook,
    Webhook,
    WebhookDelivery,
    WebhookPatch,
    WebhookPing,
    WebhookReplay,
    WebhookTest,
    WebhookWithSecret,
)
from app.webhooks.sending import send
from app.webhooks.signing import secret_of, signed
from app.webhooks.targets import Targets
from app.webhooks.writes import Row

_PRIVATE = {**caching(None), "Cache-Control": "private, no-cache"}
_NEWEST = 2**62
_TEST_SECONDS = 6.0
_SUBSCRIBE = Right(Permission.SUBSCRIBE)
Body = TypeVar("Body", bound=BaseModel)


def webhooks(collections: Sequence[Collection]) -> APIRouter:
    """`/v1/webhooks`, for changes of these collections."""
    router = APIRouter(prefix="/webhooks", tags=["Webhooks"])
    kinds = kinds_of(collections)
    paths = list(kinds.values())

    def add(method: str, path: str, handler: Handler, name: str) -> None:
        open_door(router, method, path, handler, name, _SUBSCRIBE.permission, **told.OPERATIONS[name])

    async def list_webhooks(request: Request) -> Response:
        caller = await _subscriber(request)
        given = only(request.scope["query_string"], ("limit", "cursor"))
        limit, about = limit_of(given), "webhooks"
        after = UUID(_behind(request, about, given)) if "cursor" in given else None
        async with service_of(request).database.reading(caller.context) as connection:
            rows = await writes.some(connection, caller, after, limit + 1)
        return _page(request, rows, limit, about, "id", given, lambda row: _webhook(row).model_dump_json())

    async def create_webhook(request: Request) -> Response:
        dry_run = flags(request, "dry_run")["dry_run"]
        body = await read_body(request, ("application/json",), _SUBSCRIBE)
        new = _read(NewWebhook, body)
        writes.check_kinds(new.kinds, paths, await caller_of(request))
        caller, service = await caller_of(request), service_of(request)
        await writes.judge(Targets.of(service.settings), caller, new.url)
        key, *_ = await installation_keys(service.database, service.settings)

        async def work(connection: Connection) -> Answer:
            made = await writes.one(connection, caller, await writes.make(connection, caller, new))
            return _once(201, made, key, {"Location": f"/v1/webhooks/{made['id']}"})

        return await write(request, body, work, dry_run=dry_run, needs=_SUBSCRIBE)

    async def read_webhook(request: Request) -> Response:
        caller = await _subscriber(request)
        only(request.scope["query_string"], ())
        async with service_of(request).database.reading(caller.context) as connection:
            row = await writes.one(connection, caller, _id(request))
        return _answered(request, _webhook(row).model_dump_json(), _tag(row))

    async def update_webhook(request: Request) -> Response:
        dry_run = flags(request, "dry_run")["dry_run"]
        body = await read_body(request, (MERGE_PATCH, "application/json"), _SUBSCRIBE)
        patch, webhook, caller = _read(WebhookPatch, body), _id(request), await caller_of(request)
        writes.check_kinds(patch.kinds or (), paths, caller)
        if patch.url:
            await writes.judge(Targets.of(service_of(request).settings), caller, patch.url)

        async def work(connection: Connection) -> Answer:
            await _unchanged(request, connection, caller, webhook)
            await writes.change(connection, webhook, await writes.one(connection, caller, webhook), patch)
            row = await writes.one(connection, caller, webhook)
            return Answer(200, _webhook(row).model_dump_json(), {"ETag": f'"{_tag(row)}"'})

        return await write(request, body, work, dry_run=dry_run, needs=_SUBSCRIBE)

    async def delete_webhook(request: Request) -> Response:
        dry_run = flags(request, "dry_run")["dry_run"]
        caller, webhook = await _subscriber(request), _id(request)

        async def work(connection: Connection) -> Answer:
            await _unchanged(request, connection, caller, webhook)
            await writes.remove(connection, webhook)
            return Answer(204)

        return await write(request, b"", work, dry_run=dry_run, needs=_SUBSCRIBE)

    async def rotate_secret(request: Request) -> Response:
        dry_run = flags(request, "dry_run")["dry_run"]
        caller, webhook, service = await _subscriber(request), _id(request), service_of(request)
        key, *_ = await installation_keys(service.database, service.settings)

        async def work(connection: Connection) -> Answer:
            await writes.held(connection, caller, webhook)
            await writes.rotate(connection, webhook)
            return _once(200, await writes.one(connection, caller, webhook), key)

        return await write(request, b"", work, dry_run=dry_run, needs=_SUBSCRIBE)

    async def test_webhook(request: Request) -> Response:
        caller, service = await _subscriber(request), service_of(request)
        only(request.scope["query_string"], ())
        keys = await installation_keys(service.database, service.settings)
        async with service.database.reading(caller.context) as connection:
            row = await writes.one(connection, caller, _id(request))
        return Told((await _ping(service, keys, row)).model_dump_json(), {})

    async def replay_webhook(request: Request) -> Response:
        dry_run = flags(request, "dry_run")["dry_run"]
        body = await read_body(request, ("application/json",), _SUBSCRIBE)
        asked, webhook, caller = _read(WebhookReplay, body), _id(request), await caller_of(request)

        async def work(connection: Connection) -> Answer:
            await writes.held(connection, caller, webhook)
            current = await writes.one(connection, caller, webhook)
            owner = await holder(service_of(request).doorkeeper, current["owner_id"])
            if owner is None:
                raise Conflict("The API key of this webhook is no longer good: make another webhook.")
            return Answer(
                200, (await writes.replay(connection, current, owner, asked, kinds)).model_dump_json()
            )

        return await write(request, body, work, dry_run=dry_run, needs=_SUBSCRIBE)

    async def list_deliveries(request: Request) -> Response:
        caller, webhook = await _subscriber(request), _id(request)
        given = only(request.scope["query_string"], ("state", "limit", "cursor"))
        limit, state = limit_of(given), given.get("state")
        if state is not None and state not in get_args(DeliveryState):
            hint = did_you_mean(state[:40], get_args(DeliveryState))
            error = {"parameter": "state", "code": "unknown", **hint}
            raise InvalidParameter("There is no such state.", errors=[error])
        about = f"{webhook} {state}"
        before = int(_behind(request, about, given)) if "cursor" in given else _NEWEST
        async with service_of(request).database.reading(caller.context) as connection:
            await writes.one(connection, caller, webhook)
            rows = await writes.deliveries(connection, webhook, before, state, limit + 1)
        address = address_of(request)
        return _page(
            request,
            rows,
            limit,
            about,
            "position",
            given,
            lambda row: _delivery(row, address).model_dump_json(),
        )

    add("GET", "", list_webhooks, "list_webhooks")
    add("POST", "", create_webhook, "create_webhook")
    add("GET", "/{id}", read_webhook, "read_webhook")
    add("PATCH", "/{id}", update_webhook, "update_webhook")
    add("DELETE", "/{id}", delete_webhook, "delete_webhook")
    add("POST", "/{id}/rotate-secret", rotate_secret, "rotate_webhook_secret")
    add("POST", "/{id}/test", test_webhook, "test_webhook")
    add("POST", "/{id}/replay", replay_webhook, "replay_webhook")
    add("GET", "/{id}/deliveries", list_deliveries, "list_webhook_deliveries")
    return router


async def _subscriber(request: Request) -> Caller:
    caller = await caller_of(request)
    _SUBSCRIBE.asked_of(caller)
    return caller


def _id(request: Request) -> UUID:
    try:
        return UUID(request.path_params["id"])
    except ValueError:
        raise writes.missing() from None


def _read(schema: type[Body], body: bytes) -> Body:
    read_object(body)
    try:
        return schema.model_validate_json(body)
    except ValidationError as refused:
        errors = mistakes(refused)
        count = f"{len(errors)} {'field needs' if len(errors) == 1 else 'fields need'} attention."
        raise Unprocessable(count, errors=errors) from None


async def _unchanged(request: Request, connection: Connection, caller: Caller, webhook: UUID) -> None:
    """Hold the subscription; refuse if it is at another version than `If-Match` names."""
    version = await writes.held(connection, caller, webhook)
    if allows(headers_of(request).get(b"if-match"), version, required=caller.require_if_match):
        return
    row = await writes.one(connection, caller, webhook)
    raise ChangedMeanwhile(
        f"The webhook is at version {version} by now.",
        headers={"ETag": f'"{_tag(row)}"'},
        current=_webhook(row).model_dump(mode="json"),
    )


def _webhook(row: Row) -> Webhook:
    return Webhook.model_validate(dict(row))


def _delivery(row: Row, address: str) -> WebhookDelivery:
    return WebhookDelivery(
        webhook_id=message_id(row["webhook_id"], row["position"], row["at"]),
        event=event(row, address), state=row["state"],
        attempts=row["attempts"], next_attempt_at=row["next_attempt_at"], attempted_at=row["attempted_at"],
        result=row["outcome"], status=row["status"], duration_ms=row["duration_ms"],
    )  # fmt: skip


def _once(status: int, row: Row, key: bytes, headers: Mapping[str, str] | None = None) -> Answer:
    """An answer that shows the secret; what is kept for the Idempotency-Key does not."""
    secret = secret_of(key, row["id"], row["secret_number"])
    shown = WebhookWithSecret(**_webhook(row).model_dump(), secret=secret)
    kept = shown.model_copy(update={"secret": None})
    tags = {"ETag": f'"{_tag(row)}"', "Cache-Control": "no-store", **(headers or {})}
    return Answer(status, kept.model_dump_json(), tags, shown=shown.model_dump_json())


def _tag(row: Row) -> str:
    """The version, for `If-Match`, and what else the answer depends on."""
    return f"{row['version']}.{_hash(_webhook(row).model_dump_json())}"


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _answered(request: Request, text: str, tag: str, more: Mapping[str, str] | None = None) -> Response:
    chosen(headers_of(request).get(b"accept"), (JSON,))
    return tagged(request, text, tag, {**_PRIVATE, **(more or {})})


def _behind(request: Request, about: str, given: Mapping[str, str]) -> str:
    return behind(service_of(request).seal, about, given["cursor"])


def _page(
    request: Request, rows: Sequence[Row], limit: int, about: str, key: str, given: Mapping[str, str],
    written: Any,
) -> Response:  # fmt: skip
    following, link = "null", {}
    if len(rows) > limit:
        cursor = cursor_of(service_of(request).seal, about, rows[limit - 1][key])
        kept = "".join(f"{name}={given[name]}&" for name in ("state", "limit") if name in given)
        address = f"{address_of(request)}{request.scope['path']}?{kept}cursor={cursor}"
        following, link = json.dumps(address), {"Link": f'<{address}>; rel="next"'}
    items = ",".join(written(row) for row in rows[:limit])
    text = f'{{"items":[{items}],"next":{following}}}'
    return _answered(request, text, _hash(text), link)


async def _ping(service: Service, keys: Sequence[bytes], row: Row) -> WebhookTest:
    """Send a signed ping, outside of any transaction."""
    now, settings = datetime.now(UTC), service.settings
    message = f"msg_{row['id'].hex}_test_{int(now.timestamp())}"
    body = WebhookPing(type="ping", at=now).model_dump_json()
    headers = signed(secrets(keys, row["id"], row, now), message, now, body)
    seconds = min(settings.webhook_timeout, _TEST_SECONDS)
    outcome = await send(Targets.of(settings), row["owner_id"], row["url"], headers, body, seconds)
    return WebhookTest(
        webhook_id=message, delivered=outcome.result == "delivered", result=outcome.result, status=outcome.status,
        duration_ms=round(outcome.seconds * 1000),
    )  # fmt: skip
