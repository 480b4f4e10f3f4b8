"""Squared lengths: limits, their duality with tails, and coverage where the usual interval fails."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.squared_effects import SquaredEffect


@given(st.floats(0.005, 0.6), st.floats(0.01, 0.2), st.integers(1, 12))
def test_limits_are_where_a_fortieth_lies_beyond(estimate, error, df):
    effect = SquaredEffect(estimate=estimate, std_error=error, df=df)
    limits = effect.interval(0.95)
    assert 0 <= limits.low <= limits.high <= 1
    if limits.low > 1e-9:
        assert effect.tail(limits.low, upper=True) == pytest.approx(0.025, abs=1e-6)
    if limits.high == 0:  # closer to zero than one sample in forty would be if the effect were zero
        assert effect.tail(0.0, upper=False) <= 0.025
    elif limits.high < 1:
        assert effect.tail(limits.high, upper=False) == pytest.approx(0.025, abs=1e-6)


def test_far_from_zero_the_interval_is_the_usual_one():
    limits = SquaredEffect(estimate=0.4, std_error=0.01, df=1).interval(0.95)
    assert limits.low == pytest.approx(0.4 - 1.96 * 0.01, abs=4e-4)
    assert limits.high == pytest.approx(0.4 + 1.96 * 0.01, abs=4e-4)


def test_near_zero_it_covers_where_twice_the_error_does_not():
    rng = np.random.default_rng(3)
    true, unit = np.eye(20)[0] * 0.02, 0.02  # a short length among twenty noisy differences
    covered = usual = 0
    for _ in range(2000):
        seen = true + unit * rng.normal(size=20)
        square = float((seen**2).sum())
        error = 2 * unit * np.sqrt(square)
        limits = SquaredEffect(estimate=square, std_error=error, df=20).interval(0.95)
        covered += limits.low <= 0.02**2 <= limits.high
        usual += abs(square - 0.02**2) <= 1.96 * error
    # the standard error of a coverage of 95 % over 2,000 draws is half a point
    assert covered / 2000 == pytest.approx(0.95, abs=0.015)
    assert usual / 2000 < 0.5
