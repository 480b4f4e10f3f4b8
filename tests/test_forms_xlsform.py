"""A questionnaire as an XLSForm: pyxform converts it, and a draft of it is the same questionnaire."""

from __future__ import annotations

import io
import tempfile
from dataclasses import replace
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given, settings
from pyxform.xls2xform import convert

from surveys.drafts.reading import draft_of
from surveys.forms.xlsform import xlsform
from surveys.questionnaire import Item, Option, Questionnaire, Scale, Section
from surveys.questionnaire_files import load_questionnaire
from surveys.study_files import study_folder
from tests.drawn_questionnaires import questionnaires


def sheet(content: bytes, name: str) -> list[dict[str, object]]:
    rows = list(openpyxl.load_workbook(io.BytesIO(content))[name].values)
    return [dict(zip(map(str, rows[0]), row, strict=True)) for row in rows[1:]]


def survey_row(content: bytes, name: str) -> dict[str, object]:
    return next(row for row in sheet(content, "survey") if row["name"] == name)


def converted(content: bytes) -> tuple[str, list[str]]:
    result = convert(xlsform=io.BytesIO(content), file_type=".xlsx", validate=False, warnings=[])
    return result.xform, result.warnings


def small(*items: Item, **parts: object) -> Questionnaire:
    return Questionnaire(
        id="small",
        title={"en": "Small", "zh": "小"},
        languages=("en", "zh"),
        sections=(Section(id="a", title={"en": "A", "zh": "甲"}),),
        scales={item.scale.id: item.scale for item in items if item.scale},
        items=items,
        **parts,  # type: ignore[arg-type]
    )


CHANNELS = Scale(
    id="channels",
    ordered=False,
    interval=False,
    options=(
        Option(code=1, label={"en": "Branch", "zh": "网点"}),
        Option(code=2, label={"en": "=App", "zh": "手机银行"}),
        Option(code=3, label={"en": "Other", "zh": "其他"}),
    ),
)


def channel_item(kind: str = "multiple", **facts: object) -> Item:
    text = {"en": "Which channels?", "zh": "哪些渠道？"}
    return Item(id="CH", kind=kind, scale=CHANNELS, section="a", text=text, **facts)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["customers", "employees", "corporate"])
def test_pyxform_converts_the_built_in_questionnaires_without_a_word(name: str) -> None:
    questionnaire = load_questionnaire(study_folder("bank_tiering") / f"{name}.yaml")
    form, warnings = converted(xlsform(questionnaire))
    assert warnings == []
    for item in questionnaire.items:
        asked = item.source == "respondent"
        assert (f"/{item.id}:label" in form) == asked
        for text in item.text.values():
            # pyxform straightens quotation marks
            written = text.replace("“", '"').replace("”", '"').replace("&", "&amp;")
            assert written in form or not asked


@settings(max_examples=15)
@given(questionnaire=questionnaires(plain=False, routed=True, any_codes=True, records=True))
def test_pyxform_converts_any_questionnaire(questionnaire: Questionnaire) -> None:
    asked = [item for item in questionnaire.items if item.source == "respondent"]
    if not asked:
        return
    form, warnings = converted(xlsform(questionnaire))
    assert warnings == []
    assert all(f"/{item.id}:label" in form for item in asked)


@settings(max_examples=25)
@given(questionnaire=questionnaires(plain=False, routed=True, any_codes=True))
def test_a_draft_of_the_form_is_the_same_questionnaire(questionnaire: Questionnaire) -> None:
    """All but what the form has no place for: constructs, order and steps of scales."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "form.xlsx"
        path.write_bytes(xlsform(questionnaire))
        drafted = draft_of(path).questionnaire
    assert drafted.languages == questionnaire.languages
    assert drafted.title["en"] == questionnaire.title["en"]  # a form has its title once
    assert drafted.sections == questionnaire.sections
    assert drafted.matrices == questionnaire.matrices

    def carried(item: Item) -> Item:
        scale = item.scale and replace(
            item.scale,
            id="",
            ordered=False,
            interval=False,
            options=tuple(replace(option, aliases=()) for option in item.scale.options),
            missing_codes=item.scale.missing_codes if item.kind == "single" else (),
        )
        return replace(item, scale=scale)

    assert [carried(item) for item in drafted.items] == [carried(item) for item in questionnaire.items]


def test_an_open_option_is_typed_in_a_question_of_its_own_and_comes_back() -> None:
    content = xlsform(small(channel_item(open_option=3)))
    typed = survey_row(content, "CH_other")
    assert typed["type"] == "text"
    assert typed["relevant"] == "selected(${CH}, '3')"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "form.xlsx"
        path.write_bytes(content)
        (item,) = draft_of(path).questionnaire.items
    assert item.open_option == 3


@pytest.mark.parametrize(
    ("kind", "show_if", "relevant"),
    [
        ("single", "CH = 2", "${CH} = '2'"),
        ("multiple", "CH_2 = 1", "selected(${CH}, '2')"),
        ("multiple", "CH_2 = 0", "${CH} != '' and not(selected(${CH}, '2'))"),
        ("ranking", "CH_2 = 1", "selected-at(${CH}, 0) = '2'"),
    ],
)
def test_routing_is_relevant_and_comes_back(kind: str, show_if: str, relevant: str) -> None:
    why = Item(id="WHY", kind="text", section="a", text={"en": "Why?", "zh": "为什么？"}, show_if=show_if)
    content = xlsform(small(channel_item(kind), why))
    assert survey_row(content, "WHY")["relevant"] == relevant
    converted(content)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "form.xlsx"
        path.write_bytes(content)
        assert draft_of(path).questionnaire.item("WHY").show_if == show_if


@pytest.mark.parametrize(
    ("low", "high", "type_", "constraint", "message"),
    [
        (18, 99, "integer", ". >= 18 and . <= 99", "18 – 99"),
        (0.5, 1, "decimal", ". >= 0.5 and . <= 1", "0.5 – 1"),
        (0, None, "decimal", ". >= 0", "≥ 0"),
        (None, 7, "decimal", ". <= 7", "≤ 7"),
        (None, None, "decimal", None, None),
    ],
)
def test_bounds_are_constraints(
    low: float | None, high: float | None, type_: str, constraint: str | None, message: str | None
) -> None:
    item = Item(id="N", kind="number", section="a", text={"en": "N", "zh": "数"}, low=low, high=high)
    row = survey_row(xlsform(small(item)), "N")
    assert (row["type"], row["constraint"]) == (type_, constraint)
    assert row["constraint_message::English (en)"] == row["constraint_message::中文 (zh)"] == message


def test_codes_for_no_answer_are_offered_where_one_answer_is_asked_for_alone() -> None:
    scale = replace(CHANNELS, missing_codes=(Option(code=9, label={"en": "Cannot say", "zh": "说不清"}),))
    items = [replace(channel_item(kind), id=f"I{kind}", scale=scale) for kind in ("single", "multiple")]
    content = xlsform(small(*items))
    assert survey_row(content, "Isingle")["type"] == "select_one channels"
    assert survey_row(content, "Imultiple")["type"] == "select_multiple channels__options"
    names = [(row["list_name"], row["name"], row["missing"]) for row in sheet(content, "choices")]
    assert ("channels", "9", "yes") in names
    assert ("channels__options", "9", "yes") not in names


def test_no_cell_is_a_formula() -> None:
    workbook = openpyxl.load_workbook(io.BytesIO(xlsform(small(channel_item()))))
    cells = [cell for page in workbook for row in page.iter_rows() for cell in row if cell.value is not None]
    assert {cell.data_type for cell in cells} == {"s"}
    assert "=App" in {cell.value for cell in cells}


def test_a_section_of_the_name_of_an_item_becomes_another_group() -> None:
    questionnaire = small(channel_item())
    questionnaire = replace(
        questionnaire,
        sections=(Section(id="ch", title={"en": "A", "zh": "甲"}),),
        items=(replace(channel_item(), section="ch"),),
    )
    content = xlsform(questionnaire)
    assert [row["name"] for row in sheet(content, "survey")] == ["ch_2", "CH", None]
    assert converted(content)[1] == []


def test_the_same_questionnaire_gives_the_same_bytes() -> None:
    assert xlsform(small(channel_item())) == xlsform(small(channel_item()))
