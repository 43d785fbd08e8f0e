"""Many records at once: COPY through a file without a name, in constant memory; the bytes are PostgreSQL's own."""

import asyncio
import os
import tempfile
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from typing import Any

from app.db import Compiled, Connection, Context, patient
from app.http.formats import NDJSON, Format
from app.operations import sheets
from app.operations.kept import VERSION
from app.operations.serving import Service

Keep = Callable[[bytes], Coroutine[Any, Any, None]]
"""Takes the next piece of what is sent."""
_CHUNK = 65_536
EXPORT_SECONDS = 300
_COPY: dict[str, dict[str, Any]] = {
    "csv": {"format": "csv", "header": True},
    "xlsx": sheets.COPY,
    "ndjson": {"format": "csv", "quote": "\x01", "delimiter": "\x02"},
}
"""For NDJSON, CSV with quote and delimiter that no text here can hold: each JSON text stands in its line as it is."""


async def copied(
    service: Service, context: Context, plan: Compiled, values: dict[str, Any]
) -> tuple[int, AsyncGenerator[bytes]]:
    """The JSON texts of a statement, one a line, and the feed position of the snapshot that they are of."""
    position: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def begin(connection: Connection) -> bool:
        position.set_result(await connection.fetchval(VERSION.sql))
        return True

    chunks = streamed(service, context, plan, values, NDJSON, begin)
    first = await anext(chunks, b"")
    return position.result(), resumed(first, chunks)


def streamed(
    service: Service,
    context: Context,
    plan: Compiled,
    values: dict[str, Any],
    style: Format,
    begin: Callable[[Connection], Awaitable[bool]],
) -> AsyncGenerator[bytes]:
    """COPY … TO STDOUT, sent as it comes. `begin` looks at the same snapshot first, and says whether anything is to be
    copied.
    """

    async def make(connection: Connection, keep: Keep) -> None:
        if await begin(connection):
            await connection.copy_from_query(
                plan.sql,
                *plan.args(values),
                output=keep,
                timeout=EXPORT_SECONDS,
                **_COPY[style.ending],
            )

    return sent_as_made(service, context, make)


async def sent_as_made(
    service: Service, context: Context, make: Callable[[Connection, Keep], Awaitable[None]]
) -> AsyncGenerator[bytes]:
    """What is made from one view of the register, through a file without a name: constant memory, and no connection
    waits for a slow client. If it breaks, so does the stream.
    """
    spool = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115  (closed when the answer has been read)
    grown = asyncio.Event()

    async def keep(chunk: bytes) -> None:
        spool.write(chunk)
        grown.set()

    async def run() -> None:
        try:
            async with service.database.reading(context, one_view=True) as connection:
                await patient(connection, EXPORT_SECONDS)
                await make(connection, keep)
        finally:
            grown.set()

    task = asyncio.create_task(run())
    sent = 0
    try:
        while True:
            if chunk := os.pread(spool.fileno(), _CHUNK, sent):
                sent += len(chunk)
                yield chunk
            elif task.done():
                task.result()
                return
            else:
                grown.clear()
                await grown.wait()
    finally:
        task.cancel()
        spool.close()


async def resumed(first: bytes, rest: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
    """All of a stream of which the first piece was looked at."""
    yield first
    async for chunk in rest:
        yield chunk
