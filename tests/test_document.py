"""The document model: marks, numbering, faults, JSON and the widths of tables."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.document import (
    TEXT_WIDTH,
    TEXT_WIDTH_ACROSS,
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
    check,
    layout,
    number_blocks,
    plain,
    to_json,
)
from reports.equations import FORMULAS
from reports.markup import Emph, MarkupError, Math, Note, Ref, Strong, Text, letters, parse

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10"><text y="9">%s</text></svg>'


def picture(key="bars", alt="Bars rise", text="n"):
    return Figure(key=key, caption="Bars", svg=SVG.replace(b"%s", text.encode()), alt=alt)


def table(key="alpha", rows=(("SAT1", "0.81"),), **more):
    columns = (Column(id="item", label="Item", align="left"), Column(id="alpha", label="*α*"))
    return Table(key=key, caption="Reliability", columns=columns, rows=rows, **more)


def document(*blocks, **more):
    return Document(**({"title": "Report", "language": "en", "blocks": blocks} | more))


def problems(*blocks, **more):
    with pytest.raises(DocumentError) as error:
        check(document(*blocks, **more))
    assert str(error.value) == "\n".join(error.value.problems)
    return error.value.problems


# -- marks


def test_marks_become_parts():
    assert parse("a **b *c*** d") == (Text("a "), Strong((Text("b "), Emph((Text("c"),)))), Text(" d"))
    assert parse("*p* $r < 0.1$") == (Emph((Text("p"),)), Text(" "), Math("r < 0.1"))
    assert parse("见@tbl:a.b。") == (Text("见"), Ref("tbl:a.b"), Text("。"))
    assert parse("see @fig:x.") == (Text("see "), Ref("fig:x"), Text("."))
    assert parse("x^[CI [0.1, 0.2] and *n*]y") == (
        Text("x"),
        Note((Text("CI [0.1, 0.2] and "), Emph((Text("n"),)))),
        Text("y"),
    )
    assert parse("mail a@b.org, [1], x^2") == (Text("mail a@b.org, [1], x^2"),)


@pytest.mark.parametrize("markup", ["5* hotel", "**a*", "$5", "a^[note", "*a^[b*"])
def test_a_mark_that_does_not_close_is_a_fault_that_names_the_way_out(markup):
    with pytest.raises(MarkupError, match="plain\\(\\)"):
        parse(markup)


@given(st.text(alphabet="\\*@$^[]#_<>tbl:figa 客"))
def test_plain_text_is_read_back_letter_by_letter(text):
    assert letters(parse(plain(text))) == text
    assert all(isinstance(part, Text) for part in parse(plain(text)))
    assert letters(parse(f"*a{plain(text)}*^[{plain(text)}]")) == "a" + text


# -- numbering


def test_blocks_are_numbered_as_they_come():
    report = document(
        Heading(text="A", key="a"),
        Heading(text="A.1", level=2, key="a1"),
        Heading(text="A.1.1", level=3, key="a11"),
        table("one"),
        Heading(text="Preface", numbered=False, key="p"),
        Heading(text="B", key="b"),
        picture("one"),
        Heading(text="B.1", level=2, key="b1"),
        table("two"),
        Equation(formula="cronbach_alpha", key="alpha"),
    )
    assert number_blocks(report) == {
        "sec:a": "1",
        "sec:a1": "1.1",
        "sec:a11": "1.1.1",
        "tbl:one": "1",
        "sec:b": "2",
        "fig:one": "1",
        "sec:b1": "2.1",
        "tbl:two": "2",
        "eq:alpha": "1",
    }


# -- faults


def test_a_document_in_order_passes():
    check(
        document(
            Heading(text="Sample", key="sample"),
            Prose("See @tbl:alpha, @fig:bars, @sec:sample and @eq:a^[A note.]."),
            table(
                groups=(Group(label="满意度 *", start=0),),
                spanners=(Spanner(label="S", first="alpha", last="alpha"),),
            ),
            picture(),
            Equation(formula="cronbach_alpha", key="a"),
            Bullets(items=("one", "two")),
            Callout(text="x"),
            PageBreak(),
            References(("Cronbach * (1951)",)),
        )
    )


def test_all_faults_are_named_at_once():
    found = problems(
        Heading(text="Skips", level=2),
        Prose("See @tbl:nothing and @fig:none."),
        Prose("an *open mark"),
        table("twice"),
        table("twice"),
        picture(alt=" "),
        Equation(formula="e_mc2", key="e"),
    )
    assert found == (
        "tbl:twice: this key is given twice",
        'heading "Skips": level 2 follows level 0: one is skipped',
        "figure bars: it has no alternative text",
        "equation e: there is no formula 'e_mc2'",
        'paragraph "See @tbl:nothing and @fig:none.": there is no tbl:nothing to refer to',
        'paragraph "See @tbl:nothing and @fig:none.": there is no fig:none to refer to',
        found[6],
    )
    assert found[6].startswith('paragraph "an *open mark": ')


def test_a_section_without_a_number_cannot_be_referred_to():
    assert problems(Heading(text="P", key="p", numbered=False), Prose("@sec:p")) == (
        'paragraph "@sec:p": there is no sec:p to refer to',
    )


@pytest.mark.parametrize(
    ("block", "words"),
    [
        (table(rows=(("a",),)), "row 0: 1 cells for 2 columns"),
        (table(groups=(Group(label="g", start=1),)), "its groups start at rows [1]"),
        (table(spanners=(Spanner(label="S", first="x", last="alpha"),)), "a column that is not there"),
        (table(spanners=(Spanner(label="S", first="alpha", last="item"),)), "out of order"),
        (table(key="a b"), "a key is made of"),
        (table(notes=("n^[x]",)), "a footnote cannot stand here"),
        (Heading(text="n^[x]"), "a footnote cannot stand here"),
        (Heading(text="x", level=4), "its level is 4"),
        (Figure(key="f", caption="c", svg=b"<html/>", alt="a"), "its picture is not SVG but html"),
        (Figure(key="f", caption="c", svg=b"PNG", alt="a"), "its picture is not SVG"),
        (Figure(key="f", caption="c", svg=SVG, alt="a", width=1.2), "its width is 1.2"),
        (Figure(key="f", caption=" ", svg=SVG, alt="a"), "it has no caption"),
    ],
)
def test_faults_of_blocks(block, words):
    assert any(words in problem for problem in problems(block))


def test_faults_of_the_frame():
    assert problems(language="fr") == ("a document is in one of en, zh, not in 'fr'",)
    assert problems(title=" ") == ("the document has no title",)


@pytest.mark.parametrize(
    "block",
    [
        Prose("rune ᚠ"),
        table(rows=(("rune ᚠ", "1"),)),
        picture(text="rune ᚠ"),
        References(("rune ᚠ",)),
        Bullets(items=("rune ᚠ",)),
    ],
)
def test_a_character_that_no_font_has_is_named_with_its_place(block):
    (problem,) = problems(block)
    assert "'ᚠ' (U+16A0)" in problem


# -- JSON


def test_json_is_the_same_every_time_and_keeps_texts_letter_by_letter():
    hard = r'*_#$@<>[]\ "quoted" 客户'
    report = document(Prose(plain(hard)), table(rows=((hard, Cell(hard, bold=True)),)), picture())
    assert to_json(report) == to_json(document(*report.blocks))
    read = json.loads(to_json(report))
    prose, made, figure = read["blocks"]
    assert prose["body"] == [hard]
    assert made["rows"] == [[hard, {"text": hard, "bold": True, "italic": False, "indent": 0}]]
    assert made["columns"][1]["label"] == [{"emph": ["α"]}]
    assert figure["image"].endswith(".svg")
    assert read["words"]["table"] == "Table"


def test_every_formula_is_read_out_in_both_languages():
    assert all(set(formula.alt) == {"en", "zh"} for formula in FORMULAS.values())


# -- widths


def wide(k, label="Perceived effectiveness of tiering at the branch", cell="−0.31 [−0.41, −0.20]", **more):
    columns = (
        Column(id="c", label="Construct", align="left"),
        *(Column(id=str(i), label=f"C{i}") for i in range(k)),
    )
    return Table(key="w", caption="w", columns=columns, rows=((label, *[cell] * k),), **more)


@pytest.mark.parametrize("k", [1, 3, 5, 7, 9, 12, 20])
@pytest.mark.parametrize(
    "label", ["a", "Perceived effectiveness of tiering at the branch", "分层管理有效性感知" * 6]
)
def test_tables_stay_between_the_margins(k, label):
    placed = layout(wide(k, label))
    assert len(placed.widths) == k + 1
    assert placed.width <= (TEXT_WIDTH_ACROSS if placed.across else TEXT_WIDTH) + 0.1 * len(placed.widths)
    assert 7 <= placed.size <= 9
    assert placed.fits == (k < 12)


def test_small_tables_do_not_stretch_over_the_page_and_full_ones_do():
    assert layout(table()).width < 0.4 * TEXT_WIDTH
    assert layout(wide(4)).width == pytest.approx(TEXT_WIDTH, abs=1)


def test_letters_shrink_only_when_there_is_no_room():
    assert layout(wide(2)).size == 9
    assert layout(wide(5)).size < 9


def test_a_table_too_wide_for_the_page_is_turned_and_one_too_wide_for_that_is_refused():
    assert not layout(wide(4)).across
    assert layout(wide(8)).across
    (problem,) = problems(wide(20))
    assert problem.startswith("table w: its 21 columns do not fit on a page")


def test_columns_of_a_matrix_are_equally_wide():
    rows = (("a", "1.00", "–"), ("b", "−.310***", ""))
    columns = (Column(id="c", label="", align="left"), Column(id="1", label="1"), Column(id="2", label="2"))
    uneven = Table(key="m", caption="m", columns=columns, rows=rows)
    even = Table(key="m", caption="m", columns=columns, rows=rows, even=True)
    assert len(set(layout(uneven).widths[1:])) == 2
    assert len(set(layout(even).widths[1:])) == 1


def test_a_width_that_is_given_is_kept_in_proportion():
    columns = (Column(id="a", label="a", align="left", width=20), Column(id="b", label="b", width=10))
    widths = layout(Table(key="g", caption="g", columns=columns, rows=(("x", "1"),))).widths
    assert widths[0] == pytest.approx(2 * widths[1], rel=0.01)
