"""What differs between two states of a record: JSON Patch (RFC 6902), and texts word by word."""

import asyncio
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any

_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\uaa60-\uaa7f]"
)
"""Thai, Lao, Burmese, Khmer, Japanese and Chinese have no spaces between words: they are compared sign by sign."""
_CLINGING = "\u0e33\u0eb3\u200b\u200c\u200d\u2060"
"""Signs that stand with the one before, beside the combining marks."""
_PAIRS_MOST = 4_000_000


async def comparison(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """The patch from one state to the other, and the pieces of the texts that differ."""
    return await asyncio.to_thread(_comparison, before, after)


def _comparison(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    import jsonpatch  # a megabyte, loaded by the first who compares

    texts = {
        name: [{"op": op, "text": text} for op, text in pieces(before[name], after[name])]
        for name in after
        if isinstance(before.get(name), str) and isinstance(after[name], str) and before[name] != after[name]
    }
    return {"patch": jsonpatch.make_patch(dict(before), dict(after)).patch, "texts": texts}


def pieces(before: str, after: str) -> Iterator[tuple[str, str]]:
    """A text as what stayed (`equal`), went (`delete`) and came (`insert`), in order."""
    old, new = words(before), words(after)
    head = _common(old, new)
    tail = min(_common(old[::-1], new[::-1]), len(old) - head, len(new) - head)
    yield from _said("equal", old[:head])
    old, new, end = old[head : len(old) - tail], new[head : len(new) - tail], old[len(old) - tail :]
    if (
        len(old) * len(new) > _PAIRS_MOST
    ):  # texts that have little in common: no time is spent on finding what
        yield from _said("delete", old)
        yield from _said("insert", new)
    else:
        for op, i1, i2, j1, j2 in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
            if op == "equal":
                yield from _said("equal", old[i1:i2])
            else:
                yield from _said("delete", old[i1:i2])
                yield from _said("insert", new[j1:j2])
    yield from _said("equal", end)


def _common(some: Sequence[str], others: Sequence[str]) -> int:
    """How many words both begin with."""
    pairs = enumerate(zip(some, others, strict=False))
    return next((place for place, (one, other) in pairs if one != other), min(len(some), len(others)))


def _said(op: str, part: Sequence[str]) -> Iterator[tuple[str, str]]:
    if part:
        yield op, "".join(part)


def words(text: str) -> list[str]:
    """The words of a text, each space and mark for itself; signs of scripts without spaces one by one."""
    found: list[str] = []
    kind = ""
    for character in text:
        if found and (unicodedata.category(character)[0] == "M" or character in _CLINGING):
            found[-1] += character
            continue
        now = (
            "sign" if _UNSPACED.match(character)
            else "word" if character.isalnum() or character in "_'’"
            else "space" if character.isspace()
            else "mark"
        )  # fmt: skip
        if now == kind and now in {"word", "space"}:
            found[-1] += character
        else:
            found.append(character)
        kind = now
    return found
