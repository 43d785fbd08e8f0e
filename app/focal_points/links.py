"""Links by which an office confirms its entry without a key: signed, for one version of it, for a time.

Confirming makes another version, as every change does: a link holds once, and for what was shown. Nothing is stored.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self
from uuid import UUID

from app.http.seals import Seal

_SEAL = 16
_BODY = 16 + 4 + 4
_LENGTH = _BODY + _SEAL


@dataclass(frozen=True)
class Link:
    """An entry at a version, until a time."""

    focal_point: UUID
    version: int
    expires: int
    """Seconds since 1970."""

    @property
    def expired(self) -> bool:
        return datetime.now(UTC).timestamp() > self.expires

    def token(self, seal: Seal) -> str:
        body = self.focal_point.bytes + self.version.to_bytes(4) + self.expires.to_bytes(4)
        return urlsafe_b64encode(body + seal.of(_sealed(body), _SEAL)).decode().rstrip("=")

    @classmethod
    def read(cls, token: str, seal: Seal) -> Self | None:
        """The link of a token that we have made; None of any other."""
        try:
            whole = urlsafe_b64decode(token + "=" * (-len(token) % 4))
        except (Error, ValueError):
            return None
        body = whole[:_BODY]
        if len(whole) != _LENGTH or not seal.is_on(_sealed(body), whole[_BODY:], _SEAL):
            return None
        return cls(UUID(bytes=body[:16]), int.from_bytes(body[16:20]), int.from_bytes(body[20:24]))


def _sealed(body: bytes) -> bytes:
    return b"confirm" + body
