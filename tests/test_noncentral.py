import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import betainc
from scipy.stats import ncf, nct, ncx2, poisson

from analysis.noncentral import chi_square_noncentrality, f_noncentrality, t_noncentrality

LEVELS = st.sampled_from([0.8, 0.9, 0.95, 0.99])


@given(st.floats(0.01, 3000), st.integers(1, 40), LEVELS)
def test_limits_put_the_chi_square_at_its_tails(statistic, df, level):
    low, high = chi_square_noncentrality(statistic, df, confidence_level=level)
    assert 0 <= low <= high
    if low > 0:
        assert ncx2.sf(statistic, df, low) == pytest.approx((1 - level) / 2, rel=1e-6)
    if high > 0:
        assert ncx2.cdf(statistic, df, high) == pytest.approx((1 - level) / 2, rel=1e-6)


@given(st.floats(0.01, 200), st.integers(1, 12), st.integers(3, 2000), LEVELS)
def test_limits_put_f_at_its_tails(statistic, df1, df2, level):
    low, high = f_noncentrality(statistic, (df1, df2), confidence_level=level)
    assert 0 <= low <= high
    if low > 0:
        assert ncf.sf(statistic, df1, df2, low) == pytest.approx((1 - level) / 2, rel=1e-6)
    if high > 0:
        assert ncf.cdf(statistic, df1, df2, high) == pytest.approx((1 - level) / 2, rel=1e-6)


@pytest.mark.parametrize(("statistic", "df1", "df2"), [(4.0, 3, 96), (2.2, 4, 47), (9.1, 1, 300)])
def test_limits_of_f_solve_the_mixture_of_beta_distributions(statistic, df1, df2):
    # A second road: noncentral F is central beta mixed over a Poisson count, summed here term by term.
    j = np.arange(400)
    central = betainc(df1 / 2 + j, df2 / 2, df1 * statistic / (df1 * statistic + df2))
    for limit, tail in zip(f_noncentrality(statistic, (df1, df2)), (0.975, 0.025), strict=True):
        if limit > 0:
            assert poisson.pmf(j, limit / 2) @ central == pytest.approx(tail, rel=1e-11)


@given(st.floats(-25, 25), st.integers(2, 2000), LEVELS)
def test_limits_put_t_at_its_tails_and_mirror(statistic, df, level):
    low, high = t_noncentrality(statistic, df, confidence_level=level)
    assert nct.sf(statistic, df, low) == pytest.approx((1 - level) / 2, rel=1e-6)
    assert nct.cdf(statistic, df, high) == pytest.approx((1 - level) / 2, rel=1e-6)
    mirrored = t_noncentrality(-statistic, df, confidence_level=level)
    assert mirrored == pytest.approx((-high, -low), rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("statistic", [0.0, 1e-6])
def test_a_statistic_of_nothing_has_both_limits_at_zero(statistic):
    assert chi_square_noncentrality(statistic, 4) == (0.0, 0.0)
    assert f_noncentrality(statistic, (3, 50)) == (0.0, 0.0)


def test_large_samples_stay_in_reach():
    low, high = chi_square_noncentrality(30_000.0, 12)
    assert low < 30_000 - 12 < high
    assert (high - low) / 2 == pytest.approx(1.96 * 2 * 30_000**0.5, rel=0.01)
