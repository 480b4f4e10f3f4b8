"""One survey in two layouts gives equal answers, cell by cell."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from surveys.platforms.export import Export, State
from surveys.platforms.reading import read_export

WENJUANXING = [
    ("800_800_0_by_text.xls", "800_800_2_by_number.xls"),
    ("phone_4_by_text.xls", "phone_4_by_number.xls"),
    ("handmade_by_text.xlsx", "handmade_by_number.xlsx"),
]


def assert_equal_answers(one: Export, two: Export, *, only_in_one: str = "") -> int:
    """Compare all answers, except what only one layout holds; the number of cells compared."""
    first, second = one.answers(), two.answers()
    assert [name for name in second if name not in first] == []
    missing = [name for name in first if name not in second]
    assert all(only_in_one and only_in_one in name for name in missing)
    for name in second:
        pd.testing.assert_series_equal(first[name], second[name], check_dtype=False, obj=name)
    return second.size


@pytest.mark.parametrize(("text", "number"), WENJUANXING)
def test_wenjuanxing_by_text_and_by_number(shared_data: Path, text: str, number: str) -> None:
    folder = shared_data / "wenjuanxing"
    by_text = read_export(folder / text, companion=folder / number)
    by_number = read_export(folder / number, companion=folder / text)
    # What was typed beside "other" stands in the text download alone.
    cells = assert_equal_answers(by_text, by_number, only_in_one="[other]")
    assert cells >= 15 * by_text.n
    pd.testing.assert_frame_equal(
        by_text.metadata().drop(columns="row"), by_number.metadata().drop(columns="row"), check_dtype=False
    )


@pytest.mark.parametrize(("text", "number"), WENJUANXING)
def test_wenjuanxing_tells_skipped_and_empty_alike(shared_data: Path, text: str, number: str) -> None:
    folder = shared_data / "wenjuanxing"
    by_text = read_export(folder / text, companion=folder / number)
    by_number = read_export(folder / number, companion=folder / text)
    for question in by_text.questions:
        if question.rows:
            continue
        states = [
            [
                export.states[place, [column.at for column in export.columns_of(question.id)]]
                for place in range(export.n)
            ]
            for export in (by_text, by_number)
        ]
        for one, two in zip(*states, strict=True):
            answered = bool((one == State.ANSWERED).any())
            assert answered == bool((two == State.ANSWERED).any())
            if not answered:
                assert set(one.tolist()) == set(two.tolist()), question.id


def test_the_pair_gives_the_codebook(shared_data: Path) -> None:
    folder = shared_data / "wenjuanxing"
    survey = read_export(folder / WENJUANXING[0][1], companion=folder / WENJUANXING[0][0])
    book = survey.codebook
    sex = book[book["question"] == "Q3"]
    assert dict(zip(sex["code"], sex["label"], strict=True)) == {"1": "男", "2": "女"}
    ages = book[book["question"] == "Q4"]
    assert ages["code"].astype(int).is_monotonic_increasing
    assert ages["label"].tolist().index("25~29岁") < ages["label"].tolist().index("30~34岁")
    assert survey.question("Q6").text == "兴趣爱好"  # the number download has lost it


def test_a_companion_of_another_survey_is_refused_in_words(shared_data: Path) -> None:
    folder = shared_data / "wenjuanxing"
    survey = read_export(folder / "phone_4_by_text.xls", companion=folder / "handmade_by_number.xlsx")
    assert any("not of the same survey and respondents" in warning for warning in survey.warnings)
    assert survey.question("Q1").choices[0].code is None


def test_qualtrics_current_and_legacy(shared_data: Path) -> None:
    folder = shared_data / "qualtrics"
    surveys = [
        read_export(folder / f"side_by_side_{name}.csv", companion=folder / "side_by_side.qsf")
        for name in ("insights", "legacy")
    ]
    cells = assert_equal_answers(*surveys)
    assert cells == 25 * len(surveys[0].answers().columns)
    assert [question.id for question in surveys[0].questions] == [
        question.id for question in surveys[1].questions
    ]
    moved = surveys[0].metadata()["started_at"] - surveys[1].metadata()["started_at"]
    assert set(moved) == {pd.Timedelta(hours=2)}  # another time zone


def test_one_table_in_three_statistical_formats(shared_data: Path) -> None:
    sav, dta, por = (
        read_export(shared_data / "spss_stata" / f"sample.{kind}") for kind in ("sav", "dta", "por")
    )
    assert_equal_answers(sav, dta)
    upper = por.answers()
    assert list(upper) == [name.upper() for name in sav.answers()]
    for name, cells in sav.answers().items():
        pd.testing.assert_series_equal(
            cells, upper[str(name).upper()], check_names=False, check_dtype=False, rtol=1e-12
        )
