"""What is posted: the event of a change, and its id, which is the same at every attempt."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from app.collection.collection import Collection
from app.webhooks.schemas import WebhookEvent

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
KEYS = "keys"
"""Changes of keys: told to who asks for them, and may know of the key."""


def kinds_of(collections: Iterable[Collection]) -> dict[str, str]:
    """What can be told of: by its name in the journal, as it stands in addresses."""
    return {each.name: each.path for each in collections} | {"api_keys": KEYS}


def message_id(webhook: UUID, position: int, at: datetime) -> str:
    """The header `webhook-id`: of one webhook and one change, whenever and however often it is sent.

    A position alone is not one change for ever: what was lost with a backup that was restored had it before.
    """
    return f"msg_{webhook.hex}_{position}_{(at - _EPOCH) // timedelta(microseconds=1):x}"


def event(row: Mapping[str, Any], address: str) -> WebhookEvent:
    """The event of a row of `webhook_deliveries`; `address` is that of the register."""
    return WebhookEvent(
        type=f"{row['kind']}.{row['action']}",
        position=row["position"],
        kind=row["kind"],
        id=row["record_id"],
        version=row["version"],
        action=row["action"],
        at=row["at"],
        href=f"{address}/v1/{row['kind']}" + ("" if row["kind"] == "plan" else f"/{row['record_id']}"),
    )
