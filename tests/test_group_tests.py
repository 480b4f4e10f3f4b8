"""Two groups, all pairs, equivalence, paired yes-or-no answers and factorial designs against R."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from analysis.equivalence import equivalence
from analysis.factorial.anova import factorial_anova
from analysis.mcnemar import mcnemar
from analysis.post_hoc import all_pairs
from analysis.two_groups import compare_two

CLOSED = {"rel": 1e-9, "abs": 1e-12}
RANGE = {"rel": 1e-6, "abs": 1e-9}  # R's ptukey and qtukey stop at 8 and 7 digits


def ends(interval):
    return interval.low, interval.high


def halves(survey, case):
    by, one, other = {
        "SAT1 by SEX": ("SEX", 1, 2),
        "LOY of tiers": ("TIER", 4, 1),
        "NPS of tiers": ("TIER", 2, 3),
    }[case]
    name = case.split()[0]
    return survey.loc[survey[by] == one, name], survey.loc[survey[by] == other, name]


CASES = ["SAT1 by SEX", "LOY of tiers", "NPS of tiers"]


@pytest.mark.parametrize("case", CASES)
def test_two_groups_equal_r(case, survey, computed_by_r):
    r, result = computed_by_r("group_tests", case), compare_two(*halves(survey, case))
    found = {
        "student_t": result.student.statistic,
        "student_p": result.student.p_value,
        "u": result.mann_whitney.statistic,
        "u_p": result.mann_whitney.p_value,
        "rank_biserial": result.dominance.cliffs_delta,
        "variance_ratio": result.variance_ratio,
        "superiority": result.dominance.estimate,
        "se": result.dominance.std_error,
        "df": result.dominance.df,
        "bm": result.brunner_munzel.statistic,
        "bm_p": result.brunner_munzel.p_value,
        "low": result.dominance.interval.low,
        "high": result.dominance.interval.high,
    }
    for quantity, value in found.items():
        assert value == pytest.approx(r[quantity], **CLOSED), quantity
    assert result.mann_whitney_exact.p_value == pytest.approx(r["u_exact_p"], **CLOSED)
    d, interval = result.cohens_d
    assert d == pytest.approx(r["cohens_d"], **CLOSED)
    # effectsize finds the limits by a coarse search
    assert ends(interval) == pytest.approx((r["cohens_d_low"], r["cohens_d_high"]), rel=1e-4, abs=1e-5)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("margin", [0.5, 3])
def test_equivalence_equals_two_one_sided_tests_of_r(case, margin, survey, computed_by_r):
    r = computed_by_r("group_tests", f"{case} {margin}")
    result = equivalence(*halves(survey, case), margin=margin)
    assert result.p_value_above_lower == pytest.approx(r["above_lower"], **CLOSED)
    assert result.p_value_below_upper == pytest.approx(r["below_upper"], **CLOSED)
    assert ends(result.interval) == pytest.approx((r["low"], r["high"]), **CLOSED)
    assert result.shown == (-margin < r["low"] and r["high"] < margin)


def test_not_worse_is_easier_to_show_than_equal(survey):
    better, worse = halves(survey, "LOY of tiers")
    asked = {"margin": 3.0, "alternative": "non_inferiority"}
    assert equivalence(better, worse, **asked).shown
    assert not equivalence(better, worse, margin=3.0).shown
    with pytest.raises(ValueError, match="above 0"):
        equivalence(better, worse, margin=0)


def test_brunner_and_munzel_agree_with_scipy(survey):
    a, b = (half.dropna() for half in halves(survey, "SAT1 by SEX"))
    found, other = compare_two(a, b).brunner_munzel, stats.brunnermunzel(a, b)
    assert found.p_value == pytest.approx(other.pvalue, rel=1e-12)


@given(
    st.lists(st.integers(1, 5), min_size=4, max_size=40), st.lists(st.integers(1, 5), min_size=4, max_size=40)
)
def test_dominance_is_what_counting_pairs_gives(a, b):
    first, second = pd.Series(a, dtype=float), pd.Series(b, dtype=float)
    found = compare_two(first, second).dominance
    if found is None:
        return
    counted = np.mean([(x > y) + (x == y) / 2 for x in a for y in b])
    assert found.estimate == pytest.approx(counted, abs=1e-12)
    mirrored = compare_two(second, first).dominance
    assert mirrored.cliffs_delta == pytest.approx(-found.cliffs_delta, abs=1e-12)
    assert ends(mirrored.interval) == pytest.approx(
        (1 - found.interval.high, 1 - found.interval.low), abs=1e-12
    )
    doubled = compare_two(2 * first + 1, 2 * second + 1).dominance
    assert doubled == found  # ranks do not know the unit


def test_groups_that_cannot_be_compared_say_why():
    one, same, other = (pd.Series(values, dtype=float) for values in ([3], [3, 3, 3], [4, 4, 4]))
    assert compare_two(one, same).mann_whitney.state == "too_few"
    assert compare_two(same, same).student.reason == "everybody gave one answer"
    apart = compare_two(same, other)
    assert (apart.student.state, apart.dominance, apart.brunner_munzel.state) == (
        "constant",
        None,
        "no_error",
    )
    assert "do not overlap" in apart.brunner_munzel.reason
    assert apart.to_frame()["state"].notna().any()


@pytest.mark.parametrize("variable", ["SAT1", "LOY"])
def test_pairs_equal_r(variable, survey, computed_by_r):
    tiers = survey["TIER"].astype("category")
    pairs = {
        method: all_pairs(survey[variable], tiers, method=method)
        for method in ("tukey", "lsd", "dunn", "steel_dwass")
    }
    assert len(pairs["tukey"].pairs) == 6
    for at, pair in enumerate(pairs["tukey"].pairs):
        r = computed_by_r("group_tests", f"{variable} {pair.group} {pair.versus}")
        assert pair.estimate == pytest.approx(r["difference"], **CLOSED)
        assert ends(pair.interval) == pytest.approx((r["low"], r["high"]), **RANGE)
        assert pair.p_value == pytest.approx(r["tukey_p"], **RANGE)
        assert pairs["lsd"].pairs[at].p_value == pytest.approx(r["lsd_p"], **CLOSED)
        assert pairs["dunn"].pairs[at].statistic == pytest.approx(r["dunn_z"], **CLOSED)
        assert pairs["dunn"].pairs[at].p_value == pytest.approx(r["dunn_p"], **CLOSED)
        assert pairs["steel_dwass"].pairs[at].statistic == pytest.approx(r["steel_z"], **CLOSED)
        assert pairs["steel_dwass"].pairs[at].p_value == pytest.approx(r["steel_p"], **RANGE)


def test_least_significant_differences_come_with_their_caveat(survey):
    result = all_pairs(survey["SAT1"], survey["TIER"].astype("category"), method="lsd")
    assert "by chance alone" in result.caveat
    assert result.to_frame().shape[0] == 6
    three = survey["TIER"].where(survey["TIER"] < 4).astype("category")
    assert all_pairs(survey["SAT1"], three, method="lsd").caveat == ""  # protected by the overall test


def test_pairs_without_spread_have_no_p_value():
    values = pd.Series([3.0] * 6 + [5.0] * 6, name="SAT")
    tier = pd.Series(list("ab") * 6, dtype="category", name="TIER").sort_values(ignore_index=True)
    for method in ("tukey", "lsd"):
        (pair,) = all_pairs(values, tier, method=method).pairs
        assert (pair.state, pair.p_value) == ("constant", None)
    (pair,) = all_pairs(values * 0, tier, method="dunn").pairs
    assert pair.reason == "everybody gave one answer"


METHODS = ("tukey", "dunn", "steel_dwass", "lsd")


@pytest.mark.parametrize("method", METHODS)
def test_pairs_of_hostile_tiers(method, survey):
    """One respondent, the same answer, two tiers, sixty tiers, no tier: numbers or words, and no warning."""
    tier = survey["TIER"].astype("category")
    lone = all_pairs(
        survey["SAT1"], tier.where((tier != 4) | (survey.index == tier[tier == 4].index[0])), method=method
    )
    assert all(pair.state == "ok" and 0 <= pair.p_value <= 1 for pair in lone.pairs)
    for constant in (3.0, 3.3):
        same = all_pairs(survey["SAT1"] * 0 + constant, tier, method=method)
        assert all((pair.state, pair.p_value) == ("constant", None) for pair in same.pairs)
    assert len(all_pairs(survey["SAT1"], tier.where(tier.isin([1, 2])), method=method).pairs) == 1
    for missing, words in ((tier.where(tier == 9), "no group"), (tier.where(tier == 1), "only one group")):
        nobody = all_pairs(survey["SAT1"], missing, method=method)
        assert (nobody.pairs, nobody.state) == ((), "too_few")
        assert nobody.reason.startswith(words)
        assert nobody.to_frame()["reason"].tolist() == [nobody.reason]
    rng = np.random.default_rng(5)
    many = pd.Series(np.repeat(np.arange(60), 3), dtype="category", name="TIER")
    result = all_pairs(pd.Series(rng.integers(1, 6, 180), name="SAT", dtype=float), many, method=method)
    assert len(result.pairs) == 60 * 59 / 2
    for pair in result.pairs:  # of three against three, some pairs all said one thing
        assert (pair.state, pair.p_value) == ("constant", None) or 0 <= pair.p_value <= 1


def test_singles_have_no_pooled_variance():
    values, tier = pd.Series([1.0, 3, 5], name="SAT"), pd.Series(list("abc"), dtype="category", name="TIER")
    for method in ("tukey", "lsd"):
        pairs = all_pairs(values, tier, method=method).pairs
        assert {(pair.state, pair.p_value) for pair in pairs} <= {("too_few", None), ("constant", None)}


@pytest.mark.parametrize("pair", [("CH_1", "CH_2"), ("CH_2", "CH_3")])
def test_changes_of_mind_equal_r(pair, survey, computed_by_r):
    r, result = computed_by_r("group_tests", " ".join(pair)), mcnemar(survey[pair[0]], survey[pair[1]])
    assert (result.n, result.only_first, result.only_second) == (r["n"], r["b"], r["c"])
    found = (
        result.statistic,
        result.p_value,
        result.exact_p_value,
        result.odds_ratio,
        *ends(result.interval),
    )
    assert found == pytest.approx(
        tuple(r[k] for k in ("chi2", "p", "exact", "odds", "low", "high")), **CLOSED
    )


def test_nobody_changing_is_no_test():
    answers = pd.Series([1, 0, 1, None])
    assert mcnemar(answers, answers).state == "constant"
    one_way = mcnemar(pd.Series([1, 1, 1, 0]), pd.Series([0, 0, 1, 0]))
    assert (one_way.odds_ratio, one_way.state, one_way.interval.high) == (None, "empty_cell", np.inf)
    with pytest.raises(ValueError, match=r"answers are 1, 0 or missing, found \[2.0"):
        mcnemar(pd.Series([1, 2]), pd.Series([1, 0]))


DESIGNS = {
    "two way II": ("LOY", ["TIER", "SEX"], [], True, "II"),
    "two way III": ("LOY", ["TIER", "SEX"], [], True, "III"),
    "main II": ("SAT1", ["TIER", "SEX"], [], False, "II"),
    "covariance II": ("LOY", ["TIER"], ["SAT1", "NPS"], True, "II"),
    "covariance III": ("LOY", ["TIER", "SEX"], ["SAT1"], True, "III"),
}


@pytest.mark.parametrize("case", DESIGNS)
def test_factorial_designs_equal_r(case, survey, computed_by_r):
    outcome, factors, covariates, interactions, kind = DESIGNS[case]
    result = factorial_anova(
        survey[outcome],
        survey[factors],
        survey[covariates],
        interactions=interactions,
        sums_of_squares=kind,
    )
    r = computed_by_r("group_tests", case)
    assert (result.n, result.residual_df) == (r["n"], r["df"])
    assert result.residual_mean_square == pytest.approx(r["ms"], **CLOSED)
    for term in result.terms:
        r = computed_by_r("group_tests", f"{case} {term.name}")
        found = (term.sum_of_squares, term.df, term.statistic, term.p_value, term.partial_eta_squared)
        assert found == pytest.approx(tuple(r[k] for k in ("ss", "df", "f", "p", "eta")), **CLOSED), term.name
        # R's noncentral F stops at an error of 1e-9, which the root near a tail multiplies
        assert ends(term.interval) == pytest.approx((r["low"], r["high"]), rel=1e-5, abs=1e-8)
    for mean in result.marginal_means:
        r = computed_by_r("group_tests", f"{case} {mean.factor} {mean.level}")
        found = (mean.estimate, mean.std_error, *ends(mean.interval))
        assert found == pytest.approx(tuple(r[k] for k in ("mean", "se", "low", "high")), **CLOSED)


def test_one_factor_is_the_usual_analysis_of_variance(survey):
    whole = survey[["LOY", "TIER"]].dropna()
    (term,) = factorial_anova(whole["LOY"], whole[["TIER"]]).terms
    usual = stats.f_oneway(*(part for _, part in whole["LOY"].groupby(whole["TIER"])))
    assert (term.statistic, term.p_value) == pytest.approx((usual.statistic, usual.pvalue), rel=1e-10)


def test_designs_that_cannot_be_estimated_say_why(survey):
    alone = survey.assign(SEX=np.where(survey["TIER"] == 4, 1, survey["SEX"]))
    result = factorial_anova(alone["LOY"], alone[["TIER", "SEX"]])
    assert result.state == "empty_cell"
    assert result.reason == "1 of the combinations of levels have no respondent, such as TIER 4, SEX 2"
    assert factorial_anova(alone["LOY"], alone[["TIER", "SEX"]], interactions=False).state == "ok"
    twice = survey.assign(COPY=survey["TIER"])
    assert factorial_anova(twice["LOY"], twice[["TIER", "COPY"]], interactions=False).state == "inadmissible"
    assert factorial_anova(survey["LOY"] * 0, survey[["TIER"]]).reason == "no variation in the outcome"
    few = survey.dropna().groupby("TIER").head(1)
    assert factorial_anova(few["LOY"], few[["TIER"]]).state == "too_few"
