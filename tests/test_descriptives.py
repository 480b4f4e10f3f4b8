import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.descriptives import answer_shares, describe

SAME_NAME = ("n", "mean", "std_error", "sd", "median", "skewness", "kurtosis", "minimum", "maximum")


def check(description, expected):
    for name in SAME_NAME:
        assert getattr(description, name) == pytest.approx(expected[name], rel=1e-9, abs=1e-12), name
    assert description.interval.low == pytest.approx(expected["low"], rel=1e-9)
    assert description.interval.high == pytest.approx(expected["high"], rel=1e-9)


def test_numbers_equal_psych_with_missing_answers(survey, computed_by_r):
    result = describe(survey)
    for name in ("SAT1", "SAT4", "LOY", "NPS"):
        check(result.of(name), computed_by_r("descriptives", name))
        assert result.of(name).n_missing == 3


def test_numbers_equal_psych_on_bank_satisfaction(shared_data, computed_by_r):
    items = pd.read_csv(shared_data / "bank" / "plspm_satisfaction.csv").drop(columns="gender")
    result = describe(items)
    assert len(result) == 27
    for description in result:
        check(description, computed_by_r("descriptives", f"plspm {description.variable}"))


def test_floor_and_ceiling():
    frame = pd.DataFrame({"A": [1, 1, 5, 3, np.nan], "B": [2, 2, 3, 4, 5]})
    a, b = describe(frame, bounds={"A": (1, 5)})
    assert (a.floor_share, a.ceiling_share) == (0.5, 0.25)
    assert (b.floor_share, b.ceiling_share) == (None, None)
    assert a.to_frame().loc[0, "floor_share"] == 0.5


def test_too_few_and_constant_answers_are_states():
    frame = pd.DataFrame(
        {
            "none": [np.nan] * 4,
            "one": [3.0, np.nan, np.nan, np.nan],
            "same": [2.0] * 4,
            "two": [1, 2, np.nan, np.nan],
        }
    )
    none, one, same, two = describe(frame)
    assert (none.state, none.reason, none.mean) == ("too_few", "nobody answered", None)
    assert (one.state, one.mean, one.sd, one.interval) == ("too_few", 3.0, None, None)
    assert (same.state, same.reason) == ("constant", "all 4 answers are the same")
    assert (same.mean, same.sd, same.interval, same.skewness) == (2.0, 0.0, None, None)
    assert (two.state, two.skewness, two.kurtosis) == ("ok", None, None)
    assert two.interval.low == pytest.approx(1.5 - 12.706204736 * 0.5)
    assert describe(frame).to_frame()["estimate"].tolist()[1:] == [3.0, 2.0, 1.5]


def test_words_and_unknown_bounds_are_refused():
    with pytest.raises(TypeError, match=r"columns \['name'\] do not hold numbers"):
        describe(pd.DataFrame({"A": [1, 2], "name": ["x", "y"]}))
    with pytest.raises(ValueError, match=r"bounds are given for \['Z'\]"):
        describe(pd.DataFrame({"A": [1, 2]}), bounds={"Z": (1, 5)})


@given(st.lists(st.integers(1, 7), min_size=5, max_size=40).filter(lambda x: len(set(x)) > 1))
def test_turning_the_scale_round_turns_the_numbers_round(answers):
    plain, turned = describe(pd.DataFrame({"A": answers, "B": [8 - a for a in answers]}))
    assert turned.mean == pytest.approx(8 - plain.mean)
    assert turned.sd == pytest.approx(plain.sd)
    assert turned.skewness == pytest.approx(-plain.skewness, abs=1e-9)
    assert turned.kurtosis == pytest.approx(plain.kurtosis, abs=1e-9)
    assert (turned.minimum, turned.maximum) == (8 - plain.maximum, 8 - plain.minimum)


def test_answer_shares_of_a_scale():
    frame = pd.DataFrame({"A": [1, 2, 2, np.nan], "B": [np.nan] * 4})
    result = answer_shares(frame, [1, 2, 3])
    assert result.shares().loc["A"].tolist() == pytest.approx([1 / 3, 2 / 3, 0])
    assert result.shares().loc["B"].isna().all()
    assert result.counts().to_numpy().tolist() == [[1, 2, 0], [0, 0, 0]]
    assert [item.n for item in result.items] == [3, 0]
    assert [entry.state for entry in result.entries()] == ["ok"] * 3 + ["too_few"] * 3


def test_answer_shares_agree_with_counting(survey):
    result = answer_shares(survey[["SAT1", "SAT2"]], [1, 2, 3, 4, 5])
    assert result.shares().sum(axis=1).tolist() == pytest.approx([1, 1])
    assert result.shares().loc["SAT2", 3] == pytest.approx(
        (survey["SAT2"] == 3).sum() / survey["SAT2"].count()
    )
