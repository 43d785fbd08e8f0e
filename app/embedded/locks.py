"""Locks on files: they end with the processes that hold them, however those end."""

import contextlib
import fcntl
import math
import os
import time
from collections.abc import Iterator
from pathlib import Path

_FLAGS = os.O_CLOEXEC | os.O_NOFOLLOW


def take(path: Path, *, shared: bool = False, patience: float = 0) -> int | None:
    """Hold the lock until the descriptor is closed; None if others still hold it after `patience` seconds."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | _FLAGS, 0o600)
    deadline = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                os.close(descriptor)
                return None
            time.sleep(0.02)
        except BaseException:
            os.close(descriptor)
            raise
        else:
            return descriptor


@contextlib.contextmanager
def held(path: Path, *, shared: bool = False) -> Iterator[None]:
    """Wait for the lock, and hold it for a while."""
    descriptor = take(path, shared=shared, patience=math.inf)
    assert descriptor is not None
    try:
        yield
    finally:
        os.close(descriptor)


def is_held(path: Path) -> bool:
    """Whether anybody holds the lock alone. Asking takes it shared for a moment."""
    try:
        descriptor = os.open(path, os.O_RDONLY | _FLAGS)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False
