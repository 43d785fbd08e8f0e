"""Pages of what only its owner sees: newest first, with a cursor that is opaque, signed, and bound to its list."""

import base64
import re
from collections.abc import Mapping

from app.collection.asked import LIMIT, LIMIT_MOST
from app.errors import InvalidCursor, InvalidParameter
from app.http.seals import Seal

_SEAL = 16


def limit_of(given: Mapping[str, str]) -> int:
    """How many are asked for."""
    limit = given.get("limit", str(LIMIT))
    if not re.fullmatch("[0-9]{1,9}", limit) or not 1 <= int(limit) <= LIMIT_MOST:
        raise InvalidParameter(
            f"`limit` is 1 to {LIMIT_MOST}.", errors=[{"parameter": "limit", "code": "unreadable"}]
        )
    return int(limit)


def cursor_of(seal: Seal, about: str, last: object) -> str:
    """Continues a list behind its last row."""
    payload = str(last).encode()
    return base64.urlsafe_b64encode(seal.of(_sealed(about, payload), _SEAL) + payload).rstrip(b"=").decode()


def behind(seal: Seal, about: str, cursor: str) -> str:
    """The row behind which a cursor continues."""
    try:
        raw = base64.b64decode(
            cursor.encode("ascii") + b"=" * (-len(cursor) % 4), altchars=b"-_", validate=True
        )
        payload = raw[_SEAL:]
        if not seal.is_on(_sealed(about, payload), raw[:_SEAL], _SEAL):
            raise ValueError
        return payload.decode()
    except (ValueError, UnicodeError):
        raise InvalidCursor(
            "The cursor does not belong to this list.",
            errors=[{"parameter": "cursor", "code": "invalid_cursor"}],
        ) from None


def _sealed(about: str, payload: bytes) -> bytes:
    return about.encode() + b"\0" + payload
