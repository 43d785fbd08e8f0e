"""Answers to what was read: what was found, as text, or that the client has it already.

Starlette looks through the fields of each answer for a length and a type. Those of these are all our own.
"""

from collections.abc import Mapping
from functools import cache

from starlette.responses import Response


class Told(Response):
    """What was found."""

    def __init__(
        self, content: str | bytes, headers: Mapping[str, str], media_type: str = "application/json"
    ) -> None:
        self.status_code, self.background = 200, None
        self.body = content if isinstance(content, bytes) else content.encode()
        length = b"%d" % len(self.body)
        self.raw_headers = [
            *_fields(headers), (b"content-length", length), (b"content-type", media_type.encode())
        ]  # fmt: skip


class Unchanged(Response):
    """304 (RFC 9110, section 15.4.5)."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        self.status_code, self.background, self.body = 304, None, b""
        self.raw_headers = _fields(headers)


def _fields(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    return [(_name(name), value.encode("latin-1")) for name, value in headers.items()]


@cache
def _name(written: str) -> bytes:
    return written.lower().encode()
