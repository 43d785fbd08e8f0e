"""Workbooks for tests, and what becomes of one whose parts are changed."""

import io
import re
from collections.abc import Callable
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import httpx
import xlsxwriter

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SHEET = "xl/worksheets/sheet1.xml"


def workbook(*rows: tuple[Any, ...], **options: Any) -> bytes:
    """One sheet; what is callable writes its cell itself."""
    whole = io.BytesIO()
    with xlsxwriter.Workbook(whole, {"in_memory": True, "strings_to_formulas": False, **options}) as book:
        sheet = book.add_worksheet()
        formats = {"day": book.add_format({"num_format": "d mmm yyyy"})}
        for line, row in enumerate(rows):
            for place, value in enumerate(row):
                if callable(value):
                    value(sheet, line, place, formats)
                elif value is not None:
                    sheet.write(line, place, value)
    return whole.getvalue()


def day(number: float) -> Callable[..., Any]:
    """A number that is shown as a date."""
    return lambda sheet, line, place, formats: sheet.write_number(line, place, number, formats["day"])


def formula(text: str, value: Any) -> Callable[..., Any]:
    return lambda sheet, line, place, formats: sheet.write_formula(line, place, text, None, value)


def changed(book: bytes, part: str, pattern: str, by: str) -> bytes:
    """The workbook with some other text in one part."""
    whole = io.BytesIO()
    with ZipFile(io.BytesIO(book)) as before, ZipFile(whole, "w", ZIP_DEFLATED) as after:
        for each in before.infolist():
            content = before.read(each).decode()
            if each.filename == part:
                assert re.search(pattern, content, re.DOTALL), content
                content = re.sub(pattern, lambda _: by, content, count=1, flags=re.DOTALL)
            after.writestr(each.filename, content)
    return whole.getvalue()


async def send(
    client: httpx.AsyncClient, book: bytes, query: str = "", path: str = "events", **headers: str
) -> httpx.Response:
    return await client.post(
        f"/v1/{path}/bulk?{query}", content=book, headers={"Content-Type": XLSX, **headers}
    )
