"""API keys: `ajwp_`, forty random characters, six check digits. Only their SHA-256 is stored."""

import hashlib
import secrets
import string
from zlib import crc32

PREFIX = "ajwp_"
_DIGITS = string.digits + string.ascii_uppercase + string.ascii_lowercase
_BODY, _CHECK = 40, 6


def _check(body: str) -> str:
    number = crc32(body.encode())
    digits = ""
    for _ in range(_CHECK):
        number, digit = divmod(number, 62)
        digits = _DIGITS[digit] + digits
    return digits


def beginning(key: str) -> str:
    """What is stored of a key in clear, so that its holder can tell which one it is."""
    return key[: len(PREFIX) + 4]


def new_key() -> str:
    """A fresh key; shown once, never stored."""
    body = "".join(secrets.choice(_DIGITS) for _ in range(_BODY))
    return f"{PREFIX}{body}{_check(body)}"


def digest(key: str) -> bytes:
    """What is stored of a key. It is random, so a fast hash is right."""
    return hashlib.sha256(key.encode()).digest()


def well_formed(key: str) -> bool:
    body = key.removeprefix(PREFIX)
    return (
        key.startswith(PREFIX)
        and len(body) == _BODY + _CHECK
        and body.isascii()
        and secrets.compare_digest(body[_BODY:], _check(body[:_BODY]))
    )
