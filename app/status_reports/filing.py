"""A status report as a file: made by a process of its own, so that no worker waits, and none keeps the memory of it."""

import asyncio
import base64
import hashlib
import json
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import IO, Any
from uuid import UUID

import asyncpg
import structlog
from fastapi import Request, Response
from fastapi.responses import StreamingResponse

from app import __version__
from app.db import Compiled, Connection, Context, patient
from app.errors import NotFound, Unavailable
from app.http.etags import not_modified
from app.http.formats import CSV, DOCX, JSON, PDF, SVG, XLSX, Format
from app.operations.answering import caching, digest, without_content
from app.operations.copying import Keep, resumed, sent_as_made
from app.operations.kept import VERSION
from app.operations.serving import Service, address_of, context_of, headers_of, moment_of, service_of
from app.report_files.tables import TABLES
from app.status_reports.counting import report_statement, statement_of
from app.status_reports.telling import AsDifference, AsJson, AsTable, Writer, sliced, told

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

Number = Callable[[Connection], Awaitable[int]]
"""The number of the Consultation that a request names."""
PlanOf = Callable[[Connection], Awaitable[tuple[Compiled, Sequence[int]]]]
"""How two reports are compared, and the numbers of their Consultations."""
Make = Callable[[Connection, Keep], Awaitable[None]]
_STORED = "frozen_reports f join consultations c on c.id = f.consultation_id"
_FILED = f"{_STORED} join frozen_files k on k.consultation_id = f.consultation_id"
_TEXT = "convert_to(f.content, 'UTF8')"


class _Known(Exception):
    """The client has it already."""


async def live(request: Request, style: Format, name: str, number: Number) -> Response:
    """The report as it stands, in the form of this name, or 304. JSON and tables are sent while they are counted."""
    service, base, moment = service_of(request), address_of(request), await moment_of(request)
    context = await context_of(request)
    answer = caching(moment, **_headers(request, style))
    same = hashlib.sha256(f"{digest(request, moment)}|{name}|{base}|{__version__}".encode()).hexdigest()[:32]

    async def begin(connection: Connection) -> int:
        found = await number(connection)
        if _known(request, f"{await connection.fetchval(VERSION.sql)}.{same}", answer):
            raise _Known
        return found

    try:
        if style in {JSON, CSV}:
            table = name.removeprefix("csv:")
            writer: Writer = AsJson() if style is JSON else AsTable(table, base)
            plan = report_statement() if style is JSON else statement_of(TABLES[table].pieces)

            async def make(connection: Connection, keep: Keep) -> None:
                await told(connection, plan, [await begin(connection)], writer, keep)

            return await _streamed(service, context, make, answer)
        with _order(service, base) as order:
            async with service.database.reading(context, one_view=True) as connection:
                await patient(connection, service.settings.report_budget)
                await told(connection, report_statement(), [await begin(connection)], AsJson(), _into(order))
            file = await made(service, name, order)
    except _Known:
        return without_content(answer)
    return StreamingResponse(_sent(file), 200, answer | {"Content-Length": str(_size(file))})


async def frozen(request: Request, style: Format, name: str, number: Number) -> Response:
    """The report that is kept, or 304. Of its files the first that was made is kept too, and answered ever after."""
    service, context = service_of(request), await context_of(request)
    answer = caching(await moment_of(request), **_headers(request, style))
    async with service.database.reading(context, one_view=True) as connection:
        consultation = await number(connection)
        row = await connection.fetchrow(
            f"select f.consultation_id as id from {_STORED} where c.number = $1", consultation
        )
        if row is None:
            raise NotFound(
                f"The report of this Consultation is not frozen: /v1/consultations/{consultation}/report is live."
            )
    args: list[Any] = [consultation]
    content, source = _TEXT, f"{_STORED} where c.number = $1"
    if style is not JSON:
        content, source, args = (
            "k.content",
            f"{_FILED} where c.number = $1 and k.name = $2",
            [consultation, name],
        )
    kept = await _print(service, context, content, source, args)
    if kept is None:
        with _order(service, address_of(request)) as order:
            async with service.database.reading(context) as connection:
                await sliced(
                    connection, _TEXT, f"{_STORED} where c.number = $1", [consultation], _into(order)
                )
            with await made(service, name, order) as file:
                await _keep(service, row["id"], name, file.read())
        kept = await _print(service, context, content, source, args)
    assert kept is not None
    answer["Repr-Digest"] = f"sha-256=:{base64.b64encode(kept['digest']).decode()}:"
    answer["Content-Length"] = str(kept["size"])
    if _known(request, kept["digest"].hex(), answer):
        return without_content(answer)

    async def make(connection: Connection, keep: Keep) -> None:
        await sliced(connection, content, source, args, keep)

    return await _streamed(service, context, make, answer)


async def difference(request: Request, plan_of: PlanOf) -> Response:
    """What has changed, sent while it is compared, or 304."""
    moment, context = await moment_of(request), await context_of(request)
    answer = caching(moment, **{"Content-Type": JSON.content_type})
    same = digest(request, moment)

    async def make(connection: Connection, keep: Keep) -> None:
        plan, numbers = await plan_of(connection)
        if _known(request, f"{await connection.fetchval(VERSION.sql)}.{same}", answer):
            raise _Known
        await told(connection, plan, numbers, AsDifference(), keep)

    try:
        return await _streamed(service_of(request), context, make, answer)
    except _Known:
        return without_content(answer)


async def _streamed(service: Service, context: Context, make: Make, answer: dict[str, str]) -> Response:
    """What is made, from its first piece on: until then, what goes wrong is still a problem document."""
    chunks = sent_as_made(service, context, make)
    first = await anext(chunks, b"")
    return StreamingResponse(resumed(first, chunks), 200, answer)


async def _print(
    service: Service, context: Context, content: str, source: str, args: Sequence[Any]
) -> asyncpg.Record | None:
    """Digest and size of what is stored; None if it is not."""
    async with service.database.reading(context) as connection:
        return await connection.fetchrow(
            f"select sha256({content}) as digest, octet_length({content}) as size from {source}",
            *args,
        )


def _order(service: Service, base: str) -> IO[bytes]:
    """What a file is made of, to be filled with the report as JSON."""
    order = tempfile.TemporaryFile(dir=service.settings.spool_dir)  # noqa: SIM115  (closed by who asked)
    order.write(json.dumps({"base": base}).encode() + b"\n")
    return order


def _into(file: IO[bytes]) -> Keep:
    async def keep(piece: bytes) -> None:
        file.write(piece)

    return keep


async def made(service: Service, name: str, order: IO[bytes]) -> IO[bytes]:
    """The file of this name (`app/report_files/__main__.py`)."""
    order.seek(0)
    file = tempfile.TemporaryFile(dir=service.settings.spool_dir)  # noqa: SIM115  (closed by who reads it)
    try:
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


async def _keep(service: Service, consultation: UUID, name: str, content: bytes) -> None:
    """The file is kept of a frozen report, unless another was first. COPY, which would take it piece by piece, does not
    write where row-level security holds.
    """
    async with service.database.writing() as connection:
        await connection.execute(
            "insert into frozen_files (consultation_id, name, content) values ($1, $2, $3) on conflict do nothing",
            consultation,
            name,
            content,
        )


def _headers(request: Request, style: Format) -> dict[str, str]:
    if style is JSON:
        return {"Content-Type": style.content_type}
    place = "inline" if style in _SHOWN_HERE else "attachment"
    name = f"status-report-{request.path_params['name']}.{style.ending}"
    headers = {"Content-Type": style.content_type, "Content-Disposition": f'{place}; filename="{name}"'}
    return headers | ({"Content-Security-Policy": _STYLED} if style is SVG else {})


def _known(request: Request, tag: str, answer: dict[str, str]) -> bool:
    """Whether the client has it; the tag is put among the headers."""
    answer["ETag"] = f'"{tag}"'
    return not_modified(headers_of(request).get(b"if-none-match"), tag)


def _size(file: IO[bytes]) -> int:
    return os.fstat(file.fileno()).st_size


async def _sent(file: IO[bytes]) -> AsyncIterator[bytes]:
    with file:
        while piece := file.read(_PIECE):
            yield piece
