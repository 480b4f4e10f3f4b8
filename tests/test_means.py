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
