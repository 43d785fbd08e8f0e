"""The pictures of a status report, drawn by Matplotlib: as SVG whose text stays text, or as PNG for DOCX."""

from __future__ import annotations

import io
import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any

from app.report_files.lettering import FAMILIES, FONTS, shown

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Report = Mapping[str, Any]
STATUS_COLOURS = {
    "implemented": "#1f4e79", "ongoing": "#5b8db8", "planned": "#a9c4dd", "proposed": "#dfe8f1",
    "suspended": "#c9a66b", "cancelled": "#b5b5b5",
}  # fmt: skip
_INK, _FAINT, _NONE = "#222222", "#d0d0d0", "#f1f1f1"
_ON_DARK = {"implemented", "ongoing"}
_MONTHS_MOST, _SOURCES_MOST, _CURRENCIES_MOST, _LABEL_MOST = 36, 8, 4, 42
_PER_INCH = 200


def drawn(name: str, report: Report, style: str) -> bytes:
    """A chart as a file: the same report is the same bytes."""
    import matplotlib as mpl

    _take_our_fonts()
    chosen = {
        "font.family": list(FAMILIES), "font.size": 8, "svg.fonttype": "none", "svg.hashsalt": "workplan",
        "text.color": _INK, "axes.labelcolor": _INK, "xtick.color": _INK, "ytick.color": _INK, "axes.edgecolor": _FAINT,
        "text.parse_math": False, "axes.unicode_minus": False, "hatch.linewidth": 0.4,
    }  # fmt: skip
    with mpl.rc_context(chosen):  # type: ignore[arg-type]
        figure = CHARTS[name][1](report)
        figure.set_layout_engine("constrained")
        file = io.BytesIO()
        more: dict[str, Any] = {"metadata": {"Date": None}} if style == "svg" else {"dpi": _PER_INCH}
        figure.savefig(file, format=style, **more)
    return file.getvalue()


@cache
def _take_our_fonts() -> None:
    """The fonts of this machine are not looked at: a report looks the same everywhere."""
    from matplotlib.font_manager import fontManager

    logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)  # Japanese has no bold here
    fontManager.ttflist = []
    for font in sorted(FONTS.glob("*.[ot]tf")):
        fontManager.addfont(font)


def _figure(height: float, **more: Any) -> tuple[Figure, Any]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.7, height))
    return figure, figure.subplots(**more)


def _bare(axes: Axes, *kept: str) -> None:
    for side, spine in axes.spines.items():
        spine.set_visible(side in kept)
    axes.tick_params(length=0)


def _nothing(why: str) -> Figure:
    figure, axes = _figure(0.8)
    axes.axis("off")
    axes.text(0.5, 0.5, why, ha="center", va="center", color="#666666")
    return figure


def _progress(report: Report) -> Figure:
    """One bar a goal, its activities by reported status."""
    goals = report["goals"]
    if not goals:
        return _nothing("There are no goals.")
    figure, axes = _figure(0.75 + 0.3 * len(goals))
    left = [0] * len(goals)
    places = range(len(goals))
    for word, colour in STATUS_COLOURS.items():
        counts = [
            next((each["count"] for each in goal["by_status"] if each["status"] == word), 0) for goal in goals
        ]
        if not any(counts):
            continue
        axes.barh(
            places, counts, left=left, color=colour, height=0.66, label=word, edgecolor="white", linewidth=0.6
        )
        for place, count in enumerate(counts):
            if count:
                ink = "white" if word in _ON_DARK else _INK
                axes.text(
                    left[place] + count / 2,
                    place,
                    str(count),
                    ha="center",
                    va="center",
                    color=ink,
                    fontsize=7,
                )
        left = [before + count for before, count in zip(left, counts, strict=True)]
    for place, goal in enumerate(goals):
        percent = goal["rate"]["percent"]
        said = "–" if percent is None else f"{percent:.1f} %"
        axes.text(left[place] + max(left, default=1) * 0.015 + 0.02, place, said, va="center", fontsize=7)
    axes.set_yticks(places, [f"Goal {goal['number']}" for goal in goals])
    axes.set_xlim(0, max(1, *left) * 1.1)
    axes.invert_yaxis()
    axes.xaxis.set_visible(False)
    _bare(axes, "left")
    if any(left):
        figure.legend(loc="outside upper left", ncols=6, frameon=False, fontsize=7, handlelength=1)
    return figure


def _matrix(report: Report) -> Figure:
    """What each country says of the activities of each goal that concern it."""
    from matplotlib.patches import Patch, Rectangle

    cells = {(each["goal"], each["country"]): each for each in report["matrix"]}
    if not cells:
        return _nothing("No activity concerns a country.")
    goals = [goal["number"] for goal in report["goals"]]
    countries = [each["country"] for each in report["members"]]
    accepted = {each["country"] for each in report["reports"] if each["state"] in {"accepted", "frozen"}}
    figure, axes = _figure(1.0 + 0.3 * len(goals))
    for row, goal in enumerate(goals):
        for column, country in enumerate(countries):
            cell = cells.get((goal, country))
            colour, said, ink = _cell(cell, reported=country in accepted)
            hatch = None if cell is None or country in accepted else "//////"
            axes.add_patch(Rectangle((column, row), 1, 1, facecolor=colour, edgecolor="white", linewidth=1.2))
            if hatch:
                axes.add_patch(
                    Rectangle((column, row), 1, 1, fill=False, hatch=hatch, edgecolor="#bbbbbb", linewidth=0)
                )
            axes.text(column + 0.5, row + 0.5, said, ha="center", va="center", fontsize=7, color=ink)
    axes.set_xlim(0, len(countries))
    axes.set_ylim(len(goals), 0)
    axes.set_xticks([place + 0.5 for place in range(len(countries))], countries)
    axes.set_yticks([place + 0.5 for place in range(len(goals))], [f"Goal {number}" for number in goals])
    axes.xaxis.tick_top()
    _bare(axes)
    key = [
        Patch(facecolor=_SHADES[-1], label="all activities answered"),
        Patch(facecolor=_SHADES[1], label="some answered"),
        Patch(facecolor=_SHADES[0], label="none answered"),
        Patch(facecolor=_NONE, hatch="//////", edgecolor="#bbbbbb", label="no accepted report"),
    ]
    figure.legend(handles=key, loc="outside lower left", ncols=4, frameon=False, fontsize=7, handlelength=1.2)
    return figure


_SHADES = ("#eef3f8", "#c9dbea", "#8fb4d3", "#4f86b3", "#1f4e79")


def _cell(cell: Mapping[str, Any] | None, *, reported: bool) -> tuple[str, str, str]:
    """Colour, text, and the colour of the text."""
    if cell is None:
        return "white", "", _INK
    if not reported:
        return _NONE, f"0/{cell['activities']}", "#777777"
    answered = cell["activities"] - cell["not_reported"]
    place = 0 if not answered else 1 + int(3 * answered / cell["activities"])
    return _SHADES[place], f"{answered}/{cell['activities']}", "white" if place > 2 else _INK


def _events(report: Report) -> Figure:
    """Events by month and goal; an event that serves several goals stands with each of them."""
    events = report["events"]
    if not events:
        return _nothing(
            "No events in the period."
            if report["consultation"]["period_start"]
            else "The Consultation has no period, so no events are counted."
        )
    goals = [goal["number"] for goal in report["goals"]]
    months, counts = _by_month(report, events)
    rows = [*goals, *([0] if any(goal == 0 for goal, _ in counts) else [])]
    figure, axes = _figure(0.75 + 0.3 * len(rows))
    most = max(counts.values())
    for (goal, month), count in counts.items():
        if goal in rows:
            x, y = months.index(month), rows.index(goal)
            axes.scatter(
                [x], [y], s=28 + 150 * (count / most) ** 0.5, color="#5b8db8", linewidths=0, zorder=3
            )
            axes.text(
                x, y, str(count), ha="center", va="center_baseline", fontsize=6.5, color="white", zorder=4
            )
    axes.set_yticks(range(len(rows)), [f"Goal {goal}" if goal else "No goal" for goal in rows])
    shown_every = 1 + (len(months) - 1) // 12
    axes.set_xticks(
        range(0, len(months), shown_every), [_month(months[at]) for at in range(0, len(months), shown_every)]
    )
    axes.set_xlim(-0.6, len(months) - 0.4)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.grid(color="#ececec", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(axis="x", labelsize=7)
    _bare(axes)
    return figure


def _month(month: int) -> str:
    return f"{date(2000, month % 12 + 1, 1):%b}\n{month // 12}"


def _by_month(
    report: Report, events: Sequence[Mapping[str, Any]]
) -> tuple[list[int], Counter[tuple[int, int]]]:
    """The months of the period, of a long one the last; how many events began in each, by goal (0: none)."""
    of = report["consultation"]
    last = _number(of["period_end"] or of["end_date"] or of["start_date"] or events[-1]["start_date"])
    first = max(_number(of["period_start"] or events[0]["start_date"]), last - _MONTHS_MOST + 1)
    counts = Counter(
        (goal, month)
        for each in events
        if first <= (month := max(_number(each["start_date"]), first)) <= last
        for goal in each["goals"] or [0]
    )
    return list(range(first, last + 1)), counts


def _number(day: str) -> int:
    return int(day[:4]) * 12 + int(day[5:7]) - 1


def _funding(report: Report) -> Figure:
    """Money by source, a picture for each currency: amounts of two currencies are not put side by side."""
    sums: dict[str, dict[str, dict[str, Decimal]]] = defaultdict(
        lambda: defaultdict(lambda: defaultdict(Decimal))
    )
    for each in report["funding"]:
        if each["amount"] is not None:
            sums[each["currency"]][each["source"]][each["part"]] += Decimal(each["amount"])
    if not sums:
        return _nothing("No amounts are known.")
    currencies = sorted(sums, key=lambda currency: (-len(sums[currency]), currency))[:_CURRENCIES_MOST]
    panels = [_largest(sums[currency]) for currency in currencies]
    heights = [len(rows) + 0.9 for rows in panels]
    figure, grid = _figure(0.6 + 0.26 * sum(heights), nrows=len(panels), squeeze=False, height_ratios=heights)
    colours = {"activities": "#1f4e79", "events": "#8fb4d3"}
    for axes, currency, rows in zip(grid[:, 0], currencies, panels, strict=True):
        places, left = range(len(rows)), [0.0] * len(rows)
        for part, colour in colours.items():
            widths = [float(parts.get(part, 0)) for _, parts in rows]
            axes.barh(places, widths, left=left, color=colour, height=0.6, label=part)
            left = [before + width for before, width in zip(left, widths, strict=True)]
        widest = max(left) or 1.0
        for place, (_, parts) in enumerate(rows):
            said = f"{sum(parts.values()):,}"
            axes.text(left[place] + widest * 0.01, place, said, va="center", fontsize=7)
        axes.set_yticks(places, [_short(source) for source, _ in rows])
        axes.set_xlim(0, widest * 1.25)
        axes.set_ylim(len(rows) - 0.5, -0.5)
        axes.set_title(currency, loc="left", fontsize=8, fontweight="bold")
        axes.xaxis.set_visible(False)
        _bare(axes, "left")
    handles, labels = grid[0, 0].get_legend_handles_labels()
    figure.legend(
        handles, labels, loc="outside lower left", ncols=2, frameon=False, fontsize=7, handlelength=1
    )
    return figure


def _largest(sources: Mapping[str, Mapping[str, Decimal]]) -> list[tuple[str, dict[str, Decimal]]]:
    """The sources that give most, and the others together."""
    rows = sorted(sources.items(), key=lambda row: (-sum(row[1].values()), row[0]))
    few = [(source, dict(parts)) for source, parts in rows[:_SOURCES_MOST]]
    if rest := rows[_SOURCES_MOST:]:
        others = {
            part: sum((parts.get(part, Decimal(0)) for _, parts in rest), Decimal(0))
            for part in ("activities", "events")
        }
        few.append((f"{len(rest)} others", others))
    return few


def _short(text: str) -> str:
    text = text if len(text) <= _LABEL_MOST else text[: _LABEL_MOST - 1].rstrip() + "…"
    return shown(text)


CHARTS: dict[str, tuple[str, Callable[[Report], Figure]]] = {
    "progress": (
        "Activities of each goal by reported status, and the share implemented or ongoing.",
        _progress,
    ),
    "matrix": ("Activities that concern a country, and of how many its accepted report speaks.", _matrix),
    "events": ("Events of the period by the month in which they began, and by goal.", _events),
    "funding": ("Amounts by source, in the currencies given.", _funding),
}
"""By name: what the picture shows, and how it is drawn."""
