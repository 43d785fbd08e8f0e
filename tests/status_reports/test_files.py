"""The report as files, over HTTP: each says what the JSON says, can be shown everywhere, and stays as it was."""

import asyncio
import csv
import hashlib
import io
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from docx import Document
from fontTools.ttLib import TTFont
from python_calamine import CalamineWorkbook

from app.operations.serving import Service
from app.report_files import charts
from app.report_files.given import Given
from app.report_files.lettering import FONTS, covered, shown
from app.report_files.pages import blocks, front
from app.report_files.tables import TABLES
from tests.conftest import Register
from tests.status_reports.played import OUTSIDE, SCRIPTS, played

_OPENXML = "application/vnd.openxmlformats-officedocument"


class _Files:
    """Each file is made once for all tests here."""

    def __init__(self, client: httpx.AsyncClient, frozen: httpx.Response, service: Service) -> None:
        self.client, self.service = client, service
        self.report: dict[str, Any] = frozen.json()
        self.given = Given(self.report, hashlib.sha256(frozen.content).hexdigest(), "http://register.test")
        self._had: dict[str, httpx.Response] = {}

    async def get(self, ending: str) -> httpx.Response:
        if ending not in self._had:
            answer = await self.client.get(f"/v1/consultations/4/report/frozen{ending}")
            assert answer.status_code == 200, answer.text
            self._had[ending] = answer
        return self._had[ending]


@pytest.fixture(scope="module")
async def files() -> Any:
    from tests.cast import Cast

    async with Register.of("seeded") as register, Cast.over(register.app, register.keys) as cast:
        await played(cast.secretariat)
        done = await cast.secretariat.post("/v1/consultations/4/freeze?force=true")
        assert done.status_code == 200, done.text
        files = _Files(
            cast.anonymous,
            await cast.anonymous.get("/v1/consultations/4/report/frozen"),
            register.app.state.service,
        )
        await asyncio.gather(
            *(files.get(ending) for ending in (".pdf", ".docx", ".xlsx", "/charts/funding.svg"))
        )
        yield files


async def test_a_workbook_has_a_typed_sheet_for_each_table(files: _Files) -> None:
    answer = await files.get(".xlsx")
    assert answer.headers["content-type"] == f"{_OPENXML}.spreadsheetml.sheet"
    book = CalamineWorkbook.from_filelike(io.BytesIO(answer.content))
    assert book.sheet_names == [table.title for table in TABLES.values()]
    for table in TABLES.values():
        rows = book.get_sheet_by_name(table.title).to_python()
        assert rows[0] == list(table.columns), table.title
        assert len(rows) - 1 == len(list(table.rows(files.report))), table.title
    matrix = book.get_sheet_by_name("Goal by country").to_python()[1:]
    assert sum(row[3] for row in matrix) == sum(cell["reported"] for cell in files.report["matrix"])
    money = book.get_sheet_by_name("Funding by currency").to_python()[1:]
    assert {row[1]: row[2] for row in money if row[0] == "activities"}["THB"] == 350000.5


async def test_csv_has_one_table_at_a_time(files: _Files) -> None:
    for name in ("activities", "lines"):
        answer = await files.get(f".csv?table={name}")
        rows = list(csv.reader(io.StringIO(answer.text)))
        assert rows[0] == list(TABLES[name].columns)
        assert len(rows) - 1 == len(list(TABLES[name].rows(files.report)))
    said = (await files.get(".csv?table=lines")).text
    assert all(words in said for words in SCRIPTS.values())
    assert f"?as_of={files.report['as_of'][:10]}" in said  # the rows as they were then


async def test_a_pdf_has_every_font_that_it_uses_and_says_every_text(files: _Files) -> None:
    answer = await files.get(".pdf")
    assert answer.content.startswith(b"%PDF-")
    assert answer.headers["content-disposition"].startswith("inline")
    used = set(re.findall(rb"/FontName/[A-Z]{6}\+([A-Za-z-]+)", answer.content.replace(b" ", b"")))
    assert {b"NotoSans-Regular", b"NotoSansThai-Regular", b"NotoSansLao-Regular", b"NotoSansKhmer-Regular",
            b"NotoSansMyanmar-Regular", b"NotoSansCJKjp-Regular"} <= used  # fmt: skip
    assert len(re.findall(rb"/FontFile[23]", answer.content)) == len(used)


async def test_a_document_says_what_the_report_says(files: _Files) -> None:
    document = Document(io.BytesIO((await files.get(".docx")).content))
    text = "\n".join(node.text or "" for node in document.element.iter() if node.tag.endswith("}t"))
    headings = [each.text for each in document.paragraphs if each.style.name == "Heading 1"]
    assert headings[1:] == [
        "1  Overview", "2  Who has reported", "3  Progress by goal", "4  Events of the period", "5  Funding", "6  Gaps",
        "7  Difference to the previous Consultation", "8  Notes",
    ]  # fmt: skip
    for words in (
        *SCRIPTS.values(),
        files.given.digest,
        "although critical gaps were open",
        "confirms the new dates",
    ):
        assert words in text
    assert OUTSIDE[-1] not in text
    assert "[U+1F642]" in text
    assert len(document.inline_shapes) == len(charts.CHARTS)


async def test_numbers_lead_to_the_rows_that_they_are_counted_from(files: _Files) -> None:
    """Some of them, of a report whose record has not changed since: the list has as many rows as the number says."""
    found = [
        cell
        for cell in _cells(files)
        if cell["text"].isdecimal() and "/v1/activities?" in cell.get("href", "")
    ]
    assert len(found) > 10
    for cell in found[:4]:
        rows = (await files.client.get(cell["href"] + "&count=exact")).json()
        assert rows["total"] == int(cell["text"]), cell


def _cells(files: _Files) -> Iterator[dict[str, Any]]:
    for block in blocks(files.given):
        yield from block.get("parts", ())
        for row in block.get("rows", ()):
            yield from row


async def test_what_is_printed_has_a_glyph(files: _Files) -> None:
    texts = [cell["text"] for cell in _cells(files)] + [fact["text"] for fact in front(files.given)["facts"]]
    points = {ord(each) for text in texts for each in text}
    assert len(points & set(range(0x0E00, 0x1800))) > 50
    assert points <= covered()
    assert "\N{GRINNING FACE}" not in shown("\N{GRINNING FACE}")


def test_the_fonts_are_those_that_are_named() -> None:
    named = dict(re.findall(r"`(\S+)` \|.*`([0-9a-f]{64})`", (FONTS / "VERSIONS.md").read_text()))
    there = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in FONTS.glob("*.[ot]tf")}
    assert named == there
    glyphs: set[int] = set()
    for name in there:
        with TTFont(FONTS / name, lazy=True) as font:
            glyphs.update(font.getBestCmap())
    assert covered() - {0x0A} <= glyphs
    assert (FONTS / "OFL.txt").read_text().count("SIL OPEN FONT LICENSE") == 1


async def test_pictures_are_svg_whose_text_is_text(files: _Files) -> None:
    answer = await files.get("/charts/funding.svg")
    assert answer.headers["content-type"] == "image/svg+xml"
    assert "style-src" in answer.headers["content-security-policy"]
    assert "法務省" in answer.text
    assert "Noto Sans CJK JP" in answer.text
    missing = await files.client.get("/v1/consultations/4/report/charts/pie.svg")
    assert missing.status_code == 404


async def test_of_a_report_with_nothing_in_it_every_picture_can_be_drawn_and_is_the_same(
    files: _Files,
) -> None:
    bare = {
        **files.report, "goals": [], "matrix": [], "events": [], "funding": [], "members": [], "reports": [],
    }  # fmt: skip
    for name in charts.CHARTS:
        assert charts.drawn(name, bare, "svg") == (drawn := charts.drawn(name, bare, "svg"))
        assert b"<svg" in drawn


async def test_files_of_a_frozen_report_are_the_same_bytes_for_ever(
    files: _Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = {ending: await files.get(ending) for ending in (".pdf", ".docx", ".xlsx", "/charts/funding.svg")}

    async def other(*given: Any) -> Any:
        raise AssertionError("It is kept: nothing is made again.")

    monkeypatch.setattr("app.status_reports.filing.made", other)
    for ending, answer in first.items():
        again = await files.client.get(f"/v1/consultations/4/report/frozen{ending}")
        assert again.content == answer.content, ending
        assert again.headers["repr-digest"] == answer.headers["repr-digest"]
        known = {"If-None-Match": answer.headers["etag"]}
        assert (
            await files.client.get(f"/v1/consultations/4/report/frozen{ending}", headers=known)
        ).status_code == 304


async def test_the_format_is_chosen_by_accept_too(files: _Files) -> None:
    live = "/v1/consultations/4/report"
    first = await files.client.get(f"{live}?table=overview", headers={"Accept": "text/csv"})
    assert first.headers["content-type"] == "text/csv; charset=utf-8"
    assert first.text.startswith(
        "name,value,href\nconsultation,4th ASLOM-Japan Consultation,http://register.test/v1/"
    )
    known = {"Accept": "text/csv", "If-None-Match": first.headers["etag"]}
    assert (await files.client.get(f"{live}?table=overview", headers=known)).status_code == 304
    assert (await files.client.get(live, headers={"Accept": "image/png"})).status_code == 406
    assert (await files.client.get(f"{live}.json")).json()["kind"] == "live"
    for query in (".csv?table=pies", ".pdf?table=matrix", "/frozen.csv?tabel=matrix"):
        assert (await files.client.get(f"{live}{query}")).status_code == 400, query
    assert (await files.client.get("/v1/consultations/1/report/frozen.pdf")).status_code == 404


async def test_a_file_that_takes_too_long_is_refused(files: _Files, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files.service.settings, "report_budget", 0.01)
    late = await files.client.get("/v1/consultations/4/report.xlsx")
    assert late.status_code == 503
    assert "Retry-After" in late.headers
    assert (await files.client.get("/v1/consultations/4/report")).status_code == 200
