"""From bytes to text: the charset is declared or said by a byte order mark, and never guessed."""

import codecs
import io
from collections.abc import Mapping

from app.errors import Unprocessable, did_you_mean

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


def charset_of(declared: str | None, body: bytes) -> str:
    """The codec with which a file is read."""
    if body.startswith(b"PK\x03\x04"):
        hint = "In Excel: Save as, CSV UTF-8."
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
    if codec in {"cp932", "cp874", "cp1258"} and not body.isascii() and _decodes(body, "utf-8"):
        message = f"The file is declared as {codec}, but its bytes are UTF-8."
        raise unreadable("charset_contradicted", message, hint="Leave charset out.")
    if codec == "utf-16":  # which of the two byte orders it is, only the mark would say
        message = "A file in UTF-16 starts with a byte order mark, and this one does not."
        raise unreadable("undecodable", message, hint="Say charset=utf-16le, or save the file as CSV UTF-8.")
    return codec or "utf-8"


def opened(body: bytes, codec: str) -> io.TextIOWrapper:
    """The text, read as it is asked for; line ends stay as they are."""
    return io.TextIOWrapper(io.BytesIO(body), codec, "strict", newline="")


def undecodable(body: bytes, codec: str) -> UnreadableFile:
    """Where a file stops being in its charset, and in which it may be."""
    try:
        body.decode(codec)
    except UnicodeDecodeError as why:
        offset, line = why.start, body.count(b"\n", 0, why.start) + 1
    else:
        raise AssertionError("it can be decoded")
    message = f"Byte {offset} (line {line}) is not {codec.removesuffix('-sig')}."
    likely = _likely(body)
    hint = "Save the file as CSV UTF-8"
    if likely and likely != codec:
        hint += f", or say charset={likely} if it comes from {_ABOUT[likely]}"
        return unreadable(
            "undecodable", message, offset=offset, line=line, likely_charset=likely, hint=f"{hint}."
        )
    return unreadable("undecodable", message, offset=offset, line=line, hint=f"{hint}.")


def _decodes(body: bytes, codec: str) -> bool:
    decoder = codecs.getincrementaldecoder(codec)()
    try:
        for start in range(0, len(body), _SEEN):
            decoder.decode(body[start : start + _SEEN])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _likely(body: bytes) -> str | None:
    """A charset in which the bytes make sense. It is only named, never used."""
    seen = body[:_SEEN]
    if seen[1::2].count(0) > len(seen) // 8:
        return "utf-16"
    high = sum(byte >= 0x80 for byte in seen)
    for codec in ("cp932", "cp874", "cp1258"):
        try:
            text = seen.decode(codec, "ignore" if len(body) > _SEEN else "strict")
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
