import numpy as np
import pandas as pd
import pytest

from analysis.driver_comparison import compare_drivers
from analysis.drivers import key_drivers


def made(n=150, seed=3, differ=False):
    rng = np.random.default_rng(seed)
    x = pd.DataFrame(rng.normal(size=(2 * n, 3)), columns=["A", "B", "C"])
    tier = pd.Series(np.repeat(["gold", "mass"], n), name="tier")
    main = x["A"].where(tier == "gold", x["B"]) if differ else x["A"]
    return (main + 0.5 * x["C"] + rng.normal(size=2 * n)).rename("Y"), x, tier


def run(y, x, tier, **more):
    return compare_drivers(y, x, tier, rng=np.random.default_rng(1), resamples=300, **more)


@pytest.mark.parametrize("importance", ["lmg", "relative_weight"])
def test_each_tier_has_its_own_key_drivers(importance):
    y, x, tier = made()
    y.iloc[[3, 200]] = np.nan
    result = run(y, x, tier, importance=importance)
    assert (result.n, result.n_missing) == (298, 2)
    for side in ("first", "second"):
        for found in result.differences:
            mine = tier == getattr(found, side)
            alone = key_drivers(y[mine], x[mine], rng=np.random.default_rng(0), resamples=50)
            driver = next(d for d in alone.drivers if d.name == found.driver)
            value = getattr(found, f"importance_{side}")
            assert value == pytest.approx(getattr(driver, importance), rel=1e-9)
            assert getattr(found, f"n_{side}") == alone.n


def test_shares_of_a_tier_add_up_to_one_and_differences_to_nothing():
    result = run(*made(differ=True), share=True)
    assert sum(found.importance_first for found in result.differences) == pytest.approx(1)
    assert sum(found.estimate for found in result.differences) == pytest.approx(0, abs=1e-12)
    assert result.entries()[0].measure == "difference_in_lmg_share"


def test_a_true_difference_is_found_and_the_seed_decides_everything():
    result = run(*made(differ=True))
    assert [found.p_value < 0.05 for found in result.differences] == [True, True, False]
    assert result.differences[0].interval.low > 0 > result.differences[1].interval.high
    assert run(*made(differ=True)) == result


def test_three_tiers_are_three_pairs():
    y, x, _ = made()
    tier = pd.Series(np.resize([3, 1, 2], len(y)), name="tier")
    pairs = [(found.first, found.second) for found in run(y, x, tier).differences]
    assert pairs == [pair for pair in (("1", "2"), ("1", "3"), ("2", "3")) for _ in range(3)]


def test_equal_drivers_are_seldom_told_apart():
    """Seeded: 200 pairs of tiers of 80 and 160 respondents with five-point answers and the same drivers."""
    rng = np.random.default_rng(4)
    wrong = 0
    tier = pd.Series(np.repeat(["a", "b"], [80, 160]), name="tier")
    for _ in range(200):
        x = pd.DataFrame(np.clip(np.round(rng.normal(3, 1, size=(240, 2))), 1, 5), columns=["A", "B"])
        y = np.clip(np.round(0.5 * x["A"] + 0.3 * x["B"] + rng.normal(0.6, 0.8, size=240)), 1, 5).rename("Y")
        found = compare_drivers(y, x, tier, rng=rng, resamples=300).differences[0]
        wrong += found.interval.excludes(0)
    assert 0.02 <= wrong / 200 <= 0.09


def test_trouble_names_its_tier():
    y, x, tier = made()
    few = tier.where((tier == "gold") | (tier.index >= 297))
    result = run(y, x, few)
    assert (result.state, result.differences) == ("too_few", ())
    assert result.reason.startswith("tier mass: 3 respondents")
    assert run(y, x.assign(C=x["A"]), tier).state == "inadmissible"
    assert run(y, x, tier.where(tier == "gold")).reason == "1 tier; two are compared"
    assert result.to_frame()["state"].tolist() == ["too_few"]


def test_too_many_drivers_are_refused():
    y, _, tier = made()
    with pytest.raises(ValueError, match="13 drivers; at most 12"):
        run(y, pd.DataFrame(np.zeros((300, 13))), tier)
