"""A questionnaire written as YAML loads as the same questionnaire."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.questionnaire import Questionnaire
from surveys.questionnaire_files import load_questionnaire
from surveys.questionnaire_writing import questionnaire_yaml, quoted
from surveys.study_files import study_folder
from surveys.yaml_lines import read_yaml
from tests.drawn_questionnaires import questionnaires


def written_and_loaded(text: str) -> Questionnaire:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "q.yaml"
        path.write_text(text, encoding="utf-8")
        return load_questionnaire(path)


@pytest.mark.parametrize("name", ["customers", "employees", "corporate"])
def test_the_built_in_questionnaires_come_back(name: str) -> None:
    questionnaire = load_questionnaire(study_folder("bank_tiering") / f"{name}.yaml")
    assert written_and_loaded(questionnaire_yaml(questionnaire)) == questionnaire


@given(questionnaire=questionnaires(plain=False, routed=True, any_codes=True, records=True))
def test_any_questionnaire_comes_back(questionnaire: Questionnaire) -> None:
    assert written_and_loaded(questionnaire_yaml(questionnaire)) == questionnaire


@given(text=st.text(st.characters(codec="utf-8"), min_size=1))
def test_any_text_comes_back_from_between_quotes(text: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t.yaml"
        path.write_bytes(f"text: {quoted(text)}\n".encode())
        assert read_yaml(path).value == {"text": text}


@given(lines=st.lists(st.text(st.characters(codec="utf-8")), max_size=3))
def test_remarks_change_nothing(lines: list[str]) -> None:
    """A remark may quote a hostile file; it stays a comment."""
    questionnaire = load_questionnaire(study_folder("bank_tiering") / "corporate.yaml")
    small = replace(questionnaire, constructs=(), references={})
    remarks = {"": lines, "SAT1": lines, "tier": lines, "profile": lines}
    assert written_and_loaded(questionnaire_yaml(small, remarks=remarks)) == small


def test_numeric_scales_are_written_short() -> None:
    questionnaire = load_questionnaire(study_folder("bank_tiering") / "customers.yaml")
    text = questionnaire_yaml(questionnaire)
    assert "numeric: [0, 10]" in text
    assert 'ends: {low: {en: "Not at all likely"' in text


def test_words_that_yaml_takes_for_something_else_are_quoted() -> None:
    questionnaire = load_questionnaire(study_folder("bank_tiering") / "corporate.yaml")
    odd = replace(questionnaire, respondent_id=("no", "on", "序号", "1.5"), ignored_columns=("null", "a: b"))
    assert written_and_loaded(questionnaire_yaml(odd)) == odd


def test_a_matrix_of_unlike_rows_is_refused_in_words() -> None:
    questionnaire = load_questionnaire(study_folder("bank_tiering") / "corporate.yaml")
    items = tuple(
        replace(item, show_if="TIER = 1") if item.id == "EFF2" else item for item in questionnaire.items
    )
    with pytest.raises(ValueError, match="EFF2 differs from EFF1 in kind, scale, source or routing"):
        questionnaire_yaml(replace(questionnaire, items=items))
