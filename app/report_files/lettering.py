"""What the fonts of reports can show. A character that none of them has is named, never left out or shown as a box."""

import re
from functools import cache
from pathlib import Path

FONTS = Path(__file__).parent / "fonts"
FAMILIES = (
    "Noto Sans",
    "Noto Sans Thai",
    "Noto Sans Lao",
    "Noto Sans Khmer",
    "Noto Sans Myanmar",
    "Noto Sans CJK JP",
)
_PLAIN = re.compile(r"[\n -~\u00a0-\u00ff]*")


@cache
def covered() -> frozenset[int]:
    """The code points that the fonts have."""
    points = {0x0A}
    for line in (FONTS / "covered.txt").read_text().split():
        first, last = line.split("-")
        points.update(range(int(first, 16), int(last, 16) + 1))
    return frozenset(points - set(range(0x20)) | {0x0A})


def shown(text: str) -> str:
    """A text that can be printed: what no font has stands in it as `[U+1F600]`."""
    if _PLAIN.fullmatch(text):
        return text
    known = covered()
    return "".join(each if ord(each) in known else f"[U+{ord(each):04X}]" for each in text)
