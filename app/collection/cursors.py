"""Cursors: where a walk through a list goes on, signed, so that each belongs to one question and is made here alone."""

import base64
from binascii import a2b_base64
from datetime import date, datetime
from typing import Any

from pydantic_core import from_json, to_json

from app.collection.asked import Asked
from app.collection.collection import Collection
from app.collection.fields import DATE, INSTANT, INTEGER, Kind
from app.errors import InvalidCursor
from app.http.seals import Seal

_SEAL = 16
_STANDARD = bytes.maketrans(b"-_", b"+/")
"""Of the alphabet for addresses (RFC 4648, section 5), which `binascii` does not read."""


def _sealed(asked: Asked, payload: bytes) -> bytes:
    return asked.fingerprint().encode() + payload


def cursor_of(seal: Seal, asked: Asked, since: int, keys: list[Any]) -> str:
    """An opaque cursor that continues after the row with these sort keys.

    It keeps a feed position at which records had the places that they had when the first page was read, so that the
    walk ends in the order in which it began.
    """
    payload = to_json([since, *keys])
    return base64.urlsafe_b64encode(seal.of(_sealed(asked, payload), _SEAL) + payload).rstrip(b"=").decode()


def continued(seal: Seal, collection: Collection, asked: Asked) -> Asked:
    """Set the request behind its cursor, if it has one."""
    cursor = next((value for name, _, value in asked.pairs if name == "cursor"), None)
    if cursor is None:
        return asked
    try:
        filled = cursor.encode("ascii").translate(_STANDARD) + b"=" * (-len(cursor) % 4)
        raw = a2b_base64(filled, strict_mode=True)
        payload = raw[_SEAL:]
        if not seal.is_on(_sealed(asked, payload), raw[:_SEAL], _SEAL):
            raise ValueError
        asked.values["since"], *keys = from_json(payload)
        for number, ((name, _), key) in enumerate(zip(asked.shape.sort, keys, strict=True)):
            asked.values[f"c{number}"] = _key(collection.filters[name].kind, key)
    except (ValueError, UnicodeError):
        raise InvalidCursor(
            "The cursor does not belong to this filter and order.",
            errors=[{"parameter": "cursor", "code": "invalid_cursor"}],
        ) from None
    asked.shape = asked.shape._replace(after=True)
    return asked


def _key(kind: Kind, key: Any) -> Any:
    """A key as the driver takes it: an id, too, as it is written."""
    if kind is DATE:
        return date.fromisoformat(key)
    if kind is INSTANT:
        return datetime.fromisoformat(key)
    if kind is INTEGER:
        return int(key)
    return str(key)
