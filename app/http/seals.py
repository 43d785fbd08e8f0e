"""Seals on what clients carry for us: cursors, plans of dry runs, links. Of these nothing is stored; by its seal we
know what we have made.
"""

import hmac
from collections.abc import Sequence


class Seal:
    """Seals with one secret, and knows what was sealed with that or with others: while it is changed."""

    def __init__(self, secret: bytes, *others: bytes) -> None:
        self._secrets: Sequence[bytes] = (secret, *others)

    def of(self, content: bytes, size: int) -> bytes:
        """The seal of a content, so many bytes long."""
        return _seal(self._secrets[0], content, size)

    def is_on(self, content: bytes, seal: bytes, size: int) -> bool:
        """Whether this is a seal of ours on the content."""
        return any(hmac.compare_digest(seal, _seal(secret, content, size)) for secret in self._secrets)


def _seal(secret: bytes, content: bytes, size: int) -> bytes:
    return hmac.digest(secret, content, "sha256")[:size]
