"""Answers written in a platform's layout are read back as the same answers."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surveys.forms.limesurvey import limesurvey_structure
from surveys.forms.xlsform import xlsform
from surveys.layouts.cells import LayoutError
from surveys.layouts.writing import LAYOUTS, Layout, layout_bytes, write_layout
from surveys.platforms.reading import read_export
from surveys.questionnaire import Item, Option, Questionnaire, Scale, Section
from surveys.read import read_answers
from surveys.responses import Responses, SourceFile
from surveys.simulation import load_population_model, simulate
from surveys.study import Study
from tests.drawn_questionnaires import answers_to, questionnaires

PLATFORMS: dict[Layout, str] = {
    "wenjuanxing_text": "wenjuanxing",
    "wenjuanxing_number": "wenjuanxing",
    "qualtrics": "qualtrics",
    "limesurvey_full": "limesurvey",
    "limesurvey_codes": "limesurvey",
    "surveymonkey": "surveymonkey",
    "google_forms": "google_forms",
    "microsoft_forms": "microsoft_forms",
    "kobo": "kobo",
    "redcap": "redcap",
    "sosci": "sosci",
    "plain_codes": "plain",
    "plain_labels": "plain",
}


def written(responses: Responses, layout: Layout, folder: Path) -> tuple[Path, Path | None]:
    """The file, and the companion without which its codes or headings cannot be understood."""
    ending = "xlsx" if layout.startswith(("wenjuanxing", "microsoft")) else "csv"
    path = write_layout(responses, folder / f"answers.{ending}", layout=layout)
    if layout == "wenjuanxing_number":
        return path, write_layout(responses, folder / "by_text.xlsx", layout="wenjuanxing_text")
    if layout == "limesurvey_codes":
        structure = folder / "structure.txt"
        structure.write_text(limesurvey_structure(responses.questionnaire), encoding="utf-8")
        return path, structure
    if layout == "kobo":
        form = folder / "form.xlsx"
        form.write_bytes(xlsform(responses.questionnaire))
        return path, form
    return path, None


def expected(responses: Responses) -> pd.DataFrame:
    """What can come back: columns without a single answer may be passed over."""
    answers = responses.answers
    several = [item for item in responses.questionnaire.items if item.kind == "multiple"]
    for item in several:
        # most platforms write "nothing chosen" as they write "not answered"
        nothing = (answers[list(item.columns)] == 0).all(axis="columns")
        answers = answers.assign(**{column: answers[column].mask(nothing) for column in item.columns})
    return answers


def compare(found: pd.DataFrame, wanted: pd.DataFrame, questionnaire: Questionnaire) -> None:
    for item in questionnaire.items:
        columns = list(item.columns)
        if columns[0] not in found:
            assert wanted[columns].isna().all().all(), f"{item.id} was not found"
            continue
        got = found[columns]
        if item.kind == "multiple":
            got = got.mask((got == 0).all(axis="columns"))
        elif item.kind == "text":
            assert [text or None for text in got[item.id]] == [
                None if pd.isna(text) else text for text in wanted[item.id]
            ]
            continue
        pd.testing.assert_frame_equal(got, wanted[columns], check_dtype=False)


@pytest.fixture(scope="module")
def simulated() -> dict[str, Responses]:
    study = Study.load("bank_tiering")
    model = load_population_model("claims_hold", study)
    sizes = {"customers": 25, "employees": 25, "corporate": 25}
    return simulate(study, model, rng=np.random.default_rng(5), sizes=sizes)


def test_every_layout_is_recognised_as_its_platform(simulated: dict[str, Responses], tmp_path: Path) -> None:
    for layout in LAYOUTS:
        path, _ = written(simulated["customers"], layout, tmp_path)
        assert read_export(path).platform == PLATFORMS[layout], layout


@pytest.mark.parametrize("layout", list(LAYOUTS))
@pytest.mark.parametrize("population", ["customers", "corporate"])
def test_the_simulated_study_comes_back(
    simulated: dict[str, Responses],
    tmp_path: Path,
    population: str,
    layout: Layout,
) -> None:
    given = simulated[population]
    path, companion = written(given, layout, tmp_path)
    found = read_answers(path, given.questionnaire, companion=companion)
    compare(found.answers, expected(given), given.questionnaire)
    if layout != "google_forms":  # which names nobody
        assert found.metadata["respondent"].tolist() == given.metadata["respondent"].tolist()


def round_trip(questionnaire: Questionnaire, n: int, seed: int, layout: Layout) -> None:
    given_ = answers_to(questionnaire, n, np.random.default_rng(seed))
    with tempfile.TemporaryDirectory() as folder:
        path, companion = written(given_, layout, Path(folder))
        found = read_answers(path, questionnaire, companion=companion)
    compare(found.answers, given_.answers, questionnaire)


def optional(questionnaire: Questionnaire) -> Questionnaire:
    """The same questionnaire with nothing required, because some of the answers are missing."""
    return replace(questionnaire, items=tuple(replace(item, required=False) for item in questionnaire.items))


@pytest.mark.parametrize("layout", list(LAYOUTS))
@settings(max_examples=8)
@given(data=st.data(), n=st.integers(6, 20), seed=st.integers(0, 2**32 - 1))
def test_any_questionnaire_comes_back(layout: Layout, data: st.DataObject, n: int, seed: int) -> None:
    round_trip(data.draw(questionnaires().map(optional)), n, seed, layout)


# -- details of the layouts ----------------------------------------------------------------------

CHANNELS = Scale(
    id="ch",
    ordered=False,
    interval=False,
    options=(
        Option(code=4, label={"en": "Web", "zh": "网"}),
        Option(code=7, label={"en": "App", "zh": "端"}),
    ),
)


def few(kind: str, cells: dict[str, list[float | str | None]], **facts: object) -> Responses:
    scale = CHANNELS if kind in ("single", "multiple", "ranking") else None
    item = Item(id="CH", kind=kind, scale=scale, section="a", text={"en": "Which?", "zh": "哪个？"}, **facts)  # type: ignore[arg-type]
    n = len(next(iter(cells.values())))
    asked = Questionnaire(
        id="q",
        title={"en": "Q", "zh": "问"},
        languages=("en", "zh"),
        sections=(Section(id="a", title={"en": "A", "zh": "甲"}),),
        scales={},
        items=(item,),
    )
    metadata = pd.DataFrame({"respondent": [str(at) for at in range(1, n + 1)], "row": range(2, n + 2)})
    source = SourceFile(name="a.csv", sha256="")
    return Responses(questionnaire=asked, answers=pd.DataFrame(cells), metadata=metadata, source=source)


SEVERAL = few("multiple", {"CH_4": [1.0, 0.0, np.nan], "CH_7": [1.0, 1.0, np.nan]})
RANKED = few("ranking", {"CH_4": [2.0, 1.0, np.nan], "CH_7": [1.0, 2.0, np.nan]})


def lines(responses: Responses, layout: Layout) -> list[str]:
    return layout_bytes(responses, layout).decode("utf-8-sig").splitlines()


def cells(responses: Responses, layout: Layout, folder: Path) -> pd.DataFrame:
    path = write_layout(responses, folder / "a.xlsx", layout=layout)
    return pd.read_excel(path, dtype=str, keep_default_na=False, engine="openpyxl")


def test_several_answers_as_each_platform_writes_them(tmp_path: Path) -> None:
    assert cells(SEVERAL, "wenjuanxing_text", tmp_path)["1、哪个？"].tolist() == ["网┋端", "端", "(空)"]
    by_number = cells(SEVERAL, "wenjuanxing_number", tmp_path)
    assert by_number[["1、(网)", "1、(端)"]].to_numpy().tolist() == [["1", "1"], ["0", "1"], ["0", "0"]]
    assert cells(SEVERAL, "microsoft_forms", tmp_path)["Which?"].tolist() == ["Web;App;", "App;", ""]
    assert [line.split(",")[-2:] for line in lines(SEVERAL, "qualtrics")[3:]] == [
        ["Web", "App"],
        ["", "App"],
        ["", ""],
    ]
    assert lines(SEVERAL, "surveymonkey")[0].endswith(",Which?,")
    assert lines(SEVERAL, "surveymonkey")[1].endswith(",Web,App")
    assert lines(SEVERAL, "google_forms")[1:] == [',"Web, App"', ",App", ","]
    assert [line.split(";")[2:5] for line in lines(SEVERAL, "kobo")[:3]] == [
        ["a/CH", "a/CH/4", "a/CH/7"], ["4 7", "1", "1"], ["7", "0", "1"],
    ]  # fmt: skip
    assert lines(SEVERAL, "redcap")[:2] == ["record_id,ch___4,ch___7,survey_complete", "1,1,1,2"]
    assert [line.split("\t")[6:8] for line in lines(SEVERAL, "sosci")[2:]] == [
        ['"2"', '"2"'],
        ['"1"', '"2"'],
        ['"-9"', '"-9"'],
    ]


def test_ranks_as_each_platform_writes_them(tmp_path: Path) -> None:
    assert cells(RANKED, "wenjuanxing_text", tmp_path)["1、哪个？"].tolist() == ["端→网", "网→端", "(空)"]
    by_number = cells(RANKED, "wenjuanxing_number", tmp_path)
    assert by_number[["1、(网)", "1、(端)"]].to_numpy().tolist() == [["2", "1"], ["1", "2"], ["-2", "-2"]]
    assert cells(RANKED, "microsoft_forms", tmp_path)["Which?"].tolist() == ["App;Web;", "Web;App;", ""]
    assert [line.split(";")[2] for line in lines(RANKED, "kobo")] == ["a/CH", "7 4", "4 7", ""]
    assert [line.split(",")[7:9] for line in lines(RANKED, "limesurvey_full")[:2]] == [
        ['"Which? [Rank 1]"', '"Which? [Rank 2]"'], ['"App"', '"Web"'],
    ]  # fmt: skip


def test_passed_by_is_told_from_left_empty(tmp_path: Path) -> None:
    given = few("multiple", {"CH_4": [1.0, 0.0, np.nan], "CH_7": [0.0, 1.0, np.nan]})
    why = Item(id="WHY", kind="text", section="a", text={"en": "Why?", "zh": "为何？"}, show_if="CH_4 = 1")
    asked = replace(given.questionnaire, items=(*given.questionnaire.items, why))
    answers = given.answers.assign(WHY=pd.Series([None, None, None], dtype=object))
    given = replace(given, questionnaire=asked, answers=answers)
    assert cells(given, "wenjuanxing_text", tmp_path)["2、为何？"].tolist() == ["(空)", "(跳过)", "(跳过)"]
    assert [line.split(",")[9] for line in lines(given, "limesurvey_full")[1:]] == ['""', '"N/A"', '"N/A"']


def test_what_a_respondent_typed_is_no_formula(tmp_path: Path) -> None:
    given = few("text", {"CH": ["=1+1", "-5", None]})
    assert lines(given, "plain_codes")[1:] == ["1,'=1+1", "2,-5", "3,"]
    assert cells(given, "microsoft_forms", tmp_path)["Which?"].tolist() == ["'=1+1", "-5", ""]


def test_what_a_platform_cannot_hold_is_told() -> None:
    scale = replace(
        CHANNELS, options=(Option(code=0, label={"en": "a;b", "zh": "甲┋乙"}), CHANNELS.options[1])
    )
    low = few("multiple", {"CH_0": [1.0], "CH_7": [0.0]})
    item = replace(low.questionnaire.items[0], scale=scale)
    low = replace(low, questionnaire=replace(low.questionnaire, items=(item,)))
    for layout, words in (
        ("wenjuanxing_text", "an option holds ┋"),
        ("microsoft_forms", "an option holds ;"),
    ):
        with pytest.raises(LayoutError, match=words):
            layout_bytes(low, layout)  # type: ignore[arg-type]
    scale = replace(scale, options=(replace(scale.options[0], code=-1), scale.options[1]))
    item = replace(item, scale=scale)
    one = few("single", {"CH": [-1.0]})
    one = replace(one, questionnaire=replace(one.questionnaire, items=(replace(item, kind="single"),)))
    with pytest.raises(LayoutError, match="codes below 0 are no answers on SoSci Survey"):
        layout_bytes(one, "sosci")


@pytest.mark.parametrize("layout", list(LAYOUTS))
def test_the_same_answers_give_the_same_bytes(layout: Layout) -> None:
    assert layout_bytes(SEVERAL, layout) == layout_bytes(SEVERAL, layout)


def test_names_of_layouts_and_languages_are_checked() -> None:
    with pytest.raises(ValueError, match="`excel` is none of wenjuanxing_text"):
        layout_bytes(SEVERAL, "excel")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="written in en, zh, not in `fr`"):
        layout_bytes(SEVERAL, "kobo", language="fr")
