"""A printable Word form: numbered questions, boxes to tick, matrices as tables."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from collections.abc import Mapping

import docx
from docx.document import Document
from docx.enum.section import WD_ORIENT
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Pt, RGBColor
from docx.styles.style import ParagraphStyle
from docx.table import Table, _Row
from docx.text.paragraph import Paragraph

from surveys.forms.asking import Question, condition, in_language, offered, sections
from surveys.questionnaire import Item, Questionnaire

BOX, CIRCLE = "☐", "○"  #: several may be ticked; one alone
LATIN, BODY_ZH, HEADING_ZH, SYMBOLS = "Times New Roman", "宋体", "黑体", "Segoe UI Symbol"
#: More points than this are circled on one line as numbers, without a line each.
MOST_LINES = 12

_WORDS: Mapping[str, Mapping[str, str]] = {
    "one": {"en": "Please tick one.", "zh": "（单选）"},
    "several": {"en": "Please tick all that apply.", "zh": "（可多选）"},
    "rank": {
        "en": "Please write 1 for your first choice, 2 for the second, and so on.",
        "zh": "（排序题，请在横线上填写名次，1为最优先）",
    },
    "row": {"en": "Please tick one in each row.", "zh": "（每行单选）"},
    "number": {"en": "Please write a number", "zh": "（请填写数字"},
    "from": {"en": " from {low} to {high}.", "zh": "，{low}至{high}）"},
    "least": {"en": " of at least {low}.", "zh": "，不小于{low}）"},
    "most": {"en": " of at most {high}.", "zh": "，不大于{high}）"},
    "any": {"en": ".", "zh": "）"},
    "skip": {
        "en": "Only if you answered “{answer}” to question {number}.",
        "zh": "（仅当第{number}题选择“{answer}”时填写）",
    },
    "skip_number": {
        "en": "Only if you wrote {answer} in question {number}.",
        "zh": "（仅当第{number}题填写{answer}时填写）",
    },
    "skip_not": {
        "en": "Only if you did not tick “{answer}” in question {number}.",
        "zh": "（仅当第{number}题未选择“{answer}”时填写）",
    },
    "skip_rank": {
        "en": "Only if you ranked “{answer}” as number {rank} in question {number}.",
        "zh": "（仅当第{number}题将“{answer}”排在第{rank}位时填写）",
    },
    "required": {"en": "Questions with * need an answer.", "zh": "带*的题目为必答题。"},
    "how": {
        "en": "Please answer every question as it applies to you. There are no right or wrong answers.",
        "zh": "请根据您的实际情况作答，答案没有对错之分。",
    },
    "id": {"en": "Questionnaire No.", "zh": "问卷编号"},
}


def word_form(questionnaire: Questionnaire, *, language: str | None = None) -> bytes:
    """The questionnaire as a ``.docx`` to print, in one language (by default its first).

    Questions are numbered through; one answer is a circle, several are boxes, ranks and numbers are
    lines to write on, and a matrix is a table whose heading repeats on the next page. Routing is
    written out above the question. Items from account records are left out. Chinese characters are
    set in 宋体 and headings in 黑体; the same questionnaire gives the same bytes.

    Raises
    ------
    ValueError
        If the questionnaire is not written in that language.
    """
    language = language or questionnaire.languages[0]
    if language not in questionnaire.languages:
        known = ", ".join(questionnaire.languages)
        raise ValueError(f"language: `{language}`; questionnaire {questionnaire.id} is written in {known}")
    document = docx.Document()
    _page(document)
    _fonts(document, language)
    _Writer(document, questionnaire, language).write()
    return _without_times(document)


class _Writer:
    """One form being written, from the title down."""

    def __init__(self, document: Document, questionnaire: Questionnaire, language: str) -> None:
        self.document = document
        self.questionnaire = questionnaire
        self.language = language
        self.numbers: dict[str, str] = {}  #: of every item that was asked so far and of the later ones
        number = 0
        for _, questions in sections(questionnaire):
            for question in questions:
                number += 1
                self.numbers[question.id] = str(number)
                for at, item in enumerate(question.items, start=1):
                    self.numbers[item.id] = f"{number}.{at}" if question.is_matrix else str(number)

    def say(self, word: str, **values: object) -> str:
        return _WORDS[word].get(self.language, _WORDS[word]["en"]).format(**values)

    def write(self) -> None:
        title = in_language(self.questionnaire.title, self.language)
        self.document.core_properties.title = title
        self.document.core_properties.language = self.language
        heading = self.document.add_paragraph(title, style="Title")
        heading.alignment = WD_ALIGN_PARAGRAPH.CENTER
        self.document.add_paragraph(f"{self.say('id')} ______________")
        asked = list(sections(self.questionnaire))
        instructions = [self.say("how")]
        if any(item.required for _, questions in asked for question in questions for item in question.items):
            instructions.append(self.say("required"))
        self.document.add_paragraph((" " if self.language == "en" else "").join(instructions))
        for section, questions in asked:
            self.document.add_paragraph(in_language(section.title, self.language), style="Heading 1")
            for question in questions:
                self._question(question)

    def _question(self, question: Question) -> None:
        item = question.first
        required = "*" if all(row.required for row in question.items) else ""
        if item.show_if is not None and (told := self._routing(item.show_if)):
            hint = self.document.add_paragraph(style="Instruction")
            hint.add_run(told)
            hint.paragraph_format.keep_with_next = True
        stem = self.document.add_paragraph(style="Question")
        stem.add_run(f"{self.numbers[question.id]}. {in_language(question.text, self.language)}{required}")
        stem.add_run(f" {self._instruction(question)}").italic = self.language == "en"
        if question.is_matrix:
            self._matrix(question)
        elif item.kind in ("number", "text"):
            lines = 1 if item.kind == "number" else 3
            for _ in range(lines):
                self.document.add_paragraph("_" * (20 if item.kind == "number" else 72), style="Answer")
        elif item.kind == "single" and len(offered(item)) > MOST_LINES:
            self._long_scale(item)
        else:
            self._options(item)

    def _instruction(self, question: Question) -> str:
        item = question.first
        if question.is_matrix:
            return self.say("row")
        if item.kind == "number":
            low, high = (None if bound is None else f"{bound:.15g}" for bound in (item.low, item.high))
            word = "from" if low and high else "least" if low else "most" if high else "any"
            return self.say("number") + self.say(word, low=low, high=high)
        words = {"single": "one", "multiple": "several", "ranking": "rank"}
        return self.say(words[item.kind]) if item.kind in words else ""

    def _routing(self, show_if: str) -> str:
        found = condition(self.questionnaire, show_if)
        item, number = found.item, self.numbers.get(found.item.id)
        if number is None or item.source != "respondent":
            return ""  # whoever answers on paper does not know the account records
        if item.scale is None:
            return self.say("skip_number", number=number, answer=found.code)
        picked = found.code if found.option is None else found.option
        answer = item.scale.label(picked, self.language)
        if found.option is not None and item.kind == "ranking":
            return self.say("skip_rank", number=number, answer=answer, rank=found.code)
        word = "skip_not" if found.option is not None and found.code == 0 else "skip"
        return self.say(word, number=number, answer=answer)

    def _options(self, item: Item) -> None:
        for option in offered(item):
            line = self.document.add_paragraph(style="Answer")
            _symbol(line, {"single": CIRCLE, "multiple": BOX}.get(item.kind, "____"))
            line.add_run(f" {in_language(option.label, self.language)}")
            if option.code == item.open_option:
                line.add_run(" " + "_" * 24)
            line.paragraph_format.keep_with_next = option is not offered(item)[-1]

    def _long_scale(self, item: Item) -> None:
        line = self.document.add_paragraph(style="Answer")
        for option in offered(item):
            _symbol(line, CIRCLE)
            line.add_run(f" {in_language(option.label, self.language)}   ")

    def _matrix(self, question: Question) -> None:
        options = offered(question.first)
        table = self.document.add_table(rows=1, cols=1 + len(options), style="Table Grid")
        table.alignment = WD_TABLE_ALIGNMENT.CENTER
        table.autofit = False
        _repeat(table.rows[0])
        width = min(1.8, 9.0 / len(options))
        for at, option in enumerate(options, start=1):
            _cell(table.rows[0], at, in_language(option.label, self.language), center=True)
        for item in question.items:
            row = table.add_row()
            _whole(row)
            own = "*" if item.required and not all(part.required for part in question.items) else ""
            text = f"{self.numbers[item.id]} {in_language(item.text, self.language)}{own}"
            _cell(row, 0, text)
            for at in range(1, 1 + len(options)):
                _cell(row, at, CIRCLE, center=True)
        _widths(table, [16.5 - width * len(options), *[width] * len(options)])
        self.document.add_paragraph().paragraph_format.space_after = Pt(2)


def _page(document: Document) -> None:
    section = document.sections[0]
    section.orientation = WD_ORIENT.PORTRAIT
    section.page_width, section.page_height = Cm(21), Cm(29.7)
    section.left_margin = section.right_margin = Cm(2.2)
    section.top_margin = section.bottom_margin = Cm(2)
    footer = section.footer.paragraphs[0]
    footer.alignment = WD_ALIGN_PARAGRAPH.CENTER
    for kind, text in (("begin", None), (None, "PAGE"), ("end", None)):
        run = footer.add_run()
        if kind is not None:
            mark = OxmlElement("w:fldChar")
            mark.set(qn("w:fldCharType"), kind)
        else:
            mark = OxmlElement("w:instrText")
            mark.text = text
        run._r.append(mark)


def _fonts(document: Document, language: str) -> None:
    """Latin and Chinese faces of every style in use; without ``eastAsia`` Word picks one by itself."""
    from docx.enum.style import WD_STYLE_TYPE

    styles = document.styles
    for name, size, space in (("Question", 11, 8), ("Answer", 10.5, 1), ("Instruction", 9.5, 6)):
        style = styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
        style.base_style = styles["Normal"]
        style.font.size = Pt(size)
        style.paragraph_format.space_before = Pt(space)
        style.paragraph_format.space_after = Pt(1)
    styles["Answer"].paragraph_format.left_indent = Cm(0.8)
    styles["Question"].paragraph_format.keep_with_next = True
    styles["Instruction"].font.italic = language == "en"
    for name, chinese in (
        ("Normal", BODY_ZH), ("Question", BODY_ZH), ("Answer", BODY_ZH), ("Instruction", BODY_ZH),
        ("Title", HEADING_ZH), ("Heading 1", HEADING_ZH),
    ):  # fmt: skip
        _face(styles[name], chinese)
    styles["Normal"].font.size = Pt(10.5)
    styles["Title"].font.size = Pt(18)
    styles["Heading 1"].font.size = Pt(13)
    for name in ("Title", "Heading 1"):
        styles[name].font.color.rgb = RGBColor(0, 0, 0)


def _face(style: ParagraphStyle, chinese: str) -> None:
    style.font.name = LATIN
    fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
    # a theme font would win over the names
    for name in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
        fonts.attrib.pop(qn(f"w:{name}"), None)
    fonts.set(qn("w:hAnsi"), LATIN)
    fonts.set(qn("w:eastAsia"), chinese)


def _symbol(paragraph: Paragraph, symbol: str) -> None:
    """A tick mark in a face that has it; Chinese and Latin faces often do not."""
    run = paragraph.add_run(symbol)
    if symbol in (BOX, CIRCLE):
        run.font.name = SYMBOLS
        run._r.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), SYMBOLS)


def _cell(row: _Row, at: int, text: str, *, center: bool = False) -> None:
    paragraph = row.cells[at].paragraphs[0]
    paragraph.paragraph_format.space_after = Pt(1)
    if text == CIRCLE:
        _symbol(paragraph, text)
    else:
        paragraph.add_run(text).font.size = Pt(9.5)
    if center:
        paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER


def _repeat(row: _Row) -> None:
    """The heading of a table on every page that it reaches."""
    mark = OxmlElement("w:tblHeader")
    mark.set(qn("w:val"), "true")
    row._tr.get_or_add_trPr().append(mark)
    _whole(row)


def _whole(row: _Row) -> None:
    """A row that no page break cuts."""
    mark = OxmlElement("w:cantSplit")
    mark.set(qn("w:val"), "true")
    row._tr.get_or_add_trPr().append(mark)


def _widths(table: Table, widths: list[float]) -> None:
    for column, width in zip(table.columns, widths, strict=True):
        column.width = Cm(width)
        for cell in column.cells:
            cell.width = Cm(width)


def _without_times(document: Document) -> bytes:
    """The packed document without the moment at which it was made."""
    properties = document.core_properties
    properties.author = properties.last_modified_by = properties.comments = ""
    properties.created = properties.modified = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    packed, again = io.BytesIO(), io.BytesIO()
    document.save(packed)
    with zipfile.ZipFile(packed) as old, zipfile.ZipFile(again, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            info = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(info, old.read(name))
    return again.getvalue()
