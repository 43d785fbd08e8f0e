"""Templates: an empty file with the columns that an import knows, and what each of them means."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request, Response

from app.access.permissions import Permission
from app.collection.batch_rows import OPERATIONS
from app.collection.collection import Collection
from app.collection.projection import Ref
from app.collection.sheets import sheet_columns
from app.http.formats import CSV, XLSX, Format
from app.http.workbooks import SheetColumn, empty_workbook
from app.imports.cells import KEY, OPERATION
from app.imports.csv_rows import written_csv
from app.imports.examples import cells_of, in_csv
from app.operations import documented as doc
from app.operations.answering import tagged
from app.operations.doors import Handler, open_door
from app.operations.routes import flags
from app.operations.serving import context_of

if TYPE_CHECKING:
    from xlsxwriter import Workbook

_SPECIAL = {
    OPERATION: f"What is to be done: {', '.join(OPERATIONS)}; empty is upsert.",
    KEY: "Your own key for the record, if the file is sent with match=by-key:<system>.",
    "id": "The register's own id; empty for a new record.",
    "version": "The version that you change; if it is another by now, the row is refused. Empty: not looked at.",
}
_ABOUT = "About the columns"


def templates(collection: Collection) -> APIRouter:
    """`GET /v1/{collection}/template.csv` and `template.xlsx`."""
    router = APIRouter(prefix=f"/{collection.path}", tags=[collection.path.replace("-", " ").capitalize()])
    for style, made, schema, about in (
        (
            CSV,
            _csv_template,
            {"type": "string", "description": "The header line, and a row as an example."},
            "the names of the columns, and one row as an example",
        ),
        (
            XLSX,
            _xlsx_template,
            {**doc.BINARY, "description": "A workbook."},
            "an empty sheet with drop-down lists, and a second sheet that explains each column with an example",
        ),
    ):
        name = f"template_{collection.path.replace('-', '_')}_{style.ending}"
        path = f"/template.{style.ending}"
        handler = _handler(collection, style, made)
        shown = {"example": made(collection).decode()} if style is CSV else {}
        open_door(
            router,
            "GET",
            path,
            handler,
            name,
            Permission.READ,
            summary=f"An empty file of {collection.path.replace('-', ' ')} as {style.ending.upper()}",
            description=f"A file to fill in and send to `bulk`: {about}.",
            responses=doc.ok(200, "The file.", {style.media_type: {"schema": schema, **shown}}, "ETag")
            | doc.problems(*doc.READS, 304),
            openapi_extra={"parameters": [doc.IF_NONE_MATCH]},
        )
    return router


def _handler(collection: Collection, style: Format, made: Callable[[Collection], bytes]) -> Handler:
    async def read_template(request: Request) -> Response:
        await context_of(request)
        flags(request)
        content = made(collection)
        tag = hashlib.sha256(content).hexdigest()[:16]
        answer = {
            "Cache-Control": "no-cache",
            "Vary": "Authorization, X-API-Key",
            "Content-Disposition": f'attachment; filename="{collection.path}-template.{style.ending}"',
        }
        return tagged(request, content, tag, answer, style.content_type)

    return read_template


def _columns(collection: Collection) -> list[SheetColumn]:
    """What a row says about itself, then what it says of the record."""
    special = [
        SheetColumn(OPERATION, "text", OPERATIONS, width=12),
        SheetColumn(KEY, "text"),
        SheetColumn("id", "text", hidden=True),
        SheetColumn("version", "number", hidden=True),
    ]
    columns = [*special, *sheet_columns(collection, collection.writable)]
    for (
        name,
        source,
    ) in collection.outputs.items():  # what has no code or number can be named by a key of yours
        if isinstance(source, Ref) and source.to.key is None and name in collection.writable:
            place = next(place for place, each in enumerate(columns) if each.name == f"{name}.id")
            columns.insert(place + 1, SheetColumn(f"{name}.{KEY}", "text"))
    return columns


@cache
def _csv_template(collection: Collection) -> bytes:
    names = [column.name for column in _columns(collection)]
    example = cells_of(collection, doc.request_example(collection))
    row = [in_csv(example[name]) if name in example else "" for name in names]
    return (written_csv(names, ",") + written_csv(row, ",")).encode()


@cache
def _xlsx_template(collection: Collection) -> bytes:
    columns = _columns(collection)
    return empty_workbook(collection.path, columns, 1, lambda book: _explain(book, collection, columns))


def _explain(book: Workbook, collection: Collection, columns: list[SheetColumn]) -> None:
    """The second sheet. Its examples are not in the first, so that nobody sends them."""
    example = cells_of(collection, doc.request_example(collection))
    needed = {name for name, field in collection.schema.model_fields.items() if field.is_required()}
    bold, wrap = (
        book.add_format({"bold": True, "bottom": 1}),
        book.add_format({"text_wrap": True, "valign": "top"}),
    )
    sheet = book.add_worksheet(_ABOUT)
    for place, (title, width) in enumerate(
        (("Column", 24), ("Needed", 8), ("What it holds", 60), ("Allowed values", 40), ("Example", 40))
    ):
        sheet.set_column(place, place, width)
        sheet.write_string(0, place, title, bold)
    for line, column in enumerate(columns, 1):
        field = column.name.partition(".")[0]
        about = _SPECIAL.get(column.name) or _about(collection, column.name)
        words = ", ".join(column.words or _words(collection, field))
        said = ("yes" if field in needed and column.name not in _SPECIAL else "", about, words)
        for place, text in enumerate((column.name, *said, _shown(example.get(column.name)))):
            sheet.write_string(line, place, text, wrap)
    sheet.freeze_panes(1, 0)


def _about(collection: Collection, name: str) -> str:
    field, _, part = name.partition(".")
    schema = collection.properties[field]
    about: str = schema.get("properties", {}).get(part, schema).get("description", "")
    return about


def _words(collection: Collection, field: str) -> tuple[str, ...]:
    """Of a list of values, what each may be; they are separated by `;`."""
    items: Any = collection.properties.get(field, {}).get("items", {})
    return tuple(str(each) for each in items.get("enum", ()))


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else "" if value is None else in_csv(value)
