"""What a bulk request answers: the report, or the refused rows in the form in which they came."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from app.collection.batches import Batch, Refused
from app.errors import MEDIA_TYPE, Unprocessable
from app.http.formats import CSV, JSON, NDJSON, Format
from app.imports.asked import Options
from app.imports.cells import ERROR, Header
from app.imports.files import Item, Table, written_csv
from app.operations.transactions import Answer


class RowsRefused(Unprocessable):
    """Rows of the file were refused, and nothing was stored. `errors` names every one of them.

    With `mode=partial` the good rows are stored all the same. With `Accept: text/csv` (or `application/x-ndjson`) the
    refused rows come back as they were sent, with a column `error`, to be mended and sent again.
    """


def answer(
    batch: Batch,
    options: Options,
    header: Header | None,
    ignored: list[str],
    *,
    instance: str,
    request_id: str,
) -> Answer:
    """The report: 200 if every row was good, 207 if some were stored, 422 if none."""
    errors = [error for refused in _in_order(batch) for error in _errors(refused, header)]
    report: dict[str, Any] = {
        "mode": options.mode,
        "dry_run": options.dry_run,
        "summary": {"rows": sum(batch.counts.values()), **batch.counts},
        "errors": errors,
        "ignored_columns": ignored,
    }
    status = status_of(batch, options)
    headers = summary_of(batch)
    if status == 422:
        problem = RowsRefused(_sentence(batch), **{name: report[name] for name in report if name != "errors"})
        problem.errors = errors
        text = problem.body(instance, request_id).decode()
        return Answer(422, text, {**headers, "Content-Type": MEDIA_TYPE}, kept=False)
    return Answer(status, json.dumps(report, ensure_ascii=False), headers)


def status_of(batch: Batch, options: Options) -> int:
    if not batch.refused:
        return 200
    return 207 if options.partial and len(batch.refused) < sum(batch.counts.values()) else 422


def summary_of(batch: Batch) -> dict[str, str]:
    return {"Bulk-Summary": ", ".join(f"{name}={count}" for name, count in batch.counts.items())}


def _sentence(batch: Batch) -> str:
    refused, rows = len(batch.refused), sum(batch.counts.values())
    return f"{refused} of {rows} rows {'needs' if refused == 1 else 'need'} attention; nothing was stored."


def _in_order(batch: Batch) -> list[Refused]:
    return [batch.refused[number] for number in sorted(batch.refused)]


def _errors(refused: Refused, header: Header | None) -> Iterator[Mapping[str, Any]]:
    for error in refused.errors:
        place: dict[str, Any] = {"row": refused.number, "line": refused.line}
        if header is not None and (column := error.get("column") or header.column_of(error["pointer"])):
            place["column"] = column
        if refused.label is not None:
            place["key"] = refused.label
        yield {**place, **error}


def refused_rows(
    batch: Batch, options: Options, items: Iterator[Item], table: Table | None, style: Format
) -> Answer:
    """The refused rows as they were sent, with a column that says why."""
    why = {
        number: "; ".join(
            f"{error['pointer'].strip('/')}: {error['message']}".lstrip(": ") for error in each.errors
        )
        for number, each in batch.refused.items()
    }
    if table is not None:
        place = table.header.index(ERROR) if ERROR in table.header else None
        names = [name for name in table.header if name != ERROR]
        lines = [[*names, ERROR]]
        for item in items:
            if item.number in why:
                cells = [cell for at, cell in enumerate(item.value) if at != place]
                cells = (cells + [""] * len(names))[: len(names)]  # a ragged row would stay ragged for ever
                lines.append([*cells, _harmless(why[item.number])])
        text, kind = written_csv(lines, table.delimiter), CSV
    else:
        rows = [{**_object(item), ERROR: why[item.number]} for item in items if item.number in why]
        text = "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows)
        kind = NDJSON
    assert kind is style
    status = status_of(batch, options)
    return Answer(status, text, {**summary_of(batch), "Content-Type": kind.content_type}, kept=status != 422)


def _object(item: Item) -> dict[str, Any]:
    return item.value if isinstance(item.value, dict) else {}


def _harmless(text: str) -> str:
    """No message is a formula."""
    return text if text[:1].isalnum() else f"'{text}"


def formats_of(table: bool) -> tuple[Format, Format]:
    """How a report can be had: as JSON, or as the refused rows."""
    return (JSON, CSV) if table else (JSON, NDJSON)
