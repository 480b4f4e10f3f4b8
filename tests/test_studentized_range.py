import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import studentized_range, t

from analysis.studentized_range import studentized_range_isf, studentized_range_sf


@pytest.mark.parametrize("q", [0.5, 2.0, 3.5, 6.0])
@pytest.mark.parametrize("k", [2, 3, 4, 7, 20])
@pytest.mark.parametrize("df", [12.0, 57.3, 2500.0])
def test_equal_to_ptukey(q, k, df, computed_by_r):
    expected = computed_by_r("studentized_range", f"sf {k} {df:g}")[f"q{q:g}"]
    assert studentized_range_sf(q, k, df) == pytest.approx(expected, rel=2e-7, abs=1e-9)  # as exact as R is


@settings(max_examples=20)
@given(st.floats(0.2, 6), st.integers(2, 12), st.floats(1, 400))
def test_equal_to_scipy(q, k, df):
    assert studentized_range_sf(q, k, df) == pytest.approx(
        studentized_range.sf(q, k, df), rel=1e-9, abs=1e-13
    )


@given(st.floats(0.01, 12), st.floats(1, 5000))
def test_two_groups_are_a_t_test(q, df):
    assert studentized_range_sf(q, 2, df) == pytest.approx(2 * t.sf(q / np.sqrt(2), df), rel=1e-9)


@given(st.floats(0.001, 0.9), st.integers(2, 12), st.floats(1.5, 1e5))
def test_the_quantile_is_exceeded_as_often_as_asked(p, k, df):
    assert studentized_range_sf(studentized_range_isf(p, k, df), k, df) == pytest.approx(p, rel=1e-9)


def test_a_range_of_nothing_is_always_exceeded():
    assert studentized_range_sf(0.0, 4, 20) == pytest.approx(1.0, abs=1e-12)
