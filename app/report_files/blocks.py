"""Blocks of a page: headings, sentences, tables and pictures, as data. PDF and DOCX show each in their own way."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from app.report_files.charts import CHARTS

Cell = dict[str, Any]
"""A piece of text: `text`, where it leads (`href`), and whether it is `strong`."""
Block = dict[str, Any]
LISTED_MOST = 250
"""Rows of a table, and activities of a goal, that are put on paper: all of them stand in the workbook."""


def heading(text: str, level: int = 1) -> Block:
    return {"kind": "heading", "level": level, "text": text}


def figure(name: str) -> Block:
    return {"kind": "figure", "name": name, "caption": CHARTS[name][0]}


def sentence(*parts: Cell | str, small: bool = False) -> Block:
    return {
        "kind": "text",
        "parts": [cell(part) if isinstance(part, str) else part for part in parts],
        "small": small,
    }


def table(columns: Sequence[tuple[str, int, str]], rows: Iterable[Sequence[Cell]], caption: str) -> Block:
    named = [{"title": title, "width": width, "align": align} for title, width, align in columns]
    listed = [list(row) for row in rows]
    if len(listed) > LISTED_MOST:
        caption = (
            f"{caption} The first {LISTED_MOST} of {len(listed)}; the workbook and CSV have all of them."
        )
    return {"kind": "table", "columns": named, "rows": listed[:LISTED_MOST], "caption": caption}


def cell(text: str, *, strong: bool = False) -> Cell:
    return {"text": text, "strong": True} if strong else {"text": text}


def strong(text: str) -> Cell:
    return cell(text, strong=True)


def separated(cells: Sequence[Cell]) -> Iterator[Cell]:
    for place, each in enumerate(cells):
        yield each
        yield cell("." if place == len(cells) - 1 else ", ")
