import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import f_oneway, kruskal

from analysis.groups import compare_groups, hedges_g, split_by_group
from analysis.squared_effects import SquaredEffect

CLOSED = {"rel": 1e-9}
# effectsize finds noncentral limits by a coarse search; the same equations, solved in R, are compared below.
SEARCHED = {"rel": 5e-3, "abs": 5e-4}
# R's noncentral distribution functions stop at an error of 1e-9, which the root near a tail multiplies.
NONCENTRAL = {"rel": 2e-6, "abs": 1e-9}
# R's quantile of the studentized range stops at seven digits (ours is checked against exact values elsewhere).
INTEGRATED = {"rel": 1e-6, "abs": 1e-9}


def compare(values, groups, **options):
    return compare_groups(values, groups, rng=np.random.default_rng(1), **options)


def tiers(survey, column="TIER"):
    return survey[column].astype(pd.CategoricalDtype(sorted(survey[column].dropna().unique()), ordered=True))


def check(result, case, computed_by_r):
    r = computed_by_r("groups", case)
    assert result.n == r["n"]
    for test, statistic, df, p_value in (
        (result.welch, "welch_f", ("welch_df1", "welch_df2"), "welch_p"),
        (result.classical, "f", ("df1", "df2"), "p"),
        (result.kruskal_wallis, "h", ("h_df",), "h_p"),
        (result.brown_forsythe_means, "bfm_f", ("bfm_df1", "bfm_df2"), "bfm_p"),
        (result.brown_forsythe, "bf_f", ("bf_df1", "bf_df2"), "bf_p"),
    ):
        assert test.statistic == pytest.approx(r[statistic], **CLOSED), test.measure
        assert test.df == pytest.approx(tuple(r[name] for name in df), **CLOSED), test.measure
        assert test.p_value == pytest.approx(r[p_value], **CLOSED), test.measure
        assert test.n == r["n"]
    for effect, name in (
        (result.omega_squared, "omega"),
        (result.eta_squared, "eta"),
        (result.epsilon_squared, "anova_epsilon"),
    ):
        assert effect.estimate == pytest.approx(r[name], rel=1e-9, abs=1e-12)
        # all three have the interval of the F that was seen; effectsize bends that of omega and epsilon
        for end, value in (("low", effect.interval.low), ("high", effect.interval.high)):
            assert value == pytest.approx(r[f"eta_{end}"], **NONCENTRAL), (name, end)
            assert value == pytest.approx(r[f"effectsize_eta_{end}"], **SEARCHED), (name, end)
    assert result.omega_squared_robust.estimate == result.omega_squared.estimate
    assert result.rank_epsilon_squared.estimate == pytest.approx(r["epsilon"], **CLOSED)
    for summary in result.groups:
        g = computed_by_r("groups", f"{case} {summary.group}")
        for name in ("n", "mean", "sd", "median"):
            assert getattr(summary, name) == pytest.approx(g[name], **CLOSED)
        assert (summary.interval.low, summary.interval.high) == pytest.approx((g["low"], g["high"]), **CLOSED)
    for pair in result.pairs:
        check_pair(pair, computed_by_r("groups", f"{case} {pair.group} - {pair.versus}"))


def check_pair(pair, r):
    for name, key in (
        ("estimate", "difference"),
        ("std_error", "std_error"),
        ("statistic", "t"),
        ("df", "df"),
    ):
        assert getattr(pair, name) == pytest.approx(r[key], rel=1e-9, abs=1e-12)
    assert pair.p_value == pytest.approx(r["p"], **INTEGRATED)
    assert pair.p_value == pytest.approx(r["rstatix_p"], abs=6e-4)  # rstatix rounds to three decimals
    assert (pair.interval.low, pair.interval.high) == pytest.approx((r["low"], r["high"]), **INTEGRATED)
    assert pair.hedges_g == pytest.approx(r["g"], rel=1e-9, abs=1e-12)
    # the interval shown is that of influence values, of survey's delta method with each group a stratum
    error = pair.hedges_g_error
    found = (error.std_error, error.df, pair.hedges_g_interval.low, pair.hedges_g_interval.high)
    wanted = tuple(r[name] for name in ("g_se", "g_df", "g_influence_low", "g_influence_high"))
    assert found == pytest.approx(wanted, rel=1e-9, abs=1e-11)
    other = pair.hedges_g_noncentral_interval
    assert (other.low, other.high) == pytest.approx((r["g_low"], r["g_high"]), **NONCENTRAL)
    assert (other.low, other.high) == pytest.approx(
        (r["effectsize_g_low"], r["effectsize_g_high"]), **SEARCHED
    )


@pytest.mark.parametrize("variable", ["SAT1", "LOY", "satisfaction"])
def test_tiers_of_the_small_survey_equal_r(variable, survey, computed_by_r):
    survey["satisfaction"] = survey[["SAT1", "SAT2", "SAT3", "SAT4"]].mean(axis=1, skipna=False)
    result = compare(survey[variable], tiers(survey))
    assert result.n + result.n_missing == 64
    assert [summary.group for summary in result.groups] == ["1", "2", "3", "4"]
    assert [(pair.versus, pair.group) for pair in result.pairs][:3] == [("1", "2"), ("1", "3"), ("1", "4")]
    check(result, f"small {variable}", computed_by_r)


@pytest.mark.parametrize(("variable", "grouping"), [("LOY", "SEX"), ("NPS", "CH_3")])
def test_two_groups_equal_r(variable, grouping, survey, computed_by_r):
    result = compare(survey[variable], tiers(survey, grouping))
    check(result, f"small {variable} by {grouping}", computed_by_r)
    # With two groups Welch's F is the square of Welch's t, and nothing is left to correct.
    assert result.welch.statistic == pytest.approx(result.pairs[0].statistic ** 2, rel=1e-9)
    assert result.pairs[0].p_value == pytest.approx(result.welch.p_value, rel=1e-6)


def test_bank_customers_by_card_equal_r(shared_data, computed_by_r):
    bank = pd.read_csv(shared_data / "bank" / "bank_churn_card_tier_a.csv")
    cards = bank["CardType"].astype(pd.CategoricalDtype(sorted(bank["CardType"].unique()), ordered=True))
    check(compare(bank["SatisfactionScore"], cards), "bank SatisfactionScore", computed_by_r)
    scores = bank["SatisfactionScore"].astype(pd.CategoricalDtype(ordered=True))
    check(compare(bank["CreditScore"], scores), "bank CreditScore", computed_by_r)


def test_employees_by_job_level_equal_r(shared_data, computed_by_r):
    staff = pd.read_csv(shared_data / "employees" / "ibm_hr_attrition.csv", encoding="utf-8-sig")
    levels = staff["JobLevel"].astype(pd.CategoricalDtype(ordered=True))
    check(compare(staff["YearsAtCompany"], levels), "hr YearsAtCompany", computed_by_r)


def test_bootstrap_interval_is_that_of_drawing_respondents(survey):
    data = survey[["SAT1", "TIER"]].dropna()
    result = compare(survey["SAT1"], tiers(survey), resamples=4000).rank_epsilon_squared
    rng = np.random.default_rng(2)
    drawn = []
    for _ in range(1500):
        sample = data.iloc[rng.integers(len(data), size=len(data))]
        h = kruskal(*(own["SAT1"] for _, own in sample.groupby("TIER"))).statistic
        drawn.append(h / (len(data) - 1))
    freed = np.clip(np.array(drawn) - 2 * (np.mean(drawn) - result.estimate), 0, 1)
    # Two independent bootstraps of 4000 and 1500 draws; the loose bound is their sampling error.
    assert (result.interval.low, result.interval.high) == pytest.approx(
        np.quantile(freed, [0.025, 0.975]), abs=0.03
    )
    assert result.interval.low < result.estimate < result.interval.high
    again = compare(survey["SAT1"], tiers(survey), resamples=4000).rank_epsilon_squared
    assert again == result


def some(answers, groups, categories=None):
    return pd.Series(answers, dtype=float, name="SAT"), pd.Series(
        pd.Categorical(groups, categories, ordered=True), name="TIER"
    )


def test_empty_groups_are_listed_and_take_no_part():
    values, groups = some([1, 2, 3, 3, 4, 5, 4], list("aaabbbb"), ["a", "none", "b"])
    result = compare(values, groups)
    assert [(g.group, g.n, g.state) for g in result.groups] == [
        ("a", 3, "ok"),
        ("none", 0, "empty_cell"),
        ("b", 4, "ok"),
    ]
    without = compare(values, groups.cat.remove_unused_categories())
    assert result.welch == without.welch
    assert result.pairs == without.pairs


def test_a_single_respondent_stops_welch_but_not_the_ranks():
    result = compare(*some([1, 2, 3, 3, 4, 5, 2], list("aaabbbc")))
    assert (result.welch.state, result.welch.reason) == ("too_few", "fewer than 2 respondents: c")
    assert result.classical.statistic == pytest.approx(f_oneway([1, 2, 3], [3, 4, 5], [2]).statistic)
    assert result.kruskal_wallis.statistic == pytest.approx(kruskal([1, 2, 3], [3, 4, 5], [2]).statistic)
    assert [pair.state for pair in result.pairs] == ["ok", "too_few", "too_few"]
    assert result.groups[2].interval is None
    two = compare(*some([1, 2, 3, 3, 4, 5], list("aaabbb")))
    assert result.pairs[0].p_value == pytest.approx(
        two.pairs[0].p_value
    )  # the range counts comparable groups


def test_a_group_that_agrees_stops_welch_and_its_pairs():
    result = compare(*some([1, 2, 3, 3, 4, 5, 2, 2], list("aaabbbcc")))
    assert result.welch.state == "constant"
    assert result.welch.reason == "all answers within a group are the same: c"
    assert [pair.state for pair in result.pairs] == ["ok", "constant", "constant"]
    assert result.pairs[1].estimate == 0
    assert result.pairs[1].p_value is None
    assert result.classical.state == "ok"


@pytest.mark.parametrize(
    ("answers", "groups", "welch", "classical", "ranks"),
    [
        ([1, 2, 3], list("aaa"), "too_few", "too_few", "too_few"),
        ([], [], "too_few", "too_few", "too_few"),
        ([2, 2, 2, 2], list("aabb"), "constant", "constant", "constant"),
        ([2, 2, 3, 3], list("aabb"), "constant", "constant", "ok"),
        ([2, 3], list("ab"), "too_few", "constant", "ok"),
    ],
)
def test_what_cannot_be_tested_has_a_state_everywhere(answers, groups, welch, classical, ranks):
    result = compare(*some(answers, groups, ["a", "b"]))
    assert result.welch.state == welch
    assert result.classical.state == result.omega_squared.state == result.eta_squared.state == classical
    assert result.kruskal_wallis.state == result.rank_epsilon_squared.state == ranks
    for entry in result.entries():
        assert (entry.state == "ok") == (entry.reason == "")


def test_distances_equal_up_to_rounding_do_not_count_as_variation():
    result = compare(*some([1.1, 1.3, 2.2, 2.8], list("aabb")))
    assert result.brown_forsythe.state == "constant"
    assert "equally far from the median" in result.brown_forsythe.reason


def test_entries_name_everything():
    frame = compare(*some([1, 2, 3, 3, 4, 5, 2, 4], list("aaabbbcc"))).to_frame()
    assert frame["measure"].tolist() == (
        ["mean"] * 3
        + ["welch_f", "classical_f", "kruskal_wallis_h", "brown_forsythe_means_f", "brown_forsythe_f"]
        + ["omega_squared", "eta_squared", "epsilon_squared"]
        + ["omega_squared_robust", "rank_epsilon_squared"]
        + ["mean_difference", "hedges_g"] * 3
    )
    assert (frame["variable"] == "SAT").all()
    assert (frame["grouping"] == "TIER").all()
    assert frame["versus"].dropna().tolist() == ["a"] * 4 + ["b"] * 2


def test_groups_without_an_order_and_other_respondents_are_refused():
    with pytest.raises(TypeError, match="category dtype"):
        compare(pd.Series([1.0, 2.0]), pd.Series([1, 2]))
    values, groups = some([1, 2, 3], list("abb"))
    with pytest.raises(ValueError, match="one index"):
        split_by_group(values.iloc[::-1], groups)


def test_the_interval_of_g_shown_is_the_one_from_influence_values(survey):
    """Where the smaller group spreads more, the noncentral t is too sure; it stands beside, not in place."""
    wide, narrow = [1, 1, 9, 9, 1, 9, 5, 9], [4, 5, 5, 6, 5, 4, 6, 5, 5, 4, 6, 5] * 6
    result = compare(*some(narrow + wide, ["a"] * len(narrow) + ["b"] * len(wide)))
    (entry,) = [entry for entry in result.entries() if entry.measure == "hedges_g"]
    low, high = entry.more["noncentral_low"], entry.more["noncentral_high"]
    assert entry.interval == result.pairs[0].hedges_g_interval
    assert entry.interval.high - entry.interval.low > 1.5 * (high - low)
    assert entry.method.endswith("interval from influence values")
    assert entry.df[0] < 10  # those of the small group
    (pair,) = compare(*some([1, 3, 2, 3, 4, 5], list("aabbbb"))).pairs
    assert (pair.hedges_g_interval, pair.state) == (None, "ok")
    (few,) = [
        e for e in compare(*some([1, 3, 2, 3, 4, 5], list("aabbbb"))).entries() if e.measure == "hedges_g"
    ]
    assert few.estimate == pair.hedges_g
    assert few.interval is None
    assert few.reason == "no interval of g from influence values: that takes 3 respondents in each group"


DRAWN = st.lists(st.tuples(st.integers(1, 5), st.sampled_from("abc")), min_size=12, max_size=40)


@settings(max_examples=25)
@given(DRAWN)
def test_unit_and_side_do_not_matter(drawn):
    values, groups = some([v for v, _ in drawn], [g for _, g in drawn], list("abc"))
    plain, turned = compare(values, groups, resamples=10), compare(13 - 2 * values, groups, resamples=10)
    for name in ("welch", "classical", "kruskal_wallis", "brown_forsythe"):
        a, b = getattr(plain, name), getattr(turned, name)
        assert a.state == b.state
        if a.state == "ok":
            assert (a.statistic, a.p_value) == pytest.approx((b.statistic, b.p_value), rel=1e-8, abs=1e-9)
    for a, b in zip(plain.pairs, turned.pairs, strict=True):
        assert a.estimate == pytest.approx(-b.estimate / 2, abs=1e-12)
        if a.state == "ok":
            assert a.hedges_g == pytest.approx(-b.hedges_g, abs=1e-9)
            assert a.interval.low <= a.estimate <= a.interval.high


@settings(max_examples=25)
@given(DRAWN)
def test_variance_shares_are_ordered(drawn):
    result = compare(*some([v for v, _ in drawn], [g for _, g in drawn], list("abc")), resamples=10)
    if result.eta_squared.state != "ok":
        return
    assert 0 <= result.omega_squared.estimate <= result.eta_squared.estimate <= 1
    eta = result.eta_squared
    assert eta.interval.low <= eta.interval.high


def test_the_robust_share_of_variance_is_that_of_leaving_respondents_out(survey):
    data = survey[["LOY", "TIER"]].dropna().reset_index(drop=True)
    result = compare(survey["LOY"], tiers(survey)).omega_squared_robust

    def eta(sample):
        mean = sample.groupby("TIER")["LOY"].transform("mean")
        return ((mean - sample["LOY"].mean()) ** 2).sum() / (
            (sample["LOY"] - sample["LOY"].mean()) ** 2
        ).sum()

    n = len(data)
    left = np.array([eta(data.drop(index=i)) for i in data.index])
    deviation = np.sqrt((n - 1) / n) * (left - left.mean())
    variance = (deviation**2).sum()
    df = min(n - data["TIER"].nunique(), 3 * variance**2 / (deviation**4).sum())
    squared = SquaredEffect(estimate=eta(data), std_error=np.sqrt(variance), df=3, denominator_df=df)
    interval = squared.interval(0.95)
    assert (result.interval.low, result.interval.high) == pytest.approx(
        (interval.low, interval.high), rel=1e-9
    )
    assert result.interval.low < result.estimate < result.interval.high


def test_a_share_of_equal_means_has_no_interval():
    found = compare(*some([1, 2, 1, 2], list("aabb"))).omega_squared_robust
    assert (found.estimate, found.interval, found.state) == (0, None, "no_error")


def test_samples_too_small_to_resample_say_so():
    """One resample of three respondents, two of whom said one thing, holds only them in some draws."""
    values, groups = some([1, 1, 2], list("abb"))
    states = {}
    for seed in range(40):
        found = compare_groups(values, groups, rng=np.random.default_rng(seed), resamples=1)
        states[found.rank_epsilon_squared.state] = found.rank_epsilon_squared
    assert states["ok"].interval is not None
    assert states["too_few"].interval is None
    assert states["too_few"].reason == "in every resample all answers are the same"


def test_hedges_g_changes_sign_with_the_order():
    a, b = np.array([4.0, 5, 4, 3]), np.array([2.0, 3, 3, 1, 2])
    g, interval = hedges_g(a, b)
    back, mirrored = hedges_g(b, a)
    assert g == pytest.approx(-back)
    assert (interval.low, interval.high) == pytest.approx((-mirrored.high, -mirrored.low), rel=1e-9)
