import time
from itertools import permutations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.drivers import (
    added_value,
    jackknife_error,
    key_drivers,
    lmg_importance,
    r_squared_without_each,
    relative_weights,
)

CLOSED = {"rel": 1e-9, "abs": 1e-12}


def run(outcome, predictors, resamples=100, **options):
    return key_drivers(outcome, predictors, rng=np.random.default_rng(1), resamples=resamples, **options)


def r_squared(d):
    r = np.corrcoef(d, rowvar=False)
    return r[0, 1:] @ np.linalg.solve(r[1:, 1:], r[1:, 0]) if d.shape[1] > 1 else 0.0


def check(result, case, computed_by_r):
    r = computed_by_r("associations", case)
    assert (result.n, result.r_squared, result.adjusted_r_squared) == pytest.approx(
        (r["n"], r["r_squared"], r["adjusted"]), **CLOSED
    )
    for driver in result.drivers:
        r = computed_by_r("associations", f"{case} {driver.name}")
        assert (driver.lmg, driver.relative_weight) == pytest.approx((r["lmg"], r["johnson"]), **CLOSED)
        assert driver.lmg_share == pytest.approx(driver.lmg / result.r_squared, **CLOSED)
        assert driver.lmg_interval.low < driver.lmg < driver.lmg_interval.high


def test_importance_equals_r(survey, computed_by_r):
    check(run(survey["LOY"], survey[["SAT1", "SAT2", "SAT3", "NPS"]]), "drivers small", computed_by_r)


def test_importance_for_bank_customers_equals_r(shared_data, computed_by_r):
    bank = pd.read_csv(shared_data / "bank" / "service_quality_SQ.csv")
    check(run(bank["sat"], bank[["a01", "a05", "a09", "a13", "a17", "a21"]]), "drivers bank", computed_by_r)


@given(st.integers(0, 10_000), st.integers(2, 4))
@settings(max_examples=20)
def test_lmg_is_the_mean_over_all_orders_and_sums_to_r_squared(seed, k):
    rng = np.random.default_rng(seed)
    d = rng.normal(size=(40, k + 1)) @ rng.normal(size=(k + 1, k + 1))
    gains = np.zeros(k)
    orders = list(permutations(range(1, k + 1)))
    for order in orders:
        for place, j in enumerate(order):
            gains[j - 1] += r_squared(d[:, [0, *order[: place + 1]]]) - r_squared(d[:, [0, *order[:place]]])
    r = np.corrcoef(d, rowvar=False)[None]
    assert lmg_importance(r)[0] == pytest.approx(gains / len(orders), rel=1e-6, abs=1e-8)
    assert lmg_importance(r).sum() == pytest.approx(r_squared(d), rel=1e-8)
    assert relative_weights(r).sum() == pytest.approx(r_squared(d), rel=1e-6)


def test_performance_is_the_mean_on_0_to_100(survey):
    result = run(survey["LOY"], survey[["SAT1", "NPS"]], bounds={"SAT1": (1, 5)})
    used = survey[["LOY", "SAT1", "NPS"]].dropna()
    assert result.drivers[0].performance == pytest.approx((used["SAT1"].mean() - 1) / 4 * 100)
    assert result.drivers[1].performance is None


def test_interval_of_importance_is_that_of_drawing_respondents(survey):
    d = survey[["LOY", "SAT1", "NPS"]].dropna().to_numpy()
    result = run(survey["LOY"], survey[["SAT1", "NPS"]], resamples=4000)
    rng = np.random.default_rng(2)
    draws = [np.corrcoef(d[rng.integers(len(d), size=len(d))], rowvar=False) for _ in range(2000)]
    low, high = np.quantile(lmg_importance(np.array(draws))[:, 0], [0.025, 0.975])
    # two independent bootstraps; the loose bound is their sampling error
    interval = result.drivers[0].lmg_interval
    assert (interval.low, interval.high) == pytest.approx((low, high), abs=0.03)


def test_r_squared_without_each_is_that_of_leaving_out(survey):
    d = survey[["LOY", "SAT1", "NPS"]].dropna().to_numpy()
    left_out = [r_squared(np.delete(d, i, axis=0)) for i in range(len(d))]
    assert r_squared_without_each(d[:, 0], d[:, 1:]) == pytest.approx(left_out, rel=1e-10)


def draw(n, b, rng):
    x = rng.normal(size=(n, 4)) + 0.7 * rng.normal(size=(n, 1))
    raw = np.column_stack([x @ b + rng.normal(size=n), x])
    return np.clip(np.round(raw + 3), 1, 5)


@pytest.mark.parametrize("size", [0.08, 0.4])
def test_interval_of_r_squared_covers(size):
    rng = np.random.default_rng(8)
    true = r_squared(draw(300_000, np.full(4, size), rng))
    hits = 0
    for _ in range(100):
        d = pd.DataFrame(draw(300, np.full(4, size), rng), columns=list("yabcd"))
        interval = run(d["y"], d[list("abcd")], resamples=4).interval
        hits += interval.low <= true <= interval.high
    assert hits / 100 >= 0.88


@pytest.mark.parametrize("size", [0.05, 0.1])
def test_interval_of_a_gain_covers(size):
    """Small gains, where estimate and twice its error misses too often from below."""
    rng = np.random.default_rng(9)
    b = np.array([0.4, 0.4, size, size])
    big = draw(300_000, b, rng)
    true = r_squared(big) - r_squared(big[:, :3])
    hits = 0
    for _ in range(150):
        d = pd.DataFrame(draw(300, b, rng), columns=list("yabcd"))
        interval = added_value(d["y"], d[["a", "b"]], d[["c", "d"]]).interval
        hits += interval.low <= true <= interval.high
    assert hits / 150 >= 0.915


def test_added_value_equals_anova_of_nested_models(survey, computed_by_r):
    r = computed_by_r("associations", "added")
    result = added_value(survey["LOY"], survey[["SAT1"]], survey[["SAT2", "NPS"]])
    found = (
        result.n,
        result.r_squared_base,
        result.r_squared_full,
        result.estimate,
        result.statistic,
        *result.df,
        result.p_value,
    )
    assert found == pytest.approx(
        tuple(r[k] for k in ("n", "base", "full", "gain", "f", "df1", "df2", "p")), **CLOSED
    )
    assert result.n_missing == 64 - r["n"]
    d = survey[["LOY", "SAT1", "SAT2", "NPS"]].dropna().to_numpy()
    without = [r_squared(np.delete(d, i, 0)) - r_squared(np.delete(d, i, 0)[:, :2]) for i in range(len(d))]
    assert result.std_error == pytest.approx(jackknife_error(np.array(without)), rel=1e-9)
    assert result.tail()(result.interval.low, True) == pytest.approx(0.025, rel=1e-6)
    assert result.tail()(result.interval.high, False) == pytest.approx(0.025, rel=1e-6)


def test_tail_is_the_dual_of_the_interval(survey):
    result = run(survey["LOY"], survey[["SAT1", "NPS"]], confidence_level=0.9)
    assert result.tail()(result.interval.low, True) == pytest.approx(0.05, rel=1e-9)
    assert result.tail()(result.interval.high, False) == pytest.approx(0.05, rel=1e-9)


def test_what_cannot_be_divided_says_why(survey):
    x = survey[["SAT1"]].assign(again=2 * survey["SAT1"])
    assert run(survey["LOY"], x).reason == "some predictors are exact combinations of others"
    assert added_value(survey["LOY"], x[["SAT1"]], x[["again"]]).state == "inadmissible"
    with pytest.raises(ValueError, match="13 drivers; at most 12"):
        run(survey["LOY"], pd.DataFrame(np.eye(64, 13)))
    # the last driver is 1 for two respondents: many resamples have neither
    rare = survey[["SAT1"]].dropna().reset_index(drop=True)
    rare["rare"] = (rare.index < 2) * 1.0
    y = pd.Series(np.random.default_rng(1).normal(size=len(rare)), index=rare.index, name="y")
    result = run(y, rare)
    assert (result.state, result.r_squared) == ("not_converged", None)
    assert "of 100 resamples" in result.reason


def test_twelve_drivers_take_little_time():
    rng = np.random.default_rng(3)
    x = pd.DataFrame(rng.normal(size=(500, 12)), columns=list("abcdefghijkl"))
    y = (x.sum(axis=1) + rng.normal(size=500)).rename("y")
    begin = time.process_time()
    result = run(y, x, resamples=100)
    assert time.process_time() - begin < 5  # about half a second; a busy machine must not fail it
    assert sum(driver.lmg for driver in result.drivers) == pytest.approx(result.r_squared, rel=1e-10)
