"""A status report as DOCX: python-docx makes the document, and its body is written as WordprocessingML, which is as
fast for ten thousand rows as for ten.
"""

import io
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from xml.sax.saxutils import escape, quoteattr
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from docx import Document
from docx.document import Document as Word
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_BREAK
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.shared import Cm, Pt, RGBColor

from app.report_files.blocks import Block
from app.report_files.charts import drawn
from app.report_files.given import Given
from app.report_files.pages import blocks, front

_INK, _FAINT = RGBColor(0x1F, 0x4E, 0x79), RGBColor(0x66, 0x66, 0x66)
_FONTS = {"w:ascii": "Calibri", "w:hAnsi": "Calibri", "w:eastAsia": "Yu Gothic", "w:cs": "Leelawadee UI"}
"""What Word has for Latin, Japanese and Thai; for Lao, Khmer and Burmese it takes its own."""
_WIDTH = Cm(17)

_MARGINS = '<w:tblCellMar><w:left w:w="50" w:type="dxa"/><w:right w:w="50" w:type="dxa"/></w:tblCellMar>'
_TWIPS = 9_638
"""The width of the text, in twentieths of a point."""


def word(given: Given) -> bytes:
    """The DOCX: the same report is the same bytes."""
    document = Document()
    _set_up(document, given)
    _title_page(document, given)
    body = list(blocks(given))
    _contents(document, body)
    number = 0
    ahead = [each["kind"] for each in body[1:]] + [""]
    for block, following in zip(body, ahead, strict=True):
        if block["kind"] == "heading":
            number += block["level"] == 1
            _heading(document, block, number)
        elif block["kind"] == "text":
            style = "Small" if block["small"] else "Normal"
            _append(document, _paragraph(block["parts"], style, kept=following in {"table", "figure"}))
        elif block["kind"] == "figure":
            _figure(document, given, block)
        else:
            _table(document, block)
    return _saved(document)


def _set_up(document: Word, given: Given) -> None:
    styles = document.styles
    for name, size in (
        ("Normal", 10),
        ("Title", 26),
        ("Subtitle", 15),
        ("Heading 1", 15),
        ("Heading 2", 12),
        ("Caption", 8),
    ):
        style = styles[name]
        style.font.size = Pt(size)
        style.font.italic = False
        style.font.bold = name.startswith(("Title", "Heading"))
        style.font.color.rgb = _FAINT if name == "Caption" else None if name == "Normal" else _INK
        fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
        for attribute in list(fonts.attrib):
            del fonts.attrib[attribute]
        for attribute, font in _FONTS.items():
            fonts.set(qn(attribute), font)
        style.paragraph_format.space_after = Pt(4)
    for name, small in (("Small", 9.0), ("Cell", 8.0)):
        style = styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
        style.base_style = styles["Normal"]
        style.font.size = Pt(small)
        style.paragraph_format.space_after = Pt(3 if name == "Small" else 0)
    section = document.sections[0]
    section.page_width, section.page_height = Cm(21), Cm(29.7)
    section.left_margin = section.right_margin = Cm(2)
    section.top_margin = section.bottom_margin = Cm(2.2)
    section.different_first_page_header_footer = True
    opening = front(given)
    section.header.paragraphs[0].style = section.footer.paragraphs[0].style = styles["Caption"]
    section.header.paragraphs[0].text = f"{opening['title']}: {opening['subtitle']}"
    pages = f"{_field('PAGE', '1')}{_run({'text': ' / '})}{_field('NUMPAGES', '1')}"
    footer = f"{_run({'text': f'SHA-256 {given.digest[:16]}…      '})}{pages}"
    for run in _parsed(f"<w:p {nsdecls('w')}>{footer}</w:p>", bare=True):
        section.footer.paragraphs[0]._p.append(run)  # noqa: SLF001
    about = document.core_properties
    about.title, about.author = f"{opening['title']}: {opening['subtitle']}", opening["plan"]
    about.created = about.modified = datetime.fromisoformat(opening["as_of"]).replace(tzinfo=None)
    about.comments, about.last_modified_by, about.language = f"SHA-256 of the JSON: {given.digest}", "", "en"


def _title_page(document: Word, given: Given) -> None:
    said = front(given)
    space = document.add_paragraph(said["plan"])
    space.paragraph_format.space_before = Pt(110)
    document.add_paragraph(said["title"], "Title")
    document.add_paragraph(said["subtitle"], "Subtitle")
    rows = [[{"text": fact["name"]}, {"text": fact["text"], "href": fact["href"]}] for fact in said["facts"]]
    _append(document, _grid((5, 12), (), rows, lined=False))
    if said["draft"]:
        note = "Draft. This report shows the record as it stands; it is not what was put before the Consultation."
        document.add_paragraph().add_run(note).bold = True
    document.add_paragraph().add_run().add_break(WD_BREAK.PAGE)


def _contents(document: Word, body: Iterable[Block]) -> None:
    """Links to the sections: a field of Word would have to be brought up to date by hand before it shows anything."""
    document.add_paragraph("Contents", "Heading 1")
    names = [block["text"] for block in body if block["kind"] == "heading" and block["level"] == 1]
    for number, name in enumerate(names, 1):
        link = f'<w:hyperlink w:anchor="section{number}">{_run({"text": f"{number}  {name}"})}</w:hyperlink>'
        _append(document, f"<w:p {nsdecls('w')}>{link}</w:p>")


def _heading(document: Word, block: Block, number: int) -> None:
    top = block["level"] == 1
    heading = document.add_heading(f"{number}  {block['text']}" if top else block["text"], block["level"])
    if top:
        for mark in ("Start", "End"):
            name = f' w:name="section{number}"' if mark == "Start" else ""
            heading._p.append(_parsed(f'<w:bookmark{mark} {nsdecls("w")} w:id="{number}"{name}/>'))  # noqa: SLF001


def _figure(document: Word, given: Given, block: Block) -> None:
    picture = document.add_picture(io.BytesIO(drawn(block["name"], given.report, "png")), width=_WIDTH)
    picture._inline.docPr.set("descr", block["caption"])  # noqa: SLF001
    document.paragraphs[-1].paragraph_format.keep_with_next = True
    document.add_paragraph(block["caption"], "Caption")


def _table(document: Word, block: Block) -> None:
    caption = document.add_paragraph(block["caption"], "Caption")
    caption.paragraph_format.keep_with_next = True
    caption.paragraph_format.space_before = Pt(6)
    columns = block["columns"]
    right = [column["align"] == "right" for column in columns]
    head = [{"text": column["title"], "strong": True} for column in columns]
    _append(document, _grid([column["width"] for column in columns], [head], block["rows"], right))
    document.add_paragraph(style="Cell")


def _grid(
    widths: Iterable[float],
    head: Iterable[Iterable[Mapping[str, Any]]],
    rows: Iterable[Iterable[Mapping[str, Any]]],
    right: Iterable[bool] = (),
    *,
    lined: bool = True,
) -> str:
    whole = sum(widths := list(widths))
    twips = [int(_TWIPS * width / whole) for width in widths]
    aligned = list(right) or [False] * len(widths)
    line = '<w:{} w:val="single" w:sz="4" w:color="{}"/>'
    lines = line.format("bottom", "C8C8C8") + line.format("insideH", "C8C8C8") if lined else ""
    parts = [
        (
            f'<w:tbl {nsdecls("w")}><w:tblPr><w:tblW w:w="{_TWIPS}" w:type="dxa"/><w:tblBorders>{lines}</w:tblBorders>'
            f'<w:tblLayout w:type="fixed"/>{_MARGINS}</w:tblPr><w:tblGrid>'
        ),
        *(f'<w:gridCol w:w="{width}"/>' for width in twips),
        "</w:tblGrid>",
    ]
    for said, bold in ((head, True), (rows, False)):
        for row in said:
            parts.append("<w:tr><w:trPr><w:cantSplit/>" + ("<w:tblHeader/>" if bold else "") + "</w:trPr>")
            for cell, width, to_right in zip(row, twips, aligned, strict=True):
                text = _paragraph([cell], "Cell", right=to_right, declared=False)
                parts.append(f'<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/></w:tcPr>{text}</w:tc>')
            parts.append("</w:tr>")
    return "".join([*parts, "</w:tbl>"])


def _paragraph(
    parts: Iterable[Mapping[str, Any]],
    style: str,
    *,
    right: bool = False,
    declared: bool = True,
    kept: bool = False,
) -> str:
    space = f" {nsdecls('w')}" if declared else ""
    with_next = "<w:keepNext/>" if kept else ""
    aligned = '<w:jc w:val="right"/>' if right else ""
    runs = "".join(map(_linked, parts))
    return f'<w:p{space}><w:pPr><w:pStyle w:val="{style}"/>{with_next}{aligned}</w:pPr>{runs}</w:p>'


def _linked(part: Mapping[str, Any]) -> str:
    """A run, in a field if it leads somewhere: so no list of addresses has to be kept beside the text."""
    if not part.get("href"):
        return _run(part)
    target = 'HYPERLINK "{}"'.format(part["href"].replace('"', "%22"))
    return f"<w:fldSimple w:instr={quoteattr(target)}>{_run(part, colour=str(_INK))}</w:fldSimple>"


def _run(part: Mapping[str, Any], colour: str = "") -> str:
    said = ("<w:b/><w:bCs/>" if part.get("strong") else "") + (
        f'<w:color w:val="{colour}"/>' if colour else ""
    )
    lines = part["text"].split("\n")
    text = "<w:br/>".join(f'<w:t xml:space="preserve">{escape(line)}</w:t>' for line in lines)
    return f"<w:r>{f'<w:rPr>{said}</w:rPr>' if said else ''}{text}</w:r>"


def _field(name: str, shown: str) -> str:
    return f'<w:fldSimple w:instr="{name}">{_run({"text": shown})}</w:fldSimple>'


def _parsed(text: str, *, bare: bool = False) -> Any:
    element = parse_xml(text)
    return list(element) if bare else element


def _append(document: Word, text: str) -> None:
    document.element.body.insert_element_before(_parsed(text), "w:sectPr")


def _saved(document: Word) -> bytes:
    """The file, whose parts have no time of day."""
    plain, made = io.BytesIO(), io.BytesIO()
    document.save(plain)
    with ZipFile(plain) as parts, ZipFile(made, "w", ZIP_DEFLATED) as file:
        for part in parts.infolist():
            same = ZipInfo(part.filename)
            same.compress_type = ZIP_DEFLATED
            file.writestr(same, parts.read(part))
    return made.getvalue()
