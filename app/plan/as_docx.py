"""A redline as a Word document with tracked changes: accepted it is the later text, rejected the earlier one."""

import io
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from docx import Document
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.text.paragraph import Paragraph

_AUTHOR = "Work Plan Register"
_TRACKED = {"insert": ("w:ins", "w:t"), "delete": ("w:del", "w:delText")}
_STYLES = {"area": "Heading 1", "goal": "Heading 2", "activity": "List Bullet"}


class _Tracker:
    """Writes paragraphs; each tracked change has a number of its own."""

    def __init__(self, on: date) -> None:
        self.document = Document()
        self._at = f"{on.isoformat()}T00:00:00Z"
        self._changes = 0

    def write(self, pieces: Sequence[Mapping[str, str]], style: str | None, before: str = "") -> None:
        """A paragraph of pieces. One that came or went as a whole, came or went with its end."""
        paragraph = self.document.add_paragraph(style=style)
        kinds = {piece["op"] for piece in pieces}
        if before:
            self._say(paragraph, next(iter(kinds)) if len(kinds) == 1 else "equal", before)
        for piece in pieces:
            self._say(paragraph, piece["op"], piece["text"])
        if len(kinds) == 1 and (only := kinds.pop()) in _TRACKED:
            marks = OxmlElement("w:rPr")
            marks.append(self._mark(_TRACKED[only][0]))
            paragraph._p.get_or_add_pPr().append(marks)  # noqa: SLF001  (python-docx has no words for tracked changes)

    def _say(self, paragraph: Paragraph, op: str, text: str) -> None:
        if op not in _TRACKED:
            paragraph.add_run(text)
            return
        mark, element = _TRACKED[op]
        run, said = OxmlElement("w:r"), OxmlElement(element)
        said.text = text
        said.set(qn("xml:space"), "preserve")
        run.append(said)
        tracked = self._mark(mark)
        tracked.append(run)
        paragraph._p.append(tracked)  # noqa: SLF001

    def _mark(self, name: str) -> Any:
        self._changes += 1
        mark = OxmlElement(name)
        for attribute, value in (("id", str(self._changes)), ("author", _AUTHOR), ("date", self._at)):
            mark.set(qn(f"w:{attribute}"), value)
        return mark


def paper(redline: Mapping[str, Any], about: str, on: date) -> bytes:
    """The whole document."""
    tracker = _Tracker(on)
    tracker.document.core_properties.title = redline["title"]
    tracker.document.core_properties.author = _AUTHOR
    tracker.document.add_heading(redline["title"], 0)
    tracker.document.add_paragraph(about)
    for place in redline["places"]:
        named = place["kind"] in {"goal", "activity"}
        tracker.write(place["text"], _STYLES.get(place["kind"]), f"{place['name']}  " if named else "")
        for item in place["sub_items"]:
            tracker.write(item, "List Bullet 2")
    written = io.BytesIO()
    tracker.document.save(written)
    return written.getvalue()
