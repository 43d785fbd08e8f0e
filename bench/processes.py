"""Processes under measurement: started, pinned to a core, their CPU time and memory read, and ended."""

import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

APP_CORE, OTHER_CORE = 1, 0
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Server:
    """A service that answers at an address."""

    pid: int
    address: str

    @property
    def cpu(self) -> float:
        """Seconds of CPU so far, of the process and all that it has started."""
        return cpu_seconds(self.pid)

    @property
    def memory(self) -> float:
        """Resident MB of all its processes now."""
        return sum(_status(pid, "VmRSS") for pid in family(self.pid))

    @property
    def peak(self) -> float:
        """Largest resident MB since `forget_peak`."""
        return sum(_status(pid, "VmHWM") for pid in family(self.pid))

    def forget_peak(self) -> None:
        for pid in family(self.pid):
            Path(f"/proc/{pid}/clear_refs").write_text("5")


def pin(pid: int, core: int) -> None:
    """Keep a process and those it has started on one core, where the machine has two."""
    if (os.cpu_count() or 1) > 1:
        for each in family(pid):
            for thread in Path(f"/proc/{each}/task").glob("*"):
                os.sched_setaffinity(int(thread.name), {core})


def pinned(core: int, command: Sequence[str]) -> list[str]:
    """The command, to run on one core."""
    return ["taskset", "-c", str(core), *command] if (os.cpu_count() or 1) > 1 else list(command)


def family(pid: int) -> list[int]:
    """A process and its direct children."""
    found = [pid]
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == pid:
            found.append(int(stat.parent.name))
    return found


def cpu_seconds(pid: int) -> float:
    """User and system time of a process and its children: those that live, and those that have ended."""
    ticks = 0
    for each in family(pid):
        try:
            fields = Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        ticks += sum(int(field) for field in fields[11 : 15 if each == pid else 13])
    return ticks / _TICKS


def _status(pid: int, name: str) -> float:
    try:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith(name):
                return int(line.split()[1]) / 1024
    except OSError:
        pass
    return 0.0


@contextmanager
def serving(
    command: Sequence[str],
    port: int,
    environment: Mapping[str, str],
    *,
    probe: str = "/livez",
    cwd: Path | None = None,
) -> Iterator[Server]:
    """A server on the application's core, once it answers."""
    address = f"http://127.0.0.1:{port}"
    with socket.create_server(("127.0.0.1", port)):
        pass  # else what was left there by others would be measured
    process = subprocess.Popen(
        pinned(APP_CORE, command), env={**os.environ, **environment}, cwd=cwd, stdout=subprocess.DEVNULL
    )
    try:
        _wait(process, address + probe)
        yield Server(process.pid, address)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(process: "subprocess.Popen[bytes]", url: str) -> None:
    for _ in range(300):
        if process.poll() is not None:
            raise RuntimeError(f"the server of {url} ended at once, with status {process.returncode}")
        try:
            urllib.request.urlopen(url, timeout=1)
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError(f"{url} did not answer")
