"""What runs under a connection to PostgreSQL, of which the driver takes no care."""

import socket
from typing import Any

_PATIENCE = (
    ("TCP_KEEPIDLE", 5),
    ("TCP_KEEPINTVL", 2),
    ("TCP_KEEPCNT", 2),
    ("TCP_USER_TIMEOUT", 8000),
)
"""Seconds, seconds, probes, milliseconds."""
_NEVER = 2**30


def tend(connection: Any) -> None:
    """Let the end of a connection be noticed, whatever its user is doing."""
    transport = connection._transport  # noqa: SLF001  (asyncpg offers no other way)
    # Whoever copies rows waits for leave to write, and asyncpg tells them neither that the connection is lost nor that
    # their time is up (`copy_in` of its protocol): they would wait for ever. What we copy at a time has a bound.
    transport.set_write_buffer_limits(high=_NEVER)
    wire = transport.get_extra_info("socket")
    if wire is None or wire.family == socket.AF_UNIX:
        return
    wire.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)  # a peer that no longer acknowledges
    for option, value in _PATIENCE:
        if hasattr(socket, option):
            wire.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
