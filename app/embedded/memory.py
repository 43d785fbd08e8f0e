"""How much memory there is for the server."""

import os
from contextlib import suppress
from pathlib import Path

_LIMITS = Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes")
"""What a container may take, as cgroups of version 2 and 1 say it (cgroups(7)); `max` is no limit."""


def available(limits: tuple[Path, ...] = _LIMITS) -> int:
    """Bytes of the machine, or as many of them as our container may take."""
    found = [os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")]
    for path in limits:
        with suppress(OSError, ValueError):
            found.append(int(path.read_text()))
    return min(found)


def shared_buffers(memory: int) -> str:
    """A quarter of the memory, as PostgreSQL advises (`shared_buffers` in its manual), from 128 MB to 4 GB.

    It is taken only as far as there are data.
    """
    return f"{min(max(memory // 4 >> 20, 128), 4096)}MB"
