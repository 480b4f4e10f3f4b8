import numpy as np
import pytest

from analysis.bootstrap import (
    BootstrapDistribution,
    estimable,
    resampled_correlations,
    resampled_counts,
    resampled_sums,
)
from analysis.squared_effects import SquaredEffect


def rng():
    return np.random.default_rng(1)


def test_counts_are_resamples_in_any_batching(monkeypatch):
    whole = np.concatenate(list(resampled_counts(rng(), 30, 50)))
    assert whole.shape == (50, 30)
    assert (whole.sum(axis=1) == 30).all()
    monkeypatch.setattr("analysis.bootstrap.BATCH_CELLS", 200)
    batches = list(resampled_counts(rng(), 30, 50))
    assert [len(batch) for batch in batches] == [6] * 8 + [2]
    assert np.array_equal(np.concatenate(batches), whole)
    # each respondent is drawn Binomial(n, 1 / n) times: variance 1 - 1 / n
    many = np.concatenate(list(resampled_counts(rng(), 30, 20_000)))
    assert many.var(axis=0).mean() == pytest.approx(29 / 30, rel=0.02)


def test_sums_and_correlations_are_those_of_repeated_rows():
    data = rng().normal(size=(40, 3)) + np.array([5, 0, -2])
    codes = np.repeat(np.arange(8), 5)
    for clusters in (None, codes):
        counts = np.concatenate(list(resampled_counts(rng(), 40 if clusters is None else 8, 20)))
        rows = counts if clusters is None else counts[:, codes]
        assert resampled_sums(data, rng(), 20, clusters) == pytest.approx(rows @ data, rel=1e-12)
        found = resampled_correlations(data, rng(), 20, clusters)
        repeated = [np.corrcoef(np.repeat(data, row.astype(int), axis=0), rowvar=False) for row in rows]
        assert found == pytest.approx(np.array(repeated), rel=1e-9, abs=1e-12)


def test_a_variable_that_does_not_vary_in_a_resample_leaves_it_out():
    data = np.column_stack([rng().normal(size=6), [1, 0, 0, 0, 0, 0]])
    found = resampled_correlations(data, rng(), 200)
    lost = np.isnan(found).any(axis=(1, 2))
    assert 0 < lost.sum() < 200
    assert len(estimable(found)) <= 200 - lost.sum()
    assert len(estimable(np.ones((1, 2, 2)))) == 0


def test_distribution_sorts_counts_failures_and_compares():
    found = BootstrapDistribution.of(np.array([3.0, np.nan, 1.0, 2.0]))
    assert (found.draws.tolist(), found.failed, found.resamples) == ([1, 2, 3], 1, 4)
    assert found == BootstrapDistribution.of(np.array([1.0, 2.0, 3.0, np.nan]))
    assert found != BootstrapDistribution.of(np.array([1.0, 2.0, 4.0, np.nan]))
    assert found.tail(2.0, upper=True) == 3 / 4
    assert found.tail(2.0, upper=False) == 3 / 4
    assert found.p_value_against(0.0) == pytest.approx(2 / 4)


def test_p_value_crosses_the_level_where_the_interval_ends():
    found = BootstrapDistribution.of(rng().normal(size=9999))
    interval = found.interval(0.95)
    assert found.p_value_against(interval.low - 0.01) < 0.05 < found.p_value_against(interval.low + 0.01)
    assert found.p_value_against(interval.high + 0.01) < 0.05 < found.p_value_against(interval.high - 0.01)


def test_bias_of_a_squared_length_is_taken_out():
    found = BootstrapDistribution.of_squared_length(np.array([0.2, 0.3, 0.4, np.nan]), 0.25)
    assert found.draws == pytest.approx([0.1, 0.2, 0.3])
    assert found.failed == 1
    assert BootstrapDistribution.of_squared_length(np.array([0.0, 0.4]), 0.0).draws.min() == 0


def test_squared_effect_inverts_its_own_tail():
    effect = SquaredEffect(estimate=0.08, std_error=0.03, df=3)
    interval = effect.interval(0.9)
    assert effect.tail(interval.low, upper=True) == pytest.approx(0.05, rel=1e-6)
    assert effect.tail(interval.high, upper=False) == pytest.approx(0.05, rel=1e-6)
    assert SquaredEffect(estimate=0.001, std_error=0.01, df=3).interval().low == 0


def test_squared_effect_far_from_zero_is_wald_on_the_scale_of_the_length():
    effect = SquaredEffect(estimate=0.25, std_error=0.01, df=1)
    half = 1.959964 * 0.01 / (2 * 0.5)
    interval = effect.interval()
    assert (interval.low, interval.high) == pytest.approx(((0.5 - half) ** 2, (0.5 + half) ** 2), rel=1e-5)
