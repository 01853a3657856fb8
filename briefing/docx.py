"""A frozen briefing as a Word document. The same content gives the same bytes."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from datetime import datetime
from io import BytesIO
from typing import Any

from docx import Document
from docx.document import Document as DocumentType
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Pt, RGBColor

from briefing import words
from briefing.chart import trend_png

BODY_FONT, BODY_FONT_EAST_ASIA = "Times New Roman", "宋体"
RED, TEAL, GREY = RGBColor(0xA6, 0x3A, 0x2B), RGBColor(0x2F, 0x6F, 0x73), RGBColor(0x5B, 0x62, 0x6D)
# In cm; what a page of A4 leaves between its margins is 17. An id takes 2.4, a date 1.8.
MARGIN = Cm(2)
NUMBER_WIDTHS = (2.6, 1.4, 3.2, 9.8)
RISE_WIDTHS = (3.0, 2.6, 1.2, 1.2, 9.0)
RISING_WIDTHS = (3.0, 1.2, 1.2, 11.6)
ITEM_WIDTHS = (2.4, 2.9, 1.5, 1.9, 1.4, 1.9, 1.3, 1.9, 1.8)
CHART_WIDTH = Cm(16.5)
# A zip file knows no time before 1980; a fixed one keeps the bytes the same.
ZIP_TIME = (1980, 1, 1, 0, 0, 0)


def docx_document(content: Mapping[str, Any]) -> bytes:
    """Return the file."""
    document = Document()
    _set_styles(document)
    made_at = datetime.fromisoformat(content["made_at"]).replace(tzinfo=None)
    properties = document.core_properties
    properties.title = f"{words.heading(content)} {content['issue']}"
    properties.author = content["issuer"] or content["title"]
    properties.created = properties.modified = made_at
    _add_cover(document, content)
    _add_numbers(document, content)
    _add_top(document, content["top"])
    _add_notes(document, content)
    raw = BytesIO()
    document.save(raw)
    return _with_fixed_times(raw)


def _set_styles(document: DocumentType) -> None:
    for section in document.sections:
        section.page_width, section.page_height = Cm(21), Cm(29.7)
        section.left_margin = section.right_margin = MARGIN
    for name in ("Normal", "Title", "Heading 1", "Heading 2"):
        font = document.styles[name].font
        font.name = BODY_FONT
        document.styles[name].element.get_or_add_rPr().get_or_add_rFonts().set(
            qn("w:eastAsia"), BODY_FONT_EAST_ASIA
        )
    document.styles["Normal"].font.size = Pt(11)
    document.styles["Title"].font.color.rgb = RED
    for name in ("Heading 1", "Heading 2"):
        document.styles[name].font.color.rgb = TEAL


def _add_cover(document: DocumentType, content: Mapping[str, Any]) -> None:
    document.add_paragraph(words.heading(content), style="Title").alignment = WD_ALIGN_PARAGRAPH.CENTER
    parts = [content["issue"], content["issuer"], words.period_line(content)]
    _grey(document, " · ".join(filter(None, parts))).alignment = WD_ALIGN_PARAGRAPH.CENTER
    document.add_paragraph(content["summary"])
    for caveat in content.get("caveats", ()):
        _grey(document, caveat)


def _add_numbers(document: DocumentType, content: Mapping[str, Any]) -> None:
    document.add_heading("一、主要数字", 1)
    rows = [(n["label"], str(n["value"]), words.change(n), n["query"]) for n in content["numbers"]]
    _table(document, ("指标", "数值", "较前一日 · 平日", "检索式"), rows, NUMBER_WIDTHS)
    document.add_heading(f"近 {len(content['trend'])} 日诉求量（件/日）", 2)
    document.add_picture(BytesIO(trend_png(content["trend"])), width=CHART_WIDTH)
    _grey(document, content["trend_query"])


def _add_top(document: DocumentType, items: Sequence[Mapping[str, Any]]) -> None:
    document.add_heading("二、重点事项", 1)
    if not items:
        document.add_paragraph("当日没有诉求。")
    for rank, item in enumerate(items, start=1):
        document.add_heading(f"{rank}. {item['title'] or words.DELETED}", 2)
        document.add_paragraph(words.gist(item))
        for cited in item["citations"]:
            document.add_paragraph(cited["excerpt"] or words.DELETED).paragraph_format.left_indent = Cm(0.8)
            _grey(document, f"{cited['asked_at']} · {cited['source']} · {cited['post_id']}")
        _grey(document, item["query"])


def _add_notes(document: DocumentType, content: Mapping[str, Any]) -> None:
    document.add_heading("三、预警", 1)
    for alert in content["alerts"]:
        document.add_paragraph(
            f"{alert['explanation'] or words.DELETED}（{alert['rule']}，{alert['severity']} 级）",
            style="List Number",
        )
    if not content["alerts"]:
        document.add_paragraph("当日没有新的预警。")
    document.add_heading("四、突增的地点与类别", 1)
    rises = [
        (r["place"], r["topic"], str(r["value"]), f"{r['usual']:g}", r["query"]) for r in content["rises"]
    ]
    _table_or(document, ("地点", "类别", "当日", "平日", "检索式"), rises, RISE_WIDTHS, "没有明显突增。")
    rising = [(r["word"], str(r["value"]), f"{r['usual']:g}", r["query"]) for r in content.get("rising", ())]
    if rising:
        document.add_heading("上升的词", 2)
        _table(document, ("词", "当日", "平日", "检索式"), rising, RISING_WIDTHS)
    for title, items, otherwise in (
        ("五、逾期未复", content["overdue"], "没有逾期未复的事项。"),
        ("六、近日到期", content["watch"], "三日内没有到期的事项。"),
    ):
        document.add_heading(title, 1)
        _table_or(document, words.COLUMNS, [words.row(item) for item in items], ITEM_WIDTHS, otherwise)
    document.add_heading("七、来源状况", 1)
    document.add_paragraph(words.coverage(content))
    for source in content["blind"]:
        document.add_paragraph(words.source(source), style="List Bullet")
    _grey(document, words.made(content))


def _table_or(
    document: DocumentType,
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    widths: Sequence[float],
    otherwise: str,
) -> None:
    if rows:
        _table(document, columns, rows, widths)
    else:
        document.add_paragraph(otherwise)


def _table(
    document: DocumentType, columns: Sequence[str], rows: Sequence[Sequence[str]], widths: Sequence[float]
) -> None:
    table = document.add_table(rows=1, cols=len(columns), style="Table Grid")
    table.autofit = False
    # Word goes by the cells' widths, LibreOffice by the columns'.
    for column, width in zip(table.columns, widths, strict=True):
        column.width = Cm(width)
    # On top of every page that the table reaches, and never left alone at the foot of one.
    table.rows[0]._tr.get_or_add_trPr().append(OxmlElement("w:tblHeader"))
    for cells, texts in ((table.rows[0].cells, columns), *((table.add_row().cells, row) for row in rows)):
        for cell, text, width in zip(cells, texts, widths, strict=True):
            cell.width = Cm(width)
            paragraph = cell.paragraphs[0]
            paragraph.paragraph_format.space_after = Pt(0)
            paragraph.paragraph_format.keep_with_next = texts is columns
            run = paragraph.add_run(text)
            run.font.size = Pt(8.5)
            run.bold = texts is columns


def _grey(document: DocumentType, text: str) -> Any:
    paragraph = document.add_paragraph()
    run = paragraph.add_run(text)
    run.font.size = Pt(9)
    run.font.color.rgb = GREY
    return paragraph


def _with_fixed_times(raw: BytesIO) -> bytes:
    """Return the same zip with fixed member times."""
    fixed = BytesIO()
    with zipfile.ZipFile(raw) as source, zipfile.ZipFile(fixed, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            target.writestr(zipfile.ZipInfo(name, ZIP_TIME), source.read(name), zipfile.ZIP_DEFLATED)
    return fixed.getvalue()
