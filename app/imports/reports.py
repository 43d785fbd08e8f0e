"""What a bulk request answers: the report, or the refused rows in the form in which they came."""

import json
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from app.collection.batches import Batch
from app.collection.staging import Refused
from app.errors import MEDIA_TYPE, Unprocessable
from app.http.formats import Format
from app.http.spool import Spool
from app.imports.asked import Options
from app.imports.cells import ERROR, Header
from app.imports.csv_rows import written_csv
from app.imports.items import Item, Opened
from app.imports.rows import shown
from app.imports.sheet_rows import letters_of
from app.operations.transactions import Answer

_LISTED_MOST = 10_000
"""Rows, and mistakes, that a report lists; all refused rows can be had as a file."""
_LINE = "_line"
_SAID_MOST = 10
"""Mistakes that are said in the `error` of a row."""


class RowsRefused(Unprocessable):
    """Rows of the file were refused, and nothing was stored. `errors` names every one of them.

    With `mode=partial` the good rows are stored all the same. With `Accept: text/csv` (or `application/x-ndjson`) the
    refused rows come back as they were sent, with a column `error`, to be mended and sent again. Cells beyond the
    header stand in `error`, too, and a line that is no object in `_line`, unless it has a backslash.
    """


@dataclass(frozen=True)
class Outcome:
    """What a load has come to."""

    batch: Batch
    options: Options
    header: Header | None
    ignored: list[str]
    plan: str | None
    duplicates: list[dict[str, Any]] | None = None
    """Of what may be the same; None if nobody asked."""

    @property
    def summary(self) -> dict[str, int]:
        return {"rows": self.batch.rows, **self.batch.counts}

    @property
    def status(self) -> int:
        """200 if every row was good, 207 if some were stored, 422 if none."""
        refused = self.batch.counts["error"]
        if not refused:
            return 200
        return 207 if self.options.partial and refused < self.batch.rows else 422

    @property
    def headers(self) -> dict[str, str]:
        counts = ", ".join(f"{name}={count}" for name, count in self.batch.counts.items())
        return {"Bulk-Summary": counts} | ({"Plan": f'"{self.plan}"'} if self.plan else {})


async def answer(outcome: Outcome, *, instance: str, request_id: str) -> Answer:
    """The report."""
    errors, listed = await _listed(outcome)
    report: dict[str, Any] = {
        "mode": outcome.options.mode,
        "dry_run": outcome.options.dry_run,
        **({"plan": outcome.plan} if outcome.plan else {}),
        "summary": outcome.summary,
        "errors": errors,
        "unlisted_rows": outcome.batch.counts["error"] - listed,
        "ignored_columns": outcome.ignored,
        **({"possible_duplicates": outcome.duplicates} if outcome.duplicates is not None else {}),
    }
    if outcome.status == 422:
        problem = RowsRefused(
            _sentence(outcome), **{name: report[name] for name in report if name != "errors"}
        )
        problem.errors = errors
        text = problem.body(instance, request_id).decode()
        return Answer(422, text, {**outcome.headers, "Content-Type": MEDIA_TYPE}, kept=False)
    return Answer(outcome.status, json.dumps(report, ensure_ascii=False), outcome.headers)


async def _listed(outcome: Outcome) -> tuple[list[Mapping[str, Any]], int]:
    """The mistakes of the first refused rows, and how many rows these are."""
    errors: list[Mapping[str, Any]] = []
    rows = 0
    async for refused in outcome.batch.staging.told(_LISTED_MOST):
        errors += _errors(refused, outcome.header)
        rows += 1
        if len(errors) > _LISTED_MOST:
            break
    return errors, rows


def _sentence(outcome: Outcome) -> str:
    refused, rows = outcome.batch.counts["error"], outcome.batch.rows
    return f"{refused} of {rows} rows {'needs' if refused == 1 else 'need'} attention; nothing was stored."


def _errors(refused: Refused, header: Header | None) -> Iterator[Mapping[str, Any]]:
    for error in refused.errors:
        place: dict[str, Any] = {"row": refused.number, "line": refused.line}
        if header is not None and (column := error.get("column") or header.column_of(error["pointer"])):
            place["column"] = column
            if header.first_column is not None and column in header.names:
                letters = letters_of(header.first_column + header.names.index(column))
                place["cell"] = f"{letters}{refused.line}"
        if refused.label is not None:
            place["key"] = refused.label
        yield {**place, **error}


async def refused_rows(outcome: Outcome, again: Opened, style: Format, into: Spool) -> Answer:
    """The refused rows as they were sent, with a column that says why; the file is read a second time for them."""
    written = _as_table(again, outcome.header) if outcome.header is not None else _as_lines()
    into.write(next(written).encode())
    told = outcome.batch.staging.told(outcome.batch.counts["error"])
    async for refused in told:
        item = next(item for item in again.rows if item.number == refused.number)
        into.write(written.send((item, _why(refused))).encode())
    headers = {**outcome.headers, "Content-Type": style.content_type}
    return Answer(outcome.status, into, headers, kept=outcome.status != 422)


def _why(refused: Refused) -> str:
    said = [
        f"{error['pointer'].strip('/')}: {error['message']}".lstrip(": ")
        for error in refused.errors[:_SAID_MOST]
    ]
    if (more := len(refused.errors) - len(said)) > 0:
        said.append(f"and {more} more")
    return "; ".join(said)


Writing = Generator[str, tuple[Item, str], None]
"""Gives the head, then the text of each row that it is sent."""


def _as_table(again: Opened, header: Header) -> Writing:
    place = header.names.index(ERROR) if ERROR in header.names else None
    names = [name for name in header.names if name != ERROR]
    text = written_csv([*names, ERROR], again.delimiter)
    while True:
        item, why = yield text
        cells = [
            cell if isinstance(cell, str) else cell.harmless(column.kind if column else None)
            for at, (cell, column) in enumerate(zip_longest(item.value, header.columns))
            if at != place and at < len(item.value)
        ]
        if beyond := [shown(cell) for cell in item.value[len(header.names) :]]:
            why += f"; beyond the header: {again.delimiter.join(beyond)}"
        cells = (cells + [""] * len(names))[: len(names)]  # a ragged row would stay ragged for ever
        text = written_csv([*cells, _harmless(why)], again.delimiter)


def _as_lines() -> Writing:
    text = ""
    while True:
        item, why = yield text
        text = json.dumps({**_object(item), ERROR: why}, ensure_ascii=False) + "\n"


def _object(item: Item) -> dict[str, Any]:
    """What is no object is given back as a text, but not with escapes: an erasure would not find a person in them."""
    if isinstance(item.value, dict):
        return item.value
    return {} if "\\" in item.value else {_LINE: item.value}


def _harmless(text: str) -> str:
    """No message is a formula."""
    return text if text[:1].isalnum() else f"'{text}"
