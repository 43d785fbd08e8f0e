"""Which web pages may ask from within a browser (CORS): those of the origins that are configured; by default none."""

from collections.abc import Sequence

_EXPOSED = (
    "ETag, Link, Location, Content-Location, Content-Disposition, Retry-After, RateLimit, RateLimit-Policy, "
    "Key-Expires, Total-Count, Memento-Datetime, Dry-Run, Idempotency-Replayed, Write-Result, Bulk-Summary, Plan, "
    "Position, Repr-Digest, Preference-Applied, X-Request-ID"
)
_READ = (
    "Authorization, X-API-Key, Content-Type, Accept, Accept-Datetime, If-Match, If-None-Match, If-Plan-Match, "
    "Idempotency-Key, Last-Event-ID, Prefer, X-Reason, X-Request-ID"
)
_PREFLIGHT = [
    (b"access-control-allow-methods", b"GET, HEAD, POST, PUT, PATCH, DELETE"),
    (b"access-control-allow-headers", _READ.encode()),
    (b"access-control-max-age", b"600"),
]
_VARY = (b"vary", b"Origin")


class Origins:
    """What is said to browsers. Never that they may send cookies along: there are none, and keys are sent by hand."""

    def __init__(self, allowed: Sequence[str]) -> None:
        self._allowed = frozenset(each.encode() for each in allowed)

    def headers(self, headers: dict[bytes, bytes], method: str) -> list[tuple[bytes, bytes]]:
        """What an answer says beside everything else."""
        if not self._allowed:
            return []
        origin = headers.get(b"origin", b"")
        if origin not in self._allowed:
            return [_VARY]
        if method == "OPTIONS" and b"access-control-request-method" in headers:
            more = _PREFLIGHT
        else:
            more = [(b"access-control-expose-headers", _EXPOSED.encode())]
        return [_VARY, (b"access-control-allow-origin", origin), *more]
