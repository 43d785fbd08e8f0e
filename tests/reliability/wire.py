"""The wire between the service and PostgreSQL, or its clients, in our hands: slow, mute, or cut."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import parse_qs, urlsplit


class Wire:
    """Listens on a port of this machine and passes everything on to a server's socket or port."""

    def __init__(self, target: str | int) -> None:
        self.delay = 0.0
        self.passed = 0
        """Bytes so far, both ways."""
        self.cut_at: int | None = None
        """After so many everything is cut, in the middle of what is being said."""
        self.mute = False
        self.flowing = asyncio.Event()
        self.flowing.set()
        self.port = 0
        self._target = target
        self._links: set[_Link] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    def swallow(self) -> None:
        """From now on nothing arrives on either side, and nobody is told. Links that lose bytes stay mute."""
        self.mute = True

    def stuff(self) -> None:
        """From now on nobody takes what is sent: whoever has much to say has to wait."""
        self.flowing.clear()

    def heal(self) -> None:
        self.mute = False
        self.delay = 0.0

    def reset(self) -> None:
        """Cut every link, so that both sides notice at once."""
        for link in list(self._links):
            link.cut()

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        link = _Link(self, writer)
        self._links.add(link)
        try:
            await link.run(reader, self._target)
        except (OSError, EOFError):
            pass
        finally:
            link.cut()
            self._links.discard(link)


class _Link:
    """One connection through the wire."""

    def __init__(self, wire: Wire, near: asyncio.StreamWriter) -> None:
        self._wire = wire
        self._lost = False
        self._writers = [near]

    async def run(self, near: asyncio.StreamReader, target: str | int) -> None:
        if isinstance(target, int):
            far, far_writer = await asyncio.open_connection("127.0.0.1", target)
        else:
            far, far_writer = await asyncio.open_unix_connection(target)
        self._writers.append(far_writer)
        ways = [
            asyncio.ensure_future(self._pass(near, far_writer)),
            asyncio.ensure_future(self._pass(far, self._writers[0])),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)

    async def _pass(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        loop = asyncio.get_running_loop()
        with suppress(OSError):
            while await self._wire.flowing.wait() and (data := await source.read(65_536)):
                if self._wire.mute:
                    self._lost = True
                if self._lost:
                    continue
                wire = self._wire
                if wire.cut_at is not None and wire.passed + len(data) >= wire.cut_at:
                    sink.write(data[: max(wire.cut_at - wire.passed, 0)])
                    with suppress(OSError):
                        await sink.drain()
                    await asyncio.sleep(0.01)
                    wire.cut_at = None
                    wire.reset()
                    return
                wire.passed += len(data)
                if self._wire.delay:
                    loop.call_later(self._wire.delay / 2, _write, sink, data)
                else:
                    sink.write(data)
        if self._lost or self._wire.mute:
            await asyncio.Event().wait()  # the end does not arrive either

    def cut(self) -> None:
        for writer in self._writers:
            writer.transport.abort()


def _write(sink: asyncio.StreamWriter, data: bytes) -> None:
    if not sink.is_closing():
        sink.write(data)


@asynccontextmanager
async def wire_to(address: str) -> AsyncIterator[tuple[Wire, str]]:
    """A wire to the server of a DSN with a socket folder, and the DSN that goes through it."""
    parts = urlsplit(address)
    folder = parse_qs(parts.query)["host"][0]
    port = parse_qs(parts.query).get("port", ["5432"])[0]
    account = parts.netloc.rpartition("@")[0]
    async with wire_between(f"{folder}/.s.PGSQL.{port}") as wire:
        yield wire, f"{parts.scheme}://{account}@127.0.0.1:{wire.port}{parts.path}"


@asynccontextmanager
async def wire_between(target: str | int) -> AsyncIterator[Wire]:
    """A wire to a socket file, or to a port of this machine."""
    wire = Wire(target)
    server = await asyncio.start_server(wire.accept, "127.0.0.1", 0)
    wire.port = server.sockets[0].getsockname()[1]
    try:
        yield wire
    finally:
        server.close()
        await wire.close()
