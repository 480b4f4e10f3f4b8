"""The LimeSurvey structure: its rows, its codes, and a draft of it."""

from __future__ import annotations

import csv
import io
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings

from surveys.drafts.reading import draft_of
from surveys.forms.limesurvey import codes, limesurvey_structure
from surveys.forms.losses import not_carried
from surveys.platforms.reading import read_export
from surveys.questionnaire import Item, Option, Questionnaire, Scale, Section
from surveys.questionnaire_files import load_questionnaire
from surveys.study_files import study_folder
from tests.drawn_questionnaires import questionnaires

CHANNELS = Scale(
    id="channels",
    ordered=False,
    interval=False,
    options=(
        Option(code=-1, label={"en": "Branch", "zh": "网点"}),
        Option(code=2, label={"en": "App", "zh": "手机银行"}),
        Option(code=3, label={"en": "Other", "zh": "其他"}),
    ),
)


def small(*items: Item) -> Questionnaire:
    return Questionnaire(
        id="small",
        title={"en": "Small", "zh": "小"},
        languages=("en", "zh"),
        sections=(Section(id="a", title={"en": "A", "zh": "甲"}),),
        scales={"channels": CHANNELS},
        items=items,
    )


def channel_item(kind: str, **facts: object) -> Item:
    return Item(
        id="C_H", kind=kind, scale=CHANNELS, section="a", text={"en": "Which?", "zh": "哪些？"}, **facts
    )  # type: ignore[arg-type]


def rows(questionnaire: Questionnaire) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(limesurvey_structure(questionnaire)), delimiter="\t"))


def test_every_text_stands_once_in_each_language() -> None:
    questionnaire = load_questionnaire(study_folder("bank_tiering") / "customers.yaml")
    found = rows(questionnaire)
    assert {row["text"] for row in found if row["name"] == "additional_languages"} == {"zh-Hans"}
    for row_class in ("G", "Q", "SQ", "A"):
        languages = [row["language"] for row in found if row["class"] == row_class]
        assert languages.count("en") == languages.count("zh-Hans") > 0
    questions = [row for row in found if row["class"] == "Q" and row["language"] == "en"]
    assert len(questions) == 22
    assert {row["type/scale"] for row in questions} == {"L", "F", "M", "T"}


def test_ids_of_questions_and_sub_questions_are_unique_and_answers_name_their_question() -> None:
    questionnaire = load_questionnaire(study_folder("bank_tiering") / "employees.yaml")
    found = [row for row in rows(questionnaire) if row["language"] == "en"]
    numbered = [row["id"] for row in found if row["class"] in ("Q", "SQ")]
    assert len(set(numbered)) == len(numbered)
    assert {row["id"] for row in found if row["class"] == "A"} <= {
        row["id"] for row in found if row["class"] == "Q"
    }


@given(questionnaire=questionnaires(plain=False))
def test_codes_are_letters_and_digits_and_unique(questionnaire: Questionnaire) -> None:
    found = codes(questionnaire)
    assert all(code.isalnum() and code.isascii() and code[0].isalpha() for code in found.values())
    assert len({code.casefold() for code in found.values()}) == len(found)


@settings(max_examples=30)
@given(questionnaire=questionnaires(plain=True, routed=True, any_codes=True))
def test_a_draft_of_the_structure_says_the_same(questionnaire: Questionnaire) -> None:
    """All but ids with underscores, names of sections, and which codes mean no answer."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "structure.txt"
        path.write_text(limesurvey_structure(questionnaire), encoding="utf-8")
        drafted = draft_of(path).questionnaire
    renamed = codes(questionnaire)
    assert drafted.languages == questionnaire.languages
    assert drafted.title == questionnaire.title
    assert [section.title for section in drafted.sections] == [
        section.title for section in questionnaire.sections
    ]
    assert len(drafted.items) == len(questionnaire.items)
    for found, item in zip(drafted.items, questionnaire.items, strict=True):
        assert found.text == item.text
        assert (found.kind, found.low, found.high, found.open_option) == (
            item.kind,
            item.low,
            item.high,
            None,
        )
        assert found.id == renamed[item.id]
        assert found.matrix == (item.matrix and renamed[item.matrix])
        if item.matrix is None:
            assert found.required == item.required
        if item.show_if is not None:
            name, _, code = item.show_if.partition(" = ")
            assert found.show_if == f"{renamed[name]} = {code}"
        if item.scale is not None and found.scale is not None:
            options = (*found.scale.options, *found.scale.missing_codes)
            offered = (*item.scale.options, *(item.scale.missing_codes if item.kind == "single" else ()))
            assert {(o.code, o.label["en"], o.label["zh"]) for o in options} == {
                (o.code, o.label["en"], o.label["zh"]) for o in offered
            }


@pytest.mark.parametrize(
    ("kind", "show_if", "relevance", "back"),
    [
        ("single", "C_H = 2", '((CH.NAOK == "2"))', "CH = 2"),
        ("single", "C_H = 3", '((CH.NAOK == "-oth-"))', "CH = 3"),
        ("multiple", "C_H_2 = 1", '((CH_2.NAOK == "Y"))', "CH_2 = 1"),
        ("multiple", "C_H_2 = 0", '((CH_2.NAOK != "Y"))', "CH_2 = 0"),
        ("multiple", "C_H_3 = 1", '((CH_other.NAOK != ""))', "CH_3 = 1"),
        ("ranking", "C_H_2 = 1", '((CH_1.NAOK == "2"))', "CH_2 = 1"),
    ],
)
def test_routing_is_relevance_and_comes_back(kind: str, show_if: str, relevance: str, back: str) -> None:
    why = Item(id="WHY", kind="text", section="a", text={"en": "Why?", "zh": "为何？"}, show_if=show_if)
    asked = small(channel_item(kind, open_option=None if kind == "ranking" else 3), why)
    assert next(row["relevance"] for row in rows(asked) if row["name"] == "WHY") == relevance
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "structure.txt"
        path.write_text(limesurvey_structure(asked), encoding="utf-8")
        drafted = draft_of(path).questionnaire
    assert drafted.item("WHY").show_if == back
    if kind != "ranking":
        assert drafted.item("CH").open_option == 3
        scale = drafted.item("CH").scale
        assert scale is not None
        assert scale.codes == (-1, 2, 3)
        assert scale.label(3, "zh") == "其他"


def test_the_reader_of_structures_finds_the_same_questions() -> None:
    questionnaire = load_questionnaire(study_folder("bank_tiering") / "corporate.yaml")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "structure.txt"
        path.write_text(limesurvey_structure(questionnaire), encoding="utf-8")
        export = read_export(path)
    assert export.platform == "limesurvey"
    assert export.definition
    assert sum(max(1, len(question.rows)) for question in export.questions) == 29


def test_what_limesurvey_cannot_say_is_told() -> None:
    asked = small(
        channel_item("multiple"),
        Item(id="AUM", kind="number", section="a", source="records", text={"en": "A", "zh": "资"}),
    )
    told = not_carried(asked, "limesurvey")
    assert told == (
        "not asked, because account records hold it: AUM",
        "codes without underscores, as LimeSurvey demands: C_H is CH",
    )
    routed = replace(asked, items=(replace(asked.items[0], show_if="AUM = 1"), asked.items[1]))
    assert "asked of everybody, because routing depends on account records: C_H" in not_carried(
        routed, "docx"
    )
