"""Workbooks that come in, as archives: what is no workbook, or would burst, is refused before anything is parsed."""

import posixpath
import zlib
from collections.abc import Callable, Iterator
from typing import Any
from xml.parsers import expat
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile

from app.http.spool import Spool
from app.imports.texts import unreadable

_ENTRIES_MOST = 1_000
_INFLATED_MOST = 400 << 20
_RATIO_MOST, _RATIO_FROM = 100, 10 << 20
"""What inflates to more than a few megabytes and to a hundred times its size was made to harm."""
_PIECE = 65_536
_END, _END_SIZE, _LARGE_END = b"PK\x05\x06", 22, b"PK\x06\x07"
_SAVE = "Save it as Excel workbook (.xlsx) without a password, or as CSV UTF-8."


def opened_archive(file: Spool) -> ZipFile:
    """The archive, once it is known to be a workbook and to stay in bounds."""
    head = file.head(8)
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        message = "This is an old Excel workbook (.xls), or one with a password."
        raise unreadable("workbook_closed", message, hint=_SAVE)
    if not head.startswith(b"PK"):
        raise unreadable("no_workbook", "This is no workbook.", hint="Send CSV as text/csv.")
    _refuse_endless_directory(file)
    try:
        archive = ZipFile(file.opened())
    except (BadZipFile, NotImplementedError, ValueError, OSError):
        raise broken() from None
    _refuse_what_bursts(archive, file.size)
    names = {name.lower() for name in archive.namelist()}
    if any(name.endswith("vbaproject.bin") for name in names):
        raise unreadable("workbook_macros", "Workbooks with macros (.xlsm) are not taken.", hint=_SAVE)
    if "[content_types].xml" not in names or any(name.endswith("/workbook.bin") for name in names):
        raise unreadable("no_workbook", "This archive is not an Excel workbook (.xlsx).", hint=_SAVE)
    return archive


def _refuse_endless_directory(file: Spool) -> None:
    """The library reads the whole table of contents at once, so its size is looked at first."""
    start = max(0, file.size - _END_SIZE - 65_535)
    tail = file.at(start, file.size - start)
    place = tail.rfind(_END)
    if place < 0 or len(tail) - place < _END_SIZE:
        raise broken()
    entries = int.from_bytes(tail[place + 10 : place + 12], "little")
    if entries > _ENTRIES_MOST or tail[:place][-20:].startswith(_LARGE_END):
        raise unreadable("workbook_too_large", f"A workbook has {_ENTRIES_MOST} parts at most.")
    if int.from_bytes(tail[place + 12 : place + 16], "little") > _ENTRIES_MOST * 1_024:
        raise broken()


def _refuse_what_bursts(archive: ZipFile, size: int) -> None:
    """By the sizes that the parts declare; no part is read beyond its own."""
    parts = archive.infolist()
    if any(part.flag_bits & 1 or part.compress_type not in {ZIP_STORED, ZIP_DEFLATED} for part in parts):
        raise unreadable("workbook_closed", "Parts of this workbook are encrypted.", hint=_SAVE)
    inflated = sum(part.file_size for part in parts)
    if inflated > _INFLATED_MOST or (inflated > _RATIO_FROM and inflated > size * _RATIO_MOST):
        message = (
            f"Unpacked, this workbook has {inflated} bytes; at most {_INFLATED_MOST} are taken, and at most "
        )
        message += f"{_RATIO_MOST} times its packed size."
        raise unreadable("workbook_too_large", message, hint="Send large files as CSV.")


def broken() -> Exception:
    return unreadable("workbook_broken", "This workbook cannot be read.", hint="Open it and save it again.")


Attributes = dict[str, str]


def parsed(
    archive: ZipFile,
    name: str,
    start: Callable[[str, Attributes], None],
    end: Callable[[str], None] = lambda name: None,
    text: Callable[[str], None] | None = None,
) -> Iterator[None]:
    """Read a part piece by piece, and tell of its elements by their local names; a DTD is refused unread."""
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = lambda name, attributes: start(name.rpartition(":")[2], attributes)
    parser.EndElementHandler = lambda name: end(name.rpartition(":")[2])
    parser.CharacterDataHandler = text
    parser.StartDoctypeDeclHandler = _no_doctype
    try:
        with archive.open(name) as part:
            while piece := part.read(_PIECE):
                parser.Parse(piece)
                yield
            parser.Parse(b"", True)
        yield
    except (BadZipFile, LookupError, ValueError, EOFError, NotImplementedError, zlib.error, expat.ExpatError):
        # an encoding that is not known is a LookupError, one of several bytes a ValueError
        raise broken() from None


def _no_doctype(*_: Any) -> None:
    raise unreadable("workbook_doctype", "A part of this workbook has a document type declaration.")


def elements(archive: ZipFile, name: str) -> list[tuple[str, Attributes]]:
    """The elements of a small part, in order."""
    found: list[tuple[str, Attributes]] = []
    for _ in parsed(archive, name, lambda tag, attributes: found.append((tag, attributes))):
        if len(found) > _ELEMENTS_MOST:
            raise broken()
    return found


_ELEMENTS_MOST = 200_000


def related(archive: ZipFile, name: str) -> dict[str, tuple[str, str]]:
    """What a part refers to: kind and part, by id."""
    folder, file = posixpath.split(name)
    found = {}
    place = posixpath.join(folder, "_rels", f"{file}.rels")
    for tag, attributes in elements(archive, place) if place in archive.namelist() else ():
        if tag == "Relationship":
            kind = attributes.get("Type", "").rpartition("/")[2]
            target = posixpath.normpath(posixpath.join("/", folder, attributes.get("Target", "")))
            found[attributes.get("Id", "")] = kind, target.lstrip("/")
    return found
