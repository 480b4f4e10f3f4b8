"""The text that 问卷星 imports, line by line, and what a draft of it still knows."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings

from surveys.drafts.reading import draft_of
from surveys.drafts.wjx_text import form_of_text
from surveys.forms.losses import not_carried
from surveys.forms.wjx_text import wjx_text
from surveys.questionnaire import Item, Questionnaire
from surveys.questionnaire_files import load_questionnaire
from surveys.study_files import study_folder
from tests.drawn_questionnaires import questionnaires


def corporate() -> Questionnaire:
    return load_questionnaire(study_folder("bank_tiering") / "corporate.yaml")


def block(text: str, start: str) -> list[str]:
    """The lines of one question."""
    lines = text.splitlines()
    first = next(at for at, line in enumerate(lines) if line.startswith(start))
    return lines[first : lines.index("", first)]


def test_questions_stand_as_wenjuanxing_wants_them() -> None:
    text = wjx_text(corporate())
    assert text.splitlines()[:3] == ["银行公司客户调查问卷", "", "填写说明[段落说明]"]
    assert block(text, "1. ")[0].endswith("您是否同意参加？*[单选题]")
    assert block(text, "1. ")[1:] == ["我同意", "我不同意"]
    assert block(text, "5. ")[0] == "5. 贵公司在本行使用的产品[多选题]"
    matrix = block(text, "7. ")
    assert matrix[0].endswith("同意以下说法？[矩阵量表题]")
    assert matrix[1] == "非常不同意 不同意 一般 同意 非常同意 说不清"
    assert len(matrix) == 2 + 10


def test_a_matrix_whose_options_hold_spaces_is_asked_row_by_row() -> None:
    text = wjx_text(corporate(), language="en")
    row = block(text, "7. ")
    assert "—" in row[0]
    assert row[0].endswith("[量表题]")
    assert row[1:] == [
        "Strongly disagree",
        "Disagree",
        "Neither agree nor disagree",
        "Agree",
        "Strongly agree",
        "Cannot say",
    ]


@settings(max_examples=30)
@given(questionnaire=questionnaires(any_codes=True, records=True))
def test_a_draft_knows_texts_options_kinds_and_what_is_required(questionnaire: Questionnaire) -> None:
    asked = [item for item in questionnaire.items if item.source == "respondent"]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "form.txt"
        path.write_text(wjx_text(questionnaire), encoding="utf-8")
        if not asked:
            return
        drafted = draft_of(path).questionnaire
    assert [item.text["zh"] for item in drafted.items] == [item.text["zh"] for item in asked]
    for found, item in zip(drafted.items, asked, strict=True):
        # a number is a text there
        assert found.kind == ("text" if item.kind == "number" else item.kind)
        assert (found.matrix is None) == (item.matrix is None)
        assert found.required == item.required
        if item.scale is not None and found.scale is not None:
            wanted = [option.label["zh"] for option in item.scale.options]
            assert [option.label["zh"] for option in found.scale.options] == wanted
            single = item.kind == "single"
            # refusals are known by their wording, and count as missing
            assert len(found.scale.missing_codes) == single * len(item.scale.missing_codes)


def test_cannot_say_is_not_the_strongest_agreement() -> None:
    """Numbered along with the scale, "说不清" would be worth more than "非常同意"."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "form.txt"
        path.write_text(wjx_text(corporate()), encoding="utf-8")
        draft = draft_of(path)
    scale = next(item.scale for item in draft.questionnaire.items if item.matrix)
    assert scale is not None
    assert [option.label["zh"] for option in scale.missing_codes] == ["说不清"]
    assert scale.high == 5
    assert any("说不清" in told for told in draft.remarks[scale.id])


def test_sections_come_back() -> None:
    form = form_of_text(wjx_text(corporate()).encode(), file="form.txt")
    assert [texts[""] for _, texts in form.sections] == [
        "填写说明",
        "贵公司的基本情况",
        "客户分层与服务",
        "总体评价",
    ]


def test_a_language_that_is_not_there_is_told() -> None:
    with pytest.raises(ValueError, match="`fr`; questionnaire corporate is written in en, zh"):
        wjx_text(corporate(), language="fr")


def test_what_is_to_be_set_on_the_platform_is_told() -> None:
    asked = corporate()
    asked = replace(
        asked,
        items=tuple(replace(item, show_if="TIER = 1") if item.id == "NPS" else item for item in asked.items),
    )
    told = not_carried(asked, "wjx-text")
    assert "routing to be set on 问卷星: NPS (TIER = 1)" in told
    assert any(note.startswith("not asked, because account records hold it: VALUE_SCORE") for note in told)
    assert any("download the answers by text, not by number" in note and "NPS" in note for note in told)


def test_the_real_import_text_is_drafted(shared_data: Path) -> None:
    draft = draft_of(shared_data / "questionnaires" / "wjx_credit_card_instalment_satisfaction.txt")
    items: tuple[Item, ...] = draft.questionnaire.items
    assert draft.questionnaire.title == {"zh": "银行信用卡分期业务客户满意度调查"}
    assert len(items) == 19
    assert [item.kind for item in items[4:7]] == ["single", "multiple", "single"]
    assert items[0].required
    assert items[5].required
    assert items[5].text["zh"].endswith("【请选择1-3项】")
    # eleven questions share the scale from 1 to 5
    assert (
        sum(
            item.scale is not None and item.scale.codes == (1, 2, 3, 4, 5) and item.scale.interval
            for item in items
        )
        == 11
    )
    assert items[18].kind == "text"
