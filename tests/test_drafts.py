"""Drafts: what is kept, what is guessed and said so, and that whatever is read loads."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pandas as pd
import pyreadstat
import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.drafts.draft import Draft, drafted
from surveys.drafts.form import Form, FormCondition, FormOption, FormQuestion, FormRow
from surveys.drafts.reading import draft_of
from surveys.errors import AnswersError
from surveys.platforms.export import QuestionKind
from surveys.questionnaire import Questionnaire
from surveys.questionnaire_files import load_questionnaire
from surveys.questionnaire_writing import questionnaire_yaml


def loaded(draft: Draft) -> Questionnaire:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "q.yaml"
        path.write_text(questionnaire_yaml(draft.questionnaire, remarks=draft.remarks), encoding="utf-8")
        return load_questionnaire(path)


def options(*labels: str, codes: tuple[str, ...] = ()) -> tuple[FormOption, ...]:
    given = codes or tuple(str(at) for at in range(1, len(labels) + 1))
    return tuple(FormOption(texts={"": label}, code=code) for label, code in zip(labels, given, strict=True))


def question(id_: str = "Q1", kind: QuestionKind = "single", **parts: object) -> FormQuestion:
    return FormQuestion(id=id_, kind=kind, texts={"": f"What of {id_}?"}, **parts)  # type: ignore[arg-type]


def draft(*questions: FormQuestion, **parts: object) -> Draft:
    found = drafted(Form(id="form", titles={"": "Form"}, questions=questions, **parts))  # type: ignore[arg-type]
    assert loaded(found) == found.questionnaire
    return found


# -- real files ----------------------------------------------------------------------------------


def test_every_real_file_is_drafted_and_loads(shared_data: Path) -> None:
    """All but the form that must be refused, and the broken ones."""
    files = [path for path in sorted(shared_data.glob("*/*")) if path.parent.name != "malformed"]
    drafts = {}
    for path in files:
        # large files only take longer
        if path.name == "duplicate_columns.xlsx" or path.stat().st_size > 70_000:
            continue
        drafts[path.name] = draft_of(path)
        assert loaded(drafts[path.name]) == drafts[path.name].questionnaire, path.name
    assert len(drafts) >= 45


@pytest.mark.parametrize(
    ("name", "n_items", "facts"),
    [
        ("qualtrics/better_sample_survey.qsf", 42, {"languages": ("en",)}),
        ("limesurvey/structure_minimal.txt", None, {"languages": ("en",)}),
        ("redcap/checkboxes-1_dictionary.csv", 4, {}),
        ("spss_stata/electric.sav", 13, {}),
        ("wenjuanxing/handmade_by_text.xlsx", 8, {"languages": ("zh",), "respondent_id": ("序号",)}),
    ],
)
def test_real_definitions(
    shared_data: Path, name: str, n_items: int | None, facts: dict[str, object]
) -> None:
    found = draft_of(shared_data / name).questionnaire
    assert n_items is None or len(found.items) == n_items
    for fact, value in facts.items():
        assert getattr(found, fact) == value


def test_a_redcap_dictionary_gives_codes_labels_and_bounds(shared_data: Path) -> None:
    found = draft_of(shared_data / "redcap" / "simple_dictionary.csv").questionnaire
    race = found.item("race")
    assert race.kind == "multiple"
    assert race.scale is not None
    assert race.scale.label(1, "en") == "American Indian/Alaska Native"
    assert found.item("name_first").identifying


def test_a_form_with_a_repeated_column_is_refused(shared_data: Path) -> None:
    with pytest.raises(AnswersError, match="2 columns of this name"):
        draft_of(shared_data / "xlsform" / "duplicate_columns.xlsx")


def test_a_table_list_is_a_matrix(shared_data: Path) -> None:
    found = draft_of(shared_data / "xlsform" / "table-list.xls").questionnaire
    assert found.matrices
    assert {item.matrix for item in found.items if item.matrix} == set(found.matrices)


def test_labels_of_an_spss_file() -> None:
    frame = pd.DataFrame({"SEX": [1.0, 2.0], "AGE": [30.5, 40.25], "SAT": [5.0, 9.0]})
    sat = dict(enumerate(("very bad", "bad", "so so", "good", "very good"), start=1))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.sav"
        pyreadstat.write_sav(
            frame, path,
            column_labels={"SEX": "Your sex", "AGE": "Your age", "SAT": "How was it?"},
            variable_value_labels={"SEX": {1: "male", 2: "female"}, "SAT": {**sat, 9: "refused"}},
            missing_ranges={"SAT": [9]},
        )  # fmt: skip
        found = draft_of(path).questionnaire
    assert found.item("SEX").text == {"en": "Your sex"}
    scale = found.item("SAT").scale
    assert scale is not None
    assert scale.codes == (1, 2, 3, 4, 5)
    assert [option.code for option in scale.missing_codes] == [9]
    assert found.item("AGE").kind == "number"


# -- rules ---------------------------------------------------------------------------------------


def test_ids_are_made_valid_and_unique() -> None:
    found = draft(
        question("SAT-1", options=options("a", "b")), question("sat_1", "text"), question("满意", "text"), question("满意", "text"),
        question("3", "number"),
    )  # fmt: skip
    assert [item.id for item in found.questionnaire.items] == ["SAT_1", "sat_1_2", "Q", "Q_2", "Q3"]


def test_codes_are_kept_or_numbered_with_the_old_ones_as_aliases() -> None:
    kept = draft(question(options=options("low", "high", codes=("0", "100")))).questionnaire.items[0].scale
    lettered = (
        draft(question(options=options("low", "high", codes=("A1", "A3")))).questionnaire.items[0].scale
    )
    worded = draft(question(options=options("low", "high", codes=("bad", "fine"))))
    assert kept is not None
    assert kept.codes == (0, 100)
    assert lettered is not None
    assert [(o.code, o.aliases) for o in lettered.options] == [(1, ("A1",)), (3, ("A3",))]
    scale = worded.questionnaire.items[0].scale
    assert scale is not None
    assert [(o.code, o.aliases) for o in scale.options] == [(1, ("bad",)), (2, ("fine",))]
    assert any("no whole numbers" in told for told in worded.remarks[scale.id])


def test_points_from_0_to_10_keep_their_numbers() -> None:
    """问卷星 counts eleven options from 1; the labels say what they are worth."""
    found = draft(question(options=options(*map(str, range(11)))))
    scale = found.questionnaire.items[0].scale
    assert scale is not None
    assert scale.codes == tuple(range(11))
    assert any("numbers in the labels" in told for told in found.remarks[scale.id])
    assert "numeric: [0, 10]" in questionnaire_yaml(found.questionnaire)


def test_questions_with_the_same_options_share_a_scale() -> None:
    same = options("disagree", "neither", "agree")
    found = draft(
        question("A", options=same), question("B", options=same), question("C", "multiple", options=same)
    )
    first, second, third = found.questionnaire.items
    assert first.scale == second.scale != third.scale
    assert len(found.questionnaire.scales) == 2


@pytest.mark.parametrize(
    ("labels", "ordered", "interval"),
    [
        (("Disagree", "Neither", "Agree"), True, True),
        (("非常不满意", "一般", "非常满意"), True, True),
        (("18-25", "26-35", "36 or older"), True, False),
        (("5000以下", "5000-10000", "10000以上"), True, False),
        (("Beijing", "Shanghai", "Suzhou"), False, False),
        (("Yes", "No"), False, False),
    ],
)
def test_order_is_guessed_from_wordings_and_said_to_be_a_guess(
    labels: tuple[str, ...], ordered: bool, interval: bool
) -> None:
    found = draft(question(options=options(*labels)))
    scale = found.questionnaire.items[0].scale
    assert scale is not None
    assert (scale.ordered, scale.interval) == (ordered, interval)
    assert found.remarks[scale.id][0].startswith("Taken for")


def test_refusals_are_missing_where_one_answer_is_asked_for() -> None:
    labels = ("bad", "fair", "good", "Don't know")
    found = draft(
        question("A", options=options(*labels)), question("B", "multiple", options=options(*labels))
    )
    one, several = (item.scale for item in found.questionnaire.items)
    assert one is not None
    assert several is not None
    assert [option.code for option in one.missing_codes] == [4]
    assert one.high == 3
    assert not several.missing_codes


def test_kinds_that_a_questionnaire_does_not_know_are_texts_with_a_remark() -> None:
    found = draft(question("WHEN", "date"), question("PIC", "file"), question("EMPTY", "single"))
    assert {item.kind for item in found.questionnaire.items} == {"text"}
    assert "The source says `date`; taken for a text." in found.remarks["WHEN"]
    assert "tells of no options" in found.remarks["EMPTY"][0]


def test_a_matrix_of_several_answers_is_one_item_a_row() -> None:
    rows = (FormRow(id="r1", texts={"": "Web"}), FormRow(id="r2", texts={"": "App"}))
    found = draft(question("M", "multiple", options=options("good", "fast"), rows=rows)).questionnaire
    assert [(item.id, item.kind, item.text["en"]) for item in found.items] == [
        ("M_r1", "multiple", "What of M?: Web"),
        ("M_r2", "multiple", "What of M?: App"),
    ]


def test_languages_are_those_that_the_source_names() -> None:
    asked = FormQuestion(
        id="A", kind="text", texts={"English (en)": "Why?", "中文 (zh)": "为何？", "Arabic (ar)": "?"}
    )
    lone = FormQuestion(id="B", kind="text", texts={"English (en)": "How?"})
    found = draft(asked, lone)
    assert found.questionnaire.languages == ("en", "zh")
    assert found.questionnaire.item("A").text == {"en": "Why?", "zh": "为何？"}
    assert found.questionnaire.item("B").text == {"en": "How?", "zh": "How?"}
    assert "Not translated: write zh." in found.remarks["B"]


def test_routing_that_cannot_be_read_is_a_remark() -> None:
    channel = question("CH", "multiple", options=options("Web", "App"))
    known = question("WHY", "text", show_if=FormCondition(question="CH", code="2"))
    unknown = question("HOW", "text", routing="{CH.count} > 2")
    wrong = question("WHO", "text", show_if=FormCondition(question="CH", code="7"))
    found = draft(channel, known, unknown, wrong)
    assert found.questionnaire.item("WHY").show_if == "CH_2 = 1"
    assert found.questionnaire.item("HOW").show_if is None
    assert "{CH.count} > 2" in found.remarks["HOW"][0]
    assert found.questionnaire.item("WHO").show_if is None
    assert found.remarks["WHO"]


def test_questions_for_names_and_phones_may_identify() -> None:
    asked = [
        FormQuestion(id=f"T{at}", kind="text", texts={"": text})
        for at, text in enumerate(("您的手机号", "E-mail address", "Why?"))
    ]
    found = draft(*asked).questionnaire
    assert [item.identifying for item in found.items] == [True, True, False]


def test_a_file_without_questions_is_told() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.csv"
        path.write_text("respondent\n1\n2\n", encoding="utf-8")
        with pytest.raises(AnswersError, match="saw no questions"):
            draft_of(path)


TEXT = st.text(max_size=12)


@given(
    questions=st.lists(
        st.builds(
            FormQuestion,
            id=TEXT,
            kind=st.sampled_from(["single", "multiple", "ranking", "number", "text", "date", "file", "unknown"]),
            texts=st.dictionaries(st.sampled_from(["", "en", "zh-Hans", "ar"]), TEXT, max_size=2),
            options=st.lists(
                st.builds(FormOption, texts=st.dictionaries(st.just(""), TEXT), code=TEXT, other=st.booleans(), missing=st.booleans()),
                max_size=4, unique_by=lambda option: option.code,
            ).map(tuple),
            rows=st.lists(st.builds(FormRow, id=TEXT.filter(bool), texts=st.dictionaries(st.just(""), TEXT)), max_size=3).map(tuple),
            routing=TEXT,
            low=st.none() | st.floats(allow_nan=False, allow_infinity=False),
        ),
        min_size=1, max_size=5,
    )
)  # fmt: skip
def test_whatever_a_source_says_its_draft_loads(questions: list[FormQuestion]) -> None:
    found = drafted(Form(id="form", titles={}, questions=tuple(questions)))
    assert loaded(found) == found.questionnaire
