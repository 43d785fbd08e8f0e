"""The commands `workplan import` and `workplan export`."""

import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from app.console import err, out
from app.exchange.ends import CODES, Conflicting, Ended, Misused, RowsRefused, refusal

if TYPE_CHECKING:
    from app.exchange.register import Register

_SHOWN_MOST = 50
_FORMATS = {"csv": "csv", "ndjson": "ndjson", "jsonl": "ndjson", "json": "ndjson", "xlsx": "xlsx"}
"""What is asked for, by the ending of the file."""

_ADDRESS = typer.Option("--to", "--url", envvar="WORKPLAN_URL", help="Address of the register.")
_KEY_FILE = typer.Option(help="File with the API key; else it is taken from the environment, WORKPLAN_KEY.")
_PATIENCE = typer.Option(help="Seconds to go on asking while the register cannot answer.", min=0)


@contextmanager
def _register(address: str, key_file: Path | None, patience: float) -> "Iterator[Register]":
    """A key given as an argument would be seen by everybody on the machine: it comes from a file or the environment."""
    from app.exchange.register import Register  # with a client of HTTP that `workplan serve` does not need

    try:
        key = key_file.read_text().strip() if key_file else os.environ.get("WORKPLAN_KEY", "").strip()
        with Register(address, key, patience) as register:
            yield register
    except Ended as ended:
        err.print(f"[red]workplan:[/red] {escape(str(ended))}")
        _show(ended.problem.get("errors", []))
        raise SystemExit(ended.code) from None
    except (FileNotFoundError, IsADirectoryError, PermissionError) as why:
        err.print(f"[red]workplan:[/red] {escape(str(why.filename))}: {why.strerror}")
        raise SystemExit(Misused.code) from None


def _progress() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeElapsedColumn())
    return Progress(*columns, console=err, transient=True, disable=not err.is_terminal)


def import_file(
    file: Annotated[Path, typer.Argument(help="CSV, NDJSON, JSON or XLSX, by its ending.")],
    collection: Annotated[
        str, typer.Option(help="What it holds, such as `events`; default: the name of the file.")
    ] = "",
    to: Annotated[str, _ADDRESS] = "http://127.0.0.1:8000",
    key_file: Annotated[Path | None, _KEY_FILE] = None,
    match: Annotated[str, typer.Option(help="What rows are matched by: id, code, by-key:<system>.")] = "id",
    mode: Annotated[str, typer.Option(help="atomic: all rows or none; partial: the good ones.")] = "atomic",
    expect: Annotated[int | None, typer.Option(help="How many records should change.", min=0)] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Change nothing, say what would be.")] = False,
    plan: Annotated[str, typer.Option(help="The plan of a dry run: do exactly that.")] = "",
    empty_null: Annotated[bool, typer.Option("--empty-null", help="An empty cell clears the field.")] = False,
    charset: Annotated[str, typer.Option(help="Charset of a CSV file that is not UTF-8.")] = "",
    reason: Annotated[str, typer.Option(help="Why, in a sentence; kept with the change.")] = "",
    refused: Annotated[Path | None, typer.Option(help="Write refused rows to this file.")] = None,
    again: Annotated[
        bool,
        typer.Option(
            "--again", help="Load it also if it was loaded before, and rows are not matched by keys."
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
    patience: Annotated[float, _PATIENCE] = 120,
) -> None:
    """Send a file to a register, and say row by row what became of it.

    With `--match by-key:…` (or `code`, `number`) every run loads the file. Without, the same file would add rows that
    have no id a second time: it is not loaded again for a week, and the command ends with 4, unless `--again` is said.
    """
    from app.exchange.sending import Sending, keep_refused, send

    params = {
        "match": match,
        "mode": mode,
        **({"expect": str(expect)} if expect is not None else {}),
        **({"dry_run": "true"} if dry_run else {}),
        **({"empty": "null"} if empty_null else {}),
        **({"charset": charset} if charset else {}),
    }
    headers = {name: value for name, value in (("If-Plan-Match", plan), ("X-Reason", reason)) if value}
    once = match == "id" and not (again or dry_run)
    sending = Sending(file, collection or file.stem, params, headers, once)
    with _register(to, key_file, patience) as register:
        with _progress() as shown:
            bar = shown.add_task("Sending")
            sent = send(
                register,
                sending,
                lambda doing, done, of: shown.update(bar, description=doing, completed=done, total=of),
            )
        if refused and "refused" in sent.job:
            keep_refused(register, sent.job, refused)
        _report(sent.job, as_json=as_json)
        if sent.before:
            raise Conflicting(
                f"This file was loaded before, on {sent.job['finished_at'][:16]}; it was not loaded again. "
                "`--again` does."
            )


import_file.__doc__ = f"{import_file.__doc__}\n\n{CODES}"


def _report(job: Mapping[str, Any], *, as_json: bool) -> None:
    """Say what became of the rows, and end with the code that says it too."""
    report, status = job["report"], job["status"]
    if as_json:
        sys.stdout.write(json.dumps(report, ensure_ascii=False, indent=1) + "\n")
    if "mode" not in report:
        raise refusal(status, report)
    if not as_json:
        summary = dict(report["summary"])
        counts = f"{summary.pop('rows')} rows: " + ", ".join(
            f"{count} {name}" for name, count in summary.items()
        )
        out.print(
            f"{counts}{'; nothing was changed (dry run)' if report['dry_run'] else ''}", highlight=False
        )
        if plan := report.get("plan"):
            out.print(f"plan {plan}", highlight=False, soft_wrap=True)
    if status >= 400:
        raise refusal(status, {**report, "errors": [] if as_json else report.get("errors", [])})
    if report["summary"]["error"]:
        raise RowsRefused("Some rows were refused, the others are stored.", {"errors": report["errors"]})


def _show(errors: list[Mapping[str, Any]]) -> None:
    """The first mistakes as a table."""
    if not errors:
        return
    table = Table("row", "line", "column", "key", "message", "hint")
    for error in errors[:_SHOWN_MOST]:
        column = error.get("column") or error.get("pointer") or error.get("parameter") or error.get("header")
        cells = (error.get("row"), error.get("line"), column, error.get("key"))
        words = (error.get("message") or error["code"], error.get("hint"))
        table.add_row(*("" if each is None else escape(str(each)) for each in (*cells, *words)))
    err.print(table)
    if len(errors) > _SHOWN_MOST:
        err.print(f"and {len(errors) - _SHOWN_MOST} more; `--refused FILE` writes all refused rows.")


def export_collection(
    collection: Annotated[str, typer.Argument(help="What to fetch, such as `events`.")],
    file: Annotated[
        Path | None, typer.Argument(help="Where to; its ending says the format. Default: standard output.")
    ] = None,
    where: Annotated[
        list[str] | None,
        typer.Option(
            "--where", "-w", help="Filter or order as in an address: `country=TH`, `sort=-start_date`."
        ),
    ] = None,
    style: Annotated[
        str, typer.Option("--format", help="csv, ndjson, json or xlsx, if no ending says it.")
    ] = "",
    to: Annotated[str, _ADDRESS] = "http://127.0.0.1:8000",
    key_file: Annotated[Path | None, _KEY_FILE] = None,
    patience: Annotated[float, _PATIENCE] = 120,
) -> None:
    """Fetch records of a register into a file, which is there whole or not at all."""
    from app.exchange.fetching import fetch

    with _register(to, key_file, patience) as register:
        ending = style or (file.suffix.lstrip(".").lower() if file else "csv")
        if ending not in _FORMATS:
            raise Misused(f"`{ending}` is none of {', '.join(_FORMATS)}.")
        query = "&".join(where or ())
        path = f"/v1/{collection}.{_FORMATS[ending]}{'?' if query else ''}{query}"
        with _progress() as shown:
            bar = shown.add_task("Fetching", total=None)
            fetch(
                register,
                path,
                file,
                as_array=ending == "json",
                tell=lambda size: shown.update(bar, completed=size),
            )


export_collection.__doc__ = f"{export_collection.__doc__}\n\n{CODES}"
