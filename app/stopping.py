"""How a process of the service ends: what it is told by signals, and by the end of the one that supervises it."""

import asyncio
import multiprocessing
import signal
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from types import FrameType

from starlette.datastructures import State


@asynccontextmanager
async def draining(state: State, seconds: float, ending: Callable[[], None]) -> AsyncIterator[None]:
    """SIGTERM: `/readyz` says 503 at once; the server stops accepting only when a balancer has noticed.

    Then also `ending` is called: whoever waits for a change is answered, and asks again elsewhere. Ctrl-C waits for no
    balancer.
    """
    stops = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    if not callable(stops[signal.SIGTERM]) or threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()

    def stop_now(number: int, frame: FrameType | None) -> None:
        state.draining = True
        loop.call_soon_threadsafe(ending)
        if callable(stop := stops[signal.Signals(number)]):
            stop(number, frame)

    def begin(number: int, frame: FrameType | None) -> None:
        again, state.draining = state.draining, True
        if again or not seconds:
            stop_now(number, frame)
        else:
            loop.call_soon_threadsafe(loop.call_later, seconds, stop_now, number, None)

    signal.signal(signal.SIGTERM, begin)
    signal.signal(signal.SIGINT, stop_now)
    try:
        yield
    finally:
        state.draining = True
        for number, stop in stops.items():
            signal.signal(number, stop)


@asynccontextmanager
async def stopped_with_parent() -> AsyncIterator[None]:
    """A worker does not outlive the process that supervises it, or the address would stay taken.

    Nor does it end before it is told to: SIGHUP of a terminal reaches all of them.
    """
    parent = multiprocessing.parent_process()
    if parent is None:
        yield
        return
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    loop = asyncio.get_running_loop()

    def leave() -> None:
        loop.remove_reader(parent.sentinel)
        signal.raise_signal(signal.SIGTERM)

    loop.add_reader(parent.sentinel, leave)
    try:
        yield
    finally:
        loop.remove_reader(parent.sentinel)
