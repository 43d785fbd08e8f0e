"""Results as a table on the terminal, as JSON, and as a picture."""

import json
import os
import platform
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.load import CONNECTIONS
from bench.results import FIELDS, OURS, Bar, Results, bars, median

_console = Console(width=130)


def show(results: Results) -> None:
    """Print what was measured, then the bars."""
    _console.print(_heading(results))
    table = Table("operation", "by", "requests/s", "p50 ms", "p99 ms", "app CPU ms", "database CPU ms")
    for operation, known in results.rounds.items():
        for who, rounds in known.items():
            one = median(rounds)
            table.add_row(
                operation, who, f"{one.rate:.0f}", f"{one.p50:.2f}", f"{one.p99:.2f}",
                f"{one.app_ms:.3f}" if one.app_ms else "", f"{one.database_ms:.3f}" if one.database_ms else "",
                style="bold" if who == OURS else None, end_section=who == list(known)[-1],
            )  # fmt: skip
    _console.print(table)
    whole = Table("once a round", "median")
    for name in results.seconds:
        whole.add_row(name, f"{results.time(name):.3f}")
    _console.print(whole)
    if results.sizes:
        sizes = Table("by number of events", "events", "requests/s", "app CPU ms", "database CPU ms")
        for operation, each in results.sizes.items():
            for events, rounds in each.items():
                one = median(rounds)
                sizes.add_row(
                    operation, str(events), f"{one.rate:.4g}", f"{one.app_ms:.3f}", f"{one.database_ms:.3f}"
                )
        _console.print(sizes)
    judged = Table("bar", "measured", "asked", "met")
    for bar in bars(results):
        judged.add_row(bar.name, f"{bar.value:.2f}", bar.asked, "yes" if bar.met else "[red]no")
    _console.print(judged)


def _heading(results: Results) -> str:
    return (
        f"{results.events} events and a quarter as many activities, one worker on a core, {CONNECTIONS} connections, "
        f"medians of {results.repeated} rounds of {results.each} s"
    )


def document(results: Results) -> dict[str, Any]:
    """Everything, as JSON."""
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "about": _heading(results),
        "machine": {"cores": os.cpu_count(), "processor": _processor(), "python": sys.version},
        "operations": {
            operation: {
                who: {name: round(getattr(median(rounds), name), 3) for name in FIELDS}
                for who, rounds in known.items()
            }
            for operation, known in results.rounds.items()
        },
        "once a round": {name: round(results.time(name), 4) for name in results.seconds},
        "by number of events": {
            operation: {
                str(events): {name: round(getattr(median(rounds), name), 3) for name in FIELDS}
                for events, rounds in known.items()
            }
            for operation, known in results.sizes.items()
        },
        "bars": [
            {"bar": each.name, "measured": round(each.value, 3), "asked": each.asked, "met": each.met}
            for each in bars(results)
        ],
    }


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def write(results: Results, folder: Path) -> None:
    """Write `latest.json` and `latest.svg`."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(document(results), indent=1, ensure_ascii=False)
    (folder / "latest.json").write_text(text + "\n")
    _draw(results, folder / "latest.svg")


def _draw(results: Results, path: Path) -> None:
    """Requests per second of each operation, ours and the others; and how far each bar is met."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "bench"
    import matplotlib.pyplot as plt

    operations = [name for name in ("get", "list", "search", "create", "patch") if name in results.rounds]
    judged = list(bars(results))
    figure, (rates, met) = plt.subplots(
        2,
        1,
        figsize=(10, 5 + 0.24 * len(judged)),
        height_ratios=[4, 0.24 * len(judged) + 1],
        layout="constrained",
    )
    everybody = list(dict.fromkeys(who for name in operations for who in results.rounds[name]))
    width = 0.8 / max(1, len(everybody))
    for place, who in enumerate(everybody):
        places = [number for number, name in enumerate(operations) if who in results.rounds[name]]
        values = [results.median(operations[number], who).rate for number in places]
        rates.bar([number + place * width for number in places], values, width, label=who)
    rates.set_xticks([number + 0.4 - width / 2 for number in range(len(operations))], operations)
    rates.set_yscale("log")
    rates.set_ylabel("requests/s")
    rates.legend(fontsize=7, ncols=2)
    rates.set_title(_heading(results), fontsize=8)
    _draw_bars(met, judged)
    figure.savefig(path, metadata={"Date": None})


def _draw_bars(axes: Any, judged: list[Bar]) -> None:
    """One line a bar: 1 is where it stands, to the right is better."""
    shares = [
        min((each.bar / max(each.value, 0.01)) if each.most else each.value / each.bar, 4) for each in judged
    ]
    colours = ["#2a7" if each.met else "#c33" for each in judged]
    axes.barh([f"{each.name} ({each.value:.2f}, {each.asked})" for each in judged], shares, color=colours)
    axes.axvline(1, color="black", linewidth=0.8)
    axes.invert_yaxis()
    axes.tick_params(labelsize=7)
    axes.set_xlabel("how far a bar is met (1: exactly; cut at 4)", fontsize=8)
