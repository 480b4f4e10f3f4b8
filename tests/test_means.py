import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.means import mean_against, mean_difference, within_contrast

CLOSED = {"rel": 1e-9, "abs": 1e-12}
# R's noncentral t stops at an error of 1e-9, which the root near a tail multiplies; effectsize searches coarsely.
NONCENTRAL = {"rel": 2e-6, "abs": 1e-9}
SEARCHED = {"rel": 5e-3, "abs": 5e-4}


def ends(interval):
    return interval.low, interval.high


@pytest.mark.parametrize(("variable", "point"), [("SAT1", 3), ("LOY", 50)])
def test_distance_from_a_point_equals_r(variable, point, survey, computed_by_r):
    r, result = computed_by_r("associations", f"one {variable}"), mean_against(survey[variable], point)
    assert (result.n, result.n_missing) == (r["n"], 64 - r["n"])
    found = (result.mean, result.sd, result.statistic, result.df, result.p_value, result.estimate)
    assert found == pytest.approx(tuple(r[k] for k in ("mean", "sd", "t", "df", "p", "d")), **CLOSED)
    assert ends(result.mean_interval) == pytest.approx((r["low"], r["high"]), **CLOSED)
    assert ends(result.interval) == pytest.approx((r["d_low"], r["d_high"]), **NONCENTRAL)
    assert ends(result.interval) == pytest.approx((r["effectsize_low"], r["effectsize_high"]), **SEARCHED)


def halves(survey, case):
    if case == "two SAT1 by SEX":
        return survey.loc[survey["SEX"] == 1, "SAT1"], survey.loc[survey["SEX"] == 2, "SAT1"]
    return survey.loc[survey["TIER"] == 4, "LOY"], survey.loc[survey["TIER"] == 1, "LOY"]


@pytest.mark.parametrize("case", ["two SAT1 by SEX", "two LOY tiers"])
def test_difference_of_unequal_groups_equals_r(case, survey, computed_by_r):
    r = computed_by_r("associations", case)
    first, second = halves(survey, case)
    result = mean_difference(first, second)
    assert (result.n_first, result.n_second) == (r["n1"], r["n2"])
    assert result.n_missing_first == len(first) - r["n1"]
    assert result.n_missing_second == len(second) - r["n2"]
    found = (
        result.statistic,
        result.df,
        result.p_value,
        result.difference,
        result.std_error,
        result.estimate,
    )
    assert found == pytest.approx(tuple(r[k] for k in ("t", "df", "p", "difference", "se", "g")), **CLOSED)
    assert ends(result.difference_interval) == pytest.approx((r["low"], r["high"]), **CLOSED)
    assert ends(result.interval) == pytest.approx((r["g_low"], r["g_high"]), **NONCENTRAL)
    assert ends(result.interval) == pytest.approx((r["effectsize_low"], r["effectsize_high"]), **SEARCHED)


@pytest.mark.parametrize(
    ("case", "plus", "minus"),
    [("within", ["SAT1", "SAT2"], ["SAT3", "SAT4"]), ("within one", ["SAT2"], ["SAT4"])],
)
def test_contrast_within_persons_equals_r(case, plus, minus, survey, computed_by_r):
    r, result = computed_by_r("associations", case), within_contrast(survey[plus], survey[minus])
    assert (result.n, result.n_missing) == (r["n"], 64 - r["n"])
    found = (result.difference, result.sd, result.statistic, result.df, result.p_value, result.estimate)
    assert found == pytest.approx(tuple(r[k] for k in ("difference", "sd", "t", "df", "p", "d_z")), **CLOSED)
    assert ends(result.difference_interval) == pytest.approx((r["low"], r["high"]), **CLOSED)
    assert ends(result.interval) == pytest.approx((r["d_low"], r["d_high"]), **NONCENTRAL)
    ranks = (result.wilcoxon, result.wilcoxon_p_value, result.rank_biserial)
    assert ranks == pytest.approx((r["v"], r["wilcoxon_p"], r["rank_biserial"]), **CLOSED)


def test_what_cannot_be_compared_says_why():
    # three times 0.1 has a standard deviation that is not zero in floating point
    same, one = pd.Series([0.1, 0.1, 0.1], name="q"), pd.Series([np.nan, 4.0], name="q")
    assert (mean_against(same, 3).state, mean_against(same, 3).estimate) == ("constant", None)
    few = mean_against(one, 3)
    assert (few.state, few.n, few.n_missing, few.reason) == (
        "too_few",
        1,
        1,
        "1 answers; at least 2 are needed",
    )
    assert mean_difference(same, one).state == "too_few"
    assert mean_difference(same, same).state == "constant"
    assert within_contrast(same.to_frame(), same.to_frame()).state == "constant"
    for result in (few, mean_difference(same, one), within_contrast(same.to_frame(), same.to_frame())):
        assert result.to_frame()["state"].isin(["too_few", "constant"]).any()


answers = st.lists(st.integers(1, 5), min_size=4, max_size=30).filter(lambda x: len(set(x)) > 1)


@given(answers, answers, st.floats(0.5, 20), st.floats(-50, 50))
def test_effects_do_not_depend_on_the_unit(a, b, slope, shift):
    first, second = pd.Series(a, dtype=float), pd.Series(b, dtype=float)
    plain, moved = (
        mean_difference(first, second),
        mean_difference(slope * first + shift, slope * second + shift),
    )
    assert moved.estimate == pytest.approx(plain.estimate, rel=1e-6, abs=1e-9)
    assert ends(moved.interval) == pytest.approx(ends(plain.interval), rel=1e-6, abs=1e-6)
    assert moved.difference == pytest.approx(slope * plain.difference, rel=1e-6, abs=1e-9)
    swapped = mean_difference(second, first)
    assert swapped.estimate == pytest.approx(-plain.estimate, abs=1e-12)
    assert swapped.interval.low == pytest.approx(-plain.interval.high, rel=1e-7, abs=1e-9)


@given(answers)
def test_interval_excludes_zero_just_when_the_t_test_rejects(values):
    result = mean_against(pd.Series(values, dtype=float), 3)
    if abs(result.p_value - 0.05) > 1e-6:
        assert result.interval.excludes(0) == (result.p_value < 0.05)


def jackknife(first, second):
    """Spread of g over samples that lack one respondent: no formula of influence values in it."""
    spread = 0.0
    for change in (first, second):
        left_out = []
        for at in range(len(change)):
            rest = change.drop(change.index[at])
            pair = (rest, second) if change is first else (first, rest)
            left_out.append(mean_difference(*pair).estimate)
        m = len(left_out)
        spread += (m - 1) / m * ((np.array(left_out) - np.mean(left_out)) ** 2).sum()
    return np.sqrt(spread)


def test_robust_error_of_g_is_that_of_leaving_respondents_out():
    rng = np.random.default_rng(4)
    first = pd.Series(rng.integers(1, 6, 300).astype(float), name="a")
    second = pd.Series(rng.normal(4, 0.4, 120), name="b")  # unequal spread, unequal groups
    result = mean_difference(first, second)
    # two first-order approximations of one error
    assert result.robust.std_error == pytest.approx(jackknife(first, second), rel=0.01)
    assert ends(result.robust.interval)[0] < result.estimate < ends(result.robust.interval)[1]


def test_branches_whose_staff_answer_alike_widen_the_interval_of_g():
    rng = np.random.default_rng(5)
    branch = pd.Series(np.repeat(np.arange(20), 10))
    staff = pd.Series(np.repeat(rng.normal(size=20), 10) + 0.3 * rng.normal(size=200), name="staff")
    customers = pd.Series(rng.normal(0.5, 1, 400), name="customers")
    alone = mean_difference(customers, staff)
    together = mean_difference(customers, staff, clusters_second=branch)
    assert together.estimate == alone.estimate
    assert together.robust.std_error > 2 * alone.robust.std_error
    assert together.robust.df < 30 < alone.robust.df
    each_its_own = mean_difference(customers, staff, clusters_second=pd.Series(np.arange(200)))
    assert each_its_own.robust.std_error == pytest.approx(alone.robust.std_error, rel=1e-12)
