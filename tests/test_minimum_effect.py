"""Zones and p-values say the same of one interval."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from analysis.minimum_effect import fisher_tail, minimum_effect, normal_tail, t_tail
from analysis.results import Interval


def judged(low, high, bound, direction):
    middle, error = (low + high) / 2, (high - low) / 2 / stats.norm.isf(0.025)
    return minimum_effect(
        Interval(low=low, high=high), normal_tail(middle, error), bound=bound, direction=direction
    )


@pytest.mark.parametrize(
    ("low", "high", "direction", "zone"),
    [
        (0.15, 0.40, "positive", "beyond"),
        (0.05, 0.40, "positive", "straddles"),
        (-0.05, 0.08, "positive", "short"),
        (-0.30, 0.05, "positive", "short"),
        (-0.40, -0.15, "positive", "opposite"),
        (-0.40, -0.15, "negative", "beyond"),
        (0.15, 0.40, "negative", "opposite"),
        (-0.40, -0.15, "any", "beyond"),
        (-0.09, 0.09, "any", "short"),
        (-0.30, 0.05, "any", "straddles"),
    ],
)
def test_where_an_interval_lies(low, high, direction, zone):
    assert judged(low, high, 0.1, direction).zone == zone


def test_a_bound_of_zero_is_the_usual_test():
    result = judged(0.1, 0.5, 0.0, "positive")
    z = 0.3 / (0.2 / stats.norm.isf(0.025))
    assert result.p_value == pytest.approx(2 * stats.norm.sf(z), rel=1e-12)
    assert judged(-0.5, -0.1, 0.0, "positive").zone == "opposite"


def test_a_negative_bound_is_refused():
    with pytest.raises(ValueError, match="cannot be negative"):
        judged(0.1, 0.2, -0.1, "any")


@given(
    st.floats(-1, 1),
    st.floats(0.01, 0.5),
    st.floats(0, 0.5),
    st.sampled_from(["positive", "negative", "any"]),
)
def test_the_p_value_is_below_a_twentieth_exactly_when_the_interval_lies_beyond(
    middle, error, bound, direction
):
    half = error * stats.norm.isf(0.025)
    if min(abs(abs(middle - half) - bound), abs(abs(middle + half) - bound)) < 1e-9:
        return  # on the bound, rounding decides
    result = judged(middle - half, middle + half, bound, direction)
    assert (result.zone == "beyond") == (result.p_value < 0.05)


@given(st.floats(-3, 3), st.floats(0.05, 1), st.floats(2, 200))
def test_tails_are_complements(estimate, error, df):
    tail = t_tail(estimate, error, df)
    assert tail(0.2, True) + tail(0.2, False) == pytest.approx(1)
    far = t_tail(estimate, error, 1e7)
    assert far(0.2, True) == pytest.approx(normal_tail(estimate, error)(0.2, True), abs=1e-6)


def test_fishers_tail_is_the_dual_of_fishers_interval():
    r, n = 0.42, 120
    error = 1 / np.sqrt(n - 3)
    low, high = np.tanh(np.arctanh(r) + np.array([-1, 1]) * stats.norm.isf(0.025) * error)
    tail = fisher_tail(r, error)
    assert tail(low, True) == pytest.approx(0.025, rel=1e-9)
    assert tail(high, False) == pytest.approx(0.025, rel=1e-9)
