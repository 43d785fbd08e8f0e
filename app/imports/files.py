"""The kinds of files that are read, by media type."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from app.errors import UnsupportedMediaType
from app.http.formats import CSV, JSON, NDJSON, XLSX, Format
from app.http.spool import Spool
from app.imports.csv_rows import csv_table
from app.imports.items import Opened
from app.imports.json_rows import json_array, json_lines
from app.imports.sheet_rows import sheet_table


@dataclass(frozen=True)
class Kind:
    """A kind of file: how it is read, and in which form its refused rows are given back."""

    read: Callable[[Spool, str | None], Opened]
    """From the bytes and the charset that they are said to have."""
    refused: Format
    any_charset: bool = False


_LINES = Kind(json_lines, NDJSON)
KINDS: Mapping[str, Kind] = {
    JSON.media_type: Kind(json_array, NDJSON),
    NDJSON.media_type: _LINES,
    "application/ndjson": _LINES,
    CSV.media_type: Kind(csv_table, CSV, any_charset=True),
    XLSX.media_type: Kind(sheet_table, CSV, any_charset=True),
}


def media_of(headers: dict[bytes, bytes]) -> tuple[str, str | None]:
    """What is sent, and in which charset it is said to be."""
    media, *parameters = headers.get(b"content-type", b"").decode("latin-1").split(";")
    media, charset = media.strip().lower(), None
    hint = {"Accept-Post": f"{JSON.media_type}, {NDJSON.media_type}, {CSV.media_type}, {XLSX.media_type}"}
    if media not in KINDS:
        raise UnsupportedMediaType(
            "Send a JSON array, application/x-ndjson, text/csv or an Excel workbook (.xlsx).", headers=hint
        )
    for parameter in parameters:
        name, _, value = parameter.strip().partition("=")
        if name.lower() == "charset":
            charset = value.strip('"').lower()
    if not KINDS[media].any_charset and charset not in {None, "utf-8", "utf8"}:
        raise UnsupportedMediaType("JSON is sent as UTF-8.", headers=hint)
    if headers.get(b"content-encoding", b"identity").strip().lower() != b"identity":
        raise UnsupportedMediaType("Compressed request bodies are not read.", headers=hint)
    return media, charset
