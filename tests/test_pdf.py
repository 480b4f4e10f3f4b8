"""The PDF: what is on its pages, what is tagged, what is refused, and that it is the same every time."""

from __future__ import annotations

import io
import re
import stat
from dataclasses import replace
from functools import cache
from itertools import pairwise

import pytest
from pypdf import PdfReader
from pypdf.generic import IndirectObject

from reports import pdf
from reports.document import (
    Bullets,
    Callout,
    Cell,
    Column,
    Document,
    DocumentError,
    Equation,
    Figure,
    Group,
    Heading,
    PageBreak,
    Prose,
    References,
    Spanner,
    Table,
    number_blocks,
    plain,
)
from reports.equations import FORMULAS

HARD = r"*_#$@<>[]\ `code` // /* ~ -- 'q' \"x\" = - + 1. @tbl:none 客户 https://a.org"

WORDS = {
    "en": {
        "title": "Tiered customer management: findings of a survey",
        "notice": "Synthetic data",
        "chapter": "Sample",
        "text": "Customers were asked about *n* = 412 services, see @tbl:long, @fig:bars, @sec:methods and @eq:cronbach_alpha",
        "refs": "Table 2, Figure 1, Section 2 and Equation 1",
        "caption": "Reliability of constructs",
        "item": "Staff answer my questions quickly",
        "figure": "Mean satisfaction",
        "column": "Corrected total correlation",
    },
    "zh": {
        "title": "商业银行客户分层管理：问卷调查研究报告",
        "notice": "合成数据",
        "chapter": "样本概况",
        "text": "本研究向客户发放问卷，*n* = 412，**重要**与*强调*，见@tbl:long、@fig:bars、@sec:methods和@eq:cronbach_alpha",
        "refs": "表 2、图 1、第 2 节和式 1",
        "caption": "构念信度",
        "item": "工作人员能够快速回答我的问题",
        "figure": "客户满意度均值",
        "column": "校正后总相关",
    },
}


@cache
def picture(language):
    from reports.theme import DEFAULT

    with DEFAULT.applied():
        figure = DEFAULT.figure(2.0)
        axes = figure.subplots()
        axes.barh(["A", "B"], [3.1, 3.9])
        axes.set_xlabel(WORDS[language]["figure"] + " −1")
        content = io.BytesIO()
        figure.savefig(content, format="svg", metadata={"Date": None})
    return content.getvalue()


def report(language, **more):
    """Every kind of block once, a table of eight columns and one of sixty rows."""
    words = WORDS[language]
    eight = Table(
        key="wide",
        caption=words["caption"],
        columns=(
            Column(id="c", label="*F*", align="left"),
            *(Column(id=i, label=words["column"]) for i in "abdefgh"),
        ),
        spanners=(Spanner(label=words["chapter"], first="a", last="d"),),
        rows=tuple((words["item"], *["−0.31 (.82)"] * 7) for _ in range(8)),
        notes=("*n* = 412.",),
        source=words["notice"],
    )
    long = Table(
        key="long",
        caption=words["caption"],
        columns=(
            Column(id="i", label="ID", align="left"),
            Column(id="t", label=words["column"], align="left"),
            Column(id="m", label="M"),
        ),
        rows=tuple((f"SAT{i:02}", words["item"], Cell("3.41", bold=True)) for i in range(60)),
        groups=(Group(label="G1", start=0), Group(label=HARD, start=30)),
    )
    blocks = (
        Heading(text=words["chapter"], key="sample"),
        Prose(words["text"] + "^[Interval [0.1, 0.2].]"),
        Prose(plain(HARD)),
        Bullets(items=(plain(HARD), "$r < 0.1$")),
        Bullets(items=("a", "b"), ordered=True),
        eight,
        Figure(
            key="bars",
            caption=words["figure"],
            svg=picture(language),
            alt="Bars rise from 3.1 to 3.9",
            notes=("B.",),
        ),
        Heading(text=words["chapter"], level=2),
        Callout(title="H1", text=words["text"], kind="result"),
        long,
        PageBreak(),
        Heading(text="*p*", key="methods"),
        *(Equation(formula=name, key=name) for name in FORMULAS),
        Heading(text="R", numbered=False),
        References((f"Welch, B. L. (1951). {HARD}",)),
    )
    notice = Callout(title=words["notice"], text=words["notice"], kind="warning")
    fields = {
        "subtitle": HARD,
        "authors": ("A. Author", "王霞"),
        "keywords": ("Likert", "分层"),
        "notice": notice,
        "lists": True,
    }
    return Document(**({"title": words["title"], "language": language, "blocks": blocks} | fields | more))


@cache
def content(language):
    return pdf.pdf_bytes(report(language))


def reader(language):
    return PdfReader(io.BytesIO(content(language)))


@cache
def pages(language):
    """Text of each page, without white space."""
    return tuple(squeezed(page.extract_text()) for page in reader(language).pages)


def squeezed(text):
    return re.sub(r"[\s\u200b]+", "", text)


both = pytest.mark.parametrize("language", ["en", "zh"])


@both
def test_the_same_document_gives_the_same_bytes(language):
    assert pdf.pdf_bytes(report(language)) == content(language)


@both
def test_the_text_can_be_found(language):
    words, text = WORDS[language], "".join(pages(language))
    assert squeezed(words["title"]) in pages(language)[0]
    for key in ("refs", "caption", "item", "column"):
        assert squeezed(words[key]) in text
    assert squeezed(words["figure"] + " −1") in text  # the letters within the picture
    assert "Interval[0.1,0.2]." in text  # the footnote


@both
def test_the_notice_is_on_the_title_page_and_at_the_head_of_every_other(language):
    notice = squeezed(WORDS[language]["notice"])
    assert all(notice in page for page in pages(language))
    assert len(pages(language)) > 4


@both
def test_words_that_are_not_ours_are_printed_letter_by_letter(language):
    printed = "".join(pages(language)).replace("|", "")
    # subtitle, paragraph, list entry, row group (once or more), reference
    assert printed.count(squeezed(HARD)) >= 5


@both
def test_a_long_table_repeats_its_header_and_its_group(language):
    header = "ID" + squeezed(WORDS[language]["column"]) + "M"
    holding = [page for page in pages(language) if re.search(r"SAT\d\d", page)]
    assert len(holding) >= 2
    assert all(header in page for page in holding)
    assert sum(page.count("SAT") for page in holding) == 60
    for before, after in pairwise(holding):
        last, first = int(before.split("SAT")[-1][:2]), int(after.split("SAT")[1][:2])
        assert first == last + 1
        group = "G1" if first < 30 else squeezed(HARD)
        assert group in after.split("SAT")[0]


@both
def test_captions_stand_above_tables_and_below_figures(language):
    table, figure = {"en": ("Table1.", "Figure1."), "zh": ("表1", "图1")}[language]
    words = WORDS[language]
    body = "".join(pages(language)[2:])
    caption = body.index(table + squeezed(words["caption"]))
    assert caption < body.index("−0.31")
    assert body.index(squeezed(words["figure"] + " −1")) < body.index(figure + squeezed(words["figure"]))


@both
def test_the_pdf_numbers_blocks_as_the_model_does(language):
    names = {
        "en": {"tbl": "Table", "fig": "Figure", "eq": "Equation"},
        "zh": {"tbl": "表", "fig": "图", "eq": "式"},
    }
    numbers = number_blocks(report(language))
    references = "; ".join(f"{key.replace(':', '=')} @{key}" for key in numbers)
    blocks = (*report(language).blocks, Prose(references))
    last = PdfReader(io.BytesIO(pdf.pdf_bytes(report(language, blocks=blocks)))).pages[-1]
    text = squeezed(last.extract_text())
    for key, number in numbers.items():
        kind = key.partition(":")[0]
        if kind == "sec":
            name = f"Section{number}" if language == "en" else f"第{number}节"
        else:
            name = names[language][kind] + number
        assert f"{key.replace(':', '=')}{name}" in text


@both
def test_the_file_is_tagged_and_archivable(language):
    found = reader(language)
    root = found.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"].startswith(language)
    assert found.metadata.title == WORDS[language]["title"]
    assert found.metadata.author.startswith("A. Author")
    xmp = root["/Metadata"].get_data().decode()
    assert re.search(r"pdfaid:part(>|=\")2", xmp)
    assert re.search(r"pdfuaid:part(>|=\")1", xmp)
    tags = tagged(root["/StructTreeRoot"])
    assert tags["/Table"] == 2
    assert tags["/Figure"] >= 1
    assert tags["/Formula"] >= len(FORMULAS)
    assert tags["/TH"] >= 8 + 3
    assert tags["/TD"] >= 8 * 8 + 60 * 3
    assert tags["/Note"] == 1
    assert len(found.outline) >= 3


def tagged(node):
    """How often each tag occurs in the tree of the structure."""
    counts: dict[str, int] = {}
    waiting, seen = [node], set()
    while waiting:
        item = waiting.pop()
        if isinstance(item, IndirectObject):
            if item.idnum in seen:
                continue
            seen.add(item.idnum)
            item = item.get_object()
        if isinstance(item, list):
            waiting += item
        elif isinstance(item, dict):
            if "/S" in item:
                counts[item["/S"]] = counts.get(item["/S"], 0) + 1
            if "/K" in item:
                waiting.append(item.raw_get("/K"))
    return counts


@both
def test_every_font_is_embedded(language):
    fonts = {}
    for page in reader(language).pages:
        for font in page["/Resources"].get("/Font", {}).values():
            font = font.get_object()
            inner = font["/DescendantFonts"][0] if "/DescendantFonts" in font else font
            fonts[font["/BaseFont"]] = inner["/FontDescriptor"]
    assert any("Noto" in name for name in fonts)
    assert all({"/FontFile", "/FontFile2", "/FontFile3"} & set(descriptor) for descriptor in fonts.values())


def test_a_bare_document_has_neither_contents_nor_banner():
    bare = Document(title="T", language="en", blocks=(Prose("words"),), contents=False)
    found = PdfReader(io.BytesIO(pdf.pdf_bytes(bare)))
    assert len(found.pages) == 2
    assert "Contents" not in found.pages[1].extract_text()


def test_no_author_keyword_or_date_is_needed_and_the_date_is_printed_as_given():
    dated = replace(report("en"), date="Spring 2026", authors=(), keywords=(), lists=False)
    first = PdfReader(io.BytesIO(pdf.pdf_bytes(dated))).pages[0].extract_text()
    assert "Spring 2026" in first
    assert "Keywords" not in first


def test_what_cannot_be_printed_is_refused_before_anything_is_written(tmp_path):
    target = tmp_path / "report.pdf"
    target.write_bytes(b"the report of yesterday")
    for block in (Prose("@tbl:none"), Prose("rune ᚠ")):
        with pytest.raises(DocumentError):
            pdf.write_pdf(Document(title="T", language="en", blocks=(block,)), target)
    with pytest.raises(pdf.PdfError, match="could not be typeset"):  # a formula that is none
        pdf.write_pdf(Document(title="T", language="en", blocks=(Prose("$frac($"),)), target)
    assert target.read_bytes() == b"the report of yesterday"
    assert list(tmp_path.iterdir()) == [target]


def test_the_file_is_written_whole(tmp_path):
    target = tmp_path / "report.pdf"
    assert pdf.write_pdf(report("en"), target) == target
    assert target.read_bytes() == content("en")
    assert list(tmp_path.iterdir()) == [target]
    assert stat.S_IMODE(target.stat().st_mode) & 0o400


def test_system_fonts_are_never_asked(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("TYPST_FONT_PATHS", str(tmp_path))
    assert pdf.pdf_bytes(report("zh")) == content("zh")


def test_a_table_too_wide_for_the_page_stands_on_a_turned_page():
    columns = (Column(id="c", label="C", align="left"), *(Column(id=str(i), label=f"L{i}") for i in range(8)))
    turned = Table(key="w", caption="W", columns=columns, rows=(("a", *["−0.31 [−0.41, −0.20]"] * 8),))
    bare = Document(
        title="T", language="en", blocks=(Prose("before"), turned, Prose("after")), contents=False
    )
    pages_made = PdfReader(io.BytesIO(pdf.pdf_bytes(bare))).pages[1:]
    assert [page.mediabox.width > page.mediabox.height for page in pages_made] == [False, True, False]
    assert "Table 1" in pages_made[1].extract_text()


NOTED = {"en": "Thisstandsrightunderthelastrow.", "zh": "此注紧接最后一行。"}


@cache
def noted_pages(language, rows):
    """Pages of a table with a note that follows pictures still waiting for their place."""
    note = {"en": "This stands right under the last row.", "zh": "此注紧接最后一行。"}[language]
    table = Table(
        key="noted",
        caption=WORDS[language]["caption"],
        columns=(Column(id="i", label="ID", align="left"), Column(id="m", label="M")),
        rows=tuple((f"SAT{i:02}", "3.41") for i in range(rows)),
        notes=(note,),
    )
    figures = tuple(
        Figure(
            key=f"f{i}", caption=WORDS[language]["figure"], svg=picture(language), alt="Bars", notes=("B.",)
        )
        for i in range(2)
    )
    made = pdf.pdf_bytes(Document(title="T", language=language, blocks=(*figures, table), contents=False))
    return tuple(squeezed(page.extract_text()) for page in PdfReader(io.BytesIO(made)).pages)


@both
@pytest.mark.parametrize("rows", range(60, 72))
def test_no_row_and_no_note_stands_alone_on_a_page(language, rows):
    holding = [page for page in noted_pages(language, rows) if "SAT" in page]
    assert len(holding) >= 2
    assert all(page.count("SAT") >= 2 for page in holding)
    assert sum(NOTED[language] in page for page in noted_pages(language, rows)) == 1
    assert NOTED[language] in holding[-1].split("SAT")[-1]


@both
def test_a_table_says_that_it_is_continued_on_every_page_but_its_first(language):
    words = {"en": "Table1(continued)", "zh": "表1（续）"}[language]
    holding = [page for page in noted_pages(language, 70) if "SAT" in page]
    assert [words in page for page in holding] == [False] + [True] * (len(holding) - 1)


def test_a_long_title_stands_on_one_line_at_the_head_of_pages():
    title = " ".join(["A study of the tiered management of individual customers", *["at the banks"] * 8])
    made = pdf.pdf_bytes(report("en", title=title))
    text = PdfReader(io.BytesIO(made)).pages[-1].extract_text()
    head = next(line for line in text.split("\n") if "A study of" in line)
    assert "…" in head
    assert title.startswith("A study of" + head.split("A study of")[1].split("…")[0])
    assert text.count("at the banks") < 8


def test_heading_box_and_first_line_of_a_hypothesis_stay_together():
    for filling in range(28, 44):
        blocks = (
            *(Prose(f"Filling {i}.") for i in range(filling)),
            Heading(text="H1", key="h"),
            Callout(title="Supported", text="The claim.", kind="result"),
            Prose("Evidence begins here."),
        )
        made = pdf.pdf_bytes(Document(title="T", language="en", blocks=blocks, contents=False))
        texts = [page.extract_text() for page in PdfReader(io.BytesIO(made)).pages]
        assert [("The claim." in text) for text in texts] == [("Evidence begins" in text) for text in texts]
