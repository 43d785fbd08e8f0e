"""The service with a fault in it, for uvicorn: dies at a point of every so-many-th write, or has a wrong clock."""

import asyncio
import os
import signal
from itertools import count
from typing import Any

from starlette.types import Message, Receive, Scope, Send

from app.main import create_app
from app.operations import transactions

FAULT, EVERY = os.environ.get("WORKPLAN_FAULT", ""), int(os.environ.get("WORKPLAN_FAULT_EVERY", "25"))
_writes = count(1)


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


if FAULT == "clock":
    import time_machine

    shift = float(os.environ["WORKPLAN_FAULT_SHIFT"])
    import time

    time_machine.travel(time.time() + shift, tick=True).start()

if FAULT == "before_answer":  # the transaction is committed, and nobody knows yet
    respond = transactions.Answer.response

    def response(self: Any, **more: str) -> Any:
        if not more and next(_writes) % EVERY == 0:
            _die()
        return respond(self, **more)

    transactions.Answer.response = response  # type: ignore[method-assign]

inner = create_app()


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """The application, dying after an answer if that is the fault."""

    async def watched(message: Message) -> None:
        await send(message)
        if (
            message["type"] == "http.response.body"
            and not message.get("more_body")
            and next(_writes) % EVERY == 0
        ):
            await asyncio.sleep(0)  # the loop writes what was sent
            await asyncio.sleep(0)
            _die()

    writes = scope["type"] == "http" and scope["method"] == "POST"
    await inner(scope, receive, watched if writes and FAULT == "after_answer" else send)
