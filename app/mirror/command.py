"""The command `workplan mirror`."""

import asyncio
import signal
from collections.abc import Callable
from pathlib import Path

import httpx2

from app import __version__
from app.mirror.copies import Copy, Trouble
from app.mirror.database import Tables
from app.mirror.folder import Folder
from app.mirror.following import Follower, Proof
from app.mirror.remote import Remote

IN_STEP, DIFFERS = 0, 3
_ATTEMPTS = 6


async def mirror(
    url: str, into: str, *, key: str, kinds: str, follow: bool, anew: bool, say: Callable[[str], None]
) -> int:
    """Copy a register, and say whether the copy is in step. The exit status."""
    source = url.rstrip("/").removesuffix("/v1")
    if not source.startswith(("http://", "https://")):
        raise Trouble("The address of a register begins with http:// or https://.")
    headers = {"User-Agent": f"workplan-mirror/{__version__}"}
    if key:
        headers["Authorization"] = f"Bearer {key}"
    async with httpx2.AsyncClient(base_url=source, headers=headers, timeout=30.0) as client:
        remote = Remote(client, kinds, None if follow else _ATTEMPTS)
        copy = await _copy(into, source, kinds, anew=anew)
        try:
            follower = Follower(remote, copy, say)
            await follower.open(anew=anew)
            proof = await follower.proved()
            if follow and not proof.differing:
                say(f"{_sentence(proof)}, following.")
                await follower.follow(_told_to_stop())
                remote.attempts = _ATTEMPTS
                proof = await follower.proved()
        finally:
            await copy.close()
    return _told(proof, say)


async def _copy(into: str, source: str, kinds: str, *, anew: bool) -> Copy:
    if into.startswith(("postgresql://", "postgres://")):
        return await Tables.opened(into, source, kinds, anew=anew)
    return Folder(Path(into), source, kinds, anew=anew)


def _told_to_stop() -> asyncio.Event:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


def _told(proof: Proof, say: Callable[[str], None]) -> int:
    if not proof.differing:
        say(_sentence(proof) + ".")
        return IN_STEP
    for kind, (here, there) in proof.differing.items():
        say(
            f"{kind} differs at position {proof.position}: {here.count} records here ({here.digest}), "
            f"{there.count} there ({there.digest})."
        )
    say("Not in step. `--anew` begins with a new snapshot.")
    return DIFFERS


def _sentence(proof: Proof) -> str:
    return f"In step at position {proof.position}: {proof.records} records"
