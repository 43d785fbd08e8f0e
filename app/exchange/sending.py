"""A file is sent, loaded as a job, and followed until it has ended."""

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

from app.exchange.ends import Ended
from app.exchange.files import digest_of, media_type_of, pieces_of, written_whole
from app.exchange.register import Register

_LOOK_SECONDS, _LOOK_SECONDS_MOST = 0.1, 2.0
_ENDED = {"succeeded", "failed", "cancelled"}
_CHANGED_NOTHING = {"failed", "cancelled"}
Tell = Callable[[str, int, int], None]
"""Hears what is being done, how far that is, and of how much."""


@dataclass(frozen=True)
class Sending:
    """What is to be sent, and how it is to be loaded."""

    file: Path
    collection: str
    params: Mapping[str, str]
    headers: Mapping[str, str] = field(default_factory=dict)
    once: bool = False
    """Not again if the same was loaded before. Retries of one run are one load anyhow."""

    def key(self, number: int) -> str:
        """The Idempotency-Key of the same file, sent in the same way for the so-many-th time."""
        said = [self.collection, sorted(self.params.items()), sorted(self.headers.items()), number]
        salt = "" if self.once else uuid4().hex
        text = json.dumps(said) + media_type_of(self.file) + digest_of(self.file) + salt
        return f"file-{hashlib.sha256(text.encode()).hexdigest()[:40]}"


@dataclass(frozen=True)
class Sent:
    """The job that a file has become."""

    job: Mapping[str, Any]
    before: bool
    """It had been loaded before this run, and was not loaded again."""


def send(register: Register, sending: Sending, tell: Tell) -> Sent:
    """Send a file. Whatever breaks, a run is one load. Of what is loaded only once, the job of an earlier run is
    followed while it is under way; if it changed nothing, there is another.
    """
    newest = _newest_job(register) if sending.once else ""
    number = 1
    while True:
        job = _sent(register, sending, sending.key(number), tell)
        before = job["id"] <= newest and job["state"] in _ENDED
        if not (before and job["state"] in _CHANGED_NOTHING):
            return Sent(_followed(register, job, tell), before)
        number += 1


def _newest_job(register: Register) -> str:
    """Ids are in the order of time: a job with another one is of this run, also if the answer to it was lost."""
    items = register.ask("GET", "/v1/jobs", params={"limit": "1"}).json()["items"]
    return str(items[0]["id"]) if items else ""


def _sent(register: Register, sending: Sending, key: str, tell: Tell) -> dict[str, Any]:
    size = sending.file.stat().st_size
    headers = {
        **sending.headers,
        "Content-Type": media_type_of(sending.file),
        "Content-Length": str(size),
        "Idempotency-Key": key,
        "Prefer": "respond-async",
    }
    answer = register.ask(
        "POST",
        f"/v1/{sending.collection}/bulk",
        params=sending.params,
        headers=headers,
        body=lambda: pieces_of(sending.file, lambda place: tell("Sending", place, size)),
    )
    job: dict[str, Any] = answer.json()
    replayed = answer.headers.get("idempotency-replayed") == "true"
    return _read(register, job["href"]) if replayed else job


def _read(register: Register, job: str) -> dict[str, Any]:
    return dict(register.ask("GET", job).json())


def _followed(register: Register, job: Mapping[str, Any], tell: Tell) -> Mapping[str, Any]:
    """Look until the job has ended."""
    pause = _LOOK_SECONDS
    while job["state"] not in _ENDED or ("report" not in job and job["state"] != "cancelled"):
        progress = job["progress"]
        doing = {"waiting": "Waiting", "running": progress["step"].capitalize()}.get(job["state"], "Done")
        tell(f"{doing}, {progress['rows']} rows", progress["bytes"], progress["bytes_of"])
        time.sleep(pause)
        pause = min(pause * 1.5, _LOOK_SECONDS_MOST)
        job = _read(register, job["href"])
    if job["state"] == "cancelled":
        raise Ended("The job was cancelled. Nothing was changed.")
    return job


def keep_refused(register: Register, job: Mapping[str, Any], file: Path) -> None:
    """Write the refused rows of a job to a file."""

    def fetch() -> None:
        with register.stream(job["refused"]) as answer, written_whole(file) as opened:
            for piece in answer.iter_bytes():
                opened.write(piece)

    register.repeated(fetch)
