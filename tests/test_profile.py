import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.profile import frequencies
from analysis.wilson import wilson_interval


@pytest.mark.parametrize("case", ["0/7", "8/10", "3/61", "61/61", "4507/10000"])
@pytest.mark.parametrize("level", [95, 90])
def test_wilson_interval_equals_prop_test(case, level, computed_by_r):
    count, n = map(int, case.split("/"))
    expected = computed_by_r("profile", case)
    interval = wilson_interval(count, n, confidence_level=level / 100)
    assert interval.low == pytest.approx(expected[f"low{level}"], rel=1e-9, abs=1e-15)
    assert interval.high == pytest.approx(expected[f"high{level}"], rel=1e-9)
    assert interval.confidence_level == level / 100


def test_counts_shares_and_intervals_equal_r(survey, computed_by_r):
    result = frequencies(survey["SAT1"], [1, 2, 3, 4, 5])
    assert (result.item, result.n, result.n_missing) == ("SAT1", 61, 3)
    for category in result.categories:
        expected = computed_by_r("profile", f"SAT1={category.code}")
        assert (category.count, result.n) == (expected["count"], expected["n"])
        assert category.estimate == pytest.approx(expected["share"], rel=1e-12, abs=1e-15)
        assert category.interval.low == pytest.approx(expected["low"], rel=1e-9, abs=1e-15)
        assert category.interval.high == pytest.approx(expected["high"], rel=1e-9)


def test_unused_categories_keep_their_place():
    result = frequencies(pd.Series([3, 1, 3, np.nan], name="Q"), [3, 2, 1])
    assert [(c.code, c.count) for c in result.categories] == [(3, 2), (2, 0), (1, 1)]
    frame = result.to_frame()
    assert frame["estimate"].tolist() == pytest.approx([2 / 3, 0, 1 / 3])
    assert frame["code"].tolist() == ["3", "2", "1"]
    assert frame["count"].tolist() == [2, 0, 1]


def test_nobody_answered():
    result = frequencies(pd.Series([np.nan, np.nan], name="Q"), [1, 2])
    assert (result.n, result.n_missing, result.state, result.reason) == (0, 2, "too_few", "nobody answered")
    assert [entry.estimate for entry in result.entries()] == [None, None]


def test_an_answer_outside_the_categories_is_refused():
    with pytest.raises(
        ValueError, match=r"Q: answers \[4.0, 9.0\] are none of the categories \[1, 2\]. Recode them"
    ):
        frequencies(pd.Series([1, 9, 4], name="Q"), [1, 2])


@given(st.integers(1, 500), st.data())
def test_interval_holds_the_share_and_mirrors(n, data):
    count = data.draw(st.integers(0, n))
    interval, mirrored = wilson_interval(count, n), wilson_interval(n - count, n)
    assert 0 <= interval.low <= count / n <= interval.high <= 1
    assert (interval.low, interval.high) == pytest.approx((1 - mirrored.high, 1 - mirrored.low), abs=1e-12)


def test_a_count_above_n_is_refused():
    with pytest.raises(ValueError, match="got count 4 of n 3"):
        wilson_interval(4, 3)
