"""A status report as PDF, set by Typst: tagged, with bookmarks, its text searchable in every script."""

import json
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import typst

from app.report_files.charts import CHARTS, drawn
from app.report_files.given import Given
from app.report_files.lettering import FAMILIES, FONTS
from app.report_files.pages import blocks, front

_TEMPLATE = Path(__file__).parent / "report.typ"


def portable(given: Given) -> bytes:
    """The PDF: the same report is the same bytes."""
    said = {
        "front": front(given),
        "blocks": list(blocks(given)),
        "families": FAMILIES,
        "footer": f"SHA-256 {given.digest[:16]}…",
    }
    with TemporaryDirectory(prefix="workplan-report-") as folder:
        place = Path(folder)
        (place / "report.json").write_text(json.dumps(said), encoding="utf-8")
        (place / "report.typ").write_text(_TEMPLATE.read_text(encoding="utf-8"), encoding="utf-8")
        for name in CHARTS:
            (place / f"{name}.svg").write_bytes(drawn(name, given.report, "svg"))
        made: bytes = typst.compile(
            str(place / "report.typ"),
            root=folder,
            font_paths=[str(FONTS)],
            ignore_system_fonts=True,
            timestamp=datetime.fromisoformat(given.report["as_of"]).replace(microsecond=0),
        )
    return made
