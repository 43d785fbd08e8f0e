"""The files in `assets/`: addresses with a hash, that browsers may keep for good; compressed once."""

import gzip
import re
from functools import cache
from hashlib import sha256
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from app.http.etags import not_modified

_FOLDER = Path(__file__).parent / "assets"
_TYPES = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".LICENSE": "text/plain",
    ".NOTICE": "text/plain",
    ".txt": "text/plain",
}
NAMES = frozenset(each.name for each in _FOLDER.iterdir() if each.suffix in _TYPES)
_FOR_GOOD = "public, max-age=31536000, immutable"
_NO_GZIP = re.compile(r"\bgzip\s*;\s*q=0(\.0*)?\s*(,|$)", re.IGNORECASE)


def content(name: str) -> bytes:
    """What is in a file; some are large, and few installations are asked for them often."""
    return (_FOLDER / name).read_bytes()


def fingerprint(body: bytes) -> str:
    """Changes when the body does."""
    return sha256(body).hexdigest()[:16]


@cache
def _fingerprint_of(name: str) -> str:
    return fingerprint(content(name))


@cache
def _compressed(body: bytes) -> bytes:
    return gzip.compress(body, mtime=0)


def address(name: str) -> str:
    """Where a page finds a file: relative, so that it holds behind a proxy that adds a prefix."""
    return f"docs/assets/{name}?v={_fingerprint_of(name)}"


def file_answer(request: Request, name: str) -> Response:
    """One of the files."""
    current = request.query_params.get("v") == _fingerprint_of(name)
    kept = _FOR_GOOD if current else "no-cache"
    return answer(request, content(name), _TYPES[Path(name).suffix], {"Cache-Control": kept})


def answer(request: Request, body: bytes, media_type: str, headers: dict[str, str]) -> Response:
    """The body, compressed for those who read that; 304 for those who have it."""
    given = dict(request.scope["headers"])
    packed = _reads_gzip(given.get(b"accept-encoding", b"").decode("latin-1"))
    tag = fingerprint(body) + ("-gzip" if packed else "")
    headers = {
        **headers,
        "ETag": f'"{tag}"',
        "Vary": "Accept-Encoding",
        "X-Content-Type-Options": "nosniff",
    }
    if not_modified(given.get(b"if-none-match"), tag):
        return Response(status_code=304, headers=headers)
    if packed:
        body = _compressed(body)
        headers["Content-Encoding"] = "gzip"
    return Response(body, headers=headers, media_type=media_type)


def _reads_gzip(accepted: str) -> bool:
    return "gzip" in accepted.lower() and not _NO_GZIP.search(accepted)
