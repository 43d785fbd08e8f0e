"""Signatures as in Standard Webhooks 1.0: HMAC-SHA256 of `id.timestamp.body` under a secret of the webhook.

The secrets are stored nowhere: each is derived from a key of the installation, the id of the webhook and the number of
the secret, so that no table, journal or log can hold one.
"""

import base64
import hashlib
import hmac
from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from standardwebhooks import Webhook as Signer

ROTATION_HOURS = 24
"""After a rotation the former secret signs as well for so long."""
FORMER_MOST = 9
"""So many former secrets sign at a time."""


def secret_of(key: bytes, webhook: UUID, number: int) -> str:
    """A secret of a webhook, `whsec_` and 32 bytes in base64."""
    digest = hmac.new(
        key, b"webhook secret" + webhook.bytes + number.to_bytes(4, "big"), hashlib.sha256
    ).digest()
    return f"whsec_{base64.b64encode(digest).decode()}"


def signed(secrets: Iterable[str], message: str, at: datetime, body: str) -> dict[str, str]:
    """The three headers of an attempt; a signature for each secret."""
    return {
        "webhook-id": message,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(Signer(each).sign(message, at, body) for each in secrets),
    }
