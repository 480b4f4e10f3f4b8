import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import spearmanr

from analysis.correlations import correlate, correlation_matrix

PAIRS = [("SAT1", "SAT3"), ("SAT1", "LOY"), ("SAT1", "NPS"), ("SAT3", "LOY"), ("SAT3", "NPS"), ("LOY", "NPS")]


def check(result, expected):
    assert result.n == expected["n"]
    for name in ("estimate", "statistic", "df", "p_value"):
        assert getattr(result, name) == pytest.approx(expected[name], rel=1e-9), name
    assert result.interval.low == pytest.approx(expected["low"], rel=1e-9)
    assert result.interval.high == pytest.approx(expected["high"], rel=1e-9)


@pytest.mark.parametrize("method", ["pearson", "spearman"])
@pytest.mark.parametrize(("x", "y"), PAIRS)
def test_correlation_equals_cor_test(x, y, method, survey, computed_by_r):
    result = correlate(survey[x], survey[y], method=method)
    check(result, computed_by_r("correlations", f"{x} {y} {method}"))
    assert result.n + result.n_missing == 64


@pytest.mark.parametrize("method", ["pearson", "spearman"])
@pytest.mark.parametrize(("x", "y"), [("sat1", "loy1"), ("imag1", "val4")])
def test_correlation_equals_cor_test_on_bank_satisfaction(x, y, method, shared_data, computed_by_r):
    data = pd.read_csv(shared_data / "bank" / "plspm_satisfaction.csv")
    check(correlate(data[x], data[y], method=method), computed_by_r("correlations", f"{x} {y} {method}"))


def test_matrix_holds_each_pair_with_its_own_n(survey, computed_by_r):
    matrix = correlation_matrix(survey[["SAT1", "SAT3", "LOY", "NPS"]], method="spearman")
    assert len(matrix.correlations) == 6
    for x, y in PAIRS:
        expected = computed_by_r("correlations", f"{x} {y} spearman")
        check(matrix.between(y, x), expected)
        assert (
            matrix.estimates().loc[y, x]
            == matrix.estimates().loc[x, y]
            == pytest.approx(expected["estimate"])
        )
        assert matrix.p_values().loc[y, x] == pytest.approx(expected["p_value"])
        assert matrix.counts().loc[x, y] == expected["n"]
    assert np.diag(matrix.counts()).tolist() == [61, 61, 61, 61]
    assert np.diag(matrix.estimates()).tolist() == [1, 1, 1, 1]
    assert np.isnan(np.diag(matrix.p_values())).all()
    assert len(matrix.to_frame()) == 6
    with pytest.raises(KeyError, match="SAT9"):
        matrix.between("SAT1", "SAT9")


@pytest.mark.parametrize(
    ("x", "y", "state", "words", "estimate"),
    [
        ([1, 2, 3, np.nan, 1], [1, 2, 2, 4, np.nan], "too_few", "3 respondents answered both", None),
        ([2, 2, 2, 2, 2], [1, 2, 3, 4, 5], "constant", "all answers are the same: X", None),
        ([0.1, 0.2, 0.3, 0.4], [3.3, 2.2, 1.1, 0.0], "inadmissible", "lie on one line", -1.0),
    ],
)
def test_what_has_no_correlation_says_why(x, y, state, words, estimate):
    result = correlate(pd.Series(x, name="X"), pd.Series(y, name="Y"))
    assert (result.state, result.estimate, result.p_value, result.interval) == (state, estimate, None, None)
    assert words in result.reason
    assert result.entries()[0].state == state


def test_a_pair_without_correlation_leaves_a_gap_in_the_matrix():
    frame = pd.DataFrame({"A": [1, 2, 3, 4, 5], "B": [1, 1, 1, 1, 1], "C": [2, 1, 4, 3, 5]})
    estimates = correlation_matrix(frame).estimates()
    assert math.isnan(estimates.loc["A", "B"])
    assert estimates.loc["A", "C"] == pytest.approx(0.8)


def test_other_respondents_and_unknown_methods_are_refused():
    with pytest.raises(ValueError, match="one index"):
        correlate(pd.Series([1, 2, 3]), pd.Series([1, 2, 3], index=[1, 2, 3]))
    with pytest.raises(ValueError, match="not 'kendall'"):
        correlate(pd.Series([1, 2, 3]), pd.Series([1, 2, 3]), method="kendall")


NUMBERS = st.lists(st.tuples(st.integers(1, 7), st.integers(1, 7)), min_size=6, max_size=40)


@given(NUMBERS)
def test_rank_correlation_ignores_stretching_and_equals_scipy(pairs):
    x, y = (pd.Series(side, dtype=float) for side in zip(*pairs, strict=True))
    result = correlate(x, y, method="spearman")
    if result.state == "constant":
        return
    assert result.estimate == pytest.approx(spearmanr(x, y).statistic, abs=1e-12)
    stretched = correlate(np.exp(x), y**3, method="spearman")
    assert stretched.estimate == pytest.approx(result.estimate, abs=1e-12)
    assert correlate(y, x, method="spearman").estimate == pytest.approx(result.estimate, abs=1e-12)
    assert correlate(-x, y, method="spearman").estimate == pytest.approx(-result.estimate, abs=1e-12)
