"""From bytes to text: the charset is declared or said by a byte order mark, and never guessed."""

import codecs
import io
from collections.abc import Mapping

from app.errors import Unprocessable, did_you_mean
from app.http.formats import XLSX
from app.http.spool import Spool

CHARSETS: Mapping[str, str] = {
    "utf-8": "utf-8", "utf8": "utf-8", "us-ascii": "utf-8",
    "cp932": "cp932", "windows-31j": "cp932", "shift_jis": "cp932", "shift-jis": "cp932", "ms932": "cp932",
    "cp874": "cp874", "windows-874": "cp874", "tis-620": "cp874",
    "cp1258": "cp1258", "windows-1258": "cp1258",
    "utf-16": "utf-16", "utf-16le": "utf-16-le", "utf-16be": "utf-16-be",
}  # fmt: skip
"""What may be declared, and how it is read. Shift_JIS is read as Windows writes it (髙, ①, ㈱)."""

_MARKS = (
    (codecs.BOM_UTF8, "utf-8", "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16", "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "utf-16"),
)
_ABOUT = {
    "cp932": "Japanese Windows",
    "cp874": "Thai Windows",
    "cp1258": "Vietnamese Windows",
    "utf-16": "UTF-16",
}
_SEEN = 200_000
"""Bytes that are looked at to name a likely charset."""


class UnreadableFile(Unprocessable):
    """The file is not what it is said to be: another charset, a workbook, an open quote, an unknown column.

    Nothing of it was taken. `errors` names the line, and what to do.
    """


def unreadable(code: str, message: str, **more: object) -> UnreadableFile:
    """A refusal of the whole file."""
    return UnreadableFile(message, errors=[{"code": code, "message": message, **more}])


def charset_of(declared: str | None, file: Spool) -> str:
    """The codec with which a file is read."""
    body = file.head(4)
    if body.startswith(b"PK\x03\x04"):
        hint = f"Send a workbook as {XLSX.media_type}, or save it as CSV UTF-8."
        raise unreadable("workbook", "This is a workbook or a ZIP archive, not a text file.", hint=hint)
    if body.startswith(b"\xd0\xcf\x11\xe0"):
        raise unreadable(
            "workbook", "This is an old Excel workbook, not a text file.", hint="Save it as CSV UTF-8."
        )
    if declared is not None and declared.lower() not in CHARSETS:
        message = "This charset is not read here."
        raise unreadable("unknown_charset", message, **did_you_mean(declared.lower()[:40], list(CHARSETS)))
    codec = CHARSETS[declared.lower()] if declared is not None else None
    for mark, said, read in _MARKS:
        if body.startswith(mark):
            if codec is not None and not codec.startswith(said):
                message = f"The file starts with the byte order mark of {said}, and is declared as {codec}."
                raise unreadable("charset_contradicted", message, hint=f"Leave charset out, or say {said}.")
            return read if codec in {None, said} else "utf-16"
    if codec in {"cp932", "cp874", "cp1258"} and _is_utf_8_beyond_ascii(file):
        message = f"The file is declared as {codec}, but its bytes are UTF-8."
        hint = f"Leave charset out. If it is {codec} all the same, save the file as CSV UTF-8."
        raise unreadable("charset_contradicted", message, hint=hint)
    if codec == "utf-16":  # which of the two byte orders it is, only the mark would say
        message = "A file in UTF-16 starts with a byte order mark, and this one does not."
        raise unreadable("undecodable", message, hint="Say charset=utf-16le, or save the file as CSV UTF-8.")
    return codec or "utf-8"


def opened(file: Spool, codec: str, newline: str = "") -> io.TextIOWrapper:
    """The text, read as it is asked for; line ends stay as they are. `newline`: what alone ends a line."""
    return io.TextIOWrapper(file.opened(), codec, "strict", newline=newline)


ROW_MOST = 1 << 20
"""Characters that a row may have: what a single record may have as well."""


def too_large(line: int) -> UnreadableFile:
    """A row that does not end."""
    return unreadable(
        "row_too_large", f"The row on line {line} has more than {ROW_MOST} characters.", line=line
    )


def undecodable(file: Spool, codec: str) -> UnreadableFile:
    """Where a file stops being in its charset, and in which it may be."""
    decoder, read, lines = codecs.getincrementaldecoder(codec)(), 0, 1
    try:
        for piece in file.pieces():
            read += len(piece)
            lines += decoder.decode(piece).count("\n")
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as why:  # it speaks of what the decoder held back and the last piece
        offset = read - len(why.object) + why.start
        line = lines + why.object.count(b"\n", 0, why.start)
    else:
        raise AssertionError("it can be decoded")
    message = f"Byte {offset} (line {line}) is not {codec.removesuffix('-sig')}."
    likely = _likely(file.head(_SEEN), whole=file.size <= _SEEN)
    hint = "Save the file as CSV UTF-8"
    if likely and likely != codec:
        hint += f", or say charset={likely} if it comes from {_ABOUT[likely]}"
        return unreadable(
            "undecodable", message, offset=offset, line=line, likely_charset=likely, hint=f"{hint}."
        )
    return unreadable("undecodable", message, offset=offset, line=line, hint=f"{hint}.")


def _is_utf_8_beyond_ascii(file: Spool) -> bool:
    decoder, ascii_only = codecs.getincrementaldecoder("utf-8")(), True
    try:
        for piece in file.pieces():
            ascii_only = ascii_only and piece.isascii()
            decoder.decode(piece)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return not ascii_only


def _likely(seen: bytes, *, whole: bool) -> str | None:
    """A charset in which the bytes make sense. It is only named, never used."""
    if seen[1::2].count(0) > len(seen) // 8:
        return "utf-16"
    high = sum(byte >= 0x80 for byte in seen)
    for codec in ("cp932", "cp874", "cp1258"):
        try:
            text = seen.decode(codec, "strict" if whole else "ignore")
        except UnicodeDecodeError:
            continue
        if codec == "cp932" and sum(_japanese(each) for each in text) * 3 < high:
            continue
        if codec == "cp874" and sum("\u0e01" <= each <= "\u0e5b" for each in text) * 10 < high * 9:
            continue
        return codec
    return None


def _japanese(character: str) -> bool:
    return "\u3041" <= character <= "\u30ff" or "\u4e00" <= character <= "\u9fff"
