"""The printable form, opened again: numbering, boxes, tables, routing and Chinese faces."""

from __future__ import annotations

import io
import re
from dataclasses import replace

import docx
import pytest
from docx.oxml.ns import qn

from reports.forms.word import BOX, CIRCLE, word_form
from surveys.questionnaire import Item, Option, Questionnaire, Scale, Section
from surveys.questionnaire_files import load_questionnaire
from surveys.study_files import study_folder


def built_in(name: str) -> Questionnaire:
    return load_questionnaire(study_folder("bank_tiering") / f"{name}.yaml")


def texts(content: bytes) -> list[str]:
    return [paragraph.text for paragraph in docx.Document(io.BytesIO(content)).paragraphs]


CHANNELS = Scale(
    id="channels",
    ordered=False,
    interval=False,
    options=(
        Option(code=1, label={"en": "Branch", "zh": "网点"}),
        Option(code=2, label={"en": "Other", "zh": "其他"}),
    ),
    missing_codes=(Option(code=9, label={"en": "Cannot say", "zh": "说不清"}),),
)


def small(*items: Item) -> Questionnaire:
    return Questionnaire(
        id="small",
        title={"en": "Small", "zh": "小问卷"},
        languages=("en", "zh"),
        sections=(Section(id="a", title={"en": "A", "zh": "甲"}),),
        scales={},
        items=items,
    )


def item(id_: str, kind: str, **facts: object) -> Item:
    scale = CHANNELS if kind in ("single", "multiple", "ranking") else None
    return Item(
        id=id_, kind=kind, scale=scale, section="a", text={"en": f"{id_}?", "zh": f"{id_}？"}, **facts
    )  # type: ignore[arg-type]


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("name", ["customers", "employees", "corporate"])
def test_everything_that_is_asked_stands_in_the_form(name: str, language: str) -> None:
    questionnaire = built_in(name)
    document = docx.Document(io.BytesIO(word_form(questionnaire, language=language)))
    whole = "\n".join(
        [*(paragraph.text for paragraph in document.paragraphs)]
        + [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    )
    for asked in questionnaire.items:
        assert (asked.text[language] in whole) == (asked.source == "respondent")
    headings = [paragraph.text for paragraph in document.paragraphs if paragraph.style.name == "Heading 1"]
    assert headings == [section.title[language] for section in questionnaire.sections][: len(headings)]
    numbers = [re.match(r"(\d+)\. ", text) for text in texts(word_form(questionnaire, language=language))]
    assert [int(found[1]) for found in numbers if found] == list(range(1, sum(map(bool, numbers)) + 1))


def test_a_matrix_is_a_table_with_a_circle_in_every_cell_and_a_heading_that_repeats() -> None:
    questionnaire = built_in("corporate")
    table = docx.Document(io.BytesIO(word_form(questionnaire, language="zh"))).tables[0]
    assert [cell.text for cell in table.rows[0].cells] == [
        "",
        "非常不同意",
        "不同意",
        "一般",
        "同意",
        "非常同意",
        "说不清",
    ]
    assert table.rows[1].cells[0].text.startswith("7.1 ")
    assert {cell.text for row in table.rows[1:] for cell in row.cells[1:]} == {CIRCLE}
    assert table.rows[0]._tr.trPr.find(qn("w:tblHeader")) is not None
    assert all(row._tr.trPr.find(qn("w:cantSplit")) is not None for row in table.rows)


def test_one_answer_is_a_circle_several_are_boxes_and_ranks_are_lines() -> None:
    lines = texts(
        word_form(
            small(item("ONE", "single", open_option=2), item("MANY", "multiple"), item("RANK", "ranking"))
        )
    )
    one, many, rank = (
        next(at for at, text in enumerate(lines) if f"{name}?" in text) for name in ("ONE", "MANY", "RANK")
    )
    assert lines[one + 1 : one + 4] == [
        f"{CIRCLE} Branch",
        f"{CIRCLE} Other " + "_" * 24,
        f"{CIRCLE} Cannot say",
    ]
    assert lines[many + 1 : many + 3] == [f"{BOX} Branch", f"{BOX} Other"]
    assert lines[rank + 1] == "____ Branch"
    assert "all that apply" in lines[many]


@pytest.mark.parametrize(
    ("kind", "show_if", "told"),
    [
        ("single", "CH = 2", "Only if you answered “Other” to question 1."),
        ("multiple", "CH_2 = 1", "Only if you answered “Other” to question 1."),
        ("multiple", "CH_2 = 0", "Only if you did not tick “Other” in question 1."),
        ("ranking", "CH_2 = 1", "Only if you ranked “Other” as number 1 in question 1."),
        ("number", "CH = 3", "Only if you wrote 3 in question 1."),
    ],
)
def test_routing_is_written_out(kind: str, show_if: str, told: str) -> None:
    lines = texts(word_form(small(item("CH", kind), item("WHY", "text", show_if=show_if))))
    assert lines[next(at for at, text in enumerate(lines) if "WHY?" in text) - 1] == told


def test_routing_by_account_records_is_left_out() -> None:
    asked = small(item("AUM", "number", source="records"), item("WHY", "text", show_if="AUM = 1"))
    assert not any("Only if" in text for text in texts(word_form(asked)))


def test_chinese_has_faces_of_its_own_in_every_style_in_use() -> None:
    document = docx.Document(io.BytesIO(word_form(built_in("corporate"), language="zh")))
    faces = {}
    for name in {paragraph.style.name for paragraph in document.paragraphs}:
        fonts = document.styles[name].element.rPr.rFonts
        faces[name] = fonts.get(qn("w:eastAsia"))
        assert fonts.get(qn("w:eastAsiaTheme")) is None
    assert set(faces.values()) == {"宋体", "黑体"}
    assert faces["Heading 1"] == faces["Title"] == "黑体"


def test_required_questions_are_marked_and_explained() -> None:
    assert any(
        "Questions with * need an answer." in text
        for text in texts(word_form(small(item("A", "text", required=True))))
    )
    lines = texts(word_form(small(item("A", "text"))))
    assert not any("*" in text for text in lines)


def test_the_same_questionnaire_gives_the_same_bytes_and_a_language_must_be_known() -> None:
    assert word_form(small(item("A", "text"))) == word_form(small(item("A", "text")))
    with pytest.raises(ValueError, match="`fr`; questionnaire small is written in en, zh"):
        word_form(small(item("A", "text")), language="fr")


def test_long_scales_stand_on_one_line() -> None:
    points = tuple(Option(code=code, label={"en": str(code), "zh": str(code)}) for code in range(21))
    wide = replace(item("N", "single"), scale=Scale(id="wide", options=points))
    lines = texts(word_form(small(wide)))
    assert sum(text.count(CIRCLE) for text in lines) == 21
    assert sum(CIRCLE in text for text in lines) == 1
