"""A status report as a file: made by a process of its own, so that no worker waits, and none keeps the memory of it."""

import asyncio
import base64
import hashlib
import json
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import IO
from uuid import UUID

import structlog
from fastapi import Request, Response
from fastapi.responses import StreamingResponse

from app import __version__
from app.db import Connection
from app.errors import Unavailable
from app.http.etags import not_modified
from app.http.formats import CSV, DOCX, JSON, PDF, SVG, XLSX, Format
from app.operations.answering import caching
from app.operations.documents import digest_of
from app.operations.serving import Service, address_of, context_of, headers_of, moment_of, service_of

REPORT_FORMATS = (JSON, PDF, DOCX, XLSX, CSV)
_AT_A_TIME = 2
_TURNS = asyncio.Semaphore(_AT_A_TIME)
"""Files that a worker has made at a time; others wait for their turn."""
_KNOWN = ("PATH", "HOME", "LANG", "TMPDIR", "PYTHONPATH", "PYTHONPYCACHEPREFIX", "MPLCONFIGDIR")
"""What the process may know of ours: no secrets. What it compiles it may keep, whatever holds for us."""
_PIECE = 1 << 16
_SAID_MOST = 2_000
_SHOWN_HERE = (PDF, SVG)
_STYLED = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
"""An SVG says its colours itself."""
_log = structlog.get_logger("workplan")

Read = Callable[[Connection], Awaitable[tuple[UUID | None, str, bytes | None]]]
"""The Consultation whose frozen report it is (None: live), the report as JSON, and its file if that is kept."""


async def filed(request: Request, style: Format, name: str, read: Read) -> Response:
    """The file of a report, or 304. Of a frozen one the first that was made is kept, and answered ever after."""
    service, base = service_of(request), address_of(request)
    async with service.database.reading(await context_of(request), one_view=True) as connection:
        consultation, report, content = await read(connection)
    answer = caching(await moment_of(request), **_headers(request, style))
    if consultation is None:
        tag = hashlib.sha256(f"{digest_of(report)}|{name}|{base}|{__version__}".encode()).hexdigest()[:32]
        if (known := _known(request, tag, answer)) is not None:
            return known
        file = await made(service, name, report, base)
        return StreamingResponse(_sent(file), 200, answer | {"Content-Length": str(_size(file))})
    if content is None:
        with await made(service, name, report, base) as file:
            content = await _kept(service, consultation, name, file.read())
    digest = hashlib.sha256(content)
    answer["Repr-Digest"] = f"sha-256=:{base64.b64encode(digest.digest()).decode()}:"
    return _known(request, digest.hexdigest(), answer) or Response(content, 200, answer)


async def made(service: Service, name: str, report: str, base: str) -> IO[bytes]:
    """The file of this name (`app/report_files/__main__.py`)."""
    folder = service.settings.spool_dir
    file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115  (closed by who reads it)
    try:
        with tempfile.TemporaryFile(dir=folder) as order:
            order.write(json.dumps({"base": base}).encode() + b"\n" + report.encode())
            order.seek(0)
            async with asyncio.timeout(service.settings.report_budget), _TURNS:
                await _run(name, order, file)
    except TimeoutError:
        file.close()
        raise Unavailable("The file was not ready in time. Try again, or take it as JSON.") from None
    except BaseException:
        file.close()
        raise
    file.seek(0)
    return file


async def _run(name: str, order: IO[bytes], file: IO[bytes]) -> None:
    known = {each: os.environ[each] for each in _KNOWN if each in os.environ}
    command = (sys.executable, "-m", "app.report_files", name)
    process = await asyncio.create_subprocess_exec(
        *command, stdin=order, stdout=file, stderr=asyncio.subprocess.PIPE, env=known
    )
    try:
        _, said = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        _log.error("report file", name=name, said=said.decode(errors="replace")[-_SAID_MOST:])
        raise RuntimeError("A file of a report could not be made.")


async def _kept(service: Service, consultation: UUID, name: str, content: bytes) -> bytes:
    """The file that is kept of a frozen report: this one, unless another was first."""
    async with service.database.writing() as connection:
        await connection.execute(
            "insert into frozen_files (consultation_id, name, content) values ($1, $2, $3) on conflict do nothing",
            consultation,
            name,
            content,
        )
        first: bytes = await connection.fetchval(
            "select content from frozen_files where consultation_id = $1 and name = $2", consultation, name
        )
    return first


def _headers(request: Request, style: Format) -> dict[str, str]:
    place = "inline" if style in _SHOWN_HERE else "attachment"
    name = f"status-report-{request.path_params['name']}.{style.ending}"
    headers = {"Content-Type": style.content_type, "Content-Disposition": f'{place}; filename="{name}"'}
    return headers | ({"Content-Security-Policy": _STYLED} if style is SVG else {})


def _known(request: Request, tag: str, answer: dict[str, str]) -> Response | None:
    """304 if the client has it; else the tag is put among the headers."""
    answer["ETag"] = f'"{tag}"'
    if not_modified(headers_of(request).get(b"if-none-match"), tag):
        kept = {name: said for name, said in answer.items() if not name.startswith("Content-")}
        return Response(None, 304, kept)
    return None


def _size(file: IO[bytes]) -> int:
    return os.fstat(file.fileno()).st_size


async def _sent(file: IO[bytes]) -> AsyncIterator[bytes]:
    with file:
        while piece := file.read(_PIECE):
            yield piece
