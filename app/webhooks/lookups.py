"""Names are looked up in threads, which nothing can end: whoever has names that nobody answers for waits alone."""

import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from uuid import UUID
from weakref import WeakValueDictionary

AT_A_TIME = 2
"""Names that are looked up at a time for one owner of webhooks."""
_SECONDS = 5.0
"""So long somebody waits for a turn, and for an answer."""
_THREADS = ThreadPoolExecutor(16, "look-up")
"""Threads of their own: names that nobody answers for take none from the rest of the service."""
_Asked = tuple[UUID, str, int]
_under_way: dict[_Asked, asyncio.Task[list[str]]] = {}
_turns: WeakValueDictionary[UUID, asyncio.Semaphore] = WeakValueDictionary()


async def look_up(owner: UUID, host: str, port: int) -> list[str]:
    """The addresses of a name. Who asks while it is being looked up for the same owner gets the same answer."""
    asked = owner, host, port
    if (looking := _under_way.get(asked)) is None:
        looking = _under_way[asked] = asyncio.create_task(_in_turn(*asked))
        looking.add_done_callback(partial(_ended, asked))
    async with asyncio.timeout(_SECONDS):
        return await asyncio.shield(looking)


def _ended(asked: _Asked, looking: asyncio.Task[list[str]]) -> None:
    del _under_way[asked]
    if not looking.cancelled():
        looking.exception()  # is nobody's matter any more, if nobody waited so long


async def _in_turn(owner: UUID, host: str, port: int) -> list[str]:
    """A turn ends with its thread, whether or not somebody still waits for the answer."""
    turns = _turns.setdefault(owner, asyncio.Semaphore(AT_A_TIME))
    async with asyncio.timeout(_SECONDS):
        await turns.acquire()
    try:
        found = await asyncio.get_running_loop().run_in_executor(
            _THREADS, lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        )
    finally:
        turns.release()
    return [str(address[0]) for *_, address in found]
