"""A whole list as a file, beside COPY TO STDOUT of the same statement."""

import socket
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from bench.load import PROGRAMS
from bench.processes import OTHER_CORE, Server, pinned


@dataclass
class Export:
    """Seconds, seconds to the first byte, bytes, and by how many MB the server grew."""

    seconds: float
    first: float
    size: int
    grown: float


def download(server: Server, path: str, accept: str) -> Export:
    """Read an answer to its end as fast as it comes."""
    before = server.memory
    server.forget_peak()
    place = urlsplit(server.address)
    with socket.create_connection((place.hostname, place.port), timeout=300) as wire:
        begun = time.perf_counter()
        wire.sendall(
            f"GET {path} HTTP/1.1\r\nHost: {place.netloc}\r\nAccept: {accept}\r\nConnection: close\r\n\r\n".encode()
        )
        head = wire.recv(65_536)
        first = time.perf_counter() - begun
        size = len(head)
        into = bytearray(1 << 20)
        while got := wire.recv_into(into):
            size += got
        seconds = time.perf_counter() - begun
    if not head.startswith(b"HTTP/1.1 200"):
        raise RuntimeError(head[:1000])
    return Export(seconds, first, size, server.peak - before)


def copied(address: str, statement: str, folder: Path, environment: Mapping[str, str]) -> float:
    """Seconds of psql for the same COPY."""
    script = folder / "copy.sql"
    script.write_text(f"set role workplan_app;\nset jit = off;\nset timezone = 'UTC';\n{statement};\n")
    command = [str(PROGRAMS / "psql"), "-q", "-X", "-v", "ON_ERROR_STOP=1", "-f", str(script), address]
    begun = time.perf_counter()
    subprocess.run(pinned(OTHER_CORE, command), stdout=subprocess.DEVNULL, env=dict(environment), check=True)
    return time.perf_counter() - begun
