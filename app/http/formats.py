"""Formats of answers: by `Accept` (RFC 9110 section 12) or by a plain ending of the address."""

from dataclasses import dataclass

from app.errors import NotAcceptable


@dataclass(frozen=True)
class Format:
    """A way to write a list or a record."""

    ending: str
    media_type: str

    @property
    def content_type(self) -> str:
        return f"{self.media_type}; charset=utf-8" if self.media_type.startswith("text/") else self.media_type


JSON = Format("json", "application/json")
NDJSON = Format("ndjson", "application/x-ndjson")
CSV = Format("csv", "text/csv")
XLSX = Format("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
DOCX = Format("docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document")
PDF = Format("pdf", "application/pdf")
SVG = Format("svg", "image/svg+xml")


def chosen(accept: bytes | None, formats: tuple[Format, ...]) -> Format:
    """The format that the client likes best; the first where it does not care."""
    if accept is None or accept in {b"*/*", b"application/json"}:
        return formats[0]
    best, best_quality = None, 0.0
    ranges = [_range(part) for part in accept.decode("latin-1").split(",") if part.strip()]
    if not ranges:
        return formats[0]
    for each in formats:
        quality = 0.0
        precision = -1
        for pattern, weight in ranges:
            fits = _fits(pattern, each.media_type)
            if fits > precision:
                precision, quality = fits, weight
        if quality > best_quality:
            best, best_quality = each, quality
    if best is None:
        raise NotAcceptable(
            f"This can be had as {', '.join(each.media_type for each in formats)}.",
            available=[each.media_type for each in formats],
        )
    return best


def _range(part: str) -> tuple[str, float]:
    pattern, *parameters = part.split(";")
    weight = 1.0
    for parameter in parameters:
        name, _, value = parameter.strip().partition("=")
        if name.lower() == "q":
            try:
                weight = min(max(float(value), 0.0), 1.0)
            except ValueError:
                weight = 0.0
    return pattern.strip().lower(), weight


def _fits(pattern: str, media_type: str) -> int:
    if pattern == media_type:
        return 2
    if pattern == media_type.partition("/")[0] + "/*":
        return 1
    return 0 if pattern == "*/*" else -1
