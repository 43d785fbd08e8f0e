"""Request bodies, read strictly (RFC 8259, RFC 7493): what is doubtful is refused, and never echoed."""

import json
import math
import re
from typing import Any

from app.errors import Problem, Unprocessable, UnsupportedMediaType

MERGE_PATCH = "application/merge-patch+json"
_DEPTH = 32
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


class MalformedJson(Problem):
    """The body is not one JSON document: broken, cut off, with a name twice, NaN or a number out of range."""

    status = 400
    title = "Malformed JSON"


def check_type(headers: dict[bytes, bytes], accepted: tuple[str, ...]) -> None:
    """Refuse any other media type, charset or content coding."""
    media, *parameters = headers.get(b"content-type", b"").decode("latin-1").split(";")
    hint = {"Accept-Patch" if MERGE_PATCH in accepted else "Accept-Post": ", ".join(accepted)}
    if media.strip().lower() not in accepted:
        raise UnsupportedMediaType(f"Send the body as {' or '.join(accepted)}.", headers=hint)
    for parameter in parameters:
        name, _, value = parameter.strip().partition("=")
        if name.lower() == "charset" and value.strip('"').lower() not in {"utf-8", "utf8"}:
            raise UnsupportedMediaType("JSON is sent as UTF-8.", headers=hint)
    if headers.get(b"content-encoding", b"identity").strip().lower() != b"identity":
        raise UnsupportedMediaType("Compressed request bodies are not read.", headers=hint)


def read_object(body: bytes) -> dict[str, Any]:
    """One JSON object, with every name once and every number finite."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as why:
        raise MalformedJson(f"The body is not UTF-8 (byte {why.start}).") from None
    if text.startswith("\ufeff"):
        raise MalformedJson("The body starts with a byte order mark. Send plain UTF-8.")
    if not text.strip():
        raise MalformedJson("The body is empty. A JSON object is expected.")
    try:
        document = DECODER.decode(text)
    except RecursionError:
        raise MalformedJson("The JSON is nested too deeply.") from None
    except json.JSONDecodeError as why:
        raise MalformedJson(
            f"The body is not JSON: {why.msg} at line {why.lineno}, column {why.colno}."
        ) from None
    if not isinstance(document, dict):
        raise Unprocessable(
            "A JSON object is expected.",
            errors=[{"pointer": "", "code": "object_expected", "message": "An object is expected."}],
        )
    checked(document, text)
    return document


def checked(document: Any, text: str) -> None:
    """Refuse what the decoder lets through: too deep, or half of a character."""
    if _too_deep(document):
        raise MalformedJson("The JSON is nested too deeply.")
    if _SURROGATE.search(text) and _has_surrogate(document):
        raise MalformedJson("Half of a character (a lone surrogate escape) cannot be stored.")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise MalformedJson("A name stands twice in one object.")
    if len(found) > 1000:
        raise MalformedJson("An object has more than 1000 names.")
    return found


def _no_constant(name: str) -> Any:
    raise MalformedJson(f"`{name}` is not JSON.")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise MalformedJson("A number is out of range.")
    return number


def _whole(digits: str) -> int:
    if len(digits.lstrip("-")) > 19:
        raise MalformedJson("A number is out of range.")
    return int(digits)


def _too_deep(value: Any, depth: int = 0) -> bool:
    if depth > _DEPTH:
        return True
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(_too_deep(item, depth + 1) for item in inner if isinstance(item, dict | list))


def _has_surrogate(value: Any) -> bool:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return True
    return False


DECODER = json.JSONDecoder(
    object_pairs_hook=_once, parse_constant=_no_constant, parse_float=_finite, parse_int=_whole
)
"""Reads JSON strictly; what is left to check in the value, `checked` does."""
